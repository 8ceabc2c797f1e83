package fn

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/fn"
	"github.com/chekan-io/chekan/protocol/ofd"
	"github.com/chekan-io/chekan/sim/fault"
	"github.com/chekan-io/chekan/sim/flash"
)

// TestChecklist is what a faithful accumulator must do, one row a rule.
func TestChecklist(t *testing.T) {
	reg105, reg12 := card("1.05"), card("1.2")
	offline := card("1.2")
	offline.Modes, offline.OFDINN, offline.OFDName = fiscal.ModeOffline, "", ""
	bso := card("1.1")
	bso.Modes = fiscal.ModeBSO | fiscal.ModeServices
	old := DeviceOptions{Registration: &reg105, FN: Options{FFD: 2}}
	online := DeviceOptions{Registration: &reg12}
	for _, row := range []struct {
		rule string
		opts DeviceOptions
		test func(*testing.T, *host)
	}{
		{"status has 30 bytes, bit 7 tells of warnings", online, func(t *testing.T, h *host) {
			for _, critical := range []bool{false, true} {
				h.d.FN().SetCritical(critical)
				h.must(h.send(codec.EncodeFrame([]byte{byte(codec.CmdStatus)})))
				msg, err := h.hear()
				h.must(err)
				if len(msg) != 31 || msg[0]&codec.WarningBit != 0 != critical {
					t.Errorf("critical %v: % X", critical, msg)
				}
			}
			h.refused(codec.Cancel{}, codec.ErrState)
		}},
		{"ENQ sends the last answer again", online, func(t *testing.T, h *host) {
			want := do[codec.NumberAnswer](h, codec.Number{})
			h.must(h.send([]byte{codec.ENQ}))
			msg, err := h.hear()
			h.must(err)
			got, _, err := codec.DecodeAnswer(codec.CmdNumber, msg)
			if err != nil || got != want {
				t.Errorf("%+v, %v", got, err)
			}
		}},
		{"junk and damaged frames are not answered", online, func(t *testing.T, h *host) {
			bad := codec.EncodeFrame([]byte{byte(codec.CmdStatus)})
			bad[len(bad)-1] ^= 1
			h.must(h.send(append([]byte{0xFF, 0x00, 0x30}, bad...)))
			if s := h.status(); s.FD != 1 {
				t.Errorf("%+v", s)
			}
		}},
		{"a frame whose bytes stop coming is forgotten", online, func(t *testing.T, h *host) {
			h.must(h.send(codec.EncodeFrame([]byte{byte(codec.CmdStatus)})[:4]))
			<-time.After(time.Second)
			h.status()
		}},
		{"unknown commands and wrong lengths are refused", online, func(t *testing.T, h *host) {
			h.refused(codec.Unknown{Raw: []byte{0x99}}, codec.ErrCommand)
			h.refused(codec.Unknown{Raw: []byte{byte(codec.CmdStatus), 0}}, codec.ErrCommand)
			h.refused(codec.Unknown{Raw: []byte{byte(codec.CmdBeginReceipt), 26, 3}}, codec.ErrCommand)
			h.refused(codec.Reset{Code: 1}, codec.ErrParameter)
			h.refused(codec.CheckMark{Mark: []byte("010460")}, codec.ErrCommand)
		}},
		{"an accumulator of 2016 knows the base set only", old, func(t *testing.T, h *host) {
			h.refused(codec.FFDVersions{}, codec.ErrCommand)
			h.refused(codec.BeginRegistration2{FFD: 3}, codec.ErrCommand)
			h.openShift()
			h.ok(codec.BeginReceipt{At: h.at()})
			h.ok(codec.Data{TLV: ffd.Append(nil, ffd.Uint(ffd.TagFD, 7), ffd.Bytes(60000, []byte{1}))}) // no control of the format
		}},
		{"an object split over two commands is refused", online, func(t *testing.T, h *host) {
			h.ok(codec.BeginOpenShift{At: h.at()})
			tlv := ffd.Append(nil, ffd.Text(ffd.TagCashier, "Иванова"))
			h.refused(codec.Data{TLV: tlv[:6]}, codec.ErrCommand)
			h.refused(codec.Data{TLV: tlv[6:]}, codec.ErrCommand)
			h.ok(codec.Data{TLV: tlv})
		}},
		{"each document has a limit of data", old, func(t *testing.T, h *host) {
			fill := func(limit int) {
				t.Helper()
				one := ffd.Append(nil, ffd.Bytes(ffd.TagUserData, make([]byte, 508)))
				for n := len(one); n <= limit; n += len(one) {
					h.ok(codec.Data{TLV: one})
				}
				h.refused(codec.Data{TLV: one}, codec.ErrTLVSize)
				h.ok(codec.Cancel{})
			}
			h.ok(codec.BeginRegistration{Type: codec.RegistrationChange})
			fill(codec.MaxRegistrationData)
			h.ok(codec.BeginReport{At: h.at()})
			fill(codec.MaxRegistrationData)
			h.ok(codec.BeginCloseArchive{})
			fill(codec.MaxRegistrationData)
			h.ok(codec.BeginOpenShift{At: h.at()})
			fill(codec.MaxShiftData)
			h.openShift()
			h.ok(codec.BeginReceipt{At: h.at()})
			fill(codec.MaxReceiptData)
			h.ok(codec.BeginCloseShift{At: h.at()})
			fill(codec.MaxShiftData)
		}},
		{"the number moves only when a document is formed", online, func(t *testing.T, h *host) {
			h.ok(codec.BeginOpenShift{At: h.at()})
			if s := h.status(); s.Current != codec.CurrentOpenShift || s.HasData || s.FD != 1 {
				t.Errorf("%+v", s)
			}
			h.give(ffd.ShiftOpening(cashier, h.reg))
			if s := h.status(); !s.HasData || s.FD != 1 {
				t.Errorf("%+v", s)
			}
			h.refused(codec.BeginReceipt{At: h.at()}, codec.ErrState)
			h.ok(codec.Cancel{})
			if s := h.status(); s.Current != codec.CurrentNone || s.FD != 1 {
				t.Errorf("%+v", s)
			}
			if a := h.openShift(); a.FD != 2 {
				t.Errorf("%+v", a)
			}
		}},
		{"the format is controlled: tags missing, twice, not allowed, too long, against the registration", online, formatControl},
		{"a form instead of a receipt", DeviceOptions{Registration: &bso}, func(t *testing.T, h *host) {
			h.openShift()
			h.ok(codec.BeginReceipt{At: h.at()})
			if s := h.status(); s.Current != codec.CurrentBSO {
				t.Errorf("%+v", s)
			}
			h.ok(codec.Cancel{})
			a := h.receipt(receiptOf(fiscal.Sale, 100))
			if f := do[codec.FoundDocumentAnswer](h, codec.FindDocument{FD: a.FD}); f.Type != fiscal.DocBSO {
				t.Errorf("%+v", f)
			}
		}},
		{"the archive survives the power, the open document does not", online, func(t *testing.T, h *host) {
			h.openShift()
			h.ok(codec.BeginReceipt{At: h.at()})
			h.d.PowerCut()
			if err := <-h.served; err != nil {
				t.Error(err)
			}
			h.d.PowerOn()
			h.connect()
			if s := h.status(); s.FD != 2 || !s.Shift || s.Current != codec.CurrentNone {
				t.Errorf("%+v", s)
			}
			h.receipt(receiptOf(fiscal.Sale, 100))
		}},
		{"messages go in the order of their numbers, one at a time", online, exchangeOrder},
		{"a message without a ticket is offered again after 300 seconds", online, func(t *testing.T, h *host) {
			h.ok(codec.SetLink{Up: true})
			first := h.message()
			h.refused(codec.BeginReadMessage{}, codec.ErrNoData)
			h.d.Age(answerWait - time.Second)
			if a := do[codec.ExchangeStatusAnswer](h, codec.ExchangeStatus{}); !a.Flags.Has(codec.ExchangeAwaitsTicket) {
				t.Errorf("%+v", a)
			}
			h.d.Age(2 * time.Second)
			if again := h.message(); !bytes.Equal(first, again) {
				t.Error("another message")
			}
			// A connection that breaks does not wait.
			h.ok(codec.SetLink{Up: false})
			h.refused(codec.BeginReadMessage{}, codec.ErrNoLink)
			h.ok(codec.SetLink{Up: true})
			h.ok(codec.SetLink{Up: true})
			if again := h.message(); !bytes.Equal(first, again) {
				t.Error("another message")
			}
			h.ok(codec.SetLink{Up: true}) // no news: the wait goes on
			h.refused(codec.BeginReadMessage{}, codec.ErrNoData)
		}},
		{"a ticket is checked, and kept", online, tickets},
		{"the operator's notices become warnings", online, func(t *testing.T, h *host) {
			h.openShift()
			h.closeShift()
			h.ok(codec.SetLink{Up: true})
			for _, step := range []struct {
				answer ofd.Acknowledgement
				want   codec.Warnings
			}{
				{ofd.Acknowledgement{Code: ofd.CodeFormat}, codec.WarnFormat},
				{ofd.Acknowledgement{Notice: ofd.NoticeEnding | ofd.NoticeCabinet}, codec.WarnAnnulled | codec.WarnSetup},
				{ofd.Acknowledgement{}, 0},
			} {
				a := do[codec.OperatorMessageAnswer](h, codec.OperatorMessage{Container: h.acknowledged(h.message(), step.answer)})
				if s := h.status(); a.Code != step.answer.Code || s.Warnings != step.want {
					t.Errorf("%+v: code %d, warnings %v", step.answer, a.Code, s.Warnings)
				}
			}
		}},
		{"a shift lasts 24 hours", online, func(t *testing.T, h *host) {
			h.openShift()
			h.pass(24 * time.Hour)
			h.receipt(receiptOf(fiscal.Sale, 100))
			h.pass(time.Minute)
			h.refused(codec.BeginReceipt{At: h.at()}, codec.ErrShiftLong)
			h.refused(codec.BeginCorrection{At: h.at()}, codec.ErrShiftLong)
			h.closeShift()
		}},
		{"clock and timer may differ by five minutes, and time does not go back", online, func(t *testing.T, h *host) {
			h.openShift()
			h.now = h.now.Add(7 * time.Minute)
			h.refused(codec.BeginReceipt{At: h.at()}, codec.ErrClock)
			h.now = h.now.Add(-8 * time.Minute)
			h.refused(codec.BeginReceipt{At: h.at()}, codec.ErrTime)
			h.refused(codec.BeginReceipt{At: fiscal.DateTime{Year: 2026, Month: 2, Day: 30}}, codec.ErrTime)
			h.now = h.now.Add(2 * time.Minute)
			h.receipt(receiptOf(fiscal.Sale, 100))
		}},
		{"an accumulator ends: its life, its memory, its store", DeviceOptions{Registration: &reg12, FN: Options{MaxFD: 5, MaxUnsent: 3}}, func(t *testing.T, h *host) {
			h.openShift()
			h.receipt(receiptOf(fiscal.Sale, 100))
			h.refused(codec.BeginReceipt{At: h.at()}, codec.ErrStorage)
			h.deliver()
			h.receipt(receiptOf(fiscal.Sale, 100))
			h.refused(codec.BeginReceipt{At: h.at()}, codec.ErrFull)
			if s := h.status(); !s.Warnings.Has(codec.WarnMemory) {
				t.Errorf("warnings %v", s.Warnings)
			}
			h.deliver()
			h.pass(470 * 24 * time.Hour)
			h.refused(codec.BeginReceipt{At: h.at()}, codec.ErrExpired)
			h.closeShift()
		}},
		{"warnings of the service life", online, func(t *testing.T, h *host) {
			h.openShift()
			h.closeShift()
			h.deliver()
			h.pass(441 * 24 * time.Hour)
			if s := h.status(); s.Warnings != codec.WarnReplaceSoon {
				t.Errorf("%v", s.Warnings)
			}
			h.pass(26 * 24 * time.Hour)
			if s := h.status(); s.Warnings != codec.WarnReplaceSoon|codec.WarnReplaceNow {
				t.Errorf("%v", s.Warnings)
			}
			if a := do[codec.DaysLeftAnswer](h, codec.DaysLeft{At: h.at()}); a.Days != 3 {
				t.Errorf("%d days", a.Days)
			}
		}},
		{"re-registrations are limited", online, func(t *testing.T, h *host) {
			change := h.reg
			change.Reasons = 1 << 7
			other := change
			other.INN = "7704211201"
			h.ok(codec.BeginRegistration2{Type: codec.RegistrationChange, FFD: 4})
			h.give(ffd.Registering(change, true))
			h.refused(codec.Register2{At: h.at(), INN: other.INN, RNM: other.RNM, TaxSystems: 1, OFDINN: other.OFDINN, Reasons: 2}, codec.ErrParameter)
			h.ok(codec.Cancel{})
			for range maxRegistrations - 1 {
				h.registerAs(codec.RegistrationChange, change)
			}
			if a := do[codec.LifeAnswer](h, codec.Life{}); a.Left != 0 || a.Done != maxRegistrations {
				t.Errorf("%+v", a)
			}
			h.ok(codec.BeginRegistration2{Type: codec.RegistrationChange, FFD: 4})
			h.give(ffd.Registering(change, true))
			w := RegistrationOf(change)
			h.refused(codec.Register2{
				At: h.at(), INN: w.INN, RNM: w.RNM, TaxSystems: w.TaxSystems, OFDINN: w.OFDINN, Reasons: w.Reasons,
			}, codec.ErrState)
		}},
		{"documents are read one object an answer", online, func(t *testing.T, h *host) {
			h.openShift()
			a := h.receipt(receiptOf(fiscal.Sale, 100))
			doc, err := h.d.FN().Find(a.FD)
			h.must(err)
			if got := h.read(a.FD); !bytes.Equal(got, doc.TLV) {
				t.Errorf("read % X", got)
			}
			h.refused(codec.NextTag{}, codec.ErrNoData)
			h.refused(codec.ReadDocument{FD: 99}, codec.ErrNoData)
			h.refused(codec.FindTicket{FD: a.FD}, codec.ErrNoData)
		}},
		{"registrations are read by number and by tag", online, registrations},
		{"an operator does not know of an offline till", DeviceOptions{Registration: &offline}, func(t *testing.T, h *host) {
			h.openShift()
			h.pass(40 * 24 * time.Hour)
			h.closeShift()
			h.openShift()
			h.receipt(receiptOf(fiscal.Sale, 100))
			h.closeShift()
			if a := do[codec.ExchangeStatusAnswer](h, codec.ExchangeStatus{}); a.Queue != 0 {
				t.Errorf("%+v", a)
			}
			h.ok(codec.BeginCloseArchive{})
			h.give(ffd.ArchiveClosing(cashier, h.reg))
			h.refused(codec.CloseArchive{At: h.at(), RNM: "1"}, codec.ErrParameter)
			h.ok(codec.CloseArchive{At: h.at(), RNM: h.reg.RNM})
			if s := h.status(); s.Phase != codec.PhaseArchive {
				t.Errorf("%+v", s)
			}
		}},
		{"receipts are counted", online, counted},
		{"stores tell what they still hold", online, func(t *testing.T, h *host) {
			before := do[codec.FreeMemoryAnswer](h, codec.FreeMemory{})
			h.openShift()
			after := do[codec.FreeMemoryAnswer](h, codec.FreeMemory{})
			if before.Documents-after.Documents != 1 || after.Kilobytes > before.Kilobytes || after.Kilobytes == 0 {
				t.Errorf("before %+v, after %+v", before, after)
			}
			if a := do[codec.FFDVersionsAnswer](h, codec.FFDVersions{}); a.Current != 4 || a.Maximum != 4 {
				t.Errorf("%+v", a)
			}
		}},
		{"a debug accumulator can be wiped", online, func(t *testing.T, h *host) {
			h.openShift()
			h.ok(codec.Reset{Code: codec.ResetCode})
			if s := h.status(); s.Phase != codec.PhaseReady || s.FD != 0 {
				t.Errorf("%+v", s)
			}
			h.registerAs(codec.RegistrationNew, h.reg)
		}},
		{"another accumulator can be put in, and registered as a replacement", online, func(t *testing.T, h *host) {
			h.openShift()
			h.closeShift()
			other, err := Open(&flash.Memory{}, Options{Number: "9999078902000002"}, h.now)
			h.must(err)
			old := h.d.Swap(other)
			t.Cleanup(func() { _ = old.Close() })
			<-h.served
			h.connect()
			if s := h.status(); s.FN != "9999078902000002" || s.Phase != codec.PhaseReady {
				t.Errorf("%+v", s)
			}
			change := h.reg
			change.NewFN = true
			h.registerAs(codec.RegistrationReplacement, change)
			f := do[codec.FoundDocumentAnswer](h, codec.FindDocument{FD: 1})
			if f.Type != fiscal.DocReregistration || f.Reason != codec.ReasonReplacement {
				t.Errorf("%+v", f)
			}
			h.must(old.Verify())
		}},
		{"one host at a time, none without power or cable", online, func(t *testing.T, h *host) {
			second := func() error {
				ours, theirs := net.Pipe()
				defer func() { _ = ours.Close() }()
				return h.d.Serve(t.Context(), theirs)
			}
			h.status()
			if err := second(); !errors.Is(err, ErrTaken) {
				t.Error(err)
			}
			h.d.Unplug()
			<-h.served
			if err := second(); !errors.Is(err, ErrUnplugged) {
				t.Error(err)
			}
			h.d.Plug()
			h.d.PowerCut()
			if err := second(); !errors.Is(err, ErrNoPower) {
				t.Error(err)
			}
			h.d.PowerOn()
			h.connect()
			h.status()
		}},
	} {
		t.Run(row.rule, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t, row.opts)
				row.test(t, newHost(t, d, *row.opts.Registration))
			})
		})
	}
}

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

