package fnprint

import (
	"context"
	"errors"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/fn"
)

// Register implements drivers.Till.
func (t *Till) Register(ctx context.Context, r fiscal.Receipt) (fiscal.Document, error) {
	op := "register"
	if r.Correction != nil {
		op = "correct"
	}
	if !r.Kind.IsReceipt() || len(r.Items) == 0 {
		return fiscal.Document{}, refuse(op, drivers.CodeRefused, "not a receipt: %v with %d lines", r.Kind, len(r.Items))
	}
	s, err := t.ready(ctx, op, needs{registered: true, open: true})
	if err != nil {
		return fiscal.Document{}, err
	}
	form := ffd.ReceiptForm(r, s.reg.Registration)
	given, err := composed(r, form, s.reg.Registration)
	if err != nil {
		return fiscal.Document{}, failure(op, drivers.CodeFormat, fiscal.NotDone, err)
	}
	at := t.minute()
	f := formation{begin: fn.BeginReceipt{At: at}, commit: fn.FormReceipt{At: at, Sign: byte(r.Kind.Sign()), Total: r.Total()}}
	if r.Correction != nil {
		f.begin = fn.BeginCorrection{At: at}
	}
	got, err := t.form(ctx, op, s.FD, given, f)
	if err != nil {
		return fiscal.Document{}, err
	}
	d := fiscal.Document{
		FN: s.FN, FD: got.FD, FP: got.FP, Type: form, At: at, Kind: r.Kind, Total: r.Total(),
		Shift: uint32(s.shift.Shift), Receipt: uint32(got.Number), Marker: r.Marker,
	}
	t.print(ctx, d, slipExtra{text: r.Text, change: r.Change()})
	return d, nil
}

// errTaxSystem is told to a person.
var errTaxSystem = errors.New("тег 1055: касса зарегистрирована с несколькими системами налогообложения, в чеке не указано, какая из них")

// composed translates a receipt and finds everything in it that the format or
// the registration of the till forbids.
func composed(r fiscal.Receipt, form fiscal.DocumentType, reg fiscal.Registration) ([]ffd.Field, error) {
	if one := reg.TaxSystems&(reg.TaxSystems-1) == 0; r.TaxSystem == 0 && !one {
		return nil, errTaxSystem
	}
	given, err := ffd.Receipt(r, reg)
	if err != nil {
		return nil, err
	}
	d := ffd.Document{Type: form, Fields: given}
	if err := d.CheckGiven(); err != nil {
		return nil, err
	}
	return given, d.CheckAgainst(reg)
}
