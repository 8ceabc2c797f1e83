//go:build unix

package whole

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	simv1 "github.com/chekan-io/chekan/proto/gen/sim/v1"
	"github.com/chekan-io/chekan/proto/gen/sim/v1/simv1connect"
	"github.com/chekan-io/chekan/sim/vacant"
)

// house is a cabinet that can be stopped and started again at the same place.
type house struct {
	*cabinet
	args   []string
	stop   func()
	client *http.Client // of the administrator
}

func newHouse(t *testing.T) *house {
	t.Helper()
	dir := t.TempDir()
	password := filepath.Join(dir, "password")
	data := filepath.Join(dir, "data")
	h := &house{cabinet: &cabinet{data: data}, args: []string{
		"run", "--data", data, "--listen", vacant.Address(t), "--agents", vacant.Address(t), "--broker", vacant.Address(t), "--admin-password-file", password,
	}}
	h.start(t)
	word, err := os.ReadFile(password)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	access := cabinetv1connect.NewAccessServiceClient(client, h.url)
	if _, err := access.SignIn(t.Context(), &cabinetv1.SignInRequest{Login: "admin", Password: strings.TrimSpace(string(word))}); err != nil {
		t.Fatal(err)
	}
	h.fleet = cabinetv1connect.NewFleetServiceClient(client, h.url)
	h.client = client
	return h
}

func (h *house) start(t *testing.T) {
	t.Helper()
	h.stop = program(t, nil, "cloud", h.args...)
	var addresses struct{ Cabinet string }
	until(t, "the cabinet listens", func() bool {
		text, err := os.ReadFile(filepath.Join(h.data, "addresses.json"))
		if err != nil || json.Unmarshal(text, &addresses) != nil {
			return false
		}
		res, err := http.Get(addresses.Cabinet + "/healthz")
		if err != nil {
			return false
		}
		return res.Body.Close() == nil && res.StatusCode == http.StatusOK
	})
	h.url = addresses.Cabinet
}

// copies counts the copies a till has printed, by what the simulated device remembers of its own printing.
func copies(t *testing.T, sim simv1connect.SimServiceClient) int {
	t.Helper()
	list, err := sim.ListSlips(t.Context(), &simv1.ListSlipsRequest{Till: "k"})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, slip := range list.GetSlips() {
		if slices.ContainsFunc(slip.GetLines(), func(line string) bool { return strings.Contains(strings.ToUpper(line), "КОПИЯ") }) {
			n++
		}
	}
	return n
}

// TestCommand_once: whatever happens between a click and a till, the till does it once. What it did is counted in the simulated device's own
// memory, never by what our programs say.
func TestCommand_once(t *testing.T) {
	h := newHouse(t)
	address, control := vacant.Address(t), vacant.Address(t)
	program(t, nil, "sim", "run", "--till", fmt.Sprintf("name=k,tcp=%s,serial=4711,fn=9999078902004711", address), "--control", control, "--dir", t.TempDir())
	sim := simv1connect.NewSimServiceClient(http.DefaultClient, "http://"+control)
	a := newAgent(t, filepath.Join(t.TempDir(), "data"), address)
	a.ready(t)
	a.enrol(t, h.cabinet)
	a.sell(t, "one")
	until(t, "the cabinet knows the till", func() bool { return h.tillOf(t, 4711) != nil })
	till := h.tillOf(t, 4711).GetId()

	ask := func(id string) error {
		_, err := h.fleet.StartCommand(t.Context(), &cabinetv1.StartCommandRequest{Id: id, TillId: till, Action: fiscalv1.Action_ACTION_PRINT_COPY})
		return err
	}
	command := func(id string) *cabinetv1.Command {
		got, err := h.fleet.GetCommand(t.Context(), &cabinetv1.GetCommandRequest{Id: id})
		if err != nil {
			return nil
		}
		return got.GetCommand()
	}
	through := func(id string) func() bool {
		return func() bool { return command(id).GetRun().GetEnded() }
	}
	want := 0
	once := func(what, id string, printed int) {
		t.Helper()
		until(t, what+": the end is known", through(id))
		want += printed
		if got := copies(t, sim); got != want {
			t.Errorf("%s: %d copies were printed, want %d: %v", what, got, want, command(id).GetRun())
		}
		h.asserted(t, id, what)
	}

	var clicks sync.WaitGroup
	for range 5 {
		clicks.Go(func() {
			if err := ask("clicked"); err != nil {
				t.Errorf("a click: %v", err)
			}
		})
	}
	clicks.Wait()
	once("five clicks", "clicked", 1)

	a.stop()
	if err := ask("waiting"); err != nil {
		t.Fatal(err)
	}
	h.stop() // and the cabinet stops while the command waits
	h.start(t)
	a.start(t)
	once("an agent that was away, a cabinet that began anew", "waiting", 1)

	if err := ask("cut"); err != nil {
		t.Fatal(err)
	}
	h.stop() // in the middle, wherever that is
	h.start(t)
	once("a cabinet that stopped in the middle", "cut", 1)

	before := copies(t, sim)
	if err := ask("torn"); err != nil {
		t.Fatal(err)
	}
	until(t, "the agent has begun", func() bool { return command("torn").GetState() >= cabinetv1.CommandState_COMMAND_STATE_DELIVERED })
	a.stop()
	a.start(t)
	until(t, "the end of what a restart tore", through("torn"))
	if printed := copies(t, sim) - before; printed > 1 || command("torn").GetRun().GetOk() && printed != 1 {
		t.Errorf("an agent that stopped in the middle printed %d: %v", printed, command("torn"))
	}
	want = copies(t, sim)
	if err := ask("torn"); err != nil {
		t.Errorf("asked once more: %v", err)
	}
	if err := ask("after"); err != nil {
		t.Fatal(err)
	}
	once("and all that comes after", "after", 1)
}

// asserted checks the record of a command that ended well: its steps are all there, and it is one line of the till's journal.
func (h *house) asserted(t *testing.T, id, what string) {
	t.Helper()
	got, err := h.fleet.GetCommand(t.Context(), &cabinetv1.GetCommandRequest{Id: id})
	if err != nil {
		t.Fatal(err)
	}
	list, err := h.fleet.ListCommands(t.Context(), &cabinetv1.ListCommandsRequest{TillId: got.GetCommand().GetTillId()})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, c := range list.GetCommands() {
		if c.GetId() == id {
			n++
		}
	}
	if n != 1 || !got.GetCommand().GetRun().GetOk() || len(got.GetCommand().GetRun().GetSteps()) == 0 {
		t.Errorf("%s: %d lines, %v", what, n, got.GetCommand())
	}
}
