package crashtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/drivers"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// tillName is what the till is called in the journals of the test.
const tillName = "crashtest"

// life is an agent from its start to its end or death.
type life struct {
	journal *journal.Journal
	device  drivers.Till
	fleet   *till.Fleet
	// doubted is closed when the operation became doubtful in this life, or
	// was found unfinished at its start.
	doubted chan struct{}
	killed  func() bool
	stop    context.CancelFunc
	stopped chan struct{}
	watched chan struct{}
}

// begin starts an agent on the journal in dir.
func (r *run) begin(ctx context.Context, dir string) (*life, error) {
	r.scissors.revive()
	j, err := journal.Open(ctx, dir, journal.Options{Reserve: -1, Fault: r.scissors.commit, Log: r.o.Log})
	if err != nil {
		return nil, err
	}
	device, err := r.o.Open(r.scissors.wrap)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the till: %w", err), j.Close())
	}
	fleet, err := till.NewFleet([]till.Config{{Name: tillName, Driver: r.o.Driver, Device: device}}, j, r.o.Log)
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	unfinished, err := j.Unfinished()
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	ctx, stop := context.WithCancel(ctx)
	l := &life{journal: j, device: device, fleet: fleet, doubted: make(chan struct{}), killed: r.scissors.dead, stop: stop, stopped: make(chan struct{}), watched: make(chan struct{})}
	if len(unfinished) > 0 {
		close(l.doubted)
	}
	changes, enough := fleet.Watch()
	go func() {
		defer close(l.watched)
		defer enough()
		for {
			select {
			case <-ctx.Done():
				return
			case c := <-changes:
				if c.Operation.GetStage() == fiscalv1.Stage_STAGE_SETTLING && !l.inDoubt() {
					close(l.doubted)
				}
			}
		}
	}()
	go func() {
		defer close(l.stopped)
		_ = fleet.Run(ctx) // how the wire was closed matters to nobody any more
	}()
	return l, nil
}

func (l *life) inDoubt() bool {
	select {
	case <-l.doubted:
		return true
	default:
		return false
	}
}

// end stops the agent and lets the cable and the journal go.
func (l *life) end() {
	if l.killed() {
		_ = l.device.Close() // or a driver in the middle of something would go on trying
	}
	l.stop()
	<-l.stopped
	<-l.watched
	_ = l.journal.Close()
}

// Waits of an asker. The longest command of a till takes two minutes.
const (
	askWait    = 4 * time.Minute
	personWait = 10 * time.Minute
	personLook = 2 * time.Second
)

// ask is what a well-behaved POS does: look the key up, submit when it is not
// known, submit the same again when it was not done. It hears nothing from an
// agent that is killed.
func (r *run) ask(ctx context.Context, l *life, op *fiscalv1.Operation) (*fiscalv1.Operation, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	death := r.scissors.death()
	go func() {
		select {
		case <-death:
			cancel()
		case <-ctx.Done():
		}
	}()
	got, err := l.fleet.Operation(ctx, op.GetKey(), askWait)
	if errors.Is(err, till.ErrNotFound) || err == nil && got.GetOutcome() == fiscalv1.Outcome_OUTCOME_NOT_DONE {
		return l.fleet.Submit(ctx, op, askWait)
	}
	return got, err
}

// waitForPerson waits until the till has paper and its cover is closed, which
// on a real one only a person can do.
func (r *run) waitForPerson(ctx context.Context, l *life) {
	late := time.NewTimer(personWait)
	defer late.Stop()
	look := time.NewTicker(personLook)
	defer look.Stop()
	asked := ""
	for {
		words := map[fiscalv1.Paper]string{
			fiscalv1.Paper_PAPER_OUT: "В кассе кончилась бумага: вставьте рулон и закройте крышку.", fiscalv1.Paper_PAPER_COVER: "Открыта крышка кассы: закройте её.",
			fiscalv1.Paper_PAPER_ABSENT: "Принтер чеков не отвечает: проверьте его питание и кабель.",
		}[l.fleet.States()[0].GetPaper()]
		if words == "" {
			return
		}
		if words != asked {
			asked = words
			r.tell(Progress{Ask: words})
		}
		select {
		case <-ctx.Done():
			return
		case <-late.C:
			return
		case <-look.C:
			_, _ = l.fleet.Refresh(ctx, tillName)
		}
	}
}
