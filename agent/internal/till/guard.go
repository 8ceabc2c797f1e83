package till

import (
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// DuplicateWindow is how long an operation whose end nobody has heard guards
// against an equal one under another key.
const DuplicateWindow = 5 * time.Minute

// guardLength bounds how many operations of a till are looked back at.
const guardLength = 64

// guard notices a POS that asks for the same thing again under a new key
// because it never heard what became of the first. Two equal coffees sold in a
// row are not that: the answer to the first was heard.
//
// It belongs to Fleet and is guarded by its mutex.
type guard struct {
	window time.Duration
	lately map[string][]*remembered // by till, oldest first
}

type remembered struct {
	key, hash string
	at        time.Time
	done      bool // fiscalised
	over      bool // ended, or gone without a trace
	heard     bool
}

// suspect gives the key of an equal operation that may be the same sale.
func (g *guard) suspect(till, key, hash string, now time.Time) string {
	for _, r := range g.lately[till] {
		if r.key == key || r.hash != hash || now.Sub(r.at) > g.window {
			continue
		}
		if !r.over || r.done && !r.heard {
			return r.key
		}
	}
	return ""
}

// remember takes an operation that goes to the till.
func (g *guard) remember(till, key, hash string, at time.Time) *remembered {
	for _, r := range g.lately[till] {
		if r.key == key {
			r.at, r.done, r.over, r.heard = at, false, false, false
			return r
		}
	}
	list := g.lately[till]
	if len(list) >= guardLength {
		list = append(list[:0], list[1:]...)
	}
	r := &remembered{key: key, hash: hash, at: at}
	g.lately[till] = append(list, r)
	return r
}

// find gives what is remembered of a key; nil when nothing is.
func (g *guard) find(till, key string) *remembered {
	for _, r := range g.lately[till] {
		if r.key == key {
			return r
		}
	}
	return nil
}

// guarded tells whether the kind moves money: reports and shifts may be asked
// for twice without harm.
func guarded(op *fiscalv1.Operation) bool {
	k := fiscal.Kind(op.GetKind())
	return k.IsReceipt() || k == fiscal.CashIn || k == fiscal.CashOut
}

// ended notes the end of an operation.
func (g *guard) ended(op *fiscalv1.Operation) {
	if r := g.find(op.GetTill(), op.GetKey()); r != nil {
		r.over, r.done = true, op.GetOutcome() == fiscalv1.Outcome_OUTCOME_DONE
	}
}
