package update

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// disk does what has to survive a power cut. Every step asks fault first, which
// is how tests die between two of them.
type disk struct {
	// fault is asked before each step; an error ends the process's say. Nil is never.
	fault func(step Step, path string) error
}

// Step is one place where the world can fail.
type Step string

// Steps, in the order of an update. What they do to a file is what counts, so
// that one list serves metadata, download, binary and state.
const (
	// StepMkdir: a folder is made.
	StepMkdir Step = "mkdir"
	// StepCreate: a file is begun under a name of its own.
	StepCreate Step = "create"
	// StepWrite: a piece of it is written.
	StepWrite Step = "write"
	// StepSync: the file is made durable.
	StepSync Step = "sync"
	// StepMode: a verified binary becomes executable.
	StepMode Step = "mode"
	// StepRename: it gets the name it is looked for under.
	StepRename Step = "rename"
	// StepSyncDir: the name is made durable.
	StepSyncDir Step = "syncdir"
	// StepRemove: a file or folder is removed.
	StepRemove Step = "remove"
	// StepLeave: the running version ends to let the chosen one begin.
	StepLeave Step = "leave"
	// StepStart: the launcher hands over.
	StepStart Step = "start"
)

func (d *disk) step(s Step, path string) error {
	if d == nil || d.fault == nil {
		return nil
	}
	return d.fault(s, path)
}

// mkdir makes a folder and those above it, for their owner only.
func (d *disk) mkdir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := d.mkdir(parent); err != nil {
			return err
		}
	}
	if err := d.step(StepMkdir, dir); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return d.syncDir(parent)
}

// replace changes a small file at once: after a power cut the old text is there
// or the new one.
func (d *disk) replace(path string, text []byte) error {
	temp := path + newSuffix
	f, err := d.create(temp)
	if err != nil {
		return err
	}
	err = d.write(f, text)
	if err == nil {
		err = d.sync(f)
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = d.rename(temp, path)
	}
	if err != nil {
		if !errors.Is(err, errDied) {
			_ = os.Remove(temp)
		}
		return err
	}
	return d.syncDir(filepath.Dir(path))
}

// newSuffix marks what is being made.
const newSuffix = ".new"

// errDied is what a fault returns for the death of the process: nothing after it
// happens, not even tidying up.
var errDied = errors.New("died of an injected fault")

func (d *disk) create(path string) (*os.File, error) {
	if err := d.step(StepCreate, path); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
}

func (d *disk) write(f *os.File, b []byte) error {
	if err := d.step(StepWrite, f.Name()); err != nil {
		return err
	}
	_, err := f.Write(b)
	return err
}

func (d *disk) sync(f *os.File) error {
	if err := d.step(StepSync, f.Name()); err != nil {
		return err
	}
	return f.Sync()
}

func (d *disk) rename(from, to string) error {
	if err := d.step(StepRename, to); err != nil {
		return err
	}
	return os.Rename(from, to)
}

func (d *disk) syncDir(dir string) error {
	if err := d.step(StepSyncDir, dir); err != nil {
		return err
	}
	if err := syncFolder(dir); err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return nil
}

func (d *disk) remove(path string) error {
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := d.step(StepRemove, path); err != nil {
		return err
	}
	return os.RemoveAll(path)
}

// faultyWriter writes in pieces, so that a fault can come between two.
type faultyWriter struct {
	d *disk
	f *os.File
}

var _ io.Writer = faultyWriter{}

// Write implements io.Writer.
func (w faultyWriter) Write(b []byte) (int, error) {
	if err := w.d.write(w.f, b); err != nil {
		return 0, err
	}
	return len(b), nil
}
