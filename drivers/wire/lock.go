package wire

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// errHeld is what flock returns when somebody else has the lock.
var errHeld = errors.New("lock is held")

// lockDevice takes the device's lock and returns how to let it go. The lock
// file stays behind: removing it would race with somebody opening it.
func lockDevice(dir string, a Address) (release func(), err error) {
	fail := func(sentinel, cause error) (func(), error) {
		return nil, &Error{Op: "lock", Addr: a.String(), Err: sentinel, Cause: cause}
	}
	path := filepath.Join(dir, lockName(a))
	f, err := openLock(path)
	if err != nil {
		return fail(ErrDenied, err)
	}
	if err := flock(f); err != nil {
		holder := readHolder(f)
		_ = f.Close()
		if errors.Is(err, errHeld) {
			return fail(ErrBusy, fmt.Errorf("lock %s, %s", path, holder))
		}
		return fail(ErrDenied, err)
	}
	// Who holds it is a courtesy for the error message above, nothing relies
	// on it.
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return func() { _ = f.Close() }, nil
}

func openLock(path string) (*os.File, error) {
	// First without creating: where the kernel protects sticky directories,
	// opening another user's file with O_CREATE is refused even to root.
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil || !errors.Is(err, os.ErrNotExist) {
		return f, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	// Past the umask, so that an agent of another user can see that it is held.
	_ = f.Chmod(0o666)
	return f, nil
}

func readHolder(r io.Reader) string {
	b, err := io.ReadAll(io.LimitReader(r, 64))
	pid := strings.TrimSpace(string(b))
	if err != nil || pid == "" {
		return "holder unknown"
	}
	return "held by process " + pid
}

// lockName is one name per device, whichever of its names was configured.
func lockName(a Address) string {
	id := a.Host
	switch a.Scheme {
	case "usb":
		id = a.USB.id()
	case "serial":
		id = a.Port
		if target, err := filepath.EvalSymlinks(a.Port); err == nil {
			id = target // /dev/serial/by-id/… and /dev/ttyACM0 are one port
		}
	}
	id = strings.TrimPrefix(id, "/dev/")
	var b strings.Builder
	for _, r := range strings.ToLower(id) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "%%%x", r)
		}
	}
	return "chekan-" + a.Scheme + "-" + b.String() + ".lock"
}
