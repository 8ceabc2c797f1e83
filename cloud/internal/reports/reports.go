// Package reports makes files of what the cabinet shows.
//
// [PDF] makes one of a fiscal document: first the slip as it is on paper, on a page 80 mm wide and as long as the slip, then
// every tag of the document as a table on A4. An accountant files the second, a buyer wants the first.
//
// [XLSX] and [CSV] make tables of whatever has a [Layout], row by row; no cell of them is a formula.
//
// # Letters
//
// The fonts are Go Mono and Go, which are embedded in the program, so that a file looks alike everywhere and needs nothing of
// the computer. They have the letters of code page 866, and with them every letter a fiscal document can hold (FFD, chapter
// "TLV": strings are in code page 866). A letter they lack is drawn as a box.
//
// # What it does not do
//
// It knows no document and hides nothing: it draws what it is given, and who may see that is decided in package api.
package reports

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"github.com/phpdave11/gofpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// Sheet is what the file of a document shows.
type Sheet struct {
	// Title of the document: "Кассовый чек, ФД 123".
	Title string
	// Columns of the slip: characters in a line.
	Columns int
	// Slip as it is printed.
	Slip []*cabinetv1.SlipLine
	// Tags of the document.
	Tags []*cabinetv1.Tag
	// Stored is when the cabinet got the document; the file is dated by it, so that the same document is the same file.
	Stored time.Time
}

// Names of the fonts inside a file.
const (
	paperFont = "GoMono" // slip
	tableFont = "Go"
)

// PDF draws a sheet.
func PDF(s Sheet) ([]byte, error) {
	f := gofpdf.NewCustom(&gofpdf.InitType{OrientationStr: "P", UnitStr: "mm", Size: gofpdf.SizeType{Wd: paperWidth, Ht: paperWidth}})
	f.SetCreationDate(s.Stored.UTC())
	f.SetModificationDate(s.Stored.UTC())
	f.SetCatalogSort(true)
	f.SetTitle(s.Title, true)
	f.SetCreator("Chekan", true)
	f.SetAutoPageBreak(false, 0)
	f.SetMargins(0, 0, 0)
	f.SetCellMargin(0)
	f.AddUTF8FontFromBytes(paperFont, "", gomono.TTF)
	f.AddUTF8FontFromBytes(paperFont, "B", gomonobold.TTF)
	f.AddUTF8FontFromBytes(tableFont, "", goregular.TTF)
	f.AddUTF8FontFromBytes(tableFont, "B", gobold.TTF)
	if len(s.Slip) > 0 {
		if err := drawSlip(f, s.Slip, s.Columns); err != nil {
			return nil, fmt.Errorf("draw slip: %w", err)
		}
	}
	if len(s.Tags) > 0 {
		drawTags(f, s.Title, s.Tags)
	}
	var out bytes.Buffer
	if err := f.Output(&out); err != nil {
		return nil, fmt.Errorf("write file: %w", err)
	}
	return out.Bytes(), nil
}

// letters are those the fonts have; all four have the same.
var letters = sync.OnceValues(func() (*sfnt.Font, error) { return sfnt.Parse(goregular.TTF) })

// drawable is a text in the letters the fonts have: a missing one is a box, an end of line or a control character a space.
func drawable(text string) string {
	font, err := letters()
	var buf sfnt.Buffer
	var out bytes.Buffer
	for _, r := range text {
		switch {
		case r < ' ' || r == 0x7f:
			r = ' '
		case err == nil && r > 0x7e:
			if glyph, err := font.GlyphIndex(&buf, r); err != nil || glyph == 0 {
				r = '□'
			}
		}
		out.WriteRune(r)
	}
	return out.String()
}
