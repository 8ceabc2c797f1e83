package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"go.etcd.io/bbolt"
)

// Layout of bbolt's pages, in the byte order of the machine (bbolt, internal/common/page.go, inode.go, meta.go). A page
// is a header {id uint64, flags uint16, count uint16, overflow uint32}; a leaf goes on with count elements {flags, pos,
// ksize, vsize uint32}, pos being the distance from the element to its key, which the value follows. A small bucket
// is a value: {root uint64 = 0, sequence uint64} and a page.
const (
	pageHeader    = 16
	leafElement   = 16
	bucketHeader  = 16
	pageFlagLeaf  = 0x02
	elementBucket = 0x01

	metaMagic    = 0xED0CDAED
	metaPageSize = pageHeader + 8 // magic and version come first

	maxLeaf = 16 << 20 // a leaf longer than this is damage, not a record
)

// leafValues calls visit with every key and value of a leaf page, as far as they lie within it, and their
// distance from its beginning.
func leafValues(page []byte, visit func(key, value []byte, at int)) {
	order := binary.NativeEndian
	if len(page) < pageHeader || order.Uint16(page[8:]) != pageFlagLeaf {
		return
	}
	for i := range int(order.Uint16(page[10:])) {
		e := pageHeader + i*leafElement
		if e+leafElement > len(page) {
			return
		}
		pos, ksize, vsize := int64(order.Uint32(page[e+4:])), int64(order.Uint32(page[e+8:])), int64(order.Uint32(page[e+12:]))
		key := int64(e) + pos
		if key+ksize+vsize > int64(len(page)) {
			continue
		}
		value := page[key+ksize : key+ksize+vsize]
		if order.Uint32(page[e:])&elementBucket == 0 {
			visit(page[key:key+ksize], value, int(key+ksize))
		} else if len(value) > bucketHeader && order.Uint64(value) == 0 {
			leafValues(value[bucketHeader:], func(k, v []byte, at int) {
				visit(k, v, int(key+ksize)+bucketHeader+at)
			})
		}
	}
}

// piece is a record found in a damaged file.
type piece struct {
	seq      uint64
	revision uint32
	at, size int64
}

// wreck is what can be read of a damaged file: the newest of every record, by key, and executions.
type wreck struct {
	file    *os.File
	records map[string]piece
	runs    map[string][]byte
}

// scan reads a damaged file page by page. It trusts no tree: an intact value is known by its checksum. Pages that are
// not in use any more hold older revisions, or ones that were never acknowledged; the newest revision wins.
func scan(f *os.File) (*wreck, error) {
	w := &wreck{file: f, records: map[string]piece{}, runs: map[string][]byte{}}
	size, err := pageSizeOf(f)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	page := make([]byte, size)
	for off := int64(0); off < info.Size(); off += size {
		n, err := f.ReadAt(page, off)
		if n < pageHeader {
			if err != nil && !errors.Is(err, io.EOF) {
				continue // a sector that cannot be read
			}
			break
		}
		whole := page[:n]
		order := binary.NativeEndian
		if order.Uint16(page[8:]) != pageFlagLeaf {
			continue
		}
		if more := int64(order.Uint32(page[12:])); more > 0 && (more+1)*size <= maxLeaf {
			whole = make([]byte, (more+1)*size)
			n, _ := f.ReadAt(whole, off) // as far as it can be read
			whole = whole[:n]
		}
		leafValues(whole, func(key, value []byte, at int) { w.take(key, value, off+int64(at)) })
	}
	return w, nil
}

func pageSizeOf(f *os.File) (int64, error) {
	size := int64(os.Getpagesize())
	head := make([]byte, metaPageSize+4)
	for _, off := range []int64{0, size} {
		if _, err := f.ReadAt(head, off); err != nil {
			if errors.Is(err, io.EOF) {
				return size, nil
			}
			return 0, err
		}
		order := binary.NativeEndian
		said := int64(order.Uint32(head[metaPageSize:]))
		if order.Uint32(head[pageHeader:]) == metaMagic && said >= 512 && said <= 64<<10 && said&(said-1) == 0 {
			return said, nil
		}
	}
	return size, nil
}

func (w *wreck) take(key, value []byte, at int64) {
	switch {
	case len(key) == 8 && sound(layoutRecord, key, value):
		seq := number(key)
		rec, err := decodeRecord(seq, value, 0)
		if err != nil || rec.Operation.Key == "" {
			return
		}
		if old, ok := w.records[rec.Operation.Key]; !ok || rec.Operation.Revision > old.revision {
			w.records[rec.Operation.Key] = piece{seq: seq, revision: rec.Operation.Revision, at: at, size: int64(len(value))}
		}
	case sound(layoutExecution, key, value):
		// Executions have no revision: the one that got further is longer, or is reported.
		old, ok := w.runs[string(key)]
		if !ok || executionFlags(value) > executionFlags(old) || executionFlags(value) == executionFlags(old) && len(value) > len(old) {
			w.runs[string(key)] = bytes.Clone(value)
		}
	}
}

