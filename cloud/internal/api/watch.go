package api

import (
	"context"
	"errors"
	"time"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/documents"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/remote"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// watcher is a stream of changes: what its reader may see, and where it goes.
type watcher struct {
	s      *Server
	stream *connect.ServerStream[cabinetv1.WatchResponse]
	// till is the only one that is watched; empty is all.
	till string

	tills, documents, recovers access.Reach
	eyes                       eyes
}

// look finds out again what the reader may see. Their rights stay as they are while the stream lasts (see while), but a tree may have
// been shaped anew.
func (w *watcher) look(ctx context.Context) (err error) {
	ctx = access.WithPerson(ctx, access.PersonFrom(ctx).Afresh())
	if w.tills, err = w.s.reach(ctx, access.TillsView); err != nil {
		return err
	}
	if w.documents, err = w.s.reach(ctx, access.TillsView, access.DocumentsView); err != nil {
		return err
	}
	if w.recovers, err = w.s.reach(ctx, access.TillsRecover); err != nil {
		return err
	}
	w.eyes, err = w.s.eyes(ctx)
	return err
}

// Watch implements FleetService. It begins with the present state of all it watches, so that nothing falls between a list and
// the stream.
func (f *fleetService) Watch(ctx context.Context, r *cabinetv1.WatchRequest, stream *connect.ServerStream[cabinetv1.WatchResponse]) error {
	w := &watcher{s: f.s, stream: stream, till: r.GetTillId()}
	if w.till != "" {
		if _, _, err := f.s.at(ctx, access.TillsView, w.till); err != nil {
			return err
		}
	}
	if err := w.look(ctx); err != nil {
		return err
	}
	changes := f.s.Fleet.Hub().WatchAll(w.tills.Organisations(), w.till)
	defer changes.Close()
	if err := w.everything(ctx); err != nil {
		return err
	}
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-f.s.Stopping:
			return connect.NewError(connect.CodeUnavailable, errors.New("cabinet is stopping"))
		case <-alive.C:
			if err := stream.Send(&cabinetv1.WatchResponse{}); err != nil {
				return err
			}
		case <-changes.Changed():
			timer := time.NewTimer(gather)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return context.Cause(ctx)
			}
			if err := w.send(ctx, changes); err != nil {
				return err
			}
			alive.Reset(keepAlive)
		}
	}
}

// send sends what has changed.
func (w *watcher) send(ctx context.Context, changes *fleet.Watcher) error {
	if err := w.look(ctx); err != nil {
		return err
	}
	list, all := changes.Take()
	if all {
		return w.everything(ctx)
	}
	list, err := w.someTills(ctx, list)
	if err != nil {
		return err
	}
	for _, c := range list {
		res, err := w.change(ctx, c)
		if err != nil {
			return err
		}
		if res == nil {
			continue
		}
		if err := w.stream.Send(res); err != nil {
			return err
		}
	}
	return nil
}

// someTills sends the tills among changes, all of an organisation read at once, and gives the other changes.
func (w *watcher) someTills(ctx context.Context, list []fleet.Change) (rest []fleet.Change, err error) {
	ids := map[string][]string{}
	for _, c := range list {
		if c.What == fleet.TillChanged {
			ids[c.OrganisationID] = append(ids[c.OrganisationID], c.TillID)
		} else {
			rest = append(rest, c)
		}
	}
	for organisation, changed := range ids {
		tills, err := w.s.Fleet.TillsByID(ctx, organisation, changed...)
		if err != nil {
			return nil, err
		}
		for _, t := range tills {
			if !w.tills.Has(organisation, t.OutletID, t.ID) {
				continue
			}
			if err := w.sendTill(t); err != nil {
				return nil, err
			}
		}
	}
	return rest, nil
}

// everything sends the tills as they are now, and the newest operations and commands of the one that is watched.
func (w *watcher) everything(ctx context.Context) error {
	if w.till != "" {
		return w.oneTill(ctx)
	}
	tills, err := w.s.Fleet.Tills(ctx, w.tills)
	if err != nil {
		return err
	}
	for _, t := range tills {
		if err := w.sendTill(t); err != nil {
			return err
		}
	}
	return w.stream.Send(&cabinetv1.WatchResponse{}) // says that the line is there even when there are no tills
}

func (w *watcher) sendTill(t *fleet.Till) error {
	return w.stream.Send(&cabinetv1.WatchResponse{Change: &cabinetv1.WatchResponse_Till{Till: w.eyes.till(t)}})
}

