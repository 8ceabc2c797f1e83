package fnprint

import (
	"context"
	"errors"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/fn"
)

// copyState is what the till remembers now.
func (t *Till) copyState() State {
	t.stateMu.Lock()
	defer t.stateMu.Unlock()
	return t.state.clone()
}

// commit changes what the till remembers, durably. After an error what is
// remembered is read anew: either the old or the new may be there.
func (t *Till) commit(change func(*State)) error {
	t.stateMu.Lock()
	defer t.stateMu.Unlock()
	next := t.state.clone()
	change(&next)
	if err := t.memory.Save(next); err != nil {
		t.loaded = false
		return err
	}
	t.state = next
	return nil
}

// update changes what the till remembers where losing the change does no harm:
// it is found again in the fiscal memory, or a slip is printed once more. This
// life goes by the change whatever became of the write.
func (t *Till) update(change func(*State)) {
	t.stateMu.Lock()
	defer t.stateMu.Unlock()
	change(&t.state)
	if err := t.memory.Save(t.state.clone()); err != nil {
		t.log.Error("the till's memory is not written", "error", err.Error())
	}
}

// remember makes sure that the till's memory is loaded and is about the fiscal
// memory that answers, and counts the cash of documents it has not heard of:
// the program died between the commit and the write.
func (t *Till) remember(ctx context.Context, s fn.StatusAnswer) error {
	t.stateMu.Lock()
	changed, err := t.load(s)
	through := t.state.Through
	t.stateMu.Unlock()
	if err != nil {
		return err
	}
	if through < s.FD && !t.paper.busy() {
		if err := t.catchUp(ctx, through, s.FD); err != nil {
			return err
		}
		changed = true
	}
	if changed {
		t.update(func(*State) {})
	}
	return nil
}

// load reads the memory, once, and makes it fit the fiscal memory. It tells
// whether that changed anything. t.stateMu is held.
func (t *Till) load(s fn.StatusAnswer) (changed bool, err error) {
	if !t.loaded {
		state, err := t.memory.Load()
		switch {
		case err == nil:
			t.state = state
		case errors.Is(err, ErrNoMemory):
			t.log.Info("the till begins a memory of its own: empty drawer, counters from zero", "fn", s.FN, "fd", s.FD)
			t.state = State{}
		case errors.Is(err, ErrTornMemory):
			t.log.Error("the till's memory is damaged and made anew: empty drawer, counters from zero, all documents taken for printed",
				"fn", s.FN, "fd", s.FD, "error", err.Error())
			t.state = State{}
		default:
			return false, refuse("", drivers.CodeRefused, "%w", err)
		}
		t.loaded = true
	}
	m := &t.state
	switch {
	case m.FN != s.FN:
		if m.FN != "" {
			t.log.Warn("another fiscal memory", "was", m.FN, "is", s.FN)
		}
		m.FN, m.Through, m.Printed = s.FN, s.FD, s.FD
	case m.Through > s.FD || m.Printed > s.FD:
		t.log.Warn("the fiscal memory has fewer documents than the till remembers", "fn", s.FN, "fd", s.FD, "remembered", max(m.Through, m.Printed))
		m.Through, m.Printed = min(m.Through, s.FD), min(m.Printed, s.FD)
	default:
		return false, nil
	}
	return true, nil
}

// mostMissed is how many documents the till can have missed. More than that
// were made by another program, with a drawer of its own.
const mostMissed = 100

// catchUp puts the cash of documents after from into the drawer.
func (t *Till) catchUp(ctx context.Context, from, to uint32) error {
	if to-from > mostMissed {
		t.log.Warn("documents of another program: their cash is not counted", "from", from+1, "to", to)
		from = to
	}
	var cash fiscal.Money
	for fd := from + 1; fd <= to; fd++ {
		b, err := t.tags(ctx, fd)
		if refused(err) {
			continue // no longer kept whole
		}
		if err != nil {
			return err
		}
		if d, err := ffd.ParseDocument(b); err == nil {
			cash += cashOf(d)
		}
	}
	t.stateMu.Lock()
	defer t.stateMu.Unlock()
	t.state.Through, t.state.Drawer = to, t.state.Drawer+cash
	return nil
}

// cashOf is what a document brings into the drawer. A correction is about money
// that changed hands without the till: it moves none now.
func cashOf(d ffd.Document) fiscal.Money {
	if d.Type != fiscal.DocReceipt && d.Type != fiscal.DocBSO {
		return 0
	}
	cash, _ := d.Find(ffd.TagCash)
	switch d.Fact().Kind { //nolint:exhaustive // receipts have no other kinds
	case fiscal.Sale, fiscal.PurchaseReturn:
		return cash.Sum()
	case fiscal.SaleReturn, fiscal.Purchase:
		return -cash.Sum()
	}
	return 0
}

// counted notes that the cash of a document is in the drawer. It becomes
// durable with the slip.
func (t *Till) counted(d ffd.Document, fd uint32) {
	t.stateMu.Lock()
	defer t.stateMu.Unlock()
	if fd == t.state.Through+1 {
		t.state.Through, t.state.Drawer = fd, t.state.Drawer+cashOf(d)
	}
}

// debt is what has not come out on paper.
type debt struct {
	note     *Note
	from, to uint32 // documents; none when from > to
}

func (d debt) any() bool { return d.note != nil || d.from <= d.to }

// mostOwed bounds how many slips are printed after the fact. The driver makes
// no document while a slip is owed, so that there is one at most; others are
// of another program.
const mostOwed = 3

// owed reads what is owed, by the fiscal memory's own count.
func (t *Till) owed(s fn.StatusAnswer) debt {
	t.stateMu.Lock()
	defer t.stateMu.Unlock()
	d := debt{from: t.state.Printed + 1, to: s.FD}
	if d.to >= d.from+mostOwed {
		d.from = d.to - mostOwed + 1
	}
	if n := t.state.Owed; n != nil {
		c := *n
		d.note = &c
	}
	return d
}
