package fnprint_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/fnprint"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/fn"
	"github.com/chekan-io/chekan/sim/fault"
	simfn "github.com/chekan-io/chekan/sim/fn"
	simprinter "github.com/chekan-io/chekan/sim/printer"
)

var cashier = fiscal.Cashier{Name: "Иванова А.П.", INN: "500100732259"}

func bread(sum fiscal.Money) fiscal.Receipt {
	return fiscal.Receipt{
		Kind: fiscal.Sale, TaxSystem: fiscal.TaxOSN, Cashier: cashier,
		Items:    []fiscal.Item{{Name: "Хлеб", Quantity: fiscal.One, Price: sum, VAT: fiscal.VAT10}},
		Payments: fiscal.Payments{Cash: sum},
	}
}

// story runs a test on a rig in a bubble, with an open shift whose slip is out.
func story(t *testing.T, v variant, run func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, v)
		r.must(t, r.do(t, func(ctx context.Context) error { _, err := r.till.OpenShift(ctx, cashier); return err }))
		r.settled(t)
		run(t, r)
	})
}

func (r *rig) do(t *testing.T, act func(context.Context) error) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return act(ctx)
}

func (r *rig) must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// settled waits until nothing is being printed, by itself, and nothing is owed.
func (r *rig) settled(t *testing.T) {
	t.Helper()
	r.must(t, r.do(t, r.till.FinishPrint))
}

func (r *rig) status(t *testing.T) drivers.Status {
	t.Helper()
	var s drivers.Status
	r.must(t, r.do(t, func(ctx context.Context) (err error) { s, err = r.till.Status(ctx); return err }))
	return s
}

func (r *rig) sell(t *testing.T, receipt fiscal.Receipt) (fiscal.Document, error) {
	t.Helper()
	var d fiscal.Document
	err := r.do(t, func(ctx context.Context) (err error) { d, err = r.till.Register(ctx, receipt); return err })
	return d, err
}

func (r *rig) fails(t *testing.T, err error, code string) *drivers.Error {
	t.Helper()
	var e *drivers.Error
	if !errors.As(err, &e) || e.Code != code || e.Outcome != fiscal.NotDone || e.Hint == "" {
		t.Fatalf("got %v, want %s, not done", err, code)
	}
	return e
}

// restart ends this life of the driver, as a kill does, and begins another.
func (r *rig) restart(t *testing.T) {
	t.Helper()
	_ = r.till.Close()
	r.open(t)
}

// slips is the text of every slip, each with whether it is whole.
func (r *rig) slips() (text []string, whole []bool) {
	for _, s := range r.printer.Slips() {
		text, whole = append(text, s.Text()), append(whole, s.Whole())
	}
	return text, whole
}

// heard records the commands a driver sends to the fiscal memory.
type heard struct {
	reader   codec.Reader
	commands []codec.Command
}

func (h *heard) tap(dir wire.Dir, b []byte) {
	if dir != wire.Out {
		return
	}
	h.reader.Push(b)
	for e := h.reader.Next(); e != codec.EventNone; e = h.reader.Next() {
		if e == codec.EventFrame {
			h.commands = append(h.commands, codec.Command(h.reader.Message()[0]))
		}
	}
}

func (h *heard) has(c codec.Command) bool {
	for _, x := range h.commands {
		if x == c {
			return true
		}
	}
	return false
}

// listen begins a life of the driver whose commands are recorded.
func (r *rig) listen(t *testing.T) *heard {
	t.Helper()
	_ = r.till.Close()
	h := &heard{}
	dial := func(ctx context.Context) (wire.Conn, error) {
		c, err := r.wires[0].Dial(ctx)
		if err != nil {
			return nil, err
		}
		return wire.Tapped(c, h.tap), nil
	}
	r.till = fnprint.New(dial, r.wires[1].Dial, r.memory, fnprint.Options{Now: r.now})
	t.Cleanup(func() { _ = r.till.Close() })
	return h
}

