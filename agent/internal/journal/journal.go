// Package journal is the agent's memory: what was asked of the tills, what was intended, what became of it, and what
// the cabinet has not heard yet. It is the only package that opens the files; it speaks operations, not buckets.
//
// # What it promises
//
// [Journal.Accept], [Journal.Intend], [Journal.Conclude], [Journal.BeginExecution] and [Journal.SaveExecution] return
// nil only when what they were given survives a power cut. [Journal.Amend] and [Journal.Ack] return at once; their
// writes ride along with the next commit, or make one of their own within 200 ms. Whoever reads sees what writers
// were told, and amendments that are still on their way.
//
// Every change of a record is one commit of one file: it is there whole or not at all. The first write of an operation
// makes its key known, so that a second one with the same key is refused for as long as the journal keeps it
// ([DefaultRetention] at least). A record that is done never becomes anything else ([ErrFinal]).
//
// # Files
//
// A journal is a folder. Records live in files of a month, journal-2026-11.db. New operations go to the newest file:
// that of this month, or of a later one when the clock has been there before. Changes of a record go to the file it
// lives in. Nothing is deleted from a file, because a bbolt file with a long free list commits ten times slower;
// a file is dropped whole when its month is past retention, enough newer files exist (so that a clock that jumps ahead
// drops nothing), nothing in it is unfinished and the cabinet has everything in it. docs/decisions/0007 tells why.
//
// Beside them lie lock (one agent a folder), identity (so that a journal that is gone is missed) and reserve: disk
// space kept for settling. On a full disk new operations get [ErrFull] before a device is touched; outcomes are still
// written, into the space that the reserve gives back.
//
// # Damage
//
// [Open] has every file verified ([Options.Verify]) before it maps it, because a damaged page can hang bbolt or kill
// the process beyond any recover: [VerifyInChild] does it in a child process with a deadline. A damaged file is kept
// under the name journal-2026-11.db.damaged-<time>; every record that can be read from its pages moves into a
// new file, and [Journal.Problems] says so. The journal then has a new [Journal.ID], and everything in it is offered
// to the cabinet anew. A file written by a newer version is refused ([ErrNewer]) and left as it is.
//
// # What it does not do
//
// It decides nothing about an operation: what stage follows which is for till and settle. It does not watch the
// clock of a till, does not talk to anyone, and does not know what a document is worth.
package journal

import (
	"context"
	"io"
	"log/slog"
	"time"

	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
)

// Defaults of [Options].
const (
	// DefaultRetention is how long a key is remembered at least.
	DefaultRetention = 90 * 24 * time.Hour
	// DefaultReserve is the disk space kept for settling: enough for a thousand outcomes.
	DefaultReserve int64 = 4 << 20
)

// Options of [Open]. The zero value is usable.
type Options struct {
	// Log hears what a technician would tell: files made, dropped, kept aside. Nil is silence.
	Log *slog.Logger
	// Now is the wall clock; nil is time.Now.
	Now func() time.Time
	// Verify looks at a file before this process maps it. [ErrDamaged] has the file kept aside, [ErrNewer] refuses
	// the journal, any other error is noted as a problem and the file is used. Nil trusts the file but for its
	// first pages: for tests and short-lived commands.
	Verify func(ctx context.Context, path string) error
	// Fault is asked at every commit, for tests. Nil is never.
	Fault func(Point) error
	// Retention is how long a month is kept at least after its end; 0 is DefaultRetention.
	Retention time.Duration
	// Reserve is the disk space kept for settling, in bytes; 0 is DefaultReserve, negative is none.
	Reserve int64
}

// Journal is an open journal. Its methods may be called from any goroutine.
type Journal struct{}

// Entry is one change that the cabinet has to hear of.
type Entry struct {
	// Cursor orders entries; it grows, with gaps.
	Cursor uint64
	// Record as it stands on disk now.
	Record *journalv1.Record
}

// Problem is what a person should know about the journal.
type Problem struct {
	// Code is stable: journal_damaged, journal_gone, journal_unverified, journal_full, journal_broken.
	Code string
	// Detail is for a technician: file, cause, what was saved.
	Detail string
}

// Stats counts the work done since Open.
type Stats struct {
	// Commits is how many durable commits were made.
	Commits uint64
	// Writes is how many records and executions they held.
	Writes uint64
}

// Open opens the journal in folder dir, and makes it when there is none. It returns [ErrLocked] when another process
// has it open.
func Open(ctx context.Context, dir string, opts Options) (*Journal, error) { return nil, ErrClosed }

// ID names this journal: 32 hex digits. It changes when damage made cursors doubtful.
func (j *Journal) ID() string { return "" }

