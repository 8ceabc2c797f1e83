package connect

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// searched is a place where an agent tells what it found and somebody in the cabinet wants some of it.
type searched struct {
	*Connections

	t     *testing.T
	store *store.Store
	fleet *fleet.Fleet
	now   *time.Time
	agent *access.Agent
	anna  *access.Person
}

func search(t *testing.T, s *store.Store) *searched {
	t.Helper()
	now := time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	f := fleet.New(s, slog.New(slog.DiscardHandler), clock, func(string) {})
	w := &searched{
		Connections: Open(s, f, clock), t: t, store: s, fleet: f, now: &now, agent: &access.Agent{ID: "a1", OrganisationID: "o1", OutletID: "hall"},
		anna: &access.Person{ID: "anna", Login: "anna", OrganisationID: "o1"},
	}
	ctx := t.Context()
	if err := s.Tx(ctx, func(q *db.Queries) error {
		if err := q.CreateOrganisation(ctx, db.CreateOrganisationParams{ID: "o1", Name: "o1"}); err != nil {
			return err
		}
		for _, outlet := range []string{"hall", "yard"} {
			if _, err := q.PutOutlet(ctx, db.PutOutletParams{ID: outlet, OrganisationID: "o1", Name: outlet}); err != nil {
				return err
			}
		}
		return errors.Join(
			q.CreateAgent(ctx, db.CreateAgentParams{ID: "a1", OrganisationID: "o1", OutletID: "hall", Host: "KASSA-PC", CreatedAt: store.Micros(now)}),
			q.CreateAgent(ctx, db.CreateAgentParams{ID: "a2", OrganisationID: "o1", OutletID: "yard", CreatedAt: store.Micros(now)}),
		)
	}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *searched) hello(capability uint32) {
	w.t.Helper()
	if _, err := w.fleet.Hello(w.t.Context(), w.agent, &uplinkv1.HelloRequest{Capability: capability, Host: "KASSA-PC"}, "192.0.2.1"); err != nil {
		w.t.Fatal(err)
	}
}

func (w *searched) tell(from *access.Agent, r *uplinkv1.ReportStateRequest) {
	w.t.Helper()
	*w.now = w.now.Add(time.Second)
	if err := w.fleet.Report(w.t.Context(), from, r); err != nil {
		w.t.Fatal(err)
	}
}

func (w *searched) run(r *fiscalv1.Run) {
	w.t.Helper()
	*w.now = w.now.Add(time.Second)
	if err := w.fleet.ReportRun(w.t.Context(), w.agent, r); err != nil {
		w.t.Fatal(err)
	}
}

func (w *searched) finds() *cabinetv1.Finds {
	w.t.Helper()
	f, err := w.Finds(w.t.Context(), "a1")
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

func (w *searched) wish(id, wire, title, outlet string) error {
	return w.Adopt(w.t.Context(), w.anna, Wish{CommandID: id, OrganisationID: "o1", AgentID: "a1", Wire: wire, Title: title, OutletID: outlet})
}

// till is what the cabinet has of a till under its agent's name.
func (w *searched) till(name string) db.GetTillRow {
	w.t.Helper()
	rows, err := w.store.Read().ListTills(w.t.Context(), "o1")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, row := range rows {
		if row.Name == name {
			return db.GetTillRow(row)
		}
	}
	return db.GetTillRow{}
}

var ended = &fiscalv1.Search{EndedMs: 2, BeganMs: 1, Tried: 3, Places: 3}

const com3 = "serial://COM3?baud=115200"

func shtrih(serial string) *fiscalv1.Stranger {
	return &fiscalv1.Stranger{Wire: com3, Driver: "shtrih", Model: "ШТРИХ-М-01Ф", Serial: serial, Kind: "till"}
}

// What an agent tells is kept as it last was, bounded; an agent that has not looked since its start keeps what it found before.
func TestFinds_told(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w := search(t, s)
		w.hello(6)
		if f := w.finds(); f.GetAble() || f.GetSearch() != nil || len(f.GetDevices()) != 0 {
			t.Errorf("%v", f)
		}
		w.hello(fleet.Finds)
		w.tell(w.agent, &uplinkv1.ReportStateRequest{Search: &fiscalv1.Search{Running: true, Tried: 1, Places: 3, Step: "Порт COM4: Штрих-М", BeganMs: 1}})
		if f := w.finds(); !f.GetAble() || !f.GetSearch().GetRunning() || f.GetSearch().GetStep() != "Порт COM4: Штрих-М" {
			t.Errorf("%v", f)
		}
		many := make([]*fiscalv1.Stranger, 0, 200)
		for i := range 200 {
			many = append(many, &fiscalv1.Stranger{
				Wire: com3 + strings.Repeat("x", i%2*400), Model: "Касса\n\x00 \xff" + strings.Repeat("ы", 1000), Kind: "till",
			})
		}
		left := make([]string, 200)
		for i := range left {
			left[i] = strings.Repeat("ы", 1000)
		}
		w.tell(w.agent, &uplinkv1.ReportStateRequest{Search: &fiscalv1.Search{EndedMs: 2, LeftAlone: left}, Strangers: many})
		f := w.finds()
		if len(f.GetDevices()) != 32 || len(f.GetSearch().GetLeftAlone()) != 64 || len([]rune(f.GetSearch().GetLeftAlone()[0])) != 300 {
			t.Errorf("%d devices, %d left alone", len(f.GetDevices()), len(f.GetSearch().GetLeftAlone()))
		}
		if m := f.GetDevices()[0].GetDevice().GetModel(); len([]rune(m)) != 300 || !strings.HasPrefix(m, "Касса ыыы") {
			t.Errorf("%q", m)
		}
		w.tell(w.agent, &uplinkv1.ReportStateRequest{Search: ended, Strangers: []*fiscalv1.Stranger{shtrih("12")}})
		w.tell(w.agent, &uplinkv1.ReportStateRequest{}) // it has started anew
		w.tell(&access.Agent{ID: "a2", OrganisationID: "o1", OutletID: "yard"}, &uplinkv1.ReportStateRequest{Search: ended})
		want := []*cabinetv1.Find{{Device: shtrih("12")}}
		if diff := cmp.Diff(want, w.finds().GetDevices(), protocmp.Transform()); diff != "" {
			t.Error(diff)
		}
	})
}

