package remote

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

const (
	running = cabinetv1.WorkState_WORK_STATE_RUNNING
	stopped = cabinetv1.WorkState_WORK_STATE_STOPPED
	through = cabinetv1.WorkState_WORK_STATE_DONE
	off     = cabinetv1.WorkState_WORK_STATE_CANCELLED
)

// Target is a till of a work that the asker may act on, with its owner.
type Target struct{ TillID, OwnerID string }

// check says what is wrong with an order, and gives it as it is kept.
func check(o *cabinetv1.WorkOrder) (*cabinetv1.WorkOrder, error) {
	o = proto.CloneOf(o)
	if o == nil {
		return nil, fmt.Errorf("no order: %w", ErrInvalid)
	}
	o.Reason = strings.TrimSpace(o.GetReason())
	_, known := fiscalv1.Action_name[int32(o.GetAction())]
	seen := map[string]bool{}
	for _, id := range o.GetTillIds() {
		if seen[id] {
			return nil, fmt.Errorf("till %q twice: %w", id, ErrInvalid)
		}
		seen[id] = true
	}
	switch {
	case !known, o.GetAction() == fiscalv1.Action_ACTION_UNSPECIFIED, o.GetAction() == fiscalv1.Action_ACTION_DECIDE, o.GetAction() == fiscalv1.Action_ACTION_CONFIGURE,
		fleet.ForAgent(o.GetAction()):
		return nil, fmt.Errorf("action %d is none of many tills: %w", o.GetAction(), ErrInvalid)
	case len(o.GetTillIds()) == 0 || len(o.GetTillIds()) > MaxTills:
		return nil, fmt.Errorf("a work has 1 to %d tills: %w", MaxTills, ErrInvalid)
	case utf8.RuneCountInString(o.GetReason()) > maxReason || !store.Keeps(o.GetReason()):
		return nil, fmt.Errorf("reason has at most %d characters: %w", maxReason, ErrInvalid)
	case o.GetPerMinute() > maxRate:
		return nil, fmt.Errorf("%d tills a minute: %w", o.GetPerMinute(), ErrInvalid)
	case o.GetStopPercent() > 100 || o.GetStopFailures() > MaxTills || o.GetStopAfter() > MaxTills:
		return nil, fmt.Errorf("when to stop: %w", ErrInvalid)
	case o.GetWaitMinutes() != 0 && (o.GetWaitMinutes() < 5 || o.GetWaitMinutes() > 24*60):
		return nil, fmt.Errorf("a command waits from 5 minutes to a day: %w", ErrInvalid)
	case fleet.Demands(o.GetAction(), nil).GetReason() && o.GetReason() == "":
		return nil, fleet.ErrReason
	}
	return o, nil
}

// commandID is the id of a till's command in a work. It follows from both, so that a cabinet that forgot giving it gives the same.
func commandID(organisation, workID, tillID string) string {
	sum := sha256.Sum256([]byte(organisation + "\x00" + workID + "\x00" + tillID))
	return "w-" + hex.EncodeToString(sum[:16])
}

// Planned is what a work would come to on one till.
type Planned struct {
	Till            *fleet.Till
	Obstacle, Doubt string
}

// Plan tells of each till what the action would come to there. Nothing is done.
func (r *Remote) Plan(ctx context.Context, order *cabinetv1.WorkOrder, targets []Target) ([]Planned, *cabinetv1.Demands, *fiscalv1.Run, error) {
	order = proto.CloneOf(order)
	if order.GetReason() == "" {
		order.Reason = "-" // it is given with the start
	}
	order, err := check(order)
	if err != nil {
		return nil, nil, nil, err
	}
	demands := fleet.Demands(order.GetAction(), nil)
	list := make([]Planned, 0, len(targets))
	var plan *fiscalv1.Run
	agents := map[string]bool{}
	for _, target := range targets {
		t, err := r.fleet.Till(ctx, target.OwnerID, target.TillID)
		if err != nil {
			return nil, nil, nil, err
		}
		c, err := r.fleet.Foresee(ctx, t, order.GetAction())
		if err != nil {
			return nil, nil, nil, err
		}
		if plan == nil {
			plan = c.Plan
		}
		demands.Proof = demands.GetProof() || c.Demands.GetProof()
		p := Planned{Till: t, Obstacle: c.Obstacle, Doubt: c.Doubt}
		if fleet.OfAgent(order.GetAction()) && p.Obstacle == "" {
			if agents[t.AgentID] {
				p.Obstacle, p.Doubt = fleet.ObstacleSameAgent, ""
			}
			agents[t.AgentID] = true
		}
		list = append(list, p)
	}
	return list, demands, plan, nil
}

