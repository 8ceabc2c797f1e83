package fn

import (
	"fmt"
	"time"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/fn"
)

// Begin starts a document at the civil time now. Anything started before must
// be formed or cancelled first.
func (a *Accumulator) Begin(kind Current, now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cur.kind != CurrentNone {
		return fmt.Errorf("begin document: another is open: %w", ErrState)
	}
	if err := a.mayBegin(kind, now); err != nil {
		return fmt.Errorf("begin document: %w", err)
	}
	a.cur = draft{kind: kind, at: now}
	if !now.IsZero() {
		a.known = anchor{set: true, clock: now, timer: a.timer()}
	}
	return nil
}

func (a *Accumulator) mayBegin(kind Current, now time.Time) error {
	s := &a.archive
	fiscalMode := s.phase == PhaseFiscal
	switch kind {
	case CurrentRegistration, CurrentReplacement:
		if s.phase != PhaseReady {
			return ErrState
		}
		return nil
	case CurrentReregistration, CurrentCloseArchive:
		if !fiscalMode || s.shiftOpen {
			return ErrState
		}
		return a.notBack(now, 0)
	case CurrentReport:
		if !fiscalMode && s.phase != PhasePostFiscal || s.shiftOpen && !a.opts.ReportInShift {
			return ErrState
		}
		return a.notBack(now, 0)
	case CurrentOpenShift:
		if !fiscalMode || s.shiftOpen {
			return ErrState
		}
		if err := a.storage(now); err != nil {
			return err
		}
		return a.notBack(now, openLag)
	case CurrentCloseShift:
		if !fiscalMode || !s.shiftOpen {
			return ErrState
		}
		return a.clock(now)
	case CurrentReceipt, CurrentCorrection:
		if !fiscalMode || !s.shiftOpen {
			return ErrState
		}
		if err := a.storage(now); err != nil {
			return err
		}
		if now.Sub(s.openedAt) > shiftLimit {
			return ErrShiftLong
		}
		return a.clock(now)
	case CurrentNone:
	}
	return ErrCommand
}

// storage refuses a document that could not be kept or delivered.
func (a *Accumulator) storage(now time.Time) error {
	s := &a.archive
	if !now.Before(s.expiry) {
		return ErrExpired
	}
	// One document must still fit to close the shift.
	if s.lastFD()+2 > a.opts.MaxFD {
		return ErrFull
	}
	if s.unsent() >= a.opts.MaxUnsent {
		return ErrStorage
	}
	if first := s.firstUnsent(); first != nil && now.Sub(first.Time) > unsentLimit {
		return ErrThirty
	}
	return nil
}

func (a *Accumulator) notBack(now time.Time, lag time.Duration) error {
	if last := a.archive.last(); last != nil && minute(now).Before(last.Time.Add(-lag)) {
		return ErrTime
	}
	return nil
}

// clock compares the till's clock with the timer since the last document of
// this power cycle. After power-off there is nothing to compare with.
func (a *Accumulator) clock(now time.Time) error {
	if err := a.notBack(now, 0); err != nil {
		return err
	}
	if !a.anchor.set {
		return nil
	}
	drift := now.Sub(a.anchor.clock) - a.timer().Sub(a.anchor.timer)
	if drift.Abs() > clockTolerance {
		return ErrClock
	}
	return nil
}

// Add gives the open document more TLV data: whole objects only.
func (a *Accumulator) Add(tlv []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cur.kind == CurrentNone {
		return fmt.Errorf("add data: %w", ErrState)
	}
	if _, err := Objects(tlv); err != nil {
		return fmt.Errorf("add data: %w", err)
	}
	limit := codec.MaxRegistrationData
	switch a.cur.kind {
	case CurrentReceipt, CurrentCorrection:
		limit = codec.MaxReceiptData
	case CurrentOpenShift, CurrentCloseShift:
		limit = codec.MaxShiftData
	}
	if len(a.cur.data)+len(tlv) > limit {
		return fmt.Errorf("add data: %w", ErrTLVSize)
	}
	all := append(a.cur.data[:len(a.cur.data):len(a.cur.data)], tlv...)
	if err := a.controlPart(all); err != nil {
		return fmt.Errorf("add data: %w", err)
	}
	a.cur.data = all
	return nil
}

// Cancel drops the open document with all its data; nothing is numbered.
func (a *Accumulator) Cancel() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cur.kind == CurrentNone {
		return fmt.Errorf("cancel document: %w", ErrState)
	}
	a.cur = draft{}
	return nil
}

// OpenShift forms the report on opening a shift.
func (a *Accumulator) OpenShift() (Document, error) {
	return a.form("open shift", func(d *Document) error {
		if a.cur.kind != CurrentOpenShift {
			return ErrState
		}
		d.Type, d.Shift = fiscal.DocShiftOpened, a.archive.shift+1
		return nil
	})
}

// CloseShift forms the report on closing a shift.
func (a *Accumulator) CloseShift() (Document, error) {
	return a.form("close shift", func(d *Document) error {
		if a.cur.kind != CurrentCloseShift {
			return ErrState
		}
		d.Type, d.Shift = fiscal.DocShiftClosed, a.archive.shift
		return nil
	})
}

