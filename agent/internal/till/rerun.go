package till

import (
	"context"
	"log/slog"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/agent/internal/journal"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
)

// Scene is how a till stood when an operation began: what the event says that
// told of its beginning.
type Scene struct {
	Resumed    bool // the agent had begun anew: the device is asked what it did
	Identified bool
	CancelOwed bool
}

// Rerun does once more what was done with an operation, on a device that plays
// a recording: from the first reading to the end, or until it waits for a
// person or ctx ends. Nothing is written down, nobody is told but c.Events.
func Rerun(ctx context.Context, c Config, rec *journalv1.Record, s Scene) *fiscalv1.Operation {
	rec = proto.CloneOf(rec)
	t := &Till{
		name: c.Name, driver: c.Driver, auto: !c.AskToFinish, marks: c.Marks, device: c.Device, journal: blank{}, log: slog.New(slog.DiscardHandler),
		changed: func(Change) {}, settled: func(*pending) {}, events: c.Events, cable: &loose{}, identified: s.Identified,
	}
	if s.CancelOwed {
		t.cancelOwed = &journalv1.Record{Operation: &fiscalv1.Operation{}, CancelOwed: true}
	}
	receipt, _ := receiptOf(rec.GetOperation()) // was checked when it was asked for
	p := newPending(rec, receipt)
	p.join()
	if s.Resumed {
		p.taken = true
		t.open = p
	} else {
		t.perform(ctx, p)
	}
	for t.open == p && t.reason == "" && pause(ctx, t.pace()) {
		t.tick(ctx)
	}
	return p.operation()
}

// blank is a journal that keeps nothing.
type blank struct{}

var _ Journal = blank{}

func (blank) Intend(context.Context, *journalv1.Record) error   { return nil }
func (blank) Conclude(context.Context, *journalv1.Record) error { return nil }
func (blank) Amend(*journalv1.Record)                           {}
func (blank) Get(string) (*journalv1.Record, error)             { return nil, journal.ErrNotFound }
func (blank) Unfinished() ([]*journalv1.Record, error)          { return nil, nil }
func (blank) List(string, int, string, bool) ([]*journalv1.Record, string, error) {
	return nil, "", nil
}
