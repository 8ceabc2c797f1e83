package shtrih

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/flash"
	"github.com/chekan-io/chekan/sim/fn"
)

// story runs a test in a bubble with a till whose shift is open.
func story(t *testing.T, name string, opts Options, f func(t *testing.T, d *Device, h *host)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := till(t, opts)
			h := connect(t, d, false)
			h.openShift()
			f(t, d, h)
		})
	})
}

func (h *host) sendClose(sum fiscal.Money) {
	h.t.Helper()
	msg, err := codec.EncodeRequest(cashFor(sum))
	if err != nil {
		h.t.Fatal(err)
	}
	h.say(frame1(msg)...)
}

func lastFD(d *Device) uint32 { return d.FN().Status(d.Now()).LastFD }

// What a fault around FF45h leaves in the accumulator and in the till.
func TestFault_closing(t *testing.T) {
	cases := []struct {
		name  string
		fault Fault
		opts  Options
		fd    uint32 // last document after the fault, 2 before the sale
		mode  codec.Mode
		sub   codec.Submode
	}{
		{"power cut while the request comes", Fault{Phase: OnReceive, At: 50, Action: PowerCut}, Options{}, 2, codec.ModeSale, 0},
		{"power cut before execution", Fault{Phase: Before, Action: PowerCut}, Options{}, 2, codec.ModeSale, 0},
		{"power cut after the accumulator's commit", Fault{Phase: OnCommit, Action: PowerCut}, Options{}, 3, codec.ModeSale, 0},
		{"the same, firmware heals", Fault{Phase: OnCommit, Action: PowerCut}, Options{Stale: StaleHeals}, 3, codec.ModeShiftOpen, 0},
		{"power cut while printing", Fault{Phase: OnPrint, At: 3, Action: PowerCut}, Options{}, 3, codec.ModeShiftOpen, 0},
		{"the same, B0h continues", Fault{Phase: OnPrint, At: 3, Action: PowerCut}, Options{ContinueByCommand: true}, 3, codec.ModeShiftOpen, 3},
		{"power cut before the answer", Fault{Phase: After, Action: PowerCut}, Options{}, 3, codec.ModeShiftOpen, 0},
		{"power cut inside the answer", Fault{Phase: OnAnswer, At: 5, Action: PowerCut}, Options{}, 3, codec.ModeShiftOpen, 0},
		{"reboot before execution", Fault{Phase: Before, Action: RebootNow}, Options{}, 2, codec.ModeSale, 0},
		{"reboot after the commit", Fault{Phase: OnCommit, Action: RebootNow}, Options{}, 3, codec.ModeSale, 0},
		{"cable out before execution", Fault{Phase: Before, Action: CloseLink}, Options{}, 2, codec.ModeSale, 0},
		{"cable out inside the answer", Fault{Phase: OnAnswer, At: 5, Action: CloseLink}, Options{}, 3, codec.ModeShiftOpen, 0},
	}
	for _, c := range cases {
		c.opts.FNOpen = FNOpenAtClose
		story(t, c.name, c.opts, func(t *testing.T, d *Device, h *host) {
			h.fill(1000)
			c.fault.Command = codec.CodeCloseReceiptV2
			id := d.Plan().Add(c.fault)
			go func() { // the till may go in the middle of the request
				msg, err := codec.EncodeRequest(cashFor(1000))
				if err == nil {
					_, _ = h.conn.Write(frame1(msg))
				}
			}()
			h.hear(1000, 10*time.Second)
			if !d.Plan().Fired(id) {
				t.Fatal("the fault did not strike")
			}
			d.PowerOn()
			if err := d.WaitReady(t.Context()); err != nil {
				t.Fatal(err)
			}
			h = connect(t, d, false)
			s := h.status()
			if s.Mode != c.mode || s.Submode != c.sub || lastFD(d) != c.fd {
				t.Errorf("mode %v, submode %v, last document %d; want %v, %v, %d", s.Mode, s.Submode, lastFD(d), c.mode, c.sub, c.fd)
			}
		})
	}
}

