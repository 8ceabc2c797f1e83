package remote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// Look looks once at every work that goes on.
func (r *Remote) Look(ctx context.Context) error {
	rows, err := r.store.Read().ListOpenWorks(ctx)
	if err != nil {
		return fmt.Errorf("list works: %w", err)
	}
	var errs []error
	for _, row := range rows { // one that fails holds up no other
		if err := r.look(ctx, row); err != nil {
			errs = append(errs, fmt.Errorf("work %s: %w", row.ID, err))
		}
	}
	return errors.Join(errs...)
}

func (r *Remote) look(ctx context.Context, row db.Work) error {
	w, err := r.work(ctx, row)
	if err != nil {
		return err
	}
	// Taken by a cabinet that stopped before it gave the command: that one is still owed, whatever became of the work since.
	for _, item := range w.Items {
		if item.State == given && !item.ordered {
			if err := r.give(ctx, w, item); err != nil {
				return err
			}
		}
	}
	if w.State != running {
		return nil
	}
	subjects := make([]subject, len(w.Items))
	for i, item := range w.Items {
		subjects[i] = subject{state: item.State, given: item.given}
	}
	next := decide(w.Order, subjects, w.forgiven, r.now())
	switch {
	case next.stop != "":
		return r.turn(ctx, w, stopped, next.stop)
	case next.done:
		return r.turn(ctx, w, through, "")
	}
	for _, item := range w.Items {
		if next.give == 0 {
			break
		}
		if item.State != waiting {
			continue
		}
		next.give--
		now := store.Micros(r.now())
		n, err := r.store.Write().SetWorkTill(ctx, db.SetWorkTillParams{
			OrganisationID: w.OrganisationID, WorkID: w.ID, TillID: item.TillID, State: int32(given), GivenAt: now, Was: int32(waiting),
		})
		if err != nil {
			return fmt.Errorf("take a till: %w", err)
		}
		if n == 0 { // called off at this moment, or taken by another cabinet on the same database
			continue
		}
		if err := r.give(ctx, w, item); err != nil {
			return err
		}
	}
	return nil
}

// turn ends or stops a work by itself.
func (r *Remote) turn(ctx context.Context, w *Work, state cabinetv1.WorkState, why string) error {
	ended := int64(0)
	if state == through {
		ended = store.Micros(r.now())
	}
	n := int64(0)
	err := r.store.Tx(ctx, func(q *db.Queries) (err error) {
		n, err = q.SetWorkState(ctx, db.SetWorkStateParams{
			OrganisationID: w.OrganisationID, ID: w.ID, State: int32(state), Why: why, Forgiven: int64(w.forgiven), EndedAt: ended, Was: int32(running),
		})
		if err != nil || n == 0 || state != stopped {
			return err
		}
		// What a person ordered goes no further: of that the journal tells, as the cabinet's own act. That it is done is no act.
		c := Counts(w.Items)
		return r.note(ctx, q, w.OrganisationID, w.ID, "work.stopped", w.Order, fmt.Sprintf("%d / %d", c.GetFailed()+c.GetExpired(), c.GetAll()))
	})
	if err != nil {
		return fmt.Errorf("turn work: %w", err)
	}
	if n > 0 {
		r.log.InfoContext(ctx, "work turned", "work", w.ID, "state", state.String(), "why", why)
		r.publish(ctx, w.OrganisationID, w.ID)
	}
	return nil
}

// give gives a till of a work its command. The till is taken already; a command that is there is not given again.
func (r *Remote) give(ctx context.Context, w *Work, item Item) error {
	obstacle, err := r.order(ctx, w, item)
	if err != nil {
		return err
	}
	if obstacle != "" {
		if _, err := r.store.Write().SetWorkTill(ctx, db.SetWorkTillParams{
			OrganisationID: w.OrganisationID, WorkID: w.ID, TillID: item.TillID, State: int32(refused), Obstacle: obstacle, GivenAt: store.Micros(r.now()), Was: int32(given),
		}); err != nil {
			return fmt.Errorf("note a till: %w", err)
		}
	}
	r.publish(ctx, w.OrganisationID, w.ID)
	return nil
}

// order gives the command, or says what is in its way.
func (r *Remote) order(ctx context.Context, w *Work, item Item) (obstacle string, err error) {
	person, err := r.Who(ctx, w.PersonID, w.OrganisationID)
	if errors.Is(err, access.ErrForbidden) {
		return fleet.ObstacleRight, nil
	} else if err != nil {
		return "", fmt.Errorf("find who asked: %w", err)
	}
	place, err := r.fleet.Place(ctx, item.TillID)
	if errors.Is(err, fleet.ErrNotFound) || err == nil && (place.OrganisationID != item.OwnerID || !person.CanAt(access.TillsRecover, place)) {
		return fleet.ObstacleRight, nil
	} else if err != nil {
		return "", err
	}
	t, err := r.fleet.Till(ctx, item.OwnerID, item.TillID)
	if err != nil {
		return "", err
	}
	c, err := r.fleet.Foresee(ctx, t, w.Order.GetAction())
	if err != nil {
		return "", err
	}
	if c.Obstacle != "" {
		return c.Obstacle, nil
	}
	person.Login = w.Actor // as they were called when they asked
	ctx = audit.WithActor(ctx, audit.Actor{ID: w.PersonID, Name: w.Actor})
	_, err = r.fleet.Take(ctx, person, fleet.Order{
		ID: item.CommandID, TillID: item.TillID, OrganisationID: item.OwnerID, Action: w.Order.GetAction(), Ask: w.Order.GetAskConsent(), LogLevel: w.Order.GetLogLevel(),
		Reason: w.Order.GetReason(), Wait: time.Duration(w.Order.GetWaitMinutes()) * time.Minute, WorkID: w.ID,
	})
	switch {
	case errors.Is(err, fleet.ErrNoAgent):
		return fleet.ObstacleNoAgent, nil
	case errors.Is(err, fleet.ErrTooOld):
		return fleet.ObstacleTooOld, nil
	case errors.Is(err, fleet.ErrInvalid), errors.Is(err, fleet.ErrConflict):
		return fleet.ObstacleUnsupported, nil
	case err != nil:
		return "", fmt.Errorf("give command: %w", err)
	}
	return "", nil
}
