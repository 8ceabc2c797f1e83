package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// The child that verifies a file: exe verifyArg path. Its first line proves that the program knows the argument; its
// exit code is the answer. Anything else after that line (a signal, a hang) is damage.
const (
	verifyArg   = "journal-verify-file"
	verifyHello = "chekan journal verify 1"

	exitSound   = 0
	exitDamaged = 11
	exitNewer   = 12
	exitUnable  = 13 // permissions, a disk that does not answer
)

// A child gets verifyBase and verifyPerMB for each megabyte of the file: a slow disk is not damage.
const (
	verifyBase  = 30 * time.Second
	verifyPerMB = time.Second
)

// maxFindings is how many contradictions a check names; one is enough to act.
const maxFindings = 20

// VerifyInChild is an [Options.Verify] that runs the program exe as a child, which must call [RunChildCheck] first
// thing in main.
func VerifyInChild(exe string) func(ctx context.Context, path string) error {
	return func(ctx context.Context, path string) error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		return verifyInChild(ctx, exe, path, verifyBase+time.Duration(info.Size()>>20)*verifyPerMB)
	}
}

func verifyInChild(ctx context.Context, exe, path string, patience time.Duration) error {
	child, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no end after %v", patience))
	defer cancel()
	return verifyWhile(ctx, child, exe, path)
}

// verifyWhile gives a file up as damaged when the child's context is over before the child is; the end of ctx says nothing of the file.
func verifyWhile(ctx, child context.Context, exe, path string) error {
	cmd := exec.CommandContext(child, exe, verifyArg, path)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	hello, said, _ := strings.Cut(string(out), "\n")
	said = strings.TrimSpace(said)
	for _, known := range []error{ErrDamaged, ErrNewer} {
		said = strings.TrimPrefix(said, known.Error()+": ")
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if hello != verifyHello {
		return fmt.Errorf("the child that verifies did not start: %w", errors.Join(err, errors.New(strings.TrimSpace(hello))))
	}
	if err == nil {
		return nil
	}
	if child.Err() != nil {
		return fmt.Errorf("%w: reading it hangs: %w", ErrDamaged, context.Cause(child))
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	switch exit.ExitCode() {
	case exitDamaged:
		return fmt.Errorf("%w: %s", ErrDamaged, said)
	case exitNewer:
		return fmt.Errorf("%w: %s", ErrNewer, said)
	case exitUnable:
		return errors.New(said)
	}
	return fmt.Errorf("%w: reading it killed the process: %w", ErrDamaged, err)
}

// RunChildCheck does the child's part of [VerifyInChild] when args (os.Args) ask for it: then it returns true and
// the exit code to end with.
func RunChildCheck(args []string) (code int, ok bool) {
	if len(args) != 3 || args[1] != verifyArg {
		return 0, false
	}
	fmt.Fprintln(os.Stdout, verifyHello)
	return verifyFile(args[2], os.Stdout), true
}

// verifyFile reads every page and every value of a file, in a process that may die of it.
func verifyFile(path string, out io.Writer) int {
	debug.SetPanicOnFault(true)
	debug.SetMaxStack(64 << 20) // pages that lead in a circle end here, before they eat the memory of the shop's PC
	db, err := openBolt(path, true)
	findings := []string(nil)
	if err == nil {
		ctx := context.Background() //nolint:forbidigo // the child's main has nobody above it; its parent ends it
		findings, _, err = inspect(ctx, &file{db: db}, false, new(sync.Mutex))
		err = errors.Join(err, db.Close())
	}
	switch {
	case errors.Is(err, ErrDamaged):
		fmt.Fprintln(out, err)
		return exitDamaged
	case errors.Is(err, ErrNewer):
		fmt.Fprintln(out, err)
		return exitNewer
	case err != nil:
		fmt.Fprintln(out, err)
		return exitUnable
	case len(findings) > 0:
		fmt.Fprintln(out, strings.Join(findings[:min(len(findings), 3)], "; "))
		return exitDamaged
	}
	return exitSound
}

// Check reads everything and returns what contradicts itself, and how many records there are. Commits wait while it
// walks the pages of a file: some tenths of a second for a hundred thousand records.
func (j *Journal) Check(ctx context.Context) (findings []string, n uint64, err error) {
	if err := j.failure(); err != nil {
		return nil, 0, fmt.Errorf("check journal: %w", err)
	}
	var before uint64 // newest seq of the files before
	// The list is not held: a commit that makes or drops a file would wait for it, and the check for the commit.
	for _, f := range j.snapshot() {
		found, records, err := inspect(ctx, f, true, &j.commitMu)
		if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
			if err := j.failure(); err != nil {
				return findings, n, fmt.Errorf("check journal: %w", err)
			}
			continue // dropped meanwhile
		}
		if f.firstSeq <= before {
			found = append(found, fmt.Sprintf("it begins with seq %d, the file before ends with %d", f.firstSeq, before))
		}
		for _, text := range found {
			findings = append(findings, f.month.fileName()+": "+text)
		}
		if err != nil {
			return findings, n, fmt.Errorf("check journal: %s: %w", f.month.fileName(), err)
		}
		n += records
		j.mu.Lock()
		before = max(before, f.lastSeq)
		j.mu.Unlock()
	}
	return findings, n, nil
}

// inspect looks for contradictions in one file, and counts its records. Deep also unmarshals every record and
// compares it with the indexes. Writers keeps commits out while bbolt compares its pages with its free list, which is
// not safe beside them; the rest reads one moment of the file while others go on.
func inspect(ctx context.Context, f *file, deep bool, writers sync.Locker) (findings []string, n uint64, err error) {
	in := inspection{deep: deep, tail: map[string]uint64{}}
	writers.Lock()
	locked := true
	defer func() {
		if locked {
			writers.Unlock()
		}
	}()
	err = f.view(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			if in.find("%v", err); !deep && len(in.findings) == maxFindings {
				break // the child has seen enough; there may be no end of it
			}
		}
		writers.Unlock()
		locked = false
		if len(in.findings) > 0 {
			return nil // walking buckets of a broken tree can hang
		}
		if err := new(file).readNumbers(tx); err != nil {
			return err
		}
		if err := in.records(ctx, tx); err != nil {
			return err
		}
		return in.references(ctx, tx)
	})
	return in.findings, in.n, err
}

