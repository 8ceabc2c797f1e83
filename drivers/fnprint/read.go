package fnprint

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/fn"
)

// Identity implements drivers.Till.
func (t *Till) Identity(ctx context.Context) (drivers.Identity, error) {
	const op = "identify"
	id := drivers.Identity{Driver: driverName, Maker: maker, Model: model}
	s, err := get[fn.StatusAnswer](ctx, t, fn.Status{})
	if err != nil {
		return id, prepared(op, err)
	}
	if err := t.remember(ctx, s); err != nil {
		return id, prepared(op, err)
	}
	version, err := t.version(ctx)
	if err != nil {
		return id, prepared(op, err)
	}
	id.FN, id.Firmware = s.FN, strings.TrimSpace(version.Version)
	life, err := get[fn.LifeAnswer](ctx, t, fn.Life{})
	switch {
	case err == nil:
		id.FNExpiry = life.Until
	case !refused(err):
		return id, prepared(op, err)
	}
	memory := t.copyState()
	id.Serial, id.Model = memory.Serial, cmp.Or(memory.Model, model)
	reg, err := t.registration(ctx)
	if errors.Is(err, drivers.ErrNotRegistered) {
		return id, nil
	}
	if err != nil {
		return id, prepared(op, err)
	}
	id.RNM, id.INN, id.FFD, id.OFD, id.OFDINN, id.Address = reg.RNM, reg.INN, reg.FFD, reg.OFDName, strings.TrimSpace(reg.OFDINN), reg.Address
	id.Serial = cmp.Or(reg.Serial, id.Serial)
	return id, nil
}

// version reads the memory's program, which synchronising has mostly read.
func (t *Till) version(ctx context.Context) (fn.VersionAnswer, error) {
	if t.known.version != nil {
		return *t.known.version, nil
	}
	v, err := get[fn.VersionAnswer](ctx, t, fn.Version{})
	if err == nil {
		t.known.version = &v
	}
	return v, err
}

// DebugFN implements drivers.FNTeller. A memory that leaves the byte out says
// what it is by its number: those of the debug series begin with 9999.
func (t *Till) DebugFN(ctx context.Context) (bool, error) {
	const op = "read FN version"
	v, err := t.version(ctx)
	if err != nil {
		return false, prepared(op, err)
	}
	return v.Serial == 0, nil
}

// picture is what the fiscal memory says of itself.
type picture struct {
	fn.StatusAnswer
	shift fn.ShiftStateAnswer
}

// look reads the state of the fiscal memory. Before registration there are no
// shifts to read.
func (t *Till) look(ctx context.Context) (picture, error) {
	var p picture
	var err error
	if p.StatusAnswer, err = get[fn.StatusAnswer](ctx, t, fn.Status{}); err != nil {
		return p, err
	}
	if err := t.remember(ctx, p.StatusAnswer); err != nil {
		return p, err
	}
	p.shift, err = get[fn.ShiftStateAnswer](ctx, t, fn.ShiftState{})
	if refused(err) && p.Phase != fn.PhaseFiscal {
		err = nil
	}
	if fd := t.unprinted; err == nil && fd != 0 && fd <= p.FD {
		// It was formed after all: its slip goes the way of every other.
		t.unprinted = 0
		t.print(ctx, fiscal.Document{FD: fd}, slipExtra{})
	}
	return p, err
}

// openOf says in the agent's words what stands open. A receipt may be somebody
// else's sale in progress, as far as a status can tell; anything else is a
// report that nobody is going to finish.
func openOf(c fn.Current) drivers.Open {
	switch c {
	case fn.CurrentNone:
		return drivers.OpenNothing
	case fn.CurrentReceipt, fn.CurrentBSO, fn.CurrentCorrection, fn.CurrentBSOCorrection:
		return drivers.OpenReceipt
	case fn.CurrentRegistration, fn.CurrentOpenShift, fn.CurrentCloseShift, fn.CurrentCloseArchive, fn.CurrentReplacement, fn.CurrentChange,
		fn.CurrentReport:
	}
	return drivers.OpenFNDocument
}

