// Package uplink carries the outbox of the journal to the cabinet and the
// cabinet's commands to the tills, over Connect with mutual TLS.
//
// # What it promises
//
// What the journal holds reaches the cabinet in order and, repeated or not, is
// there once: batches are acknowledged by cursor after they are durable, the
// cursor moves only then, and a batch sent again changes nothing. A command
// begins at most once: the journal knows its id durably before the till hears
// of it. A command cut off by a restart is reported as interrupted, never as
// done, and never begun again.
//
// # What it never does
//
// Slow a till. The tills know nothing of this package; they write the journal
// and are read through [Tills]. Every call here has a deadline, every loop its
// own backoff (1 to 60 seconds with jitter, cut short when the network or the
// broker comes back), and a loop that panics is logged and begun again.
//
// # Loops
//
// While the agent is enrolled: push (Hello, then batches), copies (documents as the fiscal memories store them), state (newest state
// of the tills, at most once a second and at least once a minute), commands
// (a long poll, and a short one beside it at every wake-up), runs (steps of commands, until the
// cabinet has their end), renewal of the certificate between a third and two
// thirds of its life, tickets, and the newest report of a crash test, when there is one.
//
// # Who speaks
//
// The certificate says which agent; every call says which start of the program,
// and every hello shows the token that the cabinet gave at the last one. So the
// cabinet tells a copied disk from a restart. A program that it shuts out,
// because it was revoked or another speaks as this agent, says so in Problems,
// asks once a minute whether that has changed, and serves its tills as before.
//
// # Consent
//
// A command that asks for consent is not begun: its plan is durable as asked
// about, the person at the till is asked (Tills.Ask), and only his yes, durable
// too, lets it begin. After a restart he is asked again within the same time.
package uplink

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/agent/internal/journal"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/gen/uplink/v1/uplinkv1connect"
)

// Capability is what this agent understands; docs/architecture.md keeps its
// history.
const Capability = 7

const (
	callTimeout = 30 * time.Second
	// maxAnswer bounds what the cabinet may make us hold.
	maxAnswer = 4 << 20
)

// Journal is what the uplink needs of the agent's memory; *journal.Journal is
// one.
type Journal interface {
	ID() string
	Outbox(ctx context.Context, after uint64, limit int) ([]journal.Entry, error)
	Acked() uint64
	Ack(cursor uint64) error
	Backlog() (n uint64, oldest time.Time)
	OutboxSignal() <-chan struct{}
	Execution(id string) (*journalv1.Execution, error)
	BeginExecution(ctx context.Context, exec *journalv1.Execution) (bool, error)
	SaveExecution(ctx context.Context, exec *journalv1.Execution) error
	Unreported() ([]*journalv1.Execution, error)
}

var _ Journal = (*journal.Journal)(nil)

// Tills is what the uplink needs of the tills.
type Tills interface {
	States() []*fiscalv1.TillState
	// Act runs an action and returns the ended run; report hears every step.
	Act(ctx context.Context, id, till string, action fiscalv1.Action, report func(*fiscalv1.Run)) (*fiscalv1.Run, error)
	// Resolve is Act for the decision of a person.
	Resolve(ctx context.Context, id, till, decider string, d *fiscalv1.Decision, report func(*fiscalv1.Run)) (*fiscalv1.Run, error)
	// Suspend is Act for ACTION_SUSPEND: by is who wants it, reason why.
	Suspend(ctx context.Context, id, till, by, reason string, report func(*fiscalv1.Run)) (*fiscalv1.Run, error)
	// Ask shows a run to the person at the till and waits for his word until the
	// time given; an error means that he was not asked to the end.
	Ask(ctx context.Context, run *fiscalv1.Run, until time.Time) (fiscalv1.Consent, error)
	// Plans tells what each action would do.
	Plans() []*fiscalv1.Run
	// Copies reads up to limit documents of the fiscal memories behind those the cabinet has.
	Copies(ctx context.Context, have map[string]uint32, limit int) []*uplinkv1.DocumentCopy
}

