package escpos_test

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/protocol/escpos"
)

// unhex reads bytes written as in a command reference.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// parse reads bytes that arrive in pieces of n and puts text together again.
func parse(p *escpos.Parser, b []byte, n int) []escpos.Command {
	var out []escpos.Command
	for len(b) > 0 {
		k := min(n, len(b))
		p.Feed(b[:k], func(c escpos.Command) {
			if last := len(out) - 1; c.Op == escpos.OpText && last >= 0 && out[last].Op == escpos.OpText {
				out[last].Data = append(out[last].Data, c.Data...)
				out[last].Size += c.Size
				return
			}
			out = append(out, c)
		})
		b = b[k:]
	}
	return out
}

// Each command as the reference writes it is one command of its length.
func TestParser_commands(t *testing.T) {
	for _, c := range []struct {
		bytes string
		op    escpos.Op
		n     int
	}{
		{"1B 40", escpos.OpInit, 0},
		{"1B 74 11", escpos.OpCodePage, 17},
		{"1B 61 01", escpos.OpAlign, 1},
		{"1B 61 32", escpos.OpAlign, 2},
		{"1B 45 01", escpos.OpBold, 1},
		{"1B 47 01", escpos.OpBold, 1},
		{"1B 2D 02", escpos.OpUnderline, 2},
		{"1B 4D 30", escpos.OpFont, 0},
		{"1B 21 30", escpos.OpMode, 0x30},
		{"1D 21 11", escpos.OpSize, 0x11},
		{"1D 42 01", escpos.OpInverse, 1},
		{"1B 7B 01", escpos.OpUpsideDown, 1},
		{"1B 32", escpos.OpSpacing, 0},
		{"1B 33 18", escpos.OpSpacing, 24},
		{"1B 64 04", escpos.OpFeed, 4},
		{"1B 4A 18", escpos.OpFeedDots, 24},
		{"1D 56 00", escpos.OpCut, 0},
		{"1D 56 01", escpos.OpCut, 1},
		{"1D 56 41 10", escpos.OpCut, 0},
		{"1D 56 42 00", escpos.OpCut, 1},
		{"1B 69", escpos.OpCut, 1},
		{"1B 70 00 32 64", escpos.OpDrawer, 0},
		{"1D 48 02", escpos.OpIgnored, 2},
		{"1D 68 50", escpos.OpIgnored, 80},
		{"1D 77 03", escpos.OpIgnored, 3},
		{"1D 66 00", escpos.OpIgnored, 0},
		{"1D 6B 02 34 36 30 30 00", escpos.OpBarcode, 2},
		{"1D 6B 49 04 7B 42 31 32", escpos.OpBarcode, 73},
		{"1D 28 6B 04 00 31 41 32 00", escpos.OpQRModel, '2'},
		{"1D 28 6B 03 00 31 43 06", escpos.OpQRSize, 6},
		{"1D 28 6B 03 00 31 45 31", escpos.OpQRLevel, '1'},
		{"1D 28 6B 05 00 31 50 30 41 42", escpos.OpQRStore, 0},
		{"1D 28 6B 03 00 31 51 30", escpos.OpQRPrint, '0'},
		{"1D 76 30 00 02 00 03 00 01 02 03 04 05 06", escpos.OpRaster, 0},
		{"1B 2A 21 02 00 01 02 03 04 05 06", escpos.OpColumns, 33},
		{"10 04 01", escpos.OpRealTime, 1},
		{"10 05 01", escpos.OpEnquiry, 1},
		{"10 14 01 00 01", escpos.OpRealTimeAct, 1},
		{"1D 72 01", escpos.OpStatus, 1},
		{"1D 61 FF", escpos.OpAutoStatus, 255},
		{"1D 49 43", escpos.OpIdentify, 67},
		{"1C 2E", escpos.OpIgnored, 0},
		{"1C 53 00 00", escpos.OpIgnored, 0},
		{"1C 28 41 02 00 30 00", escpos.OpIgnored, 'A'},
		{"1B 20 00", escpos.OpIgnored, 0},
		{"1B 44 08 10 00", escpos.OpIgnored, 8},
		{"0A", escpos.OpLineFeed, 0},
		{"0D", escpos.OpReturn, 0},
		{"09", escpos.OpTab, 0},
		{"00 00 00", escpos.OpIgnored, 0},
	} {
		b := append(unhex(t, c.bytes), 'Z') // what follows must not be swallowed
		got := parse(new(escpos.Parser), b, len(b))
		if len(got) != 2 || got[0].Op != c.op || got[0].N != c.n || got[0].Size != len(b)-1 || string(got[1].Data) != "Z" {
			t.Errorf("%s: %+v", c.bytes, got)
		}
	}
}

