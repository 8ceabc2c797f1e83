package journal

import "errors"

// Moment is where in a commit a fault is asked for.
type Moment uint8

// Moments.
const (
	// BeforeCommit: nothing of the group is on disk yet.
	BeforeCommit Moment = iota
	// AfterCommit: the group is durable, and nobody was told.
	AfterCommit
)

// Acts says what kinds of writes a commit holds.
type Acts uint16

// Kinds of writes.
const (
	ActAccept    Acts = 1 << iota // new operation, or asked again
	ActIntent                     // intent
	ActOutcome                    // outcome
	ActAmend                      // later track
	ActAck                        // cursor of the cabinet
	ActExecution                  // command of the cabinet
	ActMonth                      // a new file
)

// Has tells whether all of want are among the acts.
func (a Acts) Has(want Acts) bool { return a&want == want }

// Point is one place where the world can fail.
type Point struct {
	Moment Moment
	Acts   Acts
}

// SkipSync is returned by [Options.Fault] at [BeforeCommit] to make this commit without fsync: it is lost if the
// journal dies before the next commit that has one. Only for tests that must be caught.
var SkipSync = errors.New("commit without fsync") //nolint:staticcheck // it asks for something, it reports nothing: not an ErrFoo
