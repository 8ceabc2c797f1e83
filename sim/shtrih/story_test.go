package shtrih

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/flash"
)

// blunt is a host that sends what it is told and takes what comes: a story may
// break the wire at any moment.
type blunt struct {
	d    *Device
	conn net.Conn
	work sync.WaitGroup
}

func (b *blunt) connect() {
	ours, theirs := net.Pipe()
	b.conn = ours
	b.work.Go(func() { _ = b.d.Serve(context.Background(), theirs) })
}

// ask sends one request and returns the answer, or nil.
func (b *blunt) ask(r codec.Request) codec.Answer {
	msg, err := codec.EncodeRequest(r)
	if err != nil {
		panic(err)
	}
	if b.conn == nil {
		b.connect()
	}
	fail := func() codec.Answer {
		_ = b.conn.Close()
		b.conn = nil
		return nil
	}
	_ = b.conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := b.conn.Write(frame1(msg)); err != nil {
		return fail()
	}
	one := make([]byte, 1)
	if _, err := b.conn.Read(one); err != nil || one[0] != codec.ACK {
		return fail()
	}
	buf := make([]byte, 300)
	got := 0
	for got < 2 || got < int(buf[1])+3 {
		n, err := b.conn.Read(buf[got:])
		if err != nil {
			return fail()
		}
		got += n
	}
	if want := frame1(buf[2 : got-1]); got != len(want) || buf[got-1] != want[got-1] {
		return fail()
	}
	if _, err := b.conn.Write([]byte{codec.ACK}); err != nil {
		return fail()
	}
	a, _ := codec.DecodeAnswer(r.Code(), buf[2:got-1])
	return a
}

// step is one thing that happens in a random story; n and m are whatever it
// needs them for.
type step struct {
	what string
	n, m int
}

var happenings = []string{
	"open shift", "close shift", "open", "item", "sale", "sale", "sale", "close", "cancel", "drop", "continue", "cash in", "cash out",
	"correct", "paper", "power", "time", "fault", "fault", "new device",
}

func drawStep(rt *rapid.T) step {
	return step{
		what: rapid.SampledFrom(happenings).Draw(rt, "what"),
		n:    rapid.IntRange(1, 100_000).Draw(rt, "n"), m: rapid.IntRange(0, 1000).Draw(rt, "m"),
	}
}

// Whatever a host asks and whatever breaks, the archive stays one consistent
// story, an answer to FF45h is the document in it, and it has no more receipts
// than closings were asked for.
func TestDevice_random(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		opts := Options{
			FNOpen:           FNOpen(rapid.IntRange(0, 2).Draw(rt, "fn open")),
			Stale:            StaleReceipt(rapid.IntRange(0, 1).Draw(rt, "stale")),
			RestartsFN:       rapid.Bool().Draw(rt, "restarts"),
			CancelsOnPowerUp: rapid.Bool().Draw(rt, "cancels"),
			Bank:             flash.NewBank(),
		}
		if rapid.Bool().Draw(rt, "slow printer") {
			opts.PrintSpeed = 50 * time.Millisecond
		}
		steps := rapid.SliceOfN(rapid.Custom(drawStep), 1, 60).Draw(rt, "steps")
		// The story is drawn before the bubble and judged behind it: rapid
		// must be neither inside one nor measured by its clock.
		var verdict error
		synctest.Test(t, func(*testing.T) { verdict = play(opts, steps) })
		if verdict != nil {
			rt.Fatal(verdict)
		}
	})
}

// teller is a host in a random story.
type teller struct {
	blunt
	opts  Options
	asked int // how often a receipt or a correction was asked to be closed
}

func play(opts Options, steps []step) (err error) {
	d, err := New(opts)
	if err != nil {
		return err
	}
	b := &teller{opts: opts}
	b.d = d
	b.ask(codec.OpenShift{Password: admin})
	defer func() {
		err = errors.Join(err, b.d.Close())
		if b.conn != nil {
			_ = b.conn.Close()
		}
		b.work.Wait()
	}()
	for i, s := range steps {
		if err := b.step(s); err != nil {
			return fmt.Errorf("step %d, %s: %w", i, s.what, err)
		}
		if err := b.judge(); err != nil {
			return fmt.Errorf("after step %d, %s: %w", i, s.what, err)
		}
	}
	return nil
}

