package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// What a note may be about.
const (
	AboutCommand = "command"
	AboutBundle  = "bundle"
	AboutTicket  = "ticket"
)

// maxNote bounds a note, in characters.
const maxNote = 4000

// Draft is a note that is being written.
type Draft struct{ ID, TillID, Text, About, AboutID string }

// Write keeps a note about a till of an owner. The same id is written once.
func (r *Remote) Write(ctx context.Context, p *access.Person, owner string, d Draft) (*cabinetv1.Note, error) {
	d.Text = strings.TrimSpace(strings.ReplaceAll(d.Text, "\r\n", "\n"))
	switch {
	case d.ID == "" || len(d.ID) > maxID || !store.Keeps(d.ID):
		return nil, fmt.Errorf("id of a note has 1 to %d bytes: %w", maxID, ErrInvalid)
	case d.Text == "" || utf8.RuneCountInString(d.Text) > maxNote || !store.Keeps(d.Text):
		return nil, fmt.Errorf("a note has 1 to %d characters: %w", maxNote, ErrInvalid)
	}
	if err := r.about(ctx, owner, d); err != nil {
		return nil, err
	}
	name := cmp.Or(p.Name, p.Login)
	fresh := int64(0)
	now := store.Micros(r.now())
	err := r.store.Tx(ctx, func(q *db.Queries) (err error) {
		fresh, err = q.CreateNote(ctx, db.CreateNoteParams{
			OrganisationID: owner, ID: d.ID, TillID: d.TillID, Text: d.Text, PersonID: p.ID, Author: name, AuthorOrganisationID: p.OrganisationID,
			About: d.About, AboutID: d.AboutID, WrittenAt: now,
		})
		if err != nil || fresh == 0 {
			return err
		}
		if err := q.MarkNotesRead(ctx, db.MarkNotesReadParams{TillID: d.TillID, PersonID: p.ID, Name: name, OrganisationID: p.OrganisationID, ReadAt: now}); err != nil {
			return err
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: owner, Act: "note.written", Object: d.TillID, Name: d.About})
	})
	if err != nil {
		return nil, fmt.Errorf("store note: %w", err)
	}
	row, err := r.store.Read().GetNote(ctx, db.GetNoteParams{OrganisationID: owner, ID: d.ID})
	if err != nil {
		return nil, fmt.Errorf("read note: %w", err)
	}
	if row.TillID != d.TillID || row.PersonID != p.ID || row.Text != d.Text || row.About != d.About || row.AboutID != d.AboutID {
		return nil, ErrConflict
	}
	n := noteOf(db.ListNotesRow(row), p.ID)
	if fresh > 0 {
		r.fleet.Hub().Publish(owner, fleet.Change{What: fleet.NoteChanged, TillID: d.TillID, ID: d.ID})
		if r.Written != nil {
			r.Written(ctx, owner, n)
		}
	}
	return n, nil
}

// about sees to it that what a note points to is of the same till.
func (r *Remote) about(ctx context.Context, owner string, d Draft) error {
	var till string
	var err error
	switch d.About {
	case "":
		if d.AboutID != "" {
			return fmt.Errorf("about nothing of id %q: %w", d.AboutID, ErrInvalid)
		}
		return nil
	case AboutCommand, AboutBundle:
		c, found := r.fleet.Command(ctx, owner, d.AboutID)
		till, err = c.GetTillId(), found
		if err == nil && d.About == AboutBundle && !c.GetHasBundle() {
			till = ""
		}
	case AboutTicket:
		cell, _, _, found := r.fleet.Ticket(ctx, owner, d.AboutID)
		till, err = cell.GetTillId(), found
	default:
		return fmt.Errorf("about %q: %w", d.About, ErrInvalid)
	}
	if errors.Is(err, fleet.ErrNotFound) || err == nil && till != d.TillID {
		return fmt.Errorf("%s %q is none of this till: %w", d.About, d.AboutID, ErrInvalid)
	}
	return err
}