// What the registration or the format forbids is refused by name before the
// fiscal memory hears of a document.
func TestRegister_forbidden(t *testing.T) {
	taxed := bread(100)
	taxed.TaxSystem = fiscal.TaxPatent
	long := bread(100)
	long.Items[0].Name = strings.Repeat("Очень длинное наименование ", 50)
	for name, receipt := range map[string]fiscal.Receipt{"a tax system it was not registered with": taxed, "a name longer than the tag": long} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, variant{taxes: fiscal.TaxOSN})
				r.must(t, r.do(t, func(ctx context.Context) error { _, err := r.till.OpenShift(ctx, cashier); return err }))
				r.settled(t)
				h := r.listen(t)
				before := len(r.Documents())
				_, err := r.sell(t, receipt)
				e := r.fails(t, err, drivers.CodeFormat)
				t.Log(e)
				if h.has(codec.CmdBeginReceipt) || h.has(codec.CmdData) || len(r.Documents()) != before {
					t.Errorf("the fiscal memory heard %v", h.commands)
				}
				if _, err := r.sell(t, bread(100)); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// An error in the middle of a document leaves it cancelled and says so.
func TestRegister_errorInTheMiddle(t *testing.T) {
	for name, f := range map[string]simfn.Fault{
		"refused":              {Command: codec.CmdData, Phase: fault.Before, Action: fault.Refuse, Code: byte(codec.ErrTagNotAllowed)},
		"refused at the end":   {Command: codec.CmdFormReceipt, Phase: fault.Before, Action: fault.Refuse, Code: byte(codec.ErrParameter)},
		"answer gone for good": {Command: codec.CmdData, Phase: fault.OnAnswer, Action: fault.ForgetAnswer},
		"restarted":            {Command: codec.CmdData, Phase: fault.After, Action: fault.Reboot},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, variant{}, func(t *testing.T, r *rig) {
				before := len(r.Documents())
				r.fn.Plan().Add(f)
				_, err := r.sell(t, bread(100))
				var e *drivers.Error
				if !errors.As(err, &e) || e.Outcome != fiscal.NotDone || !strings.Contains(err.Error(), "cancelled in the fiscal memory") {
					t.Errorf("got %v", err)
				}
				if s := r.status(t); s.Open != drivers.OpenNothing || len(r.Documents()) != before {
					t.Errorf("left %+v and %d documents", s, len(r.Documents())-before)
				}
				if _, err := r.sell(t, bread(100)); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A printer that is not there stops a sale before the fiscal memory is touched,
// and nothing else.
func TestPrinter_absent(t *testing.T) {
	story(t, variant{}, func(t *testing.T, r *rig) {
		h := r.listen(t)
		r.wires[1].Unplug()
		_, err := r.sell(t, bread(100))
		r.fails(t, err, drivers.CodePrinter)
		if h.has(codec.CmdBeginReceipt) {
			t.Errorf("the fiscal memory heard %v", h.commands)
		}
		if s := r.status(t); s.Paper != drivers.PaperAbsent || !s.ShiftOpen {
			t.Errorf("status %+v", s)
		}
		r.must(t, r.do(t, func(ctx context.Context) error { _, err := r.till.OFDQueue(ctx); return err }))
		r.wires[1].Plug()
		if _, err := r.sell(t, bread(100)); err != nil {
			t.Error(err)
		}
	})
}

// A till for the internet works without a printer.
func TestPrinter_notNeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, variant{modes: fiscal.ModeInternet})
		r.wires[1].Unplug()
		r.must(t, r.do(t, func(ctx context.Context) error { _, err := r.till.OpenShift(ctx, cashier); return err }))
		receipt := bread(100)
		receipt.Customer, receipt.Payments = "+79161234567", fiscal.Payments{Electronic: 100}
		if _, err := r.sell(t, receipt); err != nil {
			t.Fatal(err)
		}
		if s := r.status(t); s.Paper != drivers.PaperReady {
			t.Errorf("status %+v", s)
		}
		r.settled(t)
	})
}

