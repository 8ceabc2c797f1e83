package shtrih

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/fn"
)

func (h *host) drawer() fiscal.Money {
	h.t.Helper()
	return do[codec.MoneyRegisterAnswer](h, codec.MoneyRegister{Password: admin, Register: regDrawer}).Value
}

func (h *host) count(reg uint16) uint16 {
	h.t.Helper()
	return do[codec.OperationRegisterAnswer](h, codec.OperationRegister{Password: admin, Register: reg}).Value
}

func content(t *testing.T, d *Device, fd uint32) (fn.Document, fn.Receipt) {
	t.Helper()
	doc, err := d.FN().Find(fd)
	if err != nil {
		t.Fatal(err)
	}
	r, err := doc.Content()
	if err != nil {
		t.Fatal(err)
	}
	return doc, r
}

func TestKinds(t *testing.T) {
	// 8Dh and FF46h number the kinds differently.
	for kind, op := range map[codec.ReceiptType]codec.SettlementSign{
		codec.ReceiptSale: 1, codec.ReceiptPurchase: 3, codec.ReceiptSaleReturn: 2, codec.ReceiptPurchaseReturn: 4,
	} {
		story(t, codec.ReceiptMode(kind).String(), Options{}, func(t *testing.T, d *Device, h *host) {
			do[codec.DocumentNumberAnswer](h, codec.CashIn{Password: 1, Sum: 5000})
			do[codec.OperatorAnswer](h, codec.OpenReceipt{Password: 1, Type: kind})
			if m := h.status().Mode; m != codec.ReceiptMode(kind) {
				t.Errorf("mode %v", m)
			}
			wrong := line(100)
			wrong.Sign = op%4 + 1
			h.refused(wrong, codec.ErrReceiptKind)
			l := line(100)
			l.Sign = op
			do[codec.EmptyAnswer](h, l)
			a := do[codec.CloseReceiptV2Answer](h, cashFor(100))
			if doc, _ := content(t, d, a.FD); doc.Op != byte(op) {
				t.Errorf("operation %d", doc.Op)
			}
			want := fiscal.Money(5100)
			if kind == codec.ReceiptPurchase || kind == codec.ReceiptSaleReturn {
				want = 4900
			}
			if got := h.drawer(); got != want {
				t.Errorf("drawer %v, want %v", got, want)
			}
		})
	}
}

