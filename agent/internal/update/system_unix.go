//go:build unix

package update

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const exeName = "chekan-agent"

// CanBecome tells whether a process can become another program here.
const CanBecome = true

// syncFolder makes names in a folder durable.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// free is the space of a folder's disk that we may use, bytes.
func free(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil //nolint:unconvert // narrower on other systems
}

// isFull tells whether a write failed for want of space.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// replaceProcess becomes another program under the same process id, so that
// what the service manager knows of this one stays true.
func replaceProcess(exe string, args, env []string) error { return syscall.Exec(exe, args, env) }

// inheritable gives a descriptor of the file that a program executed in place of
// this one has, too. The file itself must not be used any more.
func inheritable(f *os.File) (uintptr, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD, 3) // a copy does not close at exec
	if err != nil {
		return 0, err
	}
	return uintptr(fd), f.Close()
}