// A printer that dies after the commit owes paper: the receipt is done, and its
// slip comes out whole, once, under «ПОВТОР».
func TestPrinter_diesAfterTheCommit(t *testing.T) {
	for name, kind := range map[string]simprinter.FaultKind{"cable": simprinter.Unplug, "power": simprinter.PowerCut} {
		for _, at := range []int64{-6, 1, 500} {
			t.Run(name, func(t *testing.T) {
				story(t, variant{printer: simprinter.Options{LineTime: 5 * time.Millisecond}}, func(t *testing.T, r *rig) {
					// The readiness of the printer is asked before the commit: 12 bytes, twice.
					r.printer.Plan(simprinter.Fault{Kind: kind, At: r.printer.Received() + 24 + at, For: 30 * time.Second})
					d, err := r.sell(t, bread(7700))
					r.must(t, err)
					r.fails(t, waitPrint(t, r), drivers.CodePrinter)
					<-time.After(time.Minute)
					if s := r.status(t); s.Paper != drivers.PaperContinue || s.LastFD != d.FD {
						t.Fatalf("status %+v", s)
					}
					_, err = r.sell(t, bread(100))
					r.fails(t, err, drivers.CodeContinue)
					r.settled(t)
					r.settled(t) // nothing more is owed
					r.wholeOnce(t, d, at > 0)
				})
			})
		}
	}
}

// waitPrint waits until the slip on its way has ended, and gives the error that
// FinishPrint has while the printer is away.
func waitPrint(t *testing.T, r *rig) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	return r.till.FinishPrint(ctx)
}

// wholeOnce checks that one slip of the document came out whole.
func (r *rig) wholeOnce(t *testing.T, d fiscal.Document, repeated bool) {
	t.Helper()
	text, whole := r.slips()
	n := 0
	for i := range text {
		if !whole[i] || !strings.Contains(text[i], fmt.Sprint(d.FP)) {
			continue
		}
		n++
		if strings.Contains(text[i], "ПОВТОР") != repeated {
			t.Errorf("heading of the slip:\n%s", text[i])
		}
	}
	if n != 1 {
		t.Errorf("%d whole slips of document %d:\n%s", n, d.FD, strings.Join(text, "\n~~~\n"))
	}
}

// A driver that dies in the middle of a slip finds the debt in its next life.
func TestRestart_owesTheSlip(t *testing.T) {
	story(t, variant{printer: simprinter.Options{LineTime: 20 * time.Millisecond}}, func(t *testing.T, r *rig) {
		d, err := r.sell(t, bread(4321))
		r.must(t, err)
		<-time.After(200 * time.Millisecond) // some lines are out
		r.restart(t)
		if s := r.status(t); s.Paper != drivers.PaperContinue {
			t.Errorf("status %+v", s)
		}
		r.settled(t)
		r.wholeOnce(t, d, true)
		r.restart(t)
		if s := r.status(t); s.Paper != drivers.PaperReady {
			t.Errorf("after another life: %+v", s)
		}
	})
}

// The cash of a sale is in the drawer although the program died before it could
// write that down.
func TestRestart_countsTheCash(t *testing.T) {
	story(t, variant{printer: simprinter.Options{LineTime: 20 * time.Millisecond}}, func(t *testing.T, r *rig) {
		change := bread(300_00)
		change.Payments.Cash = 500_00
		if _, err := r.sell(t, change); err != nil {
			t.Fatal(err)
		}
		r.restart(t)
		r.settled(t)
		back := bread(100_00)
		back.Kind = fiscal.SaleReturn
		if _, err := r.sell(t, back); err != nil {
			t.Fatal(err)
		}
		out := func(sum fiscal.Money) error {
			return r.do(t, func(ctx context.Context) error { return r.till.CashOut(ctx, sum) })
		}
		r.fails(t, out(200_01), drivers.CodeNoCash)
		r.must(t, out(200_00))
		r.fails(t, out(1), drivers.CodeNoCash)
	})
}

