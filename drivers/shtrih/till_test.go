package shtrih_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/shtrih"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/shtrih"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// withTill runs body in a bubble with a till whose shift is open.
func withTill(t *testing.T, o sim.Options, opts shtrih.Options, body func(ctx context.Context, t *testing.T, till *shtrih.Till, device *sim.Device, effects *wiretest.Counter)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		device := newDevice(t, o)
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		cable := &wiretest.Cable{Serve: func(end io.ReadWriteCloser) { go func() { _ = device.Serve(ctx, end) }() }}
		defer cable.Unplug()
		var effects wiretest.Counter
		till := shtrih.New(wiretest.Effects(cable.Dial, &effects), opts)
		defer func() { _ = till.Close() }()
		if _, err := till.OpenShift(ctx, fiscal.Cashier{}); err != nil {
			t.Fatal(err)
		}
		body(ctx, t, till, device, &effects)
	})
}

func bread(sum fiscal.Money) fiscal.Receipt {
	return fiscal.Receipt{
		Kind: fiscal.Sale, TaxSystem: fiscal.TaxOSN,
		Items:    []fiscal.Item{{Name: "Хлеб", Quantity: fiscal.One, Price: sum, VAT: fiscal.VAT10}},
		Payments: fiscal.Payments{Cash: sum},
	}
}

func receipts(device *sim.Device) (n int) {
	for _, d := range device.FN().List() {
		if d.Type == fiscal.DocReceipt {
			n++
		}
	}
	return n
}

// The connection breaks inside the answer to FF45h: the till keeps the answer,
// and the first thing it says on the next connection is evidence.
func TestPendingAnswerAfterReconnect(t *testing.T) {
	for _, link := range []shtrih.Link{shtrih.LinkStandard, shtrih.LinkNumbered} {
		t.Run(fmt.Sprint("link ", link), func(t *testing.T) {
			withTill(t, sim.Options{}, shtrih.Options{Link: link}, func(ctx context.Context, t *testing.T, till *shtrih.Till, device *sim.Device, _ *wiretest.Counter) {
				device.Plan().Add(sim.Fault{Command: codec.CodeCloseReceiptV2, Phase: sim.OnAnswer, At: 5, Action: sim.CloseLink})
				_, err := till.Register(ctx, bread(100))
				if drivers.OutcomeOf(err) != fiscal.Unknown {
					t.Fatalf("got %v", err)
				}
				if _, err := till.Status(ctx); err != nil {
					t.Fatal(err)
				}
				docs := device.FN().List()
				last := docs[len(docs)-1]
				d, ok := till.TakePending()
				if !ok || d.FD != last.FD || d.FP != last.FP || d.Type != fiscal.DocReceipt {
					t.Fatalf("pending %+v, %v; the last document is %d", d, ok, last.FD)
				}
			})
		})
	}
}

