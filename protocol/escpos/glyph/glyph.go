// Package glyph has letters as dots: a cell of 12 by 24, the font A of receipt
// printers, for printers without Cyrillic letters of their own and for
// simulated paper. The letters are those of the Go Mono font, which has
// Latin, Cyrillic and the frames of old code pages.
//
// It draws cells and reads them back; lines and images belong to package escpos.
package glyph

import (
	"image"
	"image/draw"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// Size of a cell in dots.
const (
	Width  = 12
	Height = 24
)

// Glyph is one letter: a row of dots a line, the leftmost dot in bit 11.
type Glyph [Height]uint16

// At tells whether a dot is black.
func (g *Glyph) At(x, y int) bool { return g[y]&(1<<(Width-1-x)) != 0 }

// Bold is the letter struck twice, one dot apart.
func (g *Glyph) Bold() Glyph {
	var b Glyph
	for y, row := range g {
		b[y] = row | row>>1
	}
	return b
}

const (
	points   = 20 // Go Mono advances 0.6 of its size: 12 dots
	baseline = 19 // dots from the top of the cell
	dark     = 0x60
)

// ranges are the letters drawn, Cyrillic first: letters that look the same are
// read back as the first of them.
var ranges = [][2]rune{{0x0410, 0x044F}, {0x0401, 0x0401}, {0x0451, 0x0451}, {0x0404, 0x0407}, {0x0454, 0x045E}, {0x20, 0x7E}, {0xA7, 0xB7}, {0xAB, 0xBB}, {0xD7, 0xD7}, {0x2013, 0x2014}, {0x2018, 0x201E}, {0x2022, 0x2022}, {0x2026, 0x2026}, {0x2116, 0x2116}, {0x2212, 0x2212}, {0x2500, 0x256C}, {0x2580, 0x2593}}

type atlas struct {
	glyphs map[rune]*Glyph
	runes  map[Glyph]rune
}

var load = sync.OnceValue(func() *atlas {
	a := &atlas{glyphs: map[rune]*Glyph{}, runes: map[Glyph]rune{}}
	f, err := opentype.Parse(gomono.TTF)
	if err != nil {
		return a // an embedded font that cannot be read is caught by the tests
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: points, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return a
	}
	cell := image.NewAlpha(image.Rect(0, 0, Width, Height))
	d := font.Drawer{Dst: cell, Src: image.Opaque, Face: face}
	for _, r := range ranges {
		for c := r[0]; c <= r[1]; c++ {
			if _, ok := face.GlyphAdvance(c); !ok {
				continue
			}
			draw.Draw(cell, cell.Bounds(), image.Transparent, image.Point{}, draw.Src)
			d.Dot = fixed.P(0, baseline)
			d.DrawString(string(c))
			g := new(Glyph)
			for y := range Height {
				for x := range Width {
					if cell.AlphaAt(x, y).A >= dark {
						g[y] |= 1 << (Width - 1 - x)
					}
				}
			}
			a.glyphs[c] = g
			for _, look := range []Glyph{*g, g.Bold()} {
				if _, ok := a.runes[look]; !ok {
					a.runes[look] = c
				}
			}
		}
	}
	return a
})

// Of gives a letter; ok is false, and the letter a question mark, when the font
// does not have it.
func Of(r rune) (g *Glyph, ok bool) {
	a := load()
	if r == '\u00a0' || r == '\u202f' {
		r = ' '
	}
	if g, ok = a.glyphs[r]; ok {
		return g, true
	}
	if g = a.glyphs['?']; g == nil {
		g = new(Glyph)
	}
	return g, false
}

// Read gives the letter that looks like g, plain or bold. Of letters that look the same,
// like the А of two alphabets, it gives the Cyrillic one.
func Read(g *Glyph) (rune, bool) {
	r, ok := load().runes[*g]
	return r, ok
}
