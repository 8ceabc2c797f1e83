package printer

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"slices"
	"strings"

	"rsc.io/qr"

	"github.com/chekan-io/chekan/protocol/escpos"
	"github.com/chekan-io/chekan/protocol/escpos/glyph"
)

// Slip is one piece of paper.
type Slip struct {
	Lines []string // as a person reads them, without spaces at the end
	QR    []string // content of the QR codes the printer made itself
	Cut   bool     // it was cut off; false is what still hangs out of the printer
	Torn  bool     // something of it was lost: in a power cut, or because another slip began over it
	Rolls int      // how often the roll was changed in its middle

	elements []element
}

// Whole tells whether the slip came out with nothing missing.
func (s Slip) Whole() bool { return s.Cut && !s.Torn }

// Text is the slip as plain text.
func (s Slip) Text() string { return strings.Join(s.Lines, "\n") + "\n" }

type elementKind uint8

const (
	letters elementKind = iota
	picture
	code2D
)

// element is what one command put on paper.
type element struct {
	kind    elementKind
	row     row
	image   escpos.Bitmap
	text    string // of a code
	code    *qr.Code
	align   escpos.Align
	spacing int
}

func (e *element) blank() bool {
	return e.kind == letters && strings.TrimSpace(e.row.text()) == ""
}

func (s *Slip) add(e element) { s.elements = append(s.elements, e) }

// started tells whether anything but white is on the paper.
func (s *Slip) started() bool {
	for i := range s.elements {
		if !s.elements[i].blank() {
			return true
		}
	}
	return false
}

// columns of paper as wide as its widest element, at least 32.
func (s *Slip) width() int {
	w := 32 * glyph.Width
	for i := range s.elements {
		e := &s.elements[i]
		w = max(w, e.image.Width, e.row.columns()*glyph.Width)
	}
	return w
}

// read fills in what a person reads.
func (s *Slip) read() Slip {
	out := *s
	out.Lines, out.QR = nil, nil
	columns := s.width() / glyph.Width
	for i := 0; i < len(s.elements); i++ {
		e := &s.elements[i]
		switch e.kind {
		case code2D:
			out.QR = append(out.QR, e.text)
			out.Lines = append(out.Lines, "[QR "+e.text+"]")
		case picture:
			// Bands of one image come one after another.
			m := e.image
			m.Bits = append([]byte(nil), m.Bits...)
			bands := []int{m.Height}
			for i+1 < len(s.elements) && s.elements[i+1].kind == picture && s.elements[i+1].image.Width == m.Width {
				i++
				m.Bits = append(m.Bits, s.elements[i].image.Bits...)
				m.Height += s.elements[i].image.Height
				bands = append(bands, m.Height)
			}
			out.Lines = append(out.Lines, readImage(m, bands)...)
		case letters:
			out.Lines = append(out.Lines, placed(e, columns))
		}
	}
	return out
}

// placed is a line of letters where its alignment puts it.
func placed(e *element, columns int) string {
	text := e.row.text()
	free := max(columns-e.row.columns(), 0)
	switch e.align {
	case escpos.Centre:
		text = strings.Repeat(" ", free/2) + text
	case escpos.Right:
		text = strings.Repeat(" ", free) + text
	case escpos.Left:
	}
	return strings.TrimRight(text, " ")
}

// readImage reads the letters of an image, a line of cells after another; what
// is no letters is a picture. A line begins where a band of the image does:
// ends are the rows behind each.
func readImage(m escpos.Bitmap, ends []int) []string {
	var out []string
	from := 0 // of a picture
	done := func(to int) {
		if to > from {
			out = append(out, fmt.Sprintf("[image %dx%d]", m.Width, to-from))
		}
	}
	for y := 0; y+glyph.Height <= m.Height; {
		line, high, ok := readRow(m, y)
		if ok {
			done(y)
			out = append(out, strings.TrimRight(line, " "))
			y += high
			from = y
			continue
		}
		i, _ := slices.BinarySearch(ends, y+1)
		y = ends[i]
	}
	done(m.Height)
	return out
}