// A damaged memory is made anew: nothing is owed, the counters begin again, and
// documents are what they were.
func TestMemory_lost(t *testing.T) {
	story(t, variant{}, func(t *testing.T, r *rig) {
		in := func() { r.must(t, r.do(t, func(ctx context.Context) error { return r.till.CashIn(ctx, 500) })) }
		in()
		in()
		d, err := r.sell(t, bread(100))
		r.must(t, err)
		r.settled(t)
		r.memory.torn = true
		r.restart(t)
		var base fiscal.Baseline
		r.must(t, r.do(t, func(ctx context.Context) (err error) { base, err = r.till.Baseline(ctx); return err }))
		if base.CashIns != 0 || base.LastFD != d.FD {
			t.Errorf("baseline %+v", base)
		}
		if s := r.status(t); s.Paper != drivers.PaperReady {
			t.Errorf("status %+v", s)
		}
		in()
		r.must(t, r.do(t, func(ctx context.Context) (err error) { base, err = r.till.Baseline(ctx); return err }))
		if base.CashIns != 1 {
			t.Errorf("counter %d", base.CashIns)
		}
	})
}

// A count that could not be written is not known; the counter then says what
// became of it.
func TestMemory_unwritten(t *testing.T) {
	story(t, variant{}, func(t *testing.T, r *rig) {
		r.memory.fail = true
		err := r.do(t, func(ctx context.Context) error { return r.till.CashIn(ctx, 500) })
		if drivers.OutcomeOf(err) != fiscal.Unknown {
			t.Fatalf("got %v", err)
		}
		var base fiscal.Baseline
		r.must(t, r.do(t, func(ctx context.Context) (err error) { base, err = r.till.Baseline(ctx); return err }))
		if base.CashIns != 0 {
			t.Errorf("counted %d", base.CashIns)
		}
	})
}

// The life of a fiscal memory: from the factory to the archive.
func TestLife(t *testing.T) {
	for _, format := range []string{"1.05", "1.1", "1.2"} {
		t.Run(format, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, variant{factory: true})
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				if s := r.status(t); s.Mode != drivers.ModeUnregistered {
					t.Errorf("from the factory: %+v", s)
				}
				if _, err := r.till.Registration(ctx); !errors.Is(err, drivers.ErrNotRegistered) {
					t.Errorf("registration of a new memory: %v", err)
				}
				_, err := r.till.OpenShift(ctx, cashier)
				r.fails(t, err, drivers.CodeNotRegistered)
				card := *shop(format)
				d, err := r.till.RegisterTill(ctx, card, false)
				r.must(t, err)
				got, err := r.till.Registration(ctx)
				r.must(t, err)
				want := card
				want.Cashier = fiscal.Cashier{} // the memory keeps the till's card, not who typed it
				got.Site, want.Site = "", ""
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("typed in and read back differ (-typed +read):\n%s", diff)
				}
				if id, err := r.till.Identity(ctx); err != nil || id.Serial != card.Serial || id.RNM != card.RNM || id.FFD != format || id.Address != card.Address {
					t.Errorf("identity %+v, %v", id, err)
				}
				r.settled(t)
				_, err = r.till.RegisterTill(ctx, card, false)
				r.fails(t, err, drivers.CodeRegistered)
				_, err = r.till.OpenShift(ctx, cashier)
				r.must(t, err)
				r.settled(t)
				_, err = r.till.CloseArchive(ctx, cashier)
				r.fails(t, err, drivers.CodeShiftOpen)
				_, err = r.till.Register(ctx, bread(100))
				r.must(t, err)
				_, err = r.till.CloseShift(ctx, cashier)
				r.must(t, err)
				r.settled(t)
				change := card
				change.Address, change.Reasons = "г. Орёл, ул. Мира, 2", 1<<3
				_, err = r.till.RegisterTill(ctx, change, true)
				r.must(t, err)
				if got, err := r.till.Registration(ctx); err != nil || got.Address != change.Address {
					t.Errorf("after the change: %+v, %v", got, err)
				}
				r.settled(t)
				last, err := r.till.CloseArchive(ctx, cashier)
				r.must(t, err)
				_, err = r.till.OpenShift(ctx, cashier)
				r.fails(t, err, drivers.CodeFNBlocked)
				r.deliver(ctx, t, d.FD, last.FD)
				r.settled(t)
				if s := r.status(t); s.Mode != drivers.ModeBlocked {
					t.Errorf("delivered and closed: %+v", s)
				}
				if n := len(r.printer.Whole()); n != int(last.FD) {
					t.Errorf("%d slips of %d documents", n, last.FD)
				}
			})
		})
	}
}

