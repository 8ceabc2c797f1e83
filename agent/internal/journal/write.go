package journal

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
)

// write is one change on its way to the disk. One goroutine, the committer, takes all that wait, puts those of one
// file into one bbolt transaction and answers everyone: bbolt's own Batch adds 10 ms.
type write struct {
	acts Acts
	seq  uint64 // 0: a new record
	key  string
	till string
	f    flags
	body []byte              // protobuf of the record or execution
	end  *fiscalv1.Operation // outcome and document of a record; nil for executions and acks

	known month  // new record: the newest file that the caller has looked into, with all older ones, for its key
	fresh bool   // execution: refuse it when it is known
	ack   uint64 // cursor of the cabinet

	stored struct { // what the committer made of it
		seq, cursor uint64
		revision    uint32
	}

	err  error
	done chan struct{} // nil: nobody waits
}

// offers tells whether the write goes into the outbox.
func (w *write) offers() bool { return w.acts&(ActOutcome|ActAmend) != 0 }

// refusable tells whether a full disk refuses the write: no device has been touched for it.
func (w *write) refusable() bool {
	return w.fresh || w.acts&(ActAccept|ActIntent) != 0 || w.end != nil && w.seq == 0
}

// recordWrite marshals a record for the committer.
func recordWrite(rec *journalv1.Record, acts Acts) (*write, error) {
	op := rec.GetOperation()
	if n := len(op.GetKey()); n == 0 || n > 128 {
		return nil, ErrKey
	}
	if len(op.GetTill()) > 255 {
		return nil, fmt.Errorf("the name of the till is %d bytes long: %w", len(op.GetTill()), ErrKey)
	}
	body, err := proto.Marshal(rec)
	if err != nil {
		return nil, fmt.Errorf("marshal operation: %w", err)
	}
	return &write{
		acts: acts, seq: rec.GetSeq(), key: op.GetKey(), till: op.GetTill(), f: flagsOf(rec), body: body,
		// A copy: the caller may go on when its ctx ends, and change the record.
		end: &fiscalv1.Operation{Outcome: op.GetOutcome(), Document: proto.CloneOf(op.GetDocument())},
	}, nil
}

// put gives a record to the committer and waits until it is durable.
func (j *Journal) put(ctx context.Context, rec *journalv1.Record, acts Acts, act string) error {
	w, err := recordWrite(rec, acts)
	if err != nil {
		return fmt.Errorf("%s: %w", act, err)
	}
	if w.seq == 0 {
		newest, seq, err := j.lookup(w.key)
		if err != nil {
			return fmt.Errorf("%s: %w", act, err)
		}
		if seq != 0 {
			return fmt.Errorf("%s: %w", act, ErrExists)
		}
		w.known = newest
	}
	if err := j.commit(ctx, w); err != nil {
		return fmt.Errorf("%s: %w", act, err)
	}
	rec.Seq = w.stored.seq
	rec.Operation.Revision = w.stored.revision
	return nil
}

// commit queues a write and waits for it.
func (j *Journal) commit(ctx context.Context, w *write) error {
	w.done = make(chan struct{})
	if err := j.enqueue(w); err != nil {
		return err
	}
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (j *Journal) enqueue(w *write) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.queueLocked(w)
}

// queueLocked is enqueue under j.mu.
func (j *Journal) queueLocked(w *write) error {
	if err := j.failed; err != nil {
		return err
	}
	if j.closing {
		return ErrClosed
	}
	if j.temp != "" {
		return ErrCopy
	}
	j.queue = append(j.queue, w)
	if w.done != nil {
		wake(j.urgent)
	} else {
		wake(j.lazy)
	}
	if j.want > 0 && len(j.queue) >= j.want {
		wake(j.filled)
	}
	return nil
}

// wake puts a token into a channel of one, or leaves the one that is there.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
