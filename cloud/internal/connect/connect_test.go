package connect

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// A connection is followed from its code to the first document, by every id it ever had, and strangers see none of it.
func TestConnections(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		now := time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)
		clock := func() time.Time { return now }
		f := fleet.New(s, slog.New(slog.DiscardHandler), clock, func(string) {})
		c := Open(s, f, clock)
		do := func(change func(q *db.Queries) error) {
			t.Helper()
			if err := s.Tx(ctx, change); err != nil {
				t.Fatal(err)
			}
		}
		hash := []byte("hash")
		do(func(q *db.Queries) error {
			if err := q.CreateOrganisation(ctx, db.CreateOrganisationParams{ID: "o1", Name: "o1"}); err != nil {
				return err
			}
			if _, err := q.PutOutlet(ctx, db.PutOutletParams{ID: "hall", OrganisationID: "o1", Name: "Зал"}); err != nil {
				return err
			}
			if err := q.CreateEnrolmentCode(ctx, db.CreateEnrolmentCodeParams{
				Hash: hash, OrganisationID: "o1", OutletID: "hall", CreatedAt: store.Micros(now), ExpiresAt: store.Micros(now.Add(time.Minute)),
			}); err != nil {
				return err
			}
			return q.NameCode(ctx, db.NameCodeParams{Hash: hash, ID: "code1"})
		})
		mine := func(_ context.Context, organisation, _ string) (bool, error) { return organisation == "o1", nil }
		nobody := func(context.Context, string, string) (bool, error) { return false, nil }
		look := func(id, want, wantReason string) *cabinetv1.Connection {
			t.Helper()
			one, err := c.Get(ctx, mine, id)
			if err != nil {
				t.Fatal(err)
			}
			if marks, reason := said(one.GetSteps()); marks != want || reason != wantReason {
				t.Fatalf("%s: %s %s, not %s %s", id, marks, reason, want, wantReason)
			}
			if _, err := c.Get(ctx, nobody, id); !errors.Is(err, ErrNotFound) {
				t.Errorf("somebody without the right: %v", err)
			}
			return one
		}
		look("code1", "N......", ReasonCodeWaits)
		if list, err := c.List(ctx, mine, "o1"); err != nil || len(list) != 1 || list[0].GetId() != "code1" {
			t.Errorf("%v %v", list, err)
		}
		do(func(q *db.Queries) error {
			if _, err := q.UseEnrolmentCode(ctx, db.UseEnrolmentCodeParams{Hash: hash, Now: store.Micros(now), AgentID: "a1"}); err != nil {
				return err
			}
			if err := q.CreateAgent(ctx, db.CreateAgentParams{ID: "a1", OrganisationID: "o1", OutletID: "hall", Host: "KASSA-PC", CreatedAt: store.Micros(now)}); err != nil {
				return err
			}
			return q.SetAgentHello(ctx, db.SetAgentHelloParams{ID: "a1", Host: "KASSA-PC", Capability: able, HeardAt: store.Micros(now), Plans: []byte{}})
		})
		if one := look("code1", "++N....", ReasonNoDevice); one.GetId() != "a1" || one.GetHost() != "KASSA-PC" || !one.GetAgentOnline() {
			t.Errorf("%v", one)
		}
		tell := func(state *fiscalv1.TillState) {
			raw, err := proto.Marshal(state)
			if err != nil {
				t.Fatal(err)
			}
			do(func(q *db.Queries) error {
				return q.SetTillState(ctx, db.SetTillStateParams{ID: "t1", State: raw, ReportedAt: store.Micros(now)})
			})
		}
		do(func(q *db.Queries) error {
			return q.CreateTill(ctx, db.CreateTillParams{ID: "t1", OrganisationID: "o1", OutletID: "hall", AgentID: "a1", Name: "kassa-1"})
		})
		look("code1", "++N+...", ReasonSilent)
		state := &fiscalv1.TillState{Serial: "0012", Model: "ШТРИХ-М-01Ф", Online: true, ReadMs: now.UnixMilli()}
		tell(state)
		if one := look("a1", "++++N..", ReasonNotChosen); one.GetTillId() != "t1" || one.GetDevice() != "ШТРИХ-М-01Ф № 0012" || len(one.GetTills()) != 1 {
			t.Errorf("%v", one)
		}

		// The operator: chosen once, a bad one never, an old page not over a newer choice.
		const address = "ofdp.platformaofd.ru:21101"
		choose := func(s *fiscalv1.TillSettings) error { return c.Choose(ctx, "o1", "t1", "kassa-1", "anna", "", s) }
		for name, bad := range map[string]*fiscalv1.TillSettings{
			"no port": {Ofd: "ofd"}, "words": {Ofd: "ofd ru:1"}, "inn": {OfdInn: "1234567890"}, "print": {FinishPrint: "never"},
		} {
			if err := choose(bad); !errors.Is(err, ErrSettings) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := choose(&fiscalv1.TillSettings{Title: "Касса\u202e"}); !errors.Is(err, ErrTitle) {
			t.Error(err)
		}
		wanted := &fiscalv1.TillSettings{Ofd: address, OfdInn: "9715260691"}
		if err := errors.Join(choose(wanted), choose(wanted)); err != nil { // a double click
			t.Fatal(err)
		}
		if err := choose(&fiscalv1.TillSettings{Ofd: "off"}); !errors.Is(err, ErrChanged) {
			t.Errorf("an old page: %v", err)
		}
		if acts, _, err := audit.New(s).List(ctx, "o1", audit.Filter{}, 0, 10); err != nil || len(acts) != 1 || acts[0].New != address+" 9715260691" {
			t.Errorf("%v %v", acts, err)
		}
		look("t1", "++++N..", ReasonNotTried)

		command := func(id string, action fiscalv1.Action, at string, how cabinetv1.CommandState, said string) {
			raw, err := proto.Marshal(&fiscalv1.Run{Text: said})
			if err != nil {
				t.Fatal(err)
			}
			now = now.Add(time.Second)
			do(func(q *db.Queries) error {
				if _, err := q.OrderCommand(ctx, db.OrderCommandParams{
					OrganisationID: "o1", ID: id, TillID: "t1", AgentID: "a1", Till: "kassa-1", Action: int32(action), State: int32(how), CreatedAt: store.Micros(now),
					Address: at, Decision: []byte{}, Settings: []byte{},
				}); err != nil {
					return err
				}
				_, err := q.SetCommandRun(ctx, db.SetCommandRunParams{OrganisationID: "o1", ID: id, State: int32(how), Run: raw, EndedAt: store.Micros(now)})
				return err
			})
		}
		const check, slip = fiscalv1.Action_ACTION_CHECK_NETWORK, fiscalv1.Action_ACTION_PRINT_TEST
		const done, failed = cabinetv1.CommandState_COMMAND_STATE_DONE, cabinetv1.CommandState_COMMAND_STATE_FAILED
		command("n0", check, "other.example:1", done, "") // another address says nothing of ours
		look("t1", "++++N..", ReasonNotTried)
		command("n1", check, address, failed, "Порт закрыт.")
		if one := look("t1", "++++F..", ReasonFailed); one.GetSteps()[4].GetText() != "Порт закрыт." || one.GetSteps()[4].GetCommandId() != "n1" {
			t.Errorf("%v", one.GetSteps()[4])
		}
		command("n2", check, address, done, "")
		look("t1", "+++++N.", ReasonNoSlip)
		command("s1", slip, "", done, "")
		look("t1", "++++++N", ReasonNoDocument)
		state.LastFd, state.Unsent, state.UnsentFd = 1, 1, 1
		tell(state)
		look("t1", "++++++N", ReasonNotAccepted)
		state.LastFd, state.Unsent, state.UnsentFd = 2, 1, 2
		state.OfdInn, state.OfdName = "7704211201", "Такском"
		tell(state)
		if one := look("code1", "+++++++", ""); !one.GetDone() {
			t.Error("not done")
		}
		if list, err := c.List(ctx, mine, "o1"); err != nil || len(list) != 0 {
			t.Errorf("what is done is still offered: %v %v", list, err)
		}

		// The till is registered with another operator than was chosen: both are shown.
		settings, err := c.Settings(ctx, "o1", "t1")
		if err != nil || settings.GetState() != cabinetv1.SettingsState_SETTINGS_STATE_DIFFERS || len(settings.GetDrifts()) != 1 ||
			settings.GetDrifts()[0].GetWanted() != "Платформа ОФД 9715260691" || settings.GetDrifts()[0].GetFound() != "Такском 7704211201" {
			t.Errorf("%v %v", settings, err)
		}
		if _, err := c.Get(ctx, mine, "nothing"); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
	})
}