// deliver carries every document to the operator, and checks their order.
func (r *rig) deliver(ctx context.Context, t *testing.T, from, to uint32) {
	t.Helper()
	for fd := from; fd <= to; fd++ {
		m, err := r.till.TakeMessage(ctx)
		r.must(t, err)
		if m.FD != fd {
			t.Fatalf("document %d offered, want %d", m.FD, fd)
		}
		r.must(t, r.till.GiveAnswer(ctx, acknowledge(m.Bytes)))
	}
	if _, err := r.till.TakeMessage(ctx); !errors.Is(err, drivers.ErrNoMessage) {
		t.Errorf("after the last one: %v", err)
	}
}

// Thirty days without the operator stop the till, and delivery starts it again.
func TestThirtyDays(t *testing.T) {
	story(t, variant{}, func(t *testing.T, r *rig) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := r.sell(t, bread(100)); err != nil {
			t.Fatal(err)
		}
		if _, err := r.till.CloseShift(ctx, cashier); err != nil {
			t.Fatal(err)
		}
		r.settled(t)
		const month = 31 * 24 * time.Hour
		r.fn.Age(month)
		r.clock.Add(int64(month))
		before := len(r.Documents())
		_, err := r.till.OpenShift(ctx, cashier)
		r.fails(t, err, drivers.CodeFNBlocked)
		if s := r.status(t); s.Open != drivers.OpenNothing || s.Unsent != uint32(before) || len(r.Documents()) != before {
			t.Errorf("status %+v, %d documents", s, len(r.Documents()))
		}
		r.deliver(ctx, t, 1, uint32(before))
		if _, err := r.till.OpenShift(ctx, cashier); err != nil {
			t.Errorf("after the delivery: %v", err)
		}
	})
}

// The computer's clock is the till's: one that went wrong is named.
func TestClock_wrong(t *testing.T) {
	story(t, variant{}, func(t *testing.T, r *rig) {
		r.fn.Age(12 * time.Hour)
		r.clock.Add(int64(12 * time.Hour))
		if _, err := r.sell(t, bread(100)); err != nil {
			t.Fatal(err)
		}
		r.settled(t)
		r.clock.Add(int64(-2 * time.Hour))
		_, err := r.sell(t, bread(100))
		r.fails(t, err, drivers.CodeClock)
		r.clock.Add(int64(4 * time.Hour))
		_, err = r.sell(t, bread(100))
		r.fails(t, err, drivers.CodeClock)
		r.clock.Add(int64(-2 * time.Hour))
		if _, err := r.sell(t, bread(100)); err != nil {
			t.Error(err)
		}
		r.settled(t)
		r.clock.Add(int64(-10 * 365 * 24 * time.Hour)) // an empty battery on the computer's board
		_, err = r.sell(t, bread(100))
		r.fails(t, err, drivers.CodeClock)
	})
}
