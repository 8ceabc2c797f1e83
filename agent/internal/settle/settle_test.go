package settle

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

var update = flag.Bool("update", false, "write the table into docs/guarantees.md")

const fn = "9999078902001234"

func at(fd uint32) fiscal.Baseline {
	return fiscal.Baseline{FN: fn, LastFD: fd, Shift: 7, ShiftOpen: true, Receipt: 3, CashIns: 2, CashOuts: 1, XReports: 4}
}

func receiptDoc(fd uint32, kind fiscal.Kind, total fiscal.Money) fiscal.Document {
	return fiscal.Document{FN: fn, FD: fd, FP: fd * 7, Type: fiscal.DocReceipt, Kind: kind, Total: total}
}

// cases are the specification of Decide; docs/guarantees.md shows them.
func cases() []struct {
	name    string
	asked   Asked
	facts   Facts
	next    Next
	reason  string
	fd      uint32
	foreign []uint32
} {
	sale := Asked{Kind: fiscal.Sale, Total: 30000, Steps: []fiscal.Money{0, 10000, 30000}, Baseline: at(100), Begun: true}
	with := func(a Asked, change func(*Asked)) Asked { change(&a); return a }
	shiftOpen := Asked{Kind: fiscal.OpenShift, Baseline: at(100), Begun: true}
	shiftClose := Asked{Kind: fiscal.CloseShift, Baseline: at(100), Begun: true}
	cashIn := Asked{Kind: fiscal.CashIn, Baseline: at(100), Begun: true}
	now := func(fd uint32, docs ...fiscal.Document) Facts {
		return Facts{Now: at(fd), OpenTotal: -1, Documents: docs}
	}
	open := func(f Facts, o drivers.Open, total fiscal.Money) Facts { f.Open, f.OpenTotal = o, total; return f }
	counters := func(change func(*fiscal.Baseline)) Facts {
		f := now(100)
		change(&f.Now)
		return f
	}
	pending := receiptDoc(102, fiscal.Sale, 30000)
	marked := with(sale, func(a *Asked) { a.Marker = "ours" })
	mark := func(d fiscal.Document, m string) fiscal.Document { d.Marker = m; return d }
	return []struct {
		name    string
		asked   Asked
		facts   Facts
		next    Next
		reason  string
		fd      uint32
		foreign []uint32
	}{
		{"the device was never asked", with(sale, func(a *Asked) { a.Begun = false }), now(100), Refuse, ReasonNotFiscalised, 0, nil},
		{"the fiscal memory is another one", sale, Facts{Now: fiscal.Baseline{FN: "9999078902005678", LastFD: 101}}, Person, ReasonFNReplaced, 0, nil},
		{"the document counter went back", sale, now(99), Person, ReasonCounterBack, 0, nil},
		{"no new document, nothing open", sale, now(100), Refuse, ReasonNotFiscalised, 0, nil},
		{"no new document, still printing", sale, Facts{Now: at(100), Busy: true}, Wait, "", 0, nil},
		{"no new document, our receipt open with all lines", sale, open(now(100), drivers.OpenReceipt, 30000), CancelOpen, ReasonNotFiscalised, 0, nil},
		{"no new document, our receipt open with the first line", sale, open(now(100), drivers.OpenReceipt, 10000), CancelOpen, ReasonNotFiscalised, 0, nil},
		{"no new document, an open receipt whose subtotal the till does not tell", sale, open(now(100), drivers.OpenReceipt, -1), CancelOpen, ReasonNotFiscalised, 0, nil},
		{"no new document, an open receipt that cannot be ours", sale, open(now(100), drivers.OpenReceipt, 12345), Refuse, ReasonForeignOpen, 0, nil},
		{"no new document, a document begun only in the fiscal memory", sale, open(now(100), drivers.OpenFNDocument, -1), CancelOpen, ReasonNotFiscalised, 0, nil},
		{"no new document, a text document open", sale, open(now(100), drivers.OpenNonFiscal, -1), Refuse, ReasonNotFiscalised, 0, nil},
		{"new documents not read yet", sale, now(102), ReadDocuments, "", 0, nil},
		{"one new document, ours", sale, now(101, receiptDoc(101, fiscal.Sale, 30000)), Adopt, "", 101, nil},
		{"one new document, ours, while printing goes on", sale, Facts{Now: at(101), Busy: true, Documents: []fiscal.Document{receiptDoc(101, fiscal.Sale, 30000)}}, Adopt, "", 101, nil},
		{"one new document with another sum", sale, now(101, receiptDoc(101, fiscal.Sale, 29900)), Refuse, ReasonNotFiscalised, 0, []uint32{101}},
		{"one new document with another sign", sale, now(101, receiptDoc(101, fiscal.SaleReturn, 30000)), Refuse, ReasonNotFiscalised, 0, []uint32{101}},
		{"ours after somebody else's", sale, now(102, receiptDoc(101, fiscal.Sale, 500), receiptDoc(102, fiscal.Sale, 30000)), Adopt, "", 102, []uint32{101}},
		{"two that can be ours", sale, now(102, receiptDoc(101, fiscal.Sale, 30000), receiptDoc(102, fiscal.Sale, 30000)), Person, ReasonCandidates, 0, nil},
		{
			"two that can be ours, the till repeated the answer of one", sale,
			Facts{Now: at(102), Documents: []fiscal.Document{receiptDoc(101, fiscal.Sale, 30000), receiptDoc(102, fiscal.Sale, 30000)}, Pending: &pending},
			Adopt, "", 102, nil,
		},
		{"more new documents than an accident makes", sale, now(100 + MaxScan + 1), Person, ReasonCandidates, 0, nil},
		{"two equal ones, ours carries the mark", marked, now(102, mark(receiptDoc(101, fiscal.Sale, 30000), "theirs"), mark(receiptDoc(102, fiscal.Sale, 30000), "ours")), Adopt, "", 102, []uint32{101}},
		{"one equal document with somebody else's mark", marked, now(101, mark(receiptDoc(101, fiscal.Sale, 30000), "theirs")), Refuse, ReasonNotFiscalised, 0, []uint32{101}},
		{"one equal document without the mark it should carry", marked, now(101, receiptDoc(101, fiscal.Sale, 30000)), Person, ReasonCandidates, 0, nil},
		{"a correction is not a receipt", with(sale, func(a *Asked) { a.Correction = true }), now(101, receiptDoc(101, fiscal.Sale, 30000)), Refuse, ReasonNotFiscalised, 0, []uint32{101}},
		{
			"a correction", with(sale, func(a *Asked) { a.Correction = true }),
			now(101, fiscal.Document{FN: fn, FD: 101, Type: fiscal.DocCorrection, Kind: fiscal.Sale, Total: 30000}), Adopt, "", 101, nil,
		},
		{"shift opened", shiftOpen, now(101, fiscal.Document{FN: fn, FD: 101, Type: fiscal.DocShiftOpened, Shift: 8}), Adopt, "", 101, nil},
		{"shift not opened", shiftOpen, now(100), Refuse, ReasonNotFiscalised, 0, nil},
		{"shift opening begun in the fiscal memory and left", shiftOpen, open(now(100), drivers.OpenFNDocument, -1), CancelOpen, ReasonNotFiscalised, 0, nil},
		{"a receipt stands open where a shift was asked for", shiftOpen, open(now(100), drivers.OpenReceipt, 0), Refuse, ReasonForeignOpen, 0, nil},
		{"shift closed", shiftClose, now(101, fiscal.Document{FN: fn, FD: 101, Type: fiscal.DocShiftClosed, Shift: 7}), Adopt, "", 101, nil},
		{"another shift closed", shiftClose, now(101, fiscal.Document{FN: fn, FD: 101, Type: fiscal.DocShiftClosed, Shift: 8}), Refuse, ReasonNotFiscalised, 0, []uint32{101}},
		{
			"settlement report",
			Asked{Kind: fiscal.Settlement, Baseline: at(100), Begun: true},
			now(101, fiscal.Document{FN: fn, FD: 101, Type: fiscal.DocSettlementReport}), Adopt, "", 101, nil,
		},
		{
			"registration of a new fiscal memory",
			Asked{Kind: fiscal.Register, Begun: true, Baseline: fiscal.Baseline{FN: fn}},
			Facts{Now: fiscal.Baseline{FN: fn, LastFD: 1}, OpenTotal: -1, Documents: []fiscal.Document{{FN: fn, FD: 1, Type: fiscal.DocRegistration}}},
			Adopt, "", 1, nil,
		},
		{
			"registration begun in the fiscal memory and left",
			Asked{Kind: fiscal.Register, Begun: true, Baseline: fiscal.Baseline{FN: fn}},
			Facts{Now: fiscal.Baseline{FN: fn}, OpenTotal: -1, Open: drivers.OpenFNDocument},
			CancelOpen, ReasonNotFiscalised, 0, nil,
		},
		{
			"change of the registration",
			Asked{Kind: fiscal.Reregister, Baseline: at(100), Begun: true},
			now(101, fiscal.Document{FN: fn, FD: 101, Type: fiscal.DocReregistration}), Adopt, "", 101, nil,
		},
		{
			"a registration is not its change",
			Asked{Kind: fiscal.Reregister, Baseline: at(100), Begun: true},
			now(101, fiscal.Document{FN: fn, FD: 101, Type: fiscal.DocRegistration}), Refuse, ReasonNotFiscalised, 0,
			[]uint32{101},
		},
		{
			"fiscal memory closed",
			Asked{Kind: fiscal.CloseArchive, Baseline: at(100), Begun: true},
			now(101, fiscal.Document{FN: fn, FD: 101, Type: fiscal.DocArchiveClosed}), Adopt, "", 101, nil,
		},
		{"cash in counted", cashIn, counters(func(b *fiscal.Baseline) { b.CashIns = 3 }), Adopt, "", 0, nil},
		{"cash in not counted", cashIn, counters(func(*fiscal.Baseline) {}), Refuse, ReasonNotFiscalised, 0, nil},
		{"cash in not counted, still printing", cashIn, Facts{Now: at(100), Busy: true}, Wait, "", 0, nil},
		{"cash in counted twice", cashIn, counters(func(b *fiscal.Baseline) { b.CashIns = 4 }), Person, ReasonCounters, 0, nil},
		{"cash out counted", Asked{Kind: fiscal.CashOut, Baseline: at(100), Begun: true}, counters(func(b *fiscal.Baseline) { b.CashOuts = 2 }), Adopt, "", 0, nil},
		{"X report counted", Asked{Kind: fiscal.XReport, Baseline: at(100), Begun: true}, counters(func(b *fiscal.Baseline) { b.XReports = 5 }), Adopt, "", 0, nil},
		{"the counter of two bytes turned over", with(cashIn, func(a *Asked) { a.Baseline.CashIns = 65535 }), counters(func(b *fiscal.Baseline) { b.CashIns = 0 }), Adopt, "", 0, nil},
	}
}