func (b *teller) judge() error {
	if err := b.d.FN().Verify(); err != nil {
		return err
	}
	receipts := 0
	for _, doc := range b.d.FN().List() {
		if doc.Op != 0 {
			receipts++
		}
	}
	if receipts > b.asked {
		return fmt.Errorf("%d receipts of %d asked for", receipts, b.asked)
	}
	return nil
}

func (b *teller) step(s step) error {
	sum := fiscal.Money(s.n)
	switch s.what {
	case "open shift":
		b.ask(codec.OpenShift{Password: admin})
	case "close shift":
		b.ask(codec.CloseShift{Password: admin})
	case "open":
		b.ask(codec.OpenReceipt{Password: 1, Type: codec.ReceiptType(s.m % 4)})
	case "item":
		l := line(sum)
		l.Sign = codec.SettlementSign(s.m%4 + 1)
		b.ask(l)
	case "sale":
		return b.sale(sum)
	case "close":
		b.asked++
		b.ask(cashFor(sum))
	case "cancel":
		b.ask(codec.CancelReceipt{Password: 1})
	case "drop":
		b.ask(codec.CancelFNDocument{Password: admin})
	case "continue":
		b.d.CloseCover()
		b.ask(codec.ContinuePrint{Password: admin})
	case "cash in":
		b.ask(codec.CashIn{Password: 1, Sum: sum})
	case "cash out":
		b.ask(codec.CashOut{Password: 1, Sum: sum})
	case "correct":
		b.asked++
		b.ask(codec.Correction{Password: admin, Total: sum, Sign: codec.SignIncome})
	case "paper":
		b.d.InsertPaper(s.m % 40)
	case "power":
		b.d.PowerCut()
		b.d.PowerOn()
	case "time":
		<-time.NewTimer(time.Duration(s.m) * time.Minute).C
	case "fault":
		phases := []Phase{OnReceive, Before, OnCommit, OnPrint, After, OnAnswer}
		actions := []Action{
			LoseACK, NAKRequest, LoseAnswer, ForgetAnswer, Garble, Duplicate, RebootNow, PowerCut, PaperOut, CoverOpen, Hang,
			CloseLink, Replay, TakeOver, HangFNDocument,
		}
		commands := []codec.Code{0, codec.CodeCloseReceiptV2, codec.CodeOpenShift, codec.CodeCloseShift}
		b.d.Plan().Add(Fault{
			Command: commands[s.n%len(commands)], Phase: phases[s.m%len(phases)], Action: actions[s.n%len(actions)], At: s.m % 13,
			For: time.Duration(s.m%20+1) * time.Second,
		})
	case "new device":
		if err := b.d.Close(); err != nil {
			return err
		}
		d, err := New(b.opts)
		if err != nil {
			return err
		}
		b.d = d
	}
	return nil
}

func (b *teller) sale(sum fiscal.Money) error {
	b.ask(codec.OpenReceipt{Password: 1})
	b.ask(line(sum))
	b.asked++
	before := lastFD(b.d)
	a, ok := b.ask(cashFor(sum)).(codec.CloseReceiptV2Answer)
	if !ok {
		return nil
	}
	if doc, err := b.d.FN().Find(a.FD); err != nil || doc.FP != a.FP || a.FD <= before {
		return fmt.Errorf("answer %+v, document %+v, %w", a, doc, err)
	}
	return nil
}

func BenchmarkSale(b *testing.B) {
	d, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	h := &blunt{d: d}
	h.ask(codec.OpenShift{Password: admin})
	b.ReportAllocs()
	for b.Loop() {
		h.ask(codec.OpenReceipt{Password: 1})
		h.ask(line(100))
		if a, ok := h.ask(cashFor(100)).(codec.CloseReceiptV2Answer); !ok || a.FP == 0 {
			b.Fatal("not sold")
		}
	}
	b.StopTimer()
	if err := d.Close(); err != nil {
		b.Fatal(err)
	}
	h.work.Wait()
}
