package audit

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
)

// write notes entries, each in a transaction of its own.
func write(t *testing.T, s *store.Store, entries ...Entry) {
	t.Helper()
	ctx := WithActor(t.Context(), Actor{ID: "p1", Name: "anna@example.ru", Address: "192.0.2.7", Browser: "Chromium"})
	for i, e := range entries {
		if err := s.Tx(ctx, func(q *db.Queries) error { return note(ctx, q, e, time.Unix(1_800_000_000+int64(i), 0)) }); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHash pins the text a line's hash is made of: a journal written today has to be readable by every later version.
func TestHash(t *testing.T) {
	r := db.Audit{
		OrganisationID: "o1", Number: 2, CreatedAt: 1_800_000_000_000_000, ActorID: "p1", Actor: "anna", Address: "192.0.2.7", Browser: "b", Act: "till.moved",
		Object: "t1", Name: "Касса 1", Old: "Склад", New: "Зал",
	}
	// printf and sha256sum of the same bytes, made by hand from the package comment.
	const want = "8f7d3833472b23b36e00a25b6b58fb354a2389d049f4623521902b14e9f534a4"
	if got := hex.EncodeToString(hash([]byte{1, 2, 3}, &r)); got != want {
		t.Errorf("hash %s, want %s", got, want)
	}
	moved := r
	moved.Object, moved.Name = r.Object+"К", strings.TrimPrefix(r.Name, "К") // the same letters, parted elsewhere
	if hex.EncodeToString(hash([]byte{1, 2, 3}, &moved)) == want {
		t.Error("a letter that moved from one field to the next is not noticed")
	}
}

func TestNote(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		write(t, s, Entry{OrganisationID: "o1", Act: "person.invited", Object: "p2", Name: "Борис", New: strings.Repeat("я", maxText+1) + "\x00"}, Entry{OrganisationID: "o2", Act: "x"},
			Entry{OrganisationID: "o1", Act: "till.moved", Object: "t1", Name: "Касса 1", Old: "Склад", New: "Зал"})
		log := New(s)
		list, next, err := log.List(t.Context(), "o1", Filter{}, 0, 10)
		if err != nil || next != 0 || len(list) != 2 {
			t.Fatalf("%d lines, next %d, %v", len(list), next, err)
		}
		got := list[0]
		got.Hash = nil
		want := db.Audit{
			OrganisationID: "o1", Number: 2, CreatedAt: 1_800_000_002_000_000, ActorID: "p1", Actor: "anna@example.ru", Address: "192.0.2.7", Browser: "Chromium", Act: "till.moved",
			Object: "t1", Name: "Касса 1", Old: "Склад", New: "Зал",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if n := len([]rune(list[1].New)); n != maxText || !strings.HasSuffix(list[1].New, "…") {
			t.Errorf("a long text is kept as %d letters", n)
		}
		if list, next, err = log.List(t.Context(), "o1", Filter{}, 0, 1); err != nil || len(list) != 1 || list[0].Number != 2 || next != 2 {
			t.Fatalf("first page: %v, next %d, %v", list, next, err)
		}
		if list, next, err = log.List(t.Context(), "o1", Filter{}, next, 1); err != nil || len(list) != 1 || list[0].Number != 1 || next != 0 {
			t.Fatalf("second page: %v, next %d, %v", list, next, err)
		}
		for name, f := range map[string]Filter{
			"actor": {Actor: "nobody"}, "act": {Act: "till.lost"}, "object": {Object: "t2"},
			"since": {Since: time.Unix(1_800_000_003, 0)}, "until": {Until: time.Unix(1_800_000_000, 0)},
		} {
			if list, _, err := log.List(t.Context(), "o1", f, 0, 10); err != nil || len(list) != 0 {
				t.Errorf("%s: %d lines, %v", name, len(list), err)
			}
		}
		all := Filter{Actor: "anna@example.ru", Act: "till.moved", Object: "t1", Since: time.Unix(1_800_000_002, 0), Until: time.Unix(1_800_000_003, 0)}
		if list, _, err := log.List(t.Context(), "o1", all, 0, 10); err != nil || len(list) != 1 {
			t.Errorf("all at once: %d lines, %v", len(list), err)
		}
		actors, acts, err := log.Words(t.Context(), "o1")
		if diff := cmp.Diff([][]string{{"anna@example.ru"}, {"person.invited", "till.moved"}}, [][]string{actors, acts}); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

// TestNote_undone: a change that does not happen leaves no line and no gap.
func TestNote_undone(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		write(t, s, Entry{OrganisationID: "o1", Act: "a"})
		failed := errors.New("changed its mind")
		if err := s.Tx(t.Context(), func(q *db.Queries) error {
			return errors.Join(Note(t.Context(), q, Entry{OrganisationID: "o1", Act: "b"}), failed)
		}); !errors.Is(err, failed) {
			t.Fatal(err)
		}
		write(t, s, Entry{OrganisationID: "o1", Act: "c"})
		if v, err := New(s).Verify(t.Context(), "o1", 0, nil); err != nil || v.Lines != 2 || v.Broken != 0 {
			t.Errorf("%+v, %v", v, err)
		}
	})
}

// TestNote_together: changes at once are lines one after another.
func TestNote_together(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		var all errgroup.Group
		const each = 10
		for range 4 {
			all.Go(func() error {
				for range each {
					if err := s.Tx(t.Context(), func(q *db.Queries) error { return Note(t.Context(), q, Entry{OrganisationID: "o1", Act: "a"}) }); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := all.Wait(); err != nil {
			t.Fatal(err)
		}
		if v, err := New(s).Verify(t.Context(), "o1", 0, nil); err != nil || v.Lines != 4*each || v.Broken != 0 {
			t.Errorf("%+v, %v", v, err)
		}
	})
}

// TestVerify: whatever is done to a line behind the journal's back is noticed, and at the right line.
func TestVerify(t *testing.T) {
	storetest.Addresses(t, func(t *testing.T, address string) {
		s := storetest.Open(t, address)
		for i := range 5 {
			write(t, s, Entry{OrganisationID: "o1", Act: "a", Object: string(rune('a' + i))})
		}
		log := New(s)
		whole, err := log.Verify(t.Context(), "o1", 0, nil)
		if err != nil || whole.Lines != 5 || whole.Broken != 0 {
			t.Fatalf("%+v, %v", whole, err)
		}
		if v, err := log.Verify(t.Context(), "o1", whole.Number, whole.Hash); err != nil || v.Broken != 0 {
			t.Errorf("with the last line written down: %+v, %v", v, err)
		}
		if v, err := log.Verify(t.Context(), "o1", 3, whole.Hash); err != nil || v.Broken != 3 {
			t.Errorf("with a line written down that is another now: %+v, %v", v, err)
		}
		if v, err := log.Verify(t.Context(), "o1", 6, whole.Hash); err != nil || v.Broken != 6 {
			t.Errorf("with a line written down that is gone: %+v, %v", v, err)
		}
		if v, err := log.Verify(t.Context(), "nobody", 0, nil); err != nil || v.Lines != 0 || v.Broken != 0 {
			t.Errorf("of nobody: %+v, %v", v, err)
		}
		for name, c := range map[string]struct {
			sql    string
			broken int64
		}{
			"a field changed":         {"UPDATE audit SET actor = 'boris' WHERE number = 3", 3},
			"a time changed":          {"UPDATE audit SET created_at = created_at + 1 WHERE number = 1", 1},
			"a line taken out":        {"DELETE FROM audit WHERE number = 2", 2},
			"the last line taken out": {"DELETE FROM audit WHERE number = 5", 5},
			"a line put in its place": {"UPDATE audit SET act = 'b', hash = (SELECT hash FROM audit WHERE number = 1) WHERE number = 4", 4},
		} {
			t.Run(name, func(t *testing.T) {
				storetest.Meddle(t, address, c.sql, func() {
					told := 0
					err := log.VerifyAll(t.Context(), func(organisation string, v Verdict) {
						told++
						if organisation != "o1" || v.Broken != c.broken {
							t.Errorf("%s: %+v, want broken %d", organisation, v, c.broken)
						}
					})
					if !errors.Is(err, ErrBroken) || told != 1 {
						t.Errorf("told %d, %v", told, err)
					}
				})
			})
		}
		if err := log.VerifyAll(t.Context(), func(string, Verdict) {}); err != nil {
			t.Error(err)
		}
	})
}
