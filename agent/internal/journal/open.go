package journal

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Open opens the journal in folder dir, and makes it when there is none. It returns [ErrLocked] when another process
// has it open.
func Open(ctx context.Context, dir string, opts Options) (*Journal, error) {
	j := &Journal{
		dir: dir, log: opts.Log, now: opts.Now, fault: opts.Fault, retention: opts.Retention,
		urgent: make(chan struct{}, 1), lazy: make(chan struct{}, 1), filled: make(chan struct{}, 1), signal: make(chan struct{}, 1),
		stop: make(chan struct{}), stopped: make(chan struct{}),
		overlay: map[uint64]*overlay{},
		reserve: reserve{path: filepath.Join(dir, reserveName), size: opts.Reserve},
	}
	if j.log == nil {
		j.log = slog.New(slog.DiscardHandler)
	}
	if j.now == nil {
		j.now = time.Now
	}
	if j.retention <= 0 {
		j.retention = DefaultRetention
	}
	if opts.Reserve == 0 {
		j.reserve.size = DefaultReserve
	}
	if err := j.open(ctx, opts.Verify); err != nil {
		return nil, errors.Join(fmt.Errorf("open journal: %w", err), j.closeFiles(false))
	}
	go j.run()
	return j, nil
}

func (j *Journal) open(ctx context.Context, verify func(context.Context, string) error) error {
	if err := os.MkdirAll(j.dir, 0o700); err != nil {
		return err
	}
	if err := j.takeLock(); err != nil {
		return err
	}
	if err := j.tidy(); err != nil {
		return err
	}
	found, err := months(j.dir)
	if err != nil {
		return err
	}
	for _, m := range found {
		if err := j.openMonth(ctx, m, verify); err != nil {
			return fmt.Errorf("%s: %w", m.fileName(), err)
		}
	}
	if err := j.reserve.take(); err != nil && !isFull(err) {
		return err
	}
	j.full = j.reserve.gone
	if err := j.begin(); err != nil {
		return err
	}
	return j.identify()
}

