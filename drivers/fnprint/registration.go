package fnprint

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/fn"
)

// registered is the registration as the fiscal memory holds it.
type registered struct {
	fiscal.Registration
	FD, FP uint32
	told   bool // the version of the format stands in its tags
}

// registration reads the registration once a connection.
func (t *Till) registration(ctx context.Context) (registered, error) {
	if t.known.registration != nil {
		return *t.known.registration, nil
	}
	r, err := t.readRegistration(ctx)
	if err == nil && r.whole() {
		t.known.registration = &r
	}
	return r, err
}

// whole tells whether the memory told everything a document needs. What is not
// whole is asked for again: one refusal in a row of answers is no fact about
// the registration.
func (r *registered) whole() bool {
	return r.Serial != "" && r.User != "" && r.Address != "" && r.Place != "" && r.told
}

func (t *Till) readRegistration(ctx context.Context) (registered, error) {
	var r registered
	totals, err := get[fn.RegistrationTotalsAnswer](ctx, t, fn.RegistrationTotals{})
	if refused(err, fn.ErrNoData, fn.ErrState) {
		return r, drivers.ErrNotRegistered
	}
	if err != nil {
		return r, err
	}
	r.FD, r.FP = totals.FD, totals.FP
	r.INN, r.RNM = strings.TrimSpace(totals.INN), strings.TrimSpace(totals.RNM)
	r.TaxSystems, r.OFDINN = fiscal.TaxSystem(totals.TaxSystems), strings.TrimSpace(totals.OFDINN)
	r.Modes = modesOf(totals.Mode, totals.ExtMode)
	tags, err := t.registrationTags(ctx)
	if err != nil {
		return r, err
	}
	r.take(tags)
	if r.FFD == "" {
		if r.FFD, err = t.currentFormat(ctx); err != nil {
			return r, err
		}
	}
	return r, nil
}

// registrationTags reads every tag that was given with the registration. A
// memory that cannot tell them all has told what decides in 43h.
func (t *Till) registrationTags(ctx context.Context) ([]ffd.Field, error) {
	var b []byte
	for try := 1; ; try++ {
		var err error
		b, err = t.registrationTagsOnce(ctx)
		var fault *linkError
		if err == nil || refused(err, fn.ErrCommand, fn.ErrNoData) {
			break
		}
		if !errors.As(err, &fault) || try == readTries || ctx.Err() != nil || t.isClosed() || !fault.sent {
			return nil, err
		}
	}
	fields, err := ffd.Parse(b)
	if err != nil {
		return nil, maybe(fmt.Errorf("%w: tags of the registration: %w", errOdd, err))
	}
	return fields, nil
}

func (t *Till) registrationTagsOnce(ctx context.Context) ([]byte, error) {
	first, err := once[fn.TLVAnswer](ctx, t, fn.RegistrationTag{Tag: fn.AllTags})
	if err != nil {
		return nil, err
	}
	b := first.TLV
	for {
		tag, err := once[fn.TLVAnswer](ctx, t, fn.NextRegistrationTag{})
		if refused(err, fn.ErrNoData) || err == nil && len(tag.TLV) == 0 {
			return b, nil
		}
		if err != nil {
			return b, err
		}
		b = append(b, tag.TLV...)
	}
}

// take reads what the tags tell.
func (r *registered) take(tags []ffd.Field) {
	for i := range tags {
		f := &tags[i]
		switch f.Tag {
		case ffd.TagSerial:
			r.Serial = f.Text()
		case ffd.TagUser:
			r.User = f.Text()
		case ffd.TagAddress:
			r.Address = f.Text()
		case ffd.TagPlace:
			r.Place = f.Text()
		case ffd.TagOFDINN:
			r.OFDINN = f.INN()
		case ffd.TagOFDName:
			r.OFDName = f.Text()
		case ffd.TagAutomat:
			r.Automat = f.Text()
		case ffd.TagSite:
			r.Site = f.Text()
		case ffd.TagSender:
			r.Sender = f.Text()
		case ffd.TagFormat:
			r.FFD, r.told = ffd.Version(f.Uint()).String(), true
		case ffd.TagExcise:
			r.mode(fiscal.ModeExcise, f.Uint() != 0)
		case ffd.TagLottery:
			r.mode(fiscal.ModeLottery, f.Uint() != 0)
		case ffd.TagGambling:
			r.mode(fiscal.ModeGambling, f.Uint() != 0)
		}
	}
}

