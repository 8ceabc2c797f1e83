package ffd

import "iter"

// Type is how a value is encoded (FFD, annex 2).
type Type uint8

// Types.
const (
	TypeBytes  Type = iota // as it is
	TypeByte               // one byte
	TypeUint16             // two bytes, least significant first
	TypeUint32             // four bytes
	TypeTime               // four bytes: seconds since 1970 of the local time, as if it were UTC
	TypeVLN                // a number in as few bytes as it takes; sums are in kopecks
	TypeFVLN               // a byte with the number of decimal places, then a VLN
	TypeText               // code page 866
	TypeGroup              // STLV: a row of objects
)

var typeNames = [...]string{"bytes", "byte", "uint16", "uint32", "unixtime", "VLN", "FVLN", "string", "STLV"}

// String gives the name the format uses.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return "unknown"
}

// Versions is a set of versions of the format.
type Versions uint8

// Sets that rows are written with. The amendments of 2024–2026 (rates 5, 7 and
// 22 %, details of cashless payments) hold for every version still in use.
const (
	in10      Versions = 1 << V10
	in105     Versions = 1 << V105
	in11      Versions = 1 << V11
	in12      Versions = 1 << V12
	amendment Versions = 1

	inAll     = in10 | in105 | in11 | in12
	since105  = in105 | in11 | in12
	since11   = in11 | in12
	inAmended = since105 | amendment
)

// Has tells whether the set has v; any set has the version that is not told.
func (s Versions) Has(v Version) bool { return v == 0 || v <= V12 && s&(1<<v) != 0 }

// Amended tells whether the tag came with the amendments of 2024–2026.
func (s Versions) Amended() bool { return s&amendment != 0 }

// Row is what the dictionary says of a tag.
type Row struct {
	Tag      Tag
	Name     string // official name, in Russian
	JSON     string // name in the JSON form
	Type     Type
	Max      int  // greatest length of the value in bytes; 0 is not told
	Fixed    bool // text padded with spaces to Max
	Mask     bool // every bit is a sign of its own
	Versions Versions
}

// row numbers below lowTags are found by position, those above one by one.
const lowTags = 2200

// dictionary is every row, in the order of tags; of a tag with two meanings the older one first.
var dictionary = [][]Row{rowsForms, rows1000, rows1100, rows1200, rowsMarking, rowsExport}

// meanings are the rows of one tag: almost always one, the newest first.
type meanings struct{ newest, older *Row }

var index = buildIndex()

func buildIndex() *[lowTags]meanings {
	var x [lowTags]meanings
	for _, rows := range dictionary {
		for i := range rows {
			r := &rows[i]
			if r.Tag >= lowTags {
				continue
			}
			m := &x[r.Tag]
			m.newest, m.older = r, m.newest
		}
	}
	return &x
}

// row finds what a tag means in a version; nil when there is no such tag.
func row(t Tag, v Version) *Row {
	if t < lowTags {
		m := &index[t]
		if v == V10 && m.older != nil {
			return m.older
		}
		return m.newest
	}
	for i := range rowsExport {
		if rowsExport[i].Tag == t {
			return &rowsExport[i]
		}
	}
	return nil
}

// groups are the tags of groups, in their newest meaning and in the one of 1.0:
// taking a document apart asks for every object.
var groups, groups10 = buildGroups()

func buildGroups() (newest, older tagSet) {
	for t := range Tag(lowTags) {
		if r := row(t, V12); r != nil && r.Type == TypeGroup {
			newest.add(t)
		}
		if r := row(t, V10); r != nil && r.Type == TypeGroup {
			older.add(t)
		}
	}
	return newest, older
}

func isGroup(t Tag, v Version) bool {
	if t >= lowTags {
		return row(t, v) != nil // envelopes of an export
	}
	if v == V10 {
		return groups10.has(t)
	}
	return groups.has(t)
}

// Lookup finds the row of a tag. A number with two meanings gets the one of
// the version; ok is false only for a number the dictionary does not have at
// all: whether the version has it, Row.Versions tells.
func Lookup(t Tag, v Version) (r Row, ok bool) {
	p := row(t, v)
	if p == nil {
		return Row{}, false
	}
	return *p, true
}

// Rows gives the whole dictionary in the order of tags.
func Rows() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for _, rows := range dictionary {
			for _, r := range rows {
				if !yield(r) {
					return
				}
			}
		}
	}
}
