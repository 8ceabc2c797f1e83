package journal

import (
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/windows"
)

// lockFile takes a lock that ends with the process.
func lockFile(f *os.File) error {
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return ErrLocked
	}
	return err
}

// syncDir does nothing: NTFS journals names, and a folder cannot be flushed.
func syncDir(string) error { return nil }

// isFull tells whether a write failed for want of space. bbolt loses the cause when it is growing the file.
func isFull(err error) bool {
	return err != nil && (errors.Is(err, ErrFull) || errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) ||
		errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED) || strings.Contains(err.Error(), windows.ERROR_DISK_FULL.Error()))
}
