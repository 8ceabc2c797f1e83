package ffd

import "github.com/chekan-io/chekan/protocol/fiscal"

// Head is what a fiscal memory itself knows of the document it forms.
type Head struct {
	Form   fiscal.DocumentType
	Format Version
	FN     string
	RNM    string
	INN    string
	FD     uint32
	FP     uint32
	At     fiscal.DateTime

	// Of receipts and corrections; Shift also of the shift's own documents.
	Kind    fiscal.Kind
	Total   fiscal.Money
	Shift   uint32
	Receipt uint32

	// Registration is what the memory is registered with: forms 1, 11 and 21.
	Registration *fiscal.Registration

	// Of reports.
	Documents  uint32          // in the shift, its own included (1111)
	Receipts   uint32          // in the shift (1118)
	Unsent     uint32          // 1097
	UnsentFD   uint32          // 1116
	UnsentFrom fiscal.DateTime // 1098
	Warnings   uint8           // of command 30h
	KeyDays    uint16          // 1213
	Counters   Counters
}

// Counters are the totals of a shift, of the whole memory and of what was not
// sent yet; nil is not told.
type Counters struct{ Shift, FN, Unsent *Totals }

// Document joins the memory's objects and those the till has given.
func (h Head) Document(given []Field) Document {
	return Document{Type: h.Form, Fields: append(h.Fields(), given...)}
}

// Fields gives the objects the memory puts in front of those of the till, in
// the order of the documents of real memories.
func (h Head) Fields() []Field {
	at := h.At
	at.Second = 0 // a memory is told minutes only
	b := newBuilder(h.Form, h.Format, 0)
	b.text(TagFN, h.FN)
	b.text(TagRNM, h.RNM)
	b.text(TagINN, h.INN)
	b.uint(TagFD, uint64(h.FD))
	b.time(TagTime, at)
	b.bytes(TagSign, Sign(h.FP).Value)
	switch h.Form {
	case fiscal.DocRegistration, fiscal.DocReregistration:
		h.registration(b)
	case fiscal.DocReceipt, fiscal.DocBSO, fiscal.DocCorrection, fiscal.DocBSOCorrection:
		b.uint(TagShift, uint64(h.Shift))
		b.uint(TagReceiptNumber, uint64(h.Receipt))
		b.uint(TagSettlement, uint64(h.Kind.Sign()))
		b.sum(TagTotal, h.Total)
	case fiscal.DocShiftOpened:
		b.uint(TagShift, uint64(h.Shift))
		h.warnings(b)
	case fiscal.DocShiftClosed:
		b.uint(TagShift, uint64(h.Shift))
		b.uint(TagDocuments, uint64(h.Documents))
		b.uint(TagReceipts, uint64(h.Receipts))
		h.unsent(b)
		h.warnings(b)
		b.totals(TagShiftTotals, h.Counters.Shift)
		b.totals(TagFNTotals, h.Counters.FN)
		h.keys(b)
	case fiscal.DocSettlementReport:
		if h.Shift != 0 {
			b.uint(TagShift, uint64(h.Shift))
		}
		if reg := h.Registration; reg != nil {
			b.flag(TagOffline, reg.Modes.Has(fiscal.ModeOffline))
		}
		h.unsent(b)
		if h.Format < V12 || h.Unsent > 0 {
			b.uint(TagUnsentFD, uint64(h.UnsentFD))
		}
		b.totals(TagFNTotals, h.Counters.FN)
		b.totals(TagUnsentTotals, h.Counters.Unsent)
		h.keys(b)
	case fiscal.DocArchiveClosed:
		b.uint(TagShift, uint64(h.Shift))
		b.totals(TagFNTotals, h.Counters.FN)
	case fiscal.DocOperatorTicket: // the operator's own: see Ticket
	}
	return b.open
}

// extendedModes are the modes of a registration that only the newer command
// (A3h) takes; each has a tag of its own up to 1.1.
var extendedModes = []struct {
	tag  Tag
	mode fiscal.Mode
}{
	{TagExcise, fiscal.ModeExcise}, {TagGambling, fiscal.ModeGambling}, {TagLottery, fiscal.ModeLottery}, {TagPrinterInAutomat, fiscal.ModeAutomatic},
}