// refill writes what was found into a new file. Two keys can claim one seq when one of them was in a commit that
// never ended; the second then gets none, and is counted.
func (w *wreck) refill(db *bbolt.DB) (doubtful int, err error) {
	keys := slices.SortedFunc(maps.Keys(w.records), func(a, b string) int {
		x, y := w.records[a], w.records[b]
		if x.seq != y.seq {
			return compare(x.seq, y.seq)
		}
		return int(y.revision) - int(x.revision)
	})
	const bite = 1000 // records a commit: memory stays small
	var last uint64
	for part := range slices.Chunk(keys, bite) {
		err := db.Update(func(tx *bbolt.Tx) error {
			for _, key := range part {
				p := w.records[key]
				if p.seq == last {
					doubtful++
					continue
				}
				last = p.seq
				if err := w.refillRecord(tx, key, p); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return doubtful, err
		}
	}
	return doubtful, db.Update(func(tx *bbolt.Tx) error {
		for id, value := range w.runs {
			if err := tx.Bucket(bucketRuns).Put([]byte(id), value); err != nil {
				return err
			}
		}
		return tx.Bucket(bucketMeta).Put(metaIndexed, seqKey(last))
	})
}

func (w *wreck) refillRecord(tx *bbolt.Tx, key string, p piece) error {
	value := make([]byte, p.size)
	if _, err := w.file.ReadAt(value, p.at); err != nil {
		return err
	}
	h, _, ok := openRecord(value)
	if !ok {
		return fmt.Errorf("record %d changed while it was salvaged: %w", p.seq, ErrDamaged)
	}
	rec, err := decodeRecord(p.seq, value, 0)
	if err != nil {
		return err
	}
	err = errors.Join(tx.Bucket(bucketRecords).Put(seqKey(p.seq), value), tx.Bucket(bucketKeys).Put([]byte(key), seqKey(p.seq)))
	if h.flags&flagUnfinished != 0 {
		err = errors.Join(err, tx.Bucket(bucketOpen).Put(seqKey(p.seq), nil))
	}
	if h.cursor != 0 {
		at := max(rec.Operation.EndedMs, rec.Operation.AcceptedMs, 0)
		err = errors.Join(err, tx.Bucket(bucketOutbox).Put(seqKey(h.cursor), binary.BigEndian.AppendUint64(seqKey(p.seq), uint64(at))))
	}
	return err
}

// salvageMonth keeps a damaged file aside and puts what can be read of it in its place. It says what was saved.
func (j *Journal) salvageMonth(m month) (Salvage, error) {
	path := filepath.Join(j.dir, m.fileName())
	damaged, err := os.Open(path)
	if err != nil {
		return Salvage{}, err
	}
	w, err := scan(damaged)
	doubtful, left, missing := 0, 0, 0
	if err == nil {
		n := numbers{id: newID(), firstSeq: 1}
		if len(j.files) > 0 {
			before := j.files[len(j.files)-1]
			n.firstSeq = max(before.firstSeq, before.lastSeq+1)
			for key, p := range w.records {
				if p.seq < n.firstSeq { // left by a commit that never ended
					delete(w.records, key)
					left++
				}
			}
		}
		missing = w.missing(n.firstSeq)
		err = makeFile(path+madeSuffix, n, func(db *bbolt.DB) (err error) {
			doubtful, err = w.refill(db)
			return err
		})
	}
	if err = errors.Join(err, damaged.Close()); err != nil {
		return Salvage{}, fmt.Errorf("salvage: %w", err)
	}
	if err := publish(path+madeSuffix, path+savedSuffix); err != nil {
		return Salvage{}, fmt.Errorf("salvage: %w", err)
	}
	aside := path + damagedInfix + j.now().UTC().Format(damagedTime)
	for n := 2; ; n++ {
		if _, err := os.Lstat(aside); errors.Is(err, os.ErrNotExist) {
			break
		}
		aside = fmt.Sprintf("%s%s%s-%d", path, damagedInfix, j.now().UTC().Format(damagedTime), n)
	}
	if err := errors.Join(publish(path, aside), publish(path+savedSuffix, path)); err != nil {
		return Salvage{}, fmt.Errorf("keep the damaged file aside: %w", err)
	}
	return Salvage{
		File: m.fileName(), Kept: filepath.Base(aside), Operations: len(w.records) - doubtful, Executions: len(w.runs), Doubtful: doubtful + left, Missing: missing,
	}, nil
}

// missing counts the gaps between the first seq of the file and the last one found: seqs are given out without any.
func (w *wreck) missing(first uint64) int {
	seqs := map[uint64]bool{}
	var last uint64
	for _, p := range w.records {
		seqs[p.seq] = true
		last = max(last, p.seq)
	}
	if last < first {
		return 0
	}
	return int(last-first) + 1 - len(seqs)
}