func (w *watcher) oneTill(ctx context.Context) error {
	p, place, err := w.s.at(ctx, access.TillsView, w.till)
	if err != nil {
		return err
	}
	t, err := w.s.Fleet.Till(ctx, place.OrganisationID, w.till)
	if err != nil {
		return err
	}
	if err := w.sendTill(t); err != nil {
		return err
	}
	commands, err := w.s.Fleet.Commands(ctx, place.OrganisationID, w.till, pageDefault)
	if err != nil {
		return err
	}
	for i := len(commands) - 1; i >= 0; i-- {
		if err := w.stream.Send(&cabinetv1.WatchResponse{Change: &cabinetv1.WatchResponse_Command{Command: commandView(p, commands[i])}}); err != nil {
			return err
		}
	}
	scope, _ := w.documents.In(place.OrganisationID)
	if !scope.Has(t.OutletID, t.ID) {
		return nil
	}
	operations, _, err := w.s.Documents.Operations(ctx, scope, w.till, "", pageDefault)
	if err != nil {
		return err
	}
	for i := len(operations) - 1; i >= 0; i-- {
		if err := w.stream.Send(&cabinetv1.WatchResponse{Change: &cabinetv1.WatchResponse_Operation{Operation: operationView(p, operations[i], t.State)}}); err != nil {
			return err
		}
	}
	return nil
}

// change reads what has changed as it is now; nil when the watcher may not see it, or it is gone.
func (w *watcher) change(ctx context.Context, c fleet.Change) (res *cabinetv1.WatchResponse, err error) {
	switch c.What {
	case fleet.TillChanged: // someTills has sent them
	case fleet.OperationChanged:
		var o documents.Operation
		if o, err = w.s.Documents.Operation(ctx, c.OrganisationID, c.JournalID, c.ID); err != nil {
			break
		}
		var t *fleet.Till
		if t, err = w.s.Fleet.Till(ctx, c.OrganisationID, o.TillID); err == nil && w.documents.Has(c.OrganisationID, t.OutletID, t.ID) {
			res = &cabinetv1.WatchResponse{Change: &cabinetv1.WatchResponse_Operation{
				Operation: operationView(w.eyes.of(c.OrganisationID, t.OutletID, t.ID), o, t.State),
			}}
		}
	case fleet.CommandChanged:
		var cmd *cabinetv1.Command
		if cmd, err = w.s.Fleet.Command(ctx, c.OrganisationID, c.ID); err != nil {
			break
		}
		var place access.Place
		if place, err = w.s.Fleet.Place(ctx, cmd.GetTillId()); err == nil && w.tills.Has(c.OrganisationID, place.Outlet(), cmd.GetTillId()) {
			res = &cabinetv1.WatchResponse{Change: &cabinetv1.WatchResponse_Command{
				Command: commandView(w.eyes.of(c.OrganisationID, place.Outlet(), cmd.GetTillId()), cmd),
			}}
		}
	case fleet.WorkChanged:
		var work *remote.Work
		if work, err = w.s.Remote.Work(ctx, c.OrganisationID, c.ID); err == nil {
			if v := workView(access.PersonFrom(ctx), w.tills, w.recovers, work); v != nil {
				res = &cabinetv1.WatchResponse{Change: &cabinetv1.WatchResponse_Work{Work: v}}
			}
		}
	case fleet.NoteChanged:
		var n *cabinetv1.Note
		if n, err = w.s.Remote.Note(ctx, access.PersonFrom(ctx), c.OrganisationID, c.ID); err != nil {
			break
		}
		var place access.Place
		if place, err = w.s.Fleet.Place(ctx, n.GetTillId()); err == nil && w.tills.Has(c.OrganisationID, place.Outlet(), n.GetTillId()) {
			res = &cabinetv1.WatchResponse{Change: &cabinetv1.WatchResponse_Note{Note: noteView(w.eyes.of(c.OrganisationID, place.Outlet(), n.GetTillId()), n)}}
		}
	case fleet.RolloutChanged:
		var r *cabinetv1.Rollout
		if r, err = w.s.Updates.Rollout(ctx, c.OrganisationID, c.ID); err == nil {
			if scope, ok := w.tills.In(c.OrganisationID); !ok || !planWithin(scope, r.GetPlan()) {
				break
			}
			res = &cabinetv1.WatchResponse{Change: &cabinetv1.WatchResponse_Rollout{Rollout: r}}
		}
	}
	if absent(err) {
		return nil, nil
	}
	return res, err
}

// tillState is a till of an organisation as its agent last reported it; nothing of a till that is gone.
func (s *Server) tillState(ctx context.Context, organisationID, id string) (*fiscalv1.TillState, error) {
	t, err := s.Fleet.Till(ctx, organisationID, id)
	if errors.Is(err, fleet.ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return t.State, nil
}
