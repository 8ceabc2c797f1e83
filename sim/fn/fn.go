// Package fn is a simulated fiscal accumulator (ФН): the chip in a Russian till
// that numbers, signs and keeps fiscal documents.
//
// [Accumulator] works at the level of its commands: a simulated till calls
// methods where a real one would send frames. [Device] is the same accumulator
// on its own wire. The rules are those of the public interface description
// (fiscal accumulator interface 1.2, FNS, §3–§5): life phases, one document at
// a time, a document counter that moves only when a document is formed, a shift
// limit of 24 hours, an exchange queue with the operator of fiscal data and its
// limit of 30 days. Registered with FFD 1.1 or 1.2 it also controls the format
// of what it is given, counts receipts and answers the newer commands.
//
// # What survives
//
// Every formed document, every operator's ticket and the phase are in the
// flash before the forming command returns. The document being prepared, the
// exchange with the operator and the accumulator's own timer are lost at
// power-off: the interface description demands that a document be formed in
// one power cycle.
//
// # The oracle
//
// Tests ask this package, and not the program under test, what was fiscalised:
// [Accumulator.List] gives every document with its sums and items, and
// [Accumulator.Verify] checks that the archive is one unbroken, consistent
// story. [Read] does the same over a file.
//
// # What it does not do
//
// It signs with a keyed hash instead of the state's cryptography, encrypts
// nothing, and knows nothing of marking codes.
package fn

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/fn"
	"github.com/chekan-io/chekan/sim/flash"
)

// Error is an answer code of the accumulator other than 00h.
type Error codec.Code

// Answer codes.
const (
	ErrCommand        = Error(codec.ErrCommand)
	ErrState          = Error(codec.ErrState)
	ErrFailure        = Error(codec.ErrFailure)
	ErrCrypto         = Error(codec.ErrCrypto)
	ErrExpired        = Error(codec.ErrExpired)
	ErrFull           = Error(codec.ErrFull)
	ErrTime           = Error(codec.ErrTime)
	ErrNoData         = Error(codec.ErrNoData)
	ErrParameter      = Error(codec.ErrParameter)
	ErrTagNotAllowed  = Error(codec.ErrTagNotAllowed)
	ErrTagTwice       = Error(codec.ErrTagTwice)
	ErrTagMissing     = Error(codec.ErrTagMissing)
	ErrTLVSize        = Error(codec.ErrTLVSize)
	ErrNoLink         = Error(codec.ErrNoLink)
	ErrResource       = Error(codec.ErrCryptoUsedUp)
	ErrStorage        = Error(codec.ErrStorage)
	ErrThirty         = Error(codec.ErrThirtyDays)
	ErrShiftLong      = Error(codec.ErrShiftLong)
	ErrClock          = Error(codec.ErrClock)
	ErrTagLength      = Error(codec.ErrTagLength)
	ErrTagContradicts = Error(codec.ErrTagContradicts)
	ErrMessage        = Error(codec.ErrMessage)
)

// Error implements error.
func (e Error) Error() string { return "fiscal accumulator answers " + codec.Code(e).String() }

// Code returns the answer code in err, or 03h (failure) for an error of
// another kind.
func Code(err error) byte {
	if e, ok := errors.AsType[Error](err); ok {
		return byte(e)
	}
	return byte(ErrFailure)
}

// Phase is a life phase, as the protocol has it.
type Phase = codec.Phase

// Current is the document in preparation, as the protocol has it.
type Current = codec.Current

// Phases and documents in preparation.
const (
	PhaseReady      = codec.PhaseReady
	PhaseFiscal     = codec.PhaseFiscal
	PhasePostFiscal = codec.PhasePostFiscal
	PhaseArchive    = codec.PhaseArchive

	CurrentNone           = codec.CurrentNone
	CurrentRegistration   = codec.CurrentRegistration
	CurrentOpenShift      = codec.CurrentOpenShift
	CurrentReceipt        = codec.CurrentReceipt // a BSO too: see Status
	CurrentCloseShift     = codec.CurrentCloseShift
	CurrentCloseArchive   = codec.CurrentCloseArchive
	CurrentReplacement    = codec.CurrentReplacement
	CurrentReregistration = codec.CurrentChange
	CurrentCorrection     = codec.CurrentCorrection
	CurrentReport         = codec.CurrentReport
)