// A device is asked for once however often it is clicked, goes to the agent with what it is to be called, and the till that comes of it
// has its name and its place, in whichever order the agent tells of it.
func TestAdopt(t *testing.T) {
	for _, order := range []string{"the run first", "the till first", "the till says its number first"} {
		t.Run(order, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T, s *store.Store) {
				w := search(t, s)
				w.hello(fleet.Finds)
				w.tell(w.agent, &uplinkv1.ReportStateRequest{Search: ended, Strangers: []*fiscalv1.Stranger{shtrih("0012")}})
				for _, id := range []string{"c1", "c1", "c2"} {
					if err := w.wish(id, com3, "Касса у входа", "yard"); err != nil {
						t.Fatal(err)
					}
				}
				if err := w.wish("c3", "serial://COM4?baud=115200", "", ""); !errors.Is(err, ErrNoDevice) {
					t.Errorf("a place nobody told of: %v", err)
				}
				if a := w.finds().GetDevices()[0].GetAdoption(); a.GetCommandId() != "c1" || a.GetTitle() != "Касса у входа" || a.GetActor() != "anna" || a.GetState() != cabinetv1.CommandState_COMMAND_STATE_QUEUED {
					t.Errorf("%v", a)
				}
				list, err := w.fleet.Fetch(t.Context(), w.agent, 0)
				if err != nil || len(list) != 1 {
					t.Fatalf("%v %v", list, err)
				}
				got := list[0]
				if got.GetTill() != "" || got.GetAction() != fiscalv1.Action_ACTION_ADOPT_TILL || got.GetSettings().GetTitle() != "Касса у входа" || got.GetSettings().GetVersion() != 1 ||
					!cmp.Equal(got.GetDevice(), shtrih("0012"), protocmp.Transform()) {
					t.Errorf("%v", got)
				}
				done := &fiscalv1.Run{Id: "c1", Till: "kassa-1", Action: fiscalv1.Action_ACTION_ADOPT_TILL, Ended: true, Ok: true, Text: "Принята."}
				bare := &uplinkv1.ReportStateRequest{Tills: []*fiscalv1.TillState{{Till: "kassa-1"}}}
				known := &uplinkv1.ReportStateRequest{Tills: []*fiscalv1.TillState{{Till: "kassa-1", Driver: "shtrih", Serial: "0012", Online: true, Clock: "2026-03-04T12:00"}}}
				switch order {
				case "the run first":
					w.run(done)
					w.tell(w.agent, bare)
				case "the till first":
					w.tell(w.agent, bare)
					w.run(done)
				default:
					w.tell(w.agent, known)
					w.run(done)
				}
				w.run(done) // told once more
				w.tell(w.agent, known)
				till := w.till("kassa-1")
				if till.Title != "Касса у входа" || till.OutletID != "yard" || till.AgentID != "a1" {
					t.Errorf("%+v", till)
				}
				settings, err := w.Settings(t.Context(), "o1", till.ID)
				if err != nil || settings.GetWanted().GetVersion() != 1 || settings.GetWanted().GetTitle() != "Касса у входа" || settings.GetActor() != "anna" {
					t.Errorf("%v %v", settings, err)
				}
				if f := w.finds().GetDevices()[0]; f.GetTillId() != till.ID || f.GetTill() != "Касса у входа" {
					t.Errorf("%v", f)
				}
				if err := w.wish("c4", com3, "", ""); !errors.Is(err, ErrHeld) {
					t.Errorf("what is a till: %v", err)
				}
				if err := w.wish("c1", com3, "Касса у входа", "yard"); err != nil {
					t.Errorf("the same click, late: %v", err)
				}
				var acts []string
				notes, _, err := audit.New(s).List(t.Context(), "o1", audit.Filter{}, 0, 10)
				for _, n := range notes {
					acts = append(acts, n.Act+" "+n.Name+" "+n.New)
				}
				if err != nil || strings.Join(acts, "|") != "agent.adopt_till Касса у входа ШТРИХ-М-01Ф · № 0012 · "+com3 {
					t.Errorf("%q %v", acts, err)
				}
			})
		})
	}
}

