package journal

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
)

// lazyDelay is how long an amendment waits for a commit to ride along with.
const lazyDelay = 200 * time.Millisecond

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

// run is the committer.
func (j *Journal) run() {
	defer close(j.stopped)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var due <-chan time.Time
	var patience time.Duration
	for {
		select {
		case <-j.urgent:
		case <-due:
		case <-j.lazy:
			if due == nil {
				timer.Reset(lazyDelay)
				due = timer.C
			}
			continue
		case <-j.stop:
			j.flush()
			return
		}
		due = nil
		j.gather(patience)
		began := time.Now()
		j.flush()
		patience = min(time.Since(began)/2, maxPatience)
	}
}

// maxPatience is how long a commit waits for company at most.
const maxPatience = time.Millisecond

// gather lets those who were just answered come back, which busy ones do within microseconds: two groups that take
// turns would each pay for the disk. A lone caller has nobody to wait for.
func (j *Journal) gather(patience time.Duration) {
	j.mu.Lock()
	want := j.company
	j.want = want
	n := len(j.queue)
	j.mu.Unlock()
	if n < want && patience > 0 {
		enough := time.NewTimer(patience)
		defer enough.Stop()
		select {
		case <-j.filled:
		case <-enough.C:
		}
	}
	j.mu.Lock()
	j.want = 0
	j.mu.Unlock()
	select {
	case <-j.filled:
	default:
	}
}

// flush commits what waits.
func (j *Journal) flush() {
	j.mu.Lock()
	group := j.queue
	j.queue = nil
	failed := j.failed
	j.mu.Unlock()
	if len(group) == 0 {
		return
	}
	if failed == nil {
		j.commitGroup(group)
	} else {
		for _, w := range group {
			w.err = failed
		}
	}
	j.settled(group)
}

// settled answers the callers of a group, and forgets amendments that are no longer on their way.
func (j *Journal) settled(group []*write) {
	j.mu.Lock()
	var again []*write
	for _, w := range group {
		switch {
		case w.done != nil:
		case isFull(w.err) && j.failed == nil && !j.closing:
			w.err = nil
			again = append(again, w)
		case w.end != nil:
			if o := j.overlay[w.seq]; o != nil {
				if o.writes--; o.writes == 0 {
					delete(j.overlay, w.seq)
				}
			}
			if w.err != nil && j.failed == nil {
				j.log.Error("an amendment was not written", "key", w.key, "error", w.err)
			}
		}
	}
	if len(again) > 0 {
		j.queue = append(again, j.queue...)
		wake(j.lazy)
	}
	j.company = len(group) + len(j.queue)
	j.mu.Unlock()
	for _, w := range group {
		if w.done != nil {
			close(w.done)
		}
	}
}

// commitGroup makes a group durable, file by file, oldest first: cursors then appear in order.
func (j *Journal) commitGroup(group []*write) {
	j.commitMu.Lock()
	defer j.commitMu.Unlock()
	now := j.now()
	defer j.noteSpace()
	if !j.reserve.retake(now) {
		group = slices.DeleteFunc(slices.Clone(group), func(w *write) bool {
			if w.refusable() {
				w.err = ErrFull
			}
			return w.refusable()
		})
	}
	byFile := map[*file][]*write{}
	var newest *file
	for _, w := range group {
		f := j.home(w)
		if f == nil {
			if newest == nil {
				var err error
				if newest, err = j.currentMonth(now); err != nil {
					w.err = err
					continue
				}
			}
			if f = newest; w.end != nil && w.known != f.month {
				// The month turned between the caller's look and now.
				if _, seq, err := j.lookup(w.key); err != nil || seq != 0 {
					w.err = cmp.Or(err, ErrExists)
					continue
				}
			}
		}
		byFile[f] = append(byFile[f], w)
	}
	for _, f := range j.snapshot() {
		ws := byFile[f]
		if err := j.failure(); err != nil { // of the file before: nothing may follow
			for _, w := range ws {
				w.err = err
			}
		} else if len(ws) > 0 {
			j.commitFile(f, ws, now)
		}
	}
	if j.failure() == nil && now.Sub(j.dropped).Abs() > time.Hour {
		j.dropped = now
		j.dropMonths(now)
	}
}

// home is the file a write has to go to; nil is the current month's.
func (j *Journal) home(w *write) *file {
	if w.end != nil {
		if w.seq == 0 {
			return nil
		}
		return j.fileOf(w.seq)
	}
	if w.acts == ActExecution {
		for _, f := range j.snapshot() {
			if f.hasRun(w.key) {
				return f
			}
		}
		return nil
	}
	return j.newest() // an ack needs no month of its own
}

