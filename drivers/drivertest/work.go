package drivertest

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

func identity(t *testing.T, b *bench) {
	id, err := b.Till.Identity(b.ctx())
	b.must(err)
	if id.Driver == "" || id.Maker == "" || id.Model == "" || id.Serial == "" || id.Firmware == "" {
		t.Errorf("incomplete: %+v", id)
	}
	if docs := b.Documents(); len(docs) > 0 && id.FN != docs[0].FN {
		t.Errorf("FN %q, want %q", id.FN, docs[0].FN)
	}
}

func freshStatus(t *testing.T, b *bench) {
	s := b.status()
	if s.Mode != drivers.ModeReady || s.Paper != drivers.PaperReady || s.Open != drivers.OpenNothing || s.ShiftOpen {
		t.Errorf("fresh till: %+v", s)
	}
	docs := b.Documents()
	if int(s.LastFD) != len(docs) {
		t.Errorf("last document %d, the oracle has %d", s.LastFD, len(docs))
	}
	if !s.Clock.Valid() {
		t.Errorf("clock %v", s.Clock)
	}
	base, err := b.Till.Baseline(b.ctx())
	b.must(err)
	if base.FN != s.FN || base.LastFD != s.LastFD || base.ShiftOpen {
		t.Errorf("baseline %+v, status %+v", base, s)
	}
}

func shift(t *testing.T, b *bench) {
	before := b.Documents()
	opened, err := b.Till.OpenShift(b.ctx(), cashier)
	b.must(err)
	b.same(opened, b.added(before, 1)[0])
	if opened.Type != fiscal.DocShiftOpened || opened.Shift == 0 {
		t.Errorf("got %+v", opened)
	}
	if s := b.status(); !s.ShiftOpen || s.Shift != opened.Shift {
		t.Errorf("status %+v, opened shift %d", s, opened.Shift)
	}
	_, err = b.Till.OpenShift(b.ctx(), cashier)
	b.fails(err, fiscal.NotDone, drivers.CodeShiftOpen)
	b.added(before, 1)

	closed, err := b.Till.CloseShift(b.ctx(), cashier)
	b.must(err)
	b.same(closed, b.added(before, 2)[1])
	if closed.Type != fiscal.DocShiftClosed || closed.Shift != opened.Shift {
		t.Errorf("got %+v", closed)
	}
	_, err = b.Till.CloseShift(b.ctx(), cashier)
	b.fails(err, fiscal.NotDone, drivers.CodeShiftClosed)
	_, err = b.Till.Register(b.ctx(), plainSale(100))
	b.fails(err, fiscal.NotDone, drivers.CodeShiftClosed)
	b.added(before, 2)

	// Nobody's name is fine too.
	_, err = b.Till.OpenShift(b.ctx(), fiscal.Cashier{})
	b.must(err)
	_, err = b.Till.CloseShift(b.ctx(), fiscal.Cashier{})
	b.must(err)
	b.added(before, 4)
}

func sale(t *testing.T, b *bench) {
	b.openShift()
	base, err := b.Till.Baseline(b.ctx())
	b.must(err)
	before := b.Documents()
	for i, tt := range []struct {
		name    string
		receipt fiscal.Receipt
	}{
		{"one line", plainSale(9999)},
		{"weights, rates and payments", fiscal.Receipt{
			Kind: fiscal.Sale, TaxSystem: fiscal.TaxOSN, Cashier: cashier, Customer: "+79161234567",
			Items: []fiscal.Item{
				{Name: "Сыр весовой", Quantity: 345_000, Price: 123_45, VAT: fiscal.VAT10},                     // 42.59
				{Name: "Болт М6 — 100 шт.", Quantity: 333 * fiscal.One / 1000, Price: 3_33, VAT: fiscal.VAT20}, // 1.11
				{Name: "Доставка", Quantity: fiscal.One, Price: 300_00, VAT: fiscal.VATNone, Subject: 4},
			},
			Payments: fiscal.Payments{Cash: 143_70, Electronic: 200_00},
			Text:     []string{"Спасибо за покупку"},
		}},
		{"a kopeck of rounding, and change", fiscal.Receipt{
			Kind: fiscal.Sale, TaxSystem: fiscal.TaxOSN, Cashier: cashier,
			Items:    []fiscal.Item{{Name: "Пальто", Quantity: 3 * fiscal.One, Price: 33_33, Sum: 100_00, VAT: fiscal.VAT20}},
			Payments: fiscal.Payments{Cash: 500_00},
		}},
		{"kopecks dropped", fiscal.Receipt{
			Kind: fiscal.Sale, TaxSystem: fiscal.TaxOSN, Cashier: cashier,
			Items:    []fiscal.Item{{Name: "Соль", Quantity: fiscal.One, Price: 10_99, VAT: fiscal.VAT20}},
			Payments: fiscal.Payments{Cash: 10_00}, Rounding: 99,
		}},
	} {
		if err := tt.receipt.Check(fiscal.DefaultLimits); err != nil {
			t.Fatalf("%s: the scenario itself is wrong: %v", tt.name, err)
		}
		d, err := b.Till.Register(b.ctx(), tt.receipt)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		b.same(d, b.added(before, i+1)[i])
		if d.Type != fiscal.DocReceipt || d.Kind != fiscal.Sale || d.Total != tt.receipt.Total() {
			t.Errorf("%s: got %+v", tt.name, d)
		}
		if !d.At.Valid() || d.QR() == "" {
			t.Errorf("%s: no time or QR: %+v", tt.name, d)
		}
		if d.Shift != base.Shift || d.Receipt != base.Receipt+uint32(i)+1 {
			t.Errorf("%s: receipt %d of shift %d", tt.name, d.Receipt, d.Shift)
		}
		after, err := b.Till.Baseline(b.ctx())
		b.must(err)
		if after.LastFD != d.FD || after.Receipt != d.Receipt || after.Shift != d.Shift || !after.ShiftOpen {
			t.Errorf("%s: baseline %+v after %+v", tt.name, after, d)
		}
	}
}

