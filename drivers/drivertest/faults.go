package drivertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

func paperOutBefore(t *testing.T, b *bench) {
	b.need("paper", b.PaperOut != nil && b.PaperIn != nil)
	b.openShift()
	b.eventually("idle", func(s drivers.Status) bool { return s.Paper == drivers.PaperReady })
	before := b.Documents()
	b.PaperOut()
	_, err := b.Till.Register(b.ctx(), plainSale(100))
	b.fails(err, fiscal.NotDone, drivers.CodeNoPaper)
	b.fails(b.Till.CashIn(b.ctx(), 100), fiscal.NotDone, drivers.CodeNoPaper)
	b.added(before, 0)
	if s := b.status(); s.Paper != drivers.PaperOut || s.Open != drivers.OpenNothing {
		t.Errorf("status %+v", s)
	}
	b.PaperIn()
	b.sells()
}

func paperOutInPrint(t *testing.T, b *bench) {
	b.need("paper that runs out", b.PaperOutInPrint != nil && b.PaperIn != nil)
	b.openShift()
	b.must(b.Till.FinishPrint(b.ctx()))
	before := b.Documents()
	b.PaperOutInPrint()
	d, err := b.Till.Register(b.ctx(), plainSale(77_00))
	// The paper is a matter of the paper: the receipt is fiscal.
	b.must(err)
	b.same(d, b.added(before, 1)[0])
	b.eventually("out of paper", func(s drivers.Status) bool { return s.Paper == drivers.PaperOut })
	b.fails(b.Till.FinishPrint(b.ctx()), fiscal.NotDone, drivers.CodeNoPaper)
	b.PaperIn()
	b.eventually("waiting to continue", func(s drivers.Status) bool { return s.Paper == drivers.PaperContinue })
	_, err = b.Till.Register(b.ctx(), plainSale(100))
	b.fails(err, fiscal.NotDone, drivers.CodeContinue)
	b.added(before, 1)
	b.must(b.Till.FinishPrint(b.ctx()))
	if s := b.status(); s.Paper != drivers.PaperReady {
		t.Errorf("after finishing: %+v", s)
	}
	b.must(b.Till.FinishPrint(b.ctx())) // nothing owed any more
	b.added(before, 1)
	b.sells()
}

func answerLost(t *testing.T, b *bench) {
	b.need("lost answer", b.LoseAnswer != nil)
	b.openShift()
	before := b.Documents()
	b.LoseAnswer()
	_, err := b.Till.Register(b.within(10*time.Minute), plainSale(33_00))
	if err == nil {
		// A link that fetches the answer once more knows after all.
		t.Log("the link recovered the answer")
	} else {
		b.fails(err, fiscal.Unknown, "")
	}
	b.answers()
	oracle := b.added(before, 1)[0]
	base, err := b.Till.Baseline(b.ctx())
	b.must(err)
	if base.LastFD != oracle.FD {
		t.Errorf("last document %d, want %d", base.LastFD, oracle.FD)
	}
	got, err := b.Till.Document(b.ctx(), oracle.FD)
	b.must(err)
	b.same(got, oracle)
	b.must(b.Till.FinishPrint(b.ctx()))
	b.sells()
}

func shiftAnswerLost(_ *testing.T, b *bench) {
	b.need("lost answer of a shift", b.LoseShiftAnswer != nil)
	before := b.Documents()
	b.LoseShiftAnswer()
	if _, err := b.Till.OpenShift(b.within(10*time.Minute), cashier); err != nil {
		b.fails(err, fiscal.Unknown, "")
	}
	b.answers()
	oracle := b.added(before, 1)[0]
	got, err := b.Till.Document(b.ctx(), oracle.FD)
	b.must(err)
	b.same(got, oracle)
	b.sells()
}

