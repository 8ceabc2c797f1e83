// Package blackbox keeps the last bytes of every wire, so that after a strange
// morning a technician can read what was really said to a till and when.
//
// A [Ring] is one file of fixed size per till. New records overwrite the
// oldest. A record reaches the operating system with one positioned write, so
// it survives the death of the program at any instant; it is not forced to the
// disk, so a power cut may take the newest seconds: the black box explains
// things, it proves nothing. What proves is the fiscal memory.
//
// # File
//
// A 64-byte head (magic, version, size of the area), then the area. Records
// begin at multiples of 8 and carry a mark, a growing number, wall time,
// monotonic time since the program started, direction, the bytes, and a
// CRC-32. There is no index: a reader scans the area, takes every record whose
// CRC is right and puts them in order of their numbers. A record torn by a
// crash, and the rest of one half overwritten, are simply not found.
//
// # What this package does not do
//
// It does not know any till or wire: bytes come in, bytes go out. It never
// stops the work of a till: errors of the disk are remembered and counted, not
// returned to the wire.
package blackbox

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"time"
)

// Dir says which way bytes went.
type Dir uint8

// Directions. A Note is not bytes of the wire but a line about them: the
// program started, the port was opened.
const (
	Out  Dir = 1 // to the till
	In   Dir = 2 // from the till
	Note Dir = 3
)

// String gives the sign of transcripts: > out, < in, # note.
func (d Dir) String() string {
	switch d {
	case Out:
		return ">"
	case In:
		return "<"
	case Note:
		return "#"
	}
	return "?"
}

// Record is some bytes that passed together.
type Record struct {
	// Seq grows by one with each record of the file.
	Seq uint64
	// At is the computer's clock, which may jump.
	At time.Time
	// Mono is the time since the program that wrote it started; it never jumps.
	Mono time.Duration
	// Dir is the direction.
	Dir Dir
	// Bytes are what passed; for a Note, its text.
	Bytes []byte
}

// DefaultSize holds about 20 000 exchanges of a till.
const DefaultSize = 4 << 20

const (
	headSize = 64
	version  = 1
	// recHead is mark 4, length 2, direction 1, reserved 1, number 8, wall 8, monotonic 8.
	recHead = 32
	recTail = 4
	align   = 8
	// maxBytes bounds one record; longer pieces are split.
	maxBytes = 4096
	// joinWithin: pieces of one direction so close together are one record. A
	// serial port hands out an answer in crumbs.
	joinWithin = 20 * time.Millisecond
)

var (
	fileMagic = [8]byte{'C', 'H', 'K', 'N', 'B', 'O', 'X', 0}
	recMark   = [4]byte{0xB1, 0xAC, 0x4B, 0x07}
)

// ErrForeign says that the file is not a black box, or one of a later version.
var ErrForeign = errors.New("not a black box file")

// Ring is an open black box. Its methods may be called from any goroutine.
type Ring struct {
	mu    sync.Mutex
	f     *os.File
	area  int64 // bytes after the head
	next  int64 // where the next record begins, within the area
	seq   uint64
	start time.Time // with monotonic reading

	last   Record // the newest record, kept to be prolonged
	lastAt int64  // its place; -1 when there is none to prolong
	buf    []byte

	lost uint64
	err  error
}

// Open opens the file at path or makes it, size bytes at most. A file that is
// not a black box is put aside under the name path.old; one of another size is
// rewritten with what it holds.
func Open(path string, size int64) (*Ring, error) {
	size = max(size, headSize+4*(recHead+maxBytes+recTail))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open black box: %w", err)
	}
	var newest placed
	area, err := scan(path, func(rec placed) {
		if rec.Seq > newest.Seq {
			newest = placed{Record{Seq: rec.Seq}, rec.at + span(len(rec.Bytes))}
		}
	})
	var old []placed
	if err == nil && area != (size-headSize)/align*align {
		old, err = read(path)
	}
	switch {
	case errors.Is(err, os.ErrNotExist):
	case errors.Is(err, ErrForeign):
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, fmt.Errorf("open black box: %w", err)
		}
	case err != nil:
		return nil, fmt.Errorf("open black box: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open black box: %w", err)
	}
	r := &Ring{f: f, area: (size - headSize) / align * align, start: time.Now(), lastAt: -1}
	if area == r.area {
		r.seq, r.next = newest.Seq, r.fit(newest.at)
		return r, nil
	}
	if err := r.begin(); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("open black box: %w", err)
	}
	for _, rec := range old {
		r.seq = rec.Seq - 1
		r.put(rec.Record)
	}
	r.lastAt = -1
	return r, nil
}

// begin writes the head of an empty file.
func (r *Ring) begin() error {
	if err := r.f.Truncate(0); err != nil {
		return err
	}
	head := make([]byte, headSize)
	copy(head, fileMagic[:])
	binary.LittleEndian.PutUint32(head[8:], version)
	binary.LittleEndian.PutUint64(head[16:], uint64(r.area))
	_, err := r.f.WriteAt(head, 0)
	return err
}

// span is the room a record of n bytes takes.
func span(n int) int64 { return int64(recHead+n+recTail+align-1) / align * align }

// fit returns pos, or the beginning of the area when not even the longest
// record fits after pos.
func (r *Ring) fit(pos int64) int64 {
	if pos+span(maxBytes) > r.area {
		return 0
	}
	return pos
}

