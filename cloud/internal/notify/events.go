package notify

import (
	"time"

	"github.com/chekan-io/chekan/cloud/internal/light"
)

// Event is what people choose to be told of.
type Event string

// Events.
const (
	Silence     Event = "silence"      // no documents for a day of working time
	FNTerm      Event = "fn_term"      // term of the fiscal memory
	FNRoom      Event = "fn_room"      // it is nearly full
	FNFault     Event = "fn_fault"     // it does not work
	OFDQueue    Event = "ofd_queue"    // documents wait for the operator
	OFDLink     Event = "ofd_link"     // the operator does not take them
	OFDContract Event = "ofd_contract" // the contract with the operator
	Shift       Event = "shift"        // open too long
	Device      Event = "device"       // device and paper
	Unfinished  Event = "unfinished"   // a document whose fate is not known yet
	NeedsPerson Event = "needs_person" // one that a person has to decide
	AgentAway   Event = "agent_away"   // agent not heard of
	AgentFault  Event = "agent_fault"  // agent in trouble of its own
	Clock       Event = "clock"        // clock of the till
	Certificate Event = "certificate"  // agent's certificate
	Conflict    Event = "conflict"     // two computers under one identity
	Recovery    Event = "recovery"     // how a recovery ended, and calls for help
	Gap         Event = "gap"          // documents that never came, although later ones did
)

// Common is what the tills of a cause share.
type Common string

// What tills can share.
const (
	ByTill     Common = "till"
	ByAgent    Common = "agent"
	ByOutlet   Common = "outlet"
	ByOperator Common = "operator"
	ByModel    Common = "model"
)

// kind is how an event is dealt with.
type kind struct {
	event Event
	// delay is how long it has to last before it is told, calm how long it has to be well before that is.
	delay, calm time.Duration
	// urgent says that it passes through quiet hours when it is red.
	urgent bool
	// calendar says that it goes on while the agent is silent.
	calendar bool
	// always says that it is told while the shop is closed too.
	always bool
	// whole says that it is never of a single till: everything under the agent shares it.
	whole bool
	// common is what is looked for in tills that share it, the likelier first.
	common []Common
}

const minute = time.Minute

// kinds is everything there is, in the order in which people read it.
var kinds = []kind{
	{event: NeedsPerson, delay: minute, calm: minute, urgent: true, common: []Common{ByAgent}},
	{event: Unfinished, delay: 5 * minute, calm: 2 * minute, urgent: true, common: []Common{ByAgent}},
	{event: Device, delay: 3 * minute, calm: 2 * minute, urgent: true, common: []Common{ByAgent, ByOutlet, ByModel}},
	{event: Shift, delay: 5 * minute, calm: minute, urgent: true, common: []Common{ByOutlet}},
	{event: Silence, delay: 10 * minute, calm: minute, common: []Common{ByAgent, ByOutlet, ByOperator, ByModel}},
	{event: OFDQueue, delay: 10 * minute, calm: 5 * minute, urgent: true, common: []Common{ByOperator, ByAgent, ByOutlet, ByModel}},
	{event: OFDLink, delay: 30 * minute, calm: 10 * minute, common: []Common{ByOperator, ByAgent, ByOutlet, ByModel}},
	{event: OFDContract, delay: 10 * minute, calm: 10 * minute, calendar: true, common: []Common{ByOperator, ByOutlet}},
	{event: FNFault, delay: 3 * minute, calm: 2 * minute, urgent: true, common: []Common{ByModel}},
	{event: FNTerm, delay: 10 * minute, calm: 10 * minute, calendar: true, common: []Common{ByOutlet}},
	{event: FNRoom, delay: 10 * minute, calm: 10 * minute, calendar: true, common: []Common{ByOutlet}},
	{event: AgentAway, delay: 2 * minute, calm: 2 * minute, calendar: true, whole: true, common: []Common{ByOutlet}},
	{event: AgentFault, delay: 5 * minute, calm: 5 * minute, whole: true},
	{event: Clock, delay: 5 * minute, calm: 10 * minute, common: []Common{ByAgent, ByModel}},
	{event: Certificate, delay: 10 * minute, calm: 10 * minute, calendar: true, whole: true},
	{event: Conflict, calm: 5 * minute, urgent: true, always: true, whole: true},
	{event: Gap, delay: 60 * minute, calendar: true},
	{event: Recovery, calm: 0, urgent: true, calendar: true, always: true},
}

