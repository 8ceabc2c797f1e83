package tree

import (
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

var noon = time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)

// world has two organisations: o1 with the outlets hall and depot, an agent with the till t1 in hall; o2 with the outlet shop.
type world struct {
	*Trees
	store   *store.Store
	changed []string
}

func everywhere(access.Place) bool { return true }

var owner = Caller{See: func(p access.Place) bool { return p.OrganisationID == "o1" }, Change: func(p access.Place) bool { return p.OrganisationID == "o1" }, Name: "anna"}

func both(t *testing.T, body func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w := &world{store: s}
		var mu sync.Mutex
		w.Trees = Open(s, slog.New(slog.DiscardHandler), func() time.Time { return noon }, func(id string) {
			mu.Lock()
			defer mu.Unlock()
			w.changed = append(w.changed, id)
		})
		ctx := t.Context()
		err := s.Tx(ctx, func(q *db.Queries) error {
			for _, o := range []string{"o1", "o2"} {
				if err := q.CreateOrganisation(ctx, db.CreateOrganisationParams{ID: o, Name: o}); err != nil {
					return err
				}
			}
			for id, o := range map[string]string{"hall": "o1", "depot": "o1", "shop": "o2"} {
				if _, err := q.PutOutlet(ctx, db.PutOutletParams{ID: id, OrganisationID: o, Name: id}); err != nil {
					return err
				}
			}
			if err := q.CreateAgent(ctx, db.CreateAgentParams{ID: "a1", OrganisationID: "o1", OutletID: "hall"}); err != nil {
				return err
			}
			for _, id := range []string{"t1", "t2"} {
				if err := q.CreateTill(ctx, db.CreateTillParams{ID: id, OrganisationID: "o1", OutletID: "hall", AgentID: "a1", Name: "kassa-" + id}); err != nil {
					return err
				}
			}
			state, err := proto.Marshal(&fiscalv1.TillState{Clock: "2026-03-04T12:00", ReadMs: noon.UnixMilli()})
			if err != nil {
				return err
			}
			return q.SetTillState(ctx, db.SetTillStateParams{ID: "t1", State: state})
		})
		if err != nil {
			t.Fatal(err)
		}
		body(t, w)
	})
}

// shape is the tree of o1 as indented names.
func (w *world) shape(t *testing.T) []string {
	t.Helper()
	tree, err := w.Read(t.Context(), "o1", "o1")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, n := range tree.All() {
		lines = append(lines, strings.Repeat(" ", len(tree.Place(n.ID).Path))+n.Name)
	}
	return lines
}

