package store

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"sync"
	"unicode"

	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// What the figures of a document were read from. A better source replaces a worse one, whichever came first.
const (
	// SourceUnread is of documents that were stored before there were figures.
	SourceUnread int32 = -1
	// SourceFact knows number, sum and shift.
	SourceFact int32 = 0
	// SourceCopy is the document as the fiscal memory stores it.
	SourceCopy int32 = 1
	// SourceReceipt is what our operation asked for.
	SourceReceipt int32 = 2
)

// Document is a fiscal document with what it is searched and counted by.
type Document struct {
	db.Document
	// CashierName as it stands in the document.
	CashierName string
	// RNM is the registration number of the till; empty when the source does not tell.
	RNM string
	// Items are its positions.
	Items []Item
}

// Item is a position.
type Item struct {
	// Name as it stands in the document.
	Name string
	// Quantity in millionths, price and sum in minor units.
	Quantity, Price, Sum int64
	// product is the id of what was sold, once it is known.
	product int64
}

// of gives the id of what was sold.
func (i *Item) of(organisation string) int64 {
	if i.product == 0 {
		i.product = ProductID(organisation, i.Name)
	}
	return i.product
}

// Identify looks up the ids of what was sold. Whoever reads documents does it, for they are many and the writer is one.
func (d *Document) Identify() {
	for i := range d.Items {
		d.Items[i].of(d.OrganisationID)
	}
}

// Ways to pay, as bits of a class.
const (
	PaidCash = 1 << iota
	PaidElectronic
	PaidPrepaid
	PaidCredit
	PaidBarter
)

// Class is what a document is listed under: form, settlement and ways it was paid.
func Class(form, kind, paid int32) int32 { return form<<8 | (kind&7)<<5 | paid }

// OfClass takes a class apart.
func OfClass(class int32) (form, kind, paid int32) { return class >> 8, class >> 5 & 7, class & 31 }

func classOf(d *db.Document) int32 {
	var paid int32
	for i, sum := range [...]int64{d.Cash, d.Electronic, d.Prepaid, d.Credit, d.Barter} {
		if sum != 0 {
			paid |= 1 << i
		}
	}
	return Class(d.Type, d.Kind, paid)
}

// Join is what two tellings of one document come to, and whether that is more than the first told. The order of tellings does
// not matter but for whose the document is: the first who claims it keeps it.
func Join(known, told Document) (Document, bool) {
	if told.FP != known.FP {
		return known, false // another document under the same number: the copy of it is kept aside
	}
	d := known
	changed := false
	switch {
	case d.Key == "" && told.Key != "":
		d.JournalID, d.Key, d.Paper, d.Ofd, d.Revision = told.JournalID, told.Key, told.Paper, told.Ofd, told.Revision
		changed = true
	case d.Key != "" && d.Key == told.Key && d.JournalID == told.JournalID && told.Revision > d.Revision:
		// The number is noted even when the tracks are alike, or an older telling could undo them.
		d.Paper, d.Ofd, d.Revision, changed = told.Paper, told.Ofd, told.Revision, true
	}
	if d.At == "" && told.At != "" {
		d.At, changed = told.At, true
	}
	for _, fill := range []struct {
		to   *int64
		from int64
	}{{&d.Total, told.Total}, {&d.Shift, told.Shift}, {&d.Receipt, told.Receipt}} {
		if *fill.to == 0 && fill.from != 0 {
			*fill.to, changed = fill.from, true
		}
	}
	for _, fill := range []struct {
		to   *int32
		from int32
	}{{&d.Type, told.Type}, {&d.Kind, told.Kind}} {
		if *fill.to == 0 && fill.from != 0 {
			*fill.to, changed = fill.from, true
		}
	}
	// A copy that another till tells contradicts the document and is kept aside.
	if told.Source > d.Source && (told.Source != SourceCopy || told.TillID == d.TillID) {
		d.Source, d.Vat, d.Buyer, d.Positions = told.Source, told.Vat, told.Buyer, told.Positions
		d.Cash, d.Electronic, d.Prepaid, d.Credit, d.Barter = told.Cash, told.Electronic, told.Prepaid, told.Credit, told.Barter
		d.Cashier, d.CashierName, d.Items = told.Cashier, told.CashierName, told.Items
		changed = true
	}
	if d.RNM == "" {
		d.RNM = told.RNM
	}
	d.Class = classOf(&d.Document)
	return d, changed
}

