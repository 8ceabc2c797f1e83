// Package slip lays fiscal documents out as paper: which words a Russian slip
// must carry, in which order, and how they break into lines of 32, 42 or 48
// characters.
//
// [Layout] makes a [Slip] of a document's tags; [CashMovement] and [XReport]
// make slips of what leaves no document. A Slip is a list of [Line]s that know
// nothing of a printer: package escpos turns them into bytes, the cabinet into
// a web page, [Slip.Text] into plain text.
//
// # Breaking
//
// Words go whole to the next line when they do not fit; only a word longer
// than the line is cut. A figure is never cut and never separated from the
// right edge: a line whose two parts do not fit together becomes two. Large
// letters fall back to ordinary ones when a figure would not fit otherwise.
//
// # What this package does not do
//
// It reads no device and no clock, computes no tax and adds nothing up: every
// figure on paper is a tag of the document. What the document does not carry
// and the law still wants on paper (user, address, registration number, site of
// the tax service) comes from the registration given in [Options].
package slip

import (
	"strings"
	"unicode/utf8"
)

// Line is one line of a slip: text, a rule, or a QR code.
type Line struct {
	Left    string // on the left, or the whole of the line
	Right   string // at the right edge
	Centred bool
	Bold    bool
	Large   bool   // twice as wide and twice as high
	Rule    bool   // a rule across the paper instead of text
	QR      string // content of a QR code instead of text
}

// Slip is what comes out of a printer as one piece of paper.
type Slip struct {
	Lines []Line
}

// Headings of a slip that is not the first of its document.
const (
	// Copy heads a copy made on request.
	Copy = "КОПИЯ"
	// Repeat heads a slip printed again because the first was torn or its fate
	// is not known: the document is the same one.
	Repeat = "ПОВТОР"
)

// Plain is a slip of lines that are no document; the first one heads it.
func Plain(lines []string) Slip {
	var s Slip
	for i, line := range lines {
		s.Lines = append(s.Lines, Line{Left: line, Centred: i == 0, Bold: i == 0})
	}
	return s
}

// Columns that printers have: 58 mm, 80 mm with 42 and with 48 characters.
const (
	Columns32 = 32
	Columns42 = 42
	Columns48 = 48
)

// minColumns is the narrowest paper that a figure with its name is sure to fit.
const minColumns = 16

// Headed returns the slip under a heading; an empty heading changes nothing.
func (s Slip) Headed(heading string) Slip {
	if heading == "" {
		return s
	}
	lines := make([]Line, 0, len(s.Lines)+1)
	lines = append(lines, Line{Left: heading, Centred: true, Bold: true, Large: true})
	return Slip{Lines: append(lines, s.Lines...)}
}

// Fit breaks the slip for paper of so many characters. Lines that fit stay as
// they are, so that fitting twice changes nothing.
func (s Slip) Fit(columns int) Slip {
	columns = max(columns, minColumns)
	out := make([]Line, 0, len(s.Lines)+len(s.Lines)/4)
	for _, l := range s.Lines {
		out = l.fit(out, columns)
	}
	return Slip{Lines: out}
}

// fit appends the line, broken for the width, to out.
func (l Line) fit(out []Line, columns int) []Line {
	if l.Rule || l.QR != "" {
		return append(out, l)
	}
	width := columns
	if l.Large {
		width = columns / 2
		if utf8.RuneCountInString(l.Right) > width {
			l.Large, width = false, columns
		}
	}
	left, right := utf8.RuneCountInString(l.Left), utf8.RuneCountInString(l.Right)
	gap := 0
	if left > 0 && right > 0 {
		gap = 1
	}
	if left+gap+right <= width {
		return append(out, l)
	}
	// The text goes on by words; the figure stands on the last line when it
	// fits there and on its own line when it does not.
	rest := l.Left
	for rest != "" {
		var part string
		part, rest = cut(rest, width)
		one := l
		one.Left, one.Right = part, ""
		if rest == "" && (right == 0 || utf8.RuneCountInString(part)+gap+right <= width) {
			one.Right, right = l.Right, 0
		}
		out = append(out, one)
	}
	for tail := l.Right; right > 0 && tail != ""; {
		one := l
		one.Left = ""
		one.Right, tail = cut(tail, width)
		out = append(out, one)
	}
	return out
}

// cut takes what fits into width characters off the beginning of a text, at a
// space when there is one.
func cut(s string, width int) (line, rest string) {
	space, n := -1, 0
	for i, r := range s {
		if n == width {
			if r == ' ' {
				space = i
			}
			if space <= 0 {
				return s[:i], s[i:]
			}
			return strings.TrimRight(s[:space], " "), strings.TrimLeft(s[space:], " ")
		}
		if r == ' ' {
			space = i
		}
		n++
	}
	return s, ""
}

// Text draws the slip as plain text of so many columns, each line ended. A QR
// code is drawn as its content.
func (s Slip) Text(columns int) string {
	columns = max(columns, minColumns)
	var b strings.Builder
	for _, l := range s.Fit(columns).Lines {
		switch {
		case l.Rule:
			b.WriteString(strings.Repeat("-", columns))
		case l.QR != "":
			for rest := "QR " + l.QR; rest != ""; {
				var part string
				part, rest = cut(rest, columns)
				b.WriteString(part)
				if rest != "" {
					b.WriteByte('\n')
				}
			}
		default:
			b.WriteString(l.Pad(columns))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Pad writes the line's text with the spaces that put it in its place on paper
// of so many characters; nothing follows the last letter.
func (l Line) Pad(columns int) string {
	left, right := utf8.RuneCountInString(l.Left), utf8.RuneCountInString(l.Right)
	switch {
	case l.Centred && right == 0:
		return strings.Repeat(" ", max((columns-left)/2, 0)) + l.Left
	case right == 0:
		return l.Left
	}
	return l.Left + strings.Repeat(" ", max(columns-left-right, min(left, 1))) + l.Right
}
