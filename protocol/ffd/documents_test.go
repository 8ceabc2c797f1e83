package ffd

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

var update = flag.Bool("update", false, "write the golden documents anew")

var versions = []Version{V105, V11, V12}

const (
	testINN    = "7702203276"
	testSerial = "000000000002"
	testFN     = "9999078900001234"
)

func testRegistration(v Version) fiscal.Registration {
	reg := fiscal.Registration{
		INN: testINN, RNM: fiscal.MakeRNM("0000000005", testINN, testSerial), Serial: testSerial,
		User: "ООО «Ромашка»", Address: "109012, г. Москва, ул. Никольская, д. 10", Place: "Магазин «У дома»",
		TaxSystems: fiscal.TaxOSN | fiscal.TaxUSN, FFD: v.String(), OFDINN: "9715260691", OFDName: "ООО «Эвотор ОФД»",
		Sender: "check@romashka.example", Cashier: fiscal.Cashier{Name: "Иванова Мария", INN: "500100732259"},
	}
	if v == V12 {
		reg.Modes = fiscal.ModeMarking
	}
	return reg
}

func at(day, hour, minute int) fiscal.DateTime {
	return fiscal.DateTime{Year: 2026, Month: 3, Day: day, Hour: hour, Minute: minute}
}

// testReceipt has every rate there is, a weight, a rounding and change.
func testReceipt() fiscal.Receipt {
	return fiscal.Receipt{
		Kind: fiscal.Sale, TaxSystem: fiscal.TaxOSN, Cashier: fiscal.Cashier{Name: "Иванова Мария", INN: "500100732259"},
		Customer: "+79161234567",
		Items: []fiscal.Item{
			{Name: "Кофе «Эспрессо»", Quantity: 2 * fiscal.One, Price: 15000, VAT: fiscal.VAT22},
			{Name: "Молоко 3,2% 1 л", Quantity: 3 * fiscal.One, Price: 8990, VAT: fiscal.VAT10},
			{Name: "Яблоки", Quantity: 345000, Price: 19990, VAT: fiscal.VAT20},
			{Name: "Книга", Quantity: fiscal.One, Price: 45000, VAT: fiscal.VAT0},
			{Name: "Пакет", Quantity: fiscal.One, Price: 790, VAT: fiscal.VATNone},
			{Name: "Подарочная карта", Quantity: fiscal.One, Price: 100000, VAT: fiscal.VAT22122, Method: 3, Subject: 10},
			{Name: "Услуга мастера", Quantity: fiscal.One, Price: 10500, VAT: fiscal.VAT5, Subject: 4},
			{Name: "Ремонт", Quantity: fiscal.One, Price: 10700, VAT: fiscal.VAT7, Subject: 3},
		},
		Payments: fiscal.Payments{Cash: 200000, Electronic: 30000},
		Rounding: 57,
		Marker:   "a1b2c3d4",
	}
}

// golden is one document of the kind a till and its memory make together.
type golden struct {
	name  string
	form  fiscal.DocumentType
	given func(reg fiscal.Registration) ([]Field, error)
	head  func(h *Head)
}

func goldens() []golden {
	receipt := func(kind fiscal.Kind, modes fiscal.Mode, c *fiscal.Correction) func(fiscal.Registration) ([]Field, error) {
		return func(reg fiscal.Registration) ([]Field, error) {
			r := testReceipt()
			r.Kind, r.Correction = kind, c
			if c != nil {
				r.Payments, r.Rounding = fiscal.Payments{Electronic: r.Total() + r.Rounding}, 0
			}
			reg.Modes |= modes
			return Receipt(r, reg)
		}
	}
	total := testReceipt().Total()
	order := &fiscal.Correction{ByOrder: true, Reason: "Ошибка кассира", Date: at(3, 0, 0), Number: "12-34/5"}
	own := &fiscal.Correction{Reason: "Не пробит чек", Date: at(2, 0, 0)}
	counters := Counters{Shift: testTotals(3), FN: testTotals(90), Unsent: testTotals(2)}
	return []golden{
		{"registration", fiscal.DocRegistration, func(reg fiscal.Registration) ([]Field, error) { return Registering(reg, false) }, func(h *Head) { h.FD, h.At = 1, at(1, 9, 0) }},
		{"reregistration", fiscal.DocReregistration, func(reg fiscal.Registration) ([]Field, error) {
			reg.Place = "Павильон № 7"
			return Registering(reg, true)
		}, func(h *Head) {
			h.Registration.Reasons = 1<<3 | 1<<7
			h.FD, h.At, h.Counters = 8, at(5, 8, 30), counters
		}},
		{"shift-opening", fiscal.DocShiftOpened, func(reg fiscal.Registration) ([]Field, error) { return ShiftOpening(reg.Cashier, reg) }, func(h *Head) { h.FD, h.At, h.Shift, h.Warnings = 2, at(4, 8, 0), 1, 4 }},
		{"settlement", fiscal.DocSettlementReport, Settlement, func(h *Head) {
			h.FD, h.At, h.Unsent, h.UnsentFD, h.UnsentFrom, h.Counters = 7, at(4, 22, 30), 2, 6, at(4, 21, 0), counters
		}},
		{"receipt", fiscal.DocReceipt, receipt(fiscal.Sale, 0, nil), func(h *Head) { h.Kind, h.Total, h.Receipt = fiscal.Sale, total, 1 }},
		{"correction", fiscal.DocCorrection, receipt(fiscal.Sale, 0, order), func(h *Head) { h.FD, h.Kind, h.Total, h.Receipt = 4, fiscal.Sale, total+57, 2 }},
		{"bso", fiscal.DocBSO, receipt(fiscal.SaleReturn, fiscal.ModeBSO, nil), func(h *Head) { h.Kind, h.Total, h.Receipt = fiscal.SaleReturn, total, 1 }},
		{"bso-correction", fiscal.DocBSOCorrection, receipt(fiscal.Purchase, fiscal.ModeBSO, own), func(h *Head) { h.FD, h.Kind, h.Total, h.Receipt = 4, fiscal.Purchase, total+57, 2 }},
		{"shift-closing", fiscal.DocShiftClosed, func(reg fiscal.Registration) ([]Field, error) { return ShiftClosing(reg.Cashier, reg) }, func(h *Head) {
			h.FD, h.At, h.Documents, h.Receipts, h.Unsent, h.UnsentFrom, h.Warnings, h.Counters = 5, at(4, 22, 0), 5, 3, 1, at(4, 21, 0), 10, counters
		}},
		{"archive-closing", fiscal.DocArchiveClosed, func(reg fiscal.Registration) ([]Field, error) { return ArchiveClosing(reg.Cashier, reg) }, func(h *Head) { h.FD, h.At, h.Counters = 9, at(6, 9, 15), counters }},
		{"ticket", fiscal.DocOperatorTicket, nil, nil},
	}
}

