package people

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// maxTerm is the longest term of a grant; without an end it holds until it is taken back.
const maxTerm = 10 * 366 * 24 * time.Hour

// GrantState is how a grant stands.
type GrantState int

// States of grants.
const (
	NoState GrantState = iota
	Offered
	Active
	Ended
	Revoked
)

// Grant is a part of an organisation's tree in the hands of a service centre.
type Grant struct {
	ID string
	// OrganisationID is of the owner, ServiceID of the service centre; Party is the name of the other of the two.
	OrganisationID, ServiceID, Party string
	Node, NodeName                   string
	NodeKind                         NodeKind
	OfferedAt, GivenAt               int64
	// EndsAt is 0 when it holds until it is taken back.
	EndsAt, RevokedAt  int64
	GivenBy, RevokedBy string
	// Contacts are of the service centre, for the owner while the grant holds.
	Contacts Contacts
}

// Contacts are how people reach those who help.
type Contacts struct{ Name, Email, Phone, Hours string }

// State tells how a grant stands at a time.
func (g Grant) State(now int64) GrantState {
	switch {
	case g.RevokedAt != 0:
		return Revoked
	case g.GivenAt == 0:
		return Offered
	case g.EndsAt != 0 && g.EndsAt <= now:
		return Ended
	}
	return Active
}

// served is what a service centre gets with a grant at the most.
func served() access.Set {
	may := access.Set{}
	for _, g := range access.Permissions() {
		if g.Service {
			may[g.Permission] = true
		}
	}
	return may
}

// Centre is whose a partner code is.
type Centre struct{ ID, Name, Country, TaxID string }

// ServiceCentre gives the service centre of a partner code.
func (p *People) ServiceCentre(ctx context.Context, code string) (Centre, error) {
	return centre(ctx, p.store.Read(), code)
}

func centre(ctx context.Context, q *db.Queries, code string) (Centre, error) {
	row, err := q.GetServiceCentre(ctx, plainCode(code))
	if store.NotFound(err) {
		return Centre{}, refuse(ErrNotFound, "partner_code", "no_centre")
	} else if err != nil {
		return Centre{}, fmt.Errorf("find service centre: %w", err)
	}
	return Centre(row), nil
}

// Offer notes in the caller's transaction that a new organisation wants to be served by the service centre of a partner code. It
// gives nothing: that is for the organisation's administrator, by [People.AcceptGrant].
func Offer(ctx context.Context, q *db.Queries, now int64, organisationID, partnerCode string) error {
	c, err := centre(ctx, q, partnerCode)
	if err != nil {
		return err
	}
	if c.ID == organisationID {
		return refuse(ErrInvalid, "partner_code", "own_code")
	}
	id := store.NewID()
	if err := q.CreateGrant(ctx, db.CreateGrantParams{ID: id, OrganisationID: organisationID, ServiceID: c.ID, OfferedAt: now}); err != nil {
		return fmt.Errorf("offer to be served: %w", err)
	}
	return audit.Note(ctx, q, audit.Entry{OrganisationID: organisationID, Act: "service.offered", Object: id, Name: c.Name})
}

func grantOf(v *view, r db.ListGrantsOfRow, now int64) Grant {
	g := Grant{
		ID: r.ID, OrganisationID: v.by.OrganisationID, ServiceID: r.ServiceID, Party: r.Party, Node: r.NodeID, OfferedAt: r.OfferedAt, GivenAt: r.GivenAt,
		EndsAt: r.EndsAt, RevokedAt: r.RevokedAt, GivenBy: r.GivenBy, RevokedBy: r.RevokedBy,
	}
	n, _ := v.tree.node(g.Node)
	g.NodeKind = n.Kind
	if g.Node != "" {
		g.NodeName = n.Name
	}
	if g.State(now) == Active {
		g.Contacts = Contacts{Name: r.Party, Email: r.Email, Phone: r.Phone, Hours: r.Hours}
	}
	return g
}

// Grants gives what the organisation somebody works in handed to service centres, where they see tills: offers first, then what
// holds, then the rest.
func (p *People) Grants(ctx context.Context, by *access.Person) ([]Grant, error) {
	return p.grants(ctx, p.store.Read(), by)
}

func (p *People) grants(ctx context.Context, q *db.Queries, by *access.Person) ([]Grant, error) {
	v, err := p.look(ctx, q, by)
	if err != nil {
		return nil, err
	}
	rows, err := q.ListGrantsOf(ctx, by.OrganisationID)
	if err != nil {
		return nil, fmt.Errorf("list grants: %w", err)
	}
	now := store.Micros(p.now())
	var list []Grant
	for _, r := range rows {
		g := grantOf(v, r, now)
		if place := v.tree.place(g.Node); by.CanAt(access.PeopleManage, place) || by.CanAt(access.TillsView, place) {
			list = append(list, g)
		}
	}
	slices.SortStableFunc(list, func(a, b Grant) int { return cmp.Compare(min(a.State(now), Ended), min(b.State(now), Ended)) })
	return list, nil
}

