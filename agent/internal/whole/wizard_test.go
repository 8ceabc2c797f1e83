//go:build unix

package whole

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"connectrpc.com/connect"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
	"github.com/chekan-io/chekan/sim/vacant"
)

// TestWizard: an agent without tills is enrolled, looks around by itself, and what it finds is seen in the cabinet; one device is taken
// over there, by two clicks at once and while neither of the two programs stays up, becomes one till with the name and the outlet that
// were wished, and prints a test slip. The other is found once more and taken over beside the one that works.
func TestWizard(t *testing.T) {
	h := newHouse(t)
	first, second := simulate(t, 5001), simulate(t, 5002)
	a := &agent{data: filepath.Join(t.TempDir(), "data"), config: filepath.Join(t.TempDir(), "agent.toml"), program: "agent"}
	text := fmt.Sprintf("data = %q\nlisten = \"127.0.0.1:0\"\n\n[discovery]\nnetworks = [%q, %q]\nexclude = [\"/dev/tty*\"]\n", a.data, first, second)
	if err := os.WriteFile(a.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	a.env = []string{"CHEKAN_AGENT_CONFIG=" + a.config}
	a.start(t)
	tree := cabinetv1connect.NewTreeServiceClient(h.client, h.url)
	made, err := tree.CreateConnection(t.Context(), &cabinetv1.CreateConnectionRequest{Outlet: "Магазин"})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := tree.GetTree(t.Context(), &cabinetv1.GetTreeRequest{})
	if err != nil {
		t.Fatal(err)
	}
	hall, err := tree.CreateNode(t.Context(), &cabinetv1.CreateNodeRequest{
		Kind: cabinetv1.PlaceKind_PLACE_KIND_OUTLET, ParentId: whole.GetNodes()[0].GetId(), Name: "Зал",
	})
	if err != nil {
		t.Fatal(err)
	}
	id, err := a.technician.Enroll(t.Context(), &posv1.EnrollRequest{Code: made.GetCode(), Cloud: h.url})
	if err != nil {
		t.Fatal(err)
	}
	look := func() *cabinetv1.Connection {
		got, err := tree.GetConnection(t.Context(), &cabinetv1.GetConnectionRequest{Id: made.GetId()})
		if err != nil {
			return nil // it is being started
		}
		return got.GetConnection()
	}
	find := func(serial int) *cabinetv1.Find {
		for _, f := range look().GetFinds().GetDevices() {
			if strings.TrimLeft(f.GetDevice().GetSerial(), "0") == fmt.Sprint(serial) {
				return f
			}
		}
		return nil
	}
	until(t, "both devices are in the cabinet", func() bool {
		search := look().GetFinds().GetSearch()
		return search.GetEndedMs() > 0 && find(5001) != nil && find(5002) != nil
	})
	if c := look(); !c.GetFinds().GetAble() || !c.GetFinds().GetMayAdopt() || c.GetTillId() != "" || c.GetSteps()[2].GetReason() != "strangers" {
		t.Fatalf("%v", c)
	}
	if d := find(5001).GetDevice(); d.GetWire() != "tcp://"+first || d.GetKind() != "till" || d.GetModel() == "" || d.GetFn() == "" || d.GetRnm() == "" {
		t.Errorf("%v", d)
	}

	adopt := func(command, wire, title, outlet string) (*cabinetv1.Finds, error) {
		got, err := tree.AdoptDevice(t.Context(), &cabinetv1.AdoptDeviceRequest{AgentId: id.GetAgentId(), CommandId: command, Wire: wire, Title: title, OutletId: outlet})
		return got.GetFinds(), err
	}
	// Nothing but what the agent told of is taken over.
	if _, err := adopt("c0", "tcp://"+vacant.Address(t), "Касса", ""); connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("a place nobody told of: %v", err)
	}
	a.stop()
	for _, command := range []string{"c1", "c1", "c2"} { // a double click, and another window
		if _, err := adopt(command, "tcp://"+first, "Касса у входа", hall.GetNode().GetId()); err != nil {
			t.Fatal(err)
		}
	}
	if f := find(5001); f.GetAdoption().GetCommandId() != "c1" || f.GetAdoption().GetState() != cabinetv1.CommandState_COMMAND_STATE_QUEUED || f.GetAdoption().GetTitle() != "Касса у входа" {
		t.Errorf("%v", f)
	}
	h.stop()
	h.start(t)
	a.start(t)
	until(t, "the till is there, as it was wished", func() bool {
		till := h.tillOf(t, 5001)
		return till.GetName() == "Касса у входа" && till.GetOutlet() == "Зал" && till.GetState().GetOnline() && till.GetState().GetTill() == "kassa-1"
	})
	until(t, "the wish is over", func() bool { return look().GetTillId() == h.tillOf(t, 5001).GetId() && find(5001).GetTillId() != "" })
	written, err := os.ReadFile(filepath.Join(a.data, "tills.toml"))
	if err != nil || strings.Count(string(written), "[[till]]") != 1 || !strings.Contains(string(written), first) {
		t.Errorf("%s %v", written, err)
	}
	till := h.tillOf(t, 5001).GetId()
	until(t, "its settings are those it began with", func() bool {
		got, err := tree.GetSettings(t.Context(), &cabinetv1.GetSettingsRequest{TillId: till})
		s := got.GetSettings()
		return err == nil && s.GetState() == cabinetv1.SettingsState_SETTINGS_STATE_SAME && s.GetReported().GetVersion() == 1 && s.GetReported().GetTitle() == "Касса у входа"
	})
	if _, err := h.fleet.StartCommand(t.Context(), &cabinetv1.StartCommandRequest{Id: "slip", TillId: till, Action: fiscalv1.Action_ACTION_PRINT_TEST}); err != nil {
		t.Fatal(err)
	}
	until(t, "the test slip is printed", func() bool {
		got, err := h.fleet.GetCommand(t.Context(), &cabinetv1.GetCommandRequest{Id: "slip"})
		return err == nil && got.GetCommand().GetState() == cabinetv1.CommandState_COMMAND_STATE_DONE
	})
	a.meet(t)

	// The second: looked for again beside the working till, whose place is left alone, and named by nobody.
	if _, err := tree.FindDevices(t.Context(), &cabinetv1.FindDevicesRequest{AgentId: id.GetAgentId(), CommandId: "f1"}); err != nil {
		t.Fatal(err)
	}
	until(t, "the search is over", func() bool {
		f := look().GetFinds()
		return !f.GetAsked() && !f.GetSearch().GetRunning() && strings.Contains(strings.Join(f.GetSearch().GetLeftAlone(), " "), "занят кассой kassa-1")
	})
	if f := find(5001); f.GetDevice().GetTill() != "kassa-1" || f.GetTillId() != till {
		t.Errorf("%v", f)
	}
	if _, err := adopt("c3", "tcp://"+first, "Ещё раз", ""); connect.CodeOf(err) != connect.CodeAlreadyExists {
		t.Errorf("what is a till already: %v", err)
	}
	if _, err := adopt("c4", "tcp://"+second, "", ""); err != nil {
		t.Fatal(err)
	}
	until(t, "the second till is there", func() bool {
		till := h.tillOf(t, 5002)
		return till.GetName() == "kassa-2" && till.GetOutlet() == "Магазин" && till.GetState().GetOnline() && h.tillOf(t, 5001).GetState().GetOnline()
	})
}
