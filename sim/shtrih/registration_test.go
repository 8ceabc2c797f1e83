package shtrih

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/fn"
)

const (
	testINN = "7702203276"
	testRNM = "0000000005"
)

// in2026 is how far the clock of a till is ahead of that of the bubble a test
// runs in: no document of this format is of the year 2000.
var in2026 = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).Sub(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))

// registered is a complete registration of a till of the default factory
// number.
func registered(format string) *fn.Registration {
	const serial = "0000000000004239"
	reg := fn.RegistrationOf(fiscal.Registration{
		INN: testINN, RNM: fiscal.MakeRNM(testRNM, testINN, serial), Serial: serial, User: `ООО "Ромашка"`, Address: "302028, г. Орёл, ул. Ленина, 1",
		Place: "Магазин", TaxSystems: 3, FFD: format, OFDINN: "7704211201", OFDName: "Такском",
	})
	return &reg
}

func (h *host) table(t, row, field byte, value []byte) {
	h.t.Helper()
	do[codec.EmptyAnswer](h, codec.WriteTable{Password: admin, Table: t, Row: uint16(row), Field: field, Value: value})
}

func (h *host) words(field byte, s string) {
	h.t.Helper()
	b, err := codec.Windows1251.Encode(s)
	if err != nil {
		h.t.Fatal(err)
	}
	h.table(18, 1, field, b)
}

// TestRegistration is the life of a till from the factory: not registered,
// registered by tables and commands, working, registered anew, closed.
func TestRegistration(t *testing.T) {
	for number, format := range map[byte]string{2: "1.05", 3: "1.1", 4: "1.2"} {
		t.Run(format, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := till(t, Options{Unregistered: true, Clock: in2026})
				registrationStory(t, d, connect(t, d, false), number)
			})
		})
	}
}

