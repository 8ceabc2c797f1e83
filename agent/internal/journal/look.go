package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Look opens a copy of the journal in folder dir, which nothing is written to, moved in or locked: beside a running
// agent, on a disk that takes no writes, on a folder that somebody sent. The copy lies in the system's temporary
// folder until Close. What is damaged is salvaged in the copy, so that [Journal.Problems] and [Journal.Salvaged] say
// what Open would do. Writes get [ErrCopy].
func Look(ctx context.Context, dir string, opts Options) (*Journal, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("look into journal: %w", err)
	}
	var whole, names []string
	for _, e := range entries {
		_, month := parseMonth(e.Name())
		switch {
		case !e.Type().IsRegular():
		case month, e.Name() == identityName, strings.HasSuffix(e.Name(), fileSuffix+savedSuffix):
			whole = append(whole, e.Name())
		case strings.Contains(e.Name(), damagedInfix):
			names = append(names, e.Name())
		}
	}
	if len(whole) == 0 {
		return nil, fmt.Errorf("look into journal: no journal in %s: %w", dir, fs.ErrNotExist)
	}
	temp, err := os.MkdirTemp("", "chekan-journal-")
	if err != nil {
		return nil, fmt.Errorf("look into journal: %w", err)
	}
	j, err := lookAt(ctx, dir, temp, whole, names, opts)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("look into journal: %w", err), os.RemoveAll(temp))
	}
	return j, nil
}

func lookAt(ctx context.Context, dir, temp string, whole, names []string, opts Options) (*Journal, error) {
	for _, name := range whole {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := snapshotFile(ctx, filepath.Join(dir, name), filepath.Join(temp, name)); err != nil {
			return nil, err
		}
	}
	for _, name := range names { // that it is there is worth telling
		if err := os.WriteFile(filepath.Join(temp, name), nil, 0o600); err != nil {
			return nil, err
		}
	}
	opts.Reserve = -1
	opts.Retention = 100 * 365 * 24 * time.Hour // a copy drops nothing
	j, err := Open(ctx, temp, opts)
	if err != nil {
		return nil, err
	}
	j.mu.Lock()
	j.temp = temp
	j.mu.Unlock()
	return j, nil
}

// snapshotTries is how often a file is copied while its agent commits, and snapshotPause how long the next try waits:
// an agent commits some times a second at most.
const (
	snapshotTries = 30
	snapshotPause = 20 * time.Millisecond
)

// errRestless is for a file that changed during every try: half of a commit would look like damage.
var errRestless = errors.New("the journal is written to faster than it can be copied: ask the running agent")

// snapshotFile copies a file of a journal. A commit writes pages that nobody needs yet, and at last one of the two
// meta pages: while these stay as they were, everything they lead to did.
func snapshotFile(ctx context.Context, from, to string) error {
	for try := 1; ; try++ {
		before, err := metaOf(from)
		if err != nil {
			return err
		}
		if err := copyFile(from, to); err != nil {
			return err
		}
		after, err := metaOf(from)
		if err != nil {
			return err
		}
		if bytes.Equal(before, after) {
			return nil
		}
		if try == snapshotTries {
			return errRestless
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(snapshotPause):
		}
	}
}

// metaOf is both meta pages, as far as they are there.
func metaOf(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, 2*os.Getpagesize())
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil // a sector that cannot be read: there is no telling
	}
	return b[:n], nil
}

// copyFile copies what can be read; a sector that cannot is zeros.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	const bite = 1 << 20
	buf := make([]byte, bite)
	for off := int64(0); ; off += bite {
		n, err := in.ReadAt(buf, off)
		if errors.Is(err, io.EOF) {
			if _, err := out.WriteAt(buf[:n], off); err != nil {
				return errors.Join(err, out.Close())
			}
			return out.Close()
		}
		if err != nil {
			if err := copySectors(in, out, off, buf); err != nil {
				return errors.Join(err, out.Close())
			}
			continue
		}
		if _, err := out.WriteAt(buf, off); err != nil {
			return errors.Join(err, out.Close())
		}
	}
}

// copySectors copies a bite that cannot be read as one.
func copySectors(in, out *os.File, off int64, buf []byte) error {
	const sector = 4096
	for i := int64(0); i < int64(len(buf)); i += sector {
		clear(buf[:sector])
		n, err := in.ReadAt(buf[:sector], off+i)
		if errors.Is(err, io.EOF) && n == 0 {
			return nil
		}
		if _, err := out.WriteAt(buf[:sector], off+i); err != nil {
			return err
		}
	}
	return nil
}

// Salvage says what became of one damaged file.
type Salvage struct {
	// File is the name of the damaged file, Kept the name under which it is kept aside.
	File, Kept string
	// Cause is what was wrong with it.
	Cause error
	// Operations and Executions were read from its pages.
	Operations, Executions int
	// Doubtful were found but not taken: they belong to a commit that never ended.
	Doubtful int
	// Missing is how many operations are known to have been there and were not found.
	Missing int
}

// String is for a technician's log.
func (s Salvage) String() string {
	text := fmt.Sprintf("%d operations and %d commands were read from it, %d doubtful ones were not taken; it is kept as %s",
		s.Operations, s.Executions, s.Doubtful, s.Kept)
	if s.Missing > 0 {
		text = fmt.Sprintf("%d operations were not found; %s", s.Missing, text)
	}
	return text
}

// doubtTime is how long after damage a repetition of something lost is thought possible.
const doubtTime = 48 * time.Hour

// Doubtful tells whether operations may have been lost lately: a file was salvaged or all of them were gone.
func (j *Journal) Doubtful() bool {
	for _, p := range j.Problems() {
		switch p.Code {
		case "journal_damaged", "journal_gone":
			return true
		case "journal_kept_aside": // by an earlier start; its name has the time
			_, when, _ := strings.Cut(p.Detail, damagedInfix)
			at, err := time.Parse(damagedTime, when[:min(len(when), len(damagedTime))])
			if err != nil || j.now().Sub(at).Abs() < doubtTime {
				return true
			}
		}
	}
	return false
}

// Salvaged lists what Open or Look salvaged.
func (j *Journal) Salvaged() []Salvage {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]Salvage(nil), j.salvages...)
}