// mine gives a grant that somebody may change: they manage people where it holds.
func (p *People) mine(ctx context.Context, q *db.Queries, by *access.Person, id string) (Grant, error) {
	g, err := p.grant(ctx, q, by, id)
	if err != nil {
		return g, err
	}
	v, err := p.look(ctx, q, by)
	if err == nil && !by.CanAt(access.PeopleManage, v.tree.place(g.Node)) {
		err = refuse(ErrDenied, "", "not_yours")
	}
	return g, err
}

// grant gives one that somebody may look at.
func (p *People) grant(ctx context.Context, q *db.Queries, by *access.Person, id string) (Grant, error) {
	list, err := p.grants(ctx, q, by)
	if err != nil {
		return Grant{}, err
	}
	i := slices.IndexFunc(list, func(g Grant) bool { return g.ID == id })
	if i < 0 {
		return Grant{}, notFound("grant")
	}
	return list[i], nil
}

// term checks the end of a grant.
func (p *People) term(endsAt int64) error {
	now := p.now()
	switch end := time.UnixMicro(endsAt); {
	case endsAt == 0:
		return nil
	case !end.After(now):
		return refuse(ErrInvalid, "ends_ms", "past")
	case end.Sub(now) > maxTerm:
		return refuse(ErrInvalid, "ends_ms", "far")
	}
	return nil
}

// handing checks that somebody may hand a node to a service centre, and that it is not in its hands already.
func (p *People) handing(ctx context.Context, q *db.Queries, by *access.Person, node, serviceID, but string) error {
	v, err := p.look(ctx, q, by)
	if err != nil {
		return err
	}
	if _, there := v.tree.node(node); !there || !v.by.CanAt(access.PeopleManage, v.tree.place(node)) {
		return notFound("node")
	}
	if err := mayGive(by, served(), v.tree.place(node)); err != nil {
		return err
	}
	list, err := p.grants(ctx, q, by)
	if err != nil {
		return err
	}
	now := store.Micros(p.now())
	for _, g := range list {
		if g.ID != but && g.ServiceID == serviceID && g.Node == node && g.State(now) == Active {
			return refuse(ErrConflict, "node_id", "served")
		}
	}
	return nil
}

// note writes about a grant into the journals of both sides. Who gave it is the owner's own affair: the centre's journal names the
// owner only.
func note(ctx context.Context, q *db.Queries, by *access.Person, g Grant, act, before, after string) error {
	where := cmp.Or(g.NodeName, by.Organisation)
	if err := audit.Note(ctx, q, audit.Entry{OrganisationID: by.OrganisationID, Act: act, Object: g.ID, Name: g.Party + ": " + where, Old: before, New: after}); err != nil {
		return err
	}
	ctx = audit.WithActor(ctx, audit.Actor{Name: by.Organisation})
	return audit.Note(ctx, q, audit.Entry{OrganisationID: g.ServiceID, Act: act, Object: g.ID, Name: by.Organisation + ": " + where, Old: before, New: after})
}

func endWords(endsAt int64) string {
	if endsAt == 0 {
		return "∞"
	}
	return time.UnixMicro(endsAt).UTC().Format(time.DateOnly)
}

// GiveGrant hands a part of the tree to the service centre of a partner code; endsAt 0 is until it is taken back.
func (p *People) GiveGrant(ctx context.Context, by *access.Person, code, node string, endsAt int64) (g Grant, err error) {
	if err := p.term(endsAt); err != nil {
		return g, err
	}
	err = p.locked(ctx, by.OrganisationID, func(q *db.Queries) error {
		c, err := centre(ctx, q, code)
		if err != nil {
			return err
		}
		if c.ID == by.OrganisationID {
			return refuse(ErrInvalid, "partner_code", "own_code")
		}
		if err := p.handing(ctx, q, by, node, c.ID, ""); err != nil {
			return err
		}
		now, id := store.Micros(p.now()), store.NewID()
		if err := q.CreateGrant(ctx, db.CreateGrantParams{
			ID: id, OrganisationID: by.OrganisationID, ServiceID: c.ID, NodeID: node, OfferedAt: now, GivenAt: now, GivenBy: by.Login, EndsAt: endsAt,
		}); err != nil {
			return fmt.Errorf("give to service centre: %w", err)
		}
		if g, err = p.grant(ctx, q, by, id); err != nil {
			return err
		}
		return note(ctx, q, by, g, "service.given", "", endWords(endsAt))
	})
	return g, p.changed(err)
}

