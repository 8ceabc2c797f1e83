//go:build unix

package wire

import (
	"errors"
	"os"
	"syscall"
)

// DefaultLockDir is the directory for locks that every user of the machine
// reaches; programs must agree on it to exclude each other. The packages make
// the first one: on Fedora and its relatives /run/lock is root's alone.
func DefaultLockDir() string {
	for _, dir := range []string{"/run/lock/chekan", "/run/lock"} {
		if st, err := os.Stat(dir); err == nil && st.IsDir() {
			return dir
		}
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