// Start begins a work. The id is the asker's: asking twice is asking once.
func (r *Remote) Start(ctx context.Context, p *access.Person, id string, order *cabinetv1.WorkOrder, targets []Target) error {
	if id == "" || len(id) > maxID || !store.Keeps(id) {
		return fmt.Errorf("id of a work has 1 to %d bytes: %w", maxID, ErrInvalid)
	}
	order, err := check(order)
	if err != nil {
		return err
	}
	if again, err := r.repeated(ctx, p, id, order); again || err != nil {
		return err
	}
	planned, _, _, err := r.Plan(ctx, order, targets)
	if err != nil {
		return err
	}
	kept := proto.CloneOf(order)
	kept.TillIds = nil
	raw, err := proto.Marshal(kept)
	if err != nil {
		return fmt.Errorf("encode order: %w", err)
	}
	now := store.Micros(r.now())
	fresh := int64(0)
	err = r.store.Tx(ctx, func(q *db.Queries) error {
		fresh, err = q.CreateWork(ctx, db.CreateWorkParams{
			OrganisationID: p.OrganisationID, ID: id, WorkOrder: raw, State: int32(running), PersonID: p.ID, Actor: p.Login, CreatedAt: now,
		})
		if err != nil || fresh == 0 {
			return err
		}
		for i, target := range targets {
			state := waiting
			if planned[i].Obstacle != "" {
				state = refused
			}
			if err := q.AddWorkTill(ctx, db.AddWorkTillParams{
				OrganisationID: p.OrganisationID, WorkID: id, Position: int32(i), TillID: target.TillID, OwnerID: target.OwnerID, State: int32(state),
				CommandID: commandID(p.OrganisationID, id, target.TillID), Obstacle: planned[i].Obstacle,
			}); err != nil {
				return err
			}
		}
		return r.note(ctx, q, p.OrganisationID, id, "work.started", order, fmt.Sprint(len(targets)))
	})
	if err != nil {
		return fmt.Errorf("store work: %w", err)
	}
	if fresh == 0 {
		_, err := r.repeated(ctx, p, id, order)
		return err
	}
	r.log.InfoContext(ctx, "work started", "work", id, "action", order.GetAction().String(), "tills", len(targets), "person", p.ID)
	r.publish(ctx, p.OrganisationID, id)
	return nil
}

// note tells the journal of every owner concerned.
func (r *Remote) note(ctx context.Context, q *db.Queries, organisation, id, act string, order *cabinetv1.WorkOrder, what string) error {
	owners, err := q.ListWorkOwners(ctx, db.ListWorkOwnersParams{OrganisationID: organisation, WorkID: id})
	if err != nil {
		return err
	}
	if !slices.Contains(owners, organisation) {
		owners = append(owners, organisation)
	}
	slices.Sort(owners) // journals are taken in one order by everybody
	for _, owner := range owners {
		if err := audit.Note(ctx, q, audit.Entry{
			OrganisationID: owner, Act: act, Object: id, Name: strings.ToLower(strings.TrimPrefix(order.GetAction().String(), "ACTION_")), New: what, Old: order.GetReason(),
		}); err != nil {
			return err
		}
	}
	return nil
}

// repeated tells whether a work was asked for before; [ErrConflict] when its id is another's.
func (r *Remote) repeated(ctx context.Context, p *access.Person, id string, order *cabinetv1.WorkOrder) (bool, error) {
	row, err := r.store.Read().GetWork(ctx, db.GetWorkParams{OrganisationID: p.OrganisationID, ID: id})
	if store.NotFound(err) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("read work: %w", err)
	}
	was, err := orderOf(row)
	if err != nil {
		return false, err
	}
	rows, err := r.store.Read().ListWorkStandings(ctx, db.ListWorkStandingsParams{OrganisationID: row.OrganisationID, WorkID: id})
	if err != nil {
		return false, fmt.Errorf("read work: %w", err)
	}
	for _, t := range rows {
		was.TillIds = append(was.TillIds, t.TillID)
	}
	if row.PersonID != p.ID || !proto.Equal(was, order) {
		return false, ErrConflict
	}
	return true, nil
}

func orderOf(row db.Work) (*cabinetv1.WorkOrder, error) {
	o := new(cabinetv1.WorkOrder)
	if err := proto.Unmarshal(row.WorkOrder, o); err != nil {
		return nil, fmt.Errorf("order of work %s: %w", row.ID, err)
	}
	return o, nil
}

// Item is a till of a work, where it stands now.
type Item struct {
	TillID, OwnerID, OutletID, Name, Outlet string
	State                                   cabinetv1.WorkTillState
	Obstacle, CommandID                     string
	given                                   time.Time
	ordered                                 bool // its command is there
}

// Work is a work with its tills.
type Work struct {
	ID, OrganisationID string
	PersonID, Actor    string
	Order              *cabinetv1.WorkOrder
	State              cabinetv1.WorkState
	Why                string
	Created, Ended     time.Time
	Items              []Item
	forgiven           int
}

// Counts adds up some of a work's tills.
func Counts(items []Item) *cabinetv1.WorkCounts {
	states := make([]cabinetv1.WorkTillState, len(items))
	for i, item := range items {
		states[i] = item.State
	}
	return count(states)
}

