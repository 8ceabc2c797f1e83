package journal

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
)

// use gives read the files, oldest first, which stay open until it returns.
func (j *Journal) use(read func(files []*file) error) error {
	if err := j.failure(); err != nil {
		return err
	}
	j.filesMu.RLock()
	defer j.filesMu.RUnlock()
	if len(j.files) == 0 {
		return ErrClosed
	}
	return read(j.files)
}

// lookup finds the seq of a key, 0 when it is not known, and tells the newest file that was looked into.
func (j *Journal) lookup(key string) (newest month, seq uint64, err error) {
	err = j.use(func(files []*file) error {
		newest = files[len(files)-1].month
		var err error
		for _, f := range slices.Backward(files) {
			if seq, err = f.seqOf(key); err != nil || seq != 0 {
				return err
			}
		}
		return nil
	})
	return newest, seq, err
}

// Get returns the record of a key, or [ErrNotFound]. The caller owns it.
func (j *Journal) Get(key string) (*journalv1.Record, error) {
	_, seq, err := j.lookup(key)
	if err != nil {
		return nil, fmt.Errorf("get operation: %w", err)
	}
	if seq == 0 {
		return nil, ErrNotFound
	}
	var rec *journalv1.Record
	err = j.use(func(files []*file) error {
		rec, err = j.record(fileOf(files, seq), seq)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("get operation: %w", err)
	}
	return rec, nil
}

// record reads one record, with amendments that are on their way.
func (j *Journal) record(f *file, seq uint64) (rec *journalv1.Record, err error) {
	// What is on its way is looked at first: when it is gone from there, it is on disk.
	amended := j.amended(seq)
	err = f.view(func(tx *bbolt.Tx) error {
		rec, err = readRecord(tx, seq, j.Acked())
		return err
	})
	if err != nil || amended == nil {
		return rec, err
	}
	amended.Operation.Revision += rec.Operation.Revision
	amended.Operation.InCloud = false
	return amended, nil
}

func readRecord(tx *bbolt.Tx, seq, acked uint64) (*journalv1.Record, error) {
	value := tx.Bucket(bucketRecords).Get(seqKey(seq))
	if value == nil {
		return nil, ErrNotFound
	}
	return decodeRecord(seq, value, acked)
}

// amended returns a copy of a record as amendments on their way will leave it, its revision counting them; nil when
// there are none.
func (j *Journal) amended(seq uint64) *journalv1.Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	o := j.overlay[seq]
	if o == nil {
		return nil
	}
	rec := proto.CloneOf(o.rec)
	rec.Operation.Revision = uint32(o.writes)
	return rec
}

// Unfinished returns every record that is not ended, has a cancel owed or paper owed, in order of acceptance.
func (j *Journal) Unfinished() ([]*journalv1.Record, error) {
	var recs []*journalv1.Record
	err := j.use(func(files []*file) error {
		for i, f := range files {
			seqs, err := j.openSeqs(files, i)
			if err != nil {
				return err
			}
			for _, seq := range seqs {
				rec, err := j.record(f, seq)
				if err != nil {
					return err
				}
				if unfinished(rec) {
					recs = append(recs, rec)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read unfinished operations: %w", err)
	}
	return recs, nil
}

// openSeqs lists what may be unfinished in file i, ascending: what the disk says, and what is on its way.
func (j *Journal) openSeqs(files []*file, i int) ([]uint64, error) {
	var seqs []uint64
	j.mu.Lock()
	for seq := range j.overlay {
		if fileOf(files, seq) == files[i] {
			seqs = append(seqs, seq)
		}
	}
	j.mu.Unlock()
	err := files[i].view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketOpen).ForEach(func(k, _ []byte) error {
			seqs = append(seqs, number(k))
			return nil
		})
	})
	slices.Sort(seqs)
	return slices.Compact(seqs), err
}

// List returns up to limit (100 when it is not positive) records, newest first, of one till or (till empty) of all.
// Page is empty or the next of the call before; next is empty at the end.
func (j *Journal) List(till string, limit int, page string, unfinishedOnly bool) (recs []*journalv1.Record, next string, err error) {
	if limit <= 0 {
		limit = 100
	}
	before := ^uint64(0)
	if page != "" {
		if before, err = strconv.ParseUint(page, 10, 64); err != nil {
			return nil, "", fmt.Errorf("list operations: page %q is not one of ours", page)
		}
	}
	err = j.use(func(files []*file) error {
		for i, f := range slices.Backward(files) {
			if f.firstSeq >= before {
				continue
			}
			seqs, err := j.listSeqs(files, i, till, limit+1-len(recs), before, unfinishedOnly)
			if err != nil {
				return err
			}
			for _, seq := range seqs {
				rec, err := j.record(f, seq)
				if err != nil {
					return err
				}
				if (till != "" && rec.Operation.Till != till) || (unfinishedOnly && !unfinished(rec)) {
					continue
				}
				if len(recs) == limit {
					next = strconv.FormatUint(recs[limit-1].Seq, 10)
					return nil
				}
				recs = append(recs, rec)
			}
		}
		return nil
	})
	if err != nil {
		return nil, "", fmt.Errorf("list operations: %w", err)
	}
	return recs, next, nil
}

// listSeqs lists candidates for a page out of file i, newest first: limit of them, or all that may be unfinished.
func (j *Journal) listSeqs(files []*file, i int, till string, limit int, before uint64, unfinishedOnly bool) ([]uint64, error) {
	if unfinishedOnly {
		seqs, err := j.openSeqs(files, i)
		slices.Reverse(seqs)
		return slices.DeleteFunc(seqs, func(seq uint64) bool { return seq >= before }), err
	}
	var seqs []uint64
	err := files[i].view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketRecords).Cursor()
		step := c.Prev
		if k, _ := c.Seek(seqKey(before)); k == nil {
			step = c.Last
		}
		for k, v := step(); k != nil && len(seqs) < limit; k, v = c.Prev() {
			if h, _, ok := openRecord(v); till == "" || !ok || h.till == till {
				seqs = append(seqs, number(k))
			}
		}
		return nil
	})
	return seqs, err
}

