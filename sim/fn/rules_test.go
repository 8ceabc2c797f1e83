package fn

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/fn"
	"github.com/chekan-io/chekan/protocol/ofd"
)

// The longer rows of TestChecklist.

func formatControl(t *testing.T, h *host) {
	h.openShift()
	h.ok(codec.BeginReceipt{At: h.at()})
	fields, err := ffd.Receipt(receiptOf(fiscal.Sale, 100), h.reg)
	h.must(err)
	h.refused(codec.Data{TLV: ffd.Append(nil, ffd.Uint(ffd.TagFD, 7))}, codec.ErrTagNotAllowed)
	h.refused(codec.Data{TLV: ffd.Append(nil, ffd.Bytes(ffd.TagFormat, []byte{4, 0}))}, codec.ErrTagLength)
	var rest []ffd.Field
	for _, f := range fields {
		if f.Tag == ffd.TagFormat {
			h.ok(codec.Data{TLV: ffd.Append(nil, f)})
			h.refused(codec.Data{TLV: ffd.Append(nil, f)}, codec.ErrTagTwice)
			continue
		}
		rest = append(rest, f)
	}
	form := codec.FormReceipt{At: h.at(), Sign: 1, Total: 100}
	h.refused(form, codec.ErrTagMissing)
	if s := h.status(); s.Current != codec.CurrentReceipt || s.FD != 2 {
		t.Errorf("%+v", s)
	}
	h.ok(codec.Data{TLV: ffd.Append(nil, rest...)})
	h.ok(form)

	foreign := receiptOf(fiscal.Sale, 100)
	foreign.TaxSystem = fiscal.TaxPatent
	wider := h.reg
	wider.TaxSystems |= fiscal.TaxPatent
	h.ok(codec.BeginReceipt{At: h.at()})
	h.give(ffd.Receipt(foreign, wider))
	h.refused(form, codec.ErrTagContradicts)
	h.ok(codec.Cancel{})
}

func exchangeOrder(t *testing.T, h *host) {
	h.openShift()
	h.closeShift()
	h.refused(codec.ReadMessage{Count: 10}, codec.ErrState)
	h.ok(codec.SetLink{Up: true})
	for fd := uint32(1); fd <= 3; fd++ {
		a := do[codec.ExchangeStatusAnswer](h, codec.ExchangeStatus{})
		if a.FirstFD != fd || int(a.Queue) != 4-int(fd) || !a.Flags.Has(codec.ExchangeConnected|codec.ExchangeHasMessage) {
			t.Errorf("%+v", a)
		}
		n := do[codec.MessageLengthAnswer](h, codec.BeginReadMessage{}).Length
		if a := do[codec.ExchangeStatusAnswer](h, codec.ExchangeStatus{}); !a.Reading {
			t.Errorf("%+v", a)
		}
		h.refused(codec.ReadMessage{Offset: n, Count: 10}, codec.ErrCommand)
		h.ok(codec.CancelReadMessage{})
		msg := h.message()
		c, err := ofd.ParseContainer(msg)
		h.must(err)
		doc, err := h.d.FN().Find(fd)
		h.must(err)
		if c.FD != fd || c.Type != doc.Type || !bytes.Equal(c.Document, doc.TLV) || !ofd.SameFN(c.FN, doc.FN) {
			t.Errorf("container %+v", c)
		}
		h.ok(codec.OperatorMessage{Container: h.acknowledged(msg, ofd.Acknowledgement{})})
	}
	if a := do[codec.CountAnswer](h, codec.UnsentCount{}); a.Count != 0 {
		t.Errorf("%d unsent", a.Count)
	}
	h.refused(codec.OperatorMessage{Container: make([]byte, 60)}, codec.ErrState)
}

func tickets(t *testing.T, h *host) {
	h.ok(codec.SetLink{Up: true})
	msg := h.message()
	sent, err := ofd.ParseContainer(msg)
	h.must(err)
	good := sent.Acknowledge(ofd.Acknowledgement{At: h.at(), INN: h.reg.OFDINN}, [6]byte{})
	for _, bad := range []struct {
		want   codec.MessageReason
		change func(*ofd.Container) []byte
	}{
		{codec.ReasonCRC, func(c *ofd.Container) []byte { b := c.Append(nil); b[40] ^= 1; return b }},
		{codec.ReasonFormat, func(c *ofd.Container) []byte { c.Sender = ofd.FromTill; return c.Append(nil) }},
		{codec.ReasonFN, func(c *ofd.Container) []byte { c.FN = "9999078902000009"; return c.Append(nil) }},
		{codec.ReasonFD, func(c *ofd.Container) []byte { c.FD++; return c.Append(nil) }},
		{codec.ReasonSign, func(c *ofd.Container) []byte {
			forged := sent
			forged.Sign[5] ^= 1
			*c = forged.Acknowledge(ofd.Acknowledgement{At: h.at()}, [6]byte{})
			return c.Append(nil)
		}},
	} {
		c := good
		_, err := h.ask(codec.OperatorMessage{Container: bad.change(&c)})
		r, _ := codec.AsRefusal(err)
		if r == nil || r.Code != codec.ErrMessage {
			t.Errorf("%s: %v", bad.want.Text(), err)
			continue
		}
		if reason, ok := r.Reason(); !ok || reason != bad.want {
			t.Errorf("reason %v, want %s", reason, bad.want.Text())
		}
	}
	h.ok(codec.OperatorMessage{Container: good.Append(nil)})
	trailer := sent.Trailer()
	a := do[codec.TicketAnswer](h, codec.FindTicket{FD: 1})
	if a.FD != 1 || a.At != h.at() || !bytes.HasSuffix(a.Sign, trailer[:]) {
		t.Errorf("%+v", a)
	}
}

