package till_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/shtrih"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// failure is a row of the table «What each failure leaves» in docs/guarantees.md, as far as one till and its cable
// show it: what the asker hears at first, what the fiscal memory holds then, and what a person does about it.
type failure struct {
	row    string
	fault  sim.Fault
	before func(*tilltest.Bench) // what is wrong before the sale is asked for
	first  fiscalv1.Outcome
	reason string // of the first answer; "" is any
	holds  int    // documents of the sale when the first answer is given
	mend   func(*testing.T, *tilltest.Bench)
}

const (
	isDone    = fiscalv1.Outcome_OUTCOME_DONE
	isNotDone = fiscalv1.Outcome_OUTCOME_NOT_DONE
	isUnknown = fiscalv1.Outcome_OUTCOME_UNKNOWN
)

func failures() []failure {
	at := func(phase sim.Phase, action sim.Action, length time.Duration) sim.Fault {
		return sim.Fault{Command: shtrih.CodeCloseReceiptV2, Phase: phase, Action: action, For: length}
	}
	paper := func(_ *testing.T, b *tilltest.Bench) { b.Devices[name].InsertPaper(0); <-time.After(5 * time.Second) }
	cover := func(_ *testing.T, b *tilltest.Bench) { b.Devices[name].CloseCover(); <-time.After(5 * time.Second) }
	pause := func(*testing.T, *tilltest.Bench) { <-time.After(time.Minute) }
	return []failure{
		{row: "paper out before the receipt is closed", fault: at(sim.Before, sim.PaperOut, 0), first: isNotDone, reason: "no_paper", mend: paper},
		{
			row: "paper out while a fiscal receipt prints", fault: sim.Fault{Command: shtrih.CodeCloseReceiptV2, Phase: sim.OnPrint, At: 3, Action: sim.PaperOut},
			first: isDone, holds: 1, mend: finishPrint,
		},
		{row: "cover open", before: func(b *tilltest.Bench) { b.Devices[name].OpenCover() }, first: isNotDone, reason: "cover_open", mend: cover},
		{row: "device hangs", fault: at(sim.OnCommit, sim.Hang, 100*time.Second), first: isUnknown, holds: 1, mend: pause},
		{row: "device restarts by itself", fault: at(sim.After, sim.RebootNow, 0), first: isDone, holds: 1},
		{row: "power cut of the till", fault: at(sim.OnCommit, sim.PowerCut, 2*time.Minute), first: isUnknown, holds: 1, mend: func(*testing.T, *tilltest.Bench) {
			<-time.After(2 * time.Minute)
		}},
		{row: "cable out", before: func(b *tilltest.Bench) { b.Cables[name].Unplug() }, first: isNotDone, reason: "gone", mend: func(_ *testing.T, b *tilltest.Bench) {
			b.Cables[name].Plug()
			<-time.After(5 * time.Second)
		}},
		{row: "answer lost", fault: at(sim.OnAnswer, sim.ForgetAnswer, 0), first: isDone, holds: 1},
		{row: "answer garbled", fault: sim.Fault{Command: shtrih.CodeCloseReceiptV2, Phase: sim.OnAnswer, At: 5, Action: sim.Garble, Times: -1}, first: isDone, holds: 1},
		{row: "answer after our patience", fault: at(sim.After, sim.Delay, 50*time.Second), first: isDone, holds: 1},
		{
			row: "shift over 24 hours", before: func(b *tilltest.Bench) { b.Devices[name].Age(25 * time.Hour) }, first: isNotDone, reason: "shift_expired",
			mend: newShift,
		},
		{row: "fiscal memory blocked", fault: sim.Fault{Command: shtrih.CodeOpenReceipt, Phase: sim.Before, Action: sim.Refuse, Code: 0x14}, first: isNotDone, reason: "fn_blocked"},
		{
			row: "second program at the same till", fault: sim.Fault{Command: shtrih.CodeFNStatus, Phase: sim.Before, Action: sim.ForeignOpen}, first: isNotDone,
			mend: func(t *testing.T, b *tilltest.Bench) {
				_, _ = b.Fleet.Act(t.Context(), "recover", name, fiscalv1.Action_ACTION_RECOVER, func(*fiscalv1.Run) {})
			},
		},
	}
}