// Warning bits of the status.
const (
	WarnUrgent   = byte(codec.WarnReplaceNow)
	WarnResource = byte(codec.WarnReplaceSoon)
	WarnMemory   = byte(codec.WarnMemory)
	WarnOperator = byte(codec.WarnOperator)
	WarnFormat   = byte(codec.WarnFormat)
	WarnSetup    = byte(codec.WarnSetup)
	WarnAnnulled = byte(codec.WarnAnnulled)
	WarnCritical = byte(codec.WarnCritical) // set by SetCritical
)

const (
	shiftLimit     = 24 * time.Hour
	unsentLimit    = 30 * 24 * time.Hour
	operatorLimit  = 2 * 24 * time.Hour
	clockTolerance = 5 * time.Minute
	// openLag is how far an opening of a shift may lie before the last
	// document (§11h of the interface description).
	openLag = time.Hour
)

// Options describe a new accumulator. They are written into an empty flash;
// over a flash that is already set up only the limits count.
type Options struct {
	Number    string        // 16 digits; empty is 9999078902000001
	Life      time.Duration // service life from first power-on; 0 is 15 months
	MaxUnsent int           // storage for undelivered documents; 0 is 20 000
	MaxFD     uint32        // size of the archive; 0 is 230 000
	// FFD is the newest format it speaks, as in tag 1209; 0 is 4 (1.2). One of
	// 2 (1.05) is an accumulator of 2016 that knows the base set of commands.
	FFD byte
	// ReportInShift allows the report on settlements while a shift is open, as
	// newer accumulators do.
	ReportInShift bool
}

func (o Options) withDefaults() Options {
	if o.Number == "" {
		o.Number = "9999078902000001"
	}
	if o.Life == 0 {
		o.Life = 470 * 24 * time.Hour
	}
	if o.MaxUnsent == 0 {
		o.MaxUnsent = 20_000
	}
	if o.MaxFD == 0 {
		o.MaxFD = 230_000
	}
	if o.FFD == 0 {
		o.FFD = byte(ffd.V12)
	}
	return o
}

// Accumulator is one fiscal accumulator over its flash. Its methods may be
// called from several goroutines.
type Accumulator struct {
	mu   sync.Mutex
	log  flash.Log
	opts Options

	archive archive
	cur     draft
	link    exchange
	anchor  anchor // of the last document, for the check of drift
	known   anchor // of the last time the till told
	skew    time.Duration
	warn    byte
}

// draft is the document in preparation; it does not outlive the power.
type draft struct {
	kind   Current
	at     time.Time
	data   []byte
	format byte // of a registration, when the command told it
}

// anchor ties the till's clock to the accumulator's own timer, as they were
// at the last document of this power cycle.
type anchor struct {
	set          bool
	clock, timer time.Time
}

// Open makes an accumulator over the log. An empty log is set up as a new
// accumulator in phase 1, of the given number; now is the civil time of its
// first power-on, from which its service life counts.
func Open(log flash.Log, opts Options, now time.Time) (*Accumulator, error) {
	opts = opts.withDefaults()
	records, err := log.Records()
	if err != nil {
		return nil, fmt.Errorf("open accumulator: %w", err)
	}
	a := &Accumulator{log: log, opts: opts}
	if len(records) == 0 {
		if len(opts.Number) != 16 {
			return nil, fmt.Errorf("open accumulator: number %q does not have 16 digits", opts.Number)
		}
		birth := record{Kind: recordBirth, Number: opts.Number, Expiry: now.Add(opts.Life)}
		if err := a.commit(birth); err != nil {
			return nil, fmt.Errorf("open accumulator: %w", err)
		}
		return a, nil
	}
	for i, r := range records {
		if err := a.archive.replay(r); err != nil {
			return nil, fmt.Errorf("open accumulator: record %d: %w", i, err)
		}
	}
	return a, nil
}

