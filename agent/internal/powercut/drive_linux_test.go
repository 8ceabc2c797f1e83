package powercut

import (
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
)

const (
	blockSize  = 4096
	sectorSize = 512 // what a drive writes whole or not at all
)

// blocks is the content of a drive; nil is a block of zeros. A block is never
// changed in place, so that copies share them.
type blocks [][]byte

func (b blocks) read(p []byte, off int64) {
	for len(p) > 0 {
		at := int(off % blockSize)
		n := min(len(p), blockSize-at)
		if block := b[off/blockSize]; block == nil {
			clear(p[:n])
		} else {
			copy(p[:n], block[at:])
		}
		p, off = p[n:], off+int64(n)
	}
}

func (b blocks) write(p []byte, off int64) {
	for len(p) > 0 {
		at := int(off % blockSize)
		n := min(len(p), blockSize-at)
		fresh := make([]byte, blockSize)
		copy(fresh, b[off/blockSize])
		copy(fresh[at:], p[:n])
		b[off/blockSize] = fresh
		p, off = p[n:], off+int64(n)
	}
}

// save writes the content into a new sparse file.
func (b blocks) save(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(int64(len(b)) * blockSize); err != nil {
		return err
	}
	for i, block := range b {
		if block == nil {
			continue
		}
		if _, err := f.WriteAt(block, int64(i)*blockSize); err != nil {
			return err
		}
	}
	return f.Close()
}

// loadBlocks reads the content of a file.
func loadBlocks(path string) (blocks, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out blocks
	for {
		block := make([]byte, blockSize)
		_, err := io.ReadFull(f, block)
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if slices.Max(block) == 0 {
			block = nil
		}
		out = append(out, block)
	}
}

// pendingWrite is a write in the drive's cache.
type pendingWrite struct {
	off  int64
	data []byte
}

// event is what a cut can happen at.
type event uint8

// Events.
const (
	atWrite  event = iota // a write has come into the cache
	atFlush               // a flush has been asked for and not begun
	atAnswer              // the shop has heard an answer
)

func (e event) String() string { return [...]string{"a write", "a flush", "an answer"}[e] }

// deafCache is how many writes a drive that ignores flushes holds back.
const deafCache = 48

// drive is a disk with a volatile write cache.
type drive struct {
	mu      sync.Mutex
	durable blocks
	seen    blocks // durable and pending: what a reader gets
	pending []pendingWrite
	// deaf makes it answer flushes without doing anything: writes become
	// durable only when the cache is full.
	deaf bool
	// off: the power is cut. Nothing changes any more.
	off bool
	// watch is called at every event, under mu: whatever it looks at outside
	// the drive is of the same instant, because nobody who waits for the drive
	// can go on.
	watch func(event)
}

func newDrive(content blocks) *drive {
	return &drive{durable: slices.Clone(content), seen: slices.Clone(content), watch: func(event) {}}
}

func (d *drive) size() int64 { return int64(len(d.durable)) * blockSize }

func (d *drive) readAt(p []byte, off int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen.read(p, off)
}

func (d *drive) writeAt(p []byte, off int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return
	}
	w := pendingWrite{off, slices.Clone(p)}
	d.seen.write(w.data, w.off)
	d.pending = append(d.pending, w)
	if d.deaf && len(d.pending) > deafCache {
		d.settle(1)
	}
	d.watch(atWrite)
}

func (d *drive) flush() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return
	}
	d.watch(atFlush)
	if !d.deaf && !d.off {
		d.settle(len(d.pending))
	}
}

// settle makes the first n pending writes durable.
func (d *drive) settle(n int) {
	for _, w := range d.pending[:n] {
		d.durable.write(w.data, w.off)
	}
	d.pending = slices.Clone(d.pending[n:])
}

// report is an event outside the drive.
func (d *drive) report(e event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.off {
		d.watch(e)
	}
}

func (d *drive) isOff() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.off
}

// cutImage is what a power cut leaves of a drive: everything durable, and of
// the pending writes whatever chance had written. A drive writes in any order,
// and a write of several sectors may be cut between any of them; a sector is
// whole.
func cutImage(durable blocks, pending []pendingWrite, rng *rand.Rand) blocks {
	out := slices.Clone(durable)
	kept := keep(len(pending), rng)
	torn := rng.IntN(2) == 0
	for i, w := range pending {
		if !kept[i] {
			continue
		}
		sectors := len(w.data) / sectorSize
		if !torn || sectors < 2 || rng.IntN(3) > 0 {
			out.write(w.data, w.off)
			continue
		}
		for s := range sectors {
			if rng.IntN(2) == 0 {
				out.write(w.data[s*sectorSize:(s+1)*sectorSize], w.off+int64(s*sectorSize))
			}
		}
	}
	return out
}

// keep chooses which of n pending writes had been written. A coin for each one
// alone would hardly ever give the extremes, which are what real drives do most.
func keep(n int, rng *rand.Rand) []bool {
	kept := make([]bool, n)
	if n == 0 {
		return kept
	}
	way, edge := rng.IntN(7), rng.IntN(n)
	for i := range kept {
		switch way {
		case 0: // nothing
		case 1: // everything
			kept[i] = true
		case 2: // in order, up to somewhere
			kept[i] = i <= edge
		case 3: // out of order: the newest only
			kept[i] = i >= edge
		case 4: // all but one
			kept[i] = i != edge
		case 5:
			kept[i] = rng.IntN(2) == 0
		default:
			kept[i] = rng.IntN(10) > 0
		}
	}
	return kept
}
