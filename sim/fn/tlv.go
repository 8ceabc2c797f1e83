package fn

import (
	"encoding/binary"
	"errors"
	"time"

	"golang.org/x/text/encoding/charmap"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Tags this package writes or reads (FFD 1.05–1.2).
const (
	TagCustomer      = 1008
	TagTime          = 1012
	TagOFDINN        = 1017
	TagINN           = 1018
	TagTotal         = 1020
	TagCashier       = 1021
	TagAnswerCode    = 1022
	TagQuantity      = 1023
	TagName          = 1030
	TagCash          = 1031
	TagRNM           = 1037
	TagShift         = 1038
	TagFD            = 1040
	TagFN            = 1041
	TagReceiptNo     = 1042
	TagItemSum       = 1043
	TagOp            = 1054
	TagTaxSystem     = 1055
	TagItem          = 1059
	TagTaxSystems    = 1062
	TagOperatorMsg   = 1068
	TagSign          = 1077
	TagOperatorSign  = 1078
	TagPrice         = 1079
	TagElectronic    = 1081
	TagUserData      = 1084 // holds 1085 and 1086
	TagUserDataValue = 1086
	TagUnconfirmed   = 1097
	TagUnconfirmedAt = 1098
	TagReason        = 1101
	TagReceipts      = 1118
	TagDocuments     = 1111
	TagCorrection    = 1173
	TagVAT           = 1199
	TagFFD           = 1209
	TagSubject       = 1212
	TagMethod        = 1214
	TagPrepaid       = 1215
	TagCredit        = 1216
	TagBarter        = 1217
)

// ErrTLV reports data that is not a sequence of whole TLV objects.
var ErrTLV = errors.New("not a sequence of whole TLV objects")

// TLV is one tag and its value.
type TLV struct {
	Tag   uint16
	Value []byte
}

// ParseTLV splits b into its objects. Values share memory with b.
func ParseTLV(b []byte) ([]TLV, error) {
	var out []TLV
	for len(b) > 0 {
		if len(b) < 4 {
			return nil, ErrTLV
		}
		n := int(binary.LittleEndian.Uint16(b[2:]))
		if len(b) < 4+n {
			return nil, ErrTLV
		}
		out = append(out, TLV{Tag: binary.LittleEndian.Uint16(b), Value: b[4 : 4+n : 4+n]})
		b = b[4+n:]
	}
	return out, nil
}

// AppendTLV appends one object.
func AppendTLV(dst []byte, tag uint16, value []byte) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, tag)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(value)))
	return append(dst, value...)
}

// AppendText appends a string object in code page 866. Letters that the page
// lacks become question marks.
func AppendText(dst []byte, tag uint16, s string) []byte {
	return AppendTLV(dst, tag, encode866(s))
}

// AppendUint appends an unsigned number without its leading zero bytes (VLN),
// one byte at least.
func AppendUint(dst []byte, tag uint16, v uint64) []byte {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], v)
	n := 8
	for n > 1 && b[n-1] == 0 {
		n--
	}
	return AppendTLV(dst, tag, b[:n])
}

// AppendQuantity appends a decimal number (FVLN) with six places, trailing
// zeros dropped.
func AppendQuantity(dst []byte, tag uint16, q fiscal.Quantity) []byte {
	v, places := uint64(q), byte(6)
	for places > 0 && v%10 == 0 {
		v, places = v/10, places-1
	}
	b := append(make([]byte, 0, 9), places)
	b = binary.LittleEndian.AppendUint64(b, v)
	n := len(b)
	for n > 2 && b[n-1] == 0 {
		n--
	}
	return AppendTLV(dst, tag, b[:n])
}

// Uint reads a little-endian unsigned number of up to eight bytes.
func (t TLV) Uint() uint64 {
	var v uint64
	for i := min(len(t.Value), 8) - 1; i >= 0; i-- {
		v = v<<8 | uint64(t.Value[i])
	}
	return v
}

// Text reads a string in code page 866.
func (t TLV) Text() string { return decode866(t.Value) }

// Quantity reads a decimal number to a millionth.
func (t TLV) Quantity() fiscal.Quantity {
	if len(t.Value) == 0 {
		return 0
	}
	v := TLV{Value: t.Value[1:]}.Uint()
	for p := t.Value[0]; p < 6; p++ {
		v *= 10
	}
	for p := byte(6); p < t.Value[0]; p++ {
		v /= 10
	}
	return fiscal.Quantity(v)
}

// Get returns the first object with the tag at the top level of b.
func Get(b []byte, tag uint16) (TLV, bool) {
	list, err := ParseTLV(b)
	if err != nil {
		return TLV{}, false
	}
	for _, t := range list {
		if t.Tag == tag {
			return t, true
		}
	}
	return TLV{}, false
}

func encode866(s string) []byte {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		b, ok := charmap.CodePage866.EncodeRune(r)
		if !ok {
			b = '?'
		}
		out = append(out, b)
	}
	return out
}

