package journal

import (
	"context"

	"google.golang.org/protobuf/proto"

	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
)

// Accept writes a new operation down. It sets rec.Seq and the revision. When the key is known it returns [ErrExists],
// and [Journal.Get] has the record; [ErrFull] when the disk is full. A record that has its seq is one asked again
// after "not done": it is written again as it is given.
//
// Here as in the other writes, when ctx ends first its error comes back and the write may still happen: ask Get.
func (j *Journal) Accept(ctx context.Context, rec *journalv1.Record) error {
	return j.put(ctx, rec, ActAccept, "accept operation")
}

// Intend writes down that the effect is about to begin. A record without seq is accepted and intended in one commit;
// errors are those of [Journal.Accept].
func (j *Journal) Intend(ctx context.Context, rec *journalv1.Record) error {
	acts := ActIntent
	if rec.GetSeq() == 0 {
		acts |= ActAccept
	}
	return j.put(ctx, rec, acts, "write intent")
}

// Conclude writes the outcome down, and offers it to the cabinet in the same commit. It succeeds on a full disk as
// long as the reserve lasts. A record without seq is one that was refused at once; a full disk refuses to note that.
func (j *Journal) Conclude(ctx context.Context, rec *journalv1.Record) error {
	return j.put(ctx, rec, ActOutcome, "write outcome")
}

// Amend writes down what a later track says (paper, operator), or that the operation is being settled or needs a
// person, and offers it to the cabinet. It does not wait for the disk. The record is copied; it must have its seq.
func (j *Journal) Amend(rec *journalv1.Record) {
	w, err := recordWrite(rec, ActAmend)
	if err == nil && w.seq == 0 {
		err = ErrNotFound
	}
	if err == nil {
		err = j.amend(w, proto.CloneOf(rec))
	}
	if err != nil {
		j.log.Error("an amendment was not taken", "key", rec.GetOperation().GetKey(), "error", err)
	}
}

// amend queues the write and shows it to readers, as one step: the committer must not be done before readers see it.
func (j *Journal) amend(w *write, rec *journalv1.Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.queueLocked(w); err != nil {
		return err
	}
	o := j.overlay[w.seq]
	if o == nil {
		o = new(overlay)
		j.overlay[w.seq] = o
	}
	o.rec = rec
	o.writes++
	return nil
}