func TestClosing(t *testing.T) {
	story(t, "refusals leave the receipt open", Options{}, func(t *testing.T, d *Device, h *host) {
		do[codec.OperatorAnswer](h, codec.OpenReceipt{Password: 1})
		h.refused(cashFor(100), codec.ErrInvalidOperation)
		do[codec.EmptyAnswer](h, line(1000))
		h.refused(cashFor(999), codec.ErrPaymentShort)
		over := cashFor(0)
		over.Payments[codec.PaymentElectronic] = 1001
		h.refused(over, codec.ErrCashlessOver)
		two := cashFor(1000)
		two.TaxSystem = 3
		h.refused(two, codec.ErrBadParameters)
		other := cashFor(1000)
		other.Password = 2
		h.refused(other, codec.ErrOtherOperator)
		h.refused(codec.OpenReceipt{Password: 1}, codec.ErrWrongMode)
		h.refused(codec.CloseShift{Password: admin}, codec.ErrWrongMode)
		if lastFD(d) != 2 {
			t.Errorf("last document %d", lastFD(d))
		}
		do[codec.CloseReceiptV2Answer](h, cashFor(1000))
	})
	story(t, "payments", Options{}, func(t *testing.T, d *Device, h *host) {
		h.fill(1000)
		q := cashFor(500)
		q.Payments[1], q.Payments[5] = 200, 100
		q.Payments[codec.PaymentPrepaid], q.Payments[codec.PaymentCredit], q.Payments[codec.PaymentBarter] = 150, 100, 50
		q.Rounding = 50
		a := do[codec.CloseReceiptV2Answer](h, q)
		doc, r := content(t, d, a.FD)
		want := fiscal.Payments{Cash: 350, Electronic: 300, Prepaid: 150, Credit: 100, Barter: 50}
		if r.Payments != want || doc.Sum != 950 || a.Change != 150 {
			t.Errorf("payments %+v, total %v, change %v", r.Payments, doc.Sum, a.Change)
		}
	})
	story(t, "tax system not registered", Options{Registration: &fn.Registration{INN: "7702203276", RNM: "1", TaxSystems: 2, FFD: 2}},
		func(t *testing.T, d *Device, h *host) {
			h.fill(100)
			h.refused(cashFor(100), codec.ErrFNBadParameter)
			q := cashFor(100)
			q.TaxSystem = codec.TaxSimpleIncome
			do[codec.CloseReceiptV2Answer](h, q)
		})
	story(t, "no cash for a return", Options{}, func(t *testing.T, d *Device, h *host) {
		do[codec.OperatorAnswer](h, codec.OpenReceipt{Password: 1, Type: codec.ReceiptSaleReturn})
		l := line(100)
		l.Sign = codec.SignIncomeReturn
		do[codec.EmptyAnswer](h, l)
		h.refused(cashFor(100), codec.ErrCashShort)
	})
	story(t, "tags go into the document", Options{}, func(t *testing.T, d *Device, h *host) {
		do[codec.OperatorAnswer](h, codec.OpenReceipt{Password: 1})
		do[codec.EmptyAnswer](h, codec.SendTLV{Password: 1, TLV: ffd.Append(nil, ffd.Group(ffd.TagUserData, ffd.Text(ffd.TagUserDataName, "n"), ffd.Text(ffd.TagUserDataValue, "A-17")))})
		do[codec.EmptyAnswer](h, codec.SendTLV{Password: 1, TLV: ffd.Append(nil, ffd.Text(ffd.TagCashier, "Иванова"))})
		do[codec.EmptyAnswer](h, line(100))
		do[codec.EmptyAnswer](h, codec.OperationTLV{Password: 1, TLV: ffd.Append(nil, ffd.Text(1191, "x"))})
		h.refused(codec.SendTLV{Password: 1, TLV: []byte{1, 2, 3}}, codec.ErrFNUnknownCommand)
		a := do[codec.CloseReceiptV2Answer](h, cashFor(100))
		if _, r := content(t, d, a.FD); r.Marker != "A-17" || r.Cashier != "Иванова" {
			t.Errorf("%+v", r)
		}
	})
	story(t, "time in the answer", Options{DocumentTime: true}, func(t *testing.T, d *Device, h *host) {
		if a := h.sell(100); a.Time == nil || a.Time.Sub(fn.Civil(d.Now())) < -60 {
			t.Errorf("time %v", a.Time)
		}
	})
	story(t, "receipt opens with its first line", Options{AutoOpen: true}, func(t *testing.T, d *Device, h *host) {
		do[codec.EmptyAnswer](h, line(100))
		do[codec.CloseReceiptV2Answer](h, cashFor(100))
	})
	story(t, "receipt does not open by itself", Options{}, func(t *testing.T, d *Device, h *host) {
		h.refused(line(100), codec.ErrWrongMode)
	})
}

func TestClassicReceipt(t *testing.T) {
	story(t, "sale, storno, discount", Options{}, func(t *testing.T, d *Device, h *host) {
		sale := func(price fiscal.Money) codec.Operation {
			return codec.Operation{
				Command: codec.CodeSale, Password: 1, Quantity: fiscal.One, Price: price, Department: 2, Taxes: [4]byte{11}, Text: "Хлеб",
			}
		}
		do[codec.OperatorAnswer](h, sale(1000))
		do[codec.OperatorAnswer](h, sale(500))
		do[codec.OperatorAnswer](h, sale(333))
		gone := sale(500)
		gone.Command = codec.CodeStorno
		do[codec.OperatorAnswer](h, gone)
		h.refused(gone, codec.ErrNegativeTotal)
		do[codec.OperatorAnswer](h, codec.Adjustment{Command: codec.CodeDiscount, Password: 1, Sum: 100})
		if s := do[codec.SubtotalAnswer](h, codec.Subtotal{Password: 1}).Sum; s != 1233 {
			t.Errorf("subtotal %v", s)
		}
		other := sale(1)
		other.Command = codec.CodePurchase
		h.refused(other, codec.ErrWrongMode)
		a := do[codec.CloseReceiptAnswer](h, codec.CloseReceipt{Password: 1, Payments: [4]fiscal.Money{1000, 300}})
		if a.Change != 67 {
			t.Errorf("change %v", a.Change)
		}
		doc, r := content(t, d, 3)
		if doc.Sum != 1233 || len(r.Items) != 2 || r.Items[0].VAT != byte(fiscal.VAT22) || r.Payments.Electronic != 300 {
			t.Errorf("%v %+v", doc.Sum, r)
		}
	})
	story(t, "percents at closing", Options{}, func(t *testing.T, d *Device, h *host) {
		do[codec.OperatorAnswer](h, codec.Operation{Command: codec.CodeSale, Password: 1, Quantity: 3 * fiscal.One, Price: 333})
		q := codec.CloseReceiptExt{Password: 1, Discount: 1000}
		q.Payments[0] = 900
		do[codec.CloseReceiptAnswer](h, q)
		if doc, _ := content(t, d, 3); doc.Sum != 900 {
			t.Errorf("total %v", doc.Sum)
		}
	})
}

