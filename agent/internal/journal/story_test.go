package journal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/drivers/shtrih"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
	protocol "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/fn"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// shop is an agent with one simulated till: what is done to its journal is judged by the till's fiscal memory.
type shop struct {
	t      *testing.T
	dir    string
	opts   journal.Options
	device *sim.Device
	cable  *wiretest.Cable

	journal *journal.Journal
	fleet   *till.Fleet
	stop    func()
}

const tillName = "касса"

func openShop(t *testing.T, opts journal.Options) *shop {
	t.Helper()
	s := &shop{t: t, dir: t.TempDir(), opts: opts}
	tilltest.Begin()
	var err error
	if s.device, err = sim.New(sim.Options{}); err != nil {
		t.Fatal(err)
	}
	served, hangUp := context.WithCancel(context.Background())
	s.cable = &wiretest.Cable{Serve: func(end io.ReadWriteCloser) { go func() { _ = s.device.Serve(served, end) }() }}
	s.start()
	t.Cleanup(func() {
		if s.stop != nil {
			s.close()
		}
		hangUp()
		_ = s.device.Close()
	})
	return s
}

// start begins a life of the agent.
func (s *shop) start() {
	s.t.Helper()
	var err error
	if s.journal, err = journal.Open(context.Background(), s.dir, s.opts); err != nil {
		s.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	s.fleet, err = till.NewFleet([]till.Config{{Name: tillName, Driver: "shtrih", Device: shtrih.New(s.cable.Dial, shtrih.Options{})}}, s.journal, log)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() { defer close(stopped); _ = s.fleet.Run(ctx) }()
	s.stop = func() { cancel(); <-stopped }
}

// close ends a life of the agent.
func (s *shop) close() {
	s.stop()
	s.stop = nil
	if err := s.journal.Close(); err != nil {
		s.t.Errorf("close journal: %v", err)
	}
}

// of is how many documents (for cash: counts) of an operation the till has.
func (s *shop) of(op *fiscalv1.Operation) int {
	switch fiscal.Kind(op.GetKind()) {
	case fiscal.CashIn:
		return int(s.device.Count(153))
	case fiscal.OpenShift:
		return s.documents(func(d fn.Document) bool { return d.Type == fiscal.DocShiftOpened })
	case fiscal.CloseShift:
		return s.documents(func(d fn.Document) bool { return d.Type == fiscal.DocShiftClosed })
	}
	return s.documents(func(d fn.Document) bool { return d.Type == fiscal.DocReceipt && int64(d.Sum) == total(op) })
}

func (s *shop) documents(count func(fn.Document) bool) int {
	return len(slices.DeleteFunc(s.device.FN().List(), func(d fn.Document) bool { return !count(d) }))
}

func total(op *fiscalv1.Operation) int64 { return op.GetReceipt().GetItems()[0].GetPrice() }

// ask is what a POS does: look the key up, ask when nobody knows it or it was not done.
func (s *shop) ask(op *fiscalv1.Operation) *fiscalv1.Operation {
	s.t.Helper()
	got, err := s.fleet.Operation(context.Background(), op.GetKey(), 10*time.Second)
	if errors.Is(err, till.ErrNotFound) || got.GetOutcome() == fiscalv1.Outcome_OUTCOME_NOT_DONE {
		got, err = s.fleet.Submit(context.Background(), op, 20*time.Second)
	}
	if err != nil {
		s.t.Fatalf("%s: %v", op.GetKey(), err)
	}
	return got
}

func sale(key string, kopecks int64) *fiscalv1.Operation {
	return &fiscalv1.Operation{
		Key: key, Till: tillName, Kind: fiscalv1.Kind_KIND_SALE, Cashier: &fiscalv1.Cashier{Name: "Иванова"},
		Receipt: &fiscalv1.Receipt{
			TaxSystem: 1, Items: []*fiscalv1.Item{{Name: "Кофе", Quantity: "1", Price: kopecks, Vat: "20"}}, Payments: &fiscalv1.Payments{Cash: kopecks},
		},
	}
}

func plain(key string, kind fiscalv1.Kind, amount int64) *fiscalv1.Operation {
	return &fiscalv1.Operation{Key: key, Till: tillName, Kind: kind, Amount: amount, Cashier: &fiscalv1.Cashier{Name: "Иванова"}}
}

// disk is full at one commit, or from one commit on until somebody makes room.
type disk struct {
	mu      sync.Mutex
	at      int
	onward  bool
	n       int
	refused int
}

func (d *disk) fault(p journal.Point) error {
	if p.Moment != journal.BeforeCommit {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.n++
	if d.at > 0 && (d.n == d.at || d.onward && d.n > d.at) {
		d.refused++
		return syscall.ENOSPC
	}
	return nil
}

// makeRoom ends the disk's trouble.
func (d *disk) makeRoom() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = 0
}

// times is how often the disk was full.
func (d *disk) times() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.refused
}

