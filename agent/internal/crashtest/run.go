package crashtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/chekan-io/chekan/drivers"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// run is a crash test going on.
type run struct {
	o        Options
	scissors *scissors
	journals int // folders made
	keys     int

	till    drivers.Identity
	debug   bool
	first   uint32            // last FD before the test
	now     fiscal.Baseline   // as last read
	seen    []fiscal.Document // every document since, as first read
	done    []fiscal.Document // every document an agent answered "done" with
	drawer  int64             // cash that is certainly there
	tax     map[string]uint32 // tax system of each kind
	settles []time.Duration
}

// Run does what [Look] has shown. It leaves the shift closed. When ctx ends it
// stops after the point in progress, so that nothing unknown is left in the
// till; the certificate then says that it is not complete.
func Run(ctx context.Context, o Options) (Certificate, error) {
	ks, err := chosen(o.Kinds)
	if err != nil {
		return Certificate{}, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &run{o: o, scissors: &scissors{planted: o.Fault}, tax: map[string]uint32{}}
	started := time.Now()
	work := context.WithoutCancel(ctx)
	if err := r.meet(work); err != nil {
		return Certificate{}, err
	}
	lengths, err := r.measure(work, ks)
	if err != nil {
		return Certificate{}, err
	}
	points := choose(ks, lengths, o.Points, o.Seed)
	var tried []Point
	var broken error
	for i, p := range points {
		if ctx.Err() != nil {
			broken = errors.New("прервано")
			break
		}
		if p, broken = r.point(work, p); broken != nil {
			broken = fmt.Errorf("точка %d (%s): %w", i+1, p.Words(), broken)
			break
		}
		tried = append(tried, p)
		r.tell(Progress{Done: i + 1, Total: len(points), Point: p})
	}
	held, err := r.finish(work)
	if broken == nil {
		broken = err
	}
	return r.certify(lengths, tried, held, broken, started), nil
}

func (r *run) tell(p Progress) {
	if r.o.Told != nil {
		r.o.Told(p)
	}
}

// meet notes which till it is and where its archive ends.
func (r *run) meet(ctx context.Context) error {
	return r.reading(ctx, func(ctx context.Context, device drivers.Till) error {
		var err error
		if r.till, err = device.Identity(ctx); err != nil {
			return fmt.Errorf("identify the till: %w", err)
		}
		if teller, ok := device.(drivers.FNTeller); ok {
			if r.debug, err = teller.DebugFN(ctx); err != nil {
				return fmt.Errorf("ask the fiscal memory: %w", err)
			}
		}
		if r.now, err = device.Baseline(ctx); err != nil {
			return fmt.Errorf("read the counters: %w", err)
		}
		r.first = r.now.LastFD
		return nil
	})
}

// measure does each kind once, calmly, to learn how long its exchange is.
func (r *run) measure(ctx context.Context, ks []kind) (map[string]length, error) {
	lengths := map[string]length{}
	for _, k := range ks {
		if err := r.prepare(ctx, k); err != nil {
			return nil, err
		}
		l, err := r.fit(ctx, k)
		if err != nil {
			return nil, err
		}
		lengths[k.name] = l
	}
	return lengths, nil
}

// fit does a kind for the first time. When nobody has said which tax system
// the till is registered with it tries them: a till refuses those that are not
// its own, and corrections by totals want one named even where sales do not.
func (r *run) fit(ctx context.Context, k kind) (length, error) {
	r.tax[k.name] = r.o.TaxSystem
	l, err := r.calmly(ctx, k)
	if r.o.TaxSystem != 0 || k.operation(0).GetReceipt() == nil {
		return l, err
	}
	for bit := uint32(1); err != nil && bit <= 32; bit <<= 1 {
		r.tax[k.name] = bit
		if found, tryErr := r.calmly(ctx, k); tryErr == nil {
			return found, nil
		}
	}
	return l, err
}

// finish closes the shift and reads the whole archive once more: what is in it
// must be what was seen after each point, and nothing else.
func (r *run) finish(ctx context.Context) (held []fiscal.Document, err error) {
	if err := r.shift(ctx, false); err != nil {
		return nil, err
	}
	if err := r.read(ctx); err != nil {
		return nil, err
	}
	again := *r
	again.now.LastFD, again.seen = r.first, nil
	err = again.read(ctx)
	return again.seen, err
}

// readLimit bounds one independent reading; the last one is of everything.
const readLimit = 10 * time.Minute

// reading reads the till by a driver of its own over the bare cable.
func (r *run) reading(ctx context.Context, read func(context.Context, drivers.Till) error) error {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	device, err := r.o.Open(nil)
	if err != nil {
		return fmt.Errorf("open the till: %w", err)
	}
	return errors.Join(read(ctx, device), device.Close())
}

// read learns the counters and the documents that have come since the last
// reading. A till may still be printing or restarting: it is given a minute.
func (r *run) read(ctx context.Context) error {
	for try := 1; ; try++ {
		err := r.reading(ctx, r.readOn)
		if err == nil || try == readTries || errors.Is(err, ErrNotReady) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(readPause):
		}
	}
}