// commitFile commits writes of one file. On a full disk it refuses those that may be refused, and gives back the
// reserve for the others.
func (j *Journal) commitFile(f *file, ws []*write, now time.Time) {
	for len(ws) > 0 {
		err := j.transact(f, ws, now)
		if err == nil {
			return
		}
		if !isFull(err) || errors.Is(err, errInDoubt) {
			failed := j.fail(err)
			for _, w := range ws {
				w.err = failed
			}
			return
		}
		j.short = true
		rest := slices.DeleteFunc(slices.Clone(ws), (*write).refusable)
		for _, w := range ws {
			if w.refusable() {
				w.err = ErrFull
			}
		}
		if len(rest) == len(ws) && !j.releaseReserve() {
			for _, w := range ws {
				w.err = ErrFull
			}
			return
		}
		ws = rest
	}
}

func (j *Journal) releaseReserve() bool {
	if !j.reserve.release() {
		return false
	}
	j.log.Error("the disk of the journal is full; settling goes on in the reserve")
	return true
}

// noteSpace lets others see whether there is room for new operations.
func (j *Journal) noteSpace() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.full = j.short || j.reserve.gone
}

var (
	// errNothing ends a transaction in which every write was refused.
	errNothing = errors.New("nothing to commit")
	// errInDoubt: the commit is visible here, but not surely durable.
	errInDoubt = errors.New("commit in doubt")
)

// transact is one commit.
func (j *Journal) transact(f *file, ws []*write, now time.Time) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, r)
		}
	}()
	next := j.next // taken over when the commit succeeds
	was := f.version()
	var acts Acts
	var written uint64
	flushed := false // the tail went into the bucket of keys
	err = f.db.Update(func(tx *bbolt.Tx) error {
		t := transaction{tx: tx, file: f, next: next, now: now, added: map[string]uint64{}}
		for _, w := range ws {
			if w.err = t.apply(w); w.err == nil {
				acts |= w.acts
				written++
			} else if !refusal(w.err) {
				return w.err
			}
		}
		next = t.next
		if written == 0 {
			return errNothing
		}
		if flushed = len(f.tail) >= tailLimit; flushed {
			if err := t.index(); err != nil {
				return err
			}
		}
		return j.before(f, acts)
	})
	f.db.NoSync = false
	if errors.Is(err, errNothing) {
		return nil
	}
	if err != nil {
		if isFull(err) && f.version() != was {
			// The last flush did not succeed: what this process sees may not be what a power cut leaves.
			return fmt.Errorf("%w: %w", errInDoubt, err)
		}
		return err
	}
	j.short = false
	j.commits.Add(1)
	j.writes.Add(written)
	f.retail(ws, flushed)
	j.remember(f, ws, next)
	return j.ask(AfterCommit, acts)
}

// refusal tells an error that is an answer to one caller from one that ends the transaction.
func refusal(err error) bool {
	return errors.Is(err, ErrExists) || errors.Is(err, ErrFinal) || errors.Is(err, ErrNotFound)
}

// before asks for a fault, with the transaction ready to be committed.
func (j *Journal) before(f *file, acts Acts) error {
	err := j.ask(BeforeCommit, acts)
	if !errors.Is(err, SkipSync) {
		if err == nil {
			f.unsynced = nil
		}
		return err
	}
	if f.unsynced == nil {
		if f.unsynced, err = os.ReadFile(f.path); err != nil {
			return err
		}
	}
	f.db.NoSync = true
	return nil
}

// ask asks for a fault. What is neither a full disk nor a missing fsync is the death of the process.
func (j *Journal) ask(m Moment, acts Acts) error {
	if j.fault == nil {
		return nil
	}
	err := j.fault(Point{Moment: m, Acts: acts})
	if err == nil || m == BeforeCommit && (errors.Is(err, SkipSync) || isFull(err)) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrDead, err)
}

// retail brings the tail of keys up to a commit.
func (f *file) retail(ws []*write, flushed bool) {
	f.tailMu.Lock()
	defer f.tailMu.Unlock()
	if flushed {
		f.tail = map[string]uint64{}
		return
	}
	for _, w := range ws {
		if w.err == nil && w.end != nil && w.seq == 0 {
			f.tail[w.key] = w.stored.seq
		}
	}
}