func registrationStory(t *testing.T, d *Device, h *host, format byte) {
	if a := do[codec.FNStatusAnswer](h, codec.FNStatus{Password: admin}); a.Phase != codec.PhaseReady || a.FD != 0 {
		t.Errorf("%+v", a)
	}
	h.refused(codec.RegistrationTotals{Password: admin}, codec.ErrFNNoData)
	h.refused(codec.OpenShift{Password: admin}, codec.ErrFNWrongState)
	h.refused(codec.BeginRegistration{Password: admin, Type: 2}, codec.ErrFNWrongState)
	if v := do[codec.TableValueAnswer](h, codec.ReadTable{Password: admin, Table: 18, Row: 1, Field: 7}).Value; codec.Printed(codec.Windows1251.Decode(v)) != "" {
		t.Errorf("a new till has a user: % X", v)
	}

	rnm := fiscal.MakeRNM(testRNM, testINN, d.serialNumber())
	first := codec.Registration{Password: admin, INN: testINN, RNM: rnm, Tax: codec.TaxCommon | 2}
	h.refused(first, codec.ErrFNWrongState)
	h.table(17, 1, 17, []byte{format})
	h.words(7, `ООО "Ромашка"`)
	h.words(9, "302028, г. Орёл, ул. Ленина, 1")
	h.words(14, "Магазин")
	h.words(10, "Такском")
	h.words(12, "7704211201")
	do[codec.EmptyAnswer](h, codec.BeginRegistration{Password: admin})
	do[codec.EmptyAnswer](h, codec.SendTLV{Password: admin, TLV: ffd.Append(nil, ffd.Text(ffd.TagCashier, "Петров"))})
	a := do[codec.DocumentAnswer](h, first)
	if a.FD != 1 {
		t.Errorf("%+v", a)
	}
	totals := do[codec.RegistrationAnswer](h, codec.RegistrationTotals{Password: admin})
	if totals.FD != 1 || totals.FP != a.FP || totals.INN != testINN || totals.RNM != rnm || totals.Tax != first.Tax {
		t.Errorf("%+v", totals)
	}
	if long := totals.Form == codec.RegistrationLong; long != (format >= 3) || long && totals.OFD != "7704211201" {
		t.Errorf("%+v", totals)
	}
	for tag, want := range map[ffd.Tag]string{ffd.TagUser: `ООО "Ромашка"`, ffd.TagCashier: "Петров", ffd.TagOFDName: "Такском"} {
		got := do[codec.DataAnswer](h, codec.RegistrationParameter{Password: admin, Number: 1, Tag: uint16(tag)}).Data
		if fields, err := ffd.Parse(got); err != nil || len(fields) != 1 || fields[0].Text() != want {
			t.Errorf("tag %d reads % X", tag, got)
		}
	}
	h.refused(codec.BeginRegistration{Password: admin}, codec.ErrFNWrongState)

	h.openShift()
	h.refused(codec.WriteTable{Password: admin, Table: 18, Row: 1, Field: 14, Value: []byte("x")}, codec.ErrFieldFixed)
	h.refused(codec.BeginCloseFN{Password: admin}, codec.ErrWrongMode)
	h.sell(100)
	do[codec.OperatorAnswer](h, codec.CloseShift{Password: admin})
	do[codec.EmptyAnswer](h, codec.BeginSettlement{Password: admin})
	do[codec.SettlementAnswer](h, codec.Settlement{Password: admin})

	h.words(14, "Другой магазин")
	do[codec.EmptyAnswer](h, codec.BeginRegistration{Password: admin, Type: 2})
	again := codec.Reregistration{Password: admin, INN: testINN, RNM: rnm, Tax: codec.TaxCommon, Reason: 3}
	other := again
	other.INN = "7704211201"
	h.refused(other, codec.ErrFNBadParameter)
	do[codec.EmptyAnswer](h, codec.CancelFNDocument{Password: admin})
	do[codec.EmptyAnswer](h, codec.BeginRegistration{Password: admin, Type: 2})
	do[codec.DocumentAnswer](h, again)
	if a := do[codec.RegistrationAnswer](h, codec.RegistrationTotalsV2{Password: admin, Number: 2}); a.Reasons == 0 || a.Tax != codec.TaxCommon {
		t.Errorf("%+v", a)
	}
	if reg, _, _ := d.FN().Registration(); reg.Place != "Другой магазин" || reg.User != `ООО "Ромашка"` {
		t.Errorf("%+v", reg)
	}
	if a := do[codec.FNExpiryAnswer](h, codec.FNExpiry{Password: admin}); a.Registrations == nil || a.Registrations.Done != 2 {
		t.Errorf("%+v", a)
	}

	do[codec.EmptyAnswer](h, codec.BeginCloseFN{Password: admin})
	do[codec.DocumentAnswer](h, codec.CloseFN{Password: admin})
	h.refused(codec.OpenShift{Password: admin}, codec.ErrFNWrongState)
	if _, err := d.Deliver(100); err != nil {
		t.Error(err)
	}
	if a := do[codec.FNStatusAnswer](h, codec.FNStatus{Password: admin}); a.Phase != codec.PhaseArchive {
		t.Errorf("%+v", a)
	}
	for _, doc := range d.FN().List() {
		whole, err := doc.FFD()
		if err == nil {
			err = whole.Check()
		}
		if err != nil {
			t.Errorf("document %d: %v", doc.FD, err)
		}
	}
}

