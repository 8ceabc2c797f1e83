package updates

import "errors"

// When something is asked for.
var (
	// ErrNotFound says that the organisation has no such rollout or agent.
	ErrNotFound = errors.New("not found")
	// ErrInvalid says that a request makes no sense; the error around it says why.
	ErrInvalid = errors.New("request is not valid")
	// ErrConflict says that the id of a rollout was used for another one.
	ErrConflict = errors.New("id was used for another rollout")
	// ErrBusy says that another rollout of the channel has not ended.
	ErrBusy = errors.New("another rollout of this channel has not ended")
	// ErrOver says that a rollout has ended and cannot be changed as asked.
	ErrOver = errors.New("the rollout has ended")
	// ErrExpired says that the signatures of the releases have expired: agents would refuse them.
	ErrExpired = errors.New("the signatures of the releases have expired")
)

// Refusal is why a repository of releases is not taken: a sentence in Russian for whoever imports it.
type Refusal struct {
	// Text is the sentence.
	Text string
	// Err is what lies behind it.
	Err error
}

// Error implements error.
func (r *Refusal) Error() string { return r.Text }

// Unwrap gives what lies behind it.
func (r *Refusal) Unwrap() error { return r.Err }
