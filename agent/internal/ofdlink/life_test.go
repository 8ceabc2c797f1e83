package ofdlink

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/fn"
)

// TestLife takes a fiscal memory from the factory to the archive: everything
// it ever makes is with the operator, and the till gives it back tag by tag.
func TestLife(t *testing.T) {
	for kind, maker := range makers {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { life(t, newWorld(t, maker, true, "kassa")) })
		})
	}
}

func life(t *testing.T, w *world) {
	w.start(w.options(map[string]string{"kassa": Auto}))
	k := w.tills["kassa"]
	registrar, ok := k.driver.(drivers.Registrar)
	if !ok {
		t.Fatal("the till cannot be registered")
	}
	cashier := fiscal.Cashier{Name: "Иванова А. П."}
	reg := fiscal.Registration{
		INN: tilltest.INN, RNM: tilltest.RNM, Serial: tilltest.Serial, User: "ООО «Ромашка»", Address: "302028, г. Орёл, ул. Ленина, 1", Place: "Магазин",
		TaxSystems: fiscal.TaxOSN, FFD: "1.05", OFDINN: "9715260691", OFDName: "Платформа ОФД", Cashier: cashier,
	}
	sale, refund, correction := receipt(), receipt(), receipt()
	sale.Cashier, refund.Cashier, correction.Cashier = cashier, cashier, cashier
	refund.Kind = fiscal.SaleReturn
	correction.Correction = &fiscal.Correction{Date: fiscal.DateTime{Year: 2026, Month: 7, Day: 19}, Number: "7", Reason: "Чек не пробит"}
	var made []fiscal.DocumentType
	do := func(what string, form fiscal.DocumentType, f func(context.Context) (fiscal.Document, error)) {
		t.Helper()
		<-time.After(time.Minute)
		k.lock()
		defer k.unlock()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		d, err := f(ctx)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if d.Type != form {
			t.Errorf("%s made form %d, want %d", what, d.Type, form)
		}
		made = append(made, form)
	}
	register := func(r fiscal.Receipt) func(context.Context) (fiscal.Document, error) {
		return func(ctx context.Context) (fiscal.Document, error) { return k.driver.Register(ctx, r) }
	}
	open := func(ctx context.Context) (fiscal.Document, error) { return k.driver.OpenShift(ctx, cashier) }
	closeShift := func(ctx context.Context) (fiscal.Document, error) { return k.driver.CloseShift(ctx, cashier) }

	do("register", fiscal.DocRegistration, func(ctx context.Context) (fiscal.Document, error) { return registrar.RegisterTill(ctx, reg, false) })
	do("open shift", fiscal.DocShiftOpened, open)
	do("sell", fiscal.DocReceipt, register(sale))
	do("return", fiscal.DocReceipt, register(refund))
	do("correct", fiscal.DocCorrection, register(correction))
	do("close shift", fiscal.DocShiftClosed, closeShift)
	do("report", fiscal.DocSettlementReport, k.driver.Settlement)
	reg.Address, reg.Reasons = "302028, г. Орёл, ул. Ленина, 2", 1<<3 // another address
	do("change the registration", fiscal.DocReregistration, func(ctx context.Context) (fiscal.Document, error) {
		return registrar.RegisterTill(ctx, reg, true)
	})
	do("open shift", fiscal.DocShiftOpened, open)
	do("sell", fiscal.DocReceipt, register(sale))
	do("close shift", fiscal.DocShiftClosed, closeShift)
	do("close the memory", fiscal.DocArchiveClosed, func(ctx context.Context) (fiscal.Document, error) {
		return registrar.CloseArchive(ctx, cashier)
	})
	w.until("delivered", soon, func() bool { return w.empty("kassa") })
	w.agree("kassa", first)

	status := k.machine.FN().Status(time.Now().UTC())
	if status.Phase != fn.PhaseArchive {
		t.Errorf("after its last confirmation the memory is in phase %d", status.Phase)
	}
	ledger := w.servers[first].Ledger("")
	if len(ledger) != len(made) {
		t.Fatalf("%d documents were made, the operator has %d", len(made), len(ledger))
	}
	reader, ok := k.driver.(drivers.TLVReader)
	if !ok {
		t.Fatal("the till does not give its documents")
	}
	k.lock()
	defer k.unlock()
	for i, e := range ledger {
		tlv, err := reader.DocumentTLV(t.Context(), e.FD)
		if err != nil || e.Type != made[i] || !bytes.Equal(tlv, e.TLV) {
			t.Errorf("document %d of form %d from the archive differs from the operator's: %v\n% X\n% X", e.FD, e.Type, err, tlv, e.TLV)
		}
	}
}