// TestDocuments: whatever a till makes passes the strict check of its format.
func TestDocuments(t *testing.T) {
	for _, format := range []string{"1.05", "1.1", "1.2"} {
		story(t, format, Options{Registration: registered(format), Clock: in2026}, func(t *testing.T, d *Device, h *host) {
			do[codec.OperatorAnswer](h, codec.OpenReceipt{Password: 1})
			for _, vat := range []byte{0x01, 0x02, 0x08, 0x81, 0xCB} {
				l := line(1050)
				l.VAT, l.Quantity = vat, fiscal.One/2
				do[codec.EmptyAnswer](h, l)
			}
			do[codec.EmptyAnswer](h, codec.SendTLV{Password: 1, TLV: ffd.Append(nil, ffd.Text(ffd.TagCustomer, "+79991234567"),
				ffd.Group(ffd.TagUserData, ffd.Text(ffd.TagUserDataName, "chekan"), ffd.Text(ffd.TagUserDataValue, "A-17")))})
			do[codec.CloseReceiptV2Answer](h, cashFor(10000))
			do[codec.EmptyAnswer](h, codec.BeginCorrection{Password: admin})
			do[codec.EmptyAnswer](h, codec.SendTLV{Password: admin, TLV: ffd.Append(nil, ffd.Group(ffd.TagCorrectionBasis, basis(format)...))})
			if format == "1.05" {
				do[codec.CorrectionAnswer](h, codec.CorrectionV2{
					Password: admin, Order: 1, Sign: codec.SignIncome, Total: 5000, Cash: 5000, VAT20: 833, TaxSystem: codec.TaxCommon,
				})
			} else {
				do[codec.EmptyAnswer](h, codec.CancelFNDocument{Password: admin})
			}
			do[codec.OperatorAnswer](h, codec.CloseShift{Password: admin})
			for _, doc := range d.FN().List() {
				whole, err := doc.FFD()
				if err == nil {
					err = whole.Check()
				}
				if err != nil {
					t.Errorf("document %d: %v", doc.FD, err)
				}
			}
		})
	}
}

func basis(format string) []ffd.Field {
	out := []ffd.Field{ffd.Time(ffd.TagCorrectionDate, fiscal.DateTime{Year: 2026, Month: 1, Day: 30}), ffd.Text(ffd.TagCorrectionNumber, "7")}
	if format == "1.2" {
		return out
	}
	return append([]ffd.Field{ffd.Text(ffd.TagCorrectionReason, "ошибка")}, out...)
}

// TestOldDocuments: a document the operator confirmed is kept whole for thirty
// days, its short record stays.
func TestOldDocuments(t *testing.T) {
	story(t, "thirty days", Options{}, func(t *testing.T, d *Device, h *host) {
		a := h.sell(100)
		if _, err := d.Deliver(100); err != nil {
			t.Error(err)
		}
		do[codec.ReadDocumentAnswer](h, codec.ReadDocument{Password: admin, FD: a.FD})
		do[codec.EmptyAnswer](h, codec.StopOutput{Password: admin})
		d.Age(31 * 24 * time.Hour)
		h.refused(codec.ReadDocument{Password: admin, FD: a.FD}, codec.ErrFNNoData)
		if f := do[codec.FoundDocumentAnswer](h, codec.FindDocument{Password: admin, FD: a.FD}); f.FP != a.FP || f.Ticket != 1 {
			t.Errorf("%+v", f)
		}
	})
}

// TestStrictForms: a till registered for strict-accounting forms makes those.
func TestStrictForms(t *testing.T) {
	reg := registered("1.1")
	reg.Mode |= byte(codec.OperatesWithBSO | codec.OperatesForServices)
	story(t, "forms", Options{Registration: reg, Clock: in2026}, func(t *testing.T, d *Device, h *host) {
		h.fill(100)
		if a := do[codec.FNStatusAnswer](h, codec.FNStatus{Password: admin}); a.Document != codec.MakingBSO {
			t.Errorf("%+v", a)
		}
		do[codec.OperatorAnswer](h, codec.CancelReceipt{Password: 1})
		if a := do[codec.FNStatusAnswer](h, codec.FNStatus{Password: admin}); a.Document != codec.MakingNothing {
			t.Errorf("%+v", a)
		}
		a := h.sell(100)
		if f := do[codec.FoundDocumentAnswer](h, codec.FindDocument{Password: admin, FD: a.FD}); f.Type != codec.ArchiveBSO {
			t.Errorf("%+v", f)
		}
	})
}