func cashAnswerLost(t *testing.T, b *bench) {
	b.need("lost answer of cash", b.LoseCashAnswer != nil)
	b.openShift()
	was, err := b.Till.Baseline(b.ctx())
	b.must(err)
	b.LoseCashAnswer()
	if err := b.Till.CashIn(b.within(10*time.Minute), 10_00); err != nil {
		b.fails(err, fiscal.Unknown, "")
	}
	b.answers()
	now, err := b.Till.Baseline(b.ctx())
	b.must(err)
	if now.CashIns != was.CashIns+1 {
		t.Errorf("counter %d, before %d: the money must go in once", now.CashIns, was.CashIns)
	}
}

func commandLost(_ *testing.T, b *bench) {
	b.need("lost command", b.LoseCommand != nil)
	b.openShift()
	before := b.Documents()
	b.LoseCommand()
	_, err := b.Till.Register(b.within(10*time.Minute), plainSale(33_00))
	switch drivers.OutcomeOf(err) {
	case fiscal.Done:
		b.added(before, 1) // a link that numbers its packets may send one again
	case fiscal.NotDone, fiscal.Unknown:
		b.answers()
		b.added(before, 0)
		b.must(b.Till.Cancel(b.ctx()))
		b.added(before, 0)
	}
	b.sells()
}

func refused(t *testing.T, b *bench) {
	b.need("refusal", b.Refuse != nil)
	b.openShift()
	before := b.Documents()
	b.Refuse()
	_, err := b.Till.Register(b.ctx(), plainSale(33_00))
	e := b.fails(err, fiscal.NotDone, "")
	if e.Vendor == 0 {
		t.Errorf("the vendor's number is missing: %+v", e)
	}
	b.added(before, 0)
	if s := b.status(); s.Open != drivers.OpenNothing {
		t.Errorf("the refused receipt stays open: %+v", s)
	}
	b.sells()
}

func busy(t *testing.T, b *bench) {
	b.need("busy printer", b.Busy != nil)
	b.openShift()
	b.must(b.Till.FinishPrint(b.ctx()))
	began := time.Now() // before it is busy: however late the test goes on, the sale is not over before the printer is
	b.Busy(5 * time.Second)
	if s := b.status(); s.Paper != drivers.PaperPrinting {
		t.Errorf("busy till: %+v", s)
	}
	b.sells()
	if took := time.Since(began); took < 4*time.Second {
		t.Errorf("sold after %v while the printer was busy", took)
	}
	before := b.Documents()
	b.must(b.Till.FinishPrint(b.ctx()))
	b.Busy(time.Hour)
	_, err := b.Till.Register(b.within(3*time.Second), plainSale(100))
	b.fails(err, fiscal.NotDone, "")
	b.added(before, 0)
}

// slack is what a call may take beyond its deadline on a crowded computer: far less than a device that hangs for a minute.
const slack = 20 * time.Second

func deadline(t *testing.T, b *bench) {
	b.need("hang", b.Hang != nil)
	b.openShift()
	before := b.Documents()
	b.Hang(time.Minute)
	began := time.Now()
	_, err := b.Till.Register(b.within(2*time.Second), plainSale(100))
	b.fails(err, fiscal.NotDone, "")
	if took := time.Since(began); took > 2*time.Second+slack {
		t.Errorf("took %v", took)
	}
	_, err = b.Till.Status(b.within(2 * time.Second))
	b.fails(err, fiscal.NotDone, drivers.CodeLink)
	b.added(before, 0)
}

func cancelled(t *testing.T, b *bench) {
	b.need("hang", b.Hang != nil)
	b.openShift()
	before := b.Documents()
	b.Hang(time.Minute)
	ctx, cancel := context.WithCancel(b.within(time.Minute))
	timer := time.AfterFunc(300*time.Millisecond, cancel)
	defer timer.Stop()
	began := time.Now()
	_, err := b.Till.Register(ctx, plainSale(100))
	b.fails(err, fiscal.NotDone, "")
	if took := time.Since(began); took > slack {
		t.Errorf("took %v", took)
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the cause is lost: %v", err)
	}
	b.added(before, 0)
}