func TestCancel(t *testing.T) {
	story(t, "a cancelled receipt has no number", Options{}, func(t *testing.T, d *Device, h *host) {
		h.fill(700)
		do[codec.OperatorAnswer](h, codec.CancelReceipt{Password: 1})
		h.refused(codec.CancelReceipt{Password: 1}, codec.ErrWrongMode)
		if lastFD(d) != 2 || h.count(opCancels) != 1 || h.count(opCancelledType) != 1 {
			t.Errorf("document %d, cancels %d", lastFD(d), h.count(opCancels))
		}
		if s := do[codec.FNStatusAnswer](h, codec.FNStatus{Password: admin}); s.Document != codec.MakingNothing {
			t.Errorf("accumulator prepares %v", s.Document)
		}
		h.sell(100)
	})
}

func TestCorrection(t *testing.T) {
	story(t, "a total", Options{}, func(t *testing.T, d *Device, h *host) {
		do[codec.EmptyAnswer](h, codec.BeginCorrection{Password: admin})
		do[codec.EmptyAnswer](h, codec.SendTLV{Password: admin, TLV: ffd.Append(nil, ffd.Uint(ffd.TagCorrectionType, 0))})
		a := do[codec.CorrectionAnswer](h, codec.Correction{Password: admin, Total: 5000, Sign: codec.SignIncome})
		if doc, _ := content(t, d, a.FD); doc.Type != fiscal.DocCorrection || doc.Sum != 5000 || doc.Receipt != a.Receipt {
			t.Errorf("%+v", doc)
		}
	})
	story(t, "with payments", Options{}, func(t *testing.T, d *Device, h *host) {
		q := codec.CorrectionV2{Password: admin, Sign: codec.SignExpense, Total: 5000, Cash: 4000, Electronic: 1000, TaxSystem: codec.TaxCommon}
		short := q
		short.Cash = 1
		h.refused(short, codec.ErrPaymentShort)
		a := do[codec.CorrectionAnswer](h, q)
		if doc, r := content(t, d, a.FD); doc.Op != 3 || r.Payments.Electronic != 1000 {
			t.Errorf("%+v %+v", doc, r)
		}
	})
	story(t, "as an ordinary receipt", Options{Registration: registered("1.2"), Clock: in2026},
		func(t *testing.T, d *Device, h *host) {
			do[codec.OperatorAnswer](h, codec.OpenReceipt{Password: 1, Type: codec.ReceiptSale | codec.ReceiptCorrection})
			do[codec.EmptyAnswer](h, line(100))
			h.refused(cashFor(100), codec.ErrorCode(fn.ErrTagMissing))
			do[codec.EmptyAnswer](h, codec.SendTLV{Password: 1, TLV: ffd.Append(nil,
				ffd.Uint(ffd.TagCorrectionType, 0),
				ffd.Group(ffd.TagCorrectionBasis, ffd.Time(ffd.TagCorrectionDate, fiscal.DateTime{Year: 2026, Month: 1, Day: 30})))})
			a := do[codec.CloseReceiptV2Answer](h, cashFor(100))
			if doc, r := content(t, d, a.FD); doc.Type != fiscal.DocCorrection || len(r.Items) != 1 {
				t.Errorf("%+v", doc)
			}
		})
	story(t, "as an ordinary receipt needs FFD 1.1", Options{}, func(t *testing.T, d *Device, h *host) {
		h.refused(codec.OpenReceipt{Password: 1, Type: codec.ReceiptSale | codec.ReceiptCorrection}, codec.ErrBadForModel)
	})
}