// Status is the answer of the status command.
type Status struct {
	Phase     Phase
	Current   Current
	HasData   bool
	ShiftOpen bool
	Warnings  byte
	LastTime  time.Time // of the last document; zero when there is none
	Number    string
	LastFD    uint32
}

// Status reads the state; now is the till's clock and feeds the warnings.
func (a *Accumulator) Status(now time.Time) Status {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := Status{
		Phase: a.archive.phase, Current: a.current(), HasData: len(a.cur.data) > 0, ShiftOpen: a.archive.shiftOpen,
		Warnings: a.warnings(now), Number: a.archive.number, LastFD: a.archive.lastFD(),
	}
	if last := a.archive.last(); last != nil {
		s.LastTime = last.Time
	}
	return s
}

// Preparing is the document in preparation by what began it: a receipt, be it
// on a form or not.
func (a *Accumulator) Preparing() Current {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.cur.kind
}

// current is the document in preparation as the status names it: a till that
// issues forms instead of receipts prepares those.
func (a *Accumulator) current() Current {
	reg := a.archive.registration()
	switch {
	case reg == nil || !reg.bso():
	case a.cur.kind == CurrentReceipt:
		return codec.CurrentBSO
	case a.cur.kind == CurrentCorrection:
		return codec.CurrentBSOCorrection
	}
	return a.cur.kind
}

func (a *Accumulator) warnings(now time.Time) byte {
	w := a.warn | a.archive.told
	left := a.archive.expiry.Sub(now)
	if left <= 3*24*time.Hour {
		w |= WarnUrgent
	}
	if left <= 30*24*time.Hour {
		w |= WarnResource
	}
	if a.archive.lastFD() >= a.nearlyFull() {
		w |= WarnMemory
	}
	if first := a.archive.firstUnsent(); first != nil && now.Sub(first.Time) > operatorLimit {
		w |= WarnOperator
	}
	return w
}

// nearlyFull is the document from which the memory is called almost full: at
// 90 % of it, since FFD 1.2 at 99 %.
func (a *Accumulator) nearlyFull() uint32 {
	if a.archive.format() >= byte(ffd.V12) {
		return a.opts.MaxFD / 100 * 99
	}
	return a.opts.MaxFD / 10 * 9
}

// Estimate is what the accumulator takes for the present civil time: the last
// that the till told in this power cycle and what its own timer counted since,
// or the time of the last document.
func (a *Accumulator) Estimate() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known.set {
		return a.known.clock.Add(a.timer().Sub(a.known.timer))
	}
	if last := a.archive.last(); last != nil {
		return last.Time
	}
	return time.Time{}
}

// SetCritical sets or clears the critical-failure warning (80h).
func (a *Accumulator) SetCritical(on bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.warn &^= WarnCritical
	if on {
		a.warn |= WarnCritical
	}
}

// Number returns the 16-digit number.
func (a *Accumulator) Number() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.archive.number
}

// Expiry returns the end of service life and the counts of re-registrations
// left and done.
func (a *Accumulator) Expiry() (end time.Time, left, done byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := byte(min(len(a.archive.registrations), maxRegistrations))
	return a.archive.expiry, maxRegistrations - n, n
}

// maxRegistrations is how many times an accumulator may be (re)registered.
const maxRegistrations = 30

// Version returns the software version and whether it is a serial device;
// a simulated accumulator always says it is a debug one.
func (a *Accumulator) Version() (version string, serial bool) { return "fn debug 1.37", false }

// Shift returns whether a shift is open, its number (of the last one when
// closed) and the number of the last receipt in it.
func (a *Accumulator) Shift() (open bool, shift, receipt uint16) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.archive.shiftOpen, a.archive.shift, a.archive.receipt
}

// ShiftOpenedAt returns when the current shift was opened; zero when closed.
func (a *Accumulator) ShiftOpenedAt() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.archive.shiftOpen {
		return time.Time{}
	}
	return a.archive.openedAt
}