// Problems lists what is wrong now, and what Open found.
func (j *Journal) Problems() []Problem { return nil }

// Accept writes a new operation down. It sets rec.Seq and the revision. When the key is known it returns [ErrExists],
// and [Journal.Get] has the record; [ErrFull] when the disk is full. A record that has its seq is one asked again
// after "not done": it is written again as it is given.
func (j *Journal) Accept(ctx context.Context, rec *journalv1.Record) error { return ErrClosed }

// Intend writes down that the effect is about to begin. A record without seq is accepted and intended in one commit;
// errors are those of [Journal.Accept].
func (j *Journal) Intend(ctx context.Context, rec *journalv1.Record) error { return ErrClosed }

// Conclude writes the outcome down, and offers it to the cabinet in the same commit. It succeeds on a full disk as
// long as the reserve lasts.
func (j *Journal) Conclude(ctx context.Context, rec *journalv1.Record) error { return ErrClosed }

// Amend writes down what a later track says (paper, operator), or that the operation is being settled or needs a
// person, and offers it to the cabinet. It does not wait for the disk. The record is copied.
func (j *Journal) Amend(rec *journalv1.Record) {}

// Get returns the record of a key, or [ErrNotFound]. The caller owns it.
func (j *Journal) Get(key string) (*journalv1.Record, error) { return nil, ErrClosed }

// Unfinished returns every record that is not ended, has a cancel owed or paper owed, in order of acceptance.
func (j *Journal) Unfinished() ([]*journalv1.Record, error) { return nil, ErrClosed }

// List returns up to limit records, newest first, of one till or (till empty) of all. Page is empty or the next of
// the call before; next is empty at the end.
func (j *Journal) List(till string, limit int, page string, unfinishedOnly bool) (recs []*journalv1.Record, next string, err error) {
	return nil, "", ErrClosed
}

// Outbox returns up to limit changes after a cursor. A record that changed several times among them comes once.
func (j *Journal) Outbox(ctx context.Context, after uint64, limit int) ([]Entry, error) {
	return nil, ErrClosed
}

// Acked is the cursor up to which the cabinet has everything.
func (j *Journal) Acked() uint64 { return 0 }

// Ack moves the acked cursor; moving it back does nothing. It does not wait for the disk: what is forgotten in a power
// cut is sent again.
func (j *Journal) Ack(cursor uint64) error { return ErrClosed }

// Backlog tells how many changes the cabinet has not heard of, and the time of the oldest (zero when there is none).
func (j *Journal) Backlog() (n uint64, oldest time.Time) { return 0, time.Time{} }

// OutboxSignal is ready after something was put into the outbox. One receiver.
func (j *Journal) OutboxSignal() <-chan struct{} { return nil }

// Execution returns what is known of a command of the cabinet, or [ErrNotFound].
func (j *Journal) Execution(id string) (*journalv1.Execution, error) { return nil, ErrClosed }

// BeginExecution writes down that a command is about to be carried out. False: it is already known, do not.
func (j *Journal) BeginExecution(ctx context.Context, exec *journalv1.Execution) (bool, error) {
	return false, ErrClosed
}

// SaveExecution writes down how a command goes, or that the cabinet has heard of it.
func (j *Journal) SaveExecution(ctx context.Context, exec *journalv1.Execution) error {
	return ErrClosed
}

// Unreported returns the executions that the cabinet has not heard the end of.
func (j *Journal) Unreported() ([]*journalv1.Execution, error) { return nil, ErrClosed }

// Check reads everything and returns what contradicts itself, and how many records there are.
func (j *Journal) Check(ctx context.Context) (findings []string, n uint64, err error) {
	return nil, 0, ErrClosed
}

// Size is the length of the journal's files, in bytes.
func (j *Journal) Size() int64 { return 0 }

// Stats counts the work since Open.
func (j *Journal) Stats() Stats { return Stats{} }

// Export writes every record as one line of JSON, oldest first. Lines hold what buyers and cashiers said of
// themselves: the file is for a technician's eyes.
func (j *Journal) Export(w io.Writer) error { return ErrClosed }

// Close writes what is still on its way and closes the files.
func (j *Journal) Close() error { return nil }

// VerifyInChild is an [Options.Verify] that runs the program exe as a child, which must call [RunChildCheck] first
// thing in main.
func VerifyInChild(exe string) func(ctx context.Context, path string) error { return nil }

// RunChildCheck does the child's part of [VerifyInChild] when args (os.Args) ask for it: then it returns true and
// the exit code to end with.
func RunChildCheck(args []string) (code int, ok bool) { return 0, false }
