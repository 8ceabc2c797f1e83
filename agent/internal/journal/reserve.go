package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// reserve is a file that does nothing but hold disk space, until settling needs it.
type reserve struct {
	path  string
	size  int64 // 0: there is none
	tried time.Time
	gone  bool // given back to the disk and not taken again yet
}

// reserveRetry is how often a full disk is asked whether it has room again.
const reserveRetry = 5 * time.Second

// take makes sure that the space is ours. Its bytes are noise, because some file systems store zeros for nothing.
func (r *reserve) take() error {
	if r.size <= 0 {
		return nil
	}
	if info, err := os.Stat(r.path); err == nil && info.Size() == r.size {
		r.gone = false
		return nil
	}
	r.gone = true
	if err := r.write(); err != nil {
		return errors.Join(fmt.Errorf("take the reserve: %w", err), removeIfThere(r.path))
	}
	r.gone = false
	return nil
}

func (r *reserve) write() error {
	f, err := os.OpenFile(r.path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	noise := rand.New(rand.NewPCG(0, 0))
	buf := make([]byte, 64<<10)
	for left := r.size; left > 0 && err == nil; left -= int64(len(buf)) {
		for i := 0; i < len(buf); i += 8 {
			binary.NativeEndian.PutUint64(buf[i:], noise.Uint64())
		}
		_, err = f.Write(buf[:min(left, int64(len(buf)))])
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// release gives the space back to the disk. False: there was nothing to give.
func (r *reserve) release() bool {
	if r.size <= 0 || r.gone {
		return false
	}
	r.gone = true
	return os.Remove(r.path) == nil && syncDir(filepath.Dir(r.path)) == nil
}

// retake tries to take released space again, not too often, and tells whether new operations may be taken.
func (r *reserve) retake(now time.Time) bool {
	if !r.gone {
		return true
	}
	if since := now.Sub(r.tried); since >= 0 && since < reserveRetry {
		return false
	}
	r.tried = now
	return r.take() == nil
}
