// Package ffd is the fiscal data format of Russia (формат фискальных данных):
// what stands inside the documents that a fiscal memory signs and an operator
// of fiscal data receives, in the versions 1.05, 1.1 and 1.2.
//
// # Objects
//
// A document is a row of objects: a tag and a length of two bytes each, least
// significant first, then the value; the value of a group (STLV) is again such
// a row. [Parse] takes a row apart and [Append] puts it together again, byte
// for byte. The dictionary ([Lookup]) says of each tag what it is called, how
// it is encoded, how long it may be and which versions have it. A few numbers
// have had two meanings: tag 1209 of the document decides.
//
// # Lenient in, strict out
//
// Reading keeps what it does not understand: unknown tags, wrong lengths,
// groups that cannot be taken apart stay as bytes. [Document.Check] is the
// opposite: it names every tag that breaks a rule, and the rule.
//
// # Composing
//
// [Receipt], [ShiftOpening] and the other composers give what a till hands to
// its fiscal memory; [Head] gives what the memory adds itself. The tax of a
// receipt is taken once per rate, on the sum of its lines, rounded half up
// (fiscal.Receipt.VATTotals).
//
// # What this package does not do
//
// It signs nothing, sends nothing and prints nothing: commands of the memory
// are package fn, the operator's envelope is package ofd, paper is package
// slip.
package ffd

import (
	"errors"
	"fmt"
)

// ErrMalformed says that bytes are not a row of whole objects.
var ErrMalformed = errors.New("not a row of whole objects")

// Version is a version of the format as tag 1209 writes it. Zero is "not
// told": then the newest meaning of a tag counts.
type Version uint8

// Versions.
const (
	V10  Version = 1
	V105 Version = 2
	V11  Version = 3
	V12  Version = 4
)

// String gives the version as people write it: 1.05, 1.1, 1.2.
func (v Version) String() string {
	switch v {
	case V10:
		return "1.0"
	case V105:
		return "1.05"
	case V11:
		return "1.1"
	case V12:
		return "1.2"
	}
	return fmt.Sprintf("version(%d)", uint8(v))
}

// ParseVersion reads what String wrote.
func ParseVersion(s string) (Version, error) {
	for _, v := range []Version{V10, V105, V11, V12} {
		if v.String() == s {
			return v, nil
		}
	}
	return 0, fmt.Errorf("версии ФФД %q нет, есть 1.05, 1.1 и 1.2", s)
}

// maxDepth bounds groups within groups. Documents nest four deep
// (document, counters, kind of settlement, sums); an exported archive adds one.
const maxDepth = 8

const headerLength = 4

// maxValue is the longest value a length of two bytes can name.
const maxValue = 1<<16 - 1

// Field is one object. Of a group that was taken apart Fields holds the
// content and Value is nil; anything else has Value.
type Field struct {
	Tag    Tag
	Value  []byte
	Fields []Field
}

// Parse takes a row of objects apart. Groups the dictionary knows are opened
// when they are whole; everything else keeps its bytes. Values share memory
// with b.
func Parse(b []byte) ([]Field, error) { return parse(b, versionIn(b)) }

func parse(b []byte, v Version) ([]Field, error) {
	n, whole := count(b, v, 0)
	if !whole {
		return nil, fmt.Errorf("parse %d bytes: %w", len(b), ErrMalformed)
	}
	if n == 0 {
		return nil, nil
	}
	p := parser{arena: make([]Field, 0, n)}
	return p.row(b, v, 0), nil
}

// versionIn is the value of tag 1209 in a row; zero when it has none.
func versionIn(b []byte) Version {
	for len(b) >= headerLength {
		tag, n := Tag(b[0])|Tag(b[1])<<8, int(b[2])|int(b[3])<<8
		b = b[headerLength:]
		if n > len(b) {
			return 0
		}
		if tag == TagFormat && n == 1 {
			return Version(b[0])
		}
		b = b[n:]
	}
	return 0
}

// count says how many objects a row has, with those inside the groups that
// will be opened, and whether it consists of whole objects.
func count(b []byte, v Version, depth int) (n int, whole bool) {
	for len(b) > 0 {
		if len(b) < headerLength {
			return 0, false
		}
		tag, size := Tag(b[0])|Tag(b[1])<<8, int(b[2])|int(b[3])<<8
		b = b[headerLength:]
		if size > len(b) {
			return 0, false
		}
		n++
		if opens(tag, v, depth) {
			inner, _ := count(b[:size], scope(tag, b[:size], v), depth+1)
			n += inner
		}
		b = b[size:]
	}
	return n, true
}

// opens tells whether the value of a tag is looked into.
func opens(tag Tag, v Version, depth int) bool {
	return depth < maxDepth && isGroup(tag, v)
}

// scope is the version that holds inside a group: a document brings its own.
func scope(tag Tag, value []byte, v Version) Version {
	if v == 0 && isForm(tag) {
		return era(versionIn(value), tag)
	}
	return v
}

// era is the version whose meanings hold in a document: one that does not tell
// its version is older than tag 1209, or the operator's own.
func era(v Version, form Tag) Version {
	if v == 0 && form != TagFormTicket && form < TagExportOffline {
		return V10
	}
	return v
}

// isForm tells whether a tag is a form of documents or the envelope of one.
func isForm(tag Tag) bool { return tag < 1000 || tag >= TagExportOffline }

type parser struct{ arena []Field }

// row takes apart a row that count found whole.
func (p *parser) row(b []byte, v Version, depth int) []Field {
	start := len(p.arena)
	for len(b) > 0 {
		tag, n := Tag(b[0])|Tag(b[1])<<8, int(b[2])|int(b[3])<<8
		b = b[headerLength:]
		p.arena = append(p.arena, Field{Tag: tag, Value: b[:n:n]})
		b = b[n:]
	}
	row := p.arena[start:len(p.arena):len(p.arena)]
	for i := range row {
		f := &row[i]
		if len(f.Value) == 0 || !opens(f.Tag, v, depth) {
			continue
		}
		inside := scope(f.Tag, f.Value, v)
		if _, whole := count(f.Value, inside, maxDepth); whole {
			f.Fields, f.Value = p.row(f.Value, inside, depth+1), nil
		}
	}
	return row
}

// Append writes objects behind dst; it is the exact inverse of [Parse]. A value
// that its length of two bytes cannot name is cut there: Check names it before.
func Append(dst []byte, fields ...Field) []byte {
	for i := range fields {
		dst = fields[i].append(dst)
	}
	return dst
}

func (f *Field) append(dst []byte) []byte {
	dst = append(dst, byte(f.Tag), byte(f.Tag>>8), 0, 0)
	start := len(dst)
	if f.Fields == nil {
		dst = append(dst, f.Value...)
	}
	for i := range f.Fields {
		dst = f.Fields[i].append(dst)
	}
	if len(dst)-start > maxValue {
		dst = dst[:start+maxValue]
	}
	n := len(dst) - start
	dst[start-2], dst[start-1] = byte(n), byte(n>>8)
	return dst
}

// Size is the length of the object in bytes, header included.
func (f Field) Size() int { return f.size() }

func (f *Field) size() int {
	if f.Fields == nil {
		return headerLength + len(f.Value)
	}
	n := headerLength
	for i := range f.Fields {
		n += f.Fields[i].size()
	}
	return n
}
