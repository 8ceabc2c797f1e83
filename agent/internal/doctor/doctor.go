// Package doctor looks at everything that a till's day depends on and says, in
// one sentence each, what is so and how to mend it.
//
// A check has a stable code and one subject ([Checks]); it reads facts from an
// [Exam] and gives findings. Facts come from outside the running agent where
// they can (files, ports, the network), because the agent may be the patient,
// and from the agent where only it knows (the till, its journal). What a check
// has no facts for it calls skipped and says why; it never guesses.
//
// Bad is what stops work or endangers the record; a warning is what will, or
// what slows. Checks that need the agent say so once when it does not answer.
//
// What it does not do: nothing is repaired, no byte is sent to a till's port,
// and nothing of a sale is read. A till is asked through the agent, which has
// the port.
package doctor

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/network"
	"github.com/chekan-io/chekan/agent/internal/uplink"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

// Verdict of one check.
type Verdict string

// Verdicts.
const (
	Good    Verdict = "ok"
	Warning Verdict = "warning"
	Bad     Verdict = "bad"
	Skipped Verdict = "skipped"
)

// Finding is what one check says: what is so, and how to fix it.
type Finding struct {
	Code    string  `json:"code"`
	Verdict Verdict `json:"verdict"`
	Text    string  `json:"text"`
	Todo    string  `json:"todo,omitempty"`
}

// Agent is the running agent, asked through its door.
type Agent interface {
	// Address is where it answers.
	Address() string
	Status(ctx context.Context) (*posv1.AgentStatusResponse, error)
	CheckJournal(ctx context.Context) (*posv1.CheckJournalResponse, error)
	// Till reads a till anew.
	Till(ctx context.Context, name string) (*fiscalv1.TillState, error)
}

// Exam is what the checks know. What is nil is asked of the real world.
type Exam struct {
	// ConfigPath is the file; ConfigError is why it could not be read.
	ConfigPath  string
	Config      config.Config
	ConfigError error
	// Version is that of this program.
	Version string
	// Service tells the state of the service: one of package service.
	Service func() (string, error)
	// Connect finds the running agent; an error says in Russian why not.
	Connect func(config.Config) (Agent, error)
	// Computer is this computer.
	Computer Computer
	// Network is how the world is reached.
	Network network.Options
	// Firmware is the list of what is known of tills.
	Firmware *Firmware
	// Now is the computer's clock.
	Now func() time.Time

	check    string // code of the check going on
	found    []Finding
	agent    Agent
	status   *posv1.AgentStatusResponse // nil when the agent does not answer
	tills    []tillSeen
	identity *uplink.Identity
	ways     func() map[string][]network.Step // by target; found once
}

// tillSeen is a till of the configuration as the agent has just read it.
type tillSeen struct {
	config.Till

	state *fiscalv1.TillState // nil when it was not read
	err   error
}

// Check is one thing looked at.
type Check struct {
	// Code is stable: scripts and the cabinet know it.
	Code string
	// Subject names it in a list.
	Subject string

	do func(*Exam, context.Context)
}

// Checks are done in this order. Without the first, that the configuration
// reads, nothing is known and the others are left out.
func Checks() []Check {
	return []Check{
		{"config", "файл настроек", (*Exam).config},
		{"service", "служба", (*Exam).service},
		{"agent", "агент отвечает", (*Exam).answers},
		{"data", "папка данных", (*Exam).dataFolder},
		{"filesystem", "файловая система", (*Exam).filesystem},
		{"disk", "место на диске", (*Exam).disk},
		{"durability", "запись на диск", (*Exam).durability},
		{"token", "токен кассовой программы", (*Exam).token},
		{"listen", "кто может обращаться к агенту", (*Exam).listen},
		{"metrics", "метрики", (*Exam).metrics},
		{"memory", "память компьютера", (*Exam).memory},
		{"clock", "часы компьютера", (*Exam).clock},
		{"journal", "журнал", (*Exam).journal},
		{"tills", "список касс", (*Exam).listed},
		{"wire", "порт кассы есть", (*Exam).wires},
		{"wire_rights", "права на порт", (*Exam).wireRights},
		{"wire_owner", "другая программа на порту", (*Exam).wireOwner},
		{"till", "касса отвечает", (*Exam).till},
		{"model", "модель и прошивка", (*Exam).model},
		{"paper", "бумага", (*Exam).paper},
		{"fn_state", "фискальный накопитель", (*Exam).fnState},
		{"fn_term", "срок накопителя", (*Exam).fnTerm},
		{"fn_memory", "память накопителя", (*Exam).fnMemory},
		{"unsent", "непереданные документы", (*Exam).unsent},
		{"clock_till", "часы кассы", (*Exam).clockTill},
		{"till_problem", "прочее о кассе", (*Exam).tillProblems},
		{"identity", "ключ агента", (*Exam).who}, // before whoever goes out into the network by it
		{"certificate", "сертификат агента", (*Exam).certificate},
		{"ofd", "операторы фискальных данных", (*Exam).ofd},
		{"cabinet", "кабинет", (*Exam).cabinet},
		{"agents_door", "вход агентов в кабинет", (*Exam).agentsDoor},
		{"broker", "брокер команд", (*Exam).broker},
		{"clock_cabinet", "часы кабинета", (*Exam).clockCabinet},
		{"outbox", "очередь в кабинет", (*Exam).outbox},
		{"updates", "обновления", (*Exam).updates},
		{"agent_problem", "прочее об агенте", (*Exam).agentProblems},
	}
}

// Examine does all checks.
func (e *Exam) Examine(ctx context.Context) []Finding {
	if e.Now == nil {
		e.Now = time.Now
	}
	if e.Computer == nil {
		e.Computer = thisComputer{}
	}
	if e.Firmware == nil {
		e.Firmware = KnownFirmware()
	}
	e.found = nil
	e.ways = sync.OnceValue(func() map[string][]network.Step { return e.walk(ctx) })
	for _, c := range Checks() {
		e.check = c.Code
		c.do(e, ctx)
		if e.ConfigError != nil {
			break
		}
	}
	return e.found
}

// Works tells whether nothing found is bad.
func Works(list []Finding) bool {
	for _, f := range list {
		if f.Verdict == Bad {
			return false
		}
	}
	return true
}

func (e *Exam) add(v Verdict, todo, format string, args ...any) {
	if v == Good {
		todo = ""
	}
	e.found = append(e.found, Finding{e.check, v, fmt.Sprintf(format, args...), todo})
}

func (e *Exam) good(format string, args ...any) { e.add(Good, "", format, args...) }

func (e *Exam) skip(format string, args ...any) { e.add(Skipped, "", format, args...) }

func (e *Exam) config(context.Context) {
	if e.ConfigError != nil {
		e.add(Bad, "Исправьте файл и проверьте его: chekan-agent config check", "Файл настроек: %v.", e.ConfigError)
		return
	}
	e.good("Файл настроек %s читается, касс: %d.", e.ConfigPath, len(e.Config.Tills))
}
