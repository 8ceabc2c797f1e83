// Package policy does by itself what people want done whenever it is needed:
// go on printing when the paper is back, open the port anew when a till is
// silent, close the shift at night, set the clock while the shift is closed.
//
// The rules come from the cabinet with a version and are kept on disk: an agent
// that starts without the cabinet goes by the last ones. Whether a rule acts
// now is decided by a pure function ([Due]) out of the state of the till; what
// it does are the steps of package recovery and no others, with their
// preconditions. Every act is bounded: not sooner than [CoolDown] after the one
// before, not oftener than [PerDay] in a day, for each rule of each till, over
// restarts too. Every act leaves a record that names the rule.
//
// What it never does: cancel a document, send a receipt, reboot a device, or
// act on a till that is suspended, recovers, or has an operation whose fate is
// not known.
package policy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// Limits of what is done without a person.
const (
	CoolDown = 10 * time.Minute
	PerDay   = 6
)

// Names of rules, as the cabinet writes them.
const (
	FinishPrint = "finish_print"
	ReopenPort  = "reopen_port"
	CloseShift  = "close_shift"
	SyncClock   = "sync_clock"
)

// words name a rule in the record of what it did.
var words = map[string]string{
	FinishPrint: "правило «после бумаги продолжать печать»",
	ReopenPort:  "правило «после зависания переоткрыть порт»",
	CloseShift:  "правило «закрывать смену на ночь»",
	SyncClock:   "правило «подтягивать часы»",
}

// actions are what each rule does.
var actions = map[string]fiscalv1.Action{
	FinishPrint: fiscalv1.Action_ACTION_FINISH_PRINT, ReopenPort: fiscalv1.Action_ACTION_REOPEN_PORT,
	CloseShift: fiscalv1.Action_ACTION_CLOSE_SHIFT, SyncClock: fiscalv1.Action_ACTION_SYNC_CLOCK,
}

// lookEvery is how often tills are looked at.
const lookEvery = 5 * time.Second

// Options are what an Engine needs.
type Options struct {
	// File keeps the rules and when they acted.
	File string
	// States gives the tills as last seen.
	States func() []*fiscalv1.TillState
	// Act carries an action out and keeps its record under the name of a rule.
	Act func(ctx context.Context, rule, actor, till string, action fiscalv1.Action) (*fiscalv1.Run, error)
	// Finish tells a till whether to go on printing by itself when the paper is
	// back; nil leaves that to its configuration.
	Finish func(till string, on *bool)
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// Engine goes by the rules. Safe for concurrent use.
type Engine struct {
	o Options

	mu     sync.Mutex
	rules  *uplinkv1.Rules
	acted  map[string][]time.Time // by till and rule
	silent map[string]time.Time   // since when a till does not answer
	quiet  map[string]quiet
}

// quiet is since when a till has made no document, as far as we have seen.
type quiet struct {
	fd    uint32
	since time.Time
}

// kept is the file.
type kept struct {
	Rules json.RawMessage    `json:"rules"`
	Acted map[string][]int64 `json:"acted"`
}

// New makes an engine of the rules kept. A file that cannot be read is no
// rules: the cabinet gives them again.
func New(o Options) *Engine {
	if o.Now == nil {
		o.Now = time.Now
	}
	e := &Engine{o: o, rules: new(uplinkv1.Rules), acted: map[string][]time.Time{}, silent: map[string]time.Time{}, quiet: map[string]quiet{}}
	text, err := os.ReadFile(o.File)
	var k kept
	if err == nil {
		err = json.Unmarshal(text, &k)
	}
	if err == nil {
		err = protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(k.Rules, e.rules)
	}
	if err != nil {
		if !errors.Is(err, os.ErrNotExist) {
			o.Log.Error("rules cannot be read", "file", o.File, "error", err)
		}
		e.rules = new(uplinkv1.Rules)
	}
	for key, list := range k.Acted {
		for _, ms := range list {
			e.acted[key] = append(e.acted[key], time.UnixMilli(ms))
		}
	}
	e.tell()
	return e
}

// Version is that of the rules it goes by.
func (e *Engine) Version() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.rules.GetVersion()
}

// Take goes by other rules from now on, when they are on disk.
func (e *Engine) Take(rules *uplinkv1.Rules) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	before := e.rules
	e.rules = proto.CloneOf(rules)
	if err := e.save(); err != nil {
		e.rules = before
		return fmt.Errorf("keep rules: %w", err)
	}
	e.o.Log.Info("rules of the cabinet", "version", rules.GetVersion(), "tills", len(rules.GetTills()))
	e.tell()
	return nil
}

