package journal

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
)

func self(t testing.TB) string {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	return exe
}

// grown makes a journal with records of every stage, closes it, and returns its file and the records.
func grown(t *testing.T, dir string, n int) (string, []*journalv1.Record) {
	t.Helper()
	j := open(t, dir, Options{Now: at("2026-11-04").read})
	var recs []*journalv1.Record
	for i := range n {
		rec := intended(accepted(fmt.Sprint("k", i)))
		must(t, j.Intend(t.Context(), rec))
		if i%3 != 0 {
			must(t, j.Conclude(t.Context(), done(rec, uint32(i+1))))
		}
		recs = append(recs, rec)
	}
	if _, err := j.BeginExecution(t.Context(), &journalv1.Execution{Id: "cmd"}); err != nil {
		t.Fatal(err)
	}
	closeChecked(t, j)
	return filepath.Join(dir, "journal-2026-11.db"), recs
}

// pages visits the pages of a bbolt file.
func pages(data []byte, visit func(n int, page []byte)) {
	size := os.Getpagesize()
	for n := 0; (n+1)*size <= len(data); n++ {
		visit(n, data[n*size:(n+1)*size])
	}
}

func TestOpen_damaged(t *testing.T) {
	const records = 60
	order := binary.NativeEndian
	for _, c := range []struct {
		name string
		do   func(t *testing.T, data []byte) []byte
		keep int // at least so many records survive
	}{
		{"both meta pages", func(_ *testing.T, data []byte) []byte {
			clear(data[:2*os.Getpagesize()])
			return data
		}, records},
		{"empty", func(*testing.T, []byte) []byte { return nil }, 0},
		{"cut short", func(_ *testing.T, data []byte) []byte { return data[:len(data)/2] }, 1},
		{"noise", func(_ *testing.T, data []byte) []byte {
			return bytes.Repeat([]byte{0xA5, 0x3C, 0x02, 0x00}, len(data)/4)
		}, 0},
		{"branch pages lead into the void", func(t *testing.T, data []byte) []byte {
			n := 0
			pages(data, func(_ int, page []byte) {
				if order.Uint16(page[8:]) == 0x01 { // branch: elements {pos, ksize uint32, pgid uint64}
					order.PutUint64(page[pageHeader+8:], 1<<40)
					n++
				}
			})
			if n == 0 {
				t.Fatal("no branch page to damage")
			}
			return data
		}, records},
		{"branch pages lead to themselves", func(_ *testing.T, data []byte) []byte {
			pages(data, func(id int, page []byte) {
				if order.Uint16(page[8:]) == 0x01 {
					order.PutUint64(page[pageHeader+8:], uint64(id))
				}
			})
			return data
		}, records},
		{"one byte of one record", func(t *testing.T, data []byte) []byte {
			for at := 0; ; {
				i := bytes.Index(data[at:], []byte("k59"))
				if i < 0 {
					return data
				}
				data[at+i+1] ^= 0x40
				at += i + 1
			}
		}, records - 1},
		{"leaf pages of zeros", func(_ *testing.T, data []byte) []byte {
			n := 0
			pages(data, func(_ int, page []byte) {
				if order.Uint16(page[8:]) == pageFlagLeaf {
					if n++; n%4 != 0 {
						clear(page)
					}
				}
			})
			return data
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path, recs := grown(t, dir, records)
			j := open(t, dir, Options{Now: at("2026-11-04").read})
			id := j.ID()
			closeChecked(t, j)
			data, err := os.ReadFile(path)
			must(t, err)
			data = c.do(t, data)
			must(t, os.WriteFile(path, data, 0o600))

			opts := Options{Now: at("2026-11-05").read, Verify: func(ctx context.Context, path string) error {
				return verifyInChild(ctx, self(t), path, time.Minute) // the patience of a test
			}}
			j = open(t, dir, opts)
			p := j.Problems()
			if len(p) != 1 || p[0].Code != "journal_damaged" {
				t.Fatalf("problems: %v", p)
			}
			t.Log(p[0].Detail)
			if j.ID() == id {
				t.Error("cursors of the damaged journal go on under its name")
			}
			kept := 0
			for _, want := range recs {
				got, err := j.Get(want.Operation.Key)
				if errors.Is(err, ErrNotFound) {
					continue
				}
				must(t, err)
				kept++
				if got.Operation.Revision == want.Operation.Revision {
					equal(t, want.Operation.Key, got, want)
				} else if got.Operation.Revision > want.Operation.Revision {
					t.Errorf("%s has a revision that was never written", want.Operation.Key)
				}
			}
			if kept < c.keep {
				t.Errorf("%d of %d records survived, want %d", kept, records, c.keep)
			}
			aside, err := filepath.Glob(filepath.Join(dir, "journal-2026-11.db.damaged-*"))
			must(t, err)
			if len(aside) != 1 {
				t.Fatalf("kept aside: %v", aside)
			}
			if was, err := os.ReadFile(aside[0]); err != nil || !bytes.Equal(was, data) {
				t.Errorf("the damaged file was changed (%v)", err)
			}
			fresh := accepted("fresh")
			must(t, j.Accept(t.Context(), fresh))
			after := j.ID()
			closeChecked(t, j)
			j = open(t, dir, opts)
			if p := j.Problems(); len(p) != 1 || p[0].Code != "journal_kept_aside" || j.ID() != after {
				t.Errorf("the next start: %v, id %s, was %s", p, j.ID(), after)
			}
			get(t, j, "fresh")
		})
	}
}