func leftOpen(t *testing.T, b *bench) {
	b.need("open receipt", b.LeaveOpen != nil)
	b.openShift()
	before := b.Documents()
	b.LeaveOpen()
	if s := b.status(); s.Mode != drivers.ModeOpenDocument || s.Open != drivers.OpenReceipt {
		t.Errorf("status %+v", s)
	}
	_, err := b.Till.Register(b.ctx(), plainSale(100))
	b.fails(err, fiscal.NotDone, drivers.CodeOpenDocument)
	_, err = b.Till.CloseShift(b.ctx(), cashier)
	b.fails(err, fiscal.NotDone, drivers.CodeOpenDocument)
	b.must(b.Till.Cancel(b.ctx()))
	if s := b.status(); s.Open != drivers.OpenNothing || s.Mode != drivers.ModeReady {
		t.Errorf("after cancelling: %+v", s)
	}
	b.must(b.Till.Cancel(b.ctx())) // nothing to cancel is fine
	b.added(before, 0)
	b.sells()
}

func stuck(t *testing.T, b *bench) {
	b.need("stuck mode", b.Stick != nil)
	leaver, ok := b.Till.(drivers.StuckLeaver)
	b.need("StuckLeaver", ok)
	b.openShift()
	b.must(leaver.LeaveStuckMode(b.ctx())) // in no such mode
	b.Stick()
	if s := b.status(); s.Mode != drivers.ModeStuck {
		t.Errorf("status %+v", s)
	}
	_, err := b.Till.Register(b.ctx(), plainSale(100))
	b.fails(err, fiscal.NotDone, drivers.CodeStuck)
	b.must(leaver.LeaveStuckMode(b.ctx()))
	b.sells()
}

func expired(t *testing.T, b *bench) {
	b.need("time machine", b.AgeShift != nil)
	b.openShift()
	before := b.Documents()
	b.AgeShift()
	if s := b.status(); s.Mode != drivers.ModeShiftExpired || !s.ShiftOpen {
		t.Errorf("status %+v", s)
	}
	_, err := b.Till.Register(b.ctx(), plainSale(100))
	b.fails(err, fiscal.NotDone, drivers.CodeShiftExpired)
	b.added(before, 0)
	d, err := b.Till.CloseShift(b.ctx(), cashier)
	b.must(err)
	b.same(d, b.added(before, 1)[0])
	b.openShift()
	b.sells()
}

func unplugged(_ *testing.T, b *bench) {
	b.need("cable", b.Unplug != nil && b.Plug != nil)
	b.openShift()
	before := b.Documents()
	b.Unplug()
	_, err := b.Till.Register(b.ctx(), plainSale(100))
	b.fails(err, fiscal.NotDone, drivers.CodeGone)
	_, err = b.Till.Status(b.ctx())
	b.fails(err, fiscal.NotDone, drivers.CodeGone)
	b.added(before, 0)
	b.Plug()
	b.sells()
	if r, ok := b.Till.(drivers.Reopener); ok {
		b.must(r.Reopen())
		b.sells()
	}
}

func rebooted(_ *testing.T, b *bench) {
	b.openShift()
	b.must(b.Till.Reboot(b.ctx()))
	b.answers()
	b.sells()
}

func closed(t *testing.T, b *bench) {
	b.need("hang", b.Hang != nil)
	b.openShift()
	b.Hang(time.Minute)
	done := make(chan error, 1)
	go func() {
		_, err := b.Till.Register(b.within(time.Minute), plainSale(100))
		done <- err
	}()
	timer := time.NewTimer(200 * time.Millisecond)
	defer timer.Stop()
	<-timer.C
	began := time.Now()
	b.must(b.Till.Close())
	b.fails(<-done, fiscal.NotDone, "")
	if took := time.Since(began); took > slack {
		t.Errorf("close took %v", took)
	}
	b.must(b.Till.Close())
	_, err := b.Till.Status(b.ctx())
	b.fails(err, fiscal.NotDone, "")
}
