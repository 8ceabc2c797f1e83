package shtrih_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/shtrih"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
	"github.com/chekan-io/chekan/protocol/fiscal"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// A till from the factory is registered, works, changes its address, is closed.
func TestRegistration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device := newDevice(t, sim.Options{Unregistered: true})
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		cable := &wiretest.Cable{Serve: func(end io.ReadWriteCloser) { go func() { _ = device.Serve(ctx, end) }() }}
		defer cable.Unplug()
		till := shtrih.New(cable.Dial, shtrih.Options{})
		defer func() { _ = till.Close() }()

		status, err := till.Status(ctx)
		if err != nil || status.Mode != drivers.ModeUnregistered {
			t.Fatalf("new: %+v, %v", status, err)
		}
		if _, err := till.Registration(ctx); !errors.Is(err, drivers.ErrNotRegistered) {
			t.Errorf("registration of a new till: %v", err)
		}
		base, err := till.Baseline(ctx)
		if err != nil || base.LastFD != 0 || base.FN == "" {
			t.Fatalf("baseline %+v, %v", base, err)
		}
		id, err := till.Identity(ctx)
		if err != nil {
			t.Fatal(err)
		}
		reg := fiscal.Registration{
			INN: "7702203276", Serial: id.Serial, User: `ООО "Ромашка"`, Address: "г. Орёл, ул. Московская, 1", Place: "Магазин",
			TaxSystems: fiscal.TaxOSN | fiscal.TaxPatent, FFD: id.FFD, OFDINN: "9715260691", OFDName: "Платформа ОФД", Cashier: fiscal.Cashier{Name: "Иванова"},
		}
		reg.RNM = fiscal.MakeRNM("0000000005", reg.INN, reg.Serial)
		if err := reg.Check(false); err != nil {
			t.Fatal(err)
		}
		marked, newer := reg, reg
		marked.Modes, marked.FFD, newer.FFD = fiscal.ModeMarking, "1.2", "1.2"
		if _, err := till.RegisterTill(ctx, newer, false); drivers.OutcomeOf(err) != fiscal.NotDone {
			t.Errorf("a format the till is not set to: %v", err)
		}
		if _, err := till.RegisterTill(ctx, marked, false); drivers.OutcomeOf(err) != fiscal.NotDone {
			t.Errorf("modes the commands cannot tell: %v", err)
		}
		doc, err := till.RegisterTill(ctx, reg, false)
		if err != nil || doc.Type != fiscal.DocRegistration || doc.FD != 1 || doc.FP == 0 {
			t.Fatalf("registered: %+v, %v", doc, err)
		}
		held, err := till.Registration(ctx)
		if err != nil || held.INN != reg.INN || held.RNM != reg.RNM || held.TaxSystems != reg.TaxSystems || held.User != reg.User || held.Address != reg.Address {
			t.Errorf("held %+v, %v", held, err)
		}
		if _, err := till.RegisterTill(ctx, reg, false); drivers.OutcomeOf(err) != fiscal.NotDone {
			t.Errorf("registered twice: %v", err)
		}
		sell := func() {
			t.Helper()
			if _, err := till.OpenShift(ctx, fiscal.Cashier{}); err != nil {
				t.Fatal(err)
			}
			if _, err := till.CloseArchive(ctx, fiscal.Cashier{}); drivers.OutcomeOf(err) != fiscal.NotDone {
				t.Errorf("closed with the shift open: %v", err)
			}
			if _, err := till.Register(ctx, bread(5000)); err != nil {
				t.Fatal(err)
			}
			if _, err := till.CloseShift(ctx, fiscal.Cashier{}); err != nil {
				t.Fatal(err)
			}
		}
		sell()
		reg.Address, reg.Reasons = "г. Орёл, ул. Ленина, 2", 1<<3
		doc, err = till.RegisterTill(ctx, reg, true)
		if err != nil || doc.Type != fiscal.DocReregistration {
			t.Fatalf("changed: %+v, %v", doc, err)
		}
		if held, err := till.Registration(ctx); err != nil || held.Address != reg.Address {
			t.Errorf("held %+v, %v", held, err)
		}
		sell()
		doc, err = till.CloseArchive(ctx, fiscal.Cashier{Name: "Иванова"})
		if err != nil || doc.Type != fiscal.DocArchiveClosed {
			t.Fatalf("closed: %+v, %v", doc, err)
		}
		if _, err := till.OpenShift(ctx, fiscal.Cashier{}); drivers.OutcomeOf(err) != fiscal.NotDone {
			t.Errorf("opened after the end: %v", err)
		}
	})
}
