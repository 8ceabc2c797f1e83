package reports

import (
	"unicode/utf8"

	"github.com/phpdave11/gofpdf"
	"rsc.io/qr"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// The paper of a till, millimetres.
const (
	paperWidth  = 80.0
	paperMargin = 4.0
	// linePitch is the height of a line in widths of a letter.
	linePitch = 2.05
	// letterWidth is the width of a letter of Go Mono in its size.
	letterWidth = 0.6
	// qrWidth is the width of a QR code with its quiet zone: each of some 33 modules is then above 1 mm, which any telephone reads.
	qrWidth = 44.0
	// qrQuiet is the white border in modules (ISO/IEC 18004, §5.3.8).
	qrQuiet = 4
	// longestPage is what viewers show: 200 inches (PDF 1.4, appendix C). A longer slip goes on on the next page.
	longestPage = 5000.0
)

// slipPage knows where things are on paper of so many columns.
type slipPage struct {
	f       *gofpdf.Fpdf
	columns int
	letter  float64 // width of one
}

func (p *slipPage) height(l *cabinetv1.SlipLine) float64 {
	pitch := p.letter * linePitch
	switch {
	case l.GetQr() != "":
		return qrWidth
	case l.GetLarge():
		return 2 * pitch
	}
	return pitch
}

// drawSlip draws the slip on a page of its own length.
func drawSlip(f *gofpdf.Fpdf, lines []*cabinetv1.SlipLine, columns int) error {
	if columns <= 0 {
		columns = 42
	}
	p := &slipPage{f: f, columns: columns, letter: (paperWidth - 2*paperMargin) / float64(columns)}
	for len(lines) > 0 {
		height, n := 2*paperMargin, 0
		for n < len(lines) && (n == 0 || height+p.height(lines[n]) <= longestPage) {
			height += p.height(lines[n])
			n++
		}
		// The library turns a page that is wider than high.
		f.AddPageFormat("P", gofpdf.SizeType{Wd: paperWidth, Ht: max(height, paperWidth)})
		y := paperMargin
		for _, l := range lines[:n] {
			if err := p.draw(l, y); err != nil {
				return err
			}
			y += p.height(l)
		}
		lines = lines[n:]
	}
	return nil
}

// draw draws a line whose upper edge is at y.
func (p *slipPage) draw(l *cabinetv1.SlipLine, y float64) error {
	switch {
	case l.GetQr() != "":
		return p.drawQR(l.GetQr(), y)
	case l.GetRule():
		p.f.SetLineWidth(0.2)
		p.f.SetDashPattern([]float64{1, 0.7}, 0)
		p.f.Line(paperMargin, y+p.height(l)/2, paperWidth-paperMargin, y+p.height(l)/2)
		p.f.SetDashPattern(nil, 0)
		return nil
	}
	style := ""
	if l.GetBold() {
		style = "B"
	}
	letter := p.letter
	if l.GetLarge() {
		letter *= 2
	}
	left, right := drawable(l.GetLeft()), drawable(l.GetRight())
	// A line that does not fit is drawn smaller rather than cut: every figure of the paper is in the file.
	if wide := utf8.RuneCountInString(left) + utf8.RuneCountInString(right); wide > 0 {
		letter = min(letter, (paperWidth-2*paperMargin)/float64(wide))
	}
	p.f.SetFont(paperFont, style, 0)
	p.f.SetFontUnitSize(letter / letterWidth)
	base := y + p.height(l)*0.72
	width := func(s string) float64 { return float64(utf8.RuneCountInString(s)) * letter }
	if right != "" {
		p.f.Text(paperWidth-paperMargin-width(right), base, right)
	}
	x := paperMargin
	if l.GetCentred() && right == "" {
		x = (paperWidth - width(left)) / 2
	}
	if left != "" {
		p.f.Text(x, base, left)
	}
	return nil
}

// drawQR draws the code as squares, so that it is sharp at any size.
func (p *slipPage) drawQR(content string, y float64) error {
	code, err := qr.Encode(content, qr.M)
	if err != nil {
		return err
	}
	module := qrWidth / float64(code.Size+2*qrQuiet)
	x := (paperWidth-qrWidth)/2 + qrQuiet*module
	y += qrQuiet * module
	p.f.SetFillColor(0, 0, 0)
	for row := range code.Size {
		for from := 0; from < code.Size; from++ { // a run of black modules is one rectangle: no hair lines between
			to := from
			for to < code.Size && code.Black(to, row) {
				to++
			}
			if to > from {
				p.f.Rect(x+float64(from)*module, y+float64(row)*module, float64(to-from)*module, module, "F")
				from = to
			}
		}
	}
	return nil
}
