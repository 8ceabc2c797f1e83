package till

import (
	"context"
	"fmt"

	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/agent/internal/settle"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// A damaged journal may have lost operations that are done, whole or in their
// newest revision. Whoever never heard their end asks again, and nobody here
// remembers the key. The fiscal memory does remember: an operation equal to a
// receipt of the last day that the journal does not know is refused as a
// possible duplicate, until the asker insists.
//
// Cash movements leave nothing in the fiscal memory to be found by.

// doubtful is a journal that can have lost something.
type doubtful interface {
	// Doubtful tells whether it was damaged lately.
	Doubtful() bool
}

// orphanAge is how far back a repetition is thought possible.
const orphanAge = 24 * 60 * 60 // seconds

// orphans are the receipts of the fiscal memory that the journal does not
// know. The till's goroutine owns them.
type orphans struct {
	known map[uint32]bool // numbers of documents that the journal has
	list  []fiscal.Document
	read  bool
}

// doubt makes a till look for orphans, when the journal can have lost any.
func (f *Fleet) doubt(t *Till) error {
	d, ok := f.journal.(doubtful)
	if !ok || !d.Doubtful() {
		return nil
	}
	o := &orphans{known: map[uint32]bool{}}
	recs, _, err := f.journal.List(t.name, 2*settle.MaxScan, "", false)
	if err != nil {
		return err
	}
	for _, rec := range recs {
		o.known[rec.GetOperation().GetDocument().GetFd()] = true
	}
	t.orphans = o
	return nil
}

// orphan finds a receipt like the one asked for. An asker who insists means
// another one: the receipt that was found is then somebody else's for good.
func (t *Till) orphan(ctx context.Context, p *pending, base fiscal.Baseline) (health.Problem, error) {
	o := t.orphans
	kind := fiscal.Kind(p.rec.GetOperation().GetKind())
	if o == nil || !kind.IsReceipt() {
		return health.Problem{}, nil
	}
	if !o.read {
		if err := t.readOrphans(ctx, base); err != nil {
			return health.Problem{}, err
		}
	}
	for i, d := range o.list {
		if d.Kind != kind || d.Total != p.receipt.Total() || (d.Type == fiscal.DocCorrection) != (p.receipt.Correction != nil) {
			continue
		}
		if p.insist {
			o.list = append(o.list[:i], o.list[i+1:]...)
			return health.Problem{}, nil
		}
		p.rec.GetOperation().Evidence = []string{
			fmt.Sprintf("в ФН есть ФД %d от %s на ту же сумму, журнал после повреждения о нём не помнит", d.FD, d.At),
		}
		return health.Problem{Code: health.CodeDuplicate}, nil
	}
	return health.Problem{}, nil
}

// readOrphans reads the archive back, a day at most.
func (t *Till) readOrphans(ctx context.Context, base fiscal.Baseline) error {
	o := t.orphans
	o.list = nil
	for fd := base.LastFD; fd > 0 && base.LastFD-fd < settle.MaxScan; fd-- {
		docs, err := t.documents(ctx, fd, fd, false)
		if err != nil {
			return err
		}
		if base.Clock.Valid() && docs[0].At.Valid() && base.Clock.Sub(docs[0].At) > orphanAge {
			break
		}
		if docs[0].Kind.IsReceipt() && !o.known[fd] {
			o.list = append(o.list, docs[0])
		}
	}
	o.read = true
	if len(o.list) > 0 {
		t.log.Warn("the fiscal memory has receipts that the journal does not know", "till", t.name, "receipts", len(o.list))
	}
	return nil
}