// TestStory_fullAtEveryCommit fills the disk at each commit of a day in turn: every operation is once in the fiscal
// memory in the end, no answer contradicts it, nobody is left without a word.
func TestStory_fullAtEveryCommit(t *testing.T) {
	for _, onward := range []bool{false, true} {
		t.Run(map[bool]string{false: "once", true: "until there is room"}[onward], func(t *testing.T) {
			fired := true
			commits := 0
			for at := 1; fired; at++ {
				if at > 60 {
					t.Fatal("the day never ends")
				}
				t.Run(fmt.Sprint(at), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { fired = dayOnFullDisk(t, at, onward) })
				})
				commits = at - 1
			}
			if commits < 8 {
				t.Errorf("the day has %d commits only", commits)
			}
			t.Logf("%d commits failed in turn", commits)
		})
	}
}

// dayOnFullDisk tells whether the disk was full at all.
func dayOnFullDisk(t *testing.T, at int, onward bool) bool {
	d := &disk{at: at, onward: onward}
	if at == 1 { // the very first file of the journal: the agent says why it does not begin, and leaves nothing behind
		dir := t.TempDir()
		if _, err := journal.Open(t.Context(), dir, journal.Options{Reserve: -1, Fault: d.fault}); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("open: %v", err)
		}
		if files, err := filepath.Glob(filepath.Join(dir, "journal-*")); err != nil || len(files) > 0 {
			t.Errorf("left behind: %v %v", files, err)
		}
		return true
	}
	s := openShop(t, journal.Options{Reserve: -1, Fault: d.fault})
	day := []*fiscalv1.Operation{
		plain("open", fiscalv1.Kind_KIND_OPEN_SHIFT, 0), plain("cash", fiscalv1.Kind_KIND_CASH_IN, 100000),
		sale("a", 11100), sale("b", 22200), sale("c", 33300), plain("close", fiscalv1.Kind_KIND_CLOSE_SHIFT, 0),
	}
	for _, op := range day {
		if op.GetKey() == "b" { // whose answer is lost, so that it has to be settled
			s.device.Plan().Add(sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.OnAnswer, Action: sim.ForgetAnswer})
		}
		for try := 1; ; try++ {
			before := d.times()
			got := s.ask(op)
			if got.GetOutcome() == fiscalv1.Outcome_OUTCOME_DONE {
				if n := s.of(op); n != 1 {
					t.Errorf("%s: the till has %d", op.GetKey(), n)
				}
				break
			}
			if got.GetOutcome() == fiscalv1.Outcome_OUTCOME_NOT_DONE {
				held := s.of(op)
				if held != 0 {
					t.Errorf("%s is «not done», the till has %d", op.GetKey(), held)
				}
				if d.times() > before && got.GetReason() != "journal_full" && got.GetReason() != "unfinished" {
					t.Errorf("%s: the disk is full, the answer is %q", op.GetKey(), got.GetReason())
				}
				<-time.After(30 * time.Second)
				if s.of(op) != held {
					t.Errorf("%s appeared after «not done»", op.GetKey())
				}
			}
			if d.times() > 0 && onward && try == 1 && !full(s.journal) {
				t.Errorf("%s: nobody says that the disk is full: %v", op.GetKey(), s.journal.Problems())
			}
			if try == 2 {
				d.makeRoom()
			}
			if try == 6 {
				t.Fatalf("%s is not done after %d tries: %v", op.GetKey(), try, got)
			}
		}
	}
	s.close()
	d.makeRoom()
	s.start()
	<-time.After(20 * time.Second)
	for _, op := range day {
		got := s.ask(op)
		// The till counts cash movements from the beginning of each shift.
		if n := s.of(op); n != 1 && op.GetKey() != "cash" || n > 1 {
			t.Errorf("%s: the till has %d", op.GetKey(), n)
		}
		if got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
			t.Errorf("%s after the next start: %v", op.GetKey(), got)
		}
		if doc := got.GetDocument(); fiscal.Kind(op.GetKind()).IsFiscal() {
			if stored, err := s.device.FN().Find(doc.GetFd()); err != nil || stored.FP != doc.GetFp() {
				t.Errorf("%s: answered FD %d, FP %d; the fiscal memory has %d (%v)", op.GetKey(), doc.GetFd(), doc.GetFp(), stored.FP, err)
			}
		}
	}
	if findings, n, err := s.journal.Check(t.Context()); err != nil || len(findings) > 0 || n != uint64(len(day)) {
		t.Errorf("journal: %d records, %v, %v", n, findings, err)
	}
	return d.times() > 0
}

