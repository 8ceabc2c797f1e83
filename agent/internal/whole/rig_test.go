//go:build unix

package whole

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"log"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
	"github.com/chekan-io/chekan/proto/gen/pos/v1/posv1connect"
	"github.com/chekan-io/chekan/sim/vacant"
)

// patience is how long a test waits for what must happen: only a failure takes so long.
const patience = 2 * time.Minute

// bin is where the programs are.
var bin string

func TestMain(m *testing.M) {
	if run, ok := asNobody[os.Getenv(nobodyEnv)]; ok {
		os.Exit(run())
	}
	dir, err := os.MkdirTemp("", "chekan-whole-")
	if err != nil {
		log.Fatal(err)
	}
	bin = dir
	for _, name := range []string{"agent", "cloud", "sim"} {
		out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "chekan-"+name), "github.com/chekan-io/chekan/"+name).CombinedOutput()
		if err != nil {
			log.Fatalf("build %s: %v\n%s", name, err, out)
		}
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		log.Print(err)
	}
	os.Exit(code)
}

// until asks again and again until it is so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !so() {
		select {
		case <-again.C:
		case <-deadline.C:
			t.Fatalf("in %v not so: %s", patience, what)
		}
	}
}

// program runs one of ours until stop; what it said is shown when the test fails.
func program(t *testing.T, env []string, name string, args ...string) (stop func()) {
	t.Helper()
	said, err := os.CreateTemp(t.TempDir(), name)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), filepath.Join(bin, "chekan-"+name), args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		_ = cmd.Process.Signal(os.Interrupt)
		gone := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		defer gone.Stop()
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_ = said.Close()
		if t.Failed() {
			if text, err := os.ReadFile(said.Name()); err == nil {
				t.Logf("%s %s said:\n%s", name, strings.Join(args, " "), text)
			}
		}
	}
	t.Cleanup(stop)
	return stop
}

// simulate starts a till of a factory number and gives its address.
func simulate(t *testing.T, serial int) string {
	t.Helper()
	address := vacant.Address(t)
	program(t, nil, "sim", "run", "--till", fmt.Sprintf("name=k,tcp=%s,serial=%d,fn=999907890200%04d", address, serial, serial), "--control", "127.0.0.1:0", "--dir", t.TempDir())
	return address
}

// cabinet is a running cabinet and an administrator in it.
type cabinet struct {
	url, data string
	updates   cabinetv1connect.UpdatesServiceClient
	fleet     cabinetv1connect.FleetServiceClient
	documents cabinetv1connect.DocumentsServiceClient
}

func newCabinet(t *testing.T) *cabinet {
	t.Helper()
	dir := t.TempDir()
	data, password := filepath.Join(dir, "data"), filepath.Join(dir, "password")
	program(t, nil, "cloud", "run", "--data", data, "--listen", "127.0.0.1:0", "--agents", "127.0.0.1:0", "--broker", "127.0.0.1:0", "--admin-password-file", password)
	var addresses struct{ Cabinet string }
	until(t, "the cabinet listens", func() bool {
		text, err := os.ReadFile(filepath.Join(data, "addresses.json"))
		return err == nil && json.Unmarshal(text, &addresses) == nil
	})
	word, err := os.ReadFile(password)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	access := cabinetv1connect.NewAccessServiceClient(client, addresses.Cabinet)
	if _, err := access.SignIn(t.Context(), &cabinetv1.SignInRequest{Login: "admin", Password: strings.TrimSpace(string(word))}); err != nil {
		t.Fatal(err)
	}
	return &cabinet{
		url: addresses.Cabinet, data: data, updates: cabinetv1connect.NewUpdatesServiceClient(client, addresses.Cabinet), fleet: cabinetv1connect.NewFleetServiceClient(client, addresses.Cabinet),
		documents: cabinetv1connect.NewDocumentsServiceClient(client, addresses.Cabinet),
	}
}

func (c *cabinet) code(t *testing.T) string {
	t.Helper()
	code, err := c.fleet.CreateEnrolmentCode(t.Context(), &cabinetv1.CreateEnrolmentCodeRequest{Outlet: "Магазин"})
	if err != nil {
		t.Fatal(err)
	}
	return code.GetCode()
}