func (r *Remote) work(ctx context.Context, row db.Work) (*Work, error) {
	order, err := orderOf(row)
	if err != nil {
		return nil, err
	}
	w := &Work{
		ID: row.ID, OrganisationID: row.OrganisationID, PersonID: row.PersonID, Actor: row.Actor, Order: order, State: cabinetv1.WorkState(row.State), Why: row.Why,
		Created: time.UnixMicro(row.CreatedAt), forgiven: int(row.Forgiven),
	}
	if row.EndedAt != 0 {
		w.Ended = time.UnixMicro(row.EndedAt)
	}
	rows, err := r.store.Read().ListWorkStandings(ctx, db.ListWorkStandingsParams{OrganisationID: row.OrganisationID, WorkID: row.ID})
	if err != nil {
		return nil, fmt.Errorf("list tills of a work: %w", err)
	}
	for _, t := range rows {
		item := Item{
			TillID: t.TillID, OwnerID: t.OwnerID, OutletID: t.OutletID, Name: t.Name, Outlet: t.Outlet, Obstacle: t.Obstacle, CommandID: t.CommandID,
			State: stands(cabinetv1.WorkTillState(t.State), cabinetv1.CommandState(t.CommandState)), ordered: t.CommandState != 0,
		}
		if t.GivenAt != 0 {
			item.given = time.UnixMicro(t.GivenAt)
		}
		w.Items = append(w.Items, item)
	}
	return w, nil
}

// Work gives a work that an organisation asked for, or that concerns tills of its own.
func (r *Remote) Work(ctx context.Context, organisation, id string) (*Work, error) {
	rows, err := r.store.Read().FindWork(ctx, db.FindWorkParams{ID: id, OrganisationID: organisation})
	if err != nil {
		return nil, fmt.Errorf("find work: %w", err)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("work %q: %w", id, ErrNotFound)
	}
	row := rows[0]
	for _, other := range rows { // two may have chosen one id: its own is the nearer
		if other.OrganisationID == organisation {
			row = other
		}
	}
	return r.work(ctx, row)
}

// Works gives the works that an organisation asked for or that concern its tills, newest first.
func (r *Remote) Works(ctx context.Context, organisation string, limit int) ([]*Work, error) {
	rows, err := r.store.Read().ListWorks(ctx, db.ListWorksParams{OrganisationID: organisation, Most: int32(min(max(limit, 1), maxList))})
	if err != nil {
		return nil, fmt.Errorf("list works: %w", err)
	}
	list := make([]*Work, 0, len(rows))
	for _, row := range rows {
		w, err := r.work(ctx, row)
		if err != nil {
			return nil, err
		}
		list = append(list, w)
	}
	return list, nil
}

// Change pauses a work, has it go on, or calls it off.
func (r *Remote) Change(ctx context.Context, w *Work, change cabinetv1.WorkChange) error {
	next, ok := after(w.State, change)
	switch {
	case change == cabinetv1.WorkChange_WORK_CHANGE_UNSPECIFIED:
		return fmt.Errorf("change of a work: %w", ErrInvalid)
	case !ok:
		return ErrOver
	case next == w.State:
		return nil
	}
	forgiven, ended := w.forgiven, int64(0)
	if next == running {
		c := Counts(w.Items)
		forgiven = int(c.GetFailed() + c.GetExpired())
	}
	if next == off {
		ended = store.Micros(r.now())
	}
	n := int64(0)
	err := r.store.Tx(ctx, func(q *db.Queries) (err error) {
		n, err = q.SetWorkState(ctx, db.SetWorkStateParams{
			OrganisationID: w.OrganisationID, ID: w.ID, State: int32(next), Forgiven: int64(forgiven), EndedAt: ended, Was: int32(w.State),
		})
		if err != nil || n == 0 {
			return err
		}
		if next == off {
			if err := q.CancelWorkTills(ctx, db.CancelWorkTillsParams{OrganisationID: w.OrganisationID, WorkID: w.ID, Cancelled: int32(cancelled), Waiting: int32(waiting)}); err != nil {
				return err
			}
		}
		word := strings.ToLower(strings.TrimPrefix(next.String(), "WORK_STATE_"))
		return r.note(ctx, q, w.OrganisationID, w.ID, "work."+word, w.Order, fmt.Sprint(len(w.Items)))
	})
	if err != nil {
		return fmt.Errorf("change work: %w", err)
	}
	if n == 0 { // it has moved on meanwhile
		return ErrOver
	}
	r.publish(ctx, w.OrganisationID, w.ID)
	return nil
}

// publish tells whoever asked and whose tills they are.
func (r *Remote) publish(ctx context.Context, organisation, id string) {
	owners, err := r.store.Read().ListWorkOwners(ctx, db.ListWorkOwnersParams{OrganisationID: organisation, WorkID: id})
	if err != nil {
		r.log.WarnContext(ctx, "watchers not told of a work", "work", id, "error", err)
	}
	if !slices.Contains(owners, organisation) {
		owners = append(owners, organisation)
	}
	for _, owner := range owners {
		r.fleet.Hub().Publish(owner, fleet.Change{What: fleet.WorkChanged, ID: id})
	}
}
