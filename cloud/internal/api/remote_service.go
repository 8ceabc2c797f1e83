package api

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/remote"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
)

var _ cabinetv1connect.RemoteServiceHandler = (*remoteService)(nil)

type remoteService struct{ s *Server }

// targets gives the tills of an order at which the caller may work; one that they may not is as one that is not there.
func (r *remoteService) targets(ctx context.Context, order *cabinetv1.WorkOrder) (list []remote.Target, err error) {
	if len(order.GetTillIds()) > remote.MaxTills {
		return nil, fmt.Errorf("a work has at most %d tills: %w", remote.MaxTills, remote.ErrInvalid)
	}
	for _, id := range order.GetTillIds() {
		_, place, err := r.s.at(ctx, access.TillsRecover, id)
		if absent(err) {
			continue
		} else if err != nil {
			return nil, err
		}
		list = append(list, remote.Target{TillID: id, OwnerID: place.OrganisationID})
	}
	return list, nil
}

// PlanWork implements RemoteService.
func (r *remoteService) PlanWork(ctx context.Context, q *cabinetv1.PlanWorkRequest) (*cabinetv1.PlanWorkResponse, error) {
	order := q.GetOrder()
	if order == nil {
		order = new(cabinetv1.WorkOrder) // which is refused in its own words
	}
	targets, err := r.targets(ctx, order)
	if err != nil {
		return nil, err
	}
	list, demands, plan, err := r.s.Remote.Plan(ctx, order, targets)
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.PlanWorkResponse{Demands: demands, Plan: plan}
	for _, p := range list {
		res.Tills = append(res.Tills, &cabinetv1.WorkTill{TillId: p.Till.ID, Name: p.Till.Name, Outlet: p.Till.Outlet, Obstacle: p.Obstacle, Doubt: p.Doubt})
	}
	return res, nil
}

// StartWork implements RemoteService.
func (r *remoteService) StartWork(ctx context.Context, q *cabinetv1.StartWorkRequest) (*cabinetv1.StartWorkResponse, error) {
	targets, err := r.targets(ctx, q.GetOrder())
	if err != nil {
		return nil, err
	}
	if len(targets) != len(q.GetOrder().GetTillIds()) {
		return nil, fmt.Errorf("some of the tills: %w", remote.ErrNotFound)
	}
	demands := fleet.Demands(q.GetOrder().GetAction(), nil)
	for _, t := range targets { // what one till demands is demanded for all
		if demands.GetProof() {
			break
		}
		if demands.Proof, err = r.s.wantsProof(ctx, t.OwnerID, t.TillID, q.GetOrder().GetAction()); err != nil {
			return nil, err
		}
	}
	if demands.GetProof() {
		if err := r.s.proven(ctx); err != nil {
			return nil, err
		}
	}
	if demands.GetConfirm() && strings.TrimSpace(q.GetConfirm()) != strconv.Itoa(len(targets)) {
		return nil, fleet.ErrConfirm
	}
	p := access.PersonFrom(ctx)
	if err := r.s.Remote.Start(ctx, p, q.GetId(), q.GetOrder(), targets); err != nil {
		return nil, err
	}
	w, err := r.s.Remote.Work(ctx, p.OrganisationID, q.GetId())
	if err != nil {
		return nil, err
	}
	v, err := r.view(ctx, w)
	return &cabinetv1.StartWorkResponse{Work: v}, err
}

// itemsSeen gives the tills of a work that the caller may see.
func itemsSeen(reach access.Reach, w *remote.Work) (items []remote.Item) {
	for _, item := range w.Items {
		if reach.Has(item.OwnerID, item.OutletID, item.TillID) {
			items = append(items, item)
		}
	}
	return items
}

// mine tells whether the caller may change a work: whoever asked for it, or who may everything at all of its tills.
func mine(p *access.Person, recovers access.Reach, w *remote.Work) bool {
	return w.OrganisationID == p.OrganisationID && w.PersonID == p.ID || len(itemsSeen(recovers, w)) == len(w.Items) && len(w.Items) > 0
}

// reaches gives where the caller sees tills and where he may recover them: a work is shown by both.
func (r *remoteService) reaches(ctx context.Context) (views, recovers access.Reach, err error) {
	if views, err = r.s.reach(ctx, access.TillsView); err != nil {
		return nil, nil, err
	}
	recovers, err = r.s.reach(ctx, access.TillsRecover)
	return views, recovers, err
}

func (r *remoteService) view(ctx context.Context, w *remote.Work) (*cabinetv1.Work, error) {
	views, recovers, err := r.reaches(ctx)
	if err != nil {
		return nil, err
	}
	return workView(access.PersonFrom(ctx), views, recovers, w), nil
}