func (h Head) registration(b *builder) {
	reg := fiscal.Registration{}
	if h.Registration != nil {
		reg = *h.Registration
	}
	change := h.Form == fiscal.DocReregistration
	b.flag(TagEncryption, reg.Modes.Has(fiscal.ModeEncryption))
	b.flag(TagOffline, reg.Modes.Has(fiscal.ModeOffline))
	b.flag(TagAutomatic, reg.Modes.Has(fiscal.ModeAutomatic))
	if h.Format < V12 {
		b.flag(TagServices, reg.Modes.Has(fiscal.ModeServices))
		b.flag(TagBSO, reg.Modes.Has(fiscal.ModeBSO))
		b.flag(TagInternet, reg.Modes.Has(fiscal.ModeInternet))
	}
	b.uint(TagTaxSystems, uint64(reg.TaxSystems))
	if change && h.Format < V12 {
		b.uint(TagReason, uint64(ReasonCode(reg)))
	}
	if h.Format == V11 {
		for _, m := range extendedModes {
			b.flag(m.tag, reg.Modes.Has(m.mode))
		}
	}
	if h.Format > V105 {
		if change {
			b.uint(TagReasons, uint64(Reasons(reg)))
		}
		b.maybe(TagOFDINN, reg.OFDINN)
		b.uint(TagFNFormat, uint64(h.Format))
	}
	if h.Format == V12 {
		b.uint(TagConditions, uint64(Conditions(reg.Modes)))
		h.keys(b)
		if change {
			b.totals(TagFNTotals, h.Counters.FN)
		}
	}
}

// Bits of the warnings of a memory (command 30h) and the signs that tell them.
var warningSigns = []struct {
	tag Tag
	bit uint8
}{{TagFNExhausted, 2}, {TagFNReplace, 1}, {TagFNFull, 4}, {TagOFDTimeout, 8}}

// warnings tell of a memory near its end: since 1.2 only the ones that are on,
// before that all of them, and only when a shift is closed.
func (h Head) warnings(b *builder) {
	for _, w := range warningSigns {
		on := h.Warnings&w.bit != 0
		if on || h.Format < V12 && h.Form == fiscal.DocShiftClosed {
			b.flag(w.tag, on)
		}
	}
}

func (h Head) unsent(b *builder) {
	b.uint(TagUnsent, uint64(h.Unsent))
	if h.Format < V12 || h.Unsent > 0 {
		b.time(TagUnsentFrom, h.UnsentFrom)
	}
}

func (h Head) keys(b *builder) {
	if h.Format == V12 {
		b.uint(TagKeyDays, uint64(h.KeyDays))
	}
}

// Reasons are the bits of tag 1205 for a change of registration.
func Reasons(reg fiscal.Registration) uint32 {
	if reg.NewFN {
		return reg.Reasons | 1
	}
	return reg.Reasons
}

// ReasonCode is the one reason of a change that tag 1101 and command 03h can
// tell: 1 the memory, 2 the operator, 3 the user's data, 4 settings.
func ReasonCode(reg fiscal.Registration) uint8 {
	const operator, name, address = 1 << 1, 1 << 2, 1 << 3
	switch r := Reasons(reg); {
	case r&1 != 0:
		return 1
	case r&operator != 0:
		return 2
	case r&(name|address) != 0:
		return 3
	}
	return 4
}

// conditionBits are the bits of tag 1290 (FFD 1.2). An automat of ours has its printer inside.
var conditionBits = []struct {
	mode fiscal.Mode
	bit  uint
}{
	{fiscal.ModeAutomatic, 1},
	{fiscal.ModeBSO, 2},
	{fiscal.ModeInternet, 5},
	{fiscal.ModeExcise, 6},
	{fiscal.ModeMarking, 8},
	{fiscal.ModeServices, 9},
	{fiscal.ModeGambling, 10},
	{fiscal.ModeLottery, 11},
}

// Conditions is tag 1290 for the modes of a registration.
func Conditions(m fiscal.Mode) uint32 {
	var v uint32
	for _, c := range conditionBits {
		if m.Has(c.mode) {
			v |= 1 << c.bit
		}
	}
	return v
}
