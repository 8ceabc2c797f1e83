package till

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/agent/internal/settle"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// MaxKey bounds the key of an operation, bytes.
const MaxKey = 128

// check finds everything wrong with what was asked before a device hears of it.
func check(op *fiscalv1.Operation) error {
	var errs fiscal.FieldErrors
	bad := func(field, format string, args ...any) {
		errs = append(errs, fiscal.FieldError{Field: field, Text: fmt.Sprintf(format, args...)})
	}
	if op.GetKey() == "" {
		bad("key", "у операции должен быть ключ: свой для каждой операции, одинаковый при повторе")
	}
	if len(op.GetKey()) > MaxKey {
		bad("key", "ключ %d байт, можно не больше %d", len(op.GetKey()), MaxKey)
	}
	kind := fiscal.Kind(op.GetKind())
	if kind == fiscal.KindNone || kind > fiscal.CloseArchive {
		bad("kind", "не указано, что сделать")
	}
	switch {
	case kind.IsReceipt() && op.GetReceipt() == nil:
		bad("receipt", "у операции %s должен быть чек", kind)
	case kind.IsReceipt():
		r, parsed := receiptOf(op)
		errs = append(errs, parsed...)
		if len(parsed) == 0 {
			if err := r.Check(fiscal.DefaultLimits); err != nil {
				for _, e := range err.(fiscal.FieldErrors) { //nolint:errorlint,errcheck // Check returns nothing else
					errs = append(errs, fiscal.FieldError{Field: place(e.Field), Text: e.Text})
				}
			}
		}
	case op.GetReceipt() != nil:
		bad("receipt", "у операции %s чека не бывает", kind)
	}
	switch registers := kind == fiscal.Register || kind == fiscal.Reregister; {
	case registers && op.GetRegistration() == nil:
		bad("registration", "нужны данные регистрации")
	case registers:
		r, err := registrationOf(op)
		if err != nil {
			bad("registration.modes", "%s", err)
		}
		var wrong fiscal.FieldErrors
		if err == nil && errors.As(r.Check(kind == fiscal.Reregister), &wrong) {
			errs = append(errs, wrong...)
		}
	case op.GetRegistration() != nil:
		bad("registration", "данные регистрации бывают только у регистрации")
	}
	if kind == fiscal.CashIn || kind == fiscal.CashOut {
		if m := fiscal.Money(op.GetAmount()); m <= 0 || m > fiscal.MaxMoney {
			bad("amount", "сумма должна быть больше нуля и не больше %s, пришло %s", fiscal.MaxMoney, m)
		}
	} else if op.GetAmount() != 0 {
		bad("amount", "сумма бывает только у внесения и выплаты")
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}

// place gives the path of a field in the request: cashier stands beside the
// receipt there, everything else in it.
func place(field string) string {
	if len(field) > 8 && field[:8] == "cashier." || field == "kind" {
		return field
	}
	return "receipt." + field
}

func cashierOf(op *fiscalv1.Operation) fiscal.Cashier {
	return fiscal.Cashier{Name: op.GetCashier().GetName(), INN: op.GetCashier().GetInn()}
}

// registrationOf translates the body; an unknown mode is the only thing that cannot be read.
func registrationOf(op *fiscalv1.Operation) (fiscal.Registration, error) {
	m := op.GetRegistration()
	modes, err := fiscal.ParseModes(m.GetModes())
	return fiscal.Registration{
		INN: m.GetInn(), RNM: m.GetRnm(), Serial: m.GetSerial(), User: m.GetUser(), Address: m.GetAddress(), Place: m.GetPlace(),
		TaxSystems: fiscal.TaxSystem(min(m.GetTaxSystems(), 255)), FFD: m.GetFfd(), OFDINN: m.GetOfdInn(), OFDName: m.GetOfdName(), Modes: modes,
		Automat: m.GetAutomat(), Site: m.GetSite(), Sender: m.GetSender(), Cashier: cashierOf(op), Reasons: m.GetReasons(), NewFN: m.GetNewFn(),
	}, err
}

// receiptOf translates the body; what cannot be read is named by its field.
func receiptOf(op *fiscalv1.Operation) (fiscal.Receipt, fiscal.FieldErrors) {
	var errs fiscal.FieldErrors
	m := op.GetReceipt()
	r := fiscal.Receipt{
		Kind: fiscal.Kind(op.GetKind()), Currency: m.GetCurrency(), TaxSystem: fiscal.TaxSystem(m.GetTaxSystem()),
		Cashier: cashierOf(op), Customer: m.GetCustomer(), Rounding: fiscal.Money(m.GetRounding()), Text: m.GetText(),
		Payments: fiscal.Payments{
			Cash: fiscal.Money(m.GetPayments().GetCash()), Electronic: fiscal.Money(m.GetPayments().GetElectronic()),
			Prepaid: fiscal.Money(m.GetPayments().GetPrepaid()), Credit: fiscal.Money(m.GetPayments().GetCredit()),
			Barter: fiscal.Money(m.GetPayments().GetBarter()),
		},
	}
	if m.GetTaxSystem() > 255 {
		errs = append(errs, fiscal.FieldError{Field: "receipt.tax_system", Text: "система налогообложения одна: 1, 2, 4, 8, 16 или 32"})
	}
	for n, i := range m.GetItems() {
		item := fiscal.Item{
			Name: i.GetName(), Price: fiscal.Money(i.GetPrice()), Sum: fiscal.Money(i.GetSum()),
			Department: int(i.GetDepartment()), Method: int(i.GetMethod()), Subject: int(i.GetSubject()),
		}
		var err error
		if item.Quantity, err = fiscal.ParseQuantity(i.GetQuantity()); err != nil {
			errs = append(errs, fiscal.FieldError{
				Field: fmt.Sprintf("receipt.items[%d].quantity", n),
				Text:  fmt.Sprintf("количество пишется как 2 или 0.345, не больше шести знаков после точки, пришло %q", i.GetQuantity()),
			})
		}
		var ok bool
		if item.VAT, ok = fiscal.ParseVAT(i.GetVat()); !ok {
			errs = append(errs, fiscal.FieldError{
				Field: fmt.Sprintf("receipt.items[%d].vat", n),
				Text:  fmt.Sprintf("ставка НДС: 22, 20, 10, 7, 5, 0, none, 22/122, 20/120, 10/110, 7/107 или 5/105, пришло %q", i.GetVat()),
			})
		}
		r.Items = append(r.Items, item)
	}
	if c := m.GetCorrection(); c != nil {
		date, err := fiscal.ParseDateTime(c.GetDate())
		if err != nil {
			errs = append(errs, fiscal.FieldError{Field: "receipt.correction.date", Text: fmt.Sprintf("дата пишется как 2026-03-04T00:00, пришло %q", c.GetDate())})
		}
		r.Correction = &fiscal.Correction{ByOrder: c.GetByOrder(), Reason: c.GetReason(), Date: date, Number: c.GetNumber()}
	}
	return r, errs
}

// bodyHash tells a repeat from a conflict: everything that was asked, without
// what became of it.
func bodyHash(op *fiscalv1.Operation) ([]byte, error) {
	body := &fiscalv1.Operation{Till: op.GetTill(), Kind: op.GetKind(), Receipt: op.GetReceipt(), Amount: op.GetAmount(), Cashier: op.GetCashier(), Registration: op.GetRegistration()}
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("hash the operation: %w", err)
	}
	h := sha256.Sum256(b)
	return h[:], nil
}