func full(j *journal.Journal) bool {
	return slices.ContainsFunc(j.Problems(), func(p journal.Problem) bool { return p.Code == "journal_full" })
}

// TestStory_olderRevision damages the newest revision of a sale that is done: what is salvaged is its intent, and the
// fiscal memory says the rest.
func TestStory_olderRevision(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openShop(t, journal.Options{Reserve: -1})
		s.ask(plain("open", fiscalv1.Kind_KIND_OPEN_SHIFT, 0))
		s.ask(sale("before", 11100))
		op := sale("damaged", 22200)
		was := s.ask(op)
		s.close()
		files, err := filepath.Glob(filepath.Join(s.dir, "journal-*.db"))
		if err != nil || len(files) != 1 {
			t.Fatal(files, err)
		}
		data, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		// The outcome holds the text of the QR code, the intent does not.
		mark := []byte(was.GetDocument().GetQr())
		n := 0
		for at := bytes.Index(data, mark); at >= 0; n++ {
			data[at] ^= 0x40
			next := bytes.Index(data[at+1:], mark)
			if next < 0 {
				n++
				break
			}
			at += 1 + next
		}
		clear(data[:2*os.Getpagesize()])
		if n == 0 {
			t.Fatal("the outcome is not in the file")
		}
		if err := os.WriteFile(files[0], data, 0o600); err != nil {
			t.Fatal(err)
		}
		s.start()
		rec, err := s.journal.Get("damaged")
		if err != nil || rec.GetOperation().GetOutcome() == fiscalv1.Outcome_OUTCOME_DONE || !rec.GetBegun() {
			t.Fatalf("salvaged: %v %v", rec, err)
		}
		if len(s.journal.Salvaged()) != 1 {
			t.Errorf("nobody says so: %v", s.journal.Problems())
		}
		<-time.After(10 * time.Second)
		got := s.ask(op)
		if got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE || got.GetDocument().GetFd() != was.GetDocument().GetFd() || got.GetDocument().GetFp() != was.GetDocument().GetFp() {
			t.Errorf("settled as %v, was %v", got, was)
		}
		if got.GetDocument().GetQr() != was.GetDocument().GetQr() {
			t.Errorf("QR %q, was %q", got.GetDocument().GetQr(), was.GetDocument().GetQr())
		}
		if n := s.of(op); n != 1 {
			t.Errorf("%d documents", n)
		}
	})
}

// TestStory_clockJumps sells while the computer's clock jumps a day ahead and back, over the end of a month.
func TestStory_clockJumps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var off atomic.Int64 // of the computer's clock
		s := openShop(t, journal.Options{Reserve: -1, Now: func() time.Time { return time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC).Add(time.Duration(off.Load())) }})
		s.ask(plain("open", fiscalv1.Kind_KIND_OPEN_SHIFT, 0))
		var ops []*fiscalv1.Operation
		for i, jump := range []time.Duration{0, 24 * time.Hour, -24 * time.Hour, 0, 31 * 24 * time.Hour, -31 * 24 * time.Hour} {
			off.Store(int64(jump))
			op := sale(fmt.Sprint("k", i), int64(10000+i))
			ops = append(ops, op)
			if i%2 == 1 {
				s.device.Plan().Add(sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.OnAnswer, Action: sim.ForgetAnswer})
			}
			s.ask(op)
			s.close() // and the agent begins anew at that time
			s.start()
		}
		for _, op := range ops {
			if got := s.ask(op); got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE || s.of(op) != 1 {
				t.Errorf("%s: %v, %d documents", op.GetKey(), got, s.of(op))
			}
		}
		if findings, n, err := s.journal.Check(t.Context()); err != nil || len(findings) > 0 || n != uint64(len(ops))+1 {
			t.Errorf("journal: %d records, %v, %v", n, findings, err)
		}
	})
}