func (w *world) acts(t *testing.T) []string {
	t.Helper()
	list, _, err := audit.New(w.store).List(t.Context(), "o1", audit.Filter{}, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var acts []string
	for _, e := range list {
		acts = append([]string{e.Act + " " + e.Name + ": " + e.Old + " → " + e.New}, acts...)
	}
	return acts
}

func TestTrees(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		south, err := w.Create(ctx, owner, Draft{Kind: Department, Parent: "o1", Name: "Юг"})
		if err != nil {
			t.Fatal(err)
		}
		sochi, err := w.Create(ctx, owner, Draft{Kind: Department, Parent: south.ID, Name: "Сочи"})
		if err != nil {
			t.Fatal(err)
		}
		market, err := w.Create(ctx, owner, Draft{Kind: Outlet, Parent: sochi.ID, Name: "Рынок", Details: Details{TimeZone: "Europe/Moscow"}})
		if err != nil {
			t.Fatal(err)
		}
		move := func(id, parent, before string) {
			t.Helper()
			if _, err := w.Move(ctx, owner, id, parent, before); err != nil {
				t.Fatal(err)
			}
		}
		move("hall", south.ID, "")
		move("t1", market.ID, "")
		move("t2", "hall", "")
		if n, err := w.Change(ctx, owner, Edit{ID: "t1", Name: "У входа"}); err != nil || n.AgentName != "kassa-t1" {
			t.Fatalf("%+v %v", n, err)
		}
		want := []string{"o1", " Юг", "  Сочи", "   Рынок", "    У входа", "  hall", "   kassa-t2", " depot"}
		if diff := cmp.Diff(want, w.shape(t)); diff != "" {
			t.Fatal(diff)
		}
		// The till was in one place until noon of its own clock, and nobody said so before.
		stays, err := w.Stays(ctx, "o1", "t1")
		if diff := cmp.Diff([]Stay{{"2026-03-04T12:00", market.ID, "Рынок", "anna"}, {"", "hall", "hall", ""}}, stays); diff != "" || err != nil {
			t.Error(diff, err)
		}
		if stays, err := w.Stays(ctx, "o1", "t2"); err != nil || len(stays) != 1 || stays[0].Outlet != "hall" || stays[0].Since != "" {
			t.Errorf("a till that never moved: %+v %v", stays, err)
		}
		// Back to the name of the agent, and to the place it came from within the same minute.
		if n, err := w.Change(ctx, owner, Edit{ID: "t1"}); err != nil || n.Name != "kassa-t1" || n.AgentName != "" {
			t.Errorf("%+v %v", n, err)
		}
		move("t1", "hall", "t2")
		if stays, err := w.Stays(ctx, "o1", "t1"); err != nil || len(stays) != 2 || stays[0].OutletID != "hall" {
			t.Errorf("%+v %v", stays, err)
		}
		if _, err := w.Change(ctx, owner, Edit{ID: market.ID, Name: "Рынок", Details: Details{Address: "ул. Мира, 1", Phone: "+7 862 1234567"}}); err != nil {
			t.Fatal(err)
		}
		if err := w.Delete(ctx, owner, market.ID); err != nil {
			t.Fatal(err)
		}
		if err := w.Delete(ctx, owner, sochi.ID); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"o1", " Юг", "  hall", "   kassa-t1", "   kassa-t2", " depot"}, w.shape(t)); diff != "" {
			t.Fatal(diff)
		}
		// A closed outlet that is made again is the same one, with its past.
		if again, err := w.Create(ctx, owner, Draft{Kind: Outlet, Parent: "o1", Name: "Рынок"}); err != nil || again.ID != market.ID {
			t.Errorf("%+v %v", again, err)
		}
		if diff := cmp.Diff([]string{
			"department.created Юг:  → ", "department.created Сочи:  → Юг", "outlet.created Рынок:  → Юг / Сочи", "outlet.moved hall:  → Юг",
			"till.moved kassa-t1: Юг / hall → Юг / Сочи / Рынок", "till.reordered kassa-t2: Юг / hall → Юг / hall", "till.renamed У входа: kassa-t1 → У входа",
			"till.renamed kassa-t1: У входа → kassa-t1", "till.moved kassa-t1: Юг / Сочи / Рынок → Юг / hall",
			"outlet.changed Рынок: Рынок · Europe/Moscow → Рынок · ул. Мира, 1 · +7 862 1234567", "outlet.closed Рынок: Юг / Сочи / Рынок → ", "department.deleted Сочи: Юг / Сочи → ",
			"outlet.opened Рынок:  → ",
		}, w.acts(t)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTrees_refused(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		dep, err := w.Create(ctx, owner, Draft{Kind: Department, Parent: "o1", Name: "Юг"})
		if err != nil {
			t.Fatal(err)
		}
		before, acts := w.shape(t), len(w.acts(t))
		looker := owner
		looker.Change = func(access.Place) bool { return false }
		hallOnly := owner
		hallOnly.Change = func(p access.Place) bool { return p.Under("o1", "hall") }
		err = w.store.Write().Assign(ctx, db.AssignParams{OrganisationID: "o1", PersonID: person(t, w), Role: "viewer", NodeID: dep.ID})
		if err != nil {
			t.Fatal(err)
		}
		create := func(who Caller, d Draft) error { _, err := w.Create(ctx, who, d); return err }
		move := func(who Caller, id, parent, before string) error {
			_, err := w.Move(ctx, who, id, parent, before)
			return err
		}
		change := func(who Caller, e Edit) error { _, err := w.Change(ctx, who, e); return err }
		for name, c := range map[string]struct {
			err  error
			want any
		}{
			"a department of that name":            {create(owner, Draft{Kind: Department, Parent: "o1", Name: " Юг "}), ReasonTaken},
			"an outlet of that name":               {create(owner, Draft{Kind: Outlet, Parent: dep.ID, Name: "hall"}), ReasonTaken},
			"an outlet renamed to another's":       {change(owner, Edit{ID: "depot", Name: "hall"}), ReasonTaken},
			"no name":                              {create(owner, Draft{Kind: Outlet, Parent: "o1", Name: " "}), ReasonName},
			"a zone there is not":                  {create(owner, Draft{Kind: Outlet, Parent: "o1", Name: "x", Details: Details{TimeZone: "Moscow"}}), ReasonZone},
			"a till made by hand":                  {create(owner, Draft{Kind: Till, Parent: "hall", Name: "x"}), ReasonKind},
			"under a place of somebody else":       {create(owner, Draft{Kind: Outlet, Parent: "o2", Name: "x"}), ErrNotFound},
			"under nothing":                        {create(owner, Draft{Kind: Outlet, Parent: "", Name: "x"}), ErrNotFound},
			"a node of somebody else":              {move(owner, "shop", "o1", ""), ErrNotFound},
			"to a node of somebody else":           {move(owner, "t1", "shop", ""), ErrNotFound},
			"a stranger's edit":                    {change(owner, Edit{ID: "shop", Name: "x"}), ErrNotFound},
			"a stranger's deletion":                {w.Delete(ctx, owner, "shop"), ErrNotFound},
			"a name of the organisation":           {change(owner, Edit{ID: "o1", Name: "x"}), ReasonKind},
			"beneath itself":                       {move(owner, dep.ID, dep.ID, ""), ReasonCycle},
			"before a neighbour that is elsewhere": {move(owner, "t1", "depot", "t2"), ReasonBefore},
			"before itself":                        {move(owner, "t1", "hall", "t1"), ReasonBefore},
			"an outlet with tills":                 {w.Delete(ctx, owner, "hall"), ReasonNotEmpty},
			"a till":                               {w.Delete(ctx, owner, "t1"), ReasonKind},
			"the organisation":                     {w.Delete(ctx, owner, "o1"), ReasonKind},
			"where somebody has rights":            {w.Delete(ctx, owner, dep.ID), ReasonHasRights},
			"by somebody who only looks":           {move(looker, "t1", "depot", ""), access.ErrForbidden},
			"to where he has no right":             {move(hallOnly, "t1", "depot", ""), access.ErrForbidden},
			"from where he has no right":           {move(hallOnly, "depot", dep.ID, ""), access.ErrForbidden},
			"by somebody who sees nothing":         {move(Caller{See: func(access.Place) bool { return false }, Change: func(access.Place) bool { return false }}, "t1", "depot", ""), ErrNotFound},
		} {
			switch want := c.want.(type) {
			case Reason:
				if reason(c.err) != want {
					t.Errorf("%s: %v, not %s", name, c.err, want)
				}
			case error:
				if !errors.Is(c.err, want) {
					t.Errorf("%s: %v, not %v", name, c.err, want)
				}
			}
		}
		if diff := cmp.Diff(before, w.shape(t)); diff != "" || len(w.acts(t)) != acts {
			t.Errorf("a refusal changed something: %s, acts %q", diff, w.acts(t)[acts:])
		}
		// With its last till the agent moves too.
		if err := errors.Join(move(owner, "t1", "depot", ""), w.Delete(ctx, owner, "hall")); reason(err) != ReasonNotEmpty {
			t.Errorf("an outlet with a till left: %v", err)
		}
		if err := move(owner, "t2", "depot", ""); err != nil {
			t.Fatal(err)
		}
		if err := w.Delete(ctx, owner, "hall"); err != nil {
			t.Errorf("an outlet whose agent has moved on: %v", err)
		}
	})
}