// Outbox returns up to limit changes after a cursor. A record that changed several times among them comes once.
func (j *Journal) Outbox(ctx context.Context, after uint64, limit int) ([]Entry, error) {
	var entries []Entry
	err := j.use(func(files []*file) error {
		refs, err := j.outboxRefs(files, after, limit)
		if err != nil {
			return err
		}
		newest := make(map[uint64]uint64, len(refs))
		for _, r := range refs {
			newest[r.seq] = r.cursor
		}
		for _, f := range files {
			err := f.view(func(tx *bbolt.Tx) error {
				for i, r := range refs {
					if r.file != f || newest[r.seq] != r.cursor {
						continue
					}
					if i%256 == 0 && ctx.Err() != nil {
						return ctx.Err()
					}
					rec, err := readRecord(tx, r.seq, j.Acked())
					if err != nil {
						return err
					}
					entries = append(entries, Entry{Cursor: r.cursor, Record: rec})
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read outbox: %w", err)
	}
	slices.SortFunc(entries, func(a, b Entry) int { return compare(a.Cursor, b.Cursor) })
	return entries, nil
}

// ref is one entry of an outbox.
type ref struct {
	cursor, seq uint64
	file        *file
	at          time.Time
}

// outboxRefs lists entries after a cursor in order, not beyond what was durable when it began: commits that come
// meanwhile could make a later cursor visible in one file before an earlier one in another is looked at.
func (j *Journal) outboxRefs(files []*file, after uint64, limit int) ([]ref, error) {
	j.mu.Lock()
	last := j.last
	j.mu.Unlock()
	var refs []ref
	for _, f := range files {
		n := 0
		err := f.view(func(tx *bbolt.Tx) error {
			c := tx.Bucket(bucketOutbox).Cursor()
			for k, v := c.Seek(seqKey(after + 1)); k != nil && n < limit && number(k) <= last; k, v = c.Next() {
				if len(v) != 16 {
					return fmt.Errorf("outbox entry %d: %w", number(k), ErrDamaged)
				}
				refs = append(refs, ref{number(k), number(v[:8]), f, time.UnixMilli(int64(number(v[8:])))})
				n++
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(refs, func(a, b ref) int { return compare(a.cursor, b.cursor) })
	return refs[:min(len(refs), limit)], nil
}

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// OutboxSignal is ready after something was put into the outbox. One receiver.
func (j *Journal) OutboxSignal() <-chan struct{} { return j.signal }

// Acked is the cursor up to which the cabinet has everything.
func (j *Journal) Acked() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.acked
}

// Ack moves the acked cursor; moving it back does nothing. It does not wait for the disk: what is forgotten in a power
// cut is sent again.
func (j *Journal) Ack(cursor uint64) error {
	j.mu.Lock()
	if cursor > j.last {
		last := j.last
		j.mu.Unlock()
		return fmt.Errorf("acknowledge %d: the outbox ends at %d", cursor, last)
	}
	if cursor <= j.acked || j.failed != nil {
		err := j.failed
		j.mu.Unlock()
		return err
	}
	j.acked = cursor
	j.mu.Unlock()
	return j.enqueue(&write{acts: ActAck, ack: cursor})
}

// Backlog tells how many changes the cabinet has not heard of, and the time of the oldest (zero when there is none).
func (j *Journal) Backlog() (n uint64, oldest time.Time) {
	j.mu.Lock()
	acked, last := j.acked, j.last
	j.mu.Unlock()
	if last <= acked {
		return 0, time.Time{}
	}
	err := j.use(func(files []*file) error {
		refs, err := j.outboxRefs(files, acked, 1)
		if len(refs) > 0 {
			oldest = refs[0].at
		}
		return err
	})
	if err != nil {
		j.log.Error("read backlog", "error", err)
	}
	return last - acked, oldest
}

// Export writes every record as one line of JSON, oldest first. Lines hold what buyers and cashiers said of
// themselves: the file is for a technician's eyes.
func (j *Journal) Export(w io.Writer) error {
	out := bufio.NewWriter(w)
	err := j.use(func(files []*file) error {
		for _, f := range files {
			err := f.view(func(tx *bbolt.Tx) error {
				return tx.Bucket(bucketRecords).ForEach(func(k, v []byte) error {
					rec, err := decodeRecord(number(k), v, j.Acked())
					if err != nil {
						return err
					}
					line, err := protojson.Marshal(rec)
					if err != nil {
						return err
					}
					_, err = out.Write(append(line, '\n'))
					return err
				})
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("export journal: %w", err)
	}
	return out.Flush()
}
