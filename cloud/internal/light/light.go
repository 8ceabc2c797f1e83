// Package light says how a till is: the traffic light of the cabinet. It is
// pure: facts, thresholds and a time come in, cells come out.
//
// # Aspects
//
// A till is looked at from eight sides ([Aspects]): shift, flow of documents,
// delivery to the operator, fiscal memory, device and paper, agent, unfinished
// documents, clock. Each is a [Cell] with a colour of its own, and every cell
// that is not green answers three questions: what happened; since when, and by
// whose threshold; what to do. The till's colour is the worst of them.
//
// # Grey
//
// What a silent agent said long ago says nothing about now, so its cells turn
// grey: a dead agent must not leave its tills green. What the calendar alone
// decides, such as the term of the fiscal memory, stays in its colour.
//
// # Rules
//
// A rule ([Rules]) is one number with two limits: from the first on the cell is
// yellow, from the second on red. Limits are set for the organisation, a
// department, an outlet or a till; the nearest to the till holds, and the cell
// says whose it is.
// A number that has crossed a limit has to come back by a band before the
// colour follows, so that a till on the edge does not flicker.
//
// What the device itself refuses (no paper, memory blocked) has no threshold:
// it comes as a declared problem of the agent and keeps the agent's severity.
//
// # What it does not do
//
// It reads no database and no clock, and tells nobody: package fleet gathers
// the facts, package notify sends.
package light

