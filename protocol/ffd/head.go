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

	// Registration is what the memory is registered with: forms 1 and 11.
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

// Totals counts receipts and sums (tags 1194, 1157, 1158).
type Totals struct{}

// Fields gives the objects the memory puts in front of those of the till.
func (h Head) Fields() []Field { return nil }

// Document joins the memory's objects and those the till has given.
func (h Head) Document(given []Field) Document {
	return Document{Type: h.Form, Fields: append(h.Fields(), given...)}
}
