package fn

import (
	"slices"
	"time"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/fn"
)

// Counters are the totals of the shift (the last one when closed) or of the
// whole archive, as command 36h gives them.
func (a *Accumulator) Counters(scope byte) codec.CountersAnswer {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := &a.archive.inShift
	if scope == codec.ScopeFN {
		t = &a.archive.inFN
	}
	out := codec.CountersAnswer{Shift: a.archive.shift}
	for i, k := range t.Kinds {
		out.Documents += k.Receipts + t.Corrections[i].Receipts
		out.Corrections += t.Corrections[i].Receipts
		out.Signs[i] = codec.SignTotals{
			CountedAmount: codec.CountedAmount{Count: k.Receipts, Sum: k.Total},
			Cash:          k.Payments.Cash, Electronic: k.Payments.Electronic, Prepaid: k.Payments.Prepaid, Credit: k.Payments.Credit,
			Barter: k.Payments.Barter, VAT20: k.VAT[fiscal.VAT20], VAT10: k.VAT[fiscal.VAT10], VAT120: k.VAT[fiscal.VAT20120],
			VAT110: k.VAT[fiscal.VAT10110], VAT0: k.VAT[fiscal.VAT0], VATOff: k.VAT[fiscal.VATNone],
		}
		out.Corrected[i] = codec.CountedAmount{Count: t.Corrections[i].Receipts, Sum: t.Corrections[i].Total}
	}
	return out
}

// OperationCounters are the receipts of the shift by settlement sign (37h).
func (a *Accumulator) OperationCounters() codec.OperationCountersAnswer {
	all := a.Counters(codec.ScopeShift)
	out := codec.OperationCountersAnswer{Shift: all.Shift, Count: all.Documents}
	for i, s := range all.Signs {
		out.Signs[i] = s.CountedAmount
	}
	return out
}

// UnsentCounters are the receipts the operator has not confirmed (39h).
func (a *Accumulator) UnsentCounters() codec.UnsentCountersAnswer {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out codec.UnsentCountersAnswer
	t := a.archive.unsentTotals()
	for i, k := range t.Kinds {
		one := codec.CountedAmount{Count: k.Receipts + t.Corrections[i].Receipts, Sum: k.Total + t.Corrections[i].Total}
		out.Signs[i] = one
		out.Count += one.Count
	}
	return out
}

// unsentTotals counts what waits for a ticket.
func (s *archive) unsentTotals() ffd.Totals {
	var t ffd.Totals
	if s.unsent() == 0 {
		return t
	}
	for _, d := range s.docs[s.sent:] {
		s.count(&t, d)
	}
	return t
}

// count adds a document to totals; only receipts count.
func (s *archive) count(t *ffd.Totals, d *Document) {
	if d.Op == 0 {
		return
	}
	if doc, err := d.FFD(); err == nil {
		t.Add(doc)
	}
}

// storeSize is the 30-day store of tags.
const storeSize = 250_000 << 10

// Free is what the two stores still hold: short records, and kilobytes of
// documents kept whole.
func (a *Accumulator) Free(now time.Time) (documents, kilobytes uint32) {
	a.mu.Lock()
	defer a.mu.Unlock()
	used := 0
	for _, d := range a.archive.docs {
		if d.kept(now) {
			used += len(d.TLV)
		}
	}
	documents = a.opts.MaxFD - min(a.archive.lastFD(), a.opts.MaxFD)
	return documents, uint32(max(storeSize-used, 0) >> 10)
}

// kept tells whether the document is still stored whole: until 30 days after
// it was formed, and until the operator has confirmed it.
func (d *Document) kept(now time.Time) bool { return d.Ticket == nil || now.Sub(d.Time) <= storeTime }

const storeTime = 30 * 24 * time.Hour

// Stored is the whole document as one object whose tag is its form, as long
// as the accumulator keeps it; ErrNoData afterwards, when only the short
// record of [Accumulator.Find] is left.
func (a *Accumulator) Stored(fd uint32, now time.Time) ([]byte, error) {
	d, err := a.Find(fd)
	if err != nil {
		return nil, err
	}
	if !d.kept(now) {
		return nil, ErrNoData
	}
	return d.TLV, nil
}

// Given is what the document in preparation has been given.
func (a *Accumulator) Given() []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.cur.data)
}

// DataSize is how much the document in preparation has taken.
func (a *Accumulator) DataSize() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.cur.data)
}