func TestFault_link(t *testing.T) {
	closing := func(a Action, p Phase, at int) Fault {
		return Fault{Command: codec.CodeCloseReceiptV2, Phase: p, At: at, Action: a}
	}
	story(t, "lost ACK", Options{}, func(t *testing.T, d *Device, h *host) {
		h.fill(100)
		d.Plan().Add(closing(LoseACK, OnReceive, 0))
		h.sendClose(100)
		if h.answer(time.Second) == nil {
			t.Fatal("no answer")
		}
	})
	story(t, "NAK", Options{}, func(t *testing.T, d *Device, h *host) {
		h.fill(100)
		d.Plan().Add(closing(NAKRequest, OnReceive, 0))
		h.sendClose(100)
		h.expect("15")
		h.sendClose(100)
		h.expect("06")
	})
	story(t, "lost answer is given to ENQ", Options{}, func(t *testing.T, d *Device, h *host) {
		h.fill(100)
		d.Plan().Add(closing(LoseAnswer, OnAnswer, 4))
		h.sendClose(100)
		h.expect("06")
		if got := h.hear(100, 5*time.Second); len(got) != 4 {
			t.Errorf("heard % X", got)
		}
		h.say(codec.ENQ)
		h.expect("06")
		a, err := codec.DecodeAnswer(codec.CodeCloseReceiptV2, h.answer(time.Second))
		if err != nil || a.(codec.CloseReceiptV2Answer).FD != 3 {
			t.Errorf("answer %+v, %v", a, err)
		}
	})
	story(t, "forgotten answer", Options{}, func(t *testing.T, d *Device, h *host) {
		h.fill(100)
		d.Plan().Add(closing(ForgetAnswer, After, 0))
		h.sendClose(100)
		h.expect("06")
		h.silence(5 * time.Second)
		h.say(codec.ENQ)
		h.expect("15")
		if lastFD(d) != 3 {
			t.Error("not fiscalised")
		}
	})
	story(t, "garbled answer", Options{}, func(t *testing.T, d *Device, h *host) {
		h.fill(100)
		d.Plan().Add(closing(Garble, OnAnswer, 7))
		h.sendClose(100)
		h.expect("06")
		if h.answer(time.Second) != nil {
			t.Fatal("the sum fits")
		}
		h.say(codec.NAK)
		h.say(codec.ENQ)
		h.expect("06")
		if h.answer(time.Second) == nil {
			t.Fatal("no answer")
		}
	})
	story(t, "answer twice", Options{}, func(t *testing.T, d *Device, h *host) {
		h.fill(100)
		d.Plan().Add(closing(Duplicate, OnAnswer, 0))
		h.sendClose(100)
		h.expect("06")
		a, b := h.answer(time.Second), h.answer(time.Second)
		if a == nil || !cmp.Equal(a, b) {
			t.Errorf("heard % X and % X", a, b)
		}
	})
	story(t, "delay", Options{}, func(t *testing.T, d *Device, h *host) {
		h.fill(100)
		f := closing(Delay, Before, 0)
		f.For = 50 * time.Second
		d.Plan().Add(f)
		begin := time.Now()
		do[codec.CloseReceiptV2Answer](h, cashFor(100))
		if took := time.Since(begin); took != 50*time.Second {
			t.Errorf("took %v", took)
		}
	})
	story(t, "hang ends", Options{}, func(t *testing.T, d *Device, h *host) {
		h.fill(100)
		f := closing(Hang, Before, 0)
		f.For = 20 * time.Second
		d.Plan().Add(f)
		h.sendClose(100)
		h.expect("06")
		h.silence(10 * time.Second)
		if h.answer(11*time.Second) == nil {
			t.Error("no answer after the hang")
		}
	})
	story(t, "hang for good", Options{}, func(t *testing.T, d *Device, h *host) {
		h.fill(100)
		d.Plan().Add(closing(Hang, OnCommit, 0))
		h.sendClose(100)
		h.expect("06")
		h.silence(time.Hour)
		d.PowerCut()
		d.PowerOn()
		h = connect(t, d, false)
		if h.status(); lastFD(d) != 3 {
			t.Error("not fiscalised")
		}
	})
	story(t, "third item refused", Options{}, func(t *testing.T, d *Device, h *host) {
		d.Plan().Add(Fault{Command: codec.CodeOperationV2, Nth: 2, Phase: Before, Action: Refuse, Code: 0x14})
		h.fill(100)
		do[codec.EmptyAnswer](h, line(100))
		h.refused(line(100), 0x14)
		do[codec.EmptyAnswer](h, line(100))
	})
	story(t, "old packet replayed", Options{}, func(t *testing.T, d *Device, _ *host) {
		d.Reboot()
		if err := d.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		h := connect(t, d, false)
		h.say(frame2(2, []byte{0x10, 0x1E, 0, 0, 0})...)
		first := h.hear(25, time.Second)
		d.Plan().Add(Fault{Command: codec.CodeShiftState, Phase: OnReceive, Action: Replay})
		h.say(frame2(3, []byte{0xFF, 0x40, 0x1E, 0, 0, 0})...)
		if diff := cmp.Diff(first, h.hear(25, time.Second)); diff != "" {
			t.Error(diff)
		}
		// Repeating the packet brings the right answer.
		h.say(frame2(3, []byte{0xFF, 0x40, 0x1E, 0, 0, 0})...)
		if got := h.hear(15, time.Second); len(got) < 7 || got[5] != 0xFF || got[6] != 0x40 {
			t.Errorf("heard % X", got)
		}
	})
}

