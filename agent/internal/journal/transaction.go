package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

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