func TestCashAndReports(t *testing.T) {
	story(t, "cash", Options{}, func(t *testing.T, d *Device, h *host) {
		before := h.count(opThrough)
		if a := do[codec.DocumentNumberAnswer](h, codec.CashIn{Password: 1, Sum: 10000}); a.Document != before+1 {
			t.Errorf("document %d after %d", a.Document, before)
		}
		h.refused(codec.CashOut{Password: 1, Sum: 10001}, codec.ErrCashShort)
		do[codec.DocumentNumberAnswer](h, codec.CashOut{Password: 1, Sum: 4000})
		if h.drawer() != 6000 || h.count(opCashInNumber) != 1 || h.count(opCashOutNumber) != 1 || lastFD(d) != 2 {
			t.Errorf("drawer %v, in %d, out %d", h.drawer(), h.count(opCashInNumber), h.count(opCashOutNumber))
		}
		do[codec.OperatorAnswer](h, codec.XReport{Password: admin})
		h.refused(codec.XReport{Password: 1}, codec.ErrPassword)
		if h.count(opXReports) != 1 {
			t.Error("X report not counted")
		}
		do[codec.OperatorAnswer](h, codec.CloseShift{Password: admin})
		if h.count(opZReports) != 1 || h.drawer() != 6000 || h.count(opCashInCount) != 0 || h.count(opCashInNumber) != 1 {
			t.Errorf("after Z: %d, drawer %v", h.count(opZReports), h.drawer())
		}
		h.refused(codec.XReport{Password: admin}, codec.ErrWrongMode)
		a := do[codec.SettlementAnswer](h, codec.Settlement{Password: admin})
		if a.FD != 4 || a.Unconfirmed != 3 {
			t.Errorf("%+v", a)
		}
	})
	story(t, "shift with a cashier's name", Options{}, func(t *testing.T, d *Device, h *host) {
		do[codec.EmptyAnswer](h, codec.BeginCloseShift{Password: admin})
		do[codec.EmptyAnswer](h, codec.SendTLV{Password: admin, TLV: ffd.Append(nil, ffd.Text(ffd.TagCashier, "Иванова"))})
		h.refused(codec.OpenReceipt{Password: 1}, codec.ErrInvalidOperation)
		do[codec.OperatorAnswer](h, codec.CloseShift{Password: admin})
		doc, err := d.FN().Find(3)
		if tag, ok := doc.Tag(ffd.TagCashier); err != nil || !ok || tag.Text() != "Иванова" {
			t.Errorf("%v %q", err, tag.Text())
		}
		do[codec.EmptyAnswer](h, codec.BeginOpenShift{Password: admin})
		do[codec.FNShiftAnswer](h, codec.FNOpenShift{Password: admin})
		a := do[codec.FNShiftAnswer](h, codec.FNCloseShift{Password: admin})
		if a.Shift != 2 || a.FD != 5 {
			t.Errorf("%+v", a)
		}
	})
	story(t, "copy", Options{}, func(t *testing.T, d *Device, h *host) {
		h.refused(codec.RepeatDocument{Password: 1}, codec.ErrNothingToRepeat)
		h.sell(100)
		do[codec.OperatorAnswer](h, codec.RepeatDocument{Password: 1})
		slips := d.Slips()
		first, second := slips[len(slips)-2], slips[len(slips)-1]
		if diff := cmp.Diff(first.Lines, second.Lines[1:]); diff != "" || strings.TrimSpace(second.Lines[0]) != "КОПИЯ" {
			t.Errorf("%s\n%q", diff, second.Lines[0])
		}
	})
}