// Receipt forms a receipt or a correction: op is tag 1054, 1 to 4.
func (a *Accumulator) Receipt(now time.Time, op byte, total fiscal.Money) (Document, error) {
	return a.form("form receipt", func(d *Document) error {
		if a.cur.kind != CurrentReceipt && a.cur.kind != CurrentCorrection {
			return ErrState
		}
		d.Type = a.formOf(a.cur.kind)
		if op < 1 || op > 4 || total < 0 || total > fiscal.MaxMoney {
			return ErrParameter
		}
		if err := a.dated(d, now); err != nil {
			return err
		}
		d.Op, d.Sum, d.Shift, d.Receipt = op, total, a.archive.shift, a.archive.receipt+1
		return nil
	})
}

// Report forms the report on the state of settlements.
func (a *Accumulator) Report() (Document, error) {
	return a.form("form state report", func(d *Document) error {
		if a.cur.kind != CurrentReport {
			return ErrState
		}
		d.Type, d.Unconfirmed = fiscal.DocSettlementReport, uint32(a.archive.unsent())
		if first := a.archive.firstUnsent(); first != nil {
			d.UnconfirmedSince = first.Time
		}
		return nil
	})
}

// CloseArchive closes fiscal mode for ever.
func (a *Accumulator) CloseArchive(now time.Time) (Document, error) {
	return a.form("close fiscal mode", func(d *Document) error {
		if a.cur.kind != CurrentCloseArchive {
			return ErrState
		}
		d.Type = fiscal.DocArchiveClosed
		return a.dated(d, now)
	})
}

// dated gives the document the time at which it is formed, if the clock has
// not gone back since it was begun.
func (a *Accumulator) dated(d *Document, now time.Time) error {
	if minute(now).Before(minute(a.cur.at)) {
		return ErrTime
	}
	d.Time = minute(now)
	return nil
}

// form completes the open document: fill sets what its kind needs, then the
// document is numbered, signed and written. This is the commit point.
func (a *Accumulator) form(act string, fill func(*Document) error) (Document, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d := Document{FN: a.archive.number, FD: a.archive.lastFD() + 1, Time: minute(a.cur.at)}
	if err := fill(&d); err != nil {
		return Document{}, fmt.Errorf("%s: %w", act, err)
	}
	reg := d.Registration
	if reg == nil {
		reg = a.archive.registration()
	}
	if err := a.controlWhole(*reg); err != nil {
		return Document{}, fmt.Errorf("%s: %w", act, err)
	}
	given, err := ffd.Parse(a.cur.data)
	if err != nil {
		return Document{}, fmt.Errorf("%s: %w", act, ErrCommand)
	}
	head := a.head(&d, *reg)
	d.TLV = head.Document(given).Append(nil)
	d.FP = sign(&d)
	head.FP = d.FP
	d.TLV = head.Document(given).Append(nil)
	if err := a.commit(record{Kind: recordDocument, Document: &d}); err != nil {
		return Document{}, fmt.Errorf("%s: %w: %w", act, ErrFailure, err)
	}
	a.cur = draft{}
	a.anchor = anchor{set: true, clock: d.Time, timer: a.timer()}
	a.known = a.anchor
	return d, nil
}

// head is what the accumulator itself writes into the document, in front of
// what it was given. It counts since FFD 1.1.
func (a *Accumulator) head(d *Document, reg Registration) ffd.Head {
	s := &a.archive
	words := reg.Fiscal()
	h := ffd.Head{
		Form: d.Type, Format: ffd.Version(reg.FFD), FN: d.FN, RNM: reg.RNM, INN: reg.INN, FD: d.FD, At: Civil(d.Time),
		Kind: fiscal.Kind(d.Op), Total: d.Sum, Shift: uint32(d.Shift), Receipt: uint32(d.Receipt), Registration: &words,
		Documents: s.documents + 1, Receipts: uint32(s.receipt), Unsent: uint32(s.unsent()),
		Warnings: a.warnings(d.Time), KeyDays: uint16(max(s.expiry.Sub(d.Time)/(24*time.Hour), 0)),
	}
	if first := s.firstUnsent(); first != nil {
		h.UnsentFD, h.UnsentFrom = first.FD, Civil(first.Time)
	}
	if d.Type == fiscal.DocArchiveClosed || d.Type == fiscal.DocSettlementReport && s.shiftOpen {
		h.Shift = uint32(s.shift)
	}
	if reg.FFD >= byte(ffd.V11) {
		inShift, inFN := s.inShift, s.inFN
		h.Counters = ffd.Counters{Shift: &inShift, FN: &inFN}
		if d.Type == fiscal.DocSettlementReport {
			unsent := s.unsentTotals()
			h.Counters.Unsent = &unsent
		}
	}
	return h
}

// Wipe resets a debug accumulator to phase 1, as command 60h with code 16h
// does.
func (a *Accumulator) Wipe() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.commit(record{Kind: recordWipe}); err != nil {
		return fmt.Errorf("wipe: %w", err)
	}
	a.forget()
	return nil
}

func minute(t time.Time) time.Time { return t.Truncate(time.Minute) }