// Find returns a document of the archive, or ErrNoData.
func (a *Accumulator) Find(fd uint32) (Document, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if fd == 0 || fd > a.archive.lastFD() {
		return Document{}, ErrNoData
	}
	return *a.archive.docs[fd-1], nil
}

// List returns every document, oldest first.
func (a *Accumulator) List() []Document {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.archive.list()
}

// Verify checks the archive; see [Verify].
func (a *Accumulator) Verify() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.archive.verify()
}

// PowerOff forgets what does not outlive the power: the document in
// preparation, the exchange with the operator and the timer.
func (a *Accumulator) PowerOff() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forget()
}

func (a *Accumulator) forget() {
	a.cur, a.link, a.anchor, a.known = draft{}, exchange{}, anchor{}, anchor{}
}

// Age moves the accumulator's own timer forward, so that a test can make a
// day pass together with the till's clock.
func (a *Accumulator) Age(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.skew += d
}

// Close closes the flash.
func (a *Accumulator) Close() error { return a.log.Close() }

// timer is the accumulator's own sense of time. It never goes back.
func (a *Accumulator) timer() time.Time { return time.Now().Add(a.skew) }

// commit makes a record durable and only then real.
func (a *Accumulator) commit(r record) error {
	b, err := r.encode()
	if err != nil {
		return err
	}
	if err := a.log.Append(b); err != nil {
		return err
	}
	return a.archive.apply(r)
}

// Read opens the archive in the file at path for looking at, without locking
// it: the oracle of whole-program tests.
func Read(path string) ([]Document, error) {
	arch, err := readArchive(path)
	if err != nil {
		return nil, err
	}
	return arch.list(), nil
}

// VerifyFile checks the archive in the file at path; see [Verify].
func VerifyFile(path string) error {
	arch, err := readArchive(path)
	if err != nil {
		return err
	}
	return arch.verify()
}

func readArchive(path string) (*archive, error) {
	records, err := flash.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read archive: %w", err)
	}
	var arch archive
	for i, r := range records {
		if err := arch.replay(r); err != nil {
			return nil, fmt.Errorf("read archive: record %d: %w", i, err)
		}
	}
	return &arch, nil
}

// Document is one fiscal document of the archive.
type Document struct {
	FN      string              `json:"fn"`
	FD      uint32              `json:"fd"`
	FP      uint32              `json:"fp"`
	Type    fiscal.DocumentType `json:"type"`
	Time    time.Time           `json:"time"` // civil time of the till as if it were UTC, to the minute
	Op      byte                `json:"op,omitempty"`
	Sum     fiscal.Money        `json:"sum,omitempty"`
	Shift   uint16              `json:"shift,omitempty"`
	Receipt uint16              `json:"receipt,omitempty"`
	TLV     []byte              `json:"tlv"` // the whole document: one object whose tag is the form

	Unconfirmed      uint32        `json:"unconfirmed,omitempty"`      // state report only
	UnconfirmedSince time.Time     `json:"unconfirmed_since,omitzero"` // state report only
	Registration     *Registration `json:"registration,omitempty"`     // (re)registrations only
	Ticket           *Ticket       `json:"ticket,omitempty"`           // the operator's answer, once there is one
}

// Fact is the document in the words of the trade.
func (d Document) Fact() fiscal.Document {
	return fiscal.Document{
		FN: d.FN, FD: d.FD, FP: d.FP, Type: d.Type, At: Civil(d.Time), Kind: fiscal.Kind(d.Op), Total: d.Sum,
		Shift: uint32(d.Shift), Receipt: uint32(d.Receipt), Ticket: d.Ticket != nil, TLV: d.TLV,
	}
}

// Ticket is an operator's acknowledgement.
type Ticket struct {
	Time time.Time `json:"time"`
	Sign []byte    `json:"sign"` // tag 1078, 18 bytes
	Code byte      `json:"code"` // tag 1022; 0 is accepted

	Notice byte `json:"notice,omitempty"` // tag 1206
}
