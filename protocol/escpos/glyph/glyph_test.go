package glyph_test

import (
	"testing"

	"github.com/chekan-io/chekan/protocol/escpos/glyph"
)

// Every letter a slip may have is drawn, is not empty, and is read back.
func TestOf(t *testing.T) {
	for _, r := range "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдеёжзийклмнопрстуфхцчшщъыьэюя0123456789=.,:;-+×№«»%/()[]ABCXYZabcxyz@?" {
		g, ok := glyph.Of(r)
		if !ok || *g == (glyph.Glyph{}) {
			t.Errorf("%c is not drawn", r)
			continue
		}
		back, ok := glyph.Read(g)
		same, _ := glyph.Of(back)
		if !ok || *same != *g {
			t.Errorf("%c is read as %c", r, back)
		}
		bold := g.Bold()
		if _, ok := glyph.Read(&bold); !ok {
			t.Errorf("bold %c is not read", r)
		}
		if r >= 'А' && r <= 'я' && back != r {
			t.Errorf("%c is read as %c", r, back)
		}
	}
	if space, ok := glyph.Of(' '); !ok || *space != (glyph.Glyph{}) {
		t.Error("a space is not white")
	}
	if _, ok := glyph.Of('日'); ok {
		t.Error("the font has a letter it cannot have")
	}
	if _, ok := glyph.Read(&glyph.Glyph{1, 2, 3}); ok {
		t.Error("dots that are no letter are read")
	}
}
