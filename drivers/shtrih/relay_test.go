package shtrih_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/shtrih"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/ofd"
	codec "github.com/chekan-io/chekan/protocol/shtrih"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// acknowledge answers a message as an operator does.
func acknowledge(message []byte) []byte {
	m, err := ofd.ParseMessage(message)
	if err != nil {
		panic(err)
	}
	c, err := ofd.ParseContainer(m.Body)
	if err != nil {
		panic(err)
	}
	a := ofd.Acknowledgement{At: fiscal.DateTime{Year: 2026, Month: 7, Day: 20}, INN: "7709364346"}
	return m.Reply(c.Acknowledge(a, [6]byte{byte(c.FD)}).Append(nil)).Append(nil)
}

// onCable gives a driver on a cable to the simulated till.
func onCable(t *testing.T, device *sim.Device) *shtrih.Till {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cable := &wiretest.Cable{Serve: func(end io.ReadWriteCloser) {
		go func() { _ = device.Serve(ctx, end) }()
	}}
	till := shtrih.New(cable.Dial, shtrih.Options{})
	t.Cleanup(func() {
		_ = till.Close()
		cancel()
		cable.Unplug()
	})
	return till
}

// TestRelay_faults breaks the exchange at every command of a delivery, in every way, and at every block.
func TestRelay_faults(t *testing.T) {
	for _, command := range []codec.Code{codec.CodeOFDStatus, codec.CodeOFDMessage, codec.CodeOFDReadBlock, codec.CodeOFDBeginWrite, codec.CodeOFDWriteBlock} {
		for _, action := range []sim.Action{sim.LoseAnswer, sim.ForgetAnswer, sim.Garble, sim.CloseLink, sim.RebootNow} {
			for nth := range 2 {
				phase := sim.OnAnswer
				if action == sim.CloseLink || action == sim.RebootNow {
					phase = sim.After
				}
				t.Run(fmt.Sprintf("%v %d %s", command, nth, action), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						device := newDevice(t, sim.Options{})
						device.Plan().Add(sim.Fault{Command: command, Nth: nth, Phase: phase, Action: action})
						deliverAll(t, device, onCable(t, device))
					})
				})
			}
		}
	}
}

// deliverAll carries every document as the agent does: what fails is dropped and taken anew.
func deliverAll(t *testing.T, device *sim.Device, till *shtrih.Till) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
	defer cancel()
	if _, err := till.OpenShift(ctx, fiscal.Cashier{}); err != nil {
		t.Fatal(err)
	}
	failures := 0
	failed := func(what string, err error) {
		if failures++; failures > 5 {
			t.Fatalf("%s: %v", what, err)
		}
		if err := till.DropMessage(ctx); err != nil {
			t.Fatal(err)
		}
		<-time.After(5 * time.Second) // a till that restarts needs its time
	}
	for last := uint32(0); ; {
		m, err := till.TakeMessage(ctx)
		if errors.Is(err, drivers.ErrNoMessage) {
			break
		}
		if err != nil {
			failed("take", err)
			continue
		}
		if m.FD != last && m.FD != last+1 {
			t.Fatalf("document %d came after %d", m.FD, last)
		}
		last = m.FD
		if err := till.GiveAnswer(ctx, acknowledge(m.Bytes)); err != nil {
			failed("give", err)
		}
	}
	for {
		q, err := till.OFDQueue(ctx)
		if err != nil {
			failed("queue", err)
			continue
		}
		if q.Count != 0 {
			t.Fatalf("queue %+v", q)
		}
		break
	}
	docs := device.FN().List()
	for _, d := range docs {
		if d.Ticket == nil {
			t.Errorf("document %d has no confirmation", d.FD)
		}
	}
	if len(docs) != 2 {
		t.Errorf("%d documents", len(docs))
	}
	if _, err := till.CloseShift(ctx, fiscal.Cashier{}); err != nil {
		t.Errorf("the till is not usable any more: %v", err)
	}
}

func TestOFDOperator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inn, address, err := onCable(t, newDevice(t, sim.Options{})).OFDOperator(t.Context())
		if inn != "7709364346" || address != "k-server.1-ofd.ru:7777" || err != nil {
			t.Errorf("got %q, %q, %v", inn, address, err)
		}
	})
}
