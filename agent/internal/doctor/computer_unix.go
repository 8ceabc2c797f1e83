//go:build !windows

package doctor

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// noControl keeps a serial port that is only looked at from becoming our
// terminal, or from waiting for a carrier.
const noControl = syscall.O_NOCTTY | syscall.O_NONBLOCK

// thisComputer is the real one.
type thisComputer struct{}

// Free implements Computer.
func (thisComputer) Free(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil //nolint:unconvert // narrower on other systems
}