func TestFault_states(t *testing.T) {
	next := func(a Action) Fault { return Fault{Command: codec.CodeShortStatus, Phase: Before, Action: a} }
	story(t, "another operator's receipt", Options{}, func(t *testing.T, d *Device, h *host) {
		d.Plan().Add(next(ForeignOpen))
		h.status()
		h.refused(codec.CancelReceipt{Password: 1}, codec.ErrOtherOperator)
		h.refused(codec.CancelReceipt{Password: admin}, codec.ErrOtherOperator)
		do[codec.OperatorAnswer](h, codec.CancelReceipt{Password: foreignOperator})
	})
	story(t, "hanging document in the accumulator", Options{}, func(t *testing.T, d *Device, h *host) {
		d.Plan().Add(next(HangFNDocument))
		h.status()
		if doc := do[codec.FNStatusAnswer](h, codec.FNStatus{Password: admin}).Document; doc != codec.MakingReceipt {
			t.Errorf("document %v", doc)
		}
		h.refused(codec.OpenReceipt{Password: 1}, codec.ErrInvalidOperation)
		do[codec.EmptyAnswer](h, codec.CancelFNDocument{Password: admin})
		h.sell(100)
	})
	story(t, "stuck in mode 1", Options{}, func(t *testing.T, d *Device, h *host) {
		d.Plan().Add(next(Stuck))
		if m := h.status().Mode; m != codec.ModeOutput {
			t.Fatalf("mode %v", m)
		}
		h.refused(codec.OpenReceipt{Password: 1}, codec.ErrWrongMode)
		do[codec.EmptyAnswer](h, codec.StopOutput{Password: admin})
		h.sell(100)
	})
	story(t, "clock lost", Options{}, func(t *testing.T, d *Device, h *host) {
		do[codec.OperatorAnswer](h, codec.CloseShift{Password: admin})
		d.Plan().Add(next(LoseClock))
		h.status()
		h.refused(codec.OpenShift{Password: admin}, codec.ErrConfirmClock)
		now := fn.Civil(d.Now())
		do[codec.EmptyAnswer](h, codec.SetDate{Password: admin, Date: now})
		if m := h.status().Mode; m != codec.ModeConfirmDate {
			t.Errorf("mode %v", m)
		}
		other := now
		other.Day++
		h.refused(codec.ConfirmDate{Password: admin, Date: other}, codec.ErrDateMismatch)
		do[codec.EmptyAnswer](h, codec.ConfirmDate{Password: admin, Date: now})
		do[codec.EmptyAnswer](h, codec.SetTime{Password: admin, Time: now})
		h.openShift()
	})
	story(t, "technological reset", Options{}, func(t *testing.T, d *Device, h *host) {
		d.Plan().Add(next(RAMError))
		if m := h.status().Mode; m != codec.ModeTechReset {
			t.Errorf("mode %v", m)
		}
		h.refused(codec.OpenReceipt{Password: 1}, codec.ErrRAM)
		do[codec.EmptyAnswer](h, codec.TechReset{})
		h.refused(codec.OpenReceipt{Password: 1}, codec.ErrConfirmClock)
	})
	story(t, "busy", Options{}, func(t *testing.T, d *Device, h *host) {
		f := next(Busy)
		f.For = 10 * time.Second
		d.Plan().Add(f)
		if s := h.status().Submode; s != codec.SubPrinting {
			t.Errorf("submode %v", s)
		}
		h.refused(codec.OpenReceipt{Password: 1}, codec.ErrBusyPrinting)
		synctest.Wait()
		h.silence(10 * time.Second)
		h.sell(100)
	})
	story(t, "second client sells between our commands", Options{FNOpen: FNOpenAtClose}, func(t *testing.T, d *Device, h *host) {
		h.fill(100)
		d.Plan().Add(Fault{Command: codec.CodeCloseReceiptV2, Phase: Before, Action: Foreign, Code: 7})
		if a := do[codec.CloseReceiptV2Answer](h, cashFor(100)); a.FD != 4 {
			t.Errorf("document %d", a.FD)
		}
		if doc, err := d.FN().Find(3); err != nil || doc.Sum != 700 {
			t.Errorf("%+v, %v", doc, err)
		}
	})
	story(t, "24 hours", Options{}, func(t *testing.T, d *Device, h *host) {
		h.fill(100)
		d.Plan().Add(next(AgeShift))
		if m := h.status().Mode; m != codec.ModeSale {
			t.Errorf("mode %v", m)
		}
		do[codec.OperatorAnswer](h, codec.CancelReceipt{Password: 1})
		if m := h.status().Mode; m != codec.ModeShiftExpired {
			t.Errorf("mode %v", m)
		}
		h.refused(codec.OpenReceipt{Password: 1}, codec.ErrShiftExpired)
		do[codec.OperatorAnswer](h, codec.CloseShift{Password: admin})
		h.openShift()
		h.sell(100)
	})
	story(t, "24 hours pass", Options{}, func(t *testing.T, d *Device, h *host) {
		h.silence(24 * time.Hour)
		if m := h.status().Mode; m != codec.ModeShiftOpen {
			t.Errorf("mode %v at 24 hours", m)
		}
		h.silence(2 * time.Minute)
		if m := h.status().Mode; m != codec.ModeShiftExpired {
			t.Errorf("mode %v after 24 hours", m)
		}
	})
	story(t, "short refusal", Options{ShortFFError: true}, func(t *testing.T, d *Device, h *host) {
		msg, err := codec.EncodeRequest(line(1))
		if err != nil {
			t.Fatal(err)
		}
		h.say(frame1(msg)...)
		h.expect("06 02 02 FF 73 8E")
	})
}

