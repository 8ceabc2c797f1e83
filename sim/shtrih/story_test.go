package shtrih

import (
	"context"
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
	if _, err := b.conn.Write([]byte{codec.ACK}); err != nil {
		return fail()
	}
	a, _ := codec.DecodeAnswer(r.Code(), buf[2:got-1])
	return a
}

// Whatever a host asks and whatever breaks, the archive stays one consistent
// story, an answer to FF45h is the document in it, and a closed receipt is
// never in it twice unless the host asked twice.
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
		synctest.Test(t, func(t *testing.T) { randomStory(t, rt, opts) })
	})
}

func randomStory(t *testing.T, rt *rapid.T, opts Options) {
	d, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	b := &blunt{d: d}
	asked := 0 // how often closing was asked for
	drawMoney := func(rt *rapid.T) fiscal.Money { return fiscal.Money(rapid.IntRange(1, 100_000).Draw(rt, "sum")) }
	steps := map[string]func(*rapid.T){
		"open shift":  func(*rapid.T) { b.ask(codec.OpenShift{Password: admin}) },
		"close shift": func(*rapid.T) { b.ask(codec.CloseShift{Password: admin}) },
		"open": func(rt *rapid.T) {
			b.ask(codec.OpenReceipt{Password: 1, Type: codec.ReceiptType(rapid.IntRange(0, 3).Draw(rt, "type"))})
		},
		"item": func(rt *rapid.T) {
			l := line(drawMoney(rt))
			l.Sign = codec.SettlementSign(rapid.IntRange(1, 4).Draw(rt, "sign"))
			b.ask(l)
		},
		"sale": func(rt *rapid.T) {
			sum := drawMoney(rt)
			b.ask(codec.OpenReceipt{Password: 1})
			b.ask(line(sum))
			asked++
			before := d.FN().Status(d.Now()).LastFD
			a, ok := b.ask(cashFor(sum)).(codec.CloseReceiptV2Answer)
			if !ok {
				return
			}
			if doc, err := d.FN().Find(a.FD); err != nil || doc.FP != a.FP || a.FD <= before {
				rt.Fatalf("answer %+v, document %+v, %v", a, doc, err)
			}
		},
		"close":    func(rt *rapid.T) { asked++; b.ask(cashFor(drawMoney(rt))) },
		"cancel":   func(*rapid.T) { b.ask(codec.CancelReceipt{Password: 1}) },
		"drop":     func(*rapid.T) { b.ask(codec.CancelFNDocument{Password: admin}) },
		"continue": func(*rapid.T) { b.ask(codec.ContinuePrint{Password: admin}) },
		"cash in":  func(rt *rapid.T) { b.ask(codec.CashIn{Password: 1, Sum: drawMoney(rt)}) },
		"cash out": func(rt *rapid.T) { b.ask(codec.CashOut{Password: 1, Sum: drawMoney(rt)}) },
		"correct": func(rt *rapid.T) {
			asked++
			b.ask(codec.Correction{Password: admin, Total: drawMoney(rt), Sign: codec.SignIncome})
		},
		"paper": func(rt *rapid.T) { d.InsertPaper(rapid.IntRange(0, 40).Draw(rt, "lines")) },
		"power": func(*rapid.T) { d.PowerCut(); d.PowerOn() },
		"time": func(rt *rapid.T) {
			timer := time.NewTimer(time.Duration(rapid.IntRange(1, 600).Draw(rt, "minutes")) * time.Minute)
			<-timer.C
		},
		"fault": func(rt *rapid.T) {
			d.Plan().Add(Fault{
				Command: rapid.SampledFrom([]codec.Code{0, codec.CodeCloseReceiptV2, codec.CodeOpenShift, codec.CodeCloseShift}).Draw(rt, "command"),
				Phase:   rapid.SampledFrom([]Phase{OnReceive, Before, OnCommit, OnPrint, After, OnAnswer}).Draw(rt, "phase"),
				At:      rapid.IntRange(0, 12).Draw(rt, "at"),
				Action: rapid.SampledFrom([]Action{
					LoseACK, NAKRequest, LoseAnswer, ForgetAnswer, Garble, Duplicate, RebootNow, PowerCut, PaperOut, CoverOpen, Hang,
					CloseLink, Replay, TakeOver, HangFNDocument,
				}).Draw(rt, "action"),
				For: time.Duration(rapid.IntRange(1, 20).Draw(rt, "for")) * time.Second,
			})
		},
		"new device": func(*rapid.T) {
			if err := d.Close(); err != nil {
				rt.Fatal(err)
			}
			if d, err = New(opts); err != nil {
				rt.Fatal(err)
			}
			b.d = d
		},
		"": func(rt *rapid.T) {
			d.CloseCover()
			if err := d.FN().Verify(); err != nil {
				rt.Fatal(err)
			}
			receipts := 0
			for _, doc := range d.FN().List() {
				if doc.Op != 0 {
					receipts++
				}
			}
			if receipts > asked {
				rt.Fatalf("%d receipts of %d asked for", receipts, asked)
			}
		},
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if b.conn != nil {
			_ = b.conn.Close()
		}
		b.work.Wait()
	}()
	rt.Repeat(steps)
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
