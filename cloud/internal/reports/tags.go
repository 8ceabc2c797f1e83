package reports

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/phpdave11/gofpdf"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// The page of tags, millimetres: A4.
const (
	sheetWidth  = 210.0
	sheetHeight = 297.0
	sheetLeft   = 18.0 // room for holes
	sheetRight  = 12.0
	sheetTop    = 14.0
	sheetBottom = 16.0

	numberWidth = 17.0
	nameWidth   = 78.0
	valueWidth  = sheetWidth - sheetLeft - sheetRight - numberWidth - nameWidth
	// nested moves a tag to the right of the one it is in.
	nested = 4.0
	// deepest is as far as nesting moves.
	deepest = 4

	textSize = 9.0 // points
	textLine = 4.1
	rowSpace = 1.0
)

// table draws rows one under another, on as many pages as they need.
type table struct {
	f     *gofpdf.Fpdf
	title string
	page  int
	y     float64
}

func drawTags(f *gofpdf.Fpdf, title string, tags []*cabinetv1.Tag) {
	t := &table{f: f, title: drawable(title)}
	t.next()
	t.rows(tags, 0)
}

// next begins a page.
func (t *table) next() {
	t.page++
	t.f.AddPageFormat("P", gofpdf.SizeType{Wd: sheetWidth, Ht: sheetHeight})
	t.f.SetFont(tableFont, "B", 12)
	t.f.Text(sheetLeft, sheetTop+4, t.title)
	t.f.SetFont(tableFont, "", 8)
	t.f.SetTextColor(90, 90, 90)
	number := fmt.Sprintf("Теги документа, лист %d", t.page)
	t.f.Text(sheetWidth-sheetRight-t.f.GetStringWidth(number), sheetTop+4, number)
	t.f.SetTextColor(0, 0, 0)
	t.y = sheetTop + 9
	t.f.SetFont(tableFont, "B", 8)
	for _, c := range []struct {
		x    float64
		text string
	}{{sheetLeft, "Тег"}, {sheetLeft + numberWidth, "Наименование"}, {sheetLeft + numberWidth + nameWidth, "Значение"}} {
		t.f.Text(c.x, t.y+3, c.text)
	}
	t.y += 5
	t.rule(0.3, 0)
}

func (t *table) rule(width float64, grey int) {
	t.f.SetDrawColor(grey, grey, grey)
	t.f.SetLineWidth(width)
	t.f.Line(sheetLeft, t.y, sheetWidth-sheetRight, t.y)
	t.f.SetDrawColor(0, 0, 0)
}

func (t *table) rows(tags []*cabinetv1.Tag, depth int) {
	for _, tag := range tags {
		t.row(tag, depth)
		t.rows(tag.GetTags(), depth+1)
	}
}

func (t *table) row(tag *cabinetv1.Tag, depth int) {
	style := ""
	if len(tag.GetTags()) > 0 {
		style = "B"
	}
	shift := nested * float64(min(depth, deepest))
	number := ""
	if tag.GetNumber() > 0 {
		number = strconv.FormatUint(uint64(tag.GetNumber()), 10)
	}
	t.f.SetFont(tableFont, style, textSize)
	name := t.wrap(tag.GetName(), nameWidth-shift-2)
	value := t.wrap(tag.GetValue(), valueWidth)
	for first := true; first || len(name)+len(value) > 0; first = false {
		room := int((sheetHeight - sheetBottom - t.y - 2*rowSpace) / textLine)
		if need := max(len(name), len(value), 1); room < 1 || need > room && need <= 40 { // a row longer than a page goes on on the next
			t.next()
			room = int((sheetHeight - sheetBottom - t.y - 2*rowSpace) / textLine)
		}
		t.f.SetFont(tableFont, style, textSize)
		n := min(max(len(name), len(value), 1), room)
		for i := range n {
			base := t.y + rowSpace + float64(i)*textLine + 3.2
			if first && i == 0 {
				t.f.Text(sheetLeft+shift, base, number)
			}
			if i < len(name) {
				t.f.Text(sheetLeft+numberWidth+shift, base, name[i])
			}
			if i < len(value) {
				t.f.Text(sheetLeft+numberWidth+nameWidth, base, value[i])
			}
		}
		name, value = name[min(n, len(name)):], value[min(n, len(value)):]
		t.y += float64(n)*textLine + 2*rowSpace
	}
	t.rule(0.1, 190)
}

// wrap breaks a text into lines of a width in the font that is set: at spaces, and inside a word only when it is wider than
// the line.
func (t *table) wrap(text string, width float64) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(drawable(text)) {
		long := word
		if line != "" {
			long = line + " " + word
		}
		if t.f.GetStringWidth(long) <= width {
			line = long
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		line = ""
		for _, r := range word {
			if line != "" && t.f.GetStringWidth(line+string(r)) > width {
				lines = append(lines, line)
				line = ""
			}
			line += string(r)
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
