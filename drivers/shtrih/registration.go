package shtrih

import (
	"context"
	"fmt"
	"slices"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/shtrih"
)

var _ drivers.Registrar = (*Till)(nil)

// ownTags are what the till writes into a registration by itself: its factory
// number, its program and the format it works in.
var ownTags = []ffd.Tag{ffd.TagSerial, ffd.TagKKTVersion, ffd.TagKKTFormat, ffd.TagFormat}

// operating are the modes that FF06h and FF34h can tell. The others exist only
// in the longer commands of the fiscal memory, which this till does not pass on.
var operating = []struct {
	mode fiscal.Mode
	bit  shtrih.OperatingMode
}{
	{fiscal.ModeEncryption, shtrih.OperatesEncrypted},
	{fiscal.ModeOffline, shtrih.OperatesAutonomously},
	{fiscal.ModeAutomatic, shtrih.OperatesAutomatically},
	{fiscal.ModeServices, shtrih.OperatesForServices},
	{fiscal.ModeBSO, shtrih.OperatesWithBSO},
	{fiscal.ModeInternet, shtrih.OperatesOnInternet},
}

// Registration kinds of FF05h.
const (
	registersFirst = iota
	registersNewFN
	registersAgain
)

// RegisterTill implements drivers.Registrar: FF05h, the tags by FF0Ch, and the
// commit by FF06h or, without a new fiscal memory, FF34h.
func (t *Till) RegisterTill(ctx context.Context, r fiscal.Registration, change bool) (fiscal.Document, error) {
	const op = "register"
	var modes shtrih.OperatingMode
	left := r.Modes
	for _, m := range operating {
		if r.Modes.Has(m.mode) {
			modes |= m.bit
			left &^= m.mode
		}
	}
	if left != 0 {
		return fiscal.Document{}, refuse(op, drivers.CodeUnsupported, "modes %v go only by the maker's own program", left.Names())
	}
	fields, err := ffd.Registering(r, change)
	if err != nil {
		return fiscal.Document{}, prepared(op, notSent(err))
	}
	rows, err := fieldRows(fields)
	if err != nil {
		return fiscal.Document{}, prepared(op, notSent(err))
	}
	if err := t.readyIn(ctx, op, shiftAny); err != nil {
		return fiscal.Document{}, err
	}
	// The till writes the version of its own settings into the document.
	switch version, err := t.ffd(ctx); {
	case err == nil && ffdName(version) != r.FFD:
		return fiscal.Document{}, refuse(op, drivers.CodeRefused, "the till is set to FFD %s, asked for %s", ffdName(version), r.FFD)
	case err != nil && !isRefusal(err):
		return fiscal.Document{}, prepared(op, err)
	}
	if err := t.counters(ctx); err != nil {
		return fiscal.Document{}, prepared(op, err)
	}
	kind, form := byte(registersFirst), fiscal.DocRegistration
	var commit shtrih.Request = shtrih.Registration{Password: t.opts.Password, INN: r.INN, RNM: r.RNM, Tax: shtrih.TaxSystem(r.TaxSystems), Mode: modes}
	switch {
	case change && r.NewFN:
		kind, form = registersNewFN, fiscal.DocReregistration
	case change:
		kind, form = registersAgain, fiscal.DocReregistration
		commit = shtrih.Reregistration{
			Password: t.opts.Password, INN: r.INN, RNM: r.RNM, Tax: shtrih.TaxSystem(r.TaxSystems), Mode: modes, Reason: ffd.ReasonCode(r),
		}
	}
	if err := t.begin(ctx, shtrih.BeginRegistration{Password: t.opts.Password, Type: kind}, rows); err != nil {
		return fiscal.Document{}, prepared(op, err)
	}
	return t.finish(ctx, op, commit, form)
}