// Write adds bytes that passed just now. It does not keep b.
func (r *Ring) Write(dir Dir, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.f == nil {
		return
	}
	now := time.Now()
	mono := now.Sub(r.start)
	if r.lastAt >= 0 && dir == r.last.Dir && dir != Note && mono-r.last.Mono < joinWithin && len(r.last.Bytes)+len(b) <= maxBytes {
		r.last.Bytes = append(r.last.Bytes, b...)
		r.next = r.fit(r.store(r.lastAt, r.last))
		return
	}
	for first := true; first || len(b) > 0; first = false {
		n := min(len(b), maxBytes)
		r.put(Record{At: now, Mono: mono, Dir: dir, Bytes: b[:n]})
		b = b[n:]
	}
}

// Note adds a line of text.
func (r *Ring) Note(text string) { r.Write(Note, []byte(text)) }

// put writes a record at the next place, with the next number.
func (r *Ring) put(rec Record) {
	r.seq++
	rec.Seq = r.seq
	kept := append(r.last.Bytes[:0], rec.Bytes...)
	r.last = rec
	r.last.Bytes = kept
	r.lastAt = r.next
	r.next = r.fit(r.store(r.lastAt, r.last))
}

// store writes rec at pos and returns where it ends.
func (r *Ring) store(pos int64, rec Record) int64 {
	r.buf = encode(r.buf[:0], rec)
	if _, err := r.f.WriteAt(r.buf, headSize+pos); err != nil {
		r.lost++
		r.err = err
	}
	return pos + int64(len(r.buf))
}

func encode(b []byte, rec Record) []byte {
	b = append(b, recMark[:]...)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(rec.Bytes)))
	b = append(b, byte(rec.Dir), 0)
	b = binary.LittleEndian.AppendUint64(b, rec.Seq)
	b = binary.LittleEndian.AppendUint64(b, uint64(rec.At.UnixNano()))
	b = binary.LittleEndian.AppendUint64(b, uint64(rec.Mono))
	b = append(b, rec.Bytes...)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	for len(b)%align != 0 {
		b = append(b, 0)
	}
	return b
}

// decode reads a record at the beginning of b; ok is false when there is none.
func decode(b []byte) (rec Record, ok bool) {
	if len(b) < recHead+recTail || [4]byte(b[:4]) != recMark {
		return Record{}, false
	}
	n := int(binary.LittleEndian.Uint16(b[4:]))
	if n > maxBytes || len(b) < recHead+n+recTail {
		return Record{}, false
	}
	if crc32.ChecksumIEEE(b[:recHead+n]) != binary.LittleEndian.Uint32(b[recHead+n:]) {
		return Record{}, false
	}
	return Record{
		Seq:   binary.LittleEndian.Uint64(b[8:]),
		At:    time.Unix(0, int64(binary.LittleEndian.Uint64(b[16:]))),
		Mono:  time.Duration(binary.LittleEndian.Uint64(b[24:])),
		Dir:   Dir(b[6]),
		Bytes: b[recHead : recHead+n : recHead+n],
	}, true
}

// Lost tells how many records the disk would not take, and its last complaint.
func (r *Ring) Lost() (uint64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost, r.err
}

// Close closes the file. Later writes are dropped.
func (r *Ring) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.f == nil {
		return nil
	}
	err := r.f.Close()
	r.f = nil
	return err
}

// Read returns what the file at path holds, oldest first. The program that
// writes it may go on meanwhile.
func Read(path string) ([]Record, error) {
	found, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("read black box: %w", err)
	}
	out := make([]Record, len(found))
	for i, rec := range found {
		out[i] = rec.Record
	}
	return out, nil
}

// placed is a record with its place in the area.
type placed struct {
	Record
	at int64
}

// read collects the records of a file, in order.
func read(path string) ([]placed, error) {
	var found []placed
	_, err := scan(path, func(rec placed) {
		rec.Bytes = bytes.Clone(rec.Bytes)
		found = append(found, rec)
	})
	sort.Slice(found, func(i, j int) bool { return found[i].Seq < found[j].Seq })
	return found, err
}

// window is how much of the file scan holds: an agent with many tills must not
// swell at its start.
const window = 16 * maxBytes

// scan finds every record of the file, in order of place, and returns the size
// of its area. visit must not keep the bytes.
func scan(path string, visit func(placed)) (area int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	buf := make([]byte, window)
	n, err := f.ReadAt(buf[:headSize], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if n < headSize || [8]byte(buf[:8]) != fileMagic || binary.LittleEndian.Uint32(buf[8:]) != version {
		return 0, ErrForeign
	}
	area = int64(binary.LittleEndian.Uint64(buf[16:]))
	if area < 0 || area%align != 0 {
		return 0, ErrForeign
	}
	for base := int64(0); base < area; {
		n, err := f.ReadAt(buf[:min(window, area-base)], headSize+base)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		last := errors.Is(err, io.EOF) || base+int64(n) >= area
		at := 0
		for at+recHead+recTail <= n && (last || at+int(span(maxBytes)) <= n) {
			rec, ok := decode(buf[at:n])
			if !ok {
				at += align
				continue
			}
			visit(placed{rec, base + int64(at)})
			at += int(span(len(rec.Bytes)))
		}
		if last {
			break
		}
		base += int64(at)
	}
	return area, nil
}
