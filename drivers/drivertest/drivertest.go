// Package drivertest puts a driver through what every driver must do.
//
// A driver's own test makes a [Rig]: the till, ways to make the device behind
// it fail, and the oracle, which is the list of documents in the device's
// fiscal memory. [Run] then compares what the driver says with what the oracle
// has. The package knows no simulator and no protocol; the same suite runs
// against a simulator in memory, behind a pseudo-terminal, or against hardware.
//
// A fault the rig cannot make is nil, and the scenarios that need it are
// skipped by name, so that a missing one is seen.
package drivertest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Rig is one device with the driver under test on its wire. The device is
// registered, its shift closed, its paper in.
type Rig struct {
	Till drivers.Till

	// Documents is the oracle: everything in the device's fiscal memory, in
	// order. Of a document only FN, FD, FP, Type, Kind and Total need be there.
	Documents func() []fiscal.Document

	// PaperOut takes the paper away, PaperIn puts a roll in.
	PaperOut, PaperIn func()
	// PaperOutInPrint lets the paper run out while the next receipt is being
	// printed, after it became fiscal.
	PaperOutInPrint func()
	// LoseAnswer keeps the answer to the next committing command of a receipt
	// off the wire.
	LoseAnswer func()
	// LoseShiftAnswer does so for the next opening of a shift, LoseCashAnswer
	// for the next cash in.
	LoseShiftAnswer, LoseCashAnswer func()
	// LoseCommand lets the next committing command of a receipt vanish before
	// the device does it.
	LoseCommand func()
	// Refuse makes the device refuse the next committing command of a receipt.
	Refuse func()
	// Busy keeps the device printing something for the time.
	Busy func(time.Duration)
	// Hang stops the device for the time.
	Hang func(time.Duration)
	// LeaveOpen leaves a receipt of another cashier open in the device.
	LeaveOpen func()
	// Stick puts the device into a mode that only LeaveStuckMode leaves.
	Stick func()
	// AgeShift makes the open shift older than 24 hours.
	AgeShift func()
	// Acknowledge is the operator of fiscal data: the answer to a message of a
	// till that is a drivers.Relay.
	Acknowledge func(message []byte) (answer []byte)
	// Unplug pulls the cable, Plug puts it back.
	Unplug, Plug func()
}

// patience bounds what a healthy device does at once, on a crowded computer too.
const patience = 2 * time.Minute

// Run runs every scenario in real time and side by side, each on a rig of its
// own.
func Run(t *testing.T, newRig func(t *testing.T) Rig) {
	t.Helper()
	run(t, func(t *testing.T, body func(*testing.T, *bench)) {
		t.Parallel()
		body(t, newBench(t, newRig(t)))
	})
}

// RunBubble runs every scenario under testing/synctest, where waiting costs
// nothing. The rig must not touch anything outside the bubble.
func RunBubble(t *testing.T, newRig func(t *testing.T) Rig) {
	t.Helper()
	run(t, func(t *testing.T, body func(*testing.T, *bench)) {
		synctest.Test(t, func(t *testing.T) {
			body(t, newBench(t, newRig(t)))
		})
	})
}

func run(t *testing.T, around func(*testing.T, func(*testing.T, *bench))) {
	t.Helper()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) { around(t, s.run) })
	}
}

type scenario struct {
	name string
	run  func(t *testing.T, b *bench)
}

var scenarios = []scenario{
	{"says who it is", identity},
	{"tells the state of a fresh till", freshStatus},
	{"opens and closes a shift", shift},
	{"sells with exact sums", sale},
	{"returns and buys", otherKinds},
	{"corrects", correction},
	{"moves cash", cash},
	{"prints an x report", xReport},
	{"reports the state of settlement", settlement},
	{"reads documents back", documents},
	{"refuses without paper", paperOutBefore},
	{"finishes a print the paper ran out of", paperOutInPrint},
	{"does not know when an answer is lost", answerLost},
	{"does not know when the answer of a shift is lost", shiftAnswerLost},
	{"does not know when the answer of cash is lost", cashAnswerLost},
	{"never doubles a lost command", commandLost},
	{"passes on a refusal", refused},
	{"waits for a busy printer", busy},
	{"keeps to the deadline", deadline},
	{"heeds cancellation", cancelled},
	{"cancels a receipt left open", leftOpen},
	{"leaves a stuck mode", stuck},
	{"says that the shift is over", expired},
	{"comes back after unplugging", unplugged},
	{"comes back after a reboot", rebooted},
	{"closes at any moment", closed},
	{"relays documents to the operator in order", relays},
	{"sells while the operator thinks", relaySellsBetween},
	{"offers a message again", relayOffersAgain},
	{"refuses a damaged answer of the operator", relayRefusesDamage},
	{"relays after unplugging", relayUnplugged},
}