import (
	"slices"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// Colour of a cell or a till. The order is that of attention: the greater the
// sooner a person should look.
type Colour uint8

// Colours.
const (
	Green Colour = iota
	Grey
	Yellow
	Red
)

// Aspect is a side a till is looked at from.
type Aspect uint8

// Aspects, in the order in which people read them.
const (
	Unfinished Aspect = iota + 1
	Device
	Shift
	Flow
	OFD
	FN
	Clock
	Agent
)

// Aspects gives all of them in order.
func Aspects() []Aspect { return []Aspect{Unfinished, Device, Shift, Flow, OFD, FN, Clock, Agent} }

// Facts are what the cabinet knows of a till. Civil times are the shop's own,
// written as if they were UTC: differences between them are right, their zone
// means nothing.
type Facts struct {
	// Now is the cabinet's clock.
	Now time.Time
	// Fresh says that agent and state were heard of lately enough to speak of now.
	Fresh bool
	// Heard is the last sign of life of the agent, Reported that of the till; zero: never.
	Heard, Reported time.Time
	// State as the agent last told it; never nil.
	State *fiscalv1.TillState
	// Agent are the problems of the agent itself.
	Agent []*fiscalv1.Problem
	// CertificateUntil ends the agent's identity; zero: not known.
	CertificateUntil time.Time
	// ShiftOpened is when the open shift began, civil; zero: closed or not known.
	ShiftOpened time.Time
	// Contract is the last day of the contract with the operator, civil; zero: not known.
	Contract time.Time
	// Room is how many documents the fiscal memory can still take, Rate how many it
	// takes a day of late; zero: not known.
	Room, Rate float64
	// Autonomous is since when a till in Kazakhstan works without its operator; zero: it does not.
	Autonomous time.Time
	// Hours are the shop's working hours: silence counts in them only.
	Hours Hours
}

// Hours are the same part of every day, minutes since midnight. Equal: the
// whole day.
type Hours struct{ From, To int }

// Cell is one aspect of a till.
type Cell struct {
	Aspect Aspect
	Colour Colour
	// Code is stable: of a rule, of a declared problem, or "stale". Empty when green.
	Code string
	// Text says what happened, Todo what to do, in Russian; Args are the values in
	// them, for texts in other languages.
	Text, Todo string
	Args       map[string]string
	// Since when it is so; zero: not known.
	Since time.Time
	// Rule is the rule that decided, with its number and the limit it crossed; empty
	// when none did.
	Rule         Metric
	Value, Limit int64
	// Of is whose limit it is, OfName what that node is called; empty for the organisation.
	Of     Level
	OfName string
}

// Look gives the cells of a till, one for each aspect, in order. before are the
// cells as they were last shown, for the band; nil at first.
func Look(f Facts, limits Limits, before []Cell) []Cell {
	return Cells(Reasons(f, limits, before))
}

// Cells gives the cell of each aspect: the worst of its reasons, green without one.
func Cells(reasons []Cell) []Cell {
	cells := make([]Cell, 0, len(Aspects()))
	for _, aspect := range Aspects() {
		worst := Cell{Aspect: aspect}
		for _, c := range reasons {
			if c.Aspect == aspect && c.Colour > worst.Colour {
				worst = c
			}
		}
		cells = append(cells, worst)
	}
	return cells
}

// Reasons gives everything that is not green about a till, by aspect: of two things wrong with one aspect a cell shows the worse, and
// a reader who tells people of each wants both. The first of an aspect's worst colour is its cell.
func Reasons(f Facts, limits Limits, before []Cell) []Cell {
	var all []Cell
	for _, aspect := range Aspects() {
		was := slices.IndexFunc(before, func(c Cell) bool { return c.Aspect == aspect })
		var last Cell
		if was >= 0 {
			last = before[was]
		}
		all = append(all, reasons(f, aspect, limits, last)...)
	}
	return all
}

func reasons(f Facts, aspect Aspect, limits Limits, last Cell) (list []Cell) {
	take := func(c Cell) {
		if c.Colour > Green {
			c.Aspect = aspect
			list = append(list, c)
		}
	}
	switch {
	case f.Fresh:
		for _, p := range f.State.GetProblems() {
			if aspectOf(p.GetCode()) == aspect && !measured(f, p.GetCode()) {
				take(declared(p))
			}
		}
	case aspect != Agent:
		take(stale(f))
	}
	if aspect == Agent {
		take(silent(f))
		for _, p := range f.Agent {
			take(declared(p))
		}
	}
	for i := range rules {
		r := &rules[i]
		if r.Aspect != aspect || !f.Fresh && !r.calendar {
			continue
		}
		value, known := r.measure(f)
		if !known {
			continue
		}
		take(r.judge(f, value, limits, last))
	}
	return list
}

// Worst is the colour of a till: of its cells, the one that needs a person most.
func Worst(cells []Cell) Colour {
	worst := Green
	for _, c := range cells {
		worst = max(worst, c.Colour)
	}
	return worst
}

// silent is the agent's own cell while it is away.
func silent(f Facts) Cell {
	if f.Fresh {
		return Cell{}
	}
	if f.Heard.IsZero() {
		return Cell{Colour: Grey, Code: "never", Text: "Агент ещё не выходил на связь.", Todo: "Проверьте, что служба агента запущена: chekan-agent status."}
	}
	return Cell{
		Colour: Grey, Code: "away", Since: f.Heard, Text: "Агент не на связи.",
		Todo: "Проверьте интернет и питание компьютера с агентом. Продажам это не мешает: всё дойдёт, когда связь вернётся.",
	}
}

// stale is every other cell while nothing fresh is known.
func stale(f Facts) Cell {
	return Cell{Colour: Grey, Code: "stale", Since: f.Reported, Text: "Свежих данных нет.", Todo: "Данные появятся, когда агент выйдет на связь."}
}

// declared is a problem of the agent as a cell.
func declared(p *fiscalv1.Problem) Cell {
	c := Cell{Code: p.GetCode(), Text: p.GetText(), Todo: p.GetTodo(), Args: p.GetArgs()}
	if p.GetSinceMs() != 0 {
		c.Since = time.UnixMilli(p.GetSinceMs())
	}
	switch s := p.GetSeverity(); {
	case s >= fiscalv1.Severity_SEVERITY_CRITICAL: // or a severity of tomorrow
		c.Colour = Red
	case s == fiscalv1.Severity_SEVERITY_WARNING:
		c.Colour = Yellow
	}
	return c
}

// aspects of the problems agents declare; what is not here is of the device.
var aspects = map[string]Aspect{
	"unfinished": Unfinished, "needs_person": Unfinished, "counter_back": Unfinished, "candidates": Unfinished, "counters": Unfinished,
	"fn_replaced": Unfinished, "foreign_open": Unfinished, "open_document": Unfinished, "foreign_document": Unfinished,
	"possible_duplicate": Unfinished, "not_fiscalised": Unfinished,

	"shift_expired": Shift, "shift_closed": Shift, "shift_open": Shift,

	"ofd_queue": OFD, "ofd_dns": OFD, "ofd_refused": OFD, "ofd_unreachable": OFD, "ofd_silent": OFD, "ofd_dropped": OFD, "ofd_wrong_answer": OFD,
	"ofd_unknown": OFD, "ofd_till": OFD, "ofd_own_link": OFD, "ofd_format": OFD, "ofd_notice": OFD, "ofd_answer": OFD, "ofd_other": OFD,

	"fn": FN, "fn_blocked": FN, "fn_expiring": FN,

	"clock": Clock, "clock_skew": Clock,

	"journal": Agent, "journal_full": Agent, "stopping": Agent, "agent_twins": Agent, "till_claimed": Agent,
}

func aspectOf(code string) Aspect {
	if a, ok := aspects[code]; ok {
		return a
	}
	return Device
}

// superseded are problems the agent declares by limits of its own: where the
// cabinet has the number, the cabinet's rule speaks.
var superseded = map[string]Metric{"ofd_queue": OFDAge, "fn_expiring": FNTerm, "clock_skew": ClockSkew}

func measured(f Facts, code string) bool {
	metric, ok := superseded[code]
	if !ok {
		return false
	}
	for i := range rules {
		if r := &rules[i]; r.Metric == metric {
			_, known := r.measure(f)
			return known
		}
	}
	return false
}
