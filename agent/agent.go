package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"gopkg.in/natefinch/lumberjack.v2"

	"github.com/chekan-io/chekan/agent/internal/blackbox"
	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/discovery"
	"github.com/chekan-io/chekan/agent/internal/errand"
	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/agent/internal/metrics"
	"github.com/chekan-io/chekan/agent/internal/ofdlink"
	"github.com/chekan-io/chekan/agent/internal/policy"
	"github.com/chekan-io/chekan/agent/internal/pos"
	"github.com/chekan-io/chekan/agent/internal/recovery"
	"github.com/chekan-io/chekan/agent/internal/secret"
	"github.com/chekan-io/chekan/agent/internal/service"
	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/agent/internal/update"
	"github.com/chekan-io/chekan/agent/internal/uplink"
	"github.com/chekan-io/chekan/agent/internal/verdict"
	"github.com/chekan-io/chekan/drivers/wire"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// The agent holds little and makes little garbage; a smaller heap before each
// collection costs it nothing and leaves the memory to the shop's software.
const gcPercent = 50

// agent is the whole, for status.go.
type agent struct {
	cfg     config.Config
	log     *slog.Logger
	journal *journal.Journal
	fleet   *till.Fleet
	uplink  *uplink.Client
	updater *update.Updater
	broker  broker
	started time.Time
	level   *errand.Level
	anew    chan struct{} // somebody wants the agent started anew
	wished  *settings
	joined  chan struct{} // a code has made this agent a cabinet's
	desk    *discovery.Desk
	counts  metrics.Counts
}