// EventInfo is an event as it is offered.
type EventInfo struct {
	Event  Event
	Urgent bool
}

// Events gives all of them in order.
func Events() []EventInfo {
	list := make([]EventInfo, len(kinds))
	for i, k := range kinds {
		list[i] = EventInfo{k.event, k.urgent}
	}
	return list
}

func kindOf(e Event) (kind, bool) {
	for _, k := range kinds {
		if k.event == e {
			return k, true
		}
	}
	return kind{event: e}, false
}

// awayFor is how much working time an agent may be away before it is told: the till sells on without it.
const awayFor = 30 * minute

// day is the unit of steps.
const day = 24 * time.Hour

// lessAndLess are the days left at which what runs out is told again, below the threshold that told it first.
var lessAndLess = []time.Duration{15 * day, 3 * day, day}

// Problem is one event of a till.
type Problem struct {
	Event Event `json:"-"`
	// Code names the cause: of a rule or a declared problem.
	Code string `json:"code"`
	// Step grows as it gets worse: 1 and more. 0 is what is half way there: it is told of nobody, counts where others have it, and
	// keeps a cause from ending.
	Step int `json:"step"`
	// Red is what stops the till, or will very soon.
	Red bool `json:"red,omitempty"`
	// Args are values for texts.
	Args map[string]string `json:"args,omitempty"`
}

var ofRule = map[light.Metric]Event{
	light.Silence: Silence, light.ShiftAge: Shift, light.OFDAge: OFDQueue, light.Autonomous: OFDQueue, light.Contract: OFDContract,
	light.FNTerm: FNTerm, light.FNRoom: FNRoom, light.ClockSkew: Clock, light.Certificate: Certificate,
}

var ofAspect = map[light.Aspect]Event{
	light.Unfinished: Unfinished, light.Device: Device, light.Shift: Shift, light.Flow: Silence, light.OFD: OFDLink, light.FN: FNFault,
	light.Clock: Clock, light.Agent: AgentFault,
}

// ofCode are declared problems that are not the usual event of their aspect.
var ofCode = map[string]Event{
	"needs_person": NeedsPerson, "candidates": NeedsPerson, "counter_back": NeedsPerson, "fn_replaced": NeedsPerson, "counters": NeedsPerson,
	"ofd_queue": OFDQueue, "fn_expiring": FNTerm, "fn_memory": FNRoom, "agent_twins": Conflict, "till_claimed": Conflict,
}

// untold are declared problems that nobody has to be told of: they stand on the page until somebody comes by.
var untold = map[string]bool{"ofd_other": true}

// problem is a reason of the traffic light as an event; false when it is none: what is grey is not known.
func problem(c light.Cell) (Problem, bool) {
	if c.Colour != light.Yellow && c.Colour != light.Red || untold[c.Code] {
		return Problem{}, false
	}
	p := Problem{Code: c.Code, Step: 1, Red: c.Colour == light.Red, Args: c.Args}
	if p.Red {
		p.Step = 2
	}
	if c.Rule == "" {
		if p.Event = ofCode[c.Code]; p.Event == "" {
			p.Event = ofAspect[c.Aspect]
		}
		return p, p.Event != ""
	}
	p.Event = ofRule[c.Rule]
	switch p.Event { //nolint:exhaustive // the others have the two steps of their colours
	case FNTerm, FNRoom, OFDContract:
		p.Step = 1
		for _, left := range lessAndLess {
			if c.Value < int64(left/time.Second) {
				p.Step++
			}
		}
	}
	return p, p.Event != ""
}