func (r *registered) mode(m fiscal.Mode, on bool) {
	if on {
		r.Modes |= m
	}
}

// currentFormat asks the memory for the FFD it works by. One that does not know
// the question is older than FFD 1.1.
func (t *Till) currentFormat(ctx context.Context) (string, error) {
	v, err := get[fn.FFDVersionsAnswer](ctx, t, fn.FFDVersions{})
	if refused(err) || err == nil && v.Current == 0 {
		return ffd.V105.String(), nil
	}
	return ffd.Version(v.Current).String(), err
}

// modeBits joins our modes and the bits of the two mode bytes of 03h and A3h.
// The bit of agents became another one with FFD 1.2 and is not joined.
var modeBits = []struct {
	mode     fiscal.Mode
	bit, ext byte
}{
	{fiscal.ModeEncryption, fn.ModeEncryption, 0},
	{fiscal.ModeOffline, fn.ModeOffline, 0},
	{fiscal.ModeAutomatic, fn.ModeAutomatic, 0},
	{fiscal.ModeServices, fn.ModeServices, 0},
	{fiscal.ModeBSO, fn.ModeBSO, 0},
	{fiscal.ModeInternet, fn.ModeInternet, 0},
	{fiscal.ModeExcise, 0, fn.ExtExcise},
	{fiscal.ModeGambling, 0, fn.ExtGambling},
	{fiscal.ModeLottery, 0, fn.ExtLottery},
	{fiscal.ModeMarking, 0, fn.ExtMarking},
}

func modesOf(mode, ext byte) fiscal.Mode {
	var m fiscal.Mode
	for _, b := range modeBits {
		if mode&b.bit != 0 || ext&b.ext != 0 {
			m |= b.mode
		}
	}
	return m
}

// modeBytes is the inverse of modesOf. Agents have a bit of the 2016 interface
// only.
func modeBytes(m fiscal.Mode, format ffd.Version) (mode, ext byte) {
	for _, b := range modeBits {
		if m.Has(b.mode) {
			mode |= b.bit
			ext |= b.ext
		}
	}
	if m.Has(fiscal.ModeAgents) && format < ffd.V12 {
		mode |= fn.ModeCatering
	}
	if m.Has(fiscal.ModeAutomatic) && format >= ffd.V11 {
		ext |= fn.ExtPrinter
	}
	return mode, ext
}

// Registration implements drivers.Registrar.
func (t *Till) Registration(ctx context.Context) (fiscal.Registration, error) {
	r, err := t.registration(ctx)
	if errors.Is(err, drivers.ErrNotRegistered) {
		return fiscal.Registration{}, failure("read registration", drivers.CodeRefused, fiscal.NotDone, err)
	}
	if err != nil {
		return fiscal.Registration{}, prepared("read registration", err)
	}
	return r.Registration, nil
}

// RegisterTill implements drivers.Registrar.
func (t *Till) RegisterTill(ctx context.Context, r fiscal.Registration, change bool) (fiscal.Document, error) {
	op, form := "register till", fiscal.DocRegistration
	if change {
		op, form = "change registration", fiscal.DocReregistration
	}
	if err := r.Check(change); err != nil {
		return fiscal.Document{}, failure(op, drivers.CodeFormat, fiscal.NotDone, err)
	}
	given, err := ffd.Registering(r, change)
	if err != nil {
		return fiscal.Document{}, failure(op, drivers.CodeFormat, fiscal.NotDone, err)
	}
	format, err := ffd.ParseVersion(r.FFD)
	if err != nil {
		return fiscal.Document{}, failure(op, drivers.CodeFormat, fiscal.NotDone, err)
	}
	p, err := t.ready(ctx, op, needs{paper: !r.Modes.Has(fiscal.ModeInternet)})
	if err != nil {
		return fiscal.Document{}, err
	}
	kind := fn.RegistrationNew
	wanted := fn.PhaseReady
	switch {
	case change && r.NewFN:
		kind = fn.RegistrationReplacement
	case change:
		kind, wanted = fn.RegistrationChange, fn.PhaseFiscal
	}
	if p.Phase != wanted {
		return fiscal.Document{}, outOfPhase(op, p.Phase, wanted)
	}
	if p.Phase == fn.PhaseFiscal && p.shift.Open {
		return fiscal.Document{}, refuse(op, drivers.CodeShiftOpen, "shift %d", p.shift.Shift)
	}
	at := t.minute()
	got, err := t.form(ctx, op, p.FD, given, t.registering(ctx, r, kind, format, at))
	if err != nil {
		return fiscal.Document{}, err
	}
	t.known.registration = nil
	t.update(func(s *State) { s.Serial = r.Serial })
	d := fiscal.Document{FN: p.FN, FD: got.FD, FP: got.FP, Type: form, At: at}
	t.print(ctx, d, slipExtra{})
	return d, nil
}

