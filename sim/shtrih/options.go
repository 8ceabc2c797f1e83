package shtrih

import (
	"log/slog"
	"time"

	"github.com/chekan-io/chekan/sim/flash"
	"github.com/chekan-io/chekan/sim/fn"
)

// FNOpen says when the till starts the document in the fiscal accumulator.
// The protocol does not tell; field 62 of table 17 shows that it can be set.
type FNOpen int

// Moments at which the document is started.
const (
	FNOpenAtOpen  FNOpen = iota // with 8Dh
	FNOpenAtItem                // with the first item or TLV
	FNOpenAtClose               // inside FF45h
)

// StaleReceipt says what a till finds after a power cut that fell between the
// accumulator's commit and its own memory.
type StaleReceipt int

// What is found.
const (
	// StaleStays: mode 8 with the receipt that is already fiscal. Closing it
	// again would fiscalise it twice.
	StaleStays StaleReceipt = iota
	// StaleHeals: the firmware compares counters, closes the receipt and
	// prints it.
	StaleHeals
)

// SecondClient says what happens when a port that is being served gets another
// connection.
type SecondClient int

// Rules for a second connection.
const (
	SecondTakesOver SecondClient = iota // the first one is closed
	SecondRefused                       // the new one is closed
	SecondShares                        // both are served and see each other's answers
)

// Options describe a simulated till. The zero value is a working till in
// memory: a registered МИНИ-01Ф without print delay. Where no source says how
// real firmware behaves there is an option, and the default is the behaviour
// seen most often.
type Options struct {
	Name   string
	Bank   flash.Bank   // nil: memory that dies with the Device
	Logger *slog.Logger // nil: nothing is logged
	Plan   *Plan        // nil: an empty plan, see Device.Plan

	FN           fn.Options
	Registration *fn.Registration // nil: a usual one
	// Unregistered leaves a new accumulator in phase 1, as from the factory:
	// Registration, when given, is then only what tables 17 and 18 begin with.
	Unregistered bool

	Model    byte   // FCh model code; 0 is 50, МИНИ-01Ф
	Serial   uint32 // 0 is 4239
	Firmware string // two characters; "" is "C1"

	// Clock is added to the system's time to give the till's.
	Clock time.Duration

	// PrintSpeed is the time of one printed line; 0 prints at once.
	PrintSpeed time.Duration
	// Timing is how long commands take before they are answered.
	Timing Timing
	// RebootTime is how long the till is silent after FE F3 or Reboot;
	// 0 is three seconds.
	RebootTime time.Duration

	// ByteTimeout ends a frame whose bytes stop coming, and the wait for a
	// confirmation; 0 is 300 ms.
	ByteTimeout time.Duration
	// TCPIdle closes a TCP session without traffic. 0 takes field 16 of table
	// 21 (60 s); negative never closes.
	TCPIdle time.Duration

	Second SecondClient
	// SilentPowerCut keeps connections open while the power is off, as an
	// RS-232 cable does; otherwise they close, as USB and TCP do.
	SilentPowerCut bool
	// BusyHears keeps what arrives during execution and handles it after the
	// answer; otherwise it is lost.
	BusyHears bool
	// NAKJunk answers NAK to bytes that begin nothing; otherwise they are
	// swallowed, as TCP devices very probably do.
	NAKJunk bool
	// IgnoreIdleSTX demands ENQ before STX, as the drawing in the protocol
	// does; otherwise a frame is taken at any time.
	IgnoreIdleSTX bool
	// StrictConfirm loses a byte other than ACK that comes instead of the
	// confirmation; otherwise ENQ and STX act as what they are.
	StrictConfirm bool
	// KeepPendingOnSTX keeps the undelivered answer when a new command comes.
	KeepPendingOnSTX bool
	// TailFF sends FFh after the host's confirmation (RNDIS and TCP).
	TailFF TailFF
	// FirstNumber is the number protocol 2 reports after power-on.
	// nil is 1, as in the maker's example.
	FirstNumber *uint16

	FNOpen FNOpen
	// RestartsFN begins a document again that the accumulator forgot in a
	// power cut; otherwise closing answers 02h and the receipt must be cancelled.
	RestartsFN bool
	Stale      StaleReceipt
	// AutoOpen opens a receipt with its first FF46h in mode 2.
	AutoOpen bool
	// AutoShift opens a shift with 8Dh in mode 4, as old firmware does.
	AutoShift bool
	// XReportClosed allows 40h in mode 4.
	XReportClosed bool
	// CancelsOnPowerUp drops an unfinished receipt at power-on (capability
	// bit 53).
	CancelsOnPowerUp bool
	// ContinueByCommand leaves printing cut by a power failure to B0h
	// (submode 3); otherwise it resumes by itself.
	ContinueByCommand bool
	// SubmodeError answers 72h to printing without paper; otherwise 6Bh.
	SubmodeError bool

	ShortStatus  int  // whole answer to 10h: 16 or 17 bytes; 0 is 17
	FullStatus   int  // whole answer to 11h: 48, 50 or 52 bytes; 0 is 48
	ShortF7      bool // answer to F7h without the table numbers
	ShortFFError bool // refusals of FFh commands without the second code byte
	ExtendedErr  bool // four more bytes in refusals (capability bit 54)
	BareE0       bool // E0h answered without an operator
	DocumentTime bool // field 36 of table 17: time in answers that form documents
	WideRegister bool // 1Bh wants a two-byte number
	NoProtocol2  bool // without the alternative link layer

	// DeliverAfter lets the till deliver documents to the operator by itself
	// so long after they were formed; 0 leaves them queued for FF30h.
	DeliverAfter time.Duration
}