// CloseArchive implements drivers.Registrar: FF3Dh and FF3Eh.
func (t *Till) CloseArchive(ctx context.Context, by fiscal.Cashier) (fiscal.Document, error) {
	const op = "close the fiscal memory"
	if err := t.readyIn(ctx, op, shiftClosed); err != nil {
		return fiscal.Document{}, err
	}
	tags, err := cashierTags(by)
	if err != nil {
		return fiscal.Document{}, prepared(op, notSent(err))
	}
	if err := t.counters(ctx); err != nil {
		return fiscal.Document{}, prepared(op, err)
	}
	if err := t.begin(ctx, shtrih.BeginCloseFN{Password: t.opts.Password}, tags); err != nil {
		return fiscal.Document{}, prepared(op, err)
	}
	return t.finish(ctx, op, shtrih.CloseFN{Password: t.opts.Password}, fiscal.DocArchiveClosed)
}

// finish commits a document that was begun and proves it.
func (t *Till) finish(ctx context.Context, op string, commit shtrih.Request, form fiscal.DocumentType) (fiscal.Document, error) {
	a, err := get[shtrih.DocumentAnswer](ctx, t, commit)
	if err != nil {
		if isRefusal(err) {
			t.cancelFN(ctx)
		}
		return fiscal.Document{}, committed(op, err)
	}
	return t.prove(ctx, op, fiscal.Document{Type: form, FD: a.FD, FP: a.FP})
}

// fieldRows puts tags into as few FF0Ch as they fit in, without those that the
// till writes itself.
func fieldRows(fields []ffd.Field) ([][]byte, error) {
	var rows [][]byte
	for _, f := range fields {
		if slices.Contains(ownTags, f.Tag) {
			continue
		}
		b := ffd.Append(nil, f)
		if len(b) > shtrih.MaxTLV {
			return nil, fmt.Errorf("tag %d takes %d bytes, at most %d go", f.Tag, len(b), shtrih.MaxTLV)
		}
		if n := len(rows); n > 0 && len(rows[n-1])+len(b) <= shtrih.MaxTLV {
			rows[n-1] = append(rows[n-1], b...)
		} else {
			rows = append(rows, b)
		}
	}
	return rows, nil
}

// Registration implements drivers.Registrar: the totals of the last
// registration (FF09h) and its tags (FF0Eh).
func (t *Till) Registration(ctx context.Context) (fiscal.Registration, error) {
	const op = "read the registration"
	a, err := get[shtrih.RegistrationAnswer](ctx, t, shtrih.RegistrationTotals{Password: t.opts.Password})
	if isRefusal(err, errNoData, errFNState) {
		return fiscal.Registration{}, failure(op, drivers.CodeNotRegistered, fiscal.NotDone, drivers.ErrNotRegistered)
	}
	if err != nil {
		return fiscal.Registration{}, prepared(op, err)
	}
	r := fiscal.Registration{INN: a.INN, RNM: a.RNM, TaxSystems: fiscal.TaxSystem(a.Tax), OFDINN: a.OFD, Reasons: a.Reasons}
	for _, m := range operating {
		if a.Mode&m.bit != 0 {
			r.Modes |= m.mode
		}
	}
	id, err := t.Identity(ctx)
	if err != nil {
		return fiscal.Registration{}, err
	}
	r.Serial, r.Address, r.FFD, r.OFDName = id.Serial, id.Address, id.FFD, id.OFD
	for tag, into := range map[ffd.Tag]*string{
		ffd.TagUser: &r.User, ffd.TagAddress: &r.Address, ffd.TagPlace: &r.Place, ffd.TagOFDINN: &r.OFDINN, ffd.TagOFDName: &r.OFDName,
		ffd.TagSite: &r.Site, ffd.TagSender: &r.Sender, ffd.TagAutomat: &r.Automat,
	} {
		d, err := get[shtrih.DataAnswer](ctx, t, shtrih.RegistrationParameter{Password: t.opts.Password, Tag: uint16(tag)})
		switch {
		case isRefusal(err):
			continue // the till does not tell this one
		case err != nil:
			return fiscal.Registration{}, prepared(op, err)
		}
		if fields, err := ffd.Parse(d.Data); err == nil && len(fields) == 1 && fields[0].Tag == tag {
			*into = fields[0].Text()
		}
	}
	return r, nil
}