// Errands are the actions of the agent itself, see package errand.
type Errands interface {
	Plans() []*fiscalv1.Run
	Knows(action fiscalv1.Action) bool
	// Do carries one out. save makes its run durable and tells it; give sends a
	// bundle. An error that is ErrNotOver leaves the run open: Resume ends it
	// after the restart.
	Do(ctx context.Context, cmd *uplinkv1.Command, report func(*fiscalv1.Run), save func(context.Context, *fiscalv1.Run) error,
		give func(ctx context.Context, zip []byte) error) (*fiscalv1.Run, error)
	// Resume ends a run that a restart cut off, when that is what was asked for.
	Resume(run *fiscalv1.Run) bool
}

// Options are what a Client needs.
type Options struct {
	// Dir is the data folder; the identity lives under it.
	Dir string
	// Cloud is the configured address, for Enroll without one.
	Cloud string
	// Version and Host tell the cabinet who speaks.
	Version, Host string
	// Journal is the memory.
	Journal Journal
	// Tills are the tills.
	Tills Tills
	// Settings tells what holds of what may be changed from the cabinet; nil tells
	// nothing.
	Settings func() []*fiscalv1.SettingsReport
	// Finds tells of the last search for devices since the start; nil, or no
	// search, tells nothing.
	Finds func() (*fiscalv1.Search, []*fiscalv1.Stranger)
	// Enrolled hears that a code has made this agent another one; may be nil. It
	// must not block.
	Enrolled func()
	// Bundle makes the redacted file of a ticket about a run, and the run as it may
	// leave the shop; nil makes tickets without a file.
	Bundle func(ctx context.Context, run *fiscalv1.Run) (zip []byte, clean *fiscalv1.Run, err error)
	// Errands are what can be asked of the agent itself; nil is nothing.
	Errands Errands
	// Rules are what the agent may do by itself; nil knows none.
	Rules Rules
	// Ended hears of every command that has been carried out; may be nil.
	Ended func(run *fiscalv1.Run)
	// Problems are those of the agent itself, beside the uplink's own; may be nil.
	Problems func() []*fiscalv1.Problem
	// Log hears of the line going up and down, and of commands.
	Log *slog.Logger
}

// Client is the agent's end of the line.
type Client struct {
	o         Options
	link      link
	enrolling sync.Mutex

	program  *program
	gate     gate
	renewing renewing

	identity atomic.Pointer[Identity]
	changed  chan struct{} // the identity is another agent's: begin anew

	offset  atomic.Int64  // cabinet clock less ours, ns
	refused atomic.Uint64 // entries the cabinet will not take

	stateChanged chan struct{}
	woken        chan struct{}
	updates      chan struct{} // an offer of a version is worth asking for

	current atomic.Pointer[session] // of the life now; nil between lives

	runs    runs
	tickets tickets
}

// New makes a client of the identity kept in the data folder, if there is one.
// A damaged identity is told in Problems; the agent works on without a cabinet.
func New(o Options) *Client {
	c := &Client{
		o: o, changed: make(chan struct{}, 1), stateChanged: make(chan struct{}, 1), woken: make(chan struct{}, 1),
		updates: make(chan struct{}, 1),
	}
	c.link.init()
	c.gate.init()
	c.renewing.init()
	c.runs.init()
	sweep(o.Dir)
	c.program = openProgram(o.Dir)
	c.tickets.load(filepath.Join(o.Dir, ticketsDir), o.Log)
	if o.Host == "" {
		c.o.Host, _ = os.Hostname() // only shown to people
	}
	id, err := LoadIdentity(o.Dir)
	switch {
	case err == nil:
		c.identity.Store(id)
	case err != ErrNoIdentity: //nolint:errorlint // LoadIdentity returns it bare
		o.Log.Error("identity is unreadable, enrol again", "error", err)
		c.link.badIdentity.Store(true)
	}
	return c
}