func TestTables(t *testing.T) {
	story(t, "tables", Options{}, func(t *testing.T, d *Device, h *host) {
		read := func(table byte, row uint16, field byte) codec.TableValueAnswer {
			t.Helper()
			return do[codec.TableValueAnswer](h, codec.ReadTable{Password: admin, Table: table, Row: row, Field: field})
		}
		if v := read(18, 1, 4).Text(); v != d.FN().Number() {
			t.Errorf("FN %q", v)
		}
		if v := read(2, 30, 1).Uint(); v != 30 {
			t.Errorf("password %d", v)
		}
		if v := read(6, 11, 1).Uint(); v != 2200 {
			t.Errorf("tax %d", v)
		}
		name := []byte{0xCB, 0xE5, 0xED, 0xE0} // Лена
		do[codec.EmptyAnswer](h, codec.WriteTable{Password: admin, Table: 2, Row: 1, Field: 2, Value: name})
		if v := read(2, 1, 2).Text(); v != "Лена" {
			t.Errorf("name %q", v)
		}
		h.refused(codec.WriteTable{Password: admin, Table: 1, Row: 1, Field: 20, Value: []byte{0}}, codec.ErrFieldFixed)
		h.refused(codec.WriteTable{Password: admin, Table: 17, Row: 1, Field: 7, Value: []byte{9}}, codec.ErrBadSetting)
		h.refused(codec.ReadTable{Password: admin, Table: 99, Row: 1, Field: 1}, codec.ErrNoTable)
		h.refused(codec.ReadTable{Password: admin, Table: 2, Row: 31, Field: 1}, codec.ErrBadSetting)
		h.refused(codec.ReadTable{Password: 1, Table: 2, Row: 1, Field: 1}, codec.ErrPassword)
		if a := do[codec.TableInfoAnswer](h, codec.TableInfo{Password: admin, Table: 6}); a.Rows != 12 || a.Fields != 2 {
			t.Errorf("%+v", a)
		}
		a := do[codec.FieldInfoAnswer](h, codec.FieldInfo{Password: admin, Table: 21, Field: 4})
		if _, most, ok := a.Range(); !ok || most != 65535 {
			t.Errorf("%+v", a)
		}
		h.fill(1)
		h.refused(codec.WriteTable{Password: admin, Table: 17, Row: 1, Field: 7, Value: []byte{1}}, codec.ErrWrongMode)
	})
}

func TestReadDocument(t *testing.T) {
	story(t, "as tags", Options{}, func(t *testing.T, d *Device, h *host) {
		a := h.sell(100)
		head := do[codec.ReadDocumentAnswer](h, codec.ReadDocument{Password: admin, FD: a.FD})
		if m := h.status().Mode; m != codec.ModeOutput || head.Type != 3 {
			t.Errorf("mode %v, type %d", m, head.Type)
		}
		var all []byte
		for {
			v, err := h.ask(codec.ReadDocumentBlock{Password: admin})
			if e, ok := codec.AsDeviceError(err); ok && e.Err == codec.ErrFNNoData {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, v.(codec.DataAnswer).Data...)
		}
		if doc, _ := content(t, d, a.FD); !bytes.Equal(all, doc.Body()) || int(head.Length) != len(all) {
			t.Errorf("read % X", all)
		}
		if m := h.status().Mode; m != codec.ModeShiftOpen {
			t.Errorf("mode %v", m)
		}
		h.refused(codec.FindDocument{Password: admin, FD: 99}, codec.ErrFNNoData)
	})
}