func otherKinds(t *testing.T, b *bench) {
	b.openShift()
	b.must(b.Till.CashIn(b.ctx(), 1000_00))
	for _, kind := range []fiscal.Kind{fiscal.SaleReturn, fiscal.Purchase, fiscal.PurchaseReturn} {
		before := b.Documents()
		r := plainSale(70_00)
		r.Kind = kind
		d, err := b.Till.Register(b.ctx(), r)
		if err != nil {
			t.Fatalf("%v: %v", kind, err)
		}
		b.same(d, b.added(before, 1)[0])
		if d.Kind != kind || d.Total != 70_00 {
			t.Errorf("%v: got %+v", kind, d)
		}
	}
}

func correction(t *testing.T, b *bench) {
	b.openShift()
	before := b.Documents()
	r := plainSale(150_00)
	r.Correction = &fiscal.Correction{
		ByOrder: true, Reason: "Неприменение ККТ", Number: "77",
		Date: fiscal.DateTime{Year: 2026, Month: 1, Day: 15},
	}
	d, err := b.Till.Register(b.ctx(), r)
	b.must(err)
	b.same(d, b.added(before, 1)[0])
	if d.Type != fiscal.DocCorrection || d.Kind != fiscal.Sale || d.Total != 150_00 {
		t.Errorf("got %+v", d)
	}
	b.sells()
}

func cash(t *testing.T, b *bench) {
	b.openShift()
	docs := b.Documents()
	was, err := b.Till.Baseline(b.ctx())
	b.must(err)
	b.must(b.Till.CashIn(b.ctx(), 500_00))
	b.must(b.Till.CashIn(b.ctx(), 1))
	b.must(b.Till.CashOut(b.ctx(), 200_00))
	b.fails(b.Till.CashOut(b.ctx(), 9000_00), fiscal.NotDone, drivers.CodeNoCash)
	b.fails(b.Till.CashIn(b.ctx(), 0), fiscal.NotDone, "")
	now, err := b.Till.Baseline(b.ctx())
	b.must(err)
	if now.CashIns != was.CashIns+2 || now.CashOuts != was.CashOuts+1 {
		t.Errorf("counters %d and %d, before %d and %d", now.CashIns, now.CashOuts, was.CashIns, was.CashOuts)
	}
	b.added(docs, 0)
}

func xReport(t *testing.T, b *bench) {
	b.openShift()
	docs := b.Documents()
	was, err := b.Till.Baseline(b.ctx())
	b.must(err)
	b.must(b.Till.XReport(b.ctx()))
	now, err := b.Till.Baseline(b.ctx())
	b.must(err)
	if now.XReports != was.XReports+1 {
		t.Errorf("counter %d, before %d", now.XReports, was.XReports)
	}
	if !b.status().ShiftOpen {
		t.Error("the x report closed the shift")
	}
	b.added(docs, 0)
}

func settlement(t *testing.T, b *bench) {
	before := b.Documents()
	d, err := b.Till.Settlement(b.ctx())
	b.must(err)
	b.same(d, b.added(before, 1)[0])
	if d.Type != fiscal.DocSettlementReport {
		t.Errorf("got %+v", d)
	}
	b.openShift()
	_, err = b.Till.Settlement(b.ctx())
	b.fails(err, fiscal.NotDone, drivers.CodeShiftOpen)
	b.added(before, 2)
}

func documents(t *testing.T, b *bench) {
	b.openShift()
	d, err := b.Till.Register(b.ctx(), plainSale(55_00))
	b.must(err)
	for _, want := range b.Documents() {
		got, err := b.Till.Document(b.ctx(), want.FD)
		if err != nil {
			t.Fatalf("document %d: %v", want.FD, err)
		}
		b.same(got, want)
		if got.At.IsZero() {
			t.Errorf("document %d has no time", want.FD)
		}
	}
	_, err = b.Till.Document(b.ctx(), d.FD+1)
	b.fails(err, fiscal.NotDone, "")
	if !errors.Is(err, drivers.ErrNoDocument) {
		t.Errorf("absent document: %v", err)
	}
	if r, ok := b.Till.(drivers.TLVReader); ok {
		tlv, err := r.DocumentTLV(b.ctx(), d.FD)
		b.must(err)
		again, err := r.DocumentTLV(b.ctx(), d.FD)
		b.must(err)
		if len(tlv) < 16 || cmp.Diff(tlv, again) != "" {
			t.Fatalf("tags % X, then % X", tlv, again)
		}
		if form, length := binary.LittleEndian.Uint16(tlv), int(binary.LittleEndian.Uint16(tlv[2:])); form != uint16(d.Type) || length != len(tlv)-4 {
			t.Errorf("the document is not one object of its form: form %d, length %d of %d bytes", form, length, len(tlv))
		}
		if _, err := r.DocumentTLV(b.ctx(), d.FD+1); !errors.Is(err, drivers.ErrNoDocument) {
			t.Errorf("tags of an absent document: %v", err)
		}
	}
	if c, ok := b.Till.(drivers.Copier); ok {
		before := b.Documents()
		b.must(c.PrintCopy(b.ctx()))
		b.added(before, 0)
	}
	if p, ok := b.Till.(drivers.TextPrinter); ok {
		before := b.Documents()
		b.must(p.PrintText(b.ctx(), []string{"ПРОБНЫЙ ЧЕК", "строка длиннее любой бумаги, которая бывает в чековых принтерах магазинов", ""}))
		b.added(before, 0)
	}
	b.sells()
}