// bench is a rig with what the scenarios do to it.
type bench struct {
	Rig
	t *testing.T
}

func newBench(t *testing.T, r Rig) *bench {
	t.Helper()
	t.Cleanup(func() { _ = r.Till.Close() })
	return &bench{Rig: r, t: t}
}

// need skips the scenario when the rig lacks something.
func (b *bench) need(what string, have bool) {
	b.t.Helper()
	if !have {
		b.t.Skipf("the rig has no %s", what)
	}
}

func (b *bench) ctx() context.Context { return b.within(patience) }

func (b *bench) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(b.t.Context(), d)
	b.t.Cleanup(cancel)
	return ctx
}

// must fails the test at once on an error.
func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// fails checks that err is the driver's, with outcome and code. An empty code
// is any.
func (b *bench) fails(err error, outcome fiscal.Outcome, code string) drivers.Error {
	b.t.Helper()
	var e *drivers.Error
	if !errors.As(err, &e) {
		b.t.Fatalf("got %v, want a driver's error", err)
	}
	if e.Outcome != outcome || code != "" && e.Code != code {
		b.t.Fatalf("got %s with outcome %v, want %s with %v: %v", e.Code, e.Outcome, code, outcome, err)
	}
	if e.Op == "" || e.Hint == "" {
		b.t.Errorf("error without act or hint: %+v", *e)
	}
	return *e
}

// added checks that the oracle has grown by exactly n documents since before.
func (b *bench) added(before []fiscal.Document, n int) []fiscal.Document {
	b.t.Helper()
	now := b.Documents()
	if len(now) != len(before)+n {
		b.t.Fatalf("the fiscal memory grew by %d documents, want %d", len(now)-len(before), n)
	}
	return now[len(before):]
}

// same checks a document against the oracle's.
func (b *bench) same(got, oracle fiscal.Document) {
	b.t.Helper()
	pick := func(d fiscal.Document) fiscal.Document {
		return fiscal.Document{FN: d.FN, FD: d.FD, FP: d.FP, Type: d.Type, Kind: d.Kind, Total: d.Total}
	}
	if diff := cmp.Diff(pick(oracle), pick(got)); diff != "" {
		b.t.Fatalf("oracle and driver differ (-oracle +driver):\n%s", diff)
	}
}

func (b *bench) status() drivers.Status {
	b.t.Helper()
	s, err := b.Till.Status(b.ctx())
	b.must(err)
	return s
}

// eventually reads the status until it is as wanted.
func (b *bench) eventually(what string, ok func(drivers.Status) bool) drivers.Status {
	b.t.Helper()
	ctx := b.ctx()
	var last drivers.Status
	var err error
	for ctx.Err() == nil {
		if last, err = b.Till.Status(ctx); err == nil && ok(last) {
			return last
		}
		timer := time.NewTimer(20 * time.Millisecond)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
	b.t.Fatalf("never %s; last status %+v, %v", what, last, err)
	return last
}

// answers waits until the till talks again, whatever happened to it.
func (b *bench) answers() {
	b.t.Helper()
	b.eventually("answering", func(drivers.Status) bool { return true })
}

var cashier = fiscal.Cashier{Name: "Иванова А.П.", INN: "500100732259"}

func (b *bench) openShift() {
	b.t.Helper()
	_, err := b.Till.OpenShift(b.ctx(), cashier)
	b.must(err)
}

// plainSale is a sale of one thing paid in cash.
func plainSale(sum fiscal.Money) fiscal.Receipt {
	return fiscal.Receipt{
		Kind: fiscal.Sale, TaxSystem: fiscal.TaxOSN, Cashier: cashier,
		Items:    []fiscal.Item{{Name: "Хлеб", Quantity: fiscal.One, Price: sum, VAT: fiscal.VAT10}},
		Payments: fiscal.Payments{Cash: sum},
	}
}

// sells checks that the till is in working order: it sells, once.
func (b *bench) sells() {
	b.t.Helper()
	before := b.Documents()
	d, err := b.Till.Register(b.ctx(), plainSale(4321))
	b.must(err)
	b.same(d, b.added(before, 1)[0])
}
