package escpos

import (
	"strings"

	"rsc.io/qr"

	"github.com/chekan-io/chekan/protocol/escpos/glyph"
	"github.com/chekan-io/chekan/protocol/slip"
)

// MaxBlock is the longest block in bytes: less than what the smallest printer
// takes while it cannot print (4 KB on most).
const MaxBlock = 2048

// fullBlock ends a block of text: about twenty lines.
const fullBlock = 768

// band is how many rows of an image go in one command.
const band = glyph.Height

// tearFeed is how many lines bring the last one behind the edge that paper is torn at.
const tearFeed = 5

// Block is a part of a slip that is sent at once.
type Block struct {
	Bytes []byte
	Lines int // lines of the slip that it ends
}

// Render turns a slip into blocks for a printer: the first begins with the
// printer's settings, the last ends with the knife or, where there is none,
// with the paper fed out.
func Render(s slip.Slip, p Profile) []Block {
	r := &renderer{p: p}
	r.settings()
	for _, l := range s.Fit(p.Columns).Lines {
		r.line(l)
		r.lines++
		if r.e.Len() >= fullBlock {
			r.flush()
		}
	}
	r.style(false, false)
	r.out()
	r.flush()
	return r.blocks
}

// TearOff is a block that ends what is on paper of a torn slip.
func TearOff(p Profile) Block {
	r := &renderer{p: p}
	r.settings()
	r.out()
	return Block{Bytes: r.e.Take()}
}

type renderer struct {
	p           Profile
	e           Encoder
	blocks      []Block
	lines       int
	bold, large bool
}

func (r *renderer) settings() {
	r.e.Init().NoKanji()
	if r.p.Cyrillic() {
		r.e.CodePage(r.p.CodePage)
	}
}

func (r *renderer) out() {
	switch r.p.Cut {
	case CutFull, CutPartial:
		r.e.Cut(r.p.Cut == CutPartial)
	case CutNone:
		r.e.Feed(tearFeed)
	}
}

func (r *renderer) flush() {
	if r.e.Len() > 0 {
		r.blocks = append(r.blocks, Block{Bytes: r.e.Take(), Lines: r.lines})
		r.lines = 0
	}
}

func (r *renderer) style(bold, large bool) {
	if bold != r.bold {
		r.e.Bold(bold)
		r.bold = bold
	}
	if large != r.large {
		n := 1
		if large {
			n = 2
		}
		r.e.Size(n, n)
		r.large = large
	}
}

func (r *renderer) line(l slip.Line) {
	if l.QR != "" {
		r.qr(l.QR)
		return
	}
	columns := r.p.Columns
	if l.Large {
		columns /= 2
	}
	text := l.Pad(columns)
	if l.Rule {
		text = strings.Repeat("-", columns)
	}
	if !r.p.Cyrillic() {
		r.image(Letters(text, r.p.Dots, l.Bold, l.Large))
		return
	}
	r.style(l.Bold, l.Large)
	r.e.Text(r.p.Charset.Encode(nil, text)).NewLine()
}

// image sends an image in bands, each small enough for a block.
func (r *renderer) image(m Bitmap) {
	for y := 0; y < m.Height; y += band {
		part := m.Rows(y, min(y+band, m.Height))
		if r.e.Len()+len(part.Bits)+8 > MaxBlock {
			r.flush()
		}
		r.e.Raster(part)
	}
}

// moduleDots is how large a module of a QR code is: half a millimetre and more,
// as the tax service's program wants it.
func moduleDots(dots, modules int) int {
	return min(max(dots/(modules+2*quiet), 1), 6)
}

// quiet is the white border of a QR code in modules (ISO/IEC 18004, §6.3.8).
const quiet = 4

func (r *renderer) qr(content string) {
	code, err := qr.Encode(content, qr.M)
	if err != nil {
		// Too long for a QR code: print what it would say.
		for _, l := range (slip.Slip{Lines: []slip.Line{{Left: content}}}).Fit(r.p.Columns).Lines {
			r.line(l)
		}
		return
	}
	dots := moduleDots(r.p.Dots, code.Size)
	r.style(false, false)
	if r.p.QR == QRNative {
		if r.e.Len()+len(content)+64 > MaxBlock {
			r.flush()
		}
		// Empty lines are the white border above and below.
		r.e.NewLine().Align(Centre).QR(content, byte(dots), LevelM).Align(Left).NewLine()
		return
	}
	r.image(QRImage(code, dots, r.p.Dots))
}

// QRImage draws a QR code in the middle of paper so many dots wide, with its white border.
func QRImage(code *qr.Code, dots, width int) Bitmap {
	side := (code.Size + 2*quiet) * dots
	m := NewBitmap(max(width, side), side)
	left := (m.Width-side)/2 + quiet*dots
	for y := range code.Size * dots {
		for x := range code.Size * dots {
			if code.Black(x/dots, y/dots) {
				m.Set(left+x, quiet*dots+y)
			}
		}
	}
	return m
}

// Letters draws a line of text on paper so many dots wide.
func Letters(text string, width int, bold, large bool) Bitmap {
	scale := 1
	if large {
		scale = 2
	}
	m := NewBitmap(width, glyph.Height*scale)
	left := 0
	for _, c := range text {
		g, ok := glyph.Of(c)
		if !ok {
			if b, ok := stand[c]; ok {
				g, _ = glyph.Of(rune(b))
			}
		}
		if bold {
			b := g.Bold()
			g = &b
		}
		m.Draw(g, left, 0, scale, scale)
		left += glyph.Width * scale
	}
	return m
}

// Draw puts a letter on the image, so many times as wide and as high.
func (m Bitmap) Draw(g *glyph.Glyph, left, top, wide, high int) {
	for y, row := range g {
		for x := 0; row != 0 && x < glyph.Width; x++ {
			if !g.At(x, y) {
				continue
			}
			for dy := range high {
				for dx := range wide {
					m.Set(left+x*wide+dx, top+y*high+dy)
				}
			}
		}
	}
}
