package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
)

// inMemory is a folder in which a flush costs nothing, where the system has one: what is tested is not the drive.
func inMemory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "journal")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// model is what a journal must hold: of every key, the states that a crash may have left, the last of them being what
// readers see. A durable write leaves one; amendments add some.
type model struct {
	states map[string][]*journalv1.Record
	order  []string // keys by seq
	runs   map[string]bool
	acked  uint64
}

// see notes what was written to j; durable tells whether it was waited for.
func (m *model) see(j *Journal, rec *journalv1.Record, durable bool) {
	key := rec.Operation.Key
	if m.states[key] == nil {
		m.order = append(m.order, key)
	}
	if durable {
		// A group is committed file by file, oldest first: amendments that waited are durable with it, but for those of
		// a newer file.
		file := j.fileOf(rec.Seq)
		for k, s := range m.states {
			if last := s[len(s)-1:]; j.fileOf(last[0].Seq).month <= file.month {
				m.states[k] = last
			}
		}
		m.states[key] = nil
	}
	m.states[key] = append(m.states[key], proto.CloneOf(rec))
}

// TestJournal_model plays random calls against a model, with a crash at a random commit now and then: what was
// acknowledged is there after it, what was not is there whole or not at all.
func TestJournal_model(t *testing.T) {
	memory, stories := inMemory(t), 0
	rapid.Check(t, func(rt *rapid.T) {
		ok := func(err error) {
			rt.Helper()
			if err != nil {
				rt.Fatal(err)
			}
		}
		stories++
		dir := filepath.Join(memory, fmt.Sprint(stories))
		k := new(killer)
		clock := at("2026-11-04")
		opts := Options{Fault: k.fault, Now: clock.read, Reserve: -1, Retention: 20 * 365 * 24 * time.Hour}
		j, err := Open(t.Context(), dir, opts)
		ok(err)
		defer func() { closeChecked(t, j) }()
		m := &model{states: map[string][]*journalv1.Record{}, runs: map[string]bool{}}
		id := j.ID()

		// reborn reopens after a death at a write of next (nil: of something else), which may be there or not.
		reborn := func(next *journalv1.Record) {
			k.arm(0, nil)
			ok(j.Close())
			if j, err = Open(t.Context(), dir, opts); err != nil {
				rt.Fatal(err)
			}
			if next != nil {
				key := next.Operation.Key
				got, err := j.Get(key)
				switch {
				case errors.Is(err, ErrNotFound) && m.states[key] == nil:
				case err != nil:
					rt.Fatal(err)
				case m.states[key] == nil:
					m.order = append(m.order, key)
					fallthrough
				default:
					m.states[key] = append(m.states[key], next)
					next.Seq, next.Operation.Revision = got.Seq, got.Operation.Revision
				}
			}
			for key, states := range m.states {
				got, err := j.Get(key)
				if err != nil {
					rt.Fatalf("%s: %v", key, err)
				}
				got.Operation.InCloud = false
				if !slices.ContainsFunc(states, func(s *journalv1.Record) bool { return same(s, got) }) {
					rt.Fatalf("%s is none of the %d states it may have:\n%v\nlast:\n%v", key, len(states), got, states[len(states)-1])
				}
				m.states[key] = []*journalv1.Record{got}
			}
			m.acked = j.Acked()
		}
		// agree compares what is read with the model.
		agree := func(rt *rapid.T) error {
			open, err := j.Unfinished()
			if err != nil {
				return err
			}
			want := []string{}
			for _, key := range m.order {
				s := m.states[key]
				got, err := j.Get(key)
				if err != nil {
					return fmt.Errorf("%s: %w", key, err)
				}
				got.Operation.InCloud = false
				if !same(got, s[len(s)-1]) {
					rt.Fatalf("%s reads as\n%v\nwant\n%v", key, got, s[len(s)-1])
				}
				if unfinished(got) {
					want = append(want, key)
				}
			}
			if got := keys(open); !slices.Equal(got, want) {
				rt.Fatalf("unfinished: %v, want %v", got, want)
			}
			if j.ID() != id || len(j.Problems()) > 0 {
				rt.Fatalf("id %s, problems %v", j.ID(), j.Problems())
			}
			return j.failure()
		}
		pick := func(what func(*journalv1.Record) bool) *journalv1.Record {
			var of []string
			for _, key := range m.order {
				if s := m.states[key]; what(s[len(s)-1]) {
					of = append(of, key)
				}
			}
			if len(of) == 0 {
				rt.SkipNow()
			}
			s := m.states[rapid.SampledFrom(of).Draw(rt, "key")]
			return proto.CloneOf(s[len(s)-1])
		}
		durable := func(rec *journalv1.Record, write func(*journalv1.Record) error) {
			next := proto.CloneOf(rec)
			switch err := write(rec); {
			case err == nil:
				m.see(j, rec, true)
			case errors.Is(err, ErrDead):
				reborn(next)
			default:
				rt.Fatal(err)
			}
		}
		n := 0
		fresh := func() *journalv1.Record {
			n++
			rec := accepted(fmt.Sprint("k", n))
			rec.Operation.Till = rapid.SampledFrom([]string{"till-1", "till-2"}).Draw(rt, "till")
			return rec
		}
		open := func(r *journalv1.Record) bool { return r.Operation.Stage != fiscalv1.Stage_STAGE_ENDED }
		ended := func(r *journalv1.Record) bool { return !open(r) }

		rt.Repeat(map[string]func(*rapid.T){
			"accept": func(*rapid.T) {
				durable(fresh(), func(r *journalv1.Record) error { return j.Accept(t.Context(), r) })
			},
			"accept and intend": func(*rapid.T) {
				durable(intended(fresh()), func(r *journalv1.Record) error { return j.Intend(t.Context(), r) })
			},
			"intend": func(*rapid.T) {
				durable(intended(pick(open)), func(r *journalv1.Record) error { return j.Intend(t.Context(), r) })
			},
			"done": func(*rapid.T) {
				durable(done(pick(open), uint32(n)), func(r *journalv1.Record) error { return j.Conclude(t.Context(), r) })
			},
			"not done": func(*rapid.T) {
				durable(notDone(pick(open)), func(r *journalv1.Record) error { return j.Conclude(t.Context(), r) })
			},
			"repeat": func(*rapid.T) {
				rec := pick(func(*journalv1.Record) bool { return true })
				if err := j.Accept(t.Context(), accepted(rec.Operation.Key)); !errors.Is(err, ErrExists) && !errors.Is(err, ErrDead) {
					rt.Fatalf("a known key: %v", err)
				} else if errors.Is(err, ErrDead) {
					reborn(nil)
				}
			},
			"paper": func(rt *rapid.T) {
				rec := pick(ended)
				rec.Operation.Paper = rapid.SampledFrom([]fiscalv1.PaperTrack{fiscalv1.PaperTrack_PAPER_TRACK_OWED, fiscalv1.PaperTrack_PAPER_TRACK_PRINTED}).Draw(rt, "paper")
				j.Amend(rec)
				rec.Operation.Revision++
				m.see(j, rec, false)
			},
			"command": func(rt *rapid.T) {
				id := fmt.Sprint("cmd", rapid.IntRange(0, 5).Draw(rt, "id"))
				first, err := j.BeginExecution(t.Context(), &journalv1.Execution{Id: id})
				switch {
				case errors.Is(err, ErrDead):
					reborn(nil)
					if _, err := j.Execution(id); err == nil {
						m.runs[id] = true
					}
				case err != nil || first == m.runs[id]:
					rt.Fatalf("%s: %v %v", id, first, err)
				default:
					m.runs[id] = true
				}
			},
			"acknowledge": func(rt *rapid.T) {
				entries, err := j.Outbox(t.Context(), m.acked, rapid.IntRange(1, 5).Draw(rt, "n"))
				if errors.Is(err, ErrDead) {
					reborn(nil)
					return
				}
				ok(err)
				if len(entries) > 0 {
					if err := j.Ack(entries[len(entries)-1].Cursor); errors.Is(err, ErrDead) {
						reborn(nil)
						return
					}
					m.acked = entries[len(entries)-1].Cursor
				}
			},
			"month turns":      func(*rapid.T) { clock.set(clock.read().AddDate(0, 1, 0)) },
			"clock jumps back": func(*rapid.T) { clock.set(clock.read().AddDate(0, -2, 0)) },
			"arm":              func(rt *rapid.T) { k.arm(rapid.IntRange(1, 8).Draw(rt, "commits"), errKilled) },
			"restart": func(*rapid.T) {
				k.arm(0, nil)
				ok(j.Close())
				if j, err = Open(t.Context(), dir, opts); err != nil {
					rt.Fatal(err)
				}
			},
			"": func(rt *rapid.T) {
				err := agree(rt)
				if errors.Is(err, ErrDead) { // an amendment died alone, before or while we looked
					reborn(nil)
					err = agree(rt)
				}
				ok(err)
			},
		})
	})
}

// same compares what the journal was given; it counts revisions itself.
func same(a, b *journalv1.Record) bool {
	a, b = proto.CloneOf(a), proto.CloneOf(b)
	a.Operation.Revision, b.Operation.Revision = 0, 0
	return proto.Equal(a, b)
}
