//go:build bench

package journal

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	_ "modernc.org/sqlite" // the peer

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
)

// The measurements of this file want a real disk under the temporary folder: on tmpfs a flush costs nothing, and every
// ratio to it is noise.

const (
	benchTills  = 64
	benchSales  = 60 // of each till in a round
	benchRounds = 9  // the peers take turns, so that a busy moment of the machine does not hit only one
	benchStarts = 3
)

func benchLine(t *testing.T, name string, value float64, unit, goal string) {
	fmt.Fprintf(t.Output(), "BENCH %s %.4g %s %s\n", name, value, unit, goal)
}

// benchRecord is a sale of eight lines, about 1.5 KB once it is concluded.
func benchRecord(key string) *journalv1.Record {
	rec := accepted(key)
	rec.Operation.Cashier = &fiscalv1.Cashier{Name: "Кассир Иванова Мария Петровна", Inn: "502419192920"}
	rec.Operation.Receipt.Items = nil
	for i := range 8 {
		rec.Operation.Receipt.Items = append(rec.Operation.Receipt.Items, &fiscalv1.Item{
			Name:     fmt.Sprintf("Молоко пастеризованное «Домик в деревне» 2,5 %% 930 мл, позиция %d", i),
			Quantity: "2.000", Price: 8990, Sum: 17980, Vat: "10", Method: 4, Subject: 1, Department: 1,
		})
	}
	return intended(rec)
}

func benchDone(rec *journalv1.Record, fd uint32) *journalv1.Record {
	done(rec, fd)
	rec.Operation.Document.Qr = "t=20261104T1230&s=1438.40&fn=9999078900012345&i=42&fp=4007000042&n=1"
	return rec
}

