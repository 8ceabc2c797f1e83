package bundle

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/agent/internal/blackbox"
	"github.com/chekan-io/chekan/drivers/shtrih"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	protocol "github.com/chekan-io/chekan/protocol/shtrih"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// failure is one thing that goes wrong with an operation.
type failure struct {
	name    string
	fault   sim.Fault
	device  sim.Options
	driver  shtrih.Options
	marks   bool
	op      func(key string) *fiscalv1.Operation // nil: a sale
	closed  bool                                 // the shift is closed when it begins
	prepare func(*shop)
	verdict string // how it ends: a part of the last event
}

func simple(kind fiscalv1.Kind, amount int64) func(string) *fiscalv1.Operation {
	return func(key string) *fiscalv1.Operation {
		return &fiscalv1.Operation{Key: key, Till: tillName, Kind: kind, Amount: amount, Cashier: cashier()}
	}
}

func correction(key string) *fiscalv1.Operation {
	op := sale(key)
	op.Receipt.Payments = &fiscalv1.Payments{Cash: 5109875}
	op.Receipt.Correction = &fiscalv1.Correction{Date: "2000-01-01T00:00", Reason: "пропущен чек Сидорова"}
	return op
}

// small is a sale of the sum of a foreign one.
func small(key string) *fiscalv1.Operation {
	op := sale(key)
	op.Receipt.Items = []*fiscalv1.Item{{Name: "Кофе «Арабика» тёмный", Quantity: "1", Price: 7700, Vat: "20"}}
	op.Receipt.Payments = &fiscalv1.Payments{Electronic: 7700}
	return op
}

const done, notDone = `outcome=done`, `outcome=not_done`

