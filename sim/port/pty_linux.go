package port

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// terminal is the master of a pseudo-terminal. It holds the slave open too:
// otherwise reading fails whenever no host has it open.
type terminal struct {
	*os.File
	slave *os.File
	once  sync.Once
	err   error
}

func (t *terminal) Close() error {
	t.once.Do(func() { t.err = errors.Join(t.slave.Close(), t.File.Close()) })
	return t.err
}

func ptyOnce(ctx context.Context, path string, serve Serve) error {
	master, slave, err := pty.Open()
	if err != nil {
		return fmt.Errorf("%w: %w", errPty, err)
	}
	t := &terminal{File: master, slave: slave}
	if err := errors.Join(waitable(master), raw(slave)); err != nil {
		return errors.Join(fmt.Errorf("%w: %w", errPty, err), t.Close())
	}
	name := slave.Name()
	if err := link(name, path); err != nil {
		return errors.Join(fmt.Errorf("%w: %w", errPty, err), t.Close())
	}
	err = serve(ctx, t)
	return errors.Join(err, unlink(name, path), t.Close())
}

// link makes path point to name, in place of what it pointed to before.
func link(name, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp := path + ".new"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Symlink(name, tmp); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// unlink removes path if it still points to name.
func unlink(name, path string) error {
	if to, err := os.Readlink(path); err != nil || to != name {
		return nil //nolint:nilerr // somebody else's link by now
	}
	return os.Remove(path)
}

// waitable gives the master back to the runtime's poller, which package pty
// took it from: otherwise closing it does not end a Read in progress.
func waitable(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	err = conn.Control(func(fd uintptr) { set = unix.SetNonblock(int(fd), true) })
	return errors.Join(err, set)
}

// raw switches echo and line editing off, so that the line is clean before a
// host has set it up.
func raw(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var ioctl error
	err = conn.Control(func(fd uintptr) {
		var t *unix.Termios
		if t, ioctl = unix.IoctlGetTermios(int(fd), unix.TCGETS); ioctl != nil {
			return
		}
		t.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
		t.Oflag &^= unix.OPOST
		t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
		t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
		ioctl = unix.IoctlSetTermios(int(fd), unix.TCSETS, t)
	})
	return errors.Join(err, ioctl)
}

var _ io.ReadWriteCloser = (*terminal)(nil)