// One fault at every write and every read of a sale, four ways each: whatever
// the driver answers, it agrees with the fiscal memory, and the till never
// makes two receipts of one call.
func TestEveryEffectOfASale(t *testing.T) {
	for _, link := range []shtrih.Link{shtrih.LinkStandard, shtrih.LinkNumbered} {
		var effects int
		withTill(t, sim.Options{}, shtrih.Options{Link: link}, func(ctx context.Context, t *testing.T, till *shtrih.Till, _ *sim.Device, c *wiretest.Counter) {
			before := c.Count()
			if _, err := till.Register(ctx, bread(100)); err != nil {
				t.Fatal(err)
			}
			effects = c.Count() - before
		})
		if effects < 10 {
			t.Fatalf("only %d effects in a sale", effects)
		}
		for name, fault := range map[string]wiretest.Fault{
			"lost":      {Lose: true},
			"cut short": {Lose: true, Keep: 3},
			"deaf":      {Deaf: true},
			"dead":      {Die: true},
		} {
			t.Run(fmt.Sprintf("link %d %s", link, name), func(t *testing.T) {
				outcomes, fired := map[fiscal.Outcome]int{}, 0
				for at := 1; at <= effects; at++ {
					withTill(t, sim.Options{}, shtrih.Options{Link: link}, func(ctx context.Context, t *testing.T, till *shtrih.Till, device *sim.Device, c *wiretest.Counter) {
						c.SetFault(at, fault)
						call, cancel := context.WithTimeout(ctx, 10*time.Minute)
						defer cancel()
						_, err := till.Register(call, bread(100))
						outcome := drivers.OutcomeOf(err)
						outcomes[outcome]++
						synctest.Wait() // what is on its way to the till arrives
						n := receipts(device)
						if c.Fired() {
							fired++
						}
						if n > 1 || outcome == fiscal.Done && n != 1 || outcome == fiscal.NotDone && n != 0 {
							t.Errorf("effect %d: %v with %d receipts: %v", at, outcome, n, err)
						}
						// The next life finds the till in order.
						c.Revive()
						if err := errors.Join(till.Reopen(), till.Cancel(ctx), till.FinishPrint(ctx)); err != nil {
							t.Errorf("effect %d, afterwards: %v", at, err)
						}
						if _, err := till.Register(ctx, bread(200)); err != nil {
							t.Errorf("effect %d, next sale: %v", at, err)
						}
						if got := receipts(device); got != n+1 {
							t.Errorf("effect %d: %d receipts after the next sale, want %d", at, got, n+1)
						}
					})
				}
				t.Logf("%d effects: %v", effects, outcomes)
				// An ACK and the answer behind it may come in one read or two,
				// so the last numbers are not always reached.
				if fired < effects*3/4 {
					t.Errorf("only %d of %d faults happened", fired, effects)
				}
				if name == "dead" && outcomes[fiscal.NotDone] == 0 {
					t.Errorf("dying gave %v", outcomes)
				}
			})
		}
	}
}

// The program dies right after the closing command has left it, at no number
// but at those very bytes: the receipt may be made or not, depending on whether
// the till reads before the cable closes, and the driver says that it cannot know.
func TestDeathBehindTheClose(t *testing.T) {
	for _, link := range []shtrih.Link{shtrih.LinkStandard, shtrih.LinkNumbered} {
		t.Run(fmt.Sprint("link ", link), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				device := newDevice(t, sim.Options{})
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				cable := &wiretest.Cable{Serve: func(end io.ReadWriteCloser) { go func() { _ = device.Serve(ctx, end) }() }}
				defer cable.Unplug()
				var effects wiretest.Counter
				closing := []byte{byte(codec.CodeCloseReceiptV2 >> 8), byte(codec.CodeCloseReceiptV2 & 0xFF)}
				dial := func(ctx context.Context) (wire.Conn, error) {
					conn, err := cable.Dial(ctx)
					if err != nil {
						return nil, err
					}
					return wire.Tapped(conn, func(dir wire.Dir, b []byte) {
						if dir == wire.Out && bytes.Contains(b, closing) {
							effects.Kill()
						}
					}), nil
				}
				till := shtrih.New(wiretest.Effects(dial, &effects), shtrih.Options{Link: link})
				defer func() { _ = till.Close() }()
				if _, err := till.OpenShift(ctx, fiscal.Cashier{}); err != nil {
					t.Fatal(err)
				}
				_, err := till.Register(ctx, bread(100))
				synctest.Wait()
				if n := receipts(device); drivers.OutcomeOf(err) != fiscal.Unknown || n > 1 {
					t.Errorf("%v with %d receipts: %v", drivers.OutcomeOf(err), n, err)
				}
			})
		})
	}
}