func TestPaper(t *testing.T) {
	story(t, "out before closing", Options{}, func(t *testing.T, d *Device, h *host) {
		h.fill(100)
		d.RemovePaper()
		if s := h.status(); s.Submode != codec.SubPaperOut || s.Flags&codec.FlagReceiptPaper != 0 {
			t.Errorf("submode %v, flags %v", s.Submode, s.Flags)
		}
		h.refused(cashFor(100), codec.ErrNoPaper)
		if m := h.status().Mode; m != codec.ModeSale || lastFD(d) != 2 {
			t.Errorf("mode %v, document %d", m, lastFD(d))
		}
		d.InsertPaper(0)
		do[codec.CloseReceiptV2Answer](h, cashFor(100))
	})
	story(t, "out while printing", Options{}, func(t *testing.T, d *Device, h *host) {
		h.fill(100)
		d.Plan().Add(Fault{Command: codec.CodeCloseReceiptV2, Phase: OnPrint, At: 5, Action: PaperOut})
		a := do[codec.CloseReceiptV2Answer](h, cashFor(100))
		if s := h.status(); s.Submode != codec.SubPaperLost || s.Mode != codec.ModeShiftOpen {
			t.Errorf("submode %v, mode %v", s.Submode, s.Mode)
		}
		h.refused(codec.ContinuePrint{Password: admin}, codec.ErrNoPaper)
		d.InsertPaper(0)
		if s := h.status(); s.Submode != codec.SubAwaitContinue {
			t.Errorf("submode %v", s.Submode)
		}
		h.refused(codec.CloseShift{Password: admin}, codec.ErrAwaitContinue)
		h.refused(codec.CancelReceipt{Password: 1}, codec.ErrWrongMode)
		do[codec.OperatorAnswer](h, codec.ContinuePrint{Password: admin})
		h.refused(codec.ContinuePrint{Password: admin}, codec.ErrWrongSubmode)
		slips := d.Slips()
		stub, whole := slips[len(slips)-2], slips[len(slips)-1]
		if stub.Whole || len(stub.Lines) != 6 || stub.Lines[5] != stubMark {
			t.Errorf("stub %q", stub.Lines)
		}
		if !whole.Whole || whole.FD != a.FD || !cmp.Equal(stub.Lines[:5], whole.Lines[:5]) {
			t.Errorf("slip %q", whole.Lines)
		}
		h.sell(100)
	})
	story(t, "roll ends line by line", Options{PrintSpeed: 100 * time.Millisecond}, func(t *testing.T, d *Device, h *host) {
		h.silence(5 * time.Second)
		h.fill(100)
		d.InsertPaper(4)
		do[codec.CloseReceiptV2Answer](h, cashFor(100))
		if s := h.status().Submode; s != codec.SubPrinting {
			t.Errorf("submode %v", s)
		}
		h.refused(codec.OpenReceipt{Password: 1}, codec.ErrBusyPrinting)
		h.silence(time.Second)
		if s := h.status().Submode; s != codec.SubPaperLost {
			t.Errorf("submode %v", s)
		}
		d.InsertPaper(0)
		do[codec.OperatorAnswer](h, codec.ContinuePrint{Password: admin})
		h.silence(5 * time.Second)
		if s := h.status().Submode; s != codec.SubIdle {
			t.Errorf("submode %v", s)
		}
	})
	story(t, "power cut by itself in the middle of printing", Options{PrintSpeed: 100 * time.Millisecond}, func(t *testing.T, d *Device, h *host) {
		h.silence(5 * time.Second)
		h.fill(100)
		d.Plan().Add(Fault{Command: codec.CodeCloseReceiptV2, Phase: OnPrint, At: 3, Action: PowerCut, For: time.Minute})
		do[codec.CloseReceiptV2Answer](h, cashFor(100))
		if err := <-h.served; err != nil {
			t.Error(err)
		}
		begin := time.Now()
		if err := d.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		if off := time.Since(begin); off < time.Minute || off > time.Minute+time.Second {
			t.Errorf("off for %v", off)
		}
		h = connect(t, d, false)
		if s := h.status().Submode; s != codec.SubPrinting {
			t.Errorf("submode %v", s)
		}
		h.silence(5 * time.Second)
		slips := d.Slips()
		if last := slips[len(slips)-1]; !last.Whole || last.FD != 3 {
			t.Errorf("slip %+v", last)
		}
	})
	story(t, "cover", Options{}, func(t *testing.T, d *Device, h *host) {
		d.OpenCover()
		if s := h.status(); s.Flags&codec.FlagCoverOpen == 0 || s.Submode != codec.SubPaperOut {
			t.Errorf("flags %v, submode %v", s.Flags, s.Submode)
		}
		h.refused(codec.OpenReceipt{Password: 1}, codec.ErrNoPaper)
		d.CloseCover()
		h.sell(100)
	})
	story(t, "one document is not printed", Options{}, func(t *testing.T, d *Device, h *host) {
		before := len(d.Slips())
		do[codec.EmptyAnswer](h, codec.WriteTable{Password: admin, Table: 17, Row: 1, Field: 7, Value: []byte{1}})
		h.sell(100)
		if n := len(d.Slips()); n != before {
			t.Errorf("%d slips came out", n-before)
		}
		h.sell(100)
		if n := len(d.Slips()); n != before+1 {
			t.Errorf("%d slips came out", n-before)
		}
	})
}

