// Package ofdlink carries documents from tills to the operators of fiscal data
// (ОФД) and the operators' answers back, for tills that cannot do it themselves:
// a bare fiscal memory, or a till that leaves the exchange to its host.
//
// # One message at a time
//
// A fiscal memory has one message outstanding, in the order of its documents.
// So has every till here: its first document is taken from it, sent, its answer
// awaited and handed to the fiscal memory, which alone decides whether the
// document is delivered. Only then comes the next. Tills do not wait for one
// another: each has its own connection and its own patience, and a dead operator
// holds up nobody else's documents.
//
// The till is asked for between operations ([Tills]) and is free for sales while
// the network is talked to.
//
// # Nothing to remember
//
// This package writes nothing to disk. What is delivered stands in the fiscal
// memory, and what is not is offered by it again: after a broken line, after a
// wait of 300 seconds, after the death of this program. So a document may reach
// the operator twice, which operators expect and acknowledge again; it cannot be
// lost, overtaken, or counted as delivered twice in the fiscal memory.
//
// # When it does not work
//
// An attempt that failed is repeated after a minute, then after longer, with
// jitter. What failed is a [Failure] with words for a person; [Link.States]
// shows it per till. [Probe] tries the way to an operator without any document.
//
// # What it does not do
//
// It does not look into documents: signing and encrypting are the fiscal
// memory's. It does not touch tills that deliver by themselves. Codes of marked
// goods travel on another channel.
package ofdlink

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/ofd"
)

// Settings of a till beside an address "host:port".
const (
	// Auto finds the operator the till is registered with in the directory.
	Auto = "auto"
	// Off leaves the till alone: it delivers by itself, or nobody does.
	Off = "off"
)

// Tills is what ofdlink needs of the fleet.
type Tills interface {
	Names() []string
	// Relay runs do on the till's own goroutine when no operation is being
	// performed; drivers.Relay is nil when the till is none.
	Relay(ctx context.Context, till string, do func(context.Context, drivers.Relay) error) error
}

// OperatorTeller is a relay that knows where its documents go; asked for by
// type assertion. Either result may be empty.
type OperatorTeller interface {
	OFDOperator(ctx context.Context) (inn, address string, err error)
}

// Times of the exchange (protocol «ККТ – ТС ОФД» 1.1.006, timers).
const (
	// answerWait is how long an answer is awaited, timer of the fiscal memory too.
	answerWait = 300 * time.Second
	// retryLimit is the longest the protocol lets a till wait before it tries again.
	retryLimit = time.Hour
)

// Options are what Link needs. Zero durations are the defaults said beside them.
type Options struct {
	Tills Tills
	// Settings are [Auto], [Off] or "host:port" by the name of a till; a till
	// that is not there is off.
	Settings  map[string]string
	Directory Directory
	// Dial opens a connection; nil is the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Poll is how often a till with an empty queue is asked: 10 s.
	Poll time.Duration
	// Retry is the wait after the first failure: 60 s. It doubles with every
	// further one up to RetryMax: 10 min, an hour at most.
	Retry, RetryMax time.Duration
	// DialTimeout bounds the making of a connection: 20 s.
	DialTimeout time.Duration
	// AnswerWait bounds the wait for an answer: 300 s.
	AnswerWait time.Duration
	// Changed hears every change worth showing; may be nil. It must not block.
	Changed func(State)
	Log     *slog.Logger // nil is silence
}

func (o Options) withDefaults() Options {
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	for _, d := range []struct {
		value  *time.Duration
		normal time.Duration
	}{
		{&o.Poll, 10 * time.Second},
		{&o.Retry, time.Minute},
		{&o.RetryMax, 10 * time.Minute},
		{&o.DialTimeout, 20 * time.Second},
		{&o.AnswerWait, answerWait},
	} {
		if *d.value <= 0 {
			*d.value = d.normal
		}
	}
	o.RetryMax = min(max(o.RetryMax, o.Retry), retryLimit)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Link delivers for every till it is configured for.
type Link struct {
	opts    Options
	workers []*worker
}

// State is what is known of one till's delivery.
type State struct {
	Till     string
	Setting  string // Auto, Off or the address
	NoRelay  bool   // the till has turned out to deliver by itself
	FN       string
	Operator string // name from the directory
	INN      string // of the operator the till is registered with
	Address  string // where documents are sent

	Queue   uint32          // documents not delivered
	FirstFD uint32          // the first of them
	Since   fiscal.DateTime // its time, by the till's clock
	Sent    uint32          // FD of the message whose answer is awaited; 0 is none

	Rounds      uint64 // attempts that have ended since the program began
	Delivered   uint64 // since the program began
	LastFD      uint32 // the last of them
	LastSuccess time.Time

	Failure  *Failure // of the last attempt; nil after a success
	Failures int      // in a row
	FailedAt time.Time
	NextTry  time.Time // zero when nothing failed

	NotTaken  uint64     // answers the fiscal memory did not take
	Refused   uint64     // documents the operator took and called malformed (tag 1022)
	RefusedFD uint32     // the last of them
	RefusedAt time.Time  // when
	Notice    ofd.Notice // what the operator says with its last answer (tag 1206)
}

// New makes a link. Nothing is read or sent before Run.
func New(opts Options) *Link {
	l := &Link{opts: opts.withDefaults()}
	for _, name := range opts.Tills.Names() {
		setting := strings.TrimSpace(opts.Settings[name])
		if setting == "" {
			setting = Off
		}
		l.workers = append(l.workers, &worker{
			link: l, till: name, log: l.opts.Log.With("till", name), wake: make(chan struct{}, 1), news: make(chan struct{}, 1),
			state: State{Till: name, Setting: setting},
		})
	}
	return l
}

// Run delivers until ctx ends. A message outstanding then is offered again by
// its fiscal memory.
func (l *Link) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, w := range l.workers {
		if w.state.Setting != Off {
			all.Go(func() { w.run(ctx) })
		}
	}
	all.Wait()
	<-ctx.Done()
	return nil
}

// States gives every till's delivery as last seen, in the order of the tills.
func (l *Link) States() []State {
	out := make([]State, len(l.workers))
	for i, w := range l.workers {
		out[i] = w.snapshot()
	}
	return out
}

// State gives one till's delivery as last seen.
func (l *Link) State(till string) (State, bool) {
	i := slices.IndexFunc(l.workers, func(w *worker) bool { return w.till == till })
	if i < 0 {
		return State{}, false
	}
	return l.workers[i].snapshot(), true
}

// Wake makes a till's next attempt begin now, whatever the timer says: a person
// has mended something.
func (l *Link) Wake(till string) { l.poke(till, func(w *worker) chan struct{} { return w.wake }) }

// News says that a till has a new document: an idle till need not be asked for
// one first. It does not hasten an attempt that waits after a failure.
func (l *Link) News(till string) { l.poke(till, func(w *worker) chan struct{} { return w.news }) }

func (l *Link) poke(till string, which func(*worker) chan struct{}) {
	for _, w := range l.workers {
		if w.till == till {
			select {
			case which(w) <- struct{}{}:
			default: // knows already
			}
		}
	}
}
