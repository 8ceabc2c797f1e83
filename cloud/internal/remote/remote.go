// Package remote is work on tills from afar beyond a single command: an action on many tills, rules by which agents act by
// themselves, and what people write to each other about a till.
//
// # Works
//
// A work is one action for a list of tills, given command by command: so many a minute, stopped by its own criteria, paused and
// called off by a person. What happens next is decided by a pure function (decide.go). The id of each till's command stands before it is
// given, and a command with an id is taken once (package fleet), so a cabinet that stops in the middle and looks again gives no till
// a second one. What was given goes its own way: calling a work off takes nothing back.
//
// Whoever asked has to be allowed to at the moment a till's turn comes, not only when they asked.
//
// # Rules
//
// A rule says what an agent may do by itself; it is set at a node of the tree and holds below it until a nearer node says otherwise. An agent
// is given the rules of its tills with a version, and tells by that version which it goes by. What it does is decided and carried out
// there, in the limits of its own ladder; here is kept what it did. Before a rule is switched on it is tried on the last seven days: on
// problems, commands and shifts as the cabinet has kept them.
//
// # Notes
//
// Notes stand with the till: its owner and a service centre the till was handed to read and write the same thread. How far somebody has read
// is kept for each person. A note may point to a command, a bundle or a ticket of that till.
//
// # What it does not do
//
// It drives nothing and decides no rights: handlers ask who may see a till, and this package is told.
package remote

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// Reasons for which something is refused.
var (
	// ErrNotFound says that there is no such work, node, rule or note, or that the caller may not know of it.
	ErrNotFound = errors.New("not found")
	// ErrInvalid says that a request makes no sense; the error around it says why.
	ErrInvalid = errors.New("request is not valid")
	// ErrConflict says that an id was used for something else.
	ErrConflict = errors.New("id was used for something else")
	// ErrOver says that a work has ended.
	ErrOver = errors.New("the work has ended")
)

const (
	// MaxTills bounds a work.
	MaxTills = 500
	// usualRate and maxRate are how many tills a minute are given their command.
	usualRate, maxRate = 10, 600
	// maxReason bounds a reason, in characters; maxID an id, in bytes.
	maxReason, maxID = 500, 64
	// maxList bounds lists.
	maxList = 200
	// lookEvery is how often works are looked at.
	lookEvery = time.Second
	// sweepEvery is how often what is too old is forgotten, keptProblems how long a problem that is over is kept.
	sweepEvery, keptProblems = time.Hour, 90 * 24 * time.Hour
)

// Remote is safe for concurrent use.
type Remote struct {
	store *store.Store
	fleet *fleet.Fleet
	log   *slog.Logger
	now   func() time.Time

	mu   sync.Mutex
	told map[string]string // version of the rules each agent goes by

	// Who gives a person as they are now in an organisation, set before use: [access.ErrForbidden] when they are shut out.
	Who func(ctx context.Context, personID, organisationID string) (*access.Person, error)
	// Written hears of every new note, set before use; may be nil. It must not block.
	Written func(ctx context.Context, organisation string, note *cabinetv1.Note)
}

// New makes the remote work of a cabinet.
func New(s *store.Store, f *fleet.Fleet, log *slog.Logger, now func() time.Time) *Remote {
	return &Remote{store: s, fleet: f, log: log, now: now, told: map[string]string{}}
}

// Run gives works their turn until ctx ends.
func (r *Remote) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	swept := time.Time{}
	for {
		if err := r.Look(ctx); err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "works not looked at", "error", err)
		}
		if now := r.now(); now.Sub(swept) > sweepEvery {
			swept = now
			if err := r.store.Write().ForgetProblemTimes(ctx, store.Micros(now.Add(-keptProblems))); err != nil && ctx.Err() == nil {
				r.log.WarnContext(ctx, "old problems not forgotten", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
