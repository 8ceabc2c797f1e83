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
// [Look] opens a copy: for whoever wants to read beside a running agent, or to know what Open would do.
//
// # What it does not do
//
// It decides nothing about an operation: what stage follows which is for till and settle. It does not watch the
// clock of a till, does not talk to anyone, and does not know what a document is worth.
package journal

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
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
type Journal struct {
	dir       string
	log       *slog.Logger
	now       func() time.Time
	fault     func(Point) error
	retention time.Duration
	id        string
	lock      *os.File

	commits, writes atomic.Uint64

	urgent, lazy chan struct{} // tokens for the committer: somebody waits; something may ride along
	filled       chan struct{} // token for the committer: everybody it wanted is there
	signal       chan struct{} // token for the reader of the outbox
	stop         chan struct{}
	stopped      chan struct{}

	// filesMu is held for reading while a file is in use by anyone but the committer, which alone changes the list.
	filesMu sync.RWMutex
	files   []*file // oldest first, never empty

	// commitMu is held while a group is committed; [Journal.Check] takes it to keep commits out.
	commitMu sync.Mutex

	mu       sync.Mutex
	queue    []*write
	company  int                 // callers that were active at the last commit
	want     int                 // length of the queue that the committer waits for; 0: it does not
	overlay  map[uint64]*overlay // amendments on their way, by seq
	acked    uint64              // as the cabinet said; the disk may be behind
	last     uint64              // newest cursor that is durable
	failed   error               // why nothing works any more
	closing  bool
	full     bool
	problems []Problem
	salvages []Salvage
	temp     string // folder of the copy that Look has made; "" is the journal itself

	// The committer's own.
	next    counters
	reserve reserve
	short   bool // the last commit met a full disk
	dropped time.Time
}

// overlay is a record as amendments will leave it.
type overlay struct {
	rec    *journalv1.Record
	writes int
}

// Entry is one change that the cabinet has to hear of.
type Entry struct {
	// Cursor orders entries; it grows, with gaps.
	Cursor uint64
	// Record as it stands on disk now.
	Record *journalv1.Record
}

// Problem is what a person should know about the journal.
type Problem struct {
	// Code is stable: journal_damaged (by this Open), journal_kept_aside (an earlier damaged file is still there),
	// journal_gone, journal_unverified, journal_full, journal_broken.
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