// takeLock keeps other agents out of the folder.
func (j *Journal) takeLock() error {
	f, err := os.OpenFile(filepath.Join(j.dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := lockFile(f); err != nil {
		return errors.Join(err, f.Close())
	}
	j.lock = f
	return nil
}

// tidy ends what an earlier process could not: it removes files that were being made, and puts salvaged ones in place.
func (j *Journal) tidy() error {
	entries, err := os.ReadDir(j.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(j.dir, e.Name())
		if strings.Contains(e.Name(), damagedInfix) {
			j.problem("journal_kept_aside", e.Name())
		}
		if strings.HasSuffix(path, madeSuffix) {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
		final, ok := strings.CutSuffix(path, savedSuffix)
		if !ok {
			continue
		}
		if _, err := os.Stat(final); err == nil {
			// The damaged file is still under its name: it will be salvaged anew.
			err = os.Remove(path)
			if err != nil {
				return err
			}
		} else if err := publish(path, final); err != nil {
			return err
		}
	}
	return nil
}

// openMonth verifies and opens one file; a damaged one is kept aside, and what can be read of it takes its place.
func (j *Journal) openMonth(ctx context.Context, m month, verify func(context.Context, string) error) error {
	path := filepath.Join(j.dir, m.fileName())
	var damage error
	if verify != nil {
		err := verify(ctx, path)
		switch {
		case err == nil:
		case errors.Is(err, ErrDamaged):
			damage = err
		case errors.Is(err, ErrNewer), ctx.Err() != nil:
			return err
		default:
			j.problem("journal_unverified", fmt.Sprintf("%s: %v", m.fileName(), err))
		}
	}
	if damage == nil {
		f, err := openFile(j.dir, m)
		if err == nil {
			j.files = append(j.files, f)
			return nil
		}
		if !errors.Is(err, ErrDamaged) {
			return err // wrong permissions, a newer version: nothing that a new file would heal
		}
		damage = err
	}
	saved, err := j.salvageMonth(m)
	if err != nil {
		return errors.Join(damage, err)
	}
	saved.Cause = damage
	j.salvages = append(j.salvages, saved)
	j.problem("journal_damaged", fmt.Sprintf("%s: %v; %s", m.fileName(), damage, saved))
	f, err := openFile(j.dir, m)
	if err != nil {
		return err
	}
	j.files = append(j.files, f)
	return nil
}

// begin works the journal's numbers out of its files, and makes the first file.
func (j *Journal) begin() error {
	damaged := slices.ContainsFunc(j.problems, func(p Problem) bool { return p.Code == "journal_damaged" })
	if len(j.files) == 0 {
		if _, err := os.Stat(filepath.Join(j.dir, identityName)); err == nil {
			j.problem("journal_gone", "the folder had a journal, and has none now: a new one was begun")
		}
		if _, err := j.addMonth(monthOf(j.now()), numbers{id: newID(), firstSeq: 1}); err != nil {
			return err
		}
	}
	newest := j.files[len(j.files)-1]
	j.id = newest.id
	for _, f := range j.files {
		j.next.seq = max(j.next.seq, f.lastSeq+1, f.firstSeq)
		j.last = max(j.last, f.cursor)
		if f.id == j.id {
			j.acked = max(j.acked, f.acked)
		}
	}
	if damaged {
		// Cursors that the cabinet has seen may come again: under this name they must not.
		j.id, j.acked = newID(), 0
		if err := newest.rename(j.id); err != nil {
			return err
		}
	}
	j.last = max(j.last, j.acked)
	j.next.cursor = j.last + 1
	if j.last > j.acked {
		wake(j.signal)
	}
	j.dropMonths(j.now())
	return nil
}

// identify leaves the journal's name outside of its files, so that their loss is noticed.
func (j *Journal) identify() error {
	path := filepath.Join(j.dir, identityName)
	if old, err := os.ReadFile(path); err == nil && strings.TrimSpace(string(old)) == j.id {
		return nil
	}
	if _, err := hex.DecodeString(j.id); err != nil || len(j.id) != 32 {
		return fmt.Errorf("%w: its id is %q", ErrDamaged, j.id)
	}
	f, err := os.OpenFile(path+madeSuffix, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(j.id + "\n")
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = publish(path+madeSuffix, path)
	}
	if isFull(err) {
		return removeIfThere(path + madeSuffix) // it can wait: the journal itself is there
	}
	return err
}

func (j *Journal) problem(code, detail string) {
	j.problems = append(j.problems, Problem{Code: code, Detail: detail})
	j.log.Error("journal problem", "code", code, "detail", detail)
}

// ID names this journal: 32 hex digits. It changes when damage made cursors doubtful.
func (j *Journal) ID() string { return j.id }

// Problems lists what is wrong now, and what Open found.
func (j *Journal) Problems() []Problem {
	j.mu.Lock()
	defer j.mu.Unlock()
	list := slices.Clone(j.problems)
	if j.full {
		list = append(list, Problem{Code: "journal_full", Detail: j.dir})
	}
	if j.failed != nil && !errors.Is(j.failed, ErrClosed) {
		list = append(list, Problem{Code: "journal_broken", Detail: j.failed.Error()})
	}
	return list
}

// Stats counts the work since Open.
func (j *Journal) Stats() Stats {
	return Stats{Commits: j.commits.Load(), Writes: j.writes.Load()}
}

// Size is the length of the journal's files, in bytes.
func (j *Journal) Size() int64 {
	var size int64
	for _, f := range j.snapshot() {
		if info, err := os.Stat(f.path); err == nil {
			size += info.Size()
		}
	}
	return size
}

// fail ends the journal: nothing after err can be trusted.
func (j *Journal) fail(err error) error {
	if !errors.Is(err, ErrDead) {
		err = fmt.Errorf("%w: %w", ErrBroken, err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed == nil {
		j.failed = err
		j.log.Error("the journal stopped", "error", err)
	}
	return j.failed
}

// failure tells why nothing works any more, or nil.
func (j *Journal) failure() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.failed
}

// Close writes what is still on its way and closes the files.
func (j *Journal) Close() error {
	j.mu.Lock()
	if j.closing {
		j.mu.Unlock()
		return nil
	}
	j.closing = true
	j.mu.Unlock()
	close(j.stop)
	<-j.stopped
	dead := errors.Is(j.failure(), ErrDead)
	j.mu.Lock()
	if j.failed == nil {
		j.failed = ErrClosed
	}
	j.mu.Unlock()
	j.filesMu.Lock()
	defer j.filesMu.Unlock()
	err := j.closeFiles(dead)
	if j.temp != "" {
		err = errors.Join(err, os.RemoveAll(j.temp))
	}
	return err
}

// closeFiles closes everything. In a death, commits without fsync are lost.
func (j *Journal) closeFiles(dead bool) error {
	var errs []error
	for _, f := range j.files {
		errs = append(errs, f.db.Close())
		if dead && f.unsynced != nil {
			errs = append(errs, os.WriteFile(f.path, f.unsynced, 0o600))
		}
	}
	j.files = nil
	if j.lock != nil {
		errs = append(errs, j.lock.Close())
		j.lock = nil
	}
	return errors.Join(errs...)
}
