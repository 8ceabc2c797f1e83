package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// files lists the month files of a folder.
func files(t testing.TB, dir string) []string {
	t.Helper()
	found, err := months(dir)
	must(t, err)
	names := []string{}
	for _, m := range found {
		names = append(names, string(m))
	}
	return names
}

func TestJournal_monthTurns(t *testing.T) {
	dir, clock := t.TempDir(), at("2026-11-30")
	j := open(t, dir, Options{Now: clock.read})
	night := intended(accepted("night"))
	must(t, j.Intend(t.Context(), night))
	clock.set(clock.read().AddDate(0, 0, 1))
	morning := accepted("morning")
	must(t, j.Accept(t.Context(), morning))
	before := j.Stats().Commits
	must(t, j.Conclude(t.Context(), done(night, 9)))
	if got := j.Stats().Commits - before; got != 1 {
		t.Errorf("an outcome across the month took %d commits", got)
	}
	equal(t, "files", files(t, dir), []string{"2026-11", "2026-12"})
	if err := j.Accept(t.Context(), accepted("night")); !errors.Is(err, ErrExists) {
		t.Errorf("a key of last month: %v", err)
	}
	for range 2 {
		equal(t, "night", get(t, j, "night"), night)
		open, err := j.Unfinished()
		must(t, err)
		equal(t, "unfinished", keys(open), []string{"morning"})
		recs, next, err := j.List("", 1, "", false)
		must(t, err)
		equal(t, "newest", keys(recs), []string{"morning"})
		recs, next, err = j.List("", 1, next, false)
		must(t, err)
		equal(t, "page 2", keys(recs), []string{"night"})
		if next != "" {
			t.Errorf("page 3 is %q", next)
		}
		closeChecked(t, j)
		j = open2(t, dir, clock)
	}
}

func open2(t testing.TB, dir string, clock *clock) *Journal {
	t.Helper()
	return open(t, dir, Options{Now: clock.read})
}

// TestJournal_cursors changes records of several months in turn: whoever reads the outbox sees cursors in one order.
func TestJournal_cursors(t *testing.T) {
	dir, clock := t.TempDir(), at("2026-09-15")
	j := open2(t, dir, clock)
	old := done(accepted("old"), 1)
	must(t, j.Conclude(t.Context(), old))
	clock.set(clock.read().AddDate(0, 1, 0))
	mid := done(accepted("mid"), 2)
	must(t, j.Conclude(t.Context(), mid))
	clock.set(clock.read().AddDate(0, 1, 0))
	for fd := range uint32(3) {
		must(t, j.Conclude(t.Context(), done(accepted(string('a'+rune(fd))), 3+fd)))
		old.Operation.Ofd = fiscalv1.OFDTrack(fd)
		j.Amend(old)
		mid.Operation.Ofd = fiscalv1.OFDTrack(fd)
		j.Amend(mid)
	}
	closeChecked(t, j)
	j = open2(t, dir, clock)
	var cursors []uint64
	for {
		after := uint64(0)
		if len(cursors) > 0 {
			after = cursors[len(cursors)-1]
		}
		entries, err := j.Outbox(t.Context(), after, 2)
		must(t, err)
		if len(entries) == 0 {
			break
		}
		for _, e := range entries {
			cursors = append(cursors, e.Cursor)
		}
	}
	if !slices.IsSorted(cursors) || len(cursors) < 5 || cursors[len(cursors)-1] != 11 {
		t.Errorf("cursors: %v", cursors)
	}
	if n, _ := j.Backlog(); n != 11 {
		t.Errorf("backlog: %d", n)
	}
}

func TestJournal_clockJumps(t *testing.T) {
	dir, clock := t.TempDir(), at("2026-11-04")
	j := open2(t, dir, clock)
	for i, c := range []struct {
		date  string
		files []string
	}{
		{"2026-11-04", []string{"2026-11"}},
		{"2027-11-04", []string{"2026-11", "2027-11"}}, // a year ahead: nothing is dropped
		{"2026-11-05", []string{"2026-11", "2027-11"}}, // and back
		{"2000-01-01", []string{"2026-11", "2027-11"}}, // a flat battery
		{"2026-12-05", []string{"2026-11", "2027-11"}},
		{"2027-12-01", []string{"2026-11", "2027-11", "2027-12"}},
	} {
		clock.set(at(c.date).read())
		rec := accepted(string('a' + rune(i)))
		must(t, j.Accept(t.Context(), rec))
		must(t, j.Conclude(t.Context(), done(rec, uint32(i))))
		must(t, j.Ack(j.last))
		closeChecked(t, j)
		j = open2(t, dir, clock)
		equal(t, c.date, files(t, dir), c.files)
		recs, _, err := j.List("", 100, "", false)
		must(t, err)
		if len(recs) != i+1 || recs[0].Seq != uint64(i+1) {
			t.Errorf("%s: %d records, the newest has seq %d", c.date, len(recs), recs[0].Seq)
		}
	}
}