// TestOpen_damagedMonth damages the older of two files: nothing of it may be shadowed by the newer.
func TestOpen_damagedMonth(t *testing.T) {
	dir := t.TempDir()
	path, recs := grown(t, dir, 9)
	j := open(t, dir, Options{Now: at("2026-12-04").read})
	must(t, j.Conclude(t.Context(), done(accepted("december"), 77)))
	must(t, j.Ack(j.last))
	closeChecked(t, j)
	data, err := os.ReadFile(path)
	must(t, err)
	clear(data[:2*os.Getpagesize()])
	must(t, os.WriteFile(path, data, 0o600))
	j = open(t, dir, Options{Now: at("2026-12-04").read})
	for _, rec := range recs {
		equal(t, rec.Operation.Key, get(t, j, rec.Operation.Key), rec)
	}
	if j.Acked() != 0 {
		t.Errorf("%d is acknowledged under a new name", j.Acked())
	}
	entries, err := j.Outbox(t.Context(), 0, 100)
	must(t, err)
	if len(entries) != 7 || entries[6].Record.Operation.Key != "december" {
		t.Errorf("outbox: %v", entries)
	}
	next := accepted("next")
	must(t, j.Accept(t.Context(), next))
	if next.Seq != 11 {
		t.Errorf("the next seq is %d", next.Seq)
	}
}

// TestOpen_cutInSalvage finds a salvaged file whose damaged original was already put aside.
func TestOpen_cutInSalvage(t *testing.T) {
	dir := t.TempDir()
	path, recs := grown(t, dir, 5)
	must(t, os.Rename(path, path+savedSuffix))
	j := open(t, dir, Options{})
	for _, rec := range recs {
		get(t, j, rec.Operation.Key)
	}
	if len(j.Problems()) > 0 {
		t.Errorf("problems: %v", j.Problems())
	}
}

func TestOpen_newer(t *testing.T) {
	dir := t.TempDir()
	path, _ := grown(t, dir, 1)
	db, err := bbolt.Open(path, 0o600, nil)
	must(t, err)
	must(t, db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucketMeta).Put(metaFormat, seqKey(format+1)) }))
	must(t, db.Close())
	was, err := os.ReadFile(path)
	must(t, err)
	for name, verify := range map[string]func(context.Context, string) error{"in the process": nil, "in a child": VerifyInChild(self(t))} {
		_, err = Open(t.Context(), dir, Options{Verify: verify})
		if !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "journal-2026-11.db: the journal was written by a newer version: it has format 2, this agent reads 1") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if is, err := os.ReadFile(path); err != nil || !bytes.Equal(was, is) {
		t.Errorf("the file was touched (%v)", err)
	}
}

func TestVerifyInChild(t *testing.T) {
	path, _ := grown(t, t.TempDir(), 5)
	t.Run("sound", func(t *testing.T) { must(t, VerifyInChild(self(t))(t.Context(), path)) })
	t.Run("hangs", func(t *testing.T) {
		t.Setenv(childHabit, "hang")
		hangs := filepath.Join(t.TempDir(), "hangs")
		t.Setenv(childHangs, hangs)
		child, giveUp := context.WithCancel(t.Context())
		defer giveUp()
		verified := make(chan error, 1)
		go func() { verified <- verifyWhile(t.Context(), child, self(t), path) }()
		eventually(t, "the child hangs", func() bool { _, err := os.Stat(hangs); return err == nil })
		giveUp() // however long it took the child to begin
		if err := <-verified; !errors.Is(err, ErrDamaged) {
			t.Errorf("verify: %v", err)
		}
	})
	t.Run("dies", func(t *testing.T) {
		t.Setenv(childHabit, "die")
		if err := VerifyInChild(self(t))(t.Context(), path); !errors.Is(err, ErrDamaged) {
			t.Errorf("verify: %v", err)
		}
	})
	t.Run("the service stops", func(t *testing.T) {
		t.Setenv(childHabit, "hang")
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		if err := VerifyInChild(self(t))(ctx, path); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrDamaged) {
			t.Errorf("verify: %v", err)
		}
	})
	for name, exe := range map[string]string{"no program": filepath.Join(t.TempDir(), "none"), "another program": "/bin/false"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			_, recs := grown(t, dir, 2)
			j := open(t, dir, Options{Verify: VerifyInChild(exe)})
			get(t, j, recs[0].Operation.Key)
			if p := j.Problems(); len(p) != 1 || p[0].Code != "journal_unverified" {
				t.Errorf("problems: %v", p)
			}
		})
	}
}