// Identity is who we are now; nil before enrolment.
func (c *Client) Identity() *Identity { return c.identity.Load() }

// become changes who we are.
func (c *Client) become(id *Identity) {
	c.identity.Store(id)
	c.link.badIdentity.Store(false)
	signal(c.changed)
}

// StateChanged says that a till's state is another one; it is reported soon.
func (c *Client) StateChanged() {
	c.tickets.look(c.o.Tills.States())
	signal(c.stateChanged)
}

// Wake has commands fetched now; the broker's wake-up calls it.
func (c *Client) Wake() {
	signal(c.woken)
	signal(c.updates)
	c.link.kick()
}

// signal leaves word in a channel of capacity one.
func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// now is the cabinet's clock as far as we know it.
func (c *Client) now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

// Run keeps the line until ctx ends. While the agent is not enrolled it waits.
// enrolled, if not nil, runs beside the loops with the same identity (the
// broker's client) and ends when its context does.
func (c *Client) Run(ctx context.Context, enrolled func(ctx context.Context, id *Identity)) error {
	for ctx.Err() == nil {
		id := c.Identity()
		if id == nil {
			select {
			case <-ctx.Done():
			case <-c.changed:
			}
			continue
		}
		c.life(ctx, ctx, id, enrolled)
	}
	return nil
}

// life runs the loops as one agent, until ctx ends or we become another.
func (c *Client) life(running, ctx context.Context, id *Identity, enrolled func(context.Context, *Identity)) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := transport(c.TLS(id.UplinkURL))
	defer t.CloseIdleConnections()
	s := &session{Client: c, agentID: id.AgentID, transport: t, http: httpClient(t), running: running}
	s.rpc = uplinkv1connect.NewUplinkServiceClient(s.http, id.UplinkURL, connect.WithReadMaxBytes(maxAnswer), connect.WithInterceptors(c.introduce()))
	c.gate.set(false, false)
	c.current.Store(s)
	defer c.current.Store(nil)
	var all sync.WaitGroup
	loop := func(name string, f func(context.Context)) {
		all.Go(func() { c.supervise(ctx, name, f) })
	}
	loop("push", s.pushLoop)
	loop("copies", s.copyLoop)
	loop("state", s.stateLoop)
	loop("commands", s.commandLoop)
	loop("wake-ups", s.wakeLoop)
	loop("runs", s.runsLoop)
	loop("renewal", s.renewLoop)
	loop("certificates", s.certificateLoop)
	loop("tickets", s.ticketLoop)
	loop("network", s.networkLoop)
	if enrolled != nil {
		loop("broker", func(ctx context.Context) {
			c.whileAdmitted(ctx, func(ctx context.Context) { enrolled(ctx, id) })
		})
	}
	select {
	case <-ctx.Done():
	case <-c.changed:
		c.o.Log.Info("another key, beginning anew")
	}
	cancel()
	all.Wait()
}

// session is a life's connection.
type session struct {
	*Client
	agentID   string
	rpc       uplinkv1connect.UplinkServiceClient
	transport interface{ CloseIdleConnections() }
	http      *http.Client
	copied    copied
	// running is the context of commands: they outlive this connection and
	// this identity, but not Run.
	running context.Context
}

// supervise runs a loop until ctx ends, again after a panic: what a cabinet
// sends must not take the tills down with it.
func (c *Client) supervise(ctx context.Context, name string, f func(context.Context)) {
	for ctx.Err() == nil {
		func() {
			defer func() {
				if p := recover(); p != nil {
					c.o.Log.Error("uplink loop panicked", "loop", name, "panic", p, "stack", string(debug.Stack()))
				}
			}()
			f(ctx)
		}()
		if !pause(ctx, backoffMax/4, nil) {
			return
		}
	}
}

// pause waits d, or less when cut is closed or ready; false when ctx ended.
func pause(ctx context.Context, d time.Duration, cut <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-cut:
	}
	return ctx.Err() == nil
}
