package wire

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// DefaultLockDir is the directory for locks that the service and every user of
// the machine reach; programs must agree on it to exclude each other.
func DefaultLockDir() string {
	if dir := os.Getenv("ProgramData"); dir != "" {
		return filepath.Join(dir, "Chekan", "lock")
	}
	return os.TempDir()
}

// lockOffset is far behind the holder's number: a locked range cannot be read
// by others on this system, and the number should be.
const lockOffset = 1 << 20

func flock(f *os.File) error {
	err := windows.LockFileEx(windows.Handle(f.Fd()),
		windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0,
		&windows.Overlapped{Offset: lockOffset})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errHeld
	}
	return err
}