func TestRelay(t *testing.T) {
	story(t, "host carries the messages", Options{}, func(t *testing.T, d *Device, h *host) {
		for want := uint16(2); want > 0; want-- {
			if q := do[codec.OFDStatusAnswer](h, codec.OFDStatus{Password: admin}); q.Queue != want || q.FirstFD != uint32(3-want) {
				t.Fatalf("%+v, want %d", q, want)
			}
			size := do[codec.OFDMessageAnswer](h, codec.OFDMessage{Password: admin})
			var msg []byte
			for len(msg) < int(size.Bytes) {
				n := min(int(size.Bytes)-len(msg), int(size.MaxBlock))
				q := codec.OFDReadBlock{Password: admin, Offset: uint16(len(msg)), Count: byte(n)}
				msg = append(msg, do[codec.DataAnswer](h, q).Data...)
			}
			h.refused(codec.OFDReadBlock{Password: admin, Offset: 0, Count: 10}, codec.ErrNoData)
			ticket := fn.MakeTicket(msg, d.Now(), 0)
			limit := do[codec.OFDBeginWriteAnswer](h, codec.OFDBeginWrite{Password: admin, Size: uint16(len(ticket))}).MaxBlock
			for at := 0; at < len(ticket); {
				n := min(len(ticket)-at, int(limit))
				do[codec.EmptyAnswer](h, codec.OFDWriteBlock{Password: admin, Offset: uint16(at), Data: ticket[at : at+n]})
				at += n
			}
		}
		if a := do[codec.OFDMessageAnswer](h, codec.OFDMessage{Password: admin}); a.Bytes != 0 {
			t.Errorf("%+v", a)
		}
		if a := do[codec.OFDTicketAnswer](h, codec.OFDTicket{Password: admin, FD: 2}); a.FD != 2 || len(a.FPO) != 18 {
			t.Errorf("%+v", a)
		}
	})
	story(t, "till delivers by itself", Options{DeliverAfter: time.Minute}, func(t *testing.T, d *Device, h *host) {
		if q := do[codec.OFDStatusAnswer](h, codec.OFDStatus{Password: admin}); q.Queue != 2 {
			t.Errorf("%+v", q)
		}
		h.silence(3 * time.Minute)
		if q := do[codec.OFDStatusAnswer](h, codec.OFDStatus{Password: admin}); q.Queue != 0 {
			t.Errorf("%+v", q)
		}
	})
}

func TestForms(t *testing.T) {
	lengths := func(opts Options, code codec.Code, want int) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			d := till(t, opts)
			h := connect(t, d, false)
			msg := []byte{byte(code), 0x1E, 0, 0, 0}
			if code == codec.CodeExtendedQuery {
				msg = []byte{byte(code), 1}
			}
			h.say(frame1(msg)...)
			h.expect("06")
			if got := len(h.answer(time.Second)); got != want {
				t.Errorf("%v: %d bytes, want %d", code, got, want)
			}
		})
	}
	lengths(Options{ShortStatus: 16}, codec.CodeShortStatus, 16)
	lengths(Options{}, codec.CodeShortStatus, 17)
	lengths(Options{}, codec.CodeFullStatus, 48)
	lengths(Options{FullStatus: 50}, codec.CodeFullStatus, 50)
	lengths(Options{FullStatus: 52}, codec.CodeFullStatus, 52)
	lengths(Options{ShortF7: true}, codec.CodeExtendedQuery, 33)
	lengths(Options{}, codec.CodeExtendedQuery, 38)
	lengths(Options{}, codec.CodeOpenShift, 3)
	lengths(Options{BareE0: true}, codec.CodeOpenShift, 2)
}

// Every command of the protocol, asked with nothing but a password in every
// mode, gets an answer in one piece: a refusal at worst.
func TestEveryCommandAnswers(t *testing.T) {
	modes := map[string]func(d *Device, h *host){
		"shift closed": func(*Device, *host) {},
		"shift open":   func(_ *Device, h *host) { h.openShift() },
		"sale":         func(_ *Device, h *host) { h.openShift(); h.fill(100) },
		"no clock":     func(d *Device, _ *host) { d.act(Fault{Action: LoseClock}, nil) },
		"output":       func(d *Device, _ *host) { d.act(Fault{Action: Stuck}, nil) },
		"no paper":     func(d *Device, _ *host) { d.RemovePaper() },
	}
	for name, enter := range modes {
		t.Run(name, func(t *testing.T) {
			for _, c := range codec.Commands() {
				if c.Code == codec.CodeServiceReboot {
					continue
				}
				for _, extra := range []int{0, 1, 8, 60, 120} {
					synctest.Test(t, func(t *testing.T) {
						d := till(t, Options{})
						h := connect(t, d, false)
						enter(d, h)
						msg := []byte{byte(c.Code)}
						if c.Code.Wide() {
							msg = []byte{byte(c.Code >> 8), byte(c.Code)}
						}
						msg = append(msg, 0x1E, 0, 0, 0)
						msg = append(msg, make([]byte, extra)...)
						h.say(frame1(msg)...)
						h.expect("06")
						if h.answer(time.Minute) == nil {
							t.Errorf("%v with %d bytes: no answer", c.Code, extra)
						}
					})
				}
			}
		})
	}
}