// run is the agent from its start to its end. ready is called when the door is
// open. Parts begin from the journal outwards and end the other way round, so
// that whoever is told anything is told what is on disk.
func run(ctx context.Context, cfg config.Config, logTo io.Writer, ready func()) (err error) {
	debug.SetGCPercent(gcPercent)
	a := &agent{cfg: cfg, started: time.Now(), anew: make(chan struct{}, 1), joined: make(chan struct{}, 1)}
	if err := secret.Folder(cfg.Data); err != nil {
		return fmt.Errorf("папка данных: %w", err)
	}
	logFile := &lumberjack.Logger{Filename: filepath.Join(cfg.Data, "logs", "agent.log"), MaxSize: 10, MaxBackups: 5}
	defer logFile.Close()
	a.level = errand.OpenLevel(cfg.Data, cfg.LogLevel, nil)
	defer a.level.Close()
	a.log = newLog(a.level, logFile, logTo)
	a.log.Info("agent starts", "version", version, "data", cfg.Data)
	defer func() { a.log.Info("agent stops", "error", errText(err)) }()

	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	a.journal, err = journal.Open(ctx, journalDir(cfg), journal.Options{Log: a.log, Verify: journal.VerifyInChild(exe)})
	if errors.Is(err, journal.ErrLocked) {
		return fmt.Errorf("агент уже запущен с папкой данных %s: %w", cfg.Data, err)
	}
	if err != nil {
		return fmt.Errorf("журнал: %w", err)
	}
	defer func() { err = errors.Join(err, a.journal.Close()) }()

	roamer := a.discovery()
	tills, closeBoxes, err := a.tills(roamer)
	defer closeBoxes()
	if err != nil {
		return err
	}
	a.fleet, err = till.NewFleet(tills, a.journal, a.log)
	if err != nil {
		return fmt.Errorf("кассы: %w", err)
	}
	a.wished = newSettings(cfg, func() { a.uplink.StateChanged() })
	a.desk.Begin = a.wished.begin
	if cfg.Spoilt != nil {
		a.log.Error("settings of the cabinet do not hold", "error", cfg.Spoilt)
	}
	rules := a.rules()
	a.uplink = uplink.New(uplink.Options{
		Dir: cfg.Data, Cloud: cfg.Cloud, Version: version, Journal: a.journal, Tills: a.fleet,
		Problems: a.ownProblems, Bundle: a.bundleOf, Errands: a.errands(), Rules: rules, Settings: a.wished.report, Finds: a.desk.Told, Enrolled: a.enrolled,
		Ended: a.countRun, Log: a.log,
	})
	a.fleet.SetDesk(a.uplink)
	a.updater, err = update.New(update.Options{
		Data: cfg.Data, Version: version, Packaged: !update.Launched(), Settings: cfg.Update, Cabinet: a.uplink, Tills: a.fleet,
		Journal: update.Formats{Writes: journal.Format, Reads: [2]int{journal.OldestFormat, journal.Format}}, Log: a.log,
	})
	if err != nil {
		return fmt.Errorf("обновления: %w", err)
	}
	delivery := a.delivery()
	a.fleet.SetCourier(courier{delivery})
	token, err := readToken(cfg.Data)
	if err != nil {
		return fmt.Errorf("токен: %w", err)
	}
	page := verdict.New(a.fleet, a.journal, verdict.Options{
		Token: token, Tickets: a.openTickets, Problems: a.journalProblems, Finder: a.desk, Title: a.wished.title, Cabinet: a, Version: version, Log: a.log,
	})
	door, err := openDoor(ctx, cfg, page.Beside(pos.NewHandler(a.fleet, a.journal, a, pos.Options{
		Token: token, Origins: cfg.Origins, RequirePreflight: cfg.RequirePreflight, Hosts: ownHosts(cfg), Finder: a.desk, Log: a.log,
	})), a.log)
	if err != nil {
		return err
	}
	a.log.Info("door is open", "address", door.addr, "tills", len(tills))

	// The first of them to end, which none should, ends all: the service
	// manager begins the agent again.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var outside, inside sync.WaitGroup
	part := func(group *sync.WaitGroup, name string, f func(context.Context) error) {
		group.Go(func() {
			if err := f(ctx); err != nil && ctx.Err() == nil {
				cancel(fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	part(&inside, "tills", a.fleet.Run)
	part(&outside, "door", door.serve)
	part(&outside, "uplink", func(ctx context.Context) error { return a.uplink.Run(ctx, a.keepBroker) })
	part(&outside, "left code", a.uplink.UseLeftCode)
	part(&outside, "changes", a.passChanges)
	part(&outside, "first look", a.firstLook)
	part(&outside, "discovery", roamer.Run)
	part(&outside, "page", page.Run)
	part(&outside, "metrics", func(ctx context.Context) error { return metrics.Serve(ctx, cfg.Metrics, a.page, a.log) })
	part(&outside, "delivery", delivery.Run)
	part(&outside, "documents", func(ctx context.Context) error { return a.tellDelivery(ctx, delivery) })
	part(&outside, "update", a.updater.Run)
	part(&outside, "rules", rules.Run)
	ready()
	select {
	case <-ctx.Done():
	case <-a.anew:
		cancel(service.ErrRestart)
	}
	// The tills finish or park what they are at; whoever waits at the door
	// hears of it; then the door closes.
	inside.Wait()
	door.close(context.WithoutCancel(ctx))
	outside.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

func journalDir(cfg config.Config) string { return filepath.Join(cfg.Data, "journal") }

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// newLog writes a rotating file of JSON, and text for whoever watches.
func newLog(level slog.Leveler, file, watcher io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	return slog.New(slog.NewMultiHandler(slog.NewJSONHandler(file, o), slog.NewTextHandler(watcher, o)))
}

// tills makes the devices of the configuration, each with its black box. A
// till without a black box works: the disk may be full.
func (a *agent) tills(roamer *discovery.Roamer) (out []till.Config, closeBoxes func(), err error) {
	var boxes []*blackbox.Ring
	closeBoxes = func() {
		for _, b := range boxes {
			_ = b.Close()
		}
	}
	for _, t := range a.cfg.Tills {
		if t.Exclude {
			a.log.Warn("till is excluded by the configuration", "till", t.Name)
			continue
		}
		var tap wire.Tap
		var events func(string)
		box, err := blackbox.Open(boxFile(a.cfg, t.Name), blackbox.DefaultSize)
		if err != nil {
			a.log.Warn("no black box", "till", t.Name, "error", err)
		} else {
			boxes = append(boxes, box)
			box.Note("agent " + version + " starts, wire " + t.Wire)
			events = box.Note
			tap = func(dir wire.Dir, b []byte) {
				if dir == wire.Out {
					box.Write(blackbox.Out, b)
				} else {
					box.Write(blackbox.In, b)
				}
			}
		}
		tap, events = a.counted(t.Name, tap, events)
		device, err := till.OpenDevice(till.Wiring{
			Driver: t.Driver, Wire: t.Wire, Route: roamer.Cable(t.Name), Link: t.Link, Password: t.Password, CashierPassword: t.CashierPassword,
			Printer: t.Printer, Profile: t.Profile, Memory: memoryFile(a.cfg, t.Name), Tap: tap, Events: events, Log: a.log.With("till", t.Name),
		})
		if err != nil {
			return nil, closeBoxes, fmt.Errorf("касса %q: %w", t.Name, err)
		}
		out = append(out, till.Config{Name: t.Name, Driver: t.Driver, AskToFinish: t.FinishPrint == config.FinishPrintAsk, Marks: t.Marks, Device: device, Cable: roamer.Cable(t.Name), Events: events, Suspension: filepath.Join(a.cfg.Data, "tills", t.Name+".suspended")})
	}
	return out, closeBoxes, nil
}

// enrolled hears that the agent has come to a cabinet.
func (a *agent) enrolled() {
	select {
	case a.joined <- struct{}{}:
	default: // it has been noticed
	}
}

// firstLook looks for devices when the agent has just been enrolled: whoever
// did that connects a till now, and sees in the cabinet what is there.
func (a *agent) firstLook(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-a.joined:
		}
		if said, err := a.desk.Look(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("devices not looked for", "error", err)
		} else if err == nil {
			a.log.Info("devices looked for", "said", said)
		}
	}
}

// discovery looks for tills: for whoever asks, and for those that are lost.
func (a *agent) discovery() *discovery.Roamer {
	var roamer *discovery.Roamer
	finder := discovery.New(discovery.Options{
		Discovery: a.cfg.Discovery, Log: a.log,
		Claims: func() []discovery.Claim { return roamer.Claims() },
		States: func() []*fiscalv1.TillState { return a.fleet.States() },
	})
	roamer = discovery.NewRoamer(a.cfg.Data, a.cfg.Tills, finder, a.log)
	a.desk = &discovery.Desk{Finder: finder, Config: a.cfg, Restart: a.restart, Changed: func() { a.uplink.StateChanged() }, Log: a.log}
	return roamer
}

// memoryFile is where a driver keeps what its devices cannot remember.
func memoryFile(cfg config.Config, till string) string {
	return filepath.Join(cfg.Data, "tills", till+".memory")
}

// delivery carries documents to operators for the tills that leave it to us. A
// directory of operators that cannot be read is worth a complaint, not a stop.
func (a *agent) delivery() *ofdlink.Link {
	directory, err := ofdlink.LoadDirectory(filepath.Join(a.cfg.Data, ofdlink.DirectoryFile))
	if err != nil {
		a.log.Error("directory of operators", "error", err)
	}
	settings := map[string]string{}
	for _, t := range a.cfg.Tills {
		settings[t.Name] = t.Delivery()
	}
	return ofdlink.New(ofdlink.Options{
		Tills: a.fleet, Settings: settings, Directory: directory, Log: a.log,
		Changed: func(s ofdlink.State) {
			a.fleet.SetDelivery(s.Till, till.Delivery{State: s.Proto(), Problems: s.Problems(time.Now())})
		},
	})
}

// rules are what the agent may do by itself, as the cabinet's people want it.
func (a *agent) rules() *policy.Engine {
	e := policy.New(policy.Options{
		File: filepath.Join(a.cfg.Data, "rules.json"), States: a.fleet.States, Finish: a.fleet.SetFinish, Log: a.log,
		Act: func(ctx context.Context, rule, actor, till string, action fiscalv1.Action) (*fiscalv1.Run, error) {
			return a.uplink.ActByRule(ctx, rule, actor, till, action)
		},
	})
	a.fleet.OnFinished(func(name string, began time.Time, ok bool) {
		rule, actor, record := e.Finished(name)
		if !record {
			return
		}
		step := &fiscalv1.Step{
			Code: "finish_print", Title: "Продолжить печать", BeganMs: began.UnixMilli(), EndedMs: time.Now().UnixMilli(),
			State: fiscalv1.StepState_STEP_STATE_DONE, Result: "Документ допечатан.",
		}
		if !ok {
			step.State, step.Result = fiscalv1.StepState_STEP_STATE_FAILED, "Касса не продолжила печать."
		}
		a.uplink.NoteAct(&fiscalv1.Run{
			Till: name, Action: fiscalv1.Action_ACTION_FINISH_PRINT, Actor: actor, Rule: rule, Ok: ok, Text: step.GetResult(), Steps: []*fiscalv1.Step{step},
		})
	})
	return e
}

// courier carries documents when a person asks for it.
type courier struct{ link *ofdlink.Link }

// Resend implements till.Courier.
func (c courier) Resend(ctx context.Context, name string) (string, error) {
	said, err := c.link.Resend(ctx, name)
	if errors.Is(err, ofdlink.ErrNothingWaits) {
		err = recovery.ErrNotNeeded
	}
	return said, err
}

// tellDelivery says of every new document that there is one.
func (a *agent) tellDelivery(ctx context.Context, delivery *ofdlink.Link) error {
	changes, stop := a.fleet.Watch()
	defer stop()
	last := map[string]uint32{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case c := <-changes:
			if s := c.State; s != nil && s.GetLastFd() != last[s.GetTill()] {
				last[s.GetTill()] = s.GetLastFd()
				delivery.News(s.GetTill())
			}
		}
	}
}

func boxFile(cfg config.Config, till string) string {
	return filepath.Join(cfg.Data, "blackbox", till+".wire")
}
