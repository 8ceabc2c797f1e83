//go:build unix

package wire

import (
	"errors"
	"os"
	"syscall"
)

// DefaultLockDir is the directory for locks that every user of the machine
// reaches; programs must agree on it to exclude each other.
func DefaultLockDir() string {
	if st, err := os.Stat("/run/lock"); err == nil && st.IsDir() {
		return "/run/lock"
	}
	return "/tmp"
}

// flock binds to the open file, not to the process, so it also excludes a
// second opening inside this process, and it holds against root.
func flock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errHeld
	}
	return err
}