// A till we know, brought to another computer and taken over there, comes with its past under the name and to the place that were wished.
func TestAdopt_known(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w := search(t, s)
		w.hello(fleet.Finds)
		state := &fiscalv1.TillState{Till: "old", Driver: "shtrih", Serial: "0012", Online: true, Clock: "2026-03-04T12:00"}
		w.tell(&access.Agent{ID: "a2", OrganisationID: "o1", OutletID: "yard"}, &uplinkv1.ReportStateRequest{Tills: []*fiscalv1.TillState{state}})
		before := w.till("old").ID
		w.tell(w.agent, &uplinkv1.ReportStateRequest{Search: ended, Strangers: []*fiscalv1.Stranger{shtrih("0012")}})
		if err := w.wish("c1", com3, "Касса у входа", "hall"); err != nil {
			t.Fatal(err)
		}
		w.tell(w.agent, &uplinkv1.ReportStateRequest{Tills: []*fiscalv1.TillState{{Till: "kassa-1"}}})
		w.run(&fiscalv1.Run{Id: "c1", Till: "kassa-1", Action: fiscalv1.Action_ACTION_ADOPT_TILL, Ended: true, Ok: true})
		state.Till = "kassa-1"
		w.tell(w.agent, &uplinkv1.ReportStateRequest{Tills: []*fiscalv1.TillState{state}})
		till := w.till("kassa-1")
		if till.ID != before || till.Title != "Касса у входа" || till.OutletID != "hall" || till.AgentID != "a1" {
			t.Errorf("%+v, was %s", till, before)
		}
		if settings, err := w.Settings(t.Context(), "o1", till.ID); err != nil || settings.GetWanted().GetTitle() != "Касса у входа" {
			t.Errorf("%v %v", settings, err)
		}
	})
}