// testTotals are counters of n receipts of every kind.
func testTotals(n uint32) *Totals {
	var t Totals
	for i := range t.Kinds {
		m := fiscal.Money(n) * fiscal.Money(i+1) * 1000
		t.Kinds[i] = KindTotals{Receipts: n, Total: m * 10, Payments: fiscal.Payments{Cash: m * 4, Electronic: m * 6}}
		t.Kinds[i].VAT[fiscal.VAT10] = m
		t.Corrections[i] = CorrectionTotals{Receipts: uint32(i), Total: fiscal.Money(i) * 12345}
	}
	return &t
}

func (g golden) document(t *testing.T, v Version) Document {
	t.Helper()
	reg := testRegistration(v)
	if g.form == fiscal.DocOperatorTicket {
		return Ticket{
			OFDINN: reg.OFDINN, FN: testFN, FD: 3, At: fiscal.DateTime{Year: 2026, Month: 3, Day: 4, Hour: 12, Minute: 31, Second: 7},
			Answer: 0, Message: 4, Sign: bytes.Repeat([]byte{0xA7}, 18),
		}.Document(v)
	}
	given, err := g.given(reg)
	if err != nil {
		t.Fatalf("%s %s: %v", g.name, v, err)
	}
	h := Head{
		Form: g.form, Format: v, FN: testFN, RNM: reg.RNM, INN: reg.INN, FD: 3, FP: 476807588, At: at(4, 12, 30), Shift: 1,
		Registration: &reg, KeyDays: 410,
	}
	g.head(&h)
	return h.Document(given)
}

// Every form in every version: bytes, fields and JSON stand in testdata and
// lead to each other.
func TestDocuments_golden(t *testing.T) {
	for _, g := range goldens() {
		for _, v := range versions {
			name := g.name + "-" + v.String()
			t.Run(name, func(t *testing.T) {
				d := g.document(t, v)
				raw := d.Append(nil)
				text, err := json.Marshal(d)
				if err != nil {
					t.Fatal(err)
				}
				var pretty bytes.Buffer
				if err := json.Indent(&pretty, text, "", " "); err != nil {
					t.Fatal(err)
				}
				path := filepath.Join("testdata", "documents", name)
				if *update {
					write(t, path+".bin", raw)
					write(t, path+".json", append(pretty.Bytes(), '\n'))
				}
				wantRaw, wantText := read(t, path+".bin"), read(t, path+".json")
				if diff := cmp.Diff(wantRaw, raw); diff != "" {
					t.Errorf("bytes changed:\n%s", diff)
				}
				if diff := cmp.Diff(string(wantText), pretty.String()+"\n"); diff != "" {
					t.Errorf("JSON changed:\n%s", diff)
				}
				parsed, err := ParseDocument(wantRaw)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(d, parsed); diff != "" {
					t.Errorf("fields of the bytes:\n%s", diff)
				}
				var fromJSON Document
				if err := json.Unmarshal(wantText, &fromJSON); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(d, fromJSON); diff != "" {
					t.Errorf("fields of the JSON:\n%s", diff)
				}
				if err := parsed.Check(); err != nil {
					t.Errorf("check: %v", err)
				}
				if want := v; g.form != fiscal.DocOperatorTicket && parsed.Version() != want {
					t.Errorf("version %s", parsed.Version())
				}
			})
		}
	}
}

// A document that says nothing in hex but the bytes it must.
func TestDocuments_namesEverything(t *testing.T) {
	for _, g := range goldens() {
		for _, v := range versions {
			text := string(read(t, filepath.Join("testdata", "documents", g.name+"-"+v.String()+".json")))
			want := 1 // 1077, or 1078 of a ticket
			if got := strings.Count(text, `"hex"`); got != want {
				t.Errorf("%s %s: %d values in hex, want %d", g.name, v, got, want)
			}
		}
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(fmt.Errorf("%w (run the test with -update)", err))
	}
	return b
}
