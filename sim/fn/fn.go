// Package fn is a simulated fiscal accumulator (ФН): the chip in a Russian till
// that numbers, signs and keeps fiscal documents.
//
// It works at the level of its commands, not of its wire: a simulated till
// calls methods where a real one would send frames. The rules are those of the
// public interface description (fiscal accumulator interface 1.2, FNS, §3–§5):
// life phases, one document at a time, a document counter that moves only when
// a document is formed, a shift limit of 24 hours, an exchange queue with the
// operator of fiscal data and its limit of 30 days.
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
// It signs with a keyed hash instead of the state's cryptography, does not
// check FFD format rules, and knows nothing of marking codes.
package fn

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/flash"
)

// Error is an answer code of the accumulator other than 00h.
type Error byte

// Answer codes (accumulator interface 1.2, table of answers).
const (
	ErrCommand   Error = 0x01 // unknown command or parameters
	ErrState     Error = 0x02 // wrong state: phase, shift, open document
	ErrFailure   Error = 0x03 // the accumulator failed
	ErrCrypto    Error = 0x04 // the crypto coprocessor failed
	ErrExpired   Error = 0x05 // service life is over
	ErrFull      Error = 0x06 // the archive is full
	ErrTime      Error = 0x07 // date or time goes back
	ErrNoData    Error = 0x08 // no such data
	ErrParameter Error = 0x09 // value not allowed
	ErrTLVSize   Error = 0x10 // too much TLV data
	ErrNoLink    Error = 0x11 // no transport connection
	ErrResource  Error = 0x12 // crypto resource used up
	ErrStorage   Error = 0x14 // storage of undelivered documents is full
	ErrThirty    Error = 0x15 // the oldest undelivered document is over 30 days old
	ErrShiftLong Error = 0x16 // the shift lasts over 24 hours
	ErrClock     Error = 0x17 // the clock and the accumulator's timer disagree by over 5 minutes
	ErrMessage   Error = 0x20 // the operator's message was rejected
)

// Error implements error.
func (e Error) Error() string { return fmt.Sprintf("fiscal accumulator answers %02Xh", byte(e)) }

// Code returns the answer code in err, or 03h (failure) for an error of
// another kind.
func Code(err error) byte {
	if e, ok := errors.AsType[Error](err); ok {
		return byte(e)
	}
	return byte(ErrFailure)
}

// Phase is the life phase of an accumulator, a bit field.
type Phase byte

// Phases (accumulator interface 1.2, §4.2).
const (
	PhaseReady      Phase = 1  // set up, not registered
	PhaseFiscal     Phase = 3  // fiscal mode
	PhasePostFiscal Phase = 7  // fiscal mode closed, documents still go to the operator
	PhaseArchive    Phase = 15 // everything delivered, read only
)

// Current says which document is being prepared, with the codes of the status
// command; they differ from FFD form codes.
type Current byte

// Documents in preparation.
const (
	CurrentNone           Current = 0x00
	CurrentRegistration   Current = 0x01
	CurrentOpenShift      Current = 0x02
	CurrentReceipt        Current = 0x04
	CurrentCloseShift     Current = 0x08
	CurrentCloseArchive   Current = 0x10
	CurrentReregistration Current = 0x13
	CurrentCorrection     Current = 0x14
	CurrentReport         Current = 0x17
)

// Warning bits of the status.
const (
	WarnUrgent     = 0x01 // service life ends within 3 days
	WarnResource   = 0x02 // within 30 days
	WarnMemory     = 0x04 // archive 90 % full
	WarnOperator   = 0x08 // the operator has not answered for two days
	WarnFormat     = 0x10 // the operator's last answer refused the format
	WarnCritical   = 0x80 // set by SetCritical
	shiftLimit     = 24 * time.Hour
	unsentLimit    = 30 * 24 * time.Hour
	operatorLimit  = 2 * 24 * time.Hour
	clockTolerance = 5 * time.Minute
	// openLag is how far an opening of a shift may lie before the last
	// document (§11h of the interface description).
	openLag = time.Hour
)

// Registration is what fiscalisation writes into the accumulator.
type Registration struct {
	INN        string
	RNM        string
	TaxSystems byte // bits of tag 1062
	Mode       byte // bit 1 offline (no operator), see the interface description
	ExtMode    byte
	OFDINN     string
	OFDName    string
	User       string
	Address    string
	Place      string
	KKTSerial  string
	FFD        byte // tag 1209: 2 is 1.05, 3 is 1.1, 4 is 1.2
	Reason     byte // tag 1101, re-registrations only
}

// offline tells whether documents are kept without an operator.
func (r Registration) offline() bool { return r.Mode&0x02 != 0 }

// Options describe a new accumulator. They are written into an empty flash;
// over a flash that is already set up only the limits count.
type Options struct {
	Number    string        // 16 digits; empty is 9999078902000001
	Life      time.Duration // service life from first power-on; 0 is 15 months
	MaxUnsent int           // storage for undelivered documents; 0 is 20 000
	MaxFD     uint32        // size of the archive; 0 is 230 000
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
	anchor  anchor
	skew    time.Duration
	warn    byte
}

// draft is the document in preparation; it does not outlive the power.
type draft struct {
	kind Current
	at   time.Time
	data []byte
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
		Phase: a.archive.phase, Current: a.cur.kind, HasData: len(a.cur.data) > 0, ShiftOpen: a.archive.shiftOpen,
		Warnings: a.warnings(now), Number: a.archive.number, LastFD: a.archive.lastFD(),
	}
	if last := a.archive.last(); last != nil {
		s.LastTime = last.Time
	}
	return s
}

func (a *Accumulator) warnings(now time.Time) byte {
	w := a.warn
	left := a.archive.expiry.Sub(now)
	if left <= 3*24*time.Hour {
		w |= WarnUrgent
	}
	if left <= 30*24*time.Hour {
		w |= WarnResource
	}
	if a.archive.lastFD() >= a.opts.MaxFD/10*9 {
		w |= WarnMemory
	}
	if first := a.archive.firstUnsent(); first != nil && now.Sub(first.Time) > operatorLimit {
		w |= WarnOperator
	}
	return w
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
func (a *Accumulator) Version() (version string, serial bool) { return "fn debug 1.37  ", false }

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

// Registration returns the last registration; false before the first.
func (a *Accumulator) Registration() (Registration, Document, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := len(a.archive.registrations)
	if n == 0 {
		return Registration{}, Document{}, false
	}
	at := a.archive.registrations[n-1]
	d := a.archive.docs[at-1]
	return *d.Registration, *d, true
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
	a.cur, a.link, a.anchor = draft{}, exchange{}, anchor{}
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
	TLV     []byte              `json:"tlv"` // whole document body as FFD tags

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

// Civil turns civil time kept as if it were UTC into the words of the trade.
func Civil(t time.Time) fiscal.DateTime {
	if t.IsZero() {
		return fiscal.DateTime{}
	}
	return fiscal.DateTime{Year: t.Year(), Month: int(t.Month()), Day: t.Day(), Hour: t.Hour(), Minute: t.Minute(), Second: t.Second()}
}

// Ticket is an operator's acknowledgement.
type Ticket struct {
	Time time.Time `json:"time"`
	Sign []byte    `json:"sign"` // tag 1078, 18 bytes
	Code byte      `json:"code"` // tag 1022; 0 is accepted
}