// Status implements drivers.Till.
func (t *Till) Status(ctx context.Context) (drivers.Status, error) {
	const op = "status"
	p, err := t.look(ctx)
	if err != nil {
		return drivers.Status{}, prepared(op, err)
	}
	s := drivers.Status{
		Open: openOf(p.Current), OpenTotal: -1, Shift: uint32(p.shift.Shift), ShiftOpen: p.shift.Open, Receipt: uint32(p.shift.Receipt),
		Clock: t.now(), LastFD: p.FD, LastAt: p.Last, FN: p.FN, FNWarnings: uint8(p.Warnings),
	}
	expired := false
	if p.shift.Open {
		if expired, err = t.shiftExpired(ctx, p); err != nil {
			return s, prepared(op, err)
		}
	}
	switch {
	case p.Phase == fn.PhaseArchive:
		s.Mode = drivers.ModeBlocked
	case p.Phase == fn.PhaseReady && s.Open == drivers.OpenNothing:
		s.Mode = drivers.ModeUnregistered
	case s.Open == drivers.OpenReceipt:
		s.Mode = drivers.ModeOpenDocument
	case s.Open == drivers.OpenFNDocument:
		s.Mode = drivers.ModeStuck
	case expired:
		s.Mode = drivers.ModeShiftExpired
	}
	if p.Phase != fn.PhaseReady {
		queue, err := get[fn.ExchangeStatusAnswer](ctx, t, fn.ExchangeStatus{})
		if err != nil && !refused(err) {
			return s, prepared(op, err)
		}
		s.Unsent, s.UnsentFD, s.UnsentFrom = uint32(queue.Queue), queue.FirstFD, queue.First
		if s.FNRoom, err = t.free(ctx, p.FD); err != nil {
			return s, prepared(op, err)
		}
	}
	words := "не нужен"
	if p.Phase == fn.PhaseFiscal {
		if _, err := t.registration(ctx); err != nil {
			return s, prepared(op, err)
		}
	}
	if !t.paperless() {
		s.Paper, words = t.paper.state(ctx, t.owed(p.StatusAnswer))
	}
	s.Raw = fmt.Sprintf("%s; документ: %s; принтер: %s", p.Phase, p.Current, words)
	return s, nil
}

// freeRoom is what the fiscal memory said it can still take, and the last
// document it had then.
type freeRoom struct {
	asked     bool
	fd        uint32
	documents uint32
}

// roomEvery is after how many documents the memory is asked anew: what it
// tells is about right only, and the documents made since are known.
const roomEvery = 200

// free is how many documents the memory can still take; 0 when it does not
// know the question, as those of FFD 1.05 do not.
func (t *Till) free(ctx context.Context, fd uint32) (uint32, error) {
	r := &t.known.free
	if !r.asked || fd < r.fd || fd-r.fd >= roomEvery {
		a, err := get[fn.FreeMemoryAnswer](ctx, t, fn.FreeMemory{})
		if err != nil && !refused(err) {
			return 0, err
		}
		*r = freeRoom{asked: true, fd: fd, documents: a.Documents}
	}
	if made := fd - r.fd; made < r.documents {
		return r.documents - made, nil
	}
	return 0, nil
}

// shiftStart is when the open shift was opened.
type shiftStart struct {
	shift uint16
	at    fiscal.DateTime
}

// shiftLimit is how long a shift may last, in seconds.
const shiftLimit = 24 * 60 * 60

// shiftScan bounds the search for the document that opened the shift. Between
// it and the last document stand the receipts of the shift, which are counted,
// and a few reports.
const shiftScan = 32

// shiftExpired tells whether the open shift is over 24 hours long. When it was
// opened is found in the archive.
func (t *Till) shiftExpired(ctx context.Context, p picture) (bool, error) {
	if t.known.shift == nil || t.known.shift.shift != p.shift.Shift {
		start, err := t.findShiftStart(ctx, p)
		if err != nil {
			return false, err
		}
		t.known.shift = start
	}
	start := t.known.shift.at
	return start.Valid() && t.minute().Sub(start) > shiftLimit, nil
}

func (t *Till) findShiftStart(ctx context.Context, p picture) (*shiftStart, error) {
	last := p.FD - min(p.FD, uint32(p.shift.Receipt))
	for fd := last; fd > 0 && last-fd < shiftScan; fd-- {
		d, err := get[fn.FoundDocumentAnswer](ctx, t, fn.FindDocument{FD: fd})
		if err != nil {
			return nil, err
		}
		if d.Type == fiscal.DocShiftOpened && d.Shift == p.shift.Shift {
			return &shiftStart{shift: p.shift.Shift, at: d.At}, nil
		}
	}
	// The memory itself refuses in a shift that is too long, so not knowing
	// costs a clear word and nothing else.
	t.log.Warn("opening of the shift not found in the archive", "shift", p.shift.Shift)
	return &shiftStart{shift: p.shift.Shift}, nil
}