// What encoders of others begin, end and fill their slips with.
func TestParser_foreign(t *testing.T) {
	cyrillic := escpos.CP866.Encode(nil, "Чек")
	for name, c := range map[string]struct {
		bytes []byte
		want  []escpos.Op
	}{
		"a prologue before every line": {
			append(unhex(t, "1D 61 00 1B 4D 30 1C 28 41 02 00 30 00 1B 20 00 1C 53 00 00 1B 33 00 1B 7B 00 1C 2E 1B 74 01 C4 C4 1B 74 11"), cyrillic...),
			[]escpos.Op{
				escpos.OpAutoStatus, escpos.OpFont, escpos.OpIgnored, escpos.OpIgnored, escpos.OpIgnored, escpos.OpSpacing, escpos.OpUpsideDown, escpos.OpIgnored,
				escpos.OpCodePage, escpos.OpText, escpos.OpCodePage, escpos.OpText,
			},
		},
		"lines ended by LF CR, Kanji left at the beginning": {
			append(append(unhex(t, "1B 40 1C 2E 1B 74 11"), cyrillic...), unhex(t, "0A 0D 0A 0D")...),
			[]escpos.Op{escpos.OpInit, escpos.OpIgnored, escpos.OpCodePage, escpos.OpText, escpos.OpLineFeed, escpos.OpReturn, escpos.OpLineFeed, escpos.OpReturn},
		},
		"four lines fed before the knife": {
			unhex(t, "41 0A 1B 64 04 1D 56 00"),
			[]escpos.Op{escpos.OpText, escpos.OpLineFeed, escpos.OpFeed, escpos.OpCut},
		},
	} {
		for n := 1; n <= len(c.bytes); n++ {
			var got []escpos.Op
			for _, cmd := range parse(new(escpos.Parser), c.bytes, n) {
				got = append(got, cmd.Op)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Fatalf("%s, in pieces of %d:\n%s", name, n, diff)
			}
		}
	}
}

// A status request inside an image is data; printers of Epson answer it all the same.
func TestParser_realTimeInData(t *testing.T) {
	image := unhex(t, "1D 76 30 00 04 00 01 00 10 04 01 00 10 04 04")
	for n := 1; n <= len(image); n++ {
		for _, c := range []struct {
			everywhere bool
			asked      string // which requests are heard
		}{{false, "4"}, {true, "14"}} {
			asked, data, images := "", []byte(nil), 0
			for _, cmd := range parse(&escpos.Parser{RealTimeInData: c.everywhere}, image, n) {
				switch cmd.Op {
				case escpos.OpRealTime:
					asked += strconv.Itoa(cmd.N)
				case escpos.OpRaster:
					images++
					data = cmd.Data
				default:
					t.Errorf("pieces of %d: command %d", n, cmd.Op)
				}
			}
			if asked != c.asked || images != 1 || !bytes.Equal(data, unhex(t, "10 04 01 00")) {
				t.Errorf("pieces of %d: heard %q, %d images of % X", n, asked, images, data)
			}
		}
	}
}

// A command longer than any paper is skipped by its length.
func TestParser_tooLong(t *testing.T) {
	b := append(unhex(t, "1D 76 30 00 FF FF FF 7F"), make([]byte, 1<<16)...)
	p := new(escpos.Parser)
	if got := parse(p, b, 4096); len(got) != 1 || got[0].Op != escpos.OpIgnored || !p.Middle() {
		t.Errorf("%d commands, middle %v", len(got), p.Middle())
	}
	p.Reset()
	if got := parse(p, []byte("A\n"), 1); len(got) != 2 || p.Middle() {
		t.Errorf("after a reset: %+v", got)
	}
}

// However bytes are split, they mean the same, and none is lost.
func FuzzParser(f *testing.F) {
	f.Add(unhex(f, "1B 40 41 42 0A 1D 56 00"), 1)
	f.Add(unhex(f, "1D 28 6B 05 00 31 50 30 41 42 10 04 01"), 3)
	f.Add(unhex(f, "1D 6B 02 34 36 00 1B 44 01 02 00 1B 26 03 41 42 01 01 02 03 01 04 05 06"), 2)
	f.Add(unhex(f, "1C 71 01 01 00 01 00 01 02 03 04 05 06 07 08 1D 43 3B 31 3B 32 3B 33 3B 34 3B 35 3B"), 5)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		if n < 1 || n > len(b) {
			n = 1
		}
		whole, pieces := new(escpos.Parser), new(escpos.Parser)
		all, split := parse(whole, b, max(len(b), 1)), parse(pieces, b, n)
		size := 0
		for _, c := range all {
			size += c.Size
		}
		if size > len(b) && !whole.Middle() || size < len(b) && !whole.Middle() {
			t.Fatalf("%d bytes of %d", size, len(b))
		}
		// Runs of NULs are one command or several.
		drop := func(in []escpos.Command) (out []escpos.Command) {
			for _, c := range in {
				if c.Op != escpos.OpIgnored {
					out = append(out, c)
				}
			}
			return out
		}
		if diff := cmp.Diff(drop(all), drop(split)); diff != "" {
			t.Fatalf("in pieces of %d:\n%s", n, diff)
		}
	})
}