func TestDecide(t *testing.T) {
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			v := Decide(c.asked, c.facts)
			if v.Next != c.next || v.Reason != c.reason || v.Document.FD != c.fd {
				t.Errorf("got %s %q FD %d, want %s %q FD %d", v.Next, v.Reason, v.Document.FD, c.next, c.reason, c.fd)
			}
			if d := cmp.Diff(c.foreign, v.Foreign); d != "" {
				t.Errorf("foreign documents (-want +got):\n%s", d)
			}
			if len(v.Evidence) == 0 {
				t.Error("no evidence for a person")
			}
			if v.Next == ReadDocuments && (v.From != c.asked.Baseline.LastFD+1 || v.To != c.facts.Now.LastFD) {
				t.Errorf("reads %d…%d", v.From, v.To)
			}
		})
	}
}

// A cancelled or refused operation can never be one whose document is among
// those read: whatever the facts, a single match is adopted.
func TestDecide_neverRefusesAMatch(t *testing.T) {
	sale := Asked{Kind: fiscal.Sale, Total: 500, Steps: []fiscal.Money{0, 500}, Baseline: at(10), Begun: true}
	for _, o := range []drivers.Open{drivers.OpenNothing, drivers.OpenReceipt, drivers.OpenNonFiscal, drivers.OpenFNDocument} {
		for _, total := range []fiscal.Money{-1, 0, 500, 7} {
			for _, busy := range []bool{false, true} {
				v := Decide(sale, Facts{Now: at(11), Open: o, OpenTotal: total, Busy: busy, Documents: []fiscal.Document{receiptDoc(11, fiscal.Sale, 500)}})
				if v.Next != Adopt {
					t.Errorf("open %d total %d busy %v: %s", o, total, busy, v.Next)
				}
			}
		}
	}
}

