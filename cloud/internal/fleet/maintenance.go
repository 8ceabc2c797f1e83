package fleet

import (
	"cmp"
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

const (
	// mostMaintenance is how far ahead the end of maintenance may lie: what nobody ends by hand must not stay silent for ever.
	mostMaintenance = 30 * 24 * time.Hour
	// soon is how much later than that may be asked for, for clocks of browsers differ.
	soon = 10 * time.Minute
	// MostMaintained is how many tills are put under maintenance at once, maxWhy how many characters say what for.
	MostMaintained, maxWhy = 500, 200
)

// Maintenance is that somebody works on a till: until then nobody is told of its states. Zero when nobody does.
type Maintenance struct {
	Since, Until  time.Time
	Actor, Reason string
}

// maintenanceOf gives the maintenance that goes on in an organisation, by till.
func (f *Fleet) maintenanceOf(ctx context.Context, organisation string) (map[string]Maintenance, error) {
	rows, err := f.store.Read().ListMaintenance(ctx, db.ListMaintenanceParams{OrganisationID: organisation, Now: store.Micros(f.now())})
	if err != nil {
		return nil, fmt.Errorf("list maintenance: %w", err)
	}
	of := make(map[string]Maintenance, len(rows))
	for _, r := range rows {
		of[r.TillID] = Maintenance{Since: time.UnixMicro(r.BeganAt), Until: time.UnixMicro(r.UntilAt), Actor: r.Actor, Reason: r.Reason}
	}
	return of, nil
}

// SetMaintenance says that people work on tills of an organisation until a time; zero ends it now. It is all of them or none.
func (f *Fleet) SetMaintenance(ctx context.Context, p *access.Person, organisation string, ids []string, until time.Time, reason string) ([]*Till, error) {
	now := f.now()
	reason = oneLine(reason)
	switch {
	case len(ids) == 0 || len(ids) > MostMaintained:
		return nil, fmt.Errorf("maintenance is of 1 to %d tills: %w", MostMaintained, ErrInvalid)
	case utf8.RuneCountInString(reason) > maxWhy:
		return nil, fmt.Errorf("reason has at most %d characters: %w", maxWhy, ErrInvalid)
	case !until.IsZero() && !until.After(now):
		return nil, fmt.Errorf("maintenance ends in the past: %w", ErrInvalid)
	case until.After(now.Add(mostMaintenance + soon)):
		return nil, fmt.Errorf("maintenance ends within %d days: %w", mostMaintenance/(24*time.Hour), ErrInvalid)
	}
	// What is over has its own line in the journal, and it comes before the one of now.
	if err := f.endMaintenance(ctx); err != nil {
		return nil, err
	}
	before, err := f.TillsByID(ctx, organisation, ids...)
	if err != nil {
		return nil, err
	}
	if len(before) != len(ids) {
		return nil, fmt.Errorf("tills under maintenance: %w", ErrNotFound)
	}
	err = f.store.Tx(ctx, func(q *db.Queries) error {
		for _, t := range before {
			if err := setMaintenance(ctx, q, p, t, now, until, reason); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store maintenance: %w", err)
	}
	for _, id := range ids {
		f.hub.Publish(organisation, Change{What: TillChanged, TillID: id})
	}
	return f.TillsByID(ctx, organisation, ids...)
}

// setMaintenance begins, changes or ends that of one till. What changes nothing leaves no line.
func setMaintenance(ctx context.Context, q *db.Queries, p *access.Person, t *Till, now, until time.Time, reason string) error {
	was := t.Maintenance
	line := audit.Entry{OrganisationID: t.OrganisationID, Object: t.ID, Name: t.Title, Old: was.String()}
	if until.IsZero() {
		n, err := q.EndMaintenance(ctx, db.EndMaintenanceParams{OrganisationID: t.OrganisationID, TillID: t.ID, Now: store.Micros(now)})
		if err != nil || n == 0 {
			return err
		}
		line.Act = "maintenance.ended"
		return audit.Note(ctx, q, line)
	}
	is := Maintenance{Since: now, Until: until, Actor: limited(cmp.Or(p.Name, p.Login), maxActor), Reason: reason}
	line.Act = "maintenance.begun"
	if !was.Until.IsZero() {
		is.Since, line.Act = was.Since, "maintenance.changed"
		if was.Until.Equal(until) && was.Reason == reason {
			return nil
		}
	}
	if err := q.PutMaintenance(ctx, db.PutMaintenanceParams{
		TillID: t.ID, OrganisationID: t.OrganisationID, BeganAt: store.Micros(is.Since), UntilAt: store.Micros(until), PersonID: p.ID, Actor: is.Actor, Reason: reason,
	}); err != nil {
		return err
	}
	line.New = is.String()
	return audit.Note(ctx, q, line)
}

// String is how the journal of acts has it.
func (m Maintenance) String() string {
	if m.Until.IsZero() {
		return ""
	}
	text := m.Until.UTC().Format("2006-01-02 15:04Z")
	if m.Reason != "" {
		text += ", " + m.Reason
	}
	return text
}

// endMaintenance writes down what has ended by its time. It ended when its time came, whether or not a cabinet ran: this makes the line of
// the journal, one however many cabinets look, and tells open pages.
func (f *Fleet) endMaintenance(ctx context.Context) error {
	rows, err := f.store.Read().ListMaintenanceOver(ctx, store.Micros(f.now()))
	if err != nil {
		return fmt.Errorf("list maintenance that is over: %w", err)
	}
	// Nobody did it: the line is the cabinet's own, whoever's call it was that came across it.
	ctx = audit.WithActor(ctx, audit.Actor{})
	for _, r := range rows {
		over := int64(0)
		err := f.store.Tx(ctx, func(q *db.Queries) (err error) {
			if over, err = q.DropMaintenance(ctx, db.DropMaintenanceParams{TillID: r.TillID, UntilAt: r.UntilAt}); err != nil || over == 0 {
				return err
			}
			m := Maintenance{Until: time.UnixMicro(r.UntilAt), Reason: r.Reason}
			return audit.Note(ctx, q, audit.Entry{OrganisationID: r.OrganisationID, Act: "maintenance.over", Object: r.TillID, Name: r.Till, Old: m.String()})
		})
		if err != nil {
			return fmt.Errorf("end maintenance: %w", err)
		}
		if over > 0 {
			f.hub.Publish(r.OrganisationID, Change{What: TillChanged, TillID: r.TillID})
		}
	}
	return nil
}
