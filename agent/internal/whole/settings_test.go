//go:build unix

package whole

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/sim/vacant"
)

// TestSettings: what somebody chooses in the cabinet holds at the agent, after one restart of its own and after every later one; it is
// written once though it comes twice; what the agent finds bad changes nothing there and is told as refused.
func TestSettings(t *testing.T) {
	h := newHouse(t)
	a := newAgent(t, filepath.Join(t.TempDir(), "data"), simulate(t, 4712))
	a.ready(t)
	a.enrol(t, h.cabinet)
	tree := cabinetv1connect.NewTreeServiceClient(h.client, h.url)
	until(t, "the cabinet knows the till", func() bool { return h.tillOf(t, 4712) != nil })
	till := h.tillOf(t, 4712).GetId()
	state := func() *cabinetv1.Settings {
		got, err := tree.GetSettings(t.Context(), &cabinetv1.GetSettingsRequest{TillId: till})
		if err != nil {
			return nil // it is being started
		}
		return got.GetSettings()
	}
	until(t, "the agent tells what it has", func() bool { return state().GetReported().GetOfd() == "off" })
	// Nobody listens there: what is told of the way to the operator is not this story.
	address := vacant.Address(t)
	change := func(id string, s *fiscalv1.TillSettings) {
		t.Helper()
		if _, err := tree.ChangeSettings(t.Context(), &cabinetv1.ChangeSettingsRequest{TillId: till, CommandId: id, Settings: s}); err != nil {
			t.Fatal(err)
		}
	}
	wish := &fiscalv1.TillSettings{Ofd: address, OfdInn: "7709364346"} // whom the simulated till is registered with
	change("s1", wish)
	change("s1", wish)
	change("s2", wish)
	until(t, "the settings hold, with the operator of the till's registration", func() bool {
		s := state()
		return s.GetState() == cabinetv1.SettingsState_SETTINGS_STATE_SAME && s.GetReported().GetVersion() == 1 && s.GetReported().GetOfd() == address
	})
	until(t, "the command has ended", func() bool {
		got, err := h.fleet.GetCommand(t.Context(), &cabinetv1.GetCommandRequest{Id: "s1"})
		return err == nil && got.GetCommand().GetState() == cabinetv1.CommandState_COMMAND_STATE_DONE
	})
	until(t, "the till tells whom it is registered with", func() bool {
		got := h.tillOf(t, 4712).GetState()
		return got.GetOfdInn() == "7709364346" && got.GetOfdName() != ""
	})
	file := filepath.Join(a.data, "settings.toml")
	written, err := os.ReadFile(file)
	if err != nil || strings.Count(string(written), "[[till]]") != 1 {
		t.Fatalf("%s %v", written, err)
	}
	if _, err := os.Stat(file + ".before"); err == nil {
		t.Error("it was written twice")
	}
	a.meet(t)
	a.ready(t)
	a.sell(t, "after the settings")
	a.stop()
	a.start(t)
	until(t, "they hold after another restart", func() bool {
		s := state()
		return s.GetState() == cabinetv1.SettingsState_SETTINGS_STATE_SAME && s.GetReportedMs() > 0
	})

	// Registered with one operator, meant for another: both are shown.
	change("s3", &fiscalv1.TillSettings{Version: 1, Ofd: address, OfdInn: "7704211201"})
	until(t, "the drift of the registration is told", func() bool {
		s := state()
		return s.GetState() == cabinetv1.SettingsState_SETTINGS_STATE_DIFFERS && s.GetReported().GetVersion() == 2 && len(s.GetDrifts()) == 1 &&
			s.GetDrifts()[0].GetWhat() == "operator" && strings.Contains(s.GetDrifts()[0].GetFound(), "7709364346")
	})

	// Settings that the agent cannot keep, for what was before has no place. Values that are wrong the cabinet takes from nobody; what the
	// agent does with them is in the table of package config.
	written, err = os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(file + ".before"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(file+".before", 0o700); err != nil {
		t.Fatal(err)
	}
	change("s4", &fiscalv1.TillSettings{Version: 2, Ofd: "off", OfdInn: "7709364346"})
	until(t, "what cannot be kept is refused", func() bool {
		s := state()
		return s.GetState() == cabinetv1.SettingsState_SETTINGS_STATE_REFUSED && s.GetRefused() != "" && s.GetReported().GetVersion() == 2
	})
	if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, written) {
		t.Errorf("refused, and changed: %s %v", now, err)
	}
}