// TestFaults: what each fault does on the wire.
func TestFaults(t *testing.T) {
	reg := card("1.2")
	forming := func(action fault.Action, phase fault.Phase) Fault {
		return Fault{Command: codec.CmdOpenShift, Phase: phase, Action: action}
	}
	for _, row := range []struct {
		fault Fault
		after uint32 // last document
		err   func(error) bool
		again bool // ENQ gives the answer
	}{
		{forming(fault.LoseAnswer, fault.OnAnswer), 2, quiet, true},
		{forming(fault.ForgetAnswer, fault.After), 2, quiet, false},
		{forming(fault.Garble, fault.OnAnswer), 2, quiet, true},
		{forming(fault.Refuse, fault.Before), 1, code(codec.ErrFailure), true},
		{forming(fault.Refuse, fault.OnCommit), 2, code(codec.ErrFailure), true},
		{forming(fault.CloseLink, fault.Before), 1, quiet, true}, // the answer before
		{forming(fault.CloseLink, fault.OnCommit), 2, quiet, true},
		{forming(fault.Reboot, fault.OnCommit), 2, quiet, false},
		{forming(fault.PowerCut, fault.OnReceive), 1, quiet, false},
		{forming(fault.Hang, fault.OnCommit), 2, nil, true},
		{forming(fault.Delay, fault.Before), 2, nil, true},
		{forming(fault.Duplicate, fault.OnAnswer), 2, nil, true},
	} {
		t.Run(fmt.Sprintf("%s %s", row.fault.Action, row.fault.Phase), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDevice(t, DeviceOptions{Registration: &reg})
				h := newHost(t, d, reg)
				h.ok(codec.BeginOpenShift{At: h.at()})
				h.give(ffd.ShiftOpening(cashier, reg))
				row.fault.Code, row.fault.For = byte(codec.ErrFailure), 5*time.Second
				id := d.Plan().Add(row.fault)
				start := time.Now()
				_, err := h.ask(codec.OpenShift{})
				switch {
				case !d.Plan().Fired(id):
					t.Error("the fault has not struck")
				case row.err == nil && err != nil, row.err != nil && !row.err(err):
					t.Errorf("answer %v", err)
				case (row.fault.Action == fault.Delay || row.fault.Action == fault.Hang) && time.Since(start) < row.fault.For:
					t.Errorf("answered after %v", time.Since(start))
				}
				if got := d.FN().Status(h.now).LastFD; got != row.after {
					t.Errorf("last document %d, want %d", got, row.after)
				}
				if row.fault.Action == fault.Duplicate {
					if _, err := h.hear(); err != nil {
						t.Error(err)
					}
				}
				synctest.Wait()
				select {
				case err := <-h.served:
					if err != nil {
						t.Error(err)
					}
					if err := d.WaitReady(t.Context()); err != nil {
						t.Error(err)
					}
					h.connect()
				default:
				}
				h.reader = codec.Reader{}
				if err := h.send([]byte{codec.ENQ}); err != nil {
					t.Fatal(err)
				}
				if _, err := h.hear(); (err == nil) != row.again {
					t.Errorf("ENQ: %v", err)
				}
				h.reader = codec.Reader{}
				h.status()
			})
		})
	}
}

func quiet(err error) bool { return errors.Is(err, errQuiet) }

func code(want codec.Code) func(error) bool {
	return func(err error) bool {
		r, ok := codec.AsRefusal(err)
		return ok && r.Code == want
	}
}