// workView shows a work by the tills its reader may see; nil when that is none and it is not theirs.
func workView(p *access.Person, views, recovers access.Reach, w *remote.Work) *cabinetv1.Work {
	items := itemsSeen(views, w)
	own := mine(p, recovers, w)
	if len(items) == 0 && !own {
		return nil
	}
	v := &cabinetv1.Work{
		Id: w.ID, Order: w.Order, State: w.State, Why: w.Why, Actor: w.Actor, CreatedMs: w.Created.UnixMilli(), Counts: remote.Counts(items), Mine: own,
	}
	if !w.Ended.IsZero() {
		v.EndedMs = w.Ended.UnixMilli()
	}
	return v
}

// found gives a work the caller may see.
func (r *remoteService) found(ctx context.Context, id string) (*remote.Work, *cabinetv1.Work, access.Reach, error) {
	views, err := r.s.reach(ctx, access.TillsView)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, organisation := range append([]string{access.PersonFrom(ctx).OrganisationID}, views.Organisations()...) {
		w, err := r.s.Remote.Work(ctx, organisation, id)
		if absent(err) {
			continue
		} else if err != nil {
			return nil, nil, nil, err
		}
		v, err := r.view(ctx, w)
		if err != nil {
			return nil, nil, nil, err
		}
		if v != nil {
			return w, v, views, nil
		}
	}
	return nil, nil, nil, fmt.Errorf("work %q: %w", id, remote.ErrNotFound)
}

// ChangeWork implements RemoteService.
func (r *remoteService) ChangeWork(ctx context.Context, q *cabinetv1.ChangeWorkRequest) (*cabinetv1.ChangeWorkResponse, error) {
	w, v, _, err := r.found(ctx, q.GetId())
	if err != nil {
		return nil, err
	}
	if !v.GetMine() {
		return nil, access.ErrForbidden
	}
	if err := r.s.Remote.Change(ctx, w, q.GetChange()); err != nil {
		return nil, err
	}
	_, v, _, err = r.found(ctx, q.GetId())
	return &cabinetv1.ChangeWorkResponse{Work: v}, err
}

// ListWorks implements RemoteService.
func (r *remoteService) ListWorks(ctx context.Context, q *cabinetv1.ListWorksRequest) (*cabinetv1.ListWorksResponse, error) {
	list, err := r.s.Remote.Works(ctx, access.PersonFrom(ctx).OrganisationID, pageSize(q.GetLimit()))
	if err != nil {
		return nil, err
	}
	views, recovers, err := r.reaches(ctx)
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListWorksResponse{}
	for _, w := range list {
		if v := workView(access.PersonFrom(ctx), views, recovers, w); v != nil {
			res.Works = append(res.Works, v)
		}
	}
	return res, nil
}

// GetWork implements RemoteService.
func (r *remoteService) GetWork(ctx context.Context, q *cabinetv1.GetWorkRequest) (*cabinetv1.GetWorkResponse, error) {
	w, v, views, err := r.found(ctx, q.GetId())
	if err != nil {
		return nil, err
	}
	eyes, err := r.s.eyes(ctx)
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.GetWorkResponse{Work: v}
	for _, item := range itemsSeen(views, w) {
		t := &cabinetv1.WorkTill{TillId: item.TillID, Name: item.Name, Outlet: item.Outlet, State: item.State, Obstacle: item.Obstacle}
		cmd, err := r.s.Fleet.Command(ctx, item.OwnerID, item.CommandID)
		if err != nil && !absent(err) {
			return nil, err
		}
		if err == nil {
			t.Command = commandView(eyes.of(item.OwnerID, item.OutletID, item.TillID), cmd)
		}
		res.Tills = append(res.Tills, t)
	}
	return res, nil
}

// nodeAt finds a node where rules are set: an id within reach, or without one the caller's organisation as a whole.
func (r *remoteService) nodeAt(ctx context.Context, need access.Permission, id string) (*access.Person, remote.Node, error) {
	p := access.PersonFrom(ctx)
	if id == "" {
		p, err := r.s.whole(ctx, need)
		if err != nil {
			return nil, remote.Node{}, err
		}
		return p, remote.NodeAt(access.Place{OrganisationID: p.OrganisationID}), nil
	}
	place, known, err := r.s.Access.FindNode(ctx, p, need, id)
	if err != nil {
		return nil, remote.Node{}, err
	}
	if !known {
		return nil, remote.Node{}, fmt.Errorf("node %q: %w", id, remote.ErrNotFound)
	}
	return p, remote.NodeAt(place), nil
}

// ListNodeRules implements RemoteService.
func (r *remoteService) ListNodeRules(ctx context.Context, q *cabinetv1.ListNodeRulesRequest) (*cabinetv1.ListNodeRulesResponse, error) {
	_, node, err := r.nodeAt(ctx, access.TillsView, q.GetNodeId())
	if err != nil {
		return nil, err
	}
	rules, err := r.s.Remote.At(ctx, node)
	if err != nil {
		return nil, err
	}
	return &cabinetv1.ListNodeRulesResponse{
		Node: &cabinetv1.RuleNode{Id: q.GetNodeId(), Name: rules.Name}, Rules: rules.Rules, Tills: rules.Tills, Told: rules.Told, TooOld: rules.TooOld,
	}, nil
}