// AcceptGrant gives what was offered by a partner code.
func (p *People) AcceptGrant(ctx context.Context, by *access.Person, id, node string, endsAt int64) (g Grant, err error) {
	if err := p.term(endsAt); err != nil {
		return g, err
	}
	err = p.locked(ctx, by.OrganisationID, func(q *db.Queries) error {
		was, err := p.grant(ctx, q, by, id)
		if err != nil {
			return err
		}
		if was.State(store.Micros(p.now())) != Offered {
			return refuse(ErrConflict, "", "not_offered")
		}
		if err := p.handing(ctx, q, by, node, was.ServiceID, id); err != nil {
			return err
		}
		if _, err := q.GiveGrant(ctx, db.GiveGrantParams{
			OrganisationID: by.OrganisationID, ID: id, NodeID: node, GivenAt: store.Micros(p.now()), GivenBy: by.Login, EndsAt: endsAt,
		}); err != nil {
			return fmt.Errorf("give to service centre: %w", err)
		}
		if g, err = p.grant(ctx, q, by, id); err != nil {
			return err
		}
		return note(ctx, q, by, g, "service.given", "", endWords(endsAt))
	})
	return g, p.changed(err)
}

// ProlongGrant sets another end of what was given; one that has ended holds again.
func (p *People) ProlongGrant(ctx context.Context, by *access.Person, id string, endsAt int64) (g Grant, err error) {
	if err := p.term(endsAt); err != nil {
		return g, err
	}
	err = p.locked(ctx, by.OrganisationID, func(q *db.Queries) error {
		was, err := p.mine(ctx, q, by, id)
		if err != nil {
			return err
		}
		if state := was.State(store.Micros(p.now())); state != Active && state != Ended {
			return refuse(ErrConflict, "", "not_given")
		}
		if err := p.handing(ctx, q, by, was.Node, was.ServiceID, id); err != nil {
			return err
		}
		if _, err := q.ProlongGrant(ctx, db.ProlongGrantParams{OrganisationID: by.OrganisationID, ID: id, EndsAt: endsAt}); err != nil {
			return fmt.Errorf("prolong: %w", err)
		}
		if g, err = p.grant(ctx, q, by, id); err != nil {
			return err
		}
		return note(ctx, q, by, g, "service.prolonged", endWords(was.EndsAt), endWords(endsAt))
	})
	return g, p.changed(err)
}

// RevokeGrant takes a grant back, or refuses an offer.
func (p *People) RevokeGrant(ctx context.Context, by *access.Person, id string) (g Grant, err error) {
	err = p.locked(ctx, by.OrganisationID, func(q *db.Queries) error {
		was, err := p.mine(ctx, q, by, id)
		if err != nil {
			return err
		}
		act := "service.revoked"
		switch was.State(store.Micros(p.now())) {
		case Offered:
			act = "service.refused"
		case Active, Ended, NoState:
		case Revoked:
			return refuse(ErrConflict, "", "not_given")
		}
		if _, err := q.RevokeGrant(ctx, db.RevokeGrantParams{OrganisationID: by.OrganisationID, ID: id, RevokedAt: store.Micros(p.now()), RevokedBy: by.Login}); err != nil {
			return fmt.Errorf("take back from service centre: %w", err)
		}
		if g, err = p.grant(ctx, q, by, id); err != nil {
			return err
		}
		return note(ctx, q, by, g, act, "", "")
	})
	return g, p.changed(err)
}

// Clients gives a service centre what owners handed to it, by their names, and its partner code. Who gave it is not told.
func (p *People) Clients(ctx context.Context, by *access.Person) ([]Grant, string, error) {
	if by.Kind != access.KindService {
		return nil, "", nil
	}
	code, err := p.partnerCode(ctx, by.OrganisationID)
	if err != nil {
		return nil, "", err
	}
	q := p.store.Read()
	rows, err := q.ListGrantsTo(ctx, by.OrganisationID)
	if err != nil {
		return nil, "", fmt.Errorf("list clients: %w", err)
	}
	trees := map[string]*tree{}
	list := make([]Grant, 0, len(rows))
	for _, r := range rows {
		t := trees[r.OrganisationID]
		if t == nil {
			if t, err = p.tree(ctx, q, r.OrganisationID, r.Party); err != nil {
				return nil, "", err
			}
			trees[r.OrganisationID] = t
		}
		g := Grant{
			ID: r.ID, OrganisationID: r.OrganisationID, ServiceID: by.OrganisationID, Party: r.Party, Node: r.NodeID, OfferedAt: r.OfferedAt, GivenAt: r.GivenAt, EndsAt: r.EndsAt,
		}
		n, _ := t.node(g.Node)
		if g.NodeKind = n.Kind; g.Node != "" {
			g.NodeName = n.Name
		}
		list = append(list, g)
	}
	slices.SortStableFunc(list, func(a, b Grant) int { return strings.Compare(a.Party, b.Party) })
	return list, code, nil
}