// What an agent refuses is shown with its sentence and may be asked for again; an agent of another, a revoked or an old one is asked for nothing.
func TestAdopt_refused(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w := search(t, s)
		w.hello(6)
		w.tell(w.agent, &uplinkv1.ReportStateRequest{Search: ended, Strangers: []*fiscalv1.Stranger{
			shtrih("12"),
			{Wire: "serial://COM5?baud=115200", Driver: "fnprint", Fn: "9999078902000333", Kind: "fn"},
			{Wire: "serial://COM6?baud=9600", Driver: "fnprint", Model: "TM-T20", Kind: "printer"},
			{Wire: "serial://COM7?baud=9600", Driver: "fnprint", Model: "TM-T20", Kind: "printer"},
		}})
		if err := w.wish("c0", com3, "", ""); !errors.Is(err, fleet.ErrTooOld) {
			t.Errorf("an old agent: %v", err)
		}
		if err := w.Look(t.Context(), w.anna, "o1", "a1", "f0"); !errors.Is(err, fleet.ErrTooOld) {
			t.Errorf("an old agent: %v", err)
		}
		w.hello(fleet.Finds)
		half := func(wire, printer string) error {
			return w.Adopt(t.Context(), w.anna, Wish{CommandID: "h" + printer, OrganisationID: "o1", AgentID: "a1", Wire: wire, Printer: printer})
		}
		for what, c := range map[string]struct {
			wire, printer string
			want          error
		}{
			"a memory without a printer":     {"serial://COM5?baud=115200", "", ErrHalf},
			"a memory and a till":            {"serial://COM5?baud=115200", com3, ErrNoDevice},
			"a printer":                      {"serial://COM6?baud=9600", "", ErrHalf},
			"a till and a printer":           {com3, "serial://COM6?baud=9600", ErrHalf},
			"a memory and a printer we know": {"serial://COM5?baud=115200", "serial://COM7?baud=9600", nil},
		} {
			if err := half(c.wire, c.printer); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", what, err)
			}
		}
		*w.now = w.now.Add(time.Second)
		if err := w.wish("c1", com3, "", ""); err != nil {
			t.Fatal(err)
		}
		list, err := w.fleet.Fetch(t.Context(), w.agent, 0)
		if err != nil || len(list) != 2 || list[0].GetDevice().GetPrinter() != "serial://COM7?baud=9600" || list[0].GetSettings() != nil {
			t.Errorf("%v %v", list, err)
		}
		w.run(&fiscalv1.Run{Id: "c1", Action: fiscalv1.Action_ACTION_ADOPT_TILL, Ended: true, Text: "Касса не принята: устройство больше не отвечает."})
		if a := w.finds().GetDevices()[0].GetAdoption(); a.GetState() != cabinetv1.CommandState_COMMAND_STATE_FAILED || !strings.Contains(a.GetText(), "не отвечает") {
			t.Errorf("%v", a)
		}
		if err := w.wish("c2", com3, "", ""); err != nil {
			t.Errorf("again: %v", err)
		}
		// Another device in its place is another wish.
		w.tell(w.agent, &uplinkv1.ReportStateRequest{Search: ended, Strangers: []*fiscalv1.Stranger{shtrih("13")}})
		if a := w.finds().GetDevices()[0].GetAdoption(); a != nil {
			t.Errorf("%v", a)
		}
	})
}