// TailFF says whether FFh follows the host's confirmation.
type TailFF int

// Choices for the extra byte.
const (
	TailOnTCP TailFF = iota
	TailNever
	TailAlways
)

// Timing is the time a command takes before its answer.
type Timing struct {
	Command time.Duration // any command
	Item    time.Duration // more for 80h–84h, FF46h
	Commit  time.Duration // more for those that form a document
}

// RealTiming is close to what was seen on real devices: some 50 ms a command,
// an item about 200 ms.
var RealTiming = Timing{Command: 20 * time.Millisecond, Item: 150 * time.Millisecond, Commit: 400 * time.Millisecond}

func (o Options) withDefaults() Options {
	if o.Name == "" {
		o.Name = "till"
	}
	if o.Bank == nil {
		o.Bank = flash.NewBank()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Plan == nil {
		o.Plan = new(Plan)
	}
	if o.Model == 0 {
		o.Model = 50
	}
	if o.Serial == 0 {
		o.Serial = 4239
	}
	if o.Firmware == "" {
		o.Firmware = "C1"
	}
	if o.RebootTime == 0 {
		o.RebootTime = 3 * time.Second
	}
	if o.ByteTimeout == 0 {
		o.ByteTimeout = 300 * time.Millisecond
	}
	if o.ShortStatus == 0 {
		o.ShortStatus = 17
	}
	if o.FullStatus == 0 {
		o.FullStatus = 48
	}
	if o.FirstNumber == nil {
		one := uint16(1)
		o.FirstNumber = &one
	}
	if o.Registration == nil && o.Unregistered {
		o.Registration = &fn.Registration{}
	}
	if o.Registration == nil {
		o.Registration = &fn.Registration{
			INN: "5752203694", RNM: "0000000005008570", TaxSystems: 0x3F, OFDINN: "7709364346", OFDName: "Первый ОФД",
			User: "ООО \"Ромашка\"", Address: "302028, г. Орёл, ул. Ленина, 1", Place: "Магазин", KKTSerial: "0000000000004239", FFD: 2,
		}
	}
	return o
}