// tell passes on what the tills do themselves.
func (e *Engine) tell() {
	if e.o.Finish == nil {
		return
	}
	on := map[string]*bool{}
	for _, t := range e.rules.GetTills() {
		for _, r := range t.GetRules() {
			if r.GetName() == FinishPrint {
				on[t.GetTill()] = proto.Bool(r.GetOn())
			}
		}
	}
	for _, s := range e.o.States() {
		e.o.Finish(s.GetTill(), on[s.GetTill()])
	}
}

// save is called with the mutex held.
func (e *Engine) save() error {
	if e.o.File == "" {
		return nil
	}
	rules, err := protojson.Marshal(e.rules)
	if err != nil {
		return err
	}
	k := kept{Rules: rules, Acted: map[string][]int64{}}
	for key, list := range e.acted {
		for _, at := range list {
			k.Acted[key] = append(k.Acted[key], at.UnixMilli())
		}
	}
	text, err := json.Marshal(k)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(e.o.File), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(e.o.File), filepath.Base(e.o.File)+"-*") // made with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), e.o.File)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// Run looks at the tills until ctx ends.
func (e *Engine) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		e.Look(ctx)
	}
}

// Look looks once, and does what is due.
func (e *Engine) Look(ctx context.Context) {
	for _, s := range e.o.States() {
		for _, r := range e.dueOn(s) {
			e.act(ctx, r, s.GetTill())
		}
	}
}

// dueOn gives the rules that act on a till now, and notes that they do.
func (e *Engine) dueOn(s *fiscalv1.TillState) (due []string) {
	now := e.o.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	seen := e.see(s, now)
	for _, t := range e.rules.GetTills() {
		if t.GetTill() != s.GetTill() {
			continue
		}
		for _, r := range t.GetRules() {
			key := s.GetTill() + "\x00" + r.GetName()
			if !Due(r, s, seen, now) || !Rested(e.acted[key], now) {
				continue
			}
			if r.GetName() == FinishPrint {
				continue // the till does it between two operations, see Finished
			}
			e.note(key, now)
			due = append(due, r.GetName())
		}
	}
	return due
}

// see notes since when a till is silent and makes no documents.
func (e *Engine) see(s *fiscalv1.TillState, now time.Time) Seen {
	name := s.GetTill()
	if s.GetOnline() {
		delete(e.silent, name)
	} else if e.silent[name].IsZero() {
		e.silent[name] = now
	}
	if q, known := e.quiet[name]; !known || q.fd != s.GetLastFd() {
		e.quiet[name] = quiet{s.GetLastFd(), now}
	}
	seen := Seen{Quiet: now.Sub(e.quiet[name].since)}
	if since := e.silent[name]; !since.IsZero() {
		seen.Silent = now.Sub(since)
	}
	return seen
}

// note is called with the mutex held. An act that could not be written counts
// until the program ends.
func (e *Engine) note(key string, now time.Time) {
	list := e.acted[key][:0:0]
	for _, at := range e.acted[key] {
		if now.Sub(at) < 24*time.Hour {
			list = append(list, at)
		}
	}
	e.acted[key] = append(list, now)
	if err := e.save(); err != nil {
		e.o.Log.Error("an act of a rule is not noted", "error", err)
	}
}

func (e *Engine) act(ctx context.Context, rule, till string) {
	run, err := e.o.Act(ctx, rule, words[rule], till, actions[rule])
	e.o.Log.Info("a rule acted", "rule", rule, "till", till, "ok", run.GetOk(), "text", run.GetText(), "error", err)
}

// Finished hears that a till has finished printing by itself, or could not: it
// gives the words of the record when there is to be one.
func (e *Engine) Finished(till string) (rule, actor string, record bool) {
	now := e.o.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, t := range e.rules.GetTills() {
		for _, r := range t.GetRules() {
			if t.GetTill() != till || r.GetName() != FinishPrint || !r.GetOn() {
				continue
			}
			key := till + "\x00" + FinishPrint
			if !Rested(e.acted[key], now) {
				return "", "", false // printing goes on; its record is that of the first time
			}
			e.note(key, now)
			return FinishPrint, words[FinishPrint], true
		}
	}
	return "", "", false
}