// TestCheck_finds changes indexes behind the journal's back: each change has to be found.
func TestCheck_finds(t *testing.T) {
	for name, change := range map[string]func(tx *bbolt.Tx) error{
		"a record is gone":                 func(tx *bbolt.Tx) error { return tx.Bucket(bucketRecords).Delete(seqKey(2)) },
		"an unfinished record is unlisted": func(tx *bbolt.Tx) error { return tx.Bucket(bucketOpen).Delete(seqKey(1)) },
		"a finished record is listed":      func(tx *bbolt.Tx) error { return tx.Bucket(bucketOpen).Put(seqKey(2), nil) },
		"an outbox entry is gone":          func(tx *bbolt.Tx) error { return tx.Bucket(bucketOutbox).Delete(seqKey(1)) },
		"an outbox entry leads nowhere":    func(tx *bbolt.Tx) error { return tx.Bucket(bucketOutbox).Put(seqKey(9), make([]byte, 16)) },
		"a key leads nowhere":              func(tx *bbolt.Tx) error { return tx.Bucket(bucketKeys).Put([]byte("x"), seqKey(99)) },
		"an execution is damaged":          func(tx *bbolt.Tx) error { return tx.Bucket(bucketRuns).Put([]byte("cmd"), []byte{layoutExecution}) },
		"a record is damaged": func(tx *bbolt.Tx) error {
			v := slices.Clone(tx.Bucket(bucketRecords).Get(seqKey(3)))
			v[len(v)-1] ^= 1
			return tx.Bucket(bucketRecords).Put(seqKey(3), v)
		},
		"two records have one key": func(tx *bbolt.Tx) error {
			v := tx.Bucket(bucketRecords).Get(seqKey(3))
			h, body, _ := openRecord(v)
			h.cursor = 0
			return tx.Bucket(bucketRecords).Put(seqKey(6), sealRecord(6, h, slices.Clone(body)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path, _ := grown(t, dir, 5)
			db, err := bbolt.Open(path, 0o600, nil)
			must(t, err)
			must(t, db.Update(change))
			findings, _, err := inspect(t.Context(), &file{db: db}, true, new(sync.Mutex))
			must(t, err)
			if len(findings) == 0 {
				t.Error("nothing was found")
			}
			t.Log(findings)
			must(t, db.Close())
		})
	}
}

// FuzzSalvage reads anything as a page, and a value of anything.
func FuzzSalvage(f *testing.F) {
	j, err := Open(context.Background(), f.TempDir(), Options{Reserve: -1})
	must(f, err)
	must(f, j.Intend(context.Background(), intended(accepted("a"))))
	path := j.newest().path
	must(f, j.Close())
	data, err := os.ReadFile(path)
	must(f, err)
	pages(data, func(_ int, page []byte) { f.Add(page) })
	f.Fuzz(func(t *testing.T, page []byte) {
		w := &wreck{records: map[string]piece{}, runs: map[string][]byte{}}
		leafValues(page, func(k, v []byte, at int) {
			if !bytes.Equal(page[at:at+len(v)], v) {
				t.Errorf("the value is not at %d", at)
			}
			w.take(k, v, int64(at))
			if h, body, ok := openRecord(v); ok && len(k) == 8 && sound(layoutRecord, k, v) {
				if again := sealRecord(number(k), h, body); !bytes.Equal(again, v) {
					t.Errorf("record\n%x\nseals as\n%x", v, again)
				}
			}
		})
		for key, p := range w.records {
			if key == "" || p.at+p.size > int64(len(page)) {
				t.Errorf("%q: %+v", key, p)
			}
		}
	})
}

// TestRecord_roundTrip seals and opens a record.
func TestRecord_roundTrip(t *testing.T) {
	rec := done(intended(accepted("ключ")), 42)
	rec.Seq, rec.Operation.Revision, rec.Operation.InCloud = 7, 3, true
	body, err := proto.Marshal(rec)
	must(t, err)
	value := sealRecord(7, header{cursor: 9, revision: 3, flags: flagsOf(rec), till: rec.Operation.Till}, body)
	got, err := decodeRecord(7, value, 9)
	must(t, err)
	equal(t, "record", got, rec)
	if got, err := decodeRecord(7, value, 8); err != nil || got.Operation.InCloud {
		t.Errorf("in the cloud before it is acknowledged (%v)", err)
	}
	if _, err := decodeRecord(8, value, 9); !errors.Is(err, ErrDamaged) {
		t.Errorf("under another seq: %v", err)
	}
	for i := range value {
		broken := slices.Clone(value)
		broken[i] ^= 0x10
		if _, err := decodeRecord(7, broken, 9); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
}