// asked is the record in the words of package settle.
func asked(rec *journalv1.Record) settle.Asked {
	op := rec.GetOperation()
	a := settle.Asked{Kind: fiscal.Kind(op.GetKind()), Marker: rec.GetMarker(), Baseline: baselineOf(rec.GetBaseline()), Begun: rec.GetBegun()}
	if a.Kind.IsReceipt() {
		r, _ := receiptOf(op) // the body was checked when it was accepted
		a.Correction = r.Correction != nil
		a.Total = r.Total()
		a.Steps = append(a.Steps, 0)
		var sum fiscal.Money
		for _, i := range r.Items {
			sum += i.Total()
			a.Steps = append(a.Steps, sum)
		}
		if r.Rounding != 0 {
			a.Steps = append(a.Steps, a.Total)
		}
	}
	return a
}

// markerOf is the mark an attempt leaves in its document: short, so that it
// fits every till, and another for every attempt.
func markerOf(op *fiscalv1.Operation) string {
	h := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%d", op.GetKey(), op.GetAttempt(), op.GetAcceptedMs()))
	return base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(h[:10])
}

func baselineProto(b fiscal.Baseline) *journalv1.Baseline {
	return &journalv1.Baseline{
		Fn: b.FN, LastFd: b.LastFD, Shift: b.Shift, ShiftOpen: b.ShiftOpen, Receipt: b.Receipt, Clock: b.Clock.String(),
		CashIns: b.CashIns, CashOuts: b.CashOuts, XReports: b.XReports,
	}
}

func baselineOf(m *journalv1.Baseline) fiscal.Baseline {
	clock, _ := fiscal.ParseDateTime(m.GetClock()) // only shown, never decided by
	return fiscal.Baseline{
		FN: m.GetFn(), LastFD: m.GetLastFd(), Shift: m.GetShift(), ShiftOpen: m.GetShiftOpen(), Receipt: m.GetReceipt(), Clock: clock,
		CashIns: m.GetCashIns(), CashOuts: m.GetCashOuts(), XReports: m.GetXReports(),
	}
}

func documentProto(d fiscal.Document) *fiscalv1.Document {
	at := ""
	if !d.At.IsZero() {
		at = d.At.String()
	}
	return &fiscalv1.Document{
		Fn: d.FN, Fd: d.FD, Fp: d.FP, Type: uint32(d.Type), At: at, Kind: fiscalv1.Kind(d.Kind), Total: int64(d.Total),
		Shift: d.Shift, Receipt: d.Receipt, Qr: d.QR(), Ticket: d.Ticket,
	}
}
