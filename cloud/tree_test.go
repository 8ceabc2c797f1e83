package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
)

// Kinds of places, and the code of a refusal by its name.
const (
	department, outlet = cabinetv1.PlaceKind_PLACE_KIND_DEPARTMENT, cabinetv1.PlaceKind_PLACE_KIND_OUTLET
	forbidden, nowhere = connect.CodePermissionDenied, connect.CodeNotFound
)

// treeWorld is the world of rights with the hands of those who shape trees. The owner has two departments with an outlet and a till each,
// the foreign owner one.
type treeWorld struct {
	*rightsWorld
	// admin has the whole of the owner's tree, walker what a case gives him.
	admin, walker *hand
}

// hand is somebody's clients.
type hand struct {
	cabinetv1connect.TreeServiceClient
	documents cabinetv1connect.DocumentsServiceClient
}

// working has calls name an organisation, as a page of somebody with several does.
type working struct{ in string }

func (w working) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Chekan-Organisation", w.in)
	return http.DefaultTransport.RoundTrip(r)
}

func (w *rightsWorld) hand(p *person, organisation string) *hand {
	client, base := &http.Client{Jar: p.http.Jar}, w.c.addresses.Cabinet
	if organisation != "" {
		client.Transport = working{organisation}
	}
	return &hand{
		cabinetv1connect.NewTreeServiceClient(client, base, connect.WithProtoJSON()),
		cabinetv1connect.NewDocumentsServiceClient(client, base, connect.WithProtoJSON()),
	}
}

// eachTree runs a body with a world on every database.
func eachTree(t *testing.T, body func(t *testing.T, w *treeWorld)) {
	t.Helper()
	storetest.Addresses(t, func(t *testing.T, address string) {
		w := &treeWorld{rightsWorld: newRightsWorld(t, address)}
		password, err := w.c.access.AddPerson(t.Context(), "boss", "boss", "", access.Administrator)
		if err != nil {
			t.Fatal(err)
		}
		w.admin, w.walker = w.hand(signIn(t, w.c, "boss", password), ""), w.hand(w.rightsWorld.walker, "")
		for _, s := range []*spot{w.a, w.b} {
			if _, err := w.admin.ChangeNode(t.Context(), &cabinetv1.ChangeNodeRequest{
				Id: s.outlet, Name: s.outletName, Address: "ул. " + s.outletName, TimeZone: "Europe/Moscow", Phone: "+7 495 1234567",
			}); err != nil {
				t.Fatal(err)
			}
		}
		body(t, w)
	})
}

// holds gives the walker roles at nodes, and nothing else.
func (w *treeWorld) holds(t *testing.T, rights ...[2]string) {
	t.Helper()
	w.assign(t, w.rightsWorld.walker, w.owner, rights[0][0], rights[0][1])
	for _, r := range rights[1:] {
		if err := w.c.store.Write().Assign(t.Context(), db.AssignParams{OrganisationID: w.owner, PersonID: w.ids[w.rightsWorld.walker], Role: r[0], NodeID: r[1]}); err != nil {
			t.Fatal(err)
		}
	}
}

// picture is a tree as its reader sees it: a line a node, with what he is told of it.
func (h *hand) picture(t *testing.T) []string {
	t.Helper()
	res, err := h.GetTree(t.Context(), &cabinetv1.GetTreeRequest{})
	if err != nil {
		t.Fatal(err)
	}
	depth := map[string]int{}
	var list []string
	for _, n := range res.GetNodes() {
		if up, known := depth[n.GetParentId()]; known {
			depth[n.GetId()] = up + 1
		} else if n.GetParentId() != "" {
			t.Fatalf("%q hangs in the air", n.GetName())
		} else {
			depth[n.GetId()] = 0
		}
		c := n.GetCounts()
		line := fmt.Sprintf("%s%s %d", strings.Repeat(" ", depth[n.GetId()]), n.GetName(), c.GetRed()+c.GetYellow()+c.GetGrey()+c.GetGreen())
		if n.GetAddress()+n.GetPhone()+n.GetTimeZone()+n.GetSerial() != "" {
			line += " told"
		}
		if n.GetMayChange() {
			line += " changes"
		}
		list = append(list, line)
	}
	return list
}

