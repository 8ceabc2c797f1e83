package pos

import (
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// passLife is how long the answer of a Preflight is worth something: a card
// terminal takes that long.
const passLife = time.Minute

// errPass is wrapped by everything wrong with a token of Preflight.
var errPass = errors.New("preflight")

// passes are the tokens of Preflight not yet forgotten. They live in memory: a
// restarted agent has to look at the till anew anyway.
type passes struct {
	required bool
	mu       sync.Mutex
	issued   map[string]*pass
}

type pass struct {
	till  string
	until time.Time
	key   string // of the operation that consumed it
}

func newPasses(required bool) *passes { return &passes{required: required, issued: map[string]*pass{}} }

// issue gives a token for one sale at the till.
func (p *passes) issue(till string, now time.Time) (token string, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for t, old := range p.issued {
		if now.After(old.until.Add(passLife)) { // kept a while longer, to say "expired" and not "unknown"
			delete(p.issued, t)
		}
	}
	token, until = rand.Text(), now.Add(passLife)
	p.issued[token] = &pass{till: till, until: until}
	return token, until
}

// spend checks the token of an operation and consumes it. The same operation
// asked again passes with the token it has already consumed.
func (p *passes) spend(op *fiscalv1.Operation, token string, now time.Time) error {
	card := fiscal.Kind(op.GetKind()).IsReceipt() && op.GetReceipt().GetPayments().GetElectronic() > 0
	if token == "" {
		if p.required && card {
			return fmt.Errorf("%w: перед оплатой картой нужно спросить Preflight и передать его token в поле preflight", errPass)
		}
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	got := p.issued[token]
	switch {
	case got != nil && got.key != "" && got.key == op.GetKey():
		return nil
	case got == nil:
		return fmt.Errorf("%w: такого разрешения нет или оно забыто: спросите Preflight снова", errPass)
	case got.key != "":
		return fmt.Errorf("%w: разрешение уже потрачено на операцию %q", errPass, got.key)
	case op.GetTill() != "" && op.GetTill() != got.till:
		return fmt.Errorf("%w: разрешение дано кассе %q, а операция для %q", errPass, got.till, op.GetTill())
	case now.After(got.until):
		return fmt.Errorf("%w: разрешение действовало %s и кончилось: спросите Preflight снова", errPass, passLife)
	}
	got.key = op.GetKey()
	return nil
}