func TestJournal_retention(t *testing.T) {
	turn := func(t *testing.T, j *Journal, clock *clock, n int) {
		for range n {
			clock.set(clock.read().AddDate(0, 1, 0))
			must(t, j.Conclude(t.Context(), done(accepted(clock.read().Format(time.DateOnly)), 1)))
		}
	}
	for _, c := range []struct {
		name   string
		leave  func(t *testing.T, j *Journal) // in 2026-01
		months int
		kept   bool // 2026-01 is still there
	}{
		{"all is done", nil, 5, false},
		{"retention is not over", nil, 3, true},
		{"unfinished", func(t *testing.T, j *Journal) { must(t, j.Accept(t.Context(), accepted("open"))) }, 6, true},
		{"paper is owed", func(t *testing.T, j *Journal) {
			rec := done(accepted("paper"), 1)
			rec.Operation.Paper = fiscalv1.PaperTrack_PAPER_TRACK_OWED
			must(t, j.Conclude(t.Context(), rec))
		}, 6, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, clock := t.TempDir(), at("2026-01-15")
			j := open2(t, dir, clock)
			must(t, j.Conclude(t.Context(), done(accepted("first"), 1)))
			if c.leave != nil {
				c.leave(t, j)
			}
			turn(t, j, clock, c.months)
			must(t, j.Ack(j.last))
			// The acknowledgement is on disk before anything is dropped for it.
			must(t, j.Accept(t.Context(), accepted("later")))
			clock.set(clock.read().Add(2 * time.Hour))
			must(t, j.Accept(t.Context(), accepted("later still")))
			if got := slices.Contains(files(t, dir), "2026-01"); got != c.kept {
				t.Errorf("files: %v", files(t, dir))
			}
			if _, err := j.Get("first"); (err == nil) != c.kept {
				t.Errorf("get: %v", err)
			}
			last := j.last
			closeChecked(t, j)
			j = open2(t, dir, clock)
			if j.last != last {
				t.Errorf("the newest cursor became %d, was %d", j.last, last)
			}
		})
	}
	t.Run("the cabinet has not heard", func(t *testing.T) {
		dir, clock := t.TempDir(), at("2026-01-15")
		j := open2(t, dir, clock)
		must(t, j.Conclude(t.Context(), done(accepted("first"), 1)))
		turn(t, j, clock, 12)
		closeChecked(t, j)
		j = open2(t, dir, clock)
		if got := files(t, dir); len(got) != 13 {
			t.Errorf("files: %v", got)
		}
		entries, err := j.Outbox(t.Context(), 0, 100)
		must(t, err)
		if len(entries) != 13 || entries[0].Record.Operation.Key != "first" {
			t.Errorf("%d entries", len(entries))
		}
		must(t, j.Ack(entries[12].Cursor))
		closeChecked(t, j)
		j = open2(t, dir, clock)
		if got := files(t, dir); len(got) != 4 {
			t.Errorf("files: %v", got)
		}
		if entries, err := j.Outbox(t.Context(), j.Acked(), 100); len(entries) != 0 || err != nil {
			t.Errorf("outbox: %v %v", entries, err)
		}
	})
}

// TestOpen_halfMade dies while the next month's file is made.
func TestOpen_halfMade(t *testing.T) {
	for at1, name := range map[int]string{1: "before", 2: "after"} {
		t.Run(name, func(t *testing.T) {
			dir, clock, k := t.TempDir(), at("2026-11-30"), new(killer)
			j := open(t, dir, Options{Now: clock.read, Fault: k.fault})
			must(t, j.Accept(t.Context(), accepted("a")))
			clock.set(clock.read().AddDate(0, 0, 1))
			k.arm(at1, errKilled)
			if err := j.Accept(t.Context(), accepted("b")); !errors.Is(err, ErrDead) {
				t.Fatal(err)
			}
			closeChecked(t, j)
			must(t, os.WriteFile(filepath.Join(dir, "journal-2026-12.db.new"), []byte("half"), 0o600))
			j = open2(t, dir, clock)
			get(t, j, "a")
			must(t, j.Accept(t.Context(), accepted("b")))
			equal(t, "files", files(t, dir), []string{"2026-11", "2026-12"})
			if p := j.Problems(); len(p) > 0 {
				t.Errorf("problems: %v", p)
			}
			_, err := os.Stat(filepath.Join(dir, "journal-2026-12.db.new"))
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("what was half made is still there: %v", err)
			}
		})
	}
}

func TestMonth(t *testing.T) {
	for name, want := range map[string]month{
		"journal-2026-11.db": "2026-11", "journal-2026-13.db": "", "journal-2026-11.db.new": "", "journal-.db": "", "journal-2026-1.db": "", "reserve": "",
		"journal-2026-11.db.damaged-20261104T000000": "",
	} {
		if got, ok := parseMonth(name); got != want || ok != (want != "") {
			t.Errorf("%s: %q %v", name, got, ok)
		}
	}
	if got := month("2026-12").end().Format(time.DateOnly); got != "2027-01-01" {
		t.Errorf("the end of 2026-12 is %s", got)
	}
	if !strings.HasPrefix(monthOf(at("2026-11-04").now).fileName(), "journal-2026-11") {
		t.Error("file name")
	}
}