const (
	readTries = 12
	readPause = 5 * time.Second
)

func (r *run) readOn(ctx context.Context, device drivers.Till) error {
	now, err := device.Baseline(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("read the counters: %w", err)
	case now.FN != r.till.FN:
		return fmt.Errorf("%w: накопитель был %s, стал %s", ErrNotReady, r.till.FN, now.FN)
	case now.LastFD < r.first+uint32(len(r.seen)):
		return fmt.Errorf("%w: последний документ был %d, стал %d", ErrNotReady, r.first+uint32(len(r.seen)), now.LastFD)
	}
	for fd := r.first + uint32(len(r.seen)) + 1; fd <= now.LastFD; fd++ {
		d, err := device.Document(ctx, fd)
		if err != nil {
			return fmt.Errorf("read document %d: %w", fd, err)
		}
		r.seen = append(r.seen, d)
	}
	r.now = now
	return nil
}

// after gives the documents seen after one.
func (r *run) after(fd uint32) []fiscal.Document { return r.seen[fd-r.first:] }

// folder makes a place for a journal.
func (r *run) folder() string {
	r.journals++
	return filepath.Join(r.o.Dir, fmt.Sprintf("journal-%04d", r.journals))
}

// asked is an operation of the kind under a key of its own.
func (r *run) asked(k kind) *fiscalv1.Operation {
	r.keys++
	op := k.operation(r.tax[k.name])
	op.Till, op.Key = tillName, fmt.Sprintf("crashtest-%d-%d", r.o.Seed, r.keys)
	return op
}

// prepare brings the till to where a kind begins.
func (r *run) prepare(ctx context.Context, k kind) error {
	if err := r.shift(ctx, k.shift); err != nil {
		return err
	}
	if k.needsCash && r.drawer < fillUp/10 {
		if _, err := r.calmly(ctx, drawerFill); err != nil {
			return err
		}
	}
	return r.read(ctx)
}

// shift opens or closes the shift unless it is so.
func (r *run) shift(ctx context.Context, open bool) error {
	if err := r.read(ctx); err != nil {
		return err
	}
	if r.now.ShiftOpen == open {
		return nil
	}
	k := kinds[0]
	if !open {
		k = kinds[len(kinds)-1]
	}
	_, err := r.calmly(ctx, k)
	return err
}

// calmly does an operation without any trouble and tells how long its exchange
// was.
func (r *run) calmly(ctx context.Context, k kind) (length, error) {
	dir := r.folder()
	l, err := r.begin(ctx, dir)
	if err != nil {
		return length{}, err
	}
	defer func() {
		l.end()
		_ = os.RemoveAll(dir)
	}()
	op := r.asked(k)
	for try := 1; ; try++ {
		if _, err := l.fleet.Refresh(ctx, tillName); err != nil {
			return length{}, fmt.Errorf("read the till: %w", err)
		}
		r.waitForPerson(ctx, l)
		r.scissors.arm(trouble{}, 0)
		got, err := r.ask(ctx, l, op)
		r.scissors.disarm()
		switch {
		case err != nil:
			return length{}, fmt.Errorf("%s: %w", k.words, err)
		case got.GetOutcome() == fiscalv1.Outcome_OUTCOME_DONE:
			r.count(k, got)
			writes, effects, _ := r.scissors.count()
			return length{writes, effects}, nil
		case try == calmTries:
			return length{}, fmt.Errorf("%w: %s не выполняется и без обрывов: %s", ErrNotReady, k.words, got.GetText())
		}
	}
}

const calmTries = 3

// count keeps what an operation that is done must have left.
func (r *run) count(k kind, got *fiscalv1.Operation) {
	r.drawer += k.cash
	if !k.shift || k.name == "close_shift" {
		r.drawer = 0 // the end of a shift may empty it
	}
	if k.ours != nil {
		d := got.GetDocument()
		r.done = append(r.done, fiscal.Document{FN: d.GetFn(), FD: d.GetFd(), FP: d.GetFp()})
	}
}
