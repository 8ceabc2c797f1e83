package fn

import (
	"errors"
	"fmt"

	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/fn"
)

// verify checks that the archive is one consistent story.
func (s *archive) verify() error { return Verify(s.list()) }

// Verify checks a whole archive, oldest document first, and names every fault
// found:
//   - documents are numbered 1, 2, 3 … without a gap, each signed over its own
//     content;
//   - the body says the same as the short record, and a receipt's items and
//     payments add up to its total (less rounding of under a rouble);
//   - shifts open and close in turn, are numbered without a gap, receipts lie
//     inside them and are numbered from 1;
//   - time does not run back, but for the hour allowed when a shift is opened.
func Verify(docs []Document) error {
	var faults []error
	v := verifier{}
	for i, d := range docs {
		if err := v.next(uint32(i+1), d); err != nil {
			faults = append(faults, fmt.Errorf("document %d: %w", d.FD, err))
		}
	}
	return errors.Join(faults...)
}

type verifier struct {
	registered bool
	closed     bool
	open       bool
	shift      uint16
	receipt    uint16
	prev       *Document
}

func (v *verifier) next(fd uint32, d Document) error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if d.FD != fd {
		fault("number %d expected", fd)
	}
	if want := sign(&d); want != d.FP {
		fault("sign %d, but the content gives %d", d.FP, want)
	}
	if v.prev != nil {
		lag := openLag
		if d.Type != fiscal.DocShiftOpened {
			lag = 0
		}
		if d.Time.Before(v.prev.Time.Add(-lag)) {
			fault("time %s is before %s", d.Time, v.prev.Time)
		}
		if d.FN != v.prev.FN {
			fault("accumulator %s, but %s before", d.FN, v.prev.FN)
		}
	}
	v.prev = &d
	v.discipline(d, fault)
	doc, err := d.FFD()
	if err != nil {
		fault("body: %w", err)
		return errors.Join(faults...)
	}
	if fact := doc.Fact(); fact.FN != d.FN || fact.FD != d.FD || fact.FP != d.FP || fact.Type != d.Type || fact.At != Civil(d.Time) {
		fault("body says document %s/%d of form %d at %s, sign %d", fact.FN, fact.FD, fact.Type, fact.At, fact.FP)
	}
	if d.Op != 0 {
		checkSums(d, doc.Fact(), fault)
	}
	return errors.Join(faults...)
}

// discipline follows registration, shifts and receipt numbers.
func (v *verifier) discipline(d Document, fault func(string, ...any)) {
	if v.closed && d.Type != fiscal.DocSettlementReport {
		fault("formed after the closing of fiscal mode")
	}
	switch d.Type {
	case fiscal.DocRegistration:
		if v.registered {
			fault("second registration")
		}
		v.registered = true
		return
	case fiscal.DocShiftOpened:
		if v.open {
			fault("shift opened inside a shift")
		}
		if d.Shift != v.shift+1 {
			fault("shift %d after %d", d.Shift, v.shift)
		}
		v.open, v.shift, v.receipt = true, d.Shift, 0
	case fiscal.DocShiftClosed:
		if !v.open || d.Shift != v.shift {
			fault("closes shift %d, but shift %d open=%v", d.Shift, v.shift, v.open)
		}
		v.open = false
	case fiscal.DocReceipt, fiscal.DocCorrection, fiscal.DocBSO, fiscal.DocBSOCorrection:
		if !v.open || d.Shift != v.shift {
			fault("receipt in shift %d, but shift %d open=%v", d.Shift, v.shift, v.open)
		}
		if d.Receipt != v.receipt+1 {
			fault("receipt %d after %d", d.Receipt, v.receipt)
		}
		v.receipt = d.Receipt
	case fiscal.DocReregistration, fiscal.DocArchiveClosed:
		if v.open {
			fault("formed inside a shift")
		}
		v.closed = d.Type == fiscal.DocArchiveClosed
		// The first document of an accumulator that replaced another one.
		if d.Registration != nil && d.Registration.Reason == codec.ReasonReplacement && d.FD == 1 {
			v.registered = true
		}
	case fiscal.DocSettlementReport:
	case fiscal.DocOperatorTicket:
		fault("a ticket is not a document of the archive")
	default:
		fault("unknown type %d", d.Type)
	}
	if !v.registered {
		fault("formed before registration")
	}
}

func checkSums(d Document, fact fiscal.Document, fault func(string, ...any)) {
	r, err := d.Content()
	if err != nil {
		fault("body: %w", err)
		return
	}
	if fact.Total != d.Sum {
		fault("body has another total")
	}
	if fact.Kind.Sign() != int(d.Op) {
		fault("body has another operation")
	}
	if fact.Shift != uint32(d.Shift) || fact.Receipt != uint32(d.Receipt) {
		fault("body has receipt %d of shift %d", fact.Receipt, fact.Shift)
	}
	if paid := r.Payments.Total(); paid != d.Sum {
		fault("payments add up to %s of %s", paid, d.Sum)
	}
	// A correction of the old kind has a total and no items (FF36h, FF4Ah).
	if (d.Type == fiscal.DocCorrection || d.Type == fiscal.DocBSOCorrection) && len(r.Items) == 0 {
		return
	}
	var sum fiscal.Money
	for _, i := range r.Items {
		sum += i.Sum
	}
	if rounding := sum - d.Sum; rounding < 0 || rounding > 99 {
		fault("items add up to %s, total is %s", sum, d.Sum)
	}
}