// The table in docs/guarantees.md is this table.
func TestDocs(t *testing.T) {
	var b strings.Builder
	b.WriteString("| what the device shows | verdict |\n|---|---|\n")
	for _, c := range cases() {
		v := Decide(c.asked, c.facts)
		verdict := v.Next.String()
		if v.Reason != "" && v.Next != Refuse && v.Next != CancelOpen {
			verdict += " (" + v.Reason + ")"
		}
		fmt.Fprintf(&b, "| %s | %s |\n", c.name, verdict)
	}
	path := filepath.Join("..", "..", "..", "docs", "guarantees.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- settle table -->\n", "<!-- end of settle table -->"
	head, rest, ok := strings.Cut(string(page), begin)
	old, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("docs/guarantees.md has no place for the table")
	}
	if *update {
		if err := os.WriteFile(path, []byte(head+begin+b.String()+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if old != b.String() {
		t.Error("docs/guarantees.md is not current: go test ./agent/internal/settle -update")
	}
}

// A person chooses among what can be ours and nothing else.
func TestDecide_candidates(t *testing.T) {
	sale := Asked{Kind: fiscal.Sale, Total: 30000, Baseline: at(100), Begun: true}
	marked := sale
	marked.Marker = "ours"
	doc := func(fd uint32, total fiscal.Money, mark string) fiscal.Document {
		d := receiptDoc(fd, fiscal.Sale, total)
		d.Marker = mark
		return d
	}
	for _, c := range []struct {
		name  string
		asked Asked
		docs  []fiscal.Document
		want  []uint32
	}{
		{"two equal ones among others", sale, []fiscal.Document{doc(101, 30000, ""), doc(102, 500, ""), doc(103, 30000, "")}, []uint32{101, 103}},
		{"without marks where marks are set", marked, []fiscal.Document{doc(101, 30000, ""), doc(102, 30000, "theirs")}, []uint32{101}},
	} {
		v := Decide(c.asked, Facts{Now: at(c.docs[len(c.docs)-1].FD), OpenTotal: -1, Documents: c.docs})
		var got []uint32
		for _, d := range v.Candidates {
			got = append(got, d.FD)
		}
		if v.Next != Person || !cmp.Equal(got, c.want) {
			t.Errorf("%s: %s %v, want %v", c.name, v.Next, got, c.want)
		}
	}
	if CanBeOurs(sale, doc(100, 30000, "")) {
		t.Error("a document from before the operation can be chosen")
	}
	if v := Decide(sale, Facts{Now: at(100 + MaxScan + 1)}); v.Candidates != nil {
		t.Errorf("unread documents are offered: %v", v.Candidates)
	}
}