func finishPrint(t *testing.T, b *tilltest.Bench) {
	b.Devices[name].InsertPaper(0)
	<-time.After(5 * time.Second)
	if run, err := b.Fleet.Act(t.Context(), "finish", name, fiscalv1.Action_ACTION_FINISH_PRINT, func(*fiscalv1.Run) {}); err != nil || !run.GetOk() {
		t.Errorf("finish the print: %v %v", run, err)
	}
}

func newShift(t *testing.T, b *tilltest.Bench) {
	b.Do(t, &fiscalv1.Operation{Key: "close", Till: name, Kind: fiscalv1.Kind_KIND_CLOSE_SHIFT})
	<-time.After(5 * time.Second)
	b.Do(t, &fiscalv1.Operation{Key: "open again", Till: name, Kind: fiscalv1.Kind_KIND_OPEN_SHIFT})
}

// TestFailures goes through the rows: the first answer never contradicts the fiscal memory, and after what a person
// does the same key has exactly one document.
func TestFailures(t *testing.T) {
	for _, f := range failures() {
		t.Run(f.row, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := tilltest.Open(t, name)
				b.OpenShift(t, name)
				<-time.After(10 * time.Second)
				if f.before != nil {
					f.before(b)
				}
				if f.fault.Action != "" {
					b.Devices[name].Plan().Add(f.fault)
				}
				count := func() int { // of the sale; a second program's are of other sums
					n := 0
					for _, d := range b.Devices[name].FN().List() {
						if d.Sum == 30000 {
							n++
						}
					}
					return n
				}
				got, err := b.Fleet.Submit(t.Context(), tilltest.Sale("k", name), 90*time.Second)
				if err != nil {
					t.Fatal(err)
				}
				if got.GetOutcome() != f.first || f.reason != "" && got.GetReason() != f.reason || count() != f.holds {
					t.Errorf("first answer %v, reason %q, %d documents", got.GetOutcome(), got.GetReason(), count())
				}
				if got.GetText() == "" {
					t.Error("the cashier is told nothing")
				}
				if f.mend != nil {
					f.mend(t, b)
				}
				b.Devices[name].Plan().Clear()
				if n := count(); n != f.holds {
					t.Errorf("%d documents although nobody asked again", n)
				}
				got, err = b.Fleet.Submit(t.Context(), tilltest.Sale("k", name), time.Minute)
				if err != nil || got.GetOutcome() != isDone || count() != 1 {
					t.Errorf("in the end %v %v, %d documents", got, err, count())
				}
			})
		})
	}
}

// TestFailures_table: the table of docs/guarantees.md has every row of TestFailures, and every test it names exists.
func TestFailures_table(t *testing.T) {
	text, err := os.ReadFile("../../../docs/guarantees.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "## What each failure leaves")
	if !ok {
		t.Fatal("the table is gone")
	}
	for _, f := range failures() {
		if !strings.Contains(table, "| "+f.row+" |") {
			t.Errorf("no row %q", f.row)
		}
	}
	there := testNames(t)
	named := regexp.MustCompile("`(Test[A-Za-z_]+)(?:/[^`]*)?`")
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| failure") {
			continue
		}
		names := named.FindAllStringSubmatch(line, -1)
		if len(names) == 0 {
			t.Errorf("no test shows %s", line)
		}
		for _, m := range names {
			if !there[m[1]] {
				t.Errorf("there is no %s", m[1])
			}
		}
	}
}

// testNames are the names of all tests of the agent and the drivers.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	for _, root := range []string{"../..", "../../../drivers"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range declared.FindAllSubmatch(text, -1) {
				names[string(m[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return names
}
