package fn

import (
	"fmt"
	"time"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Objects splits a row of whole objects into its parts, which share memory
// with b; ErrCommand when b is not one.
func Objects(b []byte) ([][]byte, error) {
	var out [][]byte
	for len(b) > 0 {
		if len(b) < headSize {
			return nil, ErrCommand
		}
		n := headSize + int(b[2]) + int(b[3])<<8
		if n > len(b) {
			return nil, ErrCommand
		}
		out = append(out, b[:n:n])
		b = b[n:]
	}
	return out, nil
}

// headSize is tag and length of an object.
const headSize = 4

// FFD is the document taken apart.
func (d Document) FFD() (ffd.Document, error) {
	doc, err := ffd.ParseDocument(d.TLV)
	if err != nil {
		return ffd.Document{}, fmt.Errorf("document %d: %w", d.FD, err)
	}
	return doc, nil
}

// Body is the document without the head of the enclosing object: what 45h
// reads object by object.
func (d Document) Body() []byte {
	if len(d.TLV) < headSize {
		return nil
	}
	return d.TLV[headSize:]
}

// Tag returns the first top-level object with the tag.
func (d Document) Tag(tag ffd.Tag) (ffd.Field, bool) {
	doc, err := d.FFD()
	if err != nil {
		return ffd.Field{}, false
	}
	return doc.Find(tag)
}

// Receipt is the content of a receipt or a correction, read from its tags.
type Receipt struct {
	Items    []Item          `json:"items"`
	Payments fiscal.Payments `json:"payments"`
	Tax      byte            `json:"tax_system"`
	Cashier  string          `json:"cashier,omitempty"`
	Customer string          `json:"customer,omitempty"`
	Marker   string          `json:"marker,omitempty"` // tag 1086 inside 1084
}

// Item is one line of a receipt.
type Item struct {
	Name     string          `json:"name"`
	Price    fiscal.Money    `json:"price"`
	Quantity fiscal.Quantity `json:"quantity"`
	Sum      fiscal.Money    `json:"sum"`
	VAT      byte            `json:"vat"` // tag 1199
	Method   byte            `json:"method"`
	Subject  byte            `json:"subject"`
}

// Content reads the items and payments of a receipt.
func (d Document) Content() (Receipt, error) {
	doc, err := d.FFD()
	if err != nil {
		return Receipt{}, err
	}
	var r Receipt
	for _, f := range doc.Fields {
		switch f.Tag {
		case ffd.TagItem:
			r.Items = append(r.Items, readItem(f))
		case ffd.TagCash:
			r.Payments.Cash = f.Sum()
		case ffd.TagElectronic:
			r.Payments.Electronic = f.Sum()
		case ffd.TagPrepaid:
			r.Payments.Prepaid = f.Sum()
		case ffd.TagCredit:
			r.Payments.Credit = f.Sum()
		case ffd.TagBarter:
			r.Payments.Barter = f.Sum()
		case ffd.TagTaxSystem:
			r.Tax = byte(f.Uint())
		case ffd.TagCashier:
			r.Cashier = f.Text()
		case ffd.TagCustomer:
			r.Customer = f.Text()
		case ffd.TagUserData:
			if v, ok := f.Find(ffd.TagUserDataValue); ok {
				r.Marker = v.Text()
			}
		}
	}
	return r, nil
}

func readItem(group ffd.Field) Item {
	var i Item
	for _, f := range group.Fields {
		switch f.Tag {
		case ffd.TagName:
			i.Name = f.Text()
		case ffd.TagPrice:
			i.Price = f.Sum()
		case ffd.TagQuantity:
			i.Quantity = f.Amount()
		case ffd.TagItemSum:
			i.Sum = f.Sum()
		case ffd.TagVAT:
			i.VAT = byte(f.Uint())
		case ffd.TagMethod:
			i.Method = byte(f.Uint())
		case ffd.TagSubject:
			i.Subject = byte(f.Uint())
		}
	}
	return i
}

// Civil turns civil time kept as if it were UTC into the words of the trade.
func Civil(t time.Time) fiscal.DateTime {
	if t.IsZero() {
		return fiscal.DateTime{}
	}
	return fiscal.DateTime{Year: t.Year(), Month: int(t.Month()), Day: t.Day(), Hour: t.Hour(), Minute: t.Minute(), Second: t.Second()}
}

// clockTime is the inverse of Civil.
func clockTime(t fiscal.DateTime) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.Date(t.Year, time.Month(t.Month), t.Day, t.Hour, t.Minute, t.Second, 0, time.UTC)
}
