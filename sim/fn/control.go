package fn

import (
	"errors"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Since FFD 1.1 an accumulator controls the format of what it is given; the
// one of 2016 took anything that was whole objects. What it can judge of a part
// it judges at once, the rest when the document is formed.

// controls tells whether the format of the document in preparation is looked
// at.
func (a *Accumulator) controls() bool {
	format := a.archive.format()
	if format == 0 || a.cur.kind == CurrentReregistration {
		format = max(a.cur.format, format)
	}
	return format >= byte(ffd.V11)
}

// given is the part of a document the till gives, as the composers make it.
func (a *Accumulator) given(data []byte) (ffd.Document, error) {
	fields, err := ffd.Parse(data)
	if err != nil {
		return ffd.Document{}, ErrCommand
	}
	return ffd.Document{Type: a.formOf(a.cur.kind), Fields: fields}, nil
}

// formOf is the form a document in preparation becomes.
func (a *Accumulator) formOf(kind Current) fiscal.DocumentType {
	reg := a.archive.registration()
	bso := reg != nil && reg.bso()
	switch kind {
	case CurrentRegistration:
		return fiscal.DocRegistration
	case CurrentReplacement, CurrentReregistration:
		return fiscal.DocReregistration
	case CurrentOpenShift:
		return fiscal.DocShiftOpened
	case CurrentCloseShift:
		return fiscal.DocShiftClosed
	case CurrentReceipt:
		if bso {
			return fiscal.DocBSO
		}
		return fiscal.DocReceipt
	case CurrentCorrection:
		if bso {
			return fiscal.DocBSOCorrection
		}
		return fiscal.DocCorrection
	case CurrentCloseArchive:
		return fiscal.DocArchiveClosed
	case CurrentReport:
		return fiscal.DocSettlementReport
	}
	return 0
}

// controlPart judges what can be judged before everything is there.
func (a *Accumulator) controlPart(data []byte) error {
	doc, err := a.given(data)
	if err != nil || !a.controls() {
		return err
	}
	// The tag that names the format may come last; the registration knows it.
	if _, told := doc.Find(ffd.TagFormat); !told {
		doc.Fields = append(doc.Fields, ffd.Uint(ffd.TagFormat, uint64(max(a.archive.format(), a.cur.format))))
	}
	return refusalOf(doc.CheckGiven(), func(r ffd.Rule) bool { return r != ffd.RuleMissing && r != ffd.RuleTotal })
}

// controlWhole judges everything the till has given.
func (a *Accumulator) controlWhole(reg Registration) error {
	doc, err := a.given(a.cur.data)
	if err != nil || !a.controls() {
		return err
	}
	every := func(ffd.Rule) bool { return true }
	if err := refusalOf(doc.CheckGiven(), every); err != nil {
		return err
	}
	return refusalOf(doc.CheckAgainst(reg.Fiscal()), every)
}

// refusals are the answer codes of broken rules (second hand).
var refusals = map[ffd.Rule]Error{
	ffd.RuleMissing: ErrTagMissing, ffd.RuleRepeated: ErrTagTwice, ffd.RuleUnknown: ErrTagNotAllowed, ffd.RuleLength: ErrTagLength,
	ffd.RuleRegistration: ErrTagContradicts, ffd.RuleSize: ErrTLVSize, ffd.RulePlace: ErrTagNotAllowed,
}

// refusalOf is the answer to the first problem of a rule that counts.
func refusalOf(err error, counts func(ffd.Rule) bool) error {
	problems, ok := errors.AsType[ffd.Problems](err)
	if !ok {
		return nil
	}
	for _, p := range problems {
		if !counts(p.Rule) {
			continue
		}
		code, ok := refusals[p.Rule]
		if !ok {
			code = ErrParameter
		}
		return &FormatError{Code: code, Problem: p}
	}
	return nil
}

// FormatError is a refusal of format control; the wire carries its code only.
type FormatError struct {
	Code    Error
	Problem ffd.Problem
}

// Error names the problem.
func (e *FormatError) Error() string { return e.Code.Error() + ": " + ffd.Problems{e.Problem}.Error() }

// Unwrap returns the code.
func (e *FormatError) Unwrap() error { return e.Code }