func TestSetClock(t *testing.T) {
	withTill(t, sim.Options{}, shtrih.Options{}, func(ctx context.Context, t *testing.T, till *shtrih.Till, _ *sim.Device, _ *wiretest.Counter) {
		s, err := till.Status(ctx)
		if err != nil {
			t.Fatal(err)
		}
		to := s.Clock
		to.Minute = (to.Minute + 2) % 60
		var e *drivers.Error
		if err := till.SetClock(ctx, to); !errors.As(err, &e) || e.Code != drivers.CodeShiftOpen || e.Outcome != fiscal.NotDone {
			t.Fatalf("with an open shift: %v", err)
		}
		if _, err := till.CloseShift(ctx, fiscal.Cashier{}); err != nil {
			t.Fatal(err)
		}
		if err := till.FinishPrint(ctx); err != nil {
			t.Fatal(err)
		}
		if err := till.SetClock(ctx, to); err != nil {
			t.Fatal(err)
		}
		if s, err = till.Status(ctx); err != nil || s.Clock.Sub(to) < 0 || s.Clock.Sub(to) > 60 || s.Mode != drivers.ModeReady {
			t.Fatalf("clock %v, want %v; %v", s.Clock, to, err)
		}
	})
}

// A document that hangs in the fiscal memory alone is dropped by Cancel.
func TestCancel_hangingFNDocument(t *testing.T) {
	withTill(t, sim.Options{}, shtrih.Options{}, func(ctx context.Context, t *testing.T, till *shtrih.Till, device *sim.Device, _ *wiretest.Counter) {
		device.Plan().Add(sim.Fault{Action: sim.HangFNDocument})
		s, err := till.Status(ctx)
		if err != nil || s.Open != drivers.OpenFNDocument {
			t.Fatalf("status %+v, %v", s, err)
		}
		if err := till.Cancel(ctx); err != nil {
			t.Fatal(err)
		}
		if s, err = till.Status(ctx); err != nil || s.Open != drivers.OpenNothing {
			t.Fatalf("afterwards %+v, %v", s, err)
		}
		if _, err := till.Register(ctx, bread(100)); err != nil {
			t.Fatal(err)
		}
	})
}

func TestRegister_refusedBeforeTheTillIsTouched(t *testing.T) {
	withTill(t, sim.Options{}, shtrih.Options{}, func(ctx context.Context, t *testing.T, till *shtrih.Till, device *sim.Device, _ *wiretest.Counter) {
		for name, change := range map[string]func(*fiscal.Receipt){
			"no lines":    func(r *fiscal.Receipt) { r.Items = nil },
			"not a kind":  func(r *fiscal.Receipt) { r.Kind = fiscal.XReport },
			"unknown VAT": func(r *fiscal.Receipt) { r.Items[0].VAT = 77 },
			"huge price":  func(r *fiscal.Receipt) { r.Items[0].Price = 1 << 50 },
		} {
			r := bread(100)
			change(&r)
			_, err := till.Register(ctx, r)
			if drivers.OutcomeOf(err) != fiscal.NotDone {
				t.Errorf("%s: %v", name, err)
			}
			if device.State().Open {
				t.Errorf("%s: a receipt was begun", name)
			}
		}
	})
}

func TestForeignReceiptInBetween(t *testing.T) {
	withTill(t, sim.Options{}, shtrih.Options{}, func(ctx context.Context, t *testing.T, till *shtrih.Till, device *sim.Device, _ *wiretest.Counter) {
		// Another program's receipt slips in between our baseline and our close.
		device.Plan().Add(sim.Fault{Command: codec.CodeShortStatus, Phase: sim.Before, Action: sim.Foreign, Code: 7})
		if _, err := till.Baseline(ctx); err != nil {
			t.Fatal(err)
		}
		_, err := till.Register(ctx, bread(100))
		if drivers.OutcomeOf(err) != fiscal.Unknown {
			t.Errorf("two documents were added since the baseline, and the driver says %v", err)
		}
		if n := receipts(device); n != 2 {
			t.Errorf("%d receipts, want ours and theirs", n)
		}
	})
}