// TestStory_damage damages the journal of a day in many ways, and a POS that never heard the ends asks for everything
// again under the same keys: the agent says that something was wrong, and sells nothing twice.
func TestStory_damage(t *testing.T) {
	page := os.Getpagesize()
	leaf := func(data []byte, at int) bool { return data[at+8] == 0x02 && data[at+9] == 0 }
	for name, damage := range map[string]func(data []byte) []byte{
		"empty":           func([]byte) []byte { return nil },
		"gone":            nil,
		"truncated":       func(data []byte) []byte { return data[:len(data)/3/page*page] },
		"cut in a page":   func(data []byte) []byte { return data[:3*page+100] },
		"meta pages torn": func(data []byte) []byte { clear(data[100 : page+100]); clear(data[page+64 : 2*page]); return data },
		"leaf pages torn": func(data []byte) []byte {
			for at := 2 * page; at+page <= len(data); at += page {
				if leaf(data, at) {
					clear(data[at+512 : at+page])
				}
			}
			return data
		},
		"one record": func(data []byte) []byte {
			for at := bytes.Index(data, []byte("k3")); at >= 0; at = bytes.Index(data, []byte("k3")) {
				data[at] ^= 0x40
			}
			return data
		},
		"a bit in every leaf page": func(data []byte) []byte {
			for at := 2 * page; at+page <= len(data); at += page {
				if leaf(data, at) {
					for i := at + page - 1; i > at+64; i -= 97 {
						data[i] ^= 0x10
					}
				}
			}
			return data
		},
	} {
		t.Run(name, func(t *testing.T) {
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			verify := journal.VerifyInChild(exe)
			s := openShop(t, journal.Options{Reserve: -1, Verify: verify})
			s.ask(plain("open", fiscalv1.Kind_KIND_OPEN_SHIFT, 0))
			var ops []*fiscalv1.Operation
			for i := range 6 {
				ops = append(ops, sale(fmt.Sprint("k", i), int64(10000+i)))
				if got := s.ask(ops[i]); got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
					t.Fatal(got)
				}
			}
			s.close()
			files, err := filepath.Glob(filepath.Join(s.dir, "journal-*.db"))
			if err != nil || len(files) != 1 {
				t.Fatal(files, err)
			}
			data, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(files[0]); err != nil {
				t.Fatal(err)
			}
			if damage != nil {
				if err := os.WriteFile(files[0], damage(data), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s.start()
			if len(s.journal.Problems()) == 0 || !s.journal.Doubtful() {
				t.Error("nobody says that the journal was damaged")
			}
			known := 0
			for _, op := range ops {
				_, err := s.journal.Get(op.GetKey())
				if err == nil {
					known++
				}
				got := s.ask(op)
				switch {
				case got.GetOutcome() == fiscalv1.Outcome_OUTCOME_DONE:
				case got.GetReason() == "possible_duplicate" && len(got.GetEvidence()) > 0:
				default:
					t.Errorf("%s: %v", op.GetKey(), got)
				}
				if n := s.of(op); n != 1 {
					t.Errorf("%s: the till has %d", op.GetKey(), n)
				}
			}
			t.Logf("%d of %d survived", known, len(ops))
			// A sale like none of those goes through at once, one that is meant anew when somebody insists.
			if got := s.ask(sale("fresh", 99999)); got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
				t.Errorf("a fresh one: %v", got)
			}
			if known < len(ops) {
				again := sale("again", total(ops[len(ops)-1]))
				if got := s.ask(again); got.GetReason() != "possible_duplicate" && known == 0 {
					t.Errorf("an equal one under another key: %v", got)
				}
				got, err := s.fleet.Insist(t.Context(), again, time.Minute)
				if err != nil || got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
					t.Errorf("insisted: %v %v", got, err)
				}
			}
		})
	}
}
