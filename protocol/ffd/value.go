package ffd

import (
	"encoding/binary"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// The constructors write a value as the newest meaning of the tag is encoded.
// A value too large for its tag keeps its bytes, for Check to name.

// Uint makes an object with a number: a byte, two or four bytes, or a VLN.
func Uint(t Tag, v uint64) Field { return Field{Tag: t, Value: appendUint(nil, t, v)} }

func appendUint(b []byte, t Tag, v uint64) []byte { return appendNumber(b, row(t, 0), v) }

// widths are the lengths of the types that have one; a VLN has one byte at least.
var widths = [TypeGroup + 1]int{TypeByte: 1, TypeUint16: 2, TypeUint32: 4, TypeTime: 4}

// appendNumber writes a number as wide as its row says.
func appendNumber(b []byte, r *Row, v uint64) []byte {
	width := 1
	if r != nil {
		width = max(width, widths[r.Type])
	}
	for ; width > 0 || v != 0; width-- {
		b, v = append(b, byte(v)), v>>8
	}
	return b
}

// Sum makes an object with a sum in kopecks. A negative one cannot be written
// and becomes a value too long for any tag.
func Sum(t Tag, m fiscal.Money) Field { return Uint(t, uint64(m)) }

// Amount makes an object with a decimal number in as few places as it takes.
func Amount(t Tag, q fiscal.Quantity) Field { return Field{Tag: t, Value: appendAmount(nil, q)} }

func appendAmount(b []byte, q fiscal.Quantity) []byte {
	v, places := uint64(q), byte(6)
	for places > 0 && v%10 == 0 {
		v, places = v/10, places-1
	}
	b = append(b, places, byte(v))
	for v >>= 8; v != 0; v >>= 8 {
		b = append(b, byte(v))
	}
	return b
}

// Text makes an object with text; a fixed one is padded with spaces. A
// character that code page 866 lacks becomes a question mark: composers, which
// must not do that, use [AppendText].
func Text(t Tag, s string) Field {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		c, ok := encodeRune(r)
		if !ok {
			c = '?'
		}
		b = append(b, c)
	}
	return Field{Tag: t, Value: pad(b, 0, t)}
}

// pad fills the text that begins at start with spaces if its tag is fixed.
func pad(b []byte, start int, t Tag) []byte {
	if r := row(t, 0); r != nil && r.Fixed {
		for len(b)-start < r.Max {
			b = append(b, ' ')
		}
	}
	return b
}

// Time makes an object with a time; one that no calendar has becomes zero.
func Time(t Tag, at fiscal.DateTime) Field {
	return Field{Tag: t, Value: binary.LittleEndian.AppendUint32(nil, unix(at))}
}

var epoch = fiscal.DateTime{Year: 1970, Month: 1, Day: 1}

func unix(at fiscal.DateTime) uint32 {
	if !at.Valid() {
		return 0
	}
	s := at.Sub(epoch)
	if s < 0 || s > 1<<32-1 {
		return 0
	}
	return uint32(s)
}

// civil is the time of the calendar, s seconds after 1970 began.
func civil(s uint32) fiscal.DateTime {
	day, rest := int(s/86400), int(s%86400)
	// Days since 0000-03-01 of the proleptic Gregorian calendar, in eras of 400 years.
	day += 719468
	era, doe := day/146097, day%146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	t := fiscal.DateTime{
		Year: era*400 + yoe, Month: mp + 3, Day: doy - (153*mp+2)/5 + 1,
		Hour: rest / 3600, Minute: rest / 60 % 60, Second: rest % 60,
	}
	if t.Month > 12 {
		t.Year, t.Month = t.Year+1, t.Month-12
	}
	return t
}

// Bytes makes an object of bytes as they are.
func Bytes(t Tag, b []byte) Field { return Field{Tag: t, Value: b} }

// Group makes a group of objects.
func Group(t Tag, f ...Field) Field { return Field{Tag: t, Fields: f} }

// Uint reads a number of up to eight bytes; an empty value is zero, as some
// tills write it.
func (f Field) Uint() uint64 { return littleEndian(f.Value) }

func littleEndian(b []byte) uint64 {
	var v uint64
	for i := min(len(b), 8) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v
}

// Sum reads a sum in kopecks.
func (f Field) Sum() fiscal.Money { return fiscal.Money(f.Uint()) }

// Amount reads a decimal number to a millionth; digits behind it are cut.
func (f Field) Amount() fiscal.Quantity {
	if len(f.Value) == 0 {
		return 0
	}
	places, v := f.Value[0], littleEndian(f.Value[1:])
	for ; places < 6; places++ {
		v *= 10
	}
	for ; places > 6 && v > 0; places-- {
		v /= 10
	}
	return fiscal.Quantity(v)
}

// Text reads text; the spaces that pad a fixed one are cut.
func (f Field) Text() string {
	b := f.Value
	for len(b) > 0 && b[len(b)-1] == ' ' {
		b = b[:len(b)-1]
	}
	return DecodeText(b)
}

// INN reads a taxpayer's number: some tills pad one of ten digits with zeros
// on the left, where the format says spaces on the right.
func (f Field) INN() string {
	s := f.Text()
	if len(s) == 12 && s[:2] == "00" && s != "000000000000" {
		return s[2:]
	}
	return s
}

// Time reads a time; fields that no document has are zero in a zero time.
func (f Field) Time() fiscal.DateTime {
	v := f.Uint()
	if v == 0 || v > 1<<32-1 {
		return fiscal.DateTime{}
	}
	return civil(uint32(v))
}

// Find gives the object under a path of tags: the first of each.
func (f Field) Find(path ...Tag) (Field, bool) { return find(f.Fields, path) }

// All gives every object of the group with the tag.
func (f Field) All(t Tag) []Field { return all(f.Fields, t) }

func find(fields []Field, path []Tag) (Field, bool) {
	if len(path) == 0 {
		return Field{}, false
	}
	for i := range fields {
		if fields[i].Tag != path[0] {
			continue
		}
		if len(path) == 1 {
			return fields[i], true
		}
		if f, ok := find(fields[i].Fields, path[1:]); ok {
			return f, true
		}
	}
	return Field{}, false
}

func all(fields []Field, t Tag) []Field {
	var out []Field
	for i := range fields {
		if fields[i].Tag == t {
			out = append(out, fields[i])
		}
	}
	return out
}
