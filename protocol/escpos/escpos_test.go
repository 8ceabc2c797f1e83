package escpos_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/protocol/escpos"
	"github.com/chekan-io/chekan/protocol/escpos/glyph"
	"github.com/chekan-io/chekan/protocol/slip"
)

// Bytes as the command references and public encoders have them.
func TestEncoder(t *testing.T) {
	for _, c := range []struct {
		write func(e *escpos.Encoder)
		want  string
	}{
		{func(e *escpos.Encoder) { e.Init().CodePage(17) }, "1B 40 1B 74 11"},
		{func(e *escpos.Encoder) { e.NoKanji().Align(escpos.Centre).Bold(true).Underline(1).Font(0) }, "1C 2E 1B 61 01 1B 45 01 1B 2D 01 1B 4D 00"},
		{func(e *escpos.Encoder) { e.Size(2, 2).Size(1, 1).Spacing(24).Spacing(0) }, "1D 21 11 1D 21 00 1B 33 18 1B 32"},
		{func(e *escpos.Encoder) { e.Text([]byte("A")).NewLine().Feed(4).Cut(true).Cut(false) }, "41 0A 1B 64 04 1D 56 42 00 1D 56 41 00"},
		{func(e *escpos.Encoder) { e.Drawer(0, 50, 100) }, "1B 70 00 32 64"},
		{
			func(e *escpos.Encoder) { e.QR("AB", 6, escpos.LevelM) },
			"1D 28 6B 04 00 31 41 32 00 1D 28 6B 03 00 31 43 06 1D 28 6B 03 00 31 45 31 1D 28 6B 05 00 31 50 30 41 42 1D 28 6B 03 00 31 51 30",
		},
		{func(e *escpos.Encoder) {
			e.RealTimeStatus(4).Recover(escpos.Resume).AskPaper().AutoStatus(255).Identify(67)
		}, "10 04 04 10 05 01 1D 72 01 1D 61 FF 1D 49 43"},
		{func(e *escpos.Encoder) { e.Raster(escpos.Bitmap{Width: 16, Height: 2, Bits: []byte{1, 2, 3, 4}}) }, "1D 76 30 00 02 00 02 00 01 02 03 04"},
		// A real-time command that an image contains by chance loses one dot.
		{func(e *escpos.Encoder) {
			e.Raster(escpos.Bitmap{Width: 32, Height: 1, Bits: []byte{0x10, 0x04, 0x01, 0x10}})
		}, "1D 76 30 00 04 00 01 00 10 0C 01 10"},
	} {
		var e escpos.Encoder
		c.write(&e)
		if want := unhex(t, c.want); !bytes.Equal(e.Bytes(), want) {
			t.Errorf("% X, want % X", e.Bytes(), want)
		}
	}
}

// Answers as they were seen: 12h all is well, 16h drawer, 1Eh near end, 72h and 7Eh no paper.
func TestStatus(t *testing.T) {
	for _, c := range []struct {
		n, b byte
		want escpos.Status
	}{
		{1, 0x12, escpos.Status{}},
		{1, 0x16, escpos.Status{DrawerPin: true}},
		{1, 0x1A, escpos.Status{Offline: true}},
		{2, 0x16, escpos.Status{CoverOpen: true}},
		{2, 0x32, escpos.Status{PaperOut: true}},
		{2, 0x52, escpos.Status{Error: true}},
		{3, 0x1A, escpos.Status{Cutter: true}},
		{3, 0x32, escpos.Status{Unrecoverable: true}},
		{4, 0x12, escpos.Status{}},
		{4, 0x1E, escpos.Status{NearEnd: true}},
		{4, 0x72, escpos.Status{PaperOut: true}},
		{4, 0x7E, escpos.Status{PaperOut: true, NearEnd: true}},
	} {
		var got escpos.Status
		if err := got.TakeRealTime(c.n, c.b); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("DLE EOT %d, %02X:\n%s", c.n, c.b, diff)
		}
		if b := c.want.RealTime(c.n); b != c.b {
			t.Errorf("DLE EOT %d answers %02X, want %02X", c.n, b, c.b)
		}
	}
	var s escpos.Status
	for _, b := range []byte{0x00, 0x11, 0x13, 0x10, 0x92, 0xFF} {
		if s.TakeRealTime(1, b) == nil {
			t.Errorf("%02X is taken for an answer", b)
		}
	}
	if s.RealTime(5) != 0 || s.TakeRealTime(5, 0x12) == nil {
		t.Error("there is a DLE EOT 5")
	}
	ill := escpos.Status{Offline: true, CoverOpen: true, Error: true, Cutter: true, NearEnd: true, PaperOut: true}
	var back escpos.Status
	back.TakeAuto(ill.Auto())
	if diff := cmp.Diff(ill, back); diff != "" {
		t.Error(diff)
	}
	back = escpos.Status{}
	back.TakePaper(ill.Paper())
	if ill.Paper() != 0x0F || !back.PaperOut || !back.NearEnd || ill.Ready() {
		t.Errorf("%02X %+v", ill.Paper(), back)
	}
}

