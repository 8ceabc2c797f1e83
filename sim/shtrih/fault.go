package shtrih

import (
	codec "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/fault"
)

// Plan is a list of a till's faults.
type Plan = fault.Plan[codec.Code]

// Fault is one of them.
type Fault = fault.Fault[codec.Code]

// Phase is a moment in the life of one command.
type Phase = fault.Phase

// Action is what goes wrong.
type Action = fault.Action

// Phases of a command; OnReceive is before the frame is confirmed.
const (
	OnReceive = fault.OnReceive
	Before    = fault.Before
	OnCommit  = fault.OnCommit // the accumulator has the document, the till's own memory does not know yet
	// OnPrint: with Options.PrintSpeed 0 this lies between OnCommit and After,
	// otherwise usually behind the answer.
	OnPrint  = fault.OnPrint
	After    = fault.After
	OnAnswer = fault.OnAnswer
)

// Actions of every device.
const (
	LoseAnswer   = fault.LoseAnswer // given to whoever asks next: ENQ, or a repeated number
	ForgetAnswer = fault.ForgetAnswer
	Garble       = fault.Garble
	Duplicate    = fault.Duplicate
	Delay        = fault.Delay
	RebootNow    = fault.Reboot
	PowerCut     = fault.PowerCut
	Hang         = fault.Hang
	CloseLink    = fault.CloseLink
	Refuse       = fault.Refuse
	AgeShift     = fault.Age
)

// Actions of a till. Unless said otherwise any phase will do.
const (
	// LoseACK leaves out the confirmation of the request (OnReceive).
	LoseACK Action = "lose_ack"
	// NAKRequest refuses the request's frame as damaged, once (OnReceive).
	NAKRequest Action = "nak"
	// PaperOut takes the paper away.
	PaperOut Action = "paper_out"
	// CoverOpen opens the cover.
	CoverOpen Action = "cover_open"
	// Replay answers with the previous answer instead of this one.
	Replay Action = "replay"
	// Busy holds the till in submode 5 for the time For.
	Busy Action = "busy"
	// Stuck leaves the till in mode 1, data output.
	Stuck Action = "stuck"
	// Foreign lets a second client make a receipt of Code roubles (1 when 0).
	Foreign Action = "foreign"
	// ForeignOpen lets a second client, cashier 5, open a receipt and leave it.
	ForeignOpen Action = "foreign_open"
	// TakeOver gives the open receipt to another operator, so that ours gets 59h.
	TakeOver Action = "take_over"
	// HangFNDocument leaves a document open in the accumulator (5Eh, 02h).
	HangFNDocument Action = "hang_fn"
	// LoseClock makes the till demand date and time (C0h).
	LoseClock Action = "lose_clock"
	// RAMError puts the till into mode 9, technological reset (74h).
	RAMError Action = "ram_error"
)