// remember takes over what a commit made true, for readers.
func (j *Journal) remember(f *file, ws []*write, next counters) {
	j.mu.Lock()
	defer j.mu.Unlock()
	offered := false
	for _, w := range ws {
		if w.err != nil {
			continue
		}
		switch {
		case w.end != nil:
			f.lastSeq = max(f.lastSeq, w.stored.seq)
			f.cursor = max(f.cursor, w.stored.cursor)
			offered = offered || w.offers()
		case w.acts == ActAck:
			f.acked = max(f.acked, w.ack)
		}
	}
	j.next = next
	j.last = max(j.last, f.cursor)
	if offered {
		wake(j.signal)
	}
}

// counters are the numbers the committer gives out.
type counters struct {
	seq    uint64
	cursor uint64
}

// transaction applies writes to one file.
type transaction struct {
	tx    *bbolt.Tx
	file  *file
	next  counters
	now   time.Time
	added map[string]uint64 // keys of new records
}

// seqOf finds the seq of a key, also of one that this transaction adds; 0 when it is not in this file.
func (t *transaction) seqOf(key string) uint64 {
	if seq := t.added[key]; seq != 0 {
		return seq
	}
	if seq := t.file.tail[key]; seq != 0 { // only the committer changes it
		return seq
	}
	return number(t.tx.Bucket(bucketKeys).Get([]byte(key)))
}

// index puts every key that is not there into the bucket of keys, in their order: many share a page.
func (t *transaction) index() error {
	keys := t.tx.Bucket(bucketKeys)
	tail := maps.Clone(t.file.tail)
	maps.Copy(tail, t.added)
	for _, key := range slices.Sorted(maps.Keys(tail)) {
		if err := keys.Put([]byte(key), seqKey(tail[key])); err != nil {
			return err
		}
	}
	return t.tx.Bucket(bucketMeta).Put(metaIndexed, seqKey(t.next.seq-1))
}

func (t *transaction) apply(w *write) error {
	switch {
	case w.end != nil:
		return t.record(w)
	case w.acts == ActExecution:
		runs := t.tx.Bucket(bucketRuns)
		if w.fresh && runs.Get([]byte(w.key)) != nil {
			return ErrExists
		}
		return runs.Put([]byte(w.key), sealExecution(w.key, w.f, w.body))
	default:
		return t.tx.Bucket(bucketMeta).Put(metaAcked, seqKey(w.ack))
	}
}

func (t *transaction) record(w *write) error {
	records, open := t.tx.Bucket(bucketRecords), t.tx.Bucket(bucketOpen)
	// Records come in order of seq: full pages are never opened again but by their own changes.
	records.FillPercent = 0.9
	var old header
	seq := w.seq
	if seq == 0 {
		if t.seqOf(w.key) != 0 {
			return ErrExists
		}
		seq = t.next.seq
		t.next.seq++
		t.added[w.key] = seq
	} else {
		value := records.Get(seqKey(seq))
		if value == nil || t.seqOf(w.key) != seq {
			return ErrNotFound
		}
		old, _, _ = openRecord(value)
		if old.flags&flagDone != 0 && !sameEnd(value, seq, w.end) {
			return ErrFinal
		}
	}
	h := header{cursor: old.cursor, revision: old.revision + 1, flags: w.f, till: w.till}
	if w.offers() {
		h.cursor = t.next.cursor
		t.next.cursor++
		outbox := t.tx.Bucket(bucketOutbox)
		outbox.FillPercent = 1
		entry := binary.BigEndian.AppendUint64(seqKey(seq), uint64(t.now.UnixMilli()))
		if err := outbox.Put(seqKey(h.cursor), entry); err != nil {
			return err
		}
	}
	switch {
	case h.flags&flagUnfinished != 0 && old.flags&flagUnfinished == 0:
		if err := open.Put(seqKey(seq), nil); err != nil {
			return err
		}
	case h.flags&flagUnfinished == 0 && old.flags&flagUnfinished != 0:
		if err := open.Delete(seqKey(seq)); err != nil {
			return err
		}
	}
	w.stored.seq, w.stored.revision, w.stored.cursor = seq, h.revision, h.cursor
	return records.Put(seqKey(seq), sealRecord(seq, h, w.body))
}

// sameEnd tells whether a record that is done stays done with the same document.
func sameEnd(value []byte, seq uint64, end *fiscalv1.Operation) bool {
	rec, err := decodeRecord(seq, value, 0)
	if err != nil {
		return false
	}
	was, is := rec.GetOperation().GetDocument(), end.GetDocument()
	return end.GetOutcome() == fiscalv1.Outcome_OUTCOME_DONE &&
		was.GetFn() == is.GetFn() && was.GetFd() == is.GetFd() && was.GetFp() == is.GetFp()
}