// Answers that come at once are told apart, however they are split.
func TestAnswers(t *testing.T) {
	b := unhex(t, "12 0F 13 11 14 00 0F 0F 5F 45 50 00 16 FF 00 72")
	want := []escpos.AnswerKind{
		escpos.AnswerRealTime, escpos.AnswerPaper, escpos.AnswerFlow, escpos.AnswerFlow, escpos.AnswerAuto, escpos.AnswerText,
		escpos.AnswerRealTime, escpos.AnswerOther, escpos.AnswerPaper, escpos.AnswerRealTime,
	}
	for n := 1; n <= len(b); n++ {
		var a escpos.Answers
		var got []escpos.AnswerKind
		for rest := b; len(rest) > 0; rest = rest[min(n, len(rest)):] {
			for _, x := range a.Feed(rest[:min(n, len(rest))]) {
				got = append(got, x.Kind)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("in pieces of %d:\n%s", n, diff)
		}
	}
}

// Letters that a page lacks stand for themselves as near as can be, one for one, and nothing becomes a command.
func TestCharset(t *testing.T) {
	for _, c := range []struct {
		charset  escpos.Charset
		in, want string
	}{
		{escpos.CP866, "Ёлка «№ 1» — 5 × 2 ₽…", `Ёлка "№ 1" - 5 x 2 р.`},
		{escpos.CP1251, "Ёлка «№ 1» — 5 × 2 ₽…", "Ёлка «№ 1» — 5 x 2 р…"},
		{escpos.CP866, "a\x1b@\x10\x04\x01\n\x7f日", "a @     ?"},
	} {
		got := c.charset.Decode(c.charset.Encode(nil, c.in))
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.charset, got, c.want)
		}
		if len([]rune(got)) != len([]rune(c.in)) {
			t.Errorf("%s: columns moved", c.charset)
		}
	}
}

// Whatever a slip says, it is text: a printer that finds real-time commands
// everywhere finds none, and reads what was meant.
func TestRender_noCommandInText(t *testing.T) {
	s := slip.Slip{Lines: []slip.Line{{Left: "a\x10\x04\x01b\x1b@\x1d\x56\x00", Right: "=1.00"}, {QR: "t=1"}, {Left: strings.Repeat("жук ", 40)}, {Rule: true}, {Left: "ИТОГ", Right: "=1.00", Large: true, Bold: true}}}
	for _, p := range escpos.Profiles {
		parser := escpos.Parser{RealTimeInData: true}
		cuts, lines := 0, 0
		blocks := escpos.Render(s, p)
		for _, b := range blocks {
			if len(b.Bytes) > escpos.MaxBlock {
				t.Errorf("%s: a block of %d bytes", p.Name, len(b.Bytes))
			}
			lines += b.Lines
			parser.Feed(b.Bytes, func(c escpos.Command) {
				switch {
				case c.Op.RealTime() || c.Op == escpos.OpUnknown:
					t.Errorf("%s: command %d", p.Name, c.Op)
				case c.Op == escpos.OpCut:
					cuts++
				}
			})
			if parser.Middle() {
				t.Errorf("%s: a block ends inside a command", p.Name)
			}
		}
		if want := len(s.Fit(p.Columns).Lines); lines != want {
			t.Errorf("%s: blocks end %d lines of %d", p.Name, lines, want)
		}
		if p.Cut == escpos.CutNone != (cuts == 0) {
			t.Errorf("%s: cut %d times", p.Name, cuts)
		}
	}
}

// A QR code that is too long for any code is printed as what it says.
func TestRender_longQR(t *testing.T) {
	p, _ := escpos.FindProfile("")
	var all []byte
	for _, b := range escpos.Render(slip.Slip{Lines: []slip.Line{{QR: strings.Repeat("x", 4000)}}}, p) {
		all = append(all, b.Bytes...)
	}
	if n := bytes.Count(all, []byte{'x'}); n != 4000 {
		t.Errorf("%d letters of 4000", n)
	}
}

func TestProfiles(t *testing.T) {
	names := map[string]bool{}
	for _, p := range escpos.Profiles {
		if names[p.Name] {
			t.Errorf("two profiles %q", p.Name)
		}
		names[p.Name] = true
		if p.Title == "" || p.Columns*glyph.Width > p.Dots || p.Cyrillic() == (p.CodePage == 0) {
			t.Errorf("%+v", p)
		}
		if got, ok := escpos.FindProfile(p.Name); !ok || got != p {
			t.Errorf("%s is not found", p.Name)
		}
	}
	if _, ok := escpos.FindProfile("no such"); ok {
		t.Error("found what there is not")
	}
}