func person(t *testing.T, w *world) string {
	t.Helper()
	id := store.NewID()
	if err := w.store.Write().CreatePerson(t.Context(), db.CreatePersonParams{ID: id, Login: id, Folded: id}); err != nil {
		t.Fatal(err)
	}
	return id
}

// Two moves at once, each of them right, never make a circle together.
func TestTrees_circle(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		a, err1 := w.Create(t.Context(), owner, Draft{Kind: Department, Parent: "o1", Name: "a"})
		b, err2 := w.Create(t.Context(), owner, Draft{Kind: Department, Parent: "o1", Name: "b"})
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		all := Caller{See: everywhere, Change: everywhere}
		for range 5 {
			var errs [2]error
			var wg sync.WaitGroup
			wg.Go(func() { _, errs[0] = w.Move(t.Context(), all, a.ID, b.ID, "") })
			wg.Go(func() { _, errs[1] = w.Move(t.Context(), all, b.ID, a.ID, "") })
			wg.Wait()
			if (errs[0] == nil) == (errs[1] == nil) || reason(errors.Join(errs[:]...)) != ReasonCycle {
				t.Fatalf("both or none: %v", errs)
			}
			if n := len(w.shape(t)); n != 7 {
				t.Fatalf("%d nodes hang on the organisation", n)
			}
			for _, id := range []string{a.ID, b.ID} {
				if _, err := w.Move(t.Context(), all, id, "o1", ""); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