// Forms of fiscal documents (FFD, order of the Federal Tax Service ЕД-7-20/662@, table 4).
const (
	formShiftOpened   = int32(fiscal.DocShiftOpened)
	formReceipt       = int32(fiscal.DocReceipt)
	formBSO           = int32(fiscal.DocBSO)
	formShiftClosed   = int32(fiscal.DocShiftClosed)
	formCorrection    = int32(fiscal.DocCorrection)
	formBSOCorrection = int32(fiscal.DocBSOCorrection)
)

// settles tells whether a form is of a receipt, and whether of a correction.
func settles(form int32) (receipt, correction bool) {
	switch form {
	case formReceipt, formBSO:
		return true, false
	case formCorrection, formBSOCorrection:
		return true, true
	}
	return false, false
}

// validAt is a document's time when it is one, else nothing.
func validAt(at string) string {
	if t, err := fiscal.ParseDateTime(at); err != nil || !t.Valid() {
		return ""
	}
	return at
}

// maxName bounds what goes into an index.
const maxName = 200

// Fold is a name as it is compared: in small letters, with single spaces. It fits into an index.
func Fold(name string) string {
	name = strings.Join(strings.Fields(strings.ToLower(printable(name))), " ")
	return strings.ReplaceAll(name, "ё", "е")
}

// FoldBuyer is a phone or an address of e-mail as it is compared: "8 (912) 345-67-89" is "+79123456789".
func FoldBuyer(buyer string) string {
	buyer = strings.Join(strings.Fields(strings.ToLower(printable(buyer))), "")
	if strings.Contains(buyer, "@") || buyer == "" {
		return limited(buyer)
	}
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, buyer)
	switch {
	case digits == "":
		return limited(buyer)
	case len(digits) == 11 && (digits[0] == '8' || digits[0] == '7'):
		return "+7" + digits[1:]
	case len(digits) == 10:
		return "+7" + digits
	}
	return limited("+" + digits)
}

// printable leaves out what a database or a screen chokes on.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

func limited(s string) string {
	n := 0
	for i := range s {
		if n == maxName {
			return s[:i]
		}
		n++
	}
	return s
}

// nameID is the id of a name in an organisation: 63 bits of its hash. A million names collide once in ten million databases.
func nameID(table, organisation, name string) int64 {
	h := sha256.New()
	h.Write([]byte(table + "\x00" + organisation + "\x00" + name))
	id := int64(binary.BigEndian.Uint64(h.Sum(nil)) >> 1)
	return max(id, 1)
}

// asked is a name as it stood in a document.
type asked struct{ table, organisation, name string }

// memo remembers ids of names: a shop sells the same few thousand things all day, and folding and hashing a name anew for every
// line costs more than all the sums.
type memo struct {
	mu  sync.RWMutex
	ids map[asked]int64
}

// memoNames bounds its memory; a full one begins anew.
const memoNames = 200_000

func (m *memo) id(key asked, of func() int64) int64 {
	m.mu.RLock()
	id, known := m.ids[key]
	m.mu.RUnlock()
	if known {
		return id
	}
	id = of()
	key.name = strings.Clone(key.name) // it may be a piece of something large
	m.mu.Lock()
	if m.ids == nil || len(m.ids) >= memoNames {
		m.ids = map[asked]int64{}
	}
	m.ids[key] = id
	m.mu.Unlock()
	return id
}

var idsOfNames memo

// MemoryID is the id of a fiscal memory.
func MemoryID(organisation, fn string) int64 {
	return idsOfNames.id(asked{"memory", organisation, fn}, func() int64 { return nameID("memory", organisation, fn) })
}

// CashierID is the id of a cashier's folded name.
func CashierID(organisation, name string) int64 {
	if name == "" {
		return 0
	}
	return idsOfNames.id(asked{"cashier", organisation, name}, func() int64 {
		folded := Fold(name)
		if folded == "" {
			return 0
		}
		return nameID("cashier", organisation, folded)
	})
}

// ProductID is the id of the folded name of something sold; what has no name has an id too.
func ProductID(organisation, name string) int64 {
	return idsOfNames.id(asked{"product", organisation, name}, func() int64 { return nameID("product", organisation, Fold(name)) })
}