// A search is asked for once while it waits, and says when it did not come about.
func TestLook(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w := search(t, s)
		w.hello(fleet.Finds)
		for _, id := range []string{"f1", "f1", "f2"} {
			if err := w.Look(t.Context(), w.anna, "o1", "a1", id); err != nil {
				t.Fatal(err)
			}
		}
		if f := w.finds(); !f.GetAsked() {
			t.Errorf("%v", f)
		}
		list, err := w.fleet.Fetch(t.Context(), w.agent, 0)
		if err != nil || len(list) != 1 || list[0].GetId() != "f1" || list[0].GetAction() != fiscalv1.Action_ACTION_FIND_TILLS {
			t.Fatalf("%v %v", list, err)
		}
		w.tell(w.agent, &uplinkv1.ReportStateRequest{Search: &fiscalv1.Search{Running: true, BeganMs: w.now.UnixMilli()}})
		if f := w.finds(); f.GetAsked() || !f.GetSearch().GetRunning() {
			t.Errorf("%v", f)
		}
		w.tell(w.agent, &uplinkv1.ReportStateRequest{Search: &fiscalv1.Search{BeganMs: 1, EndedMs: w.now.UnixMilli()}})
		w.run(&fiscalv1.Run{Id: "f1", Action: fiscalv1.Action_ACTION_FIND_TILLS, Ended: true, Ok: true, Text: "Новых касс не найдено."})
		if f := w.finds(); f.GetAsked() || f.GetTrouble() != "" {
			t.Errorf("%v", f)
		}
		if err := w.Look(t.Context(), w.anna, "o1", "a1", "f3"); err != nil {
			t.Fatal(err)
		}
		w.run(&fiscalv1.Run{Id: "f3", Action: fiscalv1.Action_ACTION_FIND_TILLS, Ended: true, Text: "Агент перезапустился во время поиска."})
		if f := w.finds(); f.GetAsked() || f.GetTrouble() != "Агент перезапустился во время поиска." {
			t.Errorf("%v", f)
		}
	})
}

// What is left empty stays as it was chosen, and what cannot be is refused with its own reason.
func TestChoose_rest(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "-": "-", " 8:00-22:00 ": "08:00-22:00", "08:00-12:00, 14:00-22:00": "08:00-12:00,14:00-22:00",
		"08:00": "?", "08:00-08:00": "?", "25:00-26:00": "?", strings.Repeat("08:00-09:00,", 12) + "10:00-11:00": "?",
	} {
		got, err := hours(text)
		if (want == "?") != errors.Is(err, ErrHours) || want != "?" && got != want {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w := search(t, s)
		w.hello(fleet.Finds)
		w.tell(w.agent, &uplinkv1.ReportStateRequest{Tills: []*fiscalv1.TillState{{Till: "kassa-1"}}})
		till := w.till("kassa-1").ID
		choose := func(s *fiscalv1.TillSettings) {
			t.Helper()
			if err := w.Choose(t.Context(), "o1", till, "kassa-1", "anna", "", s); err != nil {
				t.Fatal(err)
			}
		}
		choose(&fiscalv1.TillSettings{Title: " Касса  у входа ", FinishPrint: "ask"})
		choose(&fiscalv1.TillSettings{Version: 1, Ofd: "ofdp.platformaofd.ru:21101", OfdInn: "9715260691"})
		choose(&fiscalv1.TillSettings{Version: 2, RushHours: "9:00-21:00"})
		choose(&fiscalv1.TillSettings{Version: 3, Ofd: "off"})
		want := &fiscalv1.TillSettings{Version: 4, Title: "Касса у входа", FinishPrint: "ask", RushHours: "09:00-21:00", Ofd: "off"}
		if got, err := w.Wanted(t.Context(), "o1", till); err != nil || !cmp.Equal(got, want, protocmp.Transform()) {
			t.Errorf("%v %v", got, err)
		}
		if title := w.till("kassa-1").Title; title != "Касса у входа" {
			t.Errorf("it is called %q here", title)
		}
	})
}