// failures are the 20 and more that are recorded, redacted and run again.
func failures() []failure {
	return []failure{
		{name: "nothing", verdict: done},
		{name: "answer lost", fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.OnAnswer, Action: sim.LoseAnswer}, verdict: done},
		{name: "answer forgotten", fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.OnAnswer, Action: sim.ForgetAnswer}, verdict: done},
		{name: "answer garbled", fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.OnAnswer, At: 5, Action: sim.Garble}, verdict: done},
		{name: "length of the answer garbled", fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.OnAnswer, At: 1, Action: sim.Garble, Code: 0x40}, verdict: done},
		{name: "answer garbled for ever", fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.OnAnswer, At: 7, Action: sim.Garble, Times: -1}, verdict: done},
		{name: "answer late", fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.After, Action: sim.Delay, For: 25 * time.Second}, verdict: done},
		{name: "answer after our patience", fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.After, Action: sim.Delay, For: 50 * time.Second}, verdict: done},
		{name: "answer twice", fault: sim.Fault{Command: protocol.CodeSubtotal, Phase: sim.OnAnswer, Action: sim.Duplicate}, verdict: done},
		{name: "an older answer", fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.OnAnswer, Action: sim.Replay}, verdict: done},
		{name: "confirmation lost", fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.OnReceive, Action: sim.LoseACK}, verdict: done},
		{name: "line refused", fault: sim.Fault{Command: protocol.CodeOperationV2, Nth: 1, Phase: sim.Before, Action: sim.Refuse, Code: 0x73}, verdict: notDone},
		{name: "close refused", fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.Before, Action: sim.Refuse, Code: 0x4E}, verdict: notDone},
		{name: "fiscal memory silent", fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.OnCommit, Action: sim.Refuse, Code: 0x20}, verdict: ""},
		{name: "cable out at a line", fault: sim.Fault{Command: protocol.CodeOperationV2, Nth: 1, Phase: sim.OnReceive, At: 9, Action: sim.CloseLink}, verdict: notDone},
		{name: "cable out before the answer", fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.After, Action: sim.CloseLink}, verdict: done},
		{name: "till restarts before", fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.Before, Action: sim.RebootNow}, verdict: notDone},
		{name: "till restarts after", fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.After, Action: sim.RebootNow}, verdict: done},
		{name: "power of the till before", fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.Before, Action: sim.PowerCut, For: 5 * time.Second}, verdict: notDone},
		{name: "power of the till inside the commit", fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.OnCommit, Action: sim.PowerCut, For: 5 * time.Second}, verdict: done},
		{
			name: "power of the till after, on a serial line", device: sim.Options{SilentPowerCut: true},
			fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.After, Action: sim.PowerCut, For: 5 * time.Second}, verdict: done,
		},
		{name: "paper out before", fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.Before, Action: sim.PaperOut}, verdict: notDone},
		{name: "cover open at a line", fault: sim.Fault{Command: protocol.CodeOperationV2, Phase: sim.Before, Action: sim.CoverOpen}, verdict: notDone},
		{name: "hangs", fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.Before, Action: sim.Hang, For: 50 * time.Second}, verdict: notDone},
		{
			name: "an equal foreign sale", op: small, fault: sim.Fault{Command: protocol.CodeFNStatus, Nth: 3, Phase: sim.Before, Action: sim.Foreign, Code: 77},
			prepare: func(s *shop) {
				s.device.Plan().Add(sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.OnAnswer, Action: sim.ForgetAnswer})
			}, verdict: `settle next="person" reason="candidates"`,
		},
		{name: "another foreign sale", fault: sim.Fault{Command: protocol.CodeFNStatus, Nth: 3, Phase: sim.Before, Action: sim.Foreign, Code: 77}, prepare: func(s *shop) {
			s.device.Plan().Add(sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.OnAnswer, Action: sim.ForgetAnswer})
		}, verdict: done},
		{name: "answer lost, with our mark", marks: true, fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.OnAnswer, Action: sim.ForgetAnswer}, verdict: done},
		{
			name: "shift opening: answer lost", closed: true, op: simple(fiscalv1.Kind_KIND_OPEN_SHIFT, 0),
			fault: sim.Fault{Command: protocol.CodeOpenShift, Phase: sim.OnAnswer, Action: sim.ForgetAnswer}, verdict: done,
		},
		{
			name: "shift closing: power of the till", op: simple(fiscalv1.Kind_KIND_CLOSE_SHIFT, 0),
			fault: sim.Fault{Command: protocol.CodeCloseShift, Phase: sim.OnCommit, Action: sim.PowerCut, For: 3 * time.Second}, verdict: done,
		},
		{
			name: "cash in: answer lost", op: simple(fiscalv1.Kind_KIND_CASH_IN, 5_000_000),
			fault: sim.Fault{Command: protocol.CodeCashIn, Phase: sim.OnAnswer, Action: sim.ForgetAnswer}, verdict: done,
		},
		{name: "cash out: too much", op: simple(fiscalv1.Kind_KIND_CASH_OUT, 5_000_000), verdict: notDone},
		{name: "correction: answer lost", op: correction, fault: sim.Fault{Command: protocol.CodeCorrectionV2, Phase: sim.OnAnswer, Action: sim.ForgetAnswer}, verdict: done},
		{
			name: "numbered link, answer lost", driver: shtrih.Options{Link: shtrih.LinkNumbered},
			fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.OnAnswer, Action: sim.LoseAnswer}, verdict: done,
		},
		{
			name: "numbered link, power of the till", driver: shtrih.Options{Link: shtrih.LinkNumbered},
			fault: sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.After, Action: sim.PowerCut, For: 5 * time.Second}, verdict: done,
		},
	}
}

// TestReplay records operations that go wrong, redacts them and does them once
// more: the driver must say the same, and settling must come to the same.
func TestReplay(t *testing.T) {
	for _, f := range failures() {
		t.Run(f.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := open(t, f.device, f.driver)
				s.marks = f.marks
				if f.marks {
					s.close()
					s.start()
				}
				if !f.closed {
					s.openShift()
				}
				if f.prepare != nil {
					f.prepare(s)
				}
				if f.fault.Action != "" {
					s.device.Plan().Add(f.fault)
				}
				if f.op == nil {
					f.op = sale
				}
				got := s.submit(f.op("asked"))
				for range 3 {
					if got.GetStage() == fiscalv1.Stage_STAGE_ENDED || got.GetStage() == fiscalv1.Stage_STAGE_NEEDS_PERSON {
						break
					}
					var err error
					if got, err = s.fleet.Operation(t.Context(), "asked", time.Minute); err != nil {
						t.Fatal(err)
					}
				}
				for _, fault := range s.device.Plan().List() {
					if fault.Fired == 0 {
						t.Fatalf("%v did not strike", fault)
					}
				}
				replayLast(t, s, f.verdict)
			})
		})
	}
}