type inspection struct {
	deep     bool
	findings []string
	n        uint64
	indexed  uint64            // records whose key has to be in its bucket
	tail     map[string]uint64 // keys of the others, when deep
	open     int               // records flagged unfinished
}

func (in *inspection) find(format string, args ...any) {
	if len(in.findings) < maxFindings {
		in.findings = append(in.findings, fmt.Sprintf(format, args...))
	}
}

func (in *inspection) records(ctx context.Context, tx *bbolt.Tx) error {
	first, indexed := number(tx.Bucket(bucketMeta).Get(metaFirstSeq)), number(tx.Bucket(bucketMeta).Get(metaIndexed))
	open, outbox := tx.Bucket(bucketOpen), tx.Bucket(bucketOutbox)
	return tx.Bucket(bucketRecords).ForEach(func(k, v []byte) error {
		if in.n++; in.n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		seq := number(k)
		h, _, ok := openRecord(v)
		switch {
		case len(k) != 8 || !ok || !sound(layoutRecord, k, v):
			in.find("record %d is damaged", seq)
			return nil
		case seq < first:
			in.find("record %d is older than the file's first, %d", seq, first)
		case h.cursor != 0 && number(trim(outbox.Get(seqKey(h.cursor)))) != seq:
			in.find("record %d: its outbox entry %d is not there", seq, h.cursor)
		}
		if h.flags&flagUnfinished != 0 {
			if in.open++; open.Get(k) == nil {
				in.find("record %d is unfinished and not in the list of those", seq)
			}
		}
		if seq <= indexed {
			in.indexed++
		}
		if in.deep {
			in.record(tx, seq, h, v, seq <= indexed)
		}
		return nil
	})
}

// trim is the seq of an outbox entry.
func trim(entry []byte) []byte {
	if len(entry) != 16 {
		return nil
	}
	return entry[:8]
}

func (in *inspection) record(tx *bbolt.Tx, seq uint64, h header, value []byte, indexed bool) {
	rec, err := decodeRecord(seq, value, 0)
	if err != nil {
		in.find("%v", err)
		return
	}
	key := rec.Operation.Key
	got := number(tx.Bucket(bucketKeys).Get([]byte(key)))
	if !indexed {
		got = cmp.Or(got, in.tail[key], seq)
		in.tail[key] = seq
	}
	if got != seq {
		in.find("record %d has the key %q, which leads to record %d", seq, key, got)
	}
	if want := flagsOf(rec); want != h.flags {
		in.find("record %d has flags %d, its content says %d", seq, h.flags, want)
	}
	if h.till != rec.Operation.Till {
		in.find("record %d is filed under till %q, its content says %q", seq, h.till, rec.Operation.Till)
	}
}

// references looks at the buckets that lead to records, and at executions.
func (in *inspection) references(ctx context.Context, tx *bbolt.Tx) error {
	records := tx.Bucket(bucketRecords)
	keys, open := uint64(0), 0
	floor := number(tx.Bucket(bucketMeta).Get(metaFloor))
	for _, each := range []struct {
		bucket []byte
		look   func(k, v []byte)
	}{
		{bucketKeys, func(k, v []byte) {
			if keys++; len(v) != 8 || in.deep && records.Get(v) == nil {
				in.find("key %q leads to no record", k)
			}
		}},
		{bucketOpen, func(k, _ []byte) {
			open++
		}},
		{bucketOutbox, func(k, v []byte) {
			if len(k) != 8 || trim(v) == nil || in.deep && records.Get(trim(v)) == nil {
				in.find("outbox entry %d leads to no record", number(k))
			} else if c := number(k); c <= floor || c == math.MaxUint64 {
				in.find("outbox entry %d is not above the file's floor, %d", c, floor)
			}
		}},
		{bucketRuns, func(k, v []byte) {
			if !sound(layoutExecution, k, v) {
				in.find("execution %q is damaged", k)
			}
		}},
	} {
		i := 0
		err := tx.Bucket(each.bucket).ForEach(func(k, v []byte) error {
			if i++; i%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			each.look(k, v)
			return nil
		})
		if err != nil {
			return err
		}
	}
	if keys != in.indexed {
		in.find("%d keys lead to %d records", keys, in.indexed)
	}
	if open != in.open {
		in.find("%d records are listed as unfinished, %d are", open, in.open)
	}
	return nil
}