// readRow reads the cells of a line, of ordinary size or twice as large.
func readRow(m escpos.Bitmap, y int) (line string, high int, ok bool) {
	for scale := 1; scale <= 2; scale++ {
		if y+glyph.Height*scale > m.Height {
			break
		}
		var text []rune
		for x := 0; x+glyph.Width*scale <= m.Width; x += glyph.Width * scale {
			r, ok := readCell(m, x, y, scale)
			if !ok {
				text = nil
				break
			}
			text = append(text, r)
		}
		if text != nil {
			return string(text), glyph.Height * scale, true
		}
	}
	return "", 0, false
}

func readCell(m escpos.Bitmap, left, top, scale int) (rune, bool) {
	var g glyph.Glyph
	for y := range glyph.Height {
		for x := range glyph.Width {
			if m.At(left+x*scale, top+y*scale) {
				g[y] |= 1 << (glyph.Width - 1 - x)
			}
		}
	}
	return glyph.Read(&g)
}

// margin is the white around the paper of a picture, in dots.
const margin = 16

// PNG draws the slip, a dot of the printer for each dot of the picture.
func (s Slip) PNG(w io.Writer) error {
	width, height := s.width(), 0
	for i := range s.elements {
		height += s.elements[i].height()
	}
	m := image.NewPaletted(image.Rect(0, 0, width+2*margin, height+2*margin), color.Palette{color.White, color.Black})
	y := margin
	for i := range s.elements {
		e := &s.elements[i]
		b := e.draw()
		left := margin
		switch e.align {
		case escpos.Centre:
			left += (width - b.Width) / 2
		case escpos.Right:
			left += width - b.Width
		case escpos.Left:
		}
		for dy := range b.Height {
			for dx := range b.Width {
				if b.At(dx, dy) {
					m.SetColorIndex(left+dx, y+dy, 1)
				}
			}
		}
		y += e.height()
	}
	if err := png.Encode(w, m); err != nil {
		return fmt.Errorf("draw a slip: %w", err)
	}
	return nil
}

// height is how many dots the element moves the paper on.
func (e *element) height() int {
	if e.kind != letters {
		return e.image.Height
	}
	return max(e.row.high()*glyph.Height, e.spacing)
}

// draw gives the dots of the element.
func (e *element) draw() escpos.Bitmap {
	switch e.kind {
	case picture:
		return e.image
	case code2D: // drawn only when somebody looks
		m := escpos.NewBitmap(e.image.Width, e.image.Height)
		dots := m.Width / e.code.Size
		for y := range m.Height {
			for x := range m.Width {
				if e.code.Black(x/dots, y/dots) {
					m.Set(x, y)
				}
			}
		}
		return m
	case letters:
	}
	high := e.row.high()
	m := escpos.NewBitmap(e.row.columns()*glyph.Width, high*glyph.Height)
	x := 0
	for _, r := range e.row.runs {
		for _, c := range r.text {
			g, _ := glyph.Of(c)
			if r.bold {
				b := g.Bold()
				g = &b
			}
			top := (high - r.high) * glyph.Height
			m.Draw(g, x, top, r.wide, r.high)
			wide := r.wide * glyph.Width
			for dx := 0; r.underline && dx < wide; dx++ {
				m.Set(x+dx, m.Height-1)
			}
			if r.inverse {
				invert(m, x, top, wide, r.high*glyph.Height)
			}
			x += wide
		}
	}
	return m
}

func invert(m escpos.Bitmap, left, top, wide, high int) {
	for y := top; y < top+high; y++ {
		for x := left; x < left+wide; x++ {
			m.Bits[y*m.Stride()+x/8] ^= 0x80 >> (x % 8)
		}
	}
}
