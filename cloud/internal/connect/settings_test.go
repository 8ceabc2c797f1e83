package connect

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

func TestStands(t *testing.T) {
	at := time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)
	cmd := func(version uint64, state cabinetv1.CommandState) carried {
		return carried{id: "c", version: version, state: state, ended: at}
	}
	const (
		none    = cabinetv1.SettingsState_SETTINGS_STATE_UNSPECIFIED
		same    = cabinetv1.SettingsState_SETTINGS_STATE_SAME
		waits   = cabinetv1.SettingsState_SETTINGS_STATE_WAITS
		refused = cabinetv1.SettingsState_SETTINGS_STATE_REFUSED
		differs = cabinetv1.SettingsState_SETTINGS_STATE_DIFFERS
		tooOld  = cabinetv1.SettingsState_SETTINGS_STATE_TOO_OLD
	)
	for name, c := range map[string]struct {
		version         uint64
		last            carried
		has             uint64
		told            time.Time
		tooOld, differs bool
		want            cabinetv1.SettingsState
	}{
		"nobody chose":                      {0, carried{}, 0, at, false, false, none},
		"never sent":                        {1, carried{}, 0, at, false, false, differs},
		"never sent, too old":               {1, carried{}, 0, at, true, false, tooOld},
		"queued":                            {1, cmd(1, cabinetv1.CommandState_COMMAND_STATE_QUEUED), 0, at, false, true, waits},
		"running":                           {2, cmd(2, cabinetv1.CommandState_COMMAND_STATE_RUNNING), 1, at, false, true, waits},
		"done, not told yet":                {1, cmd(1, cabinetv1.CommandState_COMMAND_STATE_DONE), 0, at.Add(-time.Second), false, true, waits},
		"done, and the agent has another":   {1, cmd(1, cabinetv1.CommandState_COMMAND_STATE_DONE), 0, at.Add(time.Second), false, false, differs},
		"done":                              {1, cmd(1, cabinetv1.CommandState_COMMAND_STATE_DONE), 1, at, false, false, same},
		"done, changed there since":         {1, cmd(1, cabinetv1.CommandState_COMMAND_STATE_DONE), 1, at, false, true, differs},
		"refused":                           {2, cmd(2, cabinetv1.CommandState_COMMAND_STATE_FAILED), 1, at, false, true, refused},
		"the end was not heard, it holds":   {2, cmd(2, cabinetv1.CommandState_COMMAND_STATE_FAILED), 2, at, false, false, same},
		"the one before was refused":        {3, cmd(2, cabinetv1.CommandState_COMMAND_STATE_FAILED), 1, at, false, true, differs},
		"nobody took the command":           {2, cmd(2, cabinetv1.CommandState_COMMAND_STATE_EXPIRED), 1, at, false, true, differs},
		"an old command of another version": {2, cmd(1, cabinetv1.CommandState_COMMAND_STATE_QUEUED), 1, at, false, true, differs},
	} {
		if got := stands(c.version, c.last, c.has, c.told, c.tooOld, c.differs); got != c.want {
			t.Errorf("%s: %s, not %s", name, got, c.want)
		}
	}
}