func settingOf(s *cabinetv1.RuleSetting) remote.Setting {
	const most = 1 << 20 // what does not fit an int is wrong anyway
	return remote.Setting{
		On: s.GetOn(), AtMinute: int(min(s.GetAtMinute(), most)), IdleMinutes: int(min(s.GetIdleMinutes(), most)), Seconds: int(min(s.GetSeconds(), most)),
	}
}

// SetNodeRule implements RemoteService.
func (r *remoteService) SetNodeRule(ctx context.Context, q *cabinetv1.SetNodeRuleRequest) (*cabinetv1.SetNodeRuleResponse, error) {
	p, node, err := r.nodeAt(ctx, access.TillsConfigure, q.GetNodeId())
	if err != nil {
		return nil, err
	}
	var setting *remote.Setting
	if q.GetSetting() != nil {
		s := settingOf(q.GetSetting())
		setting = &s
	}
	rule, err := r.s.Remote.Set(ctx, p, node, q.GetName(), setting)
	return &cabinetv1.SetNodeRuleResponse{Rule: rule}, err
}

// TryNodeRule implements RemoteService.
func (r *remoteService) TryNodeRule(ctx context.Context, q *cabinetv1.TryNodeRuleRequest) (*cabinetv1.TryNodeRuleResponse, error) {
	_, node, err := r.nodeAt(ctx, access.TillsView, q.GetNodeId())
	if err != nil {
		return nil, err
	}
	t, err := r.s.Remote.Try(ctx, node, q.GetName(), settingOf(q.GetSetting()))
	if err != nil {
		return nil, err
	}
	return &cabinetv1.TryNodeRuleResponse{Firings: t.Firings, Total: uint32(t.Total), Tills: uint32(t.Tills), SinceMs: t.Since.UnixMilli()}, nil
}

// noteView leaves out sums that a person may have written.
func noteView(p *access.Person, n *cabinetv1.Note) *cabinetv1.Note {
	if !p.Can(access.MoneyView) {
		n.Text = withoutSums(n.GetText())
	}
	return n
}

// ListNotes implements RemoteService.
func (r *remoteService) ListNotes(ctx context.Context, q *cabinetv1.ListNotesRequest) (*cabinetv1.ListNotesResponse, error) {
	p, place, err := r.s.at(ctx, access.TillsView, q.GetTillId())
	if err != nil {
		return nil, err
	}
	t, err := r.s.Remote.Notes(ctx, p, place.OrganisationID, q.GetTillId(), q.GetBefore(), pageSize(q.GetLimit()))
	if err != nil {
		return nil, err
	}
	for _, n := range t.Notes {
		noteView(p, n)
	}
	return &cabinetv1.ListNotesResponse{Notes: t.Notes, More: t.More, ReadMs: t.ReadMS, Readers: t.Readers}, nil
}

// WriteNote implements RemoteService.
func (r *remoteService) WriteNote(ctx context.Context, q *cabinetv1.WriteNoteRequest) (*cabinetv1.WriteNoteResponse, error) {
	p, place, err := r.s.at(ctx, access.TillsView, q.GetTillId())
	if err != nil {
		return nil, err
	}
	n, err := r.s.Remote.Write(ctx, p, place.OrganisationID, remote.Draft{
		ID: q.GetId(), TillID: q.GetTillId(), Text: q.GetText(), About: q.GetAbout(), AboutID: q.GetAboutId(),
	})
	if err != nil {
		return nil, err
	}
	return &cabinetv1.WriteNoteResponse{Note: noteView(p, n)}, nil
}

// MarkNotesRead implements RemoteService.
func (r *remoteService) MarkNotesRead(ctx context.Context, q *cabinetv1.MarkNotesReadRequest) (*cabinetv1.MarkNotesReadResponse, error) {
	p, place, err := r.s.at(ctx, access.TillsView, q.GetTillId())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.MarkNotesReadResponse{}, r.s.Remote.MarkRead(ctx, p, place.OrganisationID, q.GetTillId(), q.GetNoteId())
}

// ListUnreadNotes implements RemoteService.
func (r *remoteService) ListUnreadNotes(ctx context.Context, _ *cabinetv1.ListUnreadNotesRequest) (*cabinetv1.ListUnreadNotesResponse, error) {
	p := access.PersonFrom(ctx)
	reach, err := r.s.reach(ctx, access.TillsView)
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListUnreadNotesResponse{}
	for _, scope := range reach {
		counts, err := r.s.Remote.Unread(ctx, p, scope.OrganisationID)
		if err != nil {
			return nil, err
		}
		for id, n := range counts {
			place, err := r.s.Fleet.Place(ctx, id)
			if absent(err) {
				continue
			} else if err != nil {
				return nil, err
			}
			if scope.Has(place.Outlet(), id) {
				res.Tills = append(res.Tills, &cabinetv1.UnreadNotes{TillId: id, Count: n})
			}
		}
	}
	return res, nil
}