func noteOf(row db.ListNotesRow, reader string) *cabinetv1.Note {
	return &cabinetv1.Note{
		Id: row.ID, TillId: row.TillID, Text: row.Text, Author: row.Author, Organisation: row.Organisation, Service: row.Kind == access.KindService,
		AtMs: row.WrittenAt / 1000, Mine: row.PersonID == reader, About: row.About, AboutId: row.AboutID,
	}
}

// Thread is what was written about a till.
type Thread struct {
	Notes   []*cabinetv1.Note
	More    bool
	ReadMS  int64
	Readers []*cabinetv1.NoteReader
}

// Notes gives what was written about a till of an owner, newest first, older than a note when one is named.
func (r *Remote) Notes(ctx context.Context, p *access.Person, owner, tillID, before string, limit int) (Thread, error) {
	var t Thread
	limit = min(max(limit, 1), maxList)
	args := db.ListNotesParams{TillID: tillID, Before: math.MaxInt64, Most: int32(limit) + 1}
	if before != "" {
		row, err := r.store.Read().GetNote(ctx, db.GetNoteParams{OrganisationID: owner, ID: before})
		if store.NotFound(err) || err == nil && row.TillID != tillID {
			return t, fmt.Errorf("note %q: %w", before, ErrNotFound)
		} else if err != nil {
			return t, fmt.Errorf("read note: %w", err)
		}
		args.Before, args.BeforeID = row.WrittenAt, row.ID
	}
	rows, err := r.store.Read().ListNotes(ctx, args)
	if err != nil {
		return t, fmt.Errorf("list notes: %w", err)
	}
	if t.More = len(rows) > limit; t.More {
		rows = rows[:limit]
	}
	for _, row := range rows {
		t.Notes = append(t.Notes, noteOf(row, p.ID))
	}
	readers, err := r.store.Read().ListNoteReaders(ctx, tillID)
	if err != nil {
		return t, fmt.Errorf("list readers: %w", err)
	}
	for _, row := range readers {
		if row.PersonID == p.ID {
			t.ReadMS = row.ReadAt / 1000
			continue
		}
		t.Readers = append(t.Readers, &cabinetv1.NoteReader{Name: row.Name, Organisation: row.Organisation, ReadMs: row.ReadAt / 1000})
	}
	return t, nil
}

// Note gives one as a reader sees it.
func (r *Remote) Note(ctx context.Context, p *access.Person, owner, id string) (*cabinetv1.Note, error) {
	row, err := r.store.Read().GetNote(ctx, db.GetNoteParams{OrganisationID: owner, ID: id})
	if store.NotFound(err) {
		return nil, fmt.Errorf("note %q: %w", id, ErrNotFound)
	} else if err != nil {
		return nil, fmt.Errorf("read note: %w", err)
	}
	return noteOf(db.ListNotesRow(row), p.ID), nil
}

// MarkRead says that a person has read about a till up to a note.
func (r *Remote) MarkRead(ctx context.Context, p *access.Person, owner, tillID, noteID string) error {
	row, err := r.store.Read().GetNote(ctx, db.GetNoteParams{OrganisationID: owner, ID: noteID})
	if store.NotFound(err) || err == nil && row.TillID != tillID {
		return fmt.Errorf("note %q: %w", noteID, ErrNotFound)
	} else if err != nil {
		return fmt.Errorf("read note: %w", err)
	}
	if err := r.store.Write().MarkNotesRead(ctx, db.MarkNotesReadParams{
		TillID: tillID, PersonID: p.ID, Name: cmp.Or(p.Name, p.Login), OrganisationID: p.OrganisationID, ReadAt: row.WrittenAt,
	}); err != nil {
		return fmt.Errorf("mark as read: %w", err)
	}
	return nil
}

// Unread counts what a person has not read about the tills of an owner.
func (r *Remote) Unread(ctx context.Context, p *access.Person, owner string) (map[string]uint32, error) {
	rows, err := r.store.Read().CountUnreadNotes(ctx, db.CountUnreadNotesParams{OrganisationID: owner, PersonID: p.ID})
	if err != nil {
		return nil, fmt.Errorf("count notes: %w", err)
	}
	counts := make(map[string]uint32, len(rows))
	for _, row := range rows {
		counts[row.TillID] = uint32(row.Unread)
	}
	return counts, nil
}
