// Package fault plans what shall go wrong in a simulated device: at which
// command, at which moment of it, what. A device asks its [Plan] at each moment
// and does what the faults that strike there say; what an [Action] means to it
// is the device's own business.
//
// The package knows no protocol: commands are whatever small number the
// device's protocol numbers them with. It keeps no time and starts nothing.
package fault

import (
	"fmt"
	"strconv"
	"sync"
	"time"
)

// Phase is a moment in the life of one command.
type Phase string

// Phases, in the order in which a command passes them.
const (
	// OnReceive: At bytes of the request's frame have come; 0 is the whole
	// frame, before anything is done about it.
	OnReceive Phase = "receive"
	// Before: received, not executed.
	Before Phase = "before"
	// OnCommit: what the command does for ever is done and durable, nothing
	// else of the device knows yet.
	OnCommit Phase = "commit"
	// OnPrint: At lines of what the command prints are on paper.
	OnPrint Phase = "print"
	// After: executed, nothing of the answer sent.
	After Phase = "after"
	// OnAnswer: At bytes of the answer's frame are sent; 0 is before the first.
	OnAnswer Phase = "answer"
)

// Action is what goes wrong. A device adds its own.
type Action string

// Actions every device can do, in any phase unless said otherwise.
const (
	// LoseAnswer keeps the answer off the wire. The device believes it sent it
	// and gives it to whoever asks for it again.
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
	// Reboot restarts the device: the link forgets, the memory stays.
	Reboot Action = "reboot"
	// PowerCut cuts the power, until PowerOn or for the time For.
	PowerCut Action = "power_cut"
	// Hang stops everything for the time For; 0 is until reboot or power cut.
	Hang Action = "hang"
	// CloseLink closes the connection; the device lives on.
	CloseLink Action = "close_link"
	// Refuse answers with the error Code. Before: the command is not executed.
	Refuse Action = "error"
	// Age lets For pass on the device's clocks; 0 is 24 hours and a minute.
	Age Action = "age"
)

// Command is how a protocol numbers its commands; 0 stands for any of them.
type Command interface {
	~uint8 | ~uint16
	fmt.Stringer
}

// Fault is one planned fault: at which command, at which moment, what.
type Fault[C Command] struct {
	ID      string
	Command C   // 0 is any command
	Nth     int // skip so many matching commands first
	Phase   Phase
	At      int
	Action  Action
	For     time.Duration
	Code    byte
	Times   int // how many commands in a row it strikes; 0 is one, negative for ever
	Fired   int // how often it has struck
}

// String describes the fault in one line.
func (f Fault[C]) String() string {
	cmd := "any command"
	if f.Command != 0 {
		cmd = f.Command.String()
	}
	return fmt.Sprintf("%s %s/%d of %s (after %d)", f.Action, f.Phase, f.At, cmd, f.Nth)
}

// Plan is a list of faults. It may be changed while the device works. The zero
// value is an empty plan.
type Plan[C Command] struct {
	mu     sync.Mutex
	last   int
	faults []*planned[C]
}

type planned[C Command] struct {
	Fault[C]
	serial uint64 // command it counted last
	hit    bool   // strikes in that command
	done   bool   // has struck in that command
}

// Add plans a fault and returns its id.
func (p *Plan[C]) Add(f Fault[C]) string {
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
	p.faults = append(p.faults, &planned[C]{Fault: f})
	return f.ID
}

// Clear forgets every fault.
func (p *Plan[C]) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = nil
}

// List returns the faults, those that have struck included.
func (p *Plan[C]) List() []Fault[C] {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]Fault[C], 0, len(p.faults))
	for _, f := range p.faults {
		out = append(out, f.Fault)
	}
	return out
}

// Fired tells whether the fault with the id has struck.
func (p *Plan[C]) Fired(id string) bool {
	for _, f := range p.List() {
		if f.ID == id {
			return f.Fired > 0
		}
	}
	return false
}

// Strike returns the faults that strike at the moment: phase of the command
// with the given serial number, at bytes or lines into it. whole says that at
// is the end, where a fault At 0 of OnReceive strikes.
func (p *Plan[C]) Strike(serial uint64, code C, phase Phase, at int, whole bool) []Fault[C] {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []Fault[C]
	for _, f := range p.faults {
		if f.Command != 0 && f.Command != code {
			continue
		}
		if f.serial != serial {
			if f.exhausted() {
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

func (f *planned[C]) exhausted() bool { return f.Times >= 0 && f.Fired >= max(f.Times, 1) }

func (f *planned[C]) reached(at int, whole bool) bool {
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

// Next returns the smallest At of faults that may still strike in the phase of
// the command; false when there are none.
func (p *Plan[C]) Next(serial uint64, code C, phase Phase) (int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	best, ok := 0, false
	for _, f := range p.faults {
		if f.Phase != phase || f.Command != 0 && f.Command != code {
			continue
		}
		if f.serial == serial && (!f.hit || f.done) || f.serial != serial && (f.Nth > 0 || f.exhausted()) {
			continue
		}
		if !ok || f.At < best {
			best, ok = f.At, true
		}
	}
	return best, ok
}
