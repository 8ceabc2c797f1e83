package journal

import "errors"

// Errors of [Open].
var (
	// ErrLocked: another process has this journal open.
	ErrLocked = errors.New("the journal is open in another process")
	// ErrNewer: a newer version of the agent wrote this journal.
	ErrNewer = errors.New("the journal was written by a newer version")
	// ErrDamaged: the file cannot be trusted.
	ErrDamaged = errors.New("the journal file is damaged")
)

// Errors of writes.
var (
	// ErrExists: the key is known. Nothing was written.
	ErrExists = errors.New("the key is already in the journal")
	// ErrFull: the disk is full. Nothing was written, and no device should be touched.
	ErrFull = errors.New("the disk of the journal is full")
	// ErrFinal: the operation is done, with another document; done never changes. Nothing was written.
	ErrFinal = errors.New("the operation is already done")
	// ErrCopy: this is a copy made by Look. Nothing was written.
	ErrCopy = errors.New("a copy of the journal takes no writes")
	// ErrKey: the key is empty or longer than 128 bytes. Nothing was written.
	ErrKey = errors.New("a key has 1 to 128 bytes")
)

// Errors of reads.
var (
	// ErrNotFound: no such record or execution.
	ErrNotFound = errors.New("not in the journal")
)

// Errors of any call.
var (
	// ErrClosed: the journal was closed.
	ErrClosed = errors.New("the journal is closed")
	// ErrBroken: a commit went wrong in a way that leaves disk and memory apart. Open the journal anew.
	ErrBroken = errors.New("the journal has to be opened anew")
	// ErrDead: a fault was injected; the process counts as dead.
	ErrDead = errors.New("the journal died of an injected fault")
)