func (c *cabinet) agents(t *testing.T) []*cabinetv1.Agent {
	t.Helper()
	list, err := c.fleet.ListAgents(t.Context(), &cabinetv1.ListAgentsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return list.GetAgents()
}

// tillOf gives the till of a factory number; nil when there is none.
func (c *cabinet) tillOf(t *testing.T, serial int) *cabinetv1.Till {
	t.Helper()
	list, err := c.fleet.ListTills(t.Context(), &cabinetv1.ListTillsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, till := range list.GetTills() {
		if strings.TrimLeft(till.GetState().GetSerial(), "0") == fmt.Sprint(serial) {
			return till
		}
	}
	return nil
}

// has gives the till that the cabinet has an operation of; empty when it has none.
func (c *cabinet) has(t *testing.T, key string) (tills []string) {
	t.Helper()
	list, err := c.fleet.ListTills(t.Context(), &cabinetv1.ListTillsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, till := range list.GetTills() {
		ops, err := c.documents.ListOperations(t.Context(), &cabinetv1.ListOperationsRequest{TillId: till.GetId()})
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range ops.GetOperations() {
			if op.GetOperation().GetKey() == key {
				tills = append(tills, till.GetId())
			}
		}
	}
	return tills
}

// agent is a running agent and a cashier at its door.
type agent struct {
	data, config string
	env          []string
	program      string // "agent", or a build of it
	stop         func()
	door         string
	pos          posv1connect.PosServiceClient
	technician   posv1connect.TechnicianServiceClient
}

// newAgent starts an agent in a data folder with one till at an address.
func newAgent(t *testing.T, data, till string) *agent {
	t.Helper()
	a := &agent{data: data, config: filepath.Join(t.TempDir(), "agent.toml"), program: "agent"}
	text := fmt.Sprintf("data = %q\nlisten = \"127.0.0.1:0\"\n\n[[till]]\nname = \"k\"\nwire = \"tcp://%s\"\n", data, till)
	if err := os.WriteFile(a.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	a.env = []string{"CHEKAN_AGENT_CONFIG=" + a.config}
	a.start(t)
	return a
}

func (a *agent) start(t *testing.T) {
	t.Helper()
	if err := os.Remove(filepath.Join(a.data, "door")); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	a.stop = program(t, a.env, a.program, "run")
	a.meet(t)
}

// meet goes to the door of whichever version runs now.
func (a *agent) meet(t *testing.T) {
	t.Helper()
	until(t, "the door is open", func() bool {
		text, err := os.ReadFile(filepath.Join(a.data, "door"))
		a.door = strings.TrimSpace(string(text))
		return err == nil && a.door != ""
	})
	token, err := os.ReadFile(filepath.Join(a.data, "token"))
	if err != nil {
		t.Fatal(err)
	}
	with := connect.WithInterceptors(connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
			req.Header().Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
			return next(ctx, req)
		}
	}))
	client := new(http.Client)
	t.Cleanup(client.CloseIdleConnections)
	a.pos = posv1connect.NewPosServiceClient(client, "http://"+a.door, with)
	a.technician = posv1connect.NewTechnicianServiceClient(client, "http://"+a.door, with)
}

func (a *agent) status(t *testing.T) *posv1.AgentStatusResponse {
	t.Helper()
	status, err := a.technician.AgentStatus(t.Context(), &posv1.AgentStatusRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return status
}

func (a *agent) problem(t *testing.T, code string) bool {
	t.Helper()
	for _, p := range a.status(t).GetProblems() {
		if p.GetCode() == code {
			return true
		}
	}
	return false
}

// do carries out an operation and insists that it is done.
func (a *agent) do(t *testing.T, op *fiscalv1.Operation) {
	t.Helper()
	op.Till = "k"
	done, err := a.pos.Submit(t.Context(), &posv1.SubmitRequest{Key: op.GetKey(), Till: op.GetTill(), Kind: op.GetKind(), Receipt: op.GetReceipt(), Cashier: &fiscalv1.Cashier{Name: "Иванова А. П."}})
	if err != nil {
		t.Fatalf("%s: %v", op.GetKey(), err)
	}
	if done.GetOperation().GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
		t.Fatalf("%s: %v", op.GetKey(), done.GetOperation())
	}
}

// ready waits for the till and opens its shift.
func (a *agent) ready(t *testing.T) {
	t.Helper()
	until(t, "the till answers", func() bool {
		list, err := a.pos.ListTills(t.Context(), &posv1.ListTillsRequest{})
		return err == nil && len(list.GetTills()) == 1 && list.GetTills()[0].GetOnline()
	})
	a.do(t, &fiscalv1.Operation{Key: "shift of " + filepath.Base(a.data), Kind: fiscalv1.Kind_KIND_OPEN_SHIFT})
}

// sell sells something of a price that no other key has: a sale like the one before, of which nobody read the answer, would be held back.
func (a *agent) sell(t *testing.T, key string) {
	t.Helper()
	price := int64(crc32.ChecksumIEEE([]byte(key))%90_000) + 10_000
	a.do(t, &fiscalv1.Operation{Key: key, Kind: fiscalv1.Kind_KIND_SALE, Receipt: &fiscalv1.Receipt{
		Items:    []*fiscalv1.Item{{Name: "Кофе", Quantity: "1", Price: price, Vat: "none"}},
		Payments: &fiscalv1.Payments{Cash: price},
	}})
}

func (a *agent) enrol(t *testing.T, c *cabinet) string {
	t.Helper()
	id, err := a.technician.Enroll(t.Context(), &posv1.EnrollRequest{Code: c.code(t), Cloud: c.url})
	if err != nil {
		t.Fatal(err)
	}
	return id.GetAgentId()
}

// copyFolder copies a folder as an image of the disk would.
func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatalf("copy: %v\n%s", err, out)
	}
}