func registrations(t *testing.T, h *host) {
	change := h.reg
	change.Reasons, change.Place = 1<<3, "Другой магазин"
	h.registerAs(codec.RegistrationChange, change)
	first := do[codec.RegistrationTotalsAnswer](h, codec.RegistrationTotals{Index: 1})
	last := do[codec.RegistrationTotalsAnswer](h, codec.RegistrationTotals{})
	if first.FD != 1 || last.FD != 2 || last.RNM != h.reg.RNM || last.Form != codec.TotalsLong || last.Reasons != 1<<3 || first.Reasons != 0 {
		t.Errorf("first %+v, last %+v", first, last)
	}
	h.refused(codec.RegistrationTotals{Index: 3}, codec.ErrNoData)
	tag := do[codec.TLVAnswer](h, codec.RegistrationTag{Index: 1, Tag: uint16(ffd.TagPlace)})
	if want := ffd.Append(nil, ffd.Text(ffd.TagPlace, "Магазин")); !bytes.Equal(tag.TLV, want) {
		t.Errorf("% X", tag.TLV)
	}
	h.refused(codec.RegistrationTag{Tag: 9999}, codec.ErrNoData)
	h.ok(codec.RegistrationTag{Tag: codec.AllTags})
	var all []byte
	for {
		a, err := h.ask(codec.NextRegistrationTag{})
		if r, ok := codec.AsRefusal(err); ok && r.Code == codec.ErrNoData {
			break
		}
		h.must(err)
		all = append(all, a.(codec.TLVAnswer).TLV...)
	}
	doc, err := h.d.FN().Find(2)
	h.must(err)
	if !bytes.Equal(all, doc.Body()) {
		t.Errorf("% X", all)
	}
}

func counted(t *testing.T, h *host) {
	h.openShift()
	h.receipt(receiptOf(fiscal.Sale, 1000))
	h.receipt(receiptOf(fiscal.Sale, 500))
	back := receiptOf(fiscal.SaleReturn, 200)
	back.Items[0].VAT = fiscal.VAT10
	h.receipt(back)
	correction := receiptOf(fiscal.Sale, 70)
	correction.Correction = &fiscal.Correction{Date: fiscal.DateTime{Year: 2026, Month: 3, Day: 1}}
	h.receipt(correction)
	want := codec.CountersAnswer{Shift: 1, Totals: codec.Totals{Documents: 4, Corrections: 1}}
	want.Signs[0] = codec.SignTotals{CountedAmount: codec.CountedAmount{Count: 2, Sum: 1500}, Cash: 1500}
	want.Signs[1] = codec.SignTotals{CountedAmount: codec.CountedAmount{Count: 1, Sum: 200}, Cash: 200, VAT10: 18}
	want.Corrected[0] = codec.CountedAmount{Count: 1, Sum: 70}
	if diff := cmp.Diff(want, do[codec.CountersAnswer](h, codec.Counters{})); diff != "" {
		t.Error(diff)
	}
	if a := do[codec.TypeCountersAnswer](h, codec.TypeCounters{Sign: 2}); a.Count != 1 || a.VAT10 != 18 {
		t.Errorf("%+v", a)
	}
	if a := do[codec.OperationCountersAnswer](h, codec.OperationCounters{}); a.Count != 4 || a.Signs[0].Sum != 1500 {
		t.Errorf("%+v", a)
	}
	if a := do[codec.UnsentCountersAnswer](h, codec.UnsentCounters{}); a.Count != 4 || a.Signs[0].Sum != 1570 {
		t.Errorf("%+v", a)
	}
	h.closeShift()
	h.deliver()
	h.openShift()
	if a := do[codec.CountersAnswer](h, codec.Counters{}); a.Documents != 0 || a.Shift != 2 {
		t.Errorf("%+v", a)
	}
	if diff := cmp.Diff(want.Totals, do[codec.CountersAnswer](h, codec.Counters{Scope: codec.ScopeFN}).Totals); diff != "" {
		t.Error(diff)
	}
	h.refused(codec.Counters{Scope: 2}, codec.ErrParameter)
	h.refused(codec.TypeCounters{Sign: 5}, codec.ErrParameter)
	if a := do[codec.UnsentCountersAnswer](h, codec.UnsentCounters{}); a.Count != 0 {
		t.Errorf("%+v", a)
	}
}
