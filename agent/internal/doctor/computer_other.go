//go:build !linux

package doctor

import (
	"errors"
	"os"
	"time"
)

var errNotHere = errors.New("в этой системе не проверяется")

// Sync implements Computer.
func (thisComputer) Sync(dir string, times int) (took []time.Duration, err error) {
	f, err := os.CreateTemp(dir, "doctor-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	block := make([]byte, 4096)
	for i := range times + 1 {
		block[0] = byte(i)
		if _, err := f.WriteAt(block, 0); err != nil {
			return nil, err
		}
		began := time.Now()
		if err := f.Sync(); err != nil {
			return nil, err
		}
		if i > 0 { // the first gives the file its place
			took = append(took, time.Since(began))
		}
	}
	return took, nil
}

// Holders implements Computer: only Linux tells.
func (thisComputer) Holders(string) ([]string, error) { return nil, errNotHere }
