package journal

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

// lazyDelay is how long an amendment waits for a commit to ride along with.
const lazyDelay = 200 * time.Millisecond

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
	n := callers(j.queue)
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
	j.company = callers(group) + callers(j.queue)
	j.mu.Unlock()
	for _, w := range group {
		if w.done != nil {
			close(w.done)
		}
	}
}

// callers counts those who wait for their write. Nobody comes back after an amendment.
func callers(group []*write) (n int) {
	for _, w := range group {
		if w.done != nil {
			n++
		}
	}
	return n
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
