package update

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

const exeName = "chekan-agent.exe"

// CanBecome tells whether a process can become another program here.
const CanBecome = false

// syncFolder: Windows writes the names of a folder in its own order, and has no
// call that waits for it; a rename is in the journal of NTFS.
func syncFolder(string) error { return nil }

// free is the space of a folder's disk that we may use, bytes.
func free(dir string) (int64, error) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var ours uint64
	if err := windows.GetDiskFreeSpaceEx(path, &ours, nil, nil); err != nil {
		return 0, err
	}
	return int64(min(ours, 1<<62)), nil
}

// isFull tells whether a write failed for want of space.
func isFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}

// replaceProcess: Windows has no such thing; see Launcher.Supervise.
func replaceProcess(string, []string, []string) error { return errors.ErrUnsupported }

// inheritable: see replaceProcess.
func inheritable(*os.File) (uintptr, error) { return 0, errors.ErrUnsupported }