// Baseline implements drivers.Till.
func (t *Till) Baseline(ctx context.Context) (fiscal.Baseline, error) {
	const op = "baseline"
	p, err := t.look(ctx)
	if err != nil {
		return fiscal.Baseline{}, prepared(op, err)
	}
	s := t.copyState()
	return fiscal.Baseline{
		FN: p.FN, LastFD: p.FD, Shift: uint32(p.shift.Shift), ShiftOpen: p.shift.Open, Receipt: uint32(p.shift.Receipt), Clock: t.now(),
		CashIns: s.CashIns, CashOuts: s.CashOuts, XReports: s.XReports,
	}, nil
}

// Document implements drivers.Till.
func (t *Till) Document(ctx context.Context, fd uint32) (fiscal.Document, error) {
	const op = "read document"
	status, err := get[fn.StatusAnswer](ctx, t, fn.Status{})
	if err != nil {
		return fiscal.Document{}, prepared(op, err)
	}
	d, err := get[fn.FoundDocumentAnswer](ctx, t, fn.FindDocument{FD: fd})
	switch {
	case refused(err, fn.ErrNoData):
		return fiscal.Document{}, failure(op, drivers.CodeRefused, fiscal.NotDone, fmt.Errorf("%w: number %d", drivers.ErrNoDocument, fd))
	case err != nil:
		return fiscal.Document{}, prepared(op, err)
	}
	out := fiscal.Document{FN: status.FN, FD: d.FD, FP: d.FP, Type: d.Type, At: d.At, Shift: uint32(d.Shift), Ticket: d.Ticket}
	if kind := fiscal.Kind(d.Sign); kind.IsReceipt() {
		out.Kind, out.Total = kind, d.Total
	}
	return out, nil
}

// DocumentTLV implements drivers.TLVReader: 45h and as many 46h as the
// document has tags.
func (t *Till) DocumentTLV(ctx context.Context, fd uint32) ([]byte, error) {
	const op = "read tags"
	b, err := t.tags(ctx, fd)
	switch {
	case refused(err, fn.ErrNoData):
		if _, found := get[fn.FoundDocumentAnswer](ctx, t, fn.FindDocument{FD: fd}); found == nil {
			return nil, failure(op, drivers.CodeUnsupported, fiscal.NotDone, fmt.Errorf("%w: number %d", drivers.ErrNoTags, fd))
		}
		return nil, failure(op, drivers.CodeRefused, fiscal.NotDone, fmt.Errorf("%w: number %d", drivers.ErrNoDocument, fd))
	case err != nil:
		return nil, prepared(op, err)
	}
	return b, nil
}

// tags reads a document whole. The memory keeps its place between two 46h, so
// after any fault the reading begins anew.
func (t *Till) tags(ctx context.Context, fd uint32) ([]byte, error) {
	for try := 1; ; try++ {
		b, err := t.tagsOnce(ctx, fd)
		var fault *linkError
		if !errors.As(err, &fault) || try == readTries || ctx.Err() != nil || t.isClosed() || !fault.sent {
			return b, err
		}
	}
}

func (t *Till) tagsOnce(ctx context.Context, fd uint32) ([]byte, error) {
	a, err := once[fn.ReadDocumentAnswer](ctx, t, fn.ReadDocument{FD: fd})
	if err != nil {
		return nil, err
	}
	b := binary.LittleEndian.AppendUint16(make([]byte, 0, 4+int(a.Length)), a.Type)
	b = binary.LittleEndian.AppendUint16(b, a.Length)
	for len(b) < 4+int(a.Length) {
		tag, err := once[fn.TLVAnswer](ctx, t, fn.NextTag{})
		if refused(err, fn.ErrNoData) || err == nil && len(tag.TLV) == 0 {
			break
		}
		if err != nil {
			return nil, err
		}
		b = append(b, tag.TLV...)
	}
	if len(b) != 4+int(a.Length) {
		return nil, maybe(fmt.Errorf("%w: document %d has %d bytes of %d", errOdd, fd, len(b)-4, a.Length))
	}
	return b, nil
}

// MarkerOf implements drivers.Marker.
func (t *Till) MarkerOf(ctx context.Context, fd uint32) (string, error) {
	b, err := t.DocumentTLV(ctx, fd)
	if err != nil {
		return "", err
	}
	d, err := ffd.ParseDocument(b)
	if err != nil {
		return "", nil //nolint:nilerr // tags that cannot be taken apart hold no mark of ours
	}
	return d.Fact().Marker, nil
}
