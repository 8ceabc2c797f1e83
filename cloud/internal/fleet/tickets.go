package fleet

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

const (
	// maxBundle bounds the file of a ticket; agents keep below.
	maxBundle = 5 << 20
	// maxTicketText and maxResolution bound what people read, in characters.
	maxTicketText = 500
	maxResolution = 1000
	// mostTickets bounds a list.
	mostTickets = 500
)

// OpenTicket takes an agent's call for help. The same ticket twice is one.
func (f *Fleet) OpenTicket(ctx context.Context, agent *access.Agent, q *uplinkv1.OpenTicketRequest) error {
	if err := f.heard(ctx, agent); err != nil {
		return err
	}
	raw, err := proto.Marshal(q.GetRun())
	if err != nil {
		return fmt.Errorf("encode run: %w", err)
	}
	switch {
	case q.GetId() == "" || len(q.GetId()) > maxCommandID || !store.Keeps(q.GetId()):
		return fmt.Errorf("id of a ticket has 1 to %d bytes: %w", maxCommandID, ErrInvalid)
	case q.GetTill() == "":
		return fmt.Errorf("a ticket of no till: %w", ErrInvalid)
	case len(raw) > maxRun:
		return fmt.Errorf("run of %d bytes: %w", len(raw), ErrInvalid)
	case len(q.GetBundle()) > maxBundle:
		return fmt.Errorf("bundle of %d bytes: %w", len(q.GetBundle()), ErrInvalid)
	}
	till, err := f.TillID(ctx, agent, q.GetTill())
	if err != nil {
		return err
	}
	now := f.now()
	opened := time.UnixMilli(q.GetOpenedMs())
	if q.GetOpenedMs() <= 0 || opened.After(now) { // the computer's clock is wrong; since when is then not known better
		opened = now
	}
	n, err := f.store.Write().OpenTicket(ctx, db.OpenTicketParams{
		OrganisationID: agent.OrganisationID, ID: q.GetId(), TillID: till, AgentID: agent.ID, Text: limited(strings.ToValidUTF8(q.GetText(), ""), maxTicketText),
		Run: notNil(raw), Bundle: notNil(q.GetBundle()), OpenedAt: store.Micros(opened), ReceivedAt: store.Micros(now),
	})
	if err != nil {
		return fmt.Errorf("store ticket: %w", err)
	}
	if n == 0 { // it was there already
		owner, err := f.store.Read().TicketOwner(ctx, db.TicketOwnerParams{OrganisationID: agent.OrganisationID, ID: q.GetId()})
		if err != nil {
			return fmt.Errorf("find ticket: %w", err)
		}
		if owner != agent.ID {
			return ErrConflict
		}
		return nil
	}
	f.log.InfoContext(ctx, "ticket opened", "ticket", q.GetId(), "till", till, "agent", agent.ID, "bundle", len(q.GetBundle()))
	f.hub.Publish(agent.OrganisationID, Change{What: TillChanged, TillID: till})
	return nil
}

// Tickets gives the tickets within reach, or those of one till: open ones first, newest first.
func (f *Fleet) Tickets(ctx context.Context, reach access.Reach, tillID string, closed bool) ([]*Ticket, error) {
	until := int64(0)
	if closed {
		until = math.MaxInt64
	}
	var list []*Ticket
	for _, scope := range reach {
		rows, err := f.store.Read().ListTickets(ctx, db.ListTicketsParams{
			OrganisationID: scope.OrganisationID, TillID: tillID, ClosedUntil: until, Most: mostTickets, Scope: scope.Match(),
		})
		if err != nil {
			return nil, fmt.Errorf("list tickets: %w", err)
		}
		for _, row := range rows {
			list = append(list, &Ticket{OrganisationID: scope.OrganisationID, OutletID: row.OutletID, Cell: &cabinetv1.TicketCell{
				Id: row.ID, TillId: row.TillID, Text: row.Text, OpenedMs: row.OpenedAt / 1000, ClosedMs: row.ClosedAt / 1000, ClosedBy: row.ClosedBy,
				Resolution: row.Resolution,
			}})
		}
	}
	if len(reach) > 1 {
		slices.SortStableFunc(list, func(a, b *Ticket) int {
			return cmp.Or(
				cmp.Compare(min(a.Cell.GetClosedMs(), 1), min(b.Cell.GetClosedMs(), 1)), cmp.Compare(b.Cell.GetOpenedMs(), a.Cell.GetOpenedMs()))
		})
		list = list[:min(len(list), mostTickets)]
	}
	return list, nil
}

// Ticket is a call for help with where its till stands.
type Ticket struct {
	OrganisationID, OutletID string
	Cell                     *cabinetv1.TicketCell
}

// Ticket gives one with the run that did not help and the bundle.
func (f *Fleet) Ticket(ctx context.Context, organisation, id string) (cell *cabinetv1.TicketCell, run *fiscalv1.Run, bundle []byte, err error) {
	row, err := f.store.Read().GetTicket(ctx, db.GetTicketParams{OrganisationID: organisation, ID: id})
	if store.NotFound(err) {
		return nil, nil, nil, fmt.Errorf("ticket %q: %w", id, ErrNotFound)
	} else if err != nil {
		return nil, nil, nil, fmt.Errorf("read ticket: %w", err)
	}
	run = new(fiscalv1.Run)
	if err := proto.Unmarshal(row.Run, run); err != nil {
		return nil, nil, nil, fmt.Errorf("steps of ticket %s: %w", row.ID, err)
	}
	return &cabinetv1.TicketCell{
		Id: row.ID, TillId: row.TillID, Text: row.Text, OpenedMs: row.OpenedAt / 1000, ClosedMs: row.ClosedAt / 1000, ClosedBy: row.ClosedBy, Resolution: row.Resolution,
	}, run, row.Bundle, nil
}

// CloseTicket ends a ticket with a word about what was done. Who says the same once more hears the same.
func (f *Fleet) CloseTicket(ctx context.Context, p *access.Person, id, resolution string) (*cabinetv1.TicketCell, error) {
	resolution = strings.TrimSpace(resolution)
	if resolution == "" || utf8.RuneCountInString(resolution) > maxResolution || !store.Keeps(resolution) {
		return nil, fmt.Errorf("resolution has 1 to %d characters: %w", maxResolution, ErrInvalid)
	}
	var n int64
	err := f.store.Tx(ctx, func(q *db.Queries) (err error) {
		n, err = q.CloseTicket(ctx, db.CloseTicketParams{
			OrganisationID: p.OrganisationID, ID: id, ClosedAt: store.Micros(f.now()), ClosedBy: p.Login, Resolution: resolution,
		})
		if err != nil || n == 0 {
			return err
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: "ticket.closed", Object: id})
	})
	if err != nil {
		return nil, fmt.Errorf("close ticket: %w", err)
	}
	cell, _, _, err := f.Ticket(ctx, p.OrganisationID, id)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		if cell.GetClosedBy() != p.Login || cell.GetResolution() != resolution {
			return nil, ErrClosed
		}
		return cell, nil
	}
	f.log.InfoContext(ctx, "ticket closed", "ticket", id, "till", cell.GetTillId(), "person", p.ID, "login", p.Login, "resolution", resolution)
	f.hub.Publish(p.OrganisationID, Change{What: TillChanged, TillID: cell.GetTillId()})
	return cell, nil
}