// TestTree_parts: who has a part of a tree sees it, the way to it, and tills of no other part, not even in the counts.
func TestTree_parts(t *testing.T) {
	eachTree(t, func(t *testing.T, w *treeWorld) {
		owner, err := w.c.store.Read().FirstOrganisation(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all := []string{
			owner.Name + " 2", " Северный отдел 1", "  Лавка Альфа 1 told", "   kassa-pq 1 told", " Южный отдел 1", "  Лавка Бета 1 told", "   kassa-qr 1 told",
		}
		changes := func(lines []string, from int) []string {
			list := slices.Clone(lines)
			for i := from; i < len(list); i++ {
				list[i] += " changes"
			}
			return list
		}
		path := func(told ...string) []string {
			list := []string{owner.Name + " 1", " Северный отдел 1", "  Лавка Альфа 1", "   kassa-pq 1"}
			for i := range list {
				if slices.Contains(told, strings.Fields(list[i])[0]) {
					list[i] += " told"
				}
			}
			return list
		}
		for name, c := range map[string]struct {
			role, node string
			want       []string
		}{
			"administrator of the whole":  {string(access.Administrator), "", changes(all, 0)},
			"viewer of the whole":         {string(access.Viewer), "", all},
			"configures a department":     {w.custom, w.a.department, changes(path("Лавка", "kassa-pq"), 1)},
			"technician of a department":  {string(access.Technician), w.a.department, path("Лавка", "kassa-pq")},
			"configures an outlet":        {w.custom, w.a.outlet, changes(path("Лавка", "kassa-pq"), 2)},
			"accountant of an outlet":     {string(access.Accountant), w.a.outlet, path("Лавка", "kassa-pq")},
			"configures a till":           {w.custom, w.a.till, changes(path("kassa-pq"), 3)},
			"viewer of a till":            {string(access.Viewer), w.a.till, path("kassa-pq")},
			"rights at what has gone":     {string(access.Administrator), "nodepartment0000", nil},
			"rights at somebody else's":   {string(access.Administrator), w.f.outlet, nil},
			"rights at another's company": {string(access.Administrator), w.f.organisation, nil},
		} {
			w.holds(t, [2]string{c.role, c.node})
			if diff := cmp.Diff(c.want, w.walker.picture(t)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		// Two parts are both seen, each with its own rights.
		w.holds(t, [2]string{w.custom, w.a.outlet}, [2]string{string(access.Viewer), w.b.till})
		want := append(changes(path("Лавка", "kassa-pq"), 2), " Южный отдел 1", "  Лавка Бета 1", "   kassa-qr 1 told")
		want[0] = owner.Name + " 2"
		if diff := cmp.Diff(want, w.walker.picture(t)); diff != "" {
			t.Errorf("two parts: %s", diff)
		}

		foreign := []string{"Чужая компания 1 changes", " Чужой отдел 1 changes", "  Чужая лавка 1 changes", "   kassa-rs 1 told changes"}
		if diff := cmp.Diff(foreign, w.hand(w.foreigner, "").picture(t)); diff != "" {
			t.Errorf("a foreign administrator: %s", diff)
		}
		// People of a service centre see what was handed to it, and change nothing there whatever they are at home.
		for centre, want := range map[string][]string{
			grantWhole: all, grantOutlet: path("Лавка", "kassa-pq"), grantTill: path("kassa-pq"), grantEnded: nil, grantRevoked: nil, grantOffered: nil,
		} {
			w.assign(t, w.serviceman, centre, string(access.Administrator), "")
			want = append(slices.Clone(want), "Сервис "+centre+" 0 changes")
			got := w.hand(w.serviceman, centre).picture(t)
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", centre, diff)
			}
		}
	})
}

// act is a call that changes a tree.
type act struct {
	name string
	call func(h *hand, s *spot, other *spot) error
}

// acts change what stands at a spot, or bring it to another one.
func (w *treeWorld) acts(t *testing.T) []act {
	t.Helper()
	ctx := t.Context()
	move := func(id, parent, before string) func(h *hand) error {
		return func(h *hand) error {
			_, err := h.MoveNode(ctx, &cabinetv1.MoveNodeRequest{Id: id, ParentId: parent, BeforeId: before})
			return err
		}
	}
	return []act{
		{"move the till away", func(h *hand, s, other *spot) error { return move(s.till, other.outlet, "")(h) }},
		{"move the outlet away", func(h *hand, s, other *spot) error { return move(s.outlet, other.department, "")(h) }},
		{"move the outlet to the top", func(h *hand, s, _ *spot) error { return move(s.outlet, s.organisation, "")(h) }},
		{"move the department away", func(h *hand, s, other *spot) error { return move(s.department, other.department, "")(h) }},
		{"move the department within the company", func(h *hand, s, _ *spot) error { return move(s.department, s.organisation, "")(h) }},
		{"rename the department", func(h *hand, s, _ *spot) error {
			_, err := h.ChangeNode(ctx, &cabinetv1.ChangeNodeRequest{Id: s.department, Name: "взято"})
			return err
		}},
		{"rename the outlet", func(h *hand, s, _ *spot) error {
			_, err := h.ChangeNode(ctx, &cabinetv1.ChangeNodeRequest{Id: s.outlet, Name: "взято"})
			return err
		}},
		{"rename the till", func(h *hand, s, _ *spot) error {
			_, err := h.ChangeNode(ctx, &cabinetv1.ChangeNodeRequest{Id: s.till, Name: "взято"})
			return err
		}},
		{"make an outlet in the department", func(h *hand, s, _ *spot) error {
			_, err := h.CreateNode(ctx, &cabinetv1.CreateNodeRequest{Kind: outlet, ParentId: s.department, Name: "новая"})
			return err
		}},
		{"make a department at the top", func(h *hand, s, _ *spot) error {
			_, err := h.CreateNode(ctx, &cabinetv1.CreateNodeRequest{Kind: department, ParentId: s.organisation, Name: "новый"})
			return err
		}},
		{"delete the outlet", func(h *hand, s, _ *spot) error {
			_, err := h.DeleteNode(ctx, &cabinetv1.DeleteNodeRequest{Id: s.outlet})
			return err
		}},
		{"delete the department", func(h *hand, s, _ *spot) error {
			_, err := h.DeleteNode(ctx, &cabinetv1.DeleteNodeRequest{Id: s.department})
			return err
		}},
		{"where the till stood", func(h *hand, s, _ *spot) error {
			_, err := h.ListStays(ctx, &cabinetv1.ListStaysRequest{TillId: s.till})
			return err
		}},
	}
}

// TestTree_refused: nobody changes a tree where he may not, nor takes out of it or brings into it; what he does not see is answered word for
// word like what does not exist. Nothing changes, and no line is written.
func TestTree_refused(t *testing.T) {
	eachTree(t, func(t *testing.T, w *treeWorld) {
		w.assign(t, w.serviceman, grantWhole, string(access.Administrator), "")
		w.assign(t, w.serviceman, grantOutlet, string(access.Administrator), "")
		w.assign(t, w.serviceman, grantEnded, string(access.Administrator), "")
		absent := *w.absent
		absent.organisation = "noorganisation00"
		before, lines := w.admin.picture(t), w.lines(t)
		const (
			till, top, stays       = "move the till away", "move the outlet to the top", "where the till stood"
			rename, create, remove = "rename the outlet", "make an outlet in the department", "delete the outlet"
		)
		everything := func(code connect.Code, but map[string]connect.Code) map[string]connect.Code {
			want := map[string]connect.Code{}
			for _, a := range w.acts(t) {
				want[a.name] = code
			}
			for name, code := range but {
				want[name] = code
			}
			return want
		}
		for _, c := range []struct {
			name   string
			rights [][2]string // of the walker
			hand   *hand       // another one than the walker's
			at, to *spot
			want   map[string]connect.Code
		}{
			{"a part of the tree, at another part", [][2]string{{w.custom, w.a.department}}, nil, w.b, w.a, everything(nowhere, nil)},
			{"one till, at another one", [][2]string{{w.custom, w.a.till}}, nil, w.b, w.a, everything(nowhere, nil)},
			{"out of his part", [][2]string{{w.custom, w.a.department}}, nil, w.a, w.b, map[string]connect.Code{
				till: nowhere, "move the outlet away": nowhere, top: nowhere, "move the department away": nowhere, "move the department within the company": nowhere,
				"make a department at the top": nowhere,
			}},
			{"out of his outlet", [][2]string{{w.custom, w.a.outlet}}, nil, w.a, w.b, map[string]connect.Code{
				till: nowhere, "move the outlet away": nowhere, top: nowhere, "rename the department": nowhere, create: nowhere, "delete the department": nowhere,
			}},
			{"into a part he only sees", [][2]string{{w.custom, w.a.department}, {string(access.Technician), w.b.department}}, nil, w.a, w.b, map[string]connect.Code{
				till: forbidden, "move the outlet away": forbidden, "move the department away": forbidden,
			}},
			{"out of a part he only sees", [][2]string{{w.custom, w.a.department}, {string(access.Technician), w.b.department}}, nil, w.b, w.a, map[string]connect.Code{
				till: forbidden, "move the outlet away": forbidden, top: forbidden, "rename the till": forbidden, rename: forbidden, create: forbidden, remove: forbidden,
				"rename the department": forbidden, "delete the department": forbidden,
			}},
			{"who sees everything", [][2]string{{string(access.Viewer), ""}}, nil, w.a, w.b, everything(forbidden, map[string]connect.Code{stays: 0})},
			{"a stranger", nil, w.hand(w.foreigner, ""), w.a, w.b, everything(nowhere, nil)},
			{"the owner at a stranger's", [][2]string{{string(access.Administrator), ""}}, nil, w.f, w.a, everything(nowhere, nil)},
			{"the owner to a stranger", [][2]string{{string(access.Administrator), ""}}, nil, w.a, w.f, map[string]connect.Code{
				till: nowhere, "move the outlet away": nowhere, "move the department away": nowhere,
			}},
			{"a service centre with everything", nil, w.hand(w.serviceman, grantWhole), w.a, w.b, everything(forbidden, map[string]connect.Code{stays: 0})},
			{"a service centre of another outlet", nil, w.hand(w.serviceman, grantOutlet), w.b, w.a, everything(nowhere, nil)},
			{"a service centre whose grant has ended", nil, w.hand(w.serviceman, grantEnded), w.a, w.b, everything(nowhere, nil)},
		} {
			if c.rights != nil {
				w.holds(t, c.rights...)
				c.hand = w.walker
			}
			for _, a := range w.acts(t) {
				want, asked := c.want[a.name]
				if !asked {
					continue
				}
				err := a.call(c.hand, c.at, c.to)
				if want == 0 && err == nil {
					continue
				}
				if got := connect.CodeOf(err); err == nil || got != want {
					t.Errorf("%s: %s: %v, want %v", c.name, a.name, err, want)
				} else if nothing := said(a.call(c.hand, &absent, &absent)); want == nowhere && absent.named(nothing) != c.at.named(said(err)) {
					t.Errorf("%s: %s: %q, of what does not exist %q", c.name, a.name, said(err), nothing)
				}
			}
		}
		if diff := cmp.Diff(before, w.admin.picture(t)); diff != "" {
			t.Errorf("refusals changed the tree: %s", diff)
		}
		if after := w.lines(t); after != lines {
			t.Errorf("refusals left %d lines in the journal", after-lines)
		}
	})
}

// said is what a refusal says to people and to programs.
func said(err error) string {
	if e, ok := errors.AsType[*connect.Error](err); ok {
		return e.Code().String() + " " + e.Message() + " " + e.Meta().Get("Chekan-Reason")
	}
	return fmt.Sprint(err)
}

// TestTree_moved: who configures two parts moves between them. What happened stays where it did: the old outlet keeps the till's documents and
// loses the till, the new one has the till without them; who has the till itself has all of it. Where a till stood is told by name only to who
// may know of the place.
func TestTree_moved(t *testing.T) {
	eachTree(t, func(t *testing.T, w *treeWorld) {
		ctx := t.Context()
		lines := w.lines(t)
		w.holds(t, [2]string{w.custom, w.a.department}, [2]string{w.custom, w.b.department})
		moved, err := w.walker.MoveNode(ctx, &cabinetv1.MoveNodeRequest{Id: w.a.till, ParentId: w.b.outlet, BeforeId: w.b.till})
		if err != nil || moved.GetNode().GetParentId() != w.b.outlet {
			t.Fatalf("%v %v", moved, err)
		}
		if _, err := w.walker.MoveNode(ctx, &cabinetv1.MoveNodeRequest{Id: w.a.outlet, ParentId: w.b.department}); err != nil {
			t.Fatal(err)
		}
		if after := w.lines(t); after != lines+2 {
			t.Errorf("two moves left %d lines in the journal", after-lines)
		}
		stays := func(h *hand) (list []string) {
			t.Helper()
			res, err := h.ListStays(ctx, &cabinetv1.ListStaysRequest{TillId: w.a.till})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range res.GetStays() {
				id := map[string]string{w.a.outlet: "a", w.b.outlet: "b", "": "?"}[s.GetOutletId()]
				list = append(list, fmt.Sprintf("%s %q %q %t", id, s.GetOutlet(), s.GetActor(), s.GetSince() != ""))
			}
			return list
		}
		if diff := cmp.Diff([]string{`b "Лавка Бета" "admin" true`, `a "Лавка Альфа" "" false`}, stays(w.admin)); diff != "" {
			t.Error(diff)
		}
		picture := []string{" Северный отдел 0 changes", " Южный отдел 2 changes", "  Лавка Бета 2 told changes", "   kassa-pq 1 told changes", "   kassa-qr 1 told changes", "  Лавка Альфа 0 told changes"}
		if diff := cmp.Diff(picture, w.walker.picture(t)[1:]); diff != "" {
			t.Error(diff)
		}

		paper := func(h *hand) error {
			_, err := h.documents.GetDocument(ctx, &cabinetv1.GetDocumentRequest{Fn: w.a.fn, Fd: w.a.fd})
			return err
		}
		w.holds(t, [2]string{string(access.Accountant), w.a.outlet})
		if err := paper(w.walker); err != nil {
			t.Errorf("the outlet lost what happened in it: %v", err)
		}
		if _, err := w.walker.ListStays(ctx, &cabinetv1.ListStaysRequest{TillId: w.a.till}); connect.CodeOf(err) != nowhere {
			t.Errorf("a till that has gone: %v", err)
		}
		if got := w.walker.picture(t); len(got) != 3 || !strings.HasPrefix(got[2], "  Лавка Альфа 0") {
			t.Errorf("the outlet it left: %q", got)
		}
		w.holds(t, [2]string{string(access.Accountant), w.b.outlet})
		if err := paper(w.walker); connect.CodeOf(err) != nowhere {
			t.Errorf("the past of another outlet came with the till: %v", err)
		}
		if diff := cmp.Diff([]string{`b "Лавка Бета" "admin" true`, `? "" "" false`}, stays(w.walker)); diff != "" {
			t.Errorf("an outlet out of sight: %s", diff)
		}
		w.holds(t, [2]string{string(access.Accountant), w.a.till})
		if err := paper(w.walker); err != nil {
			t.Errorf("who has the till lost a part of it: %v", err)
		}

		// It goes back, and who has the other outlet knows nothing of it any more.
		w.holds(t, [2]string{string(access.Accountant), w.b.outlet})
		if _, err := w.admin.MoveNode(ctx, &cabinetv1.MoveNodeRequest{Id: w.a.till, ParentId: w.a.outlet}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.walker.ListStays(ctx, &cabinetv1.ListStaysRequest{TillId: w.a.till}); connect.CodeOf(err) != nowhere {
			t.Errorf("a till that has gone back: %v", err)
		}
	})
}

// TestTree_reopened: an outlet that was closed is opened again, with its past, only by who may have it: for anybody else its name is taken.
func TestTree_reopened(t *testing.T) {
	eachTree(t, func(t *testing.T, w *treeWorld) {
		ctx := t.Context()
		if _, err := w.admin.MoveNode(ctx, &cabinetv1.MoveNodeRequest{Id: w.b.till, ParentId: w.a.outlet}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.admin.DeleteNode(ctx, &cabinetv1.DeleteNodeRequest{Id: w.b.outlet}); err != nil {
			t.Fatal(err)
		}
		again := func() (*cabinetv1.CreateNodeResponse, error) {
			return w.walker.CreateNode(ctx, &cabinetv1.CreateNodeRequest{Kind: outlet, ParentId: w.a.department, Name: w.b.outletName})
		}
		w.holds(t, [2]string{w.custom, w.a.department})
		if made, err := again(); connect.CodeOf(err) != connect.CodeAlreadyExists || reason(err) != "tree_name_taken" {
			t.Errorf("the past of another department was taken over: %v %v", made, err)
		}
		w.holds(t, [2]string{w.custom, w.a.department}, [2]string{w.custom, w.b.department})
		if made, err := again(); err != nil || made.GetNode().GetId() != w.b.outlet {
			t.Errorf("%v %v", made, err)
		}
	})
}