func decode866(b []byte) string {
	out := make([]rune, 0, len(b))
	for _, c := range b {
		out = append(out, charmap.CodePage866.DecodeByte(c))
	}
	return string(out)
}

// body builds the document: the accumulator's own tags first, in the order
// seen in real documents (FN and FFD reference, A.7), then what it was given.
func body(d *Document, reg *Registration, given []byte) []byte {
	b := make([]byte, 0, 160+len(given))
	var t4 [4]byte
	b = AppendText(b, TagFN, d.FN)
	if reg != nil {
		b = AppendText(b, TagRNM, pad(reg.RNM, 20))
		b = AppendText(b, TagINN, pad(reg.INN, 12))
	}
	binary.LittleEndian.PutUint32(t4[:], d.FD)
	b = AppendTLV(b, TagFD, t4[:])
	binary.LittleEndian.PutUint32(t4[:], uint32(d.Time.Unix()))
	b = AppendTLV(b, TagTime, t4[:])
	b = AppendTLV(b, TagSign, make([]byte, 6))
	if d.Shift != 0 {
		binary.LittleEndian.PutUint32(t4[:], uint32(d.Shift))
		b = AppendTLV(b, TagShift, t4[:])
	}
	if d.Op != 0 {
		binary.LittleEndian.PutUint32(t4[:], uint32(d.Receipt))
		b = AppendTLV(b, TagReceiptNo, t4[:])
		b = AppendTLV(b, TagOp, []byte{d.Op})
		b = AppendUint(b, TagTotal, uint64(d.Sum))
	}
	if d.Type == fiscal.DocSettlementReport {
		binary.LittleEndian.PutUint32(t4[:], d.Unconfirmed)
		b = AppendTLV(b, TagUnconfirmed, t4[:])
		if !d.UnconfirmedSince.IsZero() {
			binary.LittleEndian.PutUint32(t4[:], uint32(d.UnconfirmedSince.Unix()))
			b = AppendTLV(b, TagUnconfirmedAt, t4[:])
		}
	}
	if d.Registration != nil {
		b = AppendTLV(b, TagTaxSystems, []byte{d.Registration.TaxSystems})
		if d.Registration.Reason != 0 {
			b = AppendTLV(b, TagReason, []byte{d.Registration.Reason})
		}
	}
	return append(b, given...)
}

// putSign writes the fiscal sign into tag 1077: two bytes seen as 21h 04h in
// real documents, then the sign, high byte first.
func putSign(tlv []byte, fp uint32) {
	if t, ok := Get(tlv, TagSign); ok && len(t.Value) == 6 {
		t.Value[0], t.Value[1] = 0x21, 0x04
		binary.BigEndian.PutUint32(t.Value[2:], fp)
	}
}

func pad(s string, n int) string {
	for len(s) < n {
		s += " "
	}
	return s
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
	list, err := ParseTLV(d.TLV)
	if err != nil {
		return Receipt{}, err
	}
	var r Receipt
	for _, t := range list {
		switch t.Tag {
		case TagItem:
			item, err := parseItem(t.Value)
			if err != nil {
				return Receipt{}, err
			}
			r.Items = append(r.Items, item)
		case TagCash:
			r.Payments.Cash = fiscal.Money(t.Uint())
		case TagElectronic:
			r.Payments.Electronic = fiscal.Money(t.Uint())
		case TagPrepaid:
			r.Payments.Prepaid = fiscal.Money(t.Uint())
		case TagCredit:
			r.Payments.Credit = fiscal.Money(t.Uint())
		case TagBarter:
			r.Payments.Barter = fiscal.Money(t.Uint())
		case TagTaxSystem:
			r.Tax = byte(t.Uint())
		case TagCashier:
			r.Cashier = t.Text()
		case TagCustomer:
			r.Customer = t.Text()
		case TagUserData:
			if v, ok := Get(t.Value, TagUserDataValue); ok {
				r.Marker = v.Text()
			}
		}
	}
	return r, nil
}

func parseItem(b []byte) (Item, error) {
	list, err := ParseTLV(b)
	if err != nil {
		return Item{}, err
	}
	var i Item
	for _, t := range list {
		switch t.Tag {
		case TagName:
			i.Name = t.Text()
		case TagPrice:
			i.Price = fiscal.Money(t.Uint())
		case TagQuantity:
			i.Quantity = t.Quantity()
		case TagItemSum:
			i.Sum = fiscal.Money(t.Uint())
		case TagVAT:
			i.VAT = byte(t.Uint())
		case TagMethod:
			i.Method = byte(t.Uint())
		case TagSubject:
			i.Subject = byte(t.Uint())
		}
	}
	return i, nil
}

// Tag returns the first top-level object with the tag.
func (d Document) Tag(tag uint16) (TLV, bool) { return Get(d.TLV, tag) }

func fromUnix(t TLV) time.Time { return time.Unix(int64(t.Uint()), 0).UTC() }