// A till in mode 8 whose accumulator has forgotten the document.
func TestFNOpen(t *testing.T) {
	for _, c := range []struct {
		name string
		opts Options
		code codec.ErrorCode
	}{
		{"opened with the receipt", Options{FNOpen: FNOpenAtOpen}, codec.ErrFNWrongState},
		{"opened with the first item", Options{FNOpen: FNOpenAtItem}, codec.ErrFNWrongState},
		{"opened when closing", Options{FNOpen: FNOpenAtClose}, 0},
		{"begun again by the firmware", Options{RestartsFN: true}, 0},
	} {
		story(t, c.name, c.opts, func(t *testing.T, d *Device, h *host) {
			h.fill(100)
			d.PowerCut()
			d.PowerOn()
			h = connect(t, d, false)
			s := do[codec.FNStatusAnswer](h, codec.FNStatus{Password: admin})
			if m := h.status().Mode; m != codec.ModeSale || s.Document != codec.MakingNothing {
				t.Fatalf("mode %v, document %v", m, s.Document)
			}
			if c.code == 0 {
				do[codec.CloseReceiptV2Answer](h, cashFor(100))
				return
			}
			h.refused(cashFor(100), c.code)
			do[codec.OperatorAnswer](h, codec.CancelReceipt{Password: 1})
			h.sell(100)
		})
	}
}

// A new Device over the same memories is the same till.
func TestNew_sameMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		intoTheCalendar()
		bank := flash.NewBank()
		d, err := New(Options{Bank: bank})
		if err != nil {
			t.Fatal(err)
		}
		h := connect(t, d, false)
		h.openShift()
		h.sell(100)
		h.fill(200)
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		d2 := till(t, Options{Bank: bank, FNOpen: FNOpenAtClose, RestartsFN: true})
		if n := len(d2.Slips()); n != 2 {
			t.Errorf("%d slips", n)
		}
		h = connect(t, d2, false)
		if m := h.status().Mode; m != codec.ModeSale {
			t.Errorf("mode %v", m)
		}
		if a := do[codec.CloseReceiptV2Answer](h, cashFor(200)); a.FD != 4 {
			t.Errorf("document %d", a.FD)
		}
	})
}