// Settings are chosen, sent, told back, and compared with what the till is registered with, as an agent reports it.
func TestSettings(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		now := time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)
		clock := func() time.Time { return now }
		f := fleet.New(s, slog.New(slog.DiscardHandler), clock, func(string) {})
		c := Open(s, f, clock)
		agent, other := &access.Agent{ID: "a1", OrganisationID: "o1", OutletID: "hall"}, &access.Agent{ID: "a2", OrganisationID: "o1", OutletID: "hall"}
		if err := s.Tx(ctx, func(q *db.Queries) error {
			if err := q.CreateOrganisation(ctx, db.CreateOrganisationParams{ID: "o1", Name: "o1"}); err != nil {
				return err
			}
			if _, err := q.PutOutlet(ctx, db.PutOutletParams{ID: "hall", OrganisationID: "o1", Name: "Зал"}); err != nil {
				return err
			}
			return errors.Join(
				q.CreateAgent(ctx, db.CreateAgentParams{ID: "a1", OrganisationID: "o1", OutletID: "hall", CreatedAt: store.Micros(now)}),
				q.CreateAgent(ctx, db.CreateAgentParams{ID: "a2", OrganisationID: "o1", OutletID: "hall", CreatedAt: store.Micros(now)}),
			)
		}); err != nil {
			t.Fatal(err)
		}
		tell := func(from *access.Agent, inn string, r *fiscalv1.SettingsReport) {
			t.Helper()
			now = now.Add(time.Second)
			state := &fiscalv1.TillState{Till: "kassa", Serial: from.ID, Driver: "shtrih", Online: true, ReadMs: now.UnixMilli(), OfdInn: inn, OfdName: "Такском"}
			report := &uplinkv1.ReportStateRequest{Tills: []*fiscalv1.TillState{state}}
			if r != nil {
				report.Settings = []*fiscalv1.SettingsReport{r}
			}
			if err := f.Report(ctx, from, report); err != nil {
				t.Fatal(err)
			}
		}
		tell(agent, "", nil)
		till, err := f.TillID(ctx, agent, "kassa")
		if err != nil {
			t.Fatal(err)
		}
		look := func(want cabinetv1.SettingsState, drifted string) *cabinetv1.Settings {
			t.Helper()
			got, err := c.Settings(ctx, "o1", till)
			if err != nil {
				t.Fatal(err)
			}
			var list []string
			for _, d := range got.GetDrifts() {
				list = append(list, d.GetWhat()+": "+d.GetFound()+" ≠ "+d.GetWanted())
			}
			if got.GetState() != want || strings.Join(list, ", ") != drifted {
				t.Fatalf("%s %q, not %s %q", got.GetState(), list, want, drifted)
			}
			return got
		}
		look(cabinetv1.SettingsState_SETTINGS_STATE_UNSPECIFIED, "")
		choose := func(s *fiscalv1.TillSettings) {
			t.Helper()
			if err := c.Choose(ctx, "o1", till, "kassa", "anna", "", s); err != nil {
				t.Fatal(err)
			}
		}
		choose(&fiscalv1.TillSettings{Ofd: "auto", OfdInn: "9715260691"})
		look(cabinetv1.SettingsState_SETTINGS_STATE_TOO_OLD, "")
		if _, err := f.Hello(ctx, agent, &uplinkv1.HelloRequest{Capability: able}, "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
		wanted := look(cabinetv1.SettingsState_SETTINGS_STATE_DIFFERS, "").GetWanted()
		anna := &access.Person{ID: "anna", Login: "anna", OrganisationID: "o1"}
		send := func(id string) {
			t.Helper()
			for range 2 { // however often it is asked
				if _, err := f.Configure(ctx, anna, fleet.Order{ID: id, TillID: till}, wanted); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := f.Configure(ctx, anna, fleet.Order{ID: "none", TillID: till}, &fiscalv1.TillSettings{}); !errors.Is(err, fleet.ErrInvalid) {
			t.Errorf("settings without a version: %v", err)
		}
		send("c1")
		look(cabinetv1.SettingsState_SETTINGS_STATE_WAITS, "")
		list, err := f.Fetch(ctx, agent, 0)
		if err != nil || len(list) != 1 || list[0].GetSettings().GetVersion() != 1 || list[0].GetSettings().GetOfd() != "auto" || list[0].GetTill() != "kassa" {
			t.Fatalf("the agent is told %v %v", list, err)
		}
		run := func(id string, ok bool, text string) {
			t.Helper()
			now = now.Add(time.Second)
			if err := f.ReportRun(ctx, agent, &fiscalv1.Run{Id: id, Till: "kassa", Action: fiscalv1.Action_ACTION_CONFIGURE, Ended: true, Ok: ok, Text: text}); err != nil {
				t.Fatal(err)
			}
		}
		run("c1", true, "")
		look(cabinetv1.SettingsState_SETTINGS_STATE_WAITS, "")
		tell(agent, "9715260691", &fiscalv1.SettingsReport{Till: "kassa", Settings: wanted})
		look(cabinetv1.SettingsState_SETTINGS_STATE_SAME, "")

		// The till is registered with another operator, and somebody changed the agent's side.
		tell(agent, "7704211201", &fiscalv1.SettingsReport{Till: "kassa", Settings: &fiscalv1.TillSettings{Version: 1, Ofd: "off\n\x00 \xff"}})
		look(cabinetv1.SettingsState_SETTINGS_STATE_DIFFERS, "ofd: off ≠ auto, operator: Такском 7704211201 ≠ Платформа ОФД 9715260691")
		choose(&fiscalv1.TillSettings{Version: 1, Ofd: "auto", OfdInn: "9715260691"}) // the same values, once more
		if wanted = look(cabinetv1.SettingsState_SETTINGS_STATE_DIFFERS, "ofd: off ≠ auto, operator: Такском 7704211201 ≠ Платформа ОФД 9715260691").GetWanted(); wanted.GetVersion() != 2 {
			t.Errorf("version %d", wanted.GetVersion())
		}
		send("c2")
		run("c2", false, "ofd не подходит")
		if got := look(cabinetv1.SettingsState_SETTINGS_STATE_REFUSED, "ofd: off ≠ auto, operator: Такском 7704211201 ≠ Платформа ОФД 9715260691"); got.GetRefused() != "ofd не подходит" || got.GetCommandId() != "c2" {
			t.Errorf("%v", got)
		}

		// An agent tells of its own tills only, and of a number higher than ours we go above it.
		tell(other, "", &fiscalv1.SettingsReport{Till: "kassa", Settings: &fiscalv1.TillSettings{Version: 99, Ofd: "off"}})
		if got, err := c.Settings(ctx, "o1", till); err != nil || got.GetReported().GetVersion() != 1 {
			t.Errorf("another agent's word: %v %v", got.GetReported(), err)
		}
		tell(agent, "", &fiscalv1.SettingsReport{Till: "kassa", Settings: &fiscalv1.TillSettings{Version: 40, Ofd: "off"}})
		choose(&fiscalv1.TillSettings{Version: 2, Ofd: "off"})
		if got, err := c.Wanted(ctx, "o1", till); err != nil || got.GetVersion() != 41 {
			t.Errorf("version %d %v", got.GetVersion(), err)
		}
	})
}