// registering is the pair of commands: the ones that tell the FFD where the
// memory knows them, the first ones else.
func (t *Till) registering(ctx context.Context, r fiscal.Registration, kind byte, format ffd.Version, at fiscal.DateTime) formation {
	mode, ext := modeBytes(r.Modes, format)
	var reason byte
	if kind == fn.RegistrationChange {
		reason = reasonOf(r.Reasons)
	}
	old := formation{
		begin:  fn.BeginRegistration{Type: kind},
		commit: fn.Register{At: at, INN: r.INN, RNM: r.RNM, TaxSystems: byte(r.TaxSystems), Mode: mode, Reason: reason},
	}
	if format < ffd.V11 {
		return old
	}
	if v, err := get[fn.FFDVersionsAnswer](ctx, t, fn.FFDVersions{}); err != nil || v.Maximum < byte(format) {
		return old
	}
	reasons := r.Reasons
	if r.NewFN {
		reasons |= 1
	}
	return formation{
		begin: fn.BeginRegistration2{Type: kind, FFD: byte(format)},
		commit: fn.Register2{
			At: at, INN: r.INN, RNM: r.RNM, TaxSystems: byte(r.TaxSystems), Mode: mode, ExtMode: ext, OFDINN: r.OFDINN, Reasons: reasons,
		},
	}
}

// reasonOf makes the one reason of tag 1101 out of the bits of tag 1205: the
// first that the older list has a name for.
func reasonOf(bits uint32) byte {
	const operator, user, address = 1 << 1, 1 << 2, 1 << 3
	switch {
	case bits&operator != 0:
		return fn.ReasonOperator
	case bits&(user|address) != 0:
		return fn.ReasonUser
	}
	return fn.ReasonSettings
}

// CloseArchive implements drivers.Registrar.
func (t *Till) CloseArchive(ctx context.Context, by fiscal.Cashier) (fiscal.Document, error) {
	const op = "close fiscal memory"
	p, err := t.ready(ctx, op, needs{registered: true, closed: true})
	if err != nil {
		return fiscal.Document{}, err
	}
	given, err := ffd.ArchiveClosing(by, p.reg.Registration)
	if err != nil {
		return fiscal.Document{}, failure(op, drivers.CodeFormat, fiscal.NotDone, err)
	}
	at := t.minute()
	got, err := t.form(ctx, op, p.FD, given, formation{begin: fn.BeginCloseArchive{}, commit: fn.CloseArchive{At: at, RNM: p.reg.RNM}})
	if err != nil {
		return fiscal.Document{}, err
	}
	d := fiscal.Document{FN: p.FN, FD: got.FD, FP: got.FP, Type: fiscal.DocArchiveClosed, At: at}
	t.print(ctx, d, slipExtra{})
	return d, nil
}

// outOfPhase says why the fiscal memory cannot be registered so.
func outOfPhase(op string, is, wanted fn.Phase) *drivers.Error {
	switch is {
	case fn.PhaseFiscal:
		return refuse(op, drivers.CodeRegistered, "the fiscal memory is registered")
	case fn.PhaseReady:
		return failure(op, drivers.CodeNotRegistered, fiscal.NotDone, drivers.ErrNotRegistered)
	case fn.PhaseNone, fn.PhasePostFiscal, fn.PhaseArchive:
	}
	return refuse(op, drivers.CodeFN, "the fiscal memory is in phase %d (%s), wanted %d", byte(is), is, byte(wanted))
}