// tills runs benchSales of every till side by side, and returns sales a second.
func tills(t *testing.T, round int, sale func(key string) error) float64 {
	t.Helper()
	var wg sync.WaitGroup
	errs := make(chan error, benchTills)
	began := time.Now()
	for till := range benchTills {
		wg.Go(func() {
			for i := range benchSales {
				if err := sale(benchKey(round, till, i)); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	select {
	case err := <-errs:
		t.Fatal(err)
	default:
	}
	return float64(benchTills*benchSales) / took.Seconds()
}

// benchKey is as random as the version 4 UUIDs of most shops, and as long.
func benchKey(round, till, i int) string {
	hash := sha256.Sum256(fmt.Appendf(nil, "%d %d %d", round, till, i))
	return hex.EncodeToString(hash[:18])
}

func saleInJournal(ctx context.Context, j *Journal) func(key string) error {
	return func(key string) error {
		rec := benchRecord(key)
		if err := j.Intend(ctx, rec); err != nil {
			return err
		}
		return j.Conclude(ctx, benchDone(rec, 42))
	}
}

// group collects callers as the journal does, and hands them to flush together.
type group[T any] struct {
	mu    sync.Mutex
	queue []grouped[T]
	wake  chan struct{}
}

type grouped[T any] struct {
	value T
	done  chan error
}

func newGroup[T any](ctx context.Context, flush func([]T) error) *group[T] {
	g := &group[T]{wake: make(chan struct{}, 1)}
	go func() {
		for {
			select {
			case <-g.wake:
			case <-ctx.Done():
				return
			}
			g.mu.Lock()
			queue := g.queue
			g.queue = nil
			g.mu.Unlock()
			values := make([]T, len(queue))
			for i, q := range queue {
				values[i] = q.value
			}
			err := flush(values)
			for _, q := range queue {
				q.done <- err
			}
		}
	}()
	return g
}

func (g *group[T]) put(value T) error {
	q := grouped[T]{value, make(chan error, 1)}
	g.mu.Lock()
	g.queue = append(g.queue, q)
	g.mu.Unlock()
	wake(g.wake)
	return <-q.done
}

// rawSales appends the same bytes to a file: the floor of two durable steps.
func rawSales(t *testing.T) func(key string) error {
	f, err := os.Create(filepath.Join(t.TempDir(), "raw"))
	must(t, err)
	t.Cleanup(func() { f.Close() })
	var buf []byte
	g := newGroup(t.Context(), func(values [][]byte) error {
		buf = slices.Concat(values...)
		if _, err := f.Write(buf); err != nil {
			return err
		}
		return datasync(f)
	})
	return func(key string) error {
		rec := benchRecord(key)
		for range 2 {
			body, err := proto.Marshal(rec)
			if err != nil {
				return err
			}
			if err := g.put(body); err != nil {
				return err
			}
			benchDone(rec, 42)
		}
		return nil
	}
}

// sqliteSales keeps the same records, keys, list of unfinished and outbox in SQLite.
func sqliteSales(t *testing.T) func(key string) error {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "peer.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	must(t, err)
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`
		CREATE TABLE records (seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, unfinished INTEGER NOT NULL, body BLOB NOT NULL);
		CREATE INDEX records_unfinished ON records (seq) WHERE unfinished = 1;
		CREATE TABLE outbox (cursor INTEGER PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL);`)
	must(t, err)
	type change struct {
		key  string
		end  bool
		body []byte
	}
	insert, err := db.Prepare(`INSERT INTO records (key, unfinished, body) VALUES (?, 1, ?)`)
	must(t, err)
	update, err := db.Prepare(`UPDATE records SET unfinished = 0, body = ? WHERE key = ? RETURNING seq`)
	must(t, err)
	offer, err := db.Prepare(`INSERT INTO outbox (seq, at) VALUES (?, ?)`)
	must(t, err)
	g := newGroup(t.Context(), func(changes []change) error {
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		defer tx.Rollback()
		insert, update, offer := tx.Stmt(insert), tx.Stmt(update), tx.Stmt(offer)
		for _, c := range changes {
			if !c.end {
				if _, err := insert.Exec(c.key, c.body); err != nil {
					return err
				}
				continue
			}
			var seq int64
			if err := update.QueryRow(c.body, c.key).Scan(&seq); err != nil {
				return err
			}
			if _, err := offer.Exec(seq, time.Now().UnixMilli()); err != nil {
				return err
			}
		}
		return tx.Commit()
	})
	return func(key string) error {
		rec := benchRecord(key)
		for _, end := range []bool{false, true} {
			body, err := proto.Marshal(rec)
			if err != nil {
				return err
			}
			if err := g.put(change{key, end, body}); err != nil {
				return err
			}
			benchDone(rec, 42)
		}
		return nil
	}
}

func TestBenchJournal_throughput(t *testing.T) {
	raw, peer := rawSales(t), sqliteSales(t)
	j := open(t, t.TempDir(), Options{})
	var toRaw, toPeer []float64
	for round := range benchRounds {
		floor := tills(t, round, raw)
		ours := tills(t, round, saleInJournal(t.Context(), j))
		theirs := tills(t, round, peer)
		t.Logf("sales/s: raw %.0f, journal %.0f, sqlite %.0f", floor, ours, theirs)
		toRaw, toPeer = append(toRaw, ours/floor), append(toPeer, ours/theirs)
	}
	stats := j.Stats()
	t.Logf("%d bytes a record, %.1f writes a commit", proto.Size(benchDone(benchRecord(benchKey(0, 0, 0)), 42)), float64(stats.Writes)/float64(stats.Commits))
	benchLine(t, "journal_vs_raw", middle(toRaw), "ratio", ">=0.25")
	benchLine(t, "journal_vs_sqlite", middle(toPeer), "ratio", ">=1")
}

func middle(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

func TestBenchJournal_commit(t *testing.T) {
	j := open(t, t.TempDir(), Options{})
	f, err := os.Create(filepath.Join(t.TempDir(), "raw"))
	must(t, err)
	defer f.Close()
	body, err := proto.Marshal(benchRecord("key"))
	must(t, err)
	var ours, raw []float64
	for i := range 400 {
		began := time.Now()
		must(t, j.Intend(t.Context(), benchRecord(fmt.Sprint("key", i))))
		ours = append(ours, time.Since(began).Seconds()*1000)
		began = time.Now()
		_, err := f.Write(body)
		must(t, err)
		must(t, datasync(f))
		raw = append(raw, time.Since(began).Seconds()*1000)
	}
	benchLine(t, "journal_commit", middle(ours), "ms", "<=3")
	t.Logf("append and fdatasync: %.3f ms", middle(raw))
}

// TestBenchJournal_ready opens a journal with a backlog of 100 000 documents, as a process that starts does.
func TestBenchJournal_ready(t *testing.T) {
	const documents = 100_000
	dir := t.TempDir()
	j := open(t, dir, Options{})
	fill(t, j, documents)
	t.Logf("file of %d MB", j.Size()>>20)
	closeChecked(t, j)
	exe, err := os.Executable()
	must(t, err)
	var ready, memory []float64
	for range benchStarts {
		out, err := exec.CommandContext(t.Context(), exe, openerArg, dir).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		said := strings.Fields(string(out))
		if len(said) != 3 || said[2] != strconv.Itoa(documents) {
			t.Fatalf("the opener said %q", out)
		}
		for i, to := range []*[]float64{&ready, &memory} {
			v, err := strconv.ParseFloat(said[i], 64)
			must(t, err)
			*to = append(*to, v)
		}
	}
	benchLine(t, "journal_ready_100k", middle(ready), "s", "<=0.5")
	benchLine(t, "journal_memory_100k", middle(memory), "MB", "<=40")
}

// fill concludes documents that the cabinet has not heard of.
func fill(t *testing.T, j *Journal, documents int) {
	var wg sync.WaitGroup
	const callers = 1000
	for c := range callers {
		wg.Go(func() {
			for i := range documents / callers {
				if err := j.Conclude(t.Context(), benchDone(benchRecord(benchKey(0, c, i)), uint32(c*1000+i))); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
