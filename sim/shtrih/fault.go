package shtrih

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	codec "github.com/chekan-io/chekan/protocol/shtrih"
)

// Phase is a moment in the life of one command.
type Phase string

// Phases, in the order in which a command passes them.
const (
	// OnReceive: At bytes of the request's frame have come (STX is the first);
	// 0 is the whole frame, before it is confirmed.
	OnReceive Phase = "receive"
	// Before: confirmed, not executed.
	Before Phase = "before"
	// OnCommit: the accumulator has the document, the till's own memory does
	// not know yet.
	OnCommit Phase = "commit"
	// OnPrint: At lines of what the command prints are on paper. With
	// Options.PrintSpeed 0 this lies between OnCommit and After, otherwise
	// usually behind the answer.
	OnPrint Phase = "print"
	// After: executed, nothing of the answer sent.
	After Phase = "after"
	// OnAnswer: At bytes of the answer's frame are sent; 0 is before the first.
	OnAnswer Phase = "answer"
)

// Action is what goes wrong.
type Action string

// Actions. Unless said otherwise any phase will do.
const (
	// LoseACK leaves out the confirmation of the request (OnReceive).
	LoseACK Action = "lose_ack"
	// NAKRequest refuses the request's frame as damaged, once (OnReceive).
	NAKRequest Action = "nak"
	// LoseAnswer keeps the answer off the wire. The till believes it sent it
	// and gives it to whoever asks next (ENQ, or a repeated number).
	LoseAnswer Action = "lose_answer"
	// ForgetAnswer keeps the answer off the wire and out of memory.
	ForgetAnswer Action = "forget_answer"
	// Garble changes byte At of the answer (OnAnswer) by exclusive or with
	// Code, or with FFh.
	Garble Action = "garble"
	// Duplicate sends the answer twice.
	Duplicate Action = "duplicate"
	// Delay waits For.
	Delay Action = "delay"
	// Reboot restarts the till: the link forgets, the memory stays.
	RebootNow Action = "reboot"
	// PowerCut cuts the power, until PowerOn or for the time For.
	PowerCut Action = "power_cut"
	// PaperOut takes the paper away.
	PaperOut Action = "paper_out"
	// CoverOpen opens the cover.
	CoverOpen Action = "cover_open"
	// Hang stops everything for the time For; 0 is until reboot or power cut.
	Hang Action = "hang"
	// CloseLink closes the connection; the till lives on.
	CloseLink Action = "close_link"
	// Replay answers with the previous answer instead of this one.
	Replay Action = "replay"
	// Refuse answers with the error Code. Before: the command is not executed.
	Refuse Action = "error"
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
	// AgeShift lets For pass on the till's clock and the accumulator's timer;
	// 0 is 24 hours and a minute.
	AgeShift Action = "age"
)

// Fault is one planned fault: at which command, at which moment, what.
type Fault struct {
	ID      string
	Command codec.Code // 0 is any command
	Nth     int        // skip so many matching commands first
	Phase   Phase
	At      int
	Action  Action
	For     time.Duration
	Code    byte
	Times   int // how many commands in a row it strikes; 0 is one, negative for ever
	Fired   int // how often it has struck
}

// String describes the fault in one line.
func (f Fault) String() string {
	cmd := "any command"
	if f.Command != 0 {
		cmd = f.Command.Hex()
	}
	return fmt.Sprintf("%s %s/%d of %s (after %d)", f.Action, f.Phase, f.At, cmd, f.Nth)
}

// Plan is a list of faults. It may be changed while the till works. The zero
// value is an empty plan.
type Plan struct {
	mu     sync.Mutex
	last   int
	faults []*planned
}

type planned struct {
	Fault
	serial uint64 // command it counted last
	hit    bool   // strikes in that command
	done   bool   // has struck in that command
}

// Add plans a fault and returns its id.
func (p *Plan) Add(f Fault) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last++
	if f.ID == "" {
		f.ID = strconv.Itoa(p.last)
	}
	if f.Phase == "" {
		f.Phase = Before
	}
	f.Fired = 0
	p.faults = append(p.faults, &planned{Fault: f})
	return f.ID
}

// Clear forgets every fault.
func (p *Plan) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = nil
}

// List returns the faults, those that have struck included.
func (p *Plan) List() []Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]Fault, 0, len(p.faults))
	for _, f := range p.faults {
		out = append(out, f.Fault)
	}
	return out
}

// Fired tells whether the fault with the id has struck.
func (p *Plan) Fired(id string) bool {
	for _, f := range p.List() {
		if f.ID == id {
			return f.Fired > 0
		}
	}
	return false
}

// strike returns the faults that strike at the moment: phase of the command
// with the given serial number, at bytes or lines into it. whole says that at
// is the end, where a fault At 0 of OnReceive strikes.
func (p *Plan) strike(serial uint64, code codec.Code, phase Phase, at int, whole bool) []Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []Fault
	for _, f := range p.faults {
		if f.Command != 0 && f.Command != code {
			continue
		}
		if f.serial != serial {
			if f.Times >= 0 && f.Fired >= max(f.Times, 1) {
				continue
			}
			f.serial, f.done = serial, false
			f.hit = f.Nth == 0
			if !f.hit {
				f.Nth--
			}
		}
		if !f.hit || f.done || f.Phase != phase || !f.reached(at, whole) {
			continue
		}
		f.done = true
		f.Fired++
		out = append(out, f.Fault)
	}
	return out
}

func (f *planned) reached(at int, whole bool) bool {
	switch f.Phase {
	case OnReceive:
		if f.At == 0 {
			return whole
		}
		return at >= f.At
	case OnAnswer, OnPrint:
		return at >= f.At
	case Before, OnCommit, After:
	}
	return true
}

// next returns the smallest At of faults that may still strike in the phase of
// the command; false when there are none.
func (p *Plan) next(serial uint64, code codec.Code, phase Phase) (int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	best, ok := 0, false
	for _, f := range p.faults {
		if f.Phase != phase || f.Command != 0 && f.Command != code {
			continue
		}
		if f.serial == serial && (!f.hit || f.done) || f.serial != serial && (f.Nth > 0 || f.Times >= 0 && f.Fired >= max(f.Times, 1)) {
			continue
		}
		if !ok || f.At < best {
			best, ok = f.At, true
		}
	}
	return best, ok
}
