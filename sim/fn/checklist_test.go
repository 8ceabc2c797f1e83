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
		{"on a bare line the host sees nothing of a power cut but silence", DeviceOptions{Registration: &reg12, SilentPowerCut: true}, func(t *testing.T, h *host) {
			frame := codec.EncodeFrame([]byte{byte(codec.CmdStatus)})
			h.must(h.send(frame[:4]))
			h.d.PowerCut()
			h.must(h.send(frame))
			synctest.Wait()
			h.d.PowerOn()
			h.must(h.send([]byte{codec.ENQ})) // there is no last answer
			h.status()
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
