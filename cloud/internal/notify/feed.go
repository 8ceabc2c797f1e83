package notify

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

const (
	// usualPage and mostPage bound a page of the feed; mostRead how many rows are read for one.
	usualPage, mostPage, mostRead = 50, 200, 2000
	// mostShown is how many tills of a notice are named.
	mostShown = 20
)

// Told is a notice as a person sees it.
type Told struct {
	ID, OrganisationID string
	Event              Event
	Kind               NoticeKind
	Code               string
	Urgent             bool
	Title, Text        string
	Common             Common
	CommonName         string
	// Tills are those the person may see, some of them; Count is how many.
	Tills []Member
	Count int
	At    time.Time
	// Ended is when the cause ended; zero while it lasts.
	Ended      time.Time
	Deliveries []db.ListOutboxOfPersonRow
}

// Filter says which notices are wanted.
type Filter struct {
	Events []string
	TillID string
	// Open is what lasts.
	Open bool
	// Language of titles and texts; empty is that of the person's messages.
	Language string
}

func writeCursor(at int64, id string) string { return strconv.FormatInt(at, 10) + "." + id }

func readCursor(cursor string) (at int64, id string, err error) {
	if cursor == "" {
		return math.MaxInt64, "", nil
	}
	text, id, _ := strings.Cut(cursor, ".")
	if at, err = strconv.ParseInt(text, 10, 64); err != nil || len(cursor) > 200 {
		return 0, "", invalid("cursor is not one of ours")
	}
	return at, id, nil
}

// Feed gives what was told of tills within reach, newest first, from a cursor on; the next cursor is empty at the end.
func (n *Notify) Feed(ctx context.Context, p *access.Person, reach access.Reach, f Filter, cursor string, limit int) (list []Told, next string, err error) {
	before, beforeID, err := readCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	if limit <= 0 {
		limit = usualPage
	}
	limit = min(limit, mostPage)
	if f.Language != "" && languages[f.Language] == nil {
		return nil, "", invalid("language is ru, kk or en")
	}
	s, err := n.Settings(ctx, p)
	if err != nil {
		return nil, "", err
	}
	s.Language = cmp.Or(f.Language, s.Language)
	var all []db.ListNoticesRow
	for _, organisation := range reach.Organisations() {
		rows, err := n.notices(ctx, organisation, f.TillID, before, beforeID)
		if err != nil {
			return nil, "", err
		}
		all = append(all, rows...)
	}
	slices.SortFunc(all, func(a, b db.ListNoticesRow) int {
		return cmp.Or(cmp.Compare(b.CreatedAt, a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	for i, row := range all {
		if i == mostRead || len(list) == limit {
			last := all[i-1]
			return list, writeCursor(last.CreatedAt, last.ID), nil
		}
		if len(f.Events) > 0 && !slices.Contains(f.Events, row.Event) || f.Open && (row.EndedAt != 0 || row.Kind == int32(Ended)) {
			continue
		}
		t, visible, err := n.told(ctx, p, reach, s, row)
		if err != nil {
			return nil, "", err
		}
		if visible {
			list = append(list, t)
		}
	}
	return list, "", nil
}

func (n *Notify) notices(ctx context.Context, organisation, till string, before int64, beforeID string) ([]db.ListNoticesRow, error) {
	q := n.store.Read()
	if till == "" {
		rows, err := q.ListNotices(ctx, db.ListNoticesParams{OrganisationID: organisation, Before: before, BeforeID: beforeID, Most: mostRead + 1})
		if err != nil {
			return nil, fmt.Errorf("list notices: %w", err)
		}
		return rows, nil
	}
	rows, err := q.ListNoticesOfTill(ctx, db.ListNoticesOfTillParams{OrganisationID: organisation, TillID: till, Before: before, BeforeID: beforeID, Most: mostRead + 1})
	if err != nil {
		return nil, fmt.Errorf("list notices of till: %w", err)
	}
	list := make([]db.ListNoticesRow, len(rows))
	for i, r := range rows {
		list[i] = db.ListNoticesRow(r)
	}
	return list, nil
}

// told is a notice for a reader: of the tills within reach and no others.
func (n *Notify) told(ctx context.Context, p *access.Person, reach access.Reach, set Settings, row db.ListNoticesRow) (t Told, visible bool, err error) {
	var s story
	if err := json.Unmarshal([]byte(row.Body), &s); err != nil {
		return t, false, fmt.Errorf("read notice %s: %w", row.ID, err)
	}
	s = s.of(within(reach, row.OrganisationID, s.Tills))
	if len(s.Tills) == 0 {
		return t, false, nil
	}
	w := wordsIn(set.Language)
	t = Told{
		ID: row.ID, OrganisationID: row.OrganisationID, Event: s.Event, Kind: s.Kind, Code: s.Code, Urgent: row.Urgent, Title: upper(w.title(s)), Text: w.todo(s),
		Common: s.Common, CommonName: s.Name, Tills: s.Tills[:min(len(s.Tills), mostShown)], Count: len(s.Tills), At: at(row.CreatedAt), Ended: at(row.EndedAt),
	}
	if strings.Contains(t.Text, "{{") {
		t.Text = w.Todos[string(s.Event)]
	}
	if p.Key {
		return t, true, nil
	}
	t.Deliveries, err = n.store.Read().ListOutboxOfPerson(ctx, db.ListOutboxOfPersonParams{PersonID: p.ID, NoticeID: row.ID})
	if err != nil {
		return t, false, fmt.Errorf("list messages of person: %w", err)
	}
	return t, true, nil
}
