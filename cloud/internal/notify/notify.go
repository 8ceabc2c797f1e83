// Package notify tells people, and systems of theirs, what is wrong with tills and when it is well again.
//
// # Facts and causes
//
// What is wrong is said by package light; its thresholds and working hours hold here too, and nothing is measured twice. A cause is
// one thing that is wrong: an event, and the tills that share it. Forty tills of one operator that fell silent are one cause,
// named after the operator; a cause is told once when it begins, once for each step by which it gets worse, and once when it ends.
//
// # Decision
//
// [Decide] is pure: tills now, causes before, a clock → causes after, and notices. It waits before it tells (what mends itself in a
// minute is no news, and forty tills do not fail in the same second), waits before it says that all is well, and longer each time
// a cause comes back within a day. What a silent agent does not say is not known: a cause does not end by silence. While a shop is
// closed nothing is told.
//
// # Exactly one
//
// Causes, notices and messages to send are written in one transaction, before anything is sent: whoever dies in between finds the
// rows and sends them. A message that may have been sent already is sent again under its own id (at least once; package post).
//
// # Who is told
//
// Rules say: which events, by which ways, where, and who: a person himself, or everybody of a role. A rule gives no right: of each
// notice a person is told of the tills they may see, looked at when it is decided and again when it is sent. Texts hold no sums, no
// goods, and no names but those of tills and outlets, so that they are the same for a service centre. Quiet hours hold back what is
// not urgent, and a summary takes it together.
//
// # What it does not do
//
// It sends nothing by itself (package post), and colours nothing (package light).
package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/post"
	"github.com/chekan-io/chekan/cloud/internal/store"
)

// Reasons for which something is refused.
var (
	// ErrNotFound says that there is no such thing of the asker's.
	ErrNotFound = errors.New("not found")
	// ErrInvalid says that a request makes no sense; the error around it says why.
	ErrInvalid = errors.New("request is not valid")
	// ErrCode says that a code is wrong, used or expired, whichever it is.
	ErrCode = errors.New("code is not valid")
	// ErrTooOften says that there were too many attempts.
	ErrTooOften = errors.New("too many attempts")
	// ErrNoWay says that a way is not set up in this cabinet.
	ErrNoWay = errors.New("this way is not set up in the cabinet")
)

const (
	// lookEvery is how often facts are looked at, sendEvery how often messages that are due are.
	lookEvery, sendEvery = 20 * time.Second, 2 * time.Second
	// keepFor is how long what was told is kept.
	keepFor = 400 * 24 * time.Hour
)

// Notify is safe for concurrent use.
type Notify struct {
	store  *store.Store
	access *access.Access
	fleet  *fleet.Fleet
	post   *post.Post
	log    *slog.Logger
	now    func() time.Time
	// Missing gives the document numbers that never came, set before it is used; may be nil.
	Missing func(ctx context.Context, organisation string) ([]Missing, error)

	// url is where people reach the cabinet.
	url string
	// began is when this cabinet began to listen: before, it could hear no agent.
	began time.Time
	// due wakes the sender.
	due chan struct{}

	looking, sending sync.Mutex
	gaps             map[string]gapsAt // by organisation, with looking held
	mu               sync.Mutex
	bot              string
}

// New makes one; url is where people reach the cabinet.
func New(s *store.Store, a *access.Access, f *fleet.Fleet, p *post.Post, log *slog.Logger, now func() time.Time, url string) *Notify {
	return &Notify{store: s, access: a, fleet: f, post: p, log: log, now: now, url: url, began: now(), due: make(chan struct{}, 1), gaps: map[string]gapsAt{}}
}

// Run looks and sends until ctx ends.
func (n *Notify) Run(ctx context.Context) error {
	var group sync.WaitGroup
	for _, part := range []struct {
		what   string
		every  time.Duration
		sooner <-chan struct{}
		do     func(context.Context) error
	}{{"looking at tills", lookEvery, nil, n.Look}, {"sending messages", sendEvery, n.due, n.Send}, {"forgetting old ones", keepFor / 400, nil, n.forget}} {
		group.Go(func() {
			tick := time.NewTicker(part.every)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				case <-part.sooner:
				}
				if err := part.do(ctx); err != nil && ctx.Err() == nil {
					n.log.WarnContext(ctx, "notifications", "part", part.what, "error", err)
				}
			}
		})
	}
	if n.post.Telegram != nil {
		group.Go(func() { n.listen(ctx) })
	}
	group.Wait()
	return nil
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...)
}
