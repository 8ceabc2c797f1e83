package fn

import (
	"bytes"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/fn"
	"github.com/chekan-io/chekan/protocol/ofd"
)

// card is a complete registration in a format.
func card(format string) fiscal.Registration {
	const inn, serial = "7702203276", "00000000000000000001"
	return fiscal.Registration{
		INN: inn, RNM: fiscal.MakeRNM("0000000005", inn, serial), Serial: serial, User: `ООО "Ромашка"`, Address: "119019, г. Москва, ул. Арбат, 1",
		Place: "Магазин", TaxSystems: fiscal.TaxOSN | fiscal.TaxUSN, FFD: format, OFDINN: "7704211201", OFDName: "Такском",
		Cashier: fiscal.Cashier{Name: "Иванова И. И."},
	}
}

// host is the till's side of the wire: it has the clock, composes documents and
// asks.
type host struct {
	t      *testing.T
	d      *Device
	conn   net.Conn
	served chan error
	reader codec.Reader
	now    time.Time
	reg    fiscal.Registration
}

// morning is the host's clock at first.
var morning = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func newDevice(t *testing.T, opts DeviceOptions) *Device {
	t.Helper()
	opts.Clock = morning.Sub(civil(time.Now()))
	d, err := NewDevice(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.FN().Verify(); err != nil {
			t.Errorf("archive: %v", err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func newHost(t *testing.T, d *Device, reg fiscal.Registration) *host {
	t.Helper()
	h := &host{t: t, d: d, now: morning, reg: reg}
	h.connect()
	return h
}

func (h *host) connect() {
	ours, theirs := net.Pipe()
	h.conn, h.served, h.reader = ours, make(chan error, 1), codec.Reader{}
	go func() { h.served <- h.d.Serve(h.t.Context(), theirs) }()
}

func (h *host) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// pass lets time go by for both sides.
func (h *host) pass(d time.Duration) {
	h.now = h.now.Add(d)
	h.d.Age(d)
}

func (h *host) at() fiscal.DateTime { return Civil(h.now.Truncate(time.Minute)) }

// errQuiet says that no answer came.
var errQuiet = errors.New("no answer")

func (h *host) send(b []byte) error {
	if err := h.conn.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	_, err := h.conn.Write(b)
	return err
}

// hear waits for a frame.
func (h *host) hear() ([]byte, error) {
	deadline := time.Now().Add(20 * time.Second)
	buf := make([]byte, 64)
	for {
		for e := h.reader.Next(); e != codec.EventNone; e = h.reader.Next() {
			if e == codec.EventFrame {
				return h.reader.Message(), nil
			}
		}
		if err := h.conn.SetReadDeadline(deadline); err != nil {
			return nil, errors.Join(errQuiet, err)
		}
		n, err := h.conn.Read(buf)
		h.reader.Push(buf[:n])
		if err != nil {
			return nil, errors.Join(errQuiet, err)
		}
	}
}

func (h *host) ask(req codec.Request) (codec.Answer, error) {
	h.t.Helper()
	msg, err := codec.EncodeRequest(req)
	h.must(err)
	if err := h.send(codec.EncodeFrame(msg)); err != nil {
		return nil, errors.Join(errQuiet, err)
	}
	back, err := h.hear()
	if err != nil {
		return nil, err
	}
	a, _, err := codec.DecodeAnswer(req.Command(), back)
	return a, err
}

// do asks for an answer of a type and takes no refusal.
func do[A codec.Answer](h *host, req codec.Request) A {
	h.t.Helper()
	a, err := h.ask(req)
	h.must(err)
	v, ok := a.(A)
	if !ok {
		h.t.Fatalf("%v is answered with %T", req.Command(), a)
	}
	return v
}

func (h *host) ok(req codec.Request) {
	h.t.Helper()
	_, err := h.ask(req)
	h.must(err)
}

func (h *host) refused(req codec.Request, want codec.Code) {
	h.t.Helper()
	_, err := h.ask(req)
	if r, ok := codec.AsRefusal(err); !ok || r.Code != want {
		h.t.Errorf("%v: %v, want %v", req.Command(), err, want)
	}
}

func (h *host) status() codec.StatusAnswer {
	h.t.Helper()
	return do[codec.StatusAnswer](h, codec.Status{})
}

// give sends the tags of a document.
func (h *host) give(fields []ffd.Field, err error) {
	h.t.Helper()
	h.must(err)
	messages, err := ffd.Messages(fields)
	h.must(err)
	for _, tlv := range messages {
		h.ok(codec.Data{TLV: tlv})
	}
}

var cashier = fiscal.Cashier{Name: "Иванова И. И."}

func (h *host) registerAs(typ byte, reg fiscal.Registration) codec.DocumentAnswer {
	h.t.Helper()
	w := RegistrationOf(reg)
	h.reg = reg
	if w.FFD >= byte(ffd.V11) {
		h.ok(codec.BeginRegistration2{Type: typ, FFD: w.FFD})
		h.give(ffd.Registering(reg, typ != 0))
		return do[codec.DocumentAnswer](h, codec.Register2{
			At: h.at(), INN: w.INN, RNM: w.RNM, TaxSystems: w.TaxSystems, Mode: w.Mode, ExtMode: w.ExtMode, OFDINN: w.OFDINN, Reasons: w.Reasons,
		})
	}
	h.ok(codec.BeginRegistration{Type: typ})
	h.give(ffd.Registering(reg, typ != 0))
	return do[codec.DocumentAnswer](h, codec.Register{
		At: h.at(), INN: w.INN, RNM: w.RNM, TaxSystems: w.TaxSystems, Mode: w.Mode, Reason: w.Reason,
	})
}

func (h *host) openShift() codec.NumberedAnswer {
	h.t.Helper()
	h.ok(codec.BeginOpenShift{At: h.at()})
	h.give(ffd.ShiftOpening(cashier, h.reg))
	return do[codec.NumberedAnswer](h, codec.OpenShift{})
}

func (h *host) closeShift() codec.NumberedAnswer {
	h.t.Helper()
	h.ok(codec.BeginCloseShift{At: h.at()})
	h.give(ffd.ShiftClosing(cashier, h.reg))
	return do[codec.NumberedAnswer](h, codec.CloseShift{})
}

func receiptOf(kind fiscal.Kind, sum fiscal.Money) fiscal.Receipt {
	return fiscal.Receipt{
		Kind: kind, TaxSystem: fiscal.TaxOSN, Cashier: cashier, Marker: "A-17",
		Items:    []fiscal.Item{{Name: "Чай «Ёж»", Quantity: fiscal.One, Price: sum, VAT: fiscal.VAT22}},
		Payments: fiscal.Payments{Cash: sum},
	}
}

func (h *host) receipt(r fiscal.Receipt) codec.NumberedAnswer {
	h.t.Helper()
	begin := codec.Request(codec.BeginReceipt{At: h.at()})
	if r.Correction != nil {
		begin = codec.BeginCorrection{At: h.at()}
	}
	h.ok(begin)
	h.give(ffd.Receipt(r, h.reg))
	return do[codec.NumberedAnswer](h, codec.FormReceipt{At: h.at(), Sign: byte(r.Kind.Sign()), Total: r.Total()})
}

func (h *host) report() codec.ReportAnswer {
	h.t.Helper()
	h.ok(codec.BeginReport{At: h.at()})
	h.give(ffd.Settlement(h.reg))
	return do[codec.ReportAnswer](h, codec.FormReport{})
}

// message reads the message for the operator to its end.
func (h *host) message() []byte {
	h.t.Helper()
	n := do[codec.MessageLengthAnswer](h, codec.BeginReadMessage{}).Length
	var msg []byte
	for len(msg) < int(n) {
		msg = append(msg, do[codec.BlockAnswer](h, codec.ReadMessage{Offset: uint16(len(msg)), Count: 100}).Data...)
	}
	h.ok(codec.EndReadMessage{})
	return msg
}

// acknowledged is the operator's answer to a container.
func (h *host) acknowledged(container []byte, a ofd.Acknowledgement) []byte {
	h.t.Helper()
	c, err := ofd.ParseContainer(container)
	h.must(err)
	a.At, a.INN = h.at(), h.reg.OFDINN
	return c.Acknowledge(a, [6]byte{1, 2, 3}).Append(nil)
}

// deliver carries everything that waits to an operator that accepts it.
func (h *host) deliver() (n int) {
	h.t.Helper()
	h.ok(codec.SetLink{Up: true})
	for do[codec.ExchangeStatusAnswer](h, codec.ExchangeStatus{}).Queue > 0 {
		a := do[codec.OperatorMessageAnswer](h, codec.OperatorMessage{Container: h.acknowledged(h.message(), ofd.Acknowledgement{})})
		if a.Code != 0 {
			h.t.Fatalf("operator's code %d", a.Code)
		}
		n++
	}
	h.ok(codec.SetLink{Up: false})
	return n
}

// read reads a document as tags.
func (h *host) read(fd uint32) []byte {
	h.t.Helper()
	head := do[codec.ReadDocumentAnswer](h, codec.ReadDocument{FD: fd})
	doc := []byte{byte(head.Type), byte(head.Type >> 8), byte(head.Length), byte(head.Length >> 8)}
	for {
		a, err := h.ask(codec.NextTag{})
		if r, ok := codec.AsRefusal(err); ok && r.Code == codec.ErrNoData {
			return doc
		}
		h.must(err)
		doc = append(doc, a.(codec.TLVAnswer).TLV...)
	}
}

// TestFNLife is the life of an accumulator from the factory to the archive, on
// the wire, in every format; every document passes the strict check.
func TestFNLife(t *testing.T) {
	for _, format := range []string{"1.05", "1.1", "1.2"} {
		t.Run(format, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { life(t, format) })
		})
	}
}

func life(t *testing.T, format string) {
	reg := card(format)
	d := newDevice(t, DeviceOptions{})
	h := newHost(t, d, reg)
	if s := h.status(); s.Phase != codec.PhaseReady || s.FD != 0 {
		t.Errorf("%+v", s)
	}
	h.refused(codec.BeginOpenShift{At: h.at()}, codec.ErrState)
	h.refused(codec.BeginRegistration{Type: codec.RegistrationChange}, codec.ErrState)
	if a := h.registerAs(codec.RegistrationNew, reg); a.FD != 1 {
		t.Errorf("%+v", a)
	}
	h.refused(codec.BeginRegistration{}, codec.ErrState)
	if a := h.openShift(); a.FD != 2 || a.Number != 1 {
		t.Errorf("%+v", a)
	}
	h.pass(time.Minute)
	sale := h.receipt(receiptOf(fiscal.Sale, 12300))
	if sale.FD != 3 || sale.Number != 1 {
		t.Errorf("%+v", sale)
	}
	h.receipt(receiptOf(fiscal.SaleReturn, 300))
	correction := receiptOf(fiscal.Sale, 5000)
	correction.Correction = &fiscal.Correction{Reason: "не пробит чек", Date: fiscal.DateTime{Year: 2026, Month: 3, Day: 1}, Number: "б/н"}
	h.receipt(correction)
	if a := h.closeShift(); a.Number != 1 {
		t.Errorf("%+v", a)
	}
	if a := h.report(); a.Unsent != 6 || a.FirstUnsent != (fiscal.DateTime{Year: 2026, Month: 3, Day: 2}) {
		t.Errorf("%+v", a)
	}

	change := reg
	change.Reasons, change.Place = 1<<3, "Другой магазин"
	h.registerAs(codec.RegistrationChange, change)
	if a := do[codec.LifeAnswer](h, codec.Life{}); a.Done != 2 || a.Left != maxRegistrations-2 {
		t.Errorf("%+v", a)
	}

	h.openShift()
	h.pass(25 * time.Hour)
	h.refused(codec.BeginReceipt{At: h.at()}, codec.ErrShiftLong)
	h.closeShift()

	// Thirty days without an operator, then everything is delivered.
	h.pass(30*24*time.Hour + time.Hour)
	h.refused(codec.BeginOpenShift{At: h.at()}, codec.ErrThirtyDays)
	if s := h.status(); !s.Warnings.Has(codec.WarnOperator) {
		t.Errorf("warnings %v", s.Warnings)
	}
	if n := h.deliver(); n != 10 {
		t.Errorf("%d documents delivered", n)
	}
	if s := h.status(); s.Warnings != 0 {
		t.Errorf("warnings %v", s.Warnings)
	}
	h.openShift()
	h.receipt(receiptOf(fiscal.Sale, 100))
	h.closeShift()

	// What was delivered long ago is left as a short record.
	h.refused(codec.ReadDocument{FD: sale.FD}, codec.ErrNoData)
	found := do[codec.FoundDocumentAnswer](h, codec.FindDocument{FD: sale.FD})
	if found.Type != fiscal.DocReceipt || found.FP != sale.FP || found.Total != 12300 || found.Sign != 1 || !found.Ticket {
		t.Errorf("%+v", found)
	}
	if a := do[codec.TicketAnswer](h, codec.FindTicket{FD: sale.FD}); a.FD != sale.FD || len(a.Sign) != 18 {
		t.Errorf("%+v", a)
	}

	h.ok(codec.BeginCloseArchive{})
	h.give(ffd.ArchiveClosing(cashier, h.reg))
	last := do[codec.DocumentAnswer](h, codec.CloseArchive{At: h.at(), RNM: reg.RNM})
	if s := h.status(); s.Phase != codec.PhasePostFiscal || s.FD != last.FD {
		t.Errorf("%+v", s)
	}
	h.refused(codec.BeginOpenShift{At: h.at()}, codec.ErrState)
	h.refused(codec.ShiftState{}, codec.ErrState)
	h.report()
	h.deliver()
	if s := h.status(); s.Phase != codec.PhaseArchive {
		t.Errorf("%+v", s)
	}
	h.refused(codec.BeginReport{At: h.at()}, codec.ErrState)

	for _, doc := range d.FN().List() {
		whole, err := doc.FFD()
		h.must(err)
		if err := whole.Check(); err != nil {
			t.Errorf("document %d: %v", doc.FD, err)
		}
		if doc.FD > 11 {
			if got := h.read(doc.FD); !bytes.Equal(got, doc.TLV) {
				t.Errorf("document %d reads % X", doc.FD, got)
			}
		}
	}
}