// replayLast makes a bundle and replays the case of the key "asked".
func replayLast(t *testing.T, s *shop, verdict string) {
	t.Helper()
	b, err := Read(s.bundle())
	if err != nil {
		t.Fatal(err)
	}
	var found *Case
	for _, c := range b.Cases() {
		if c.Key == "asked" {
			found = &c
		}
	}
	if found == nil {
		t.Fatal("the operation is not in the bundle")
	}
	result, err := b.Replay(t.Context(), *found)
	if err != nil {
		t.Fatal(err)
	}
	if !result.Same() {
		t.Errorf("departed: %v\n%s", result.Departed, cmp.Diff(result.Recorded, result.Replayed))
	}
	if !strings.Contains(Verdict(result.Recorded), verdict) {
		t.Errorf("the verdict was %q, want %q", Verdict(result.Recorded), verdict)
	}
	t.Log(strings.Join(result.Recorded, " | "))
}

// TestReplay_resumed stops the agent while the till is silent: what it finds
// out after its next start is replayed.
func TestReplay_resumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, sim.Options{}, shtrih.Options{})
		s.openShift()
		s.device.Plan().Add(sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.OnCommit, Action: sim.PowerCut})
		if got, err := s.fleet.Submit(t.Context(), sale("asked"), 20*time.Second); err != nil || got.GetOutcome() != fiscalv1.Outcome_OUTCOME_UNKNOWN {
			t.Fatalf("%v %v", got, err)
		}
		s.close()
		s.start()
		<-time.After(10 * time.Second)
		s.device.PowerOn()
		if got, err := s.fleet.Operation(t.Context(), "asked", time.Minute); err != nil || got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
			t.Fatalf("%v %v", got, err)
		}
		replayLast(t, s, done)
	})
}

// TestReplay_unknown makes the bundle while nobody knows yet.
func TestReplay_unknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, sim.Options{}, shtrih.Options{})
		s.openShift()
		s.device.Plan().Add(sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.OnCommit, Action: sim.PowerCut})
		if got, err := s.fleet.Submit(t.Context(), sale("asked"), 20*time.Second); err != nil || got.GetOutcome() != fiscalv1.Outcome_OUTCOME_UNKNOWN {
			t.Fatalf("%v %v", got, err)
		}
		replayLast(t, s, "")
	})
}

// TestReplay_departs changes recordings: a replay that agreed with those would
// agree with anything.
func TestReplay_departs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, sim.Options{}, shtrih.Options{})
		s.openShift()
		s.device.Plan().Add(sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.OnAnswer, Action: sim.ForgetAnswer})
		if got := s.submit(sale("asked")); got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
			t.Fatalf("%v", got)
		}
		b, err := Read(s.bundle())
		if err != nil {
			t.Fatal(err)
		}
		cases := b.Cases()
		whole := cases[len(cases)-1]
		if result, err := b.Replay(t.Context(), whole); err != nil || !result.Same() {
			t.Fatalf("unchanged: %v %v", result, err)
		}
		changed := func(name string, change func(c *Case)) {
			c := whole
			c.want = append([]string(nil), whole.want...)
			c.wire = append([]blackbox.Record(nil), whole.wire...)
			change(&c)
			result, err := b.Replay(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if result.Same() {
				t.Errorf("%s: the replay agrees", name)
			}
			t.Logf("%s: %v, %v", name, result.Departed, result.Replayed)
		}
		changed("another verdict", func(c *Case) { c.want[len(c.want)-1] = `end key="asked" outcome=not_done reason="" fd=0` })
		// The document that was found has another sum.
		changed("another sum", func(c *Case) {
			for i, r := range c.wire {
				found := []byte{0xFF, 0x0A, 0x00, 0x03}
				at := bytes.Index(r.Bytes, found)
				if r.Dir != blackbox.In || at < 0 {
					continue
				}
				length := int(r.Bytes[at-1])
				msg := bytes.Clone(r.Bytes[at : at+length])
				answer, err := protocol.DecodeAnswer(protocol.CodeFindDocument, msg)
				if err != nil {
					t.Fatal(err)
				}
				doc := answer.(protocol.FoundDocumentAnswer)
				if doc.Sum != 2 {
					t.Fatalf("the sum of the document stands as %d", doc.Sum)
				}
				doc.Sum = strange
				if msg, err = protocol.EncodeAnswer(doc); err != nil {
					t.Fatal(err)
				}
				c.wire[i].Bytes = append(append(bytes.Clone(r.Bytes[:at-2]), protocol.EncodeFrame(msg)...), r.Bytes[at+length+1:]...)
			}
		})
		changed("a command less", func(c *Case) {
			for i, r := range c.wire {
				if r.Dir == blackbox.Out && len(r.Bytes) > 20 {
					c.wire = append(c.wire[:i:i], c.wire[i+2:]...)
					return
				}
			}
		})
	})
}
