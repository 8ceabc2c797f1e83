package explore

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// finished is what earlier runs of this very program explored: a long
// exploration that was stopped goes on where it was. The file belongs to one
// build and one seed; anything else begins anew, so that old points never count
// for new code.
//
// The file is the SHA-256 of the program and of the seed, then 16 bytes a
// point: FNV-64a of its name, settle time in microseconds (7 bytes), fired.
// Points that went wrong are not written: they are explored again.
var finished struct {
	sync.Mutex
	file   *os.File
	points map[uint64]verdict
}

const pointSize = 16

// resume opens the file of finished points at path and reads it.
func resume(path string) error {
	head, err := program()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	finished.points = map[uint64]verdict{}
	keep := int64(len(head))
	if bytes.HasPrefix(content, head) {
		for rest := content[len(head):]; len(rest) >= pointSize; rest = rest[pointSize:] {
			word := binary.LittleEndian.Uint64(rest[8:])
			finished.points[binary.LittleEndian.Uint64(rest)] = verdict{settle: time.Duration(word>>8) * time.Microsecond, fired: word&1 != 0}
			keep += pointSize
		}
	} else if _, err := f.WriteAt(head, 0); err != nil {
		return err
	}
	if err := f.Truncate(keep); err != nil {
		return err
	}
	if _, err := f.Seek(keep, io.SeekStart); err != nil {
		return err
	}
	finished.file = f
	fmt.Fprintf(os.Stderr, "%d points were explored before (%s)\n", len(finished.points), path)
	return nil
}

// program names this build and the seed.
func program() ([]byte, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	f, err := os.Open(exe)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	_, _ = io.WriteString(h, *seed)
	return h.Sum(nil), nil
}

func pointID(name string) uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, name)
	return h.Sum64()
}

// recall gives the verdict of a point explored before.
func recall(name string) (v verdict, ok bool) {
	finished.Lock()
	defer finished.Unlock()
	v, ok = finished.points[pointID(name)]
	return v, ok
}

// remember writes a point down that ended well.
func remember(name string, v verdict) error {
	finished.Lock()
	defer finished.Unlock()
	if finished.file == nil || v.bad() {
		return nil
	}
	word := uint64(v.settle.Microseconds()) << 8
	if v.fired {
		word |= 1
	}
	b := binary.LittleEndian.AppendUint64(nil, pointID(name))
	_, err := finished.file.Write(binary.LittleEndian.AppendUint64(b, word))
	return err
}

// point explores one point, or takes it from an earlier run.
func point(t *testing.T, name string, sc scene, s story, f trouble, at int) verdict {
	t.Helper()
	if v, ok := recall(name); ok {
		return v
	}
	v := play(t, sc, s, f, at, defect{})
	if err := remember(name, v); err != nil {
		t.Fatal(err)
	}
	return v
}
