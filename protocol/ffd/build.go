package ffd

import (
	"errors"
	"fmt"
	"slices"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// builder makes objects whose values lie in one buffer and whose groups lie in
// one arena, so that a long receipt costs a handful of allocations. What cannot
// be written becomes a problem, not a question mark.
type builder struct {
	form   fiscal.DocumentType
	v      Version
	values []byte
	groups []Field // contents of finished groups
	open   []Field // objects of the groups being made, outermost first
	flat   bool    // the group being made has no groups inside: its objects go straight into the arena
	inItem int     // number of the item being made, from 1; 0 outside
	wrong  Problems
}

func newBuilder(form fiscal.DocumentType, v Version, items int) *builder {
	return &builder{
		form: form, v: v,
		values: make([]byte, 0, 512+80*items),
		groups: make([]Field, 0, 12+8*items),
		open:   make([]Field, 0, 32+items),
	}
}

func (b *builder) put(t Tag, start int) {
	to := &b.open
	if b.flat {
		to = &b.groups
	}
	n := len(*to)
	if n == cap(*to) {
		*to = slices.Grow(*to, 1)
	}
	*to = (*to)[:n+1]
	f := &(*to)[n] // zero: both rows grow into fresh memory, and end leaves none behind
	f.Tag, f.Value = t, b.values[start:len(b.values):len(b.values)]
}

func (b *builder) uint(t Tag, v uint64) {
	start := len(b.values)
	b.values = appendUint(b.values, t, v)
	b.put(t, start)
}

func (b *builder) flag(t Tag, on bool) {
	var v uint64
	if on {
		v = 1
	}
	b.uint(t, v)
}

// sum and code are uint for tags known to be a VLN and a byte.
func (b *builder) sum(t Tag, m fiscal.Money) {
	start := len(b.values)
	b.values = appendNumber(b.values, nil, uint64(m))
	b.put(t, start)
}

func (b *builder) code(t Tag, v uint64) {
	start := len(b.values)
	if v < 1<<8 {
		b.values = append(b.values, byte(v))
	} else {
		b.values = appendNumber(b.values, nil, v)
	}
	b.put(t, start)
}

func (b *builder) amount(t Tag, q fiscal.Quantity) {
	start := len(b.values)
	b.values = appendAmount(b.values, q)
	b.put(t, start)
}

func (b *builder) time(t Tag, at fiscal.DateTime) { b.uint(t, uint64(unix(at))) }

func (b *builder) bytes(t Tag, v []byte) { b.open = append(b.open, Field{Tag: t, Value: v}) }

// text writes a text that must be there.
func (b *builder) text(t Tag, s string) {
	start := len(b.values)
	var err error
	if b.values, err = appendFitted(b.values, s); err != nil {
		b.bad(t, RuleText, "%s", lacking(err, s))
	}
	b.values = pad(b.values, start, t)
	b.put(t, start)
}

// maybe writes a text unless it is empty.
func (b *builder) maybe(t Tag, s string) {
	if s != "" {
		b.text(t, s)
	}
}

// begin opens a group; end closes it.
func (b *builder) begin() int { return len(b.open) }

func (b *builder) end(t Tag, begun int) {
	start := len(b.groups)
	b.groups = append(b.groups, b.open[begun:]...)
	clear(b.open[begun:])
	b.open = append(b.open[:begun], Field{Tag: t, Fields: b.groups[start:len(b.groups):len(b.groups)]})
}

// beginFlat and endFlat are the same for a group that has no groups inside.
func (b *builder) beginFlat() int {
	b.flat = true
	return len(b.groups)
}

func (b *builder) endFlat(t Tag, start int) {
	b.flat = false
	b.open = append(b.open, Field{Tag: t, Fields: b.groups[start:len(b.groups):len(b.groups)]})
}

func (b *builder) bad(t Tag, rule Rule, format string, args ...any) {
	path := fmt.Sprint(t)
	if b.inItem > 0 {
		path = fmt.Sprintf("%d[%d].%d", TagItem, b.inItem, t)
	}
	b.wrong = append(b.wrong, Problem{Document: b.form, Version: b.v, Tag: t, Path: path, Rule: rule, Text: fmt.Sprintf(format, args...)})
}

// done gives the objects, or everything wrong with them.
func (b *builder) done() ([]Field, error) {
	err := Document{Type: b.form, Fields: b.open}.CheckGiven()
	var more Problems
	if errors.As(err, &more) {
		b.wrong = append(b.wrong, more...)
	}
	if len(b.wrong) > 0 {
		return nil, b.wrong
	}
	return b.open, nil
}

// lacking says in Russian which character a text has that cannot be written.
func lacking(err error, s string) string {
	for _, r := range Fit(s) {
		if _, ok := encodeRune(r); !ok {
			return fmt.Sprintf("символа %q нет в кодировке чека (CP866), уберите или замените его: %q", r, s)
		}
	}
	return err.Error()
}
