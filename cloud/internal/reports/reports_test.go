package reports

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/protocol/ffd"
)

// run runs a program of Debian on a file, and gives what it says. The programs come with `make deps`.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var out, trouble bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &trouble
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, trouble.String())
	}
	return out.String()
}

func file(t *testing.T, s Sheet) string {
	t.Helper()
	pdf, err := PDF(s)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "document.pdf")
	if err := os.WriteFile(name, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const qrText = "t=20260304T0506&s=1234567.89&fn=9999078900001234&i=12345&fp=4294967295&n=1"

func receipt(items int) Sheet {
	s := Sheet{Title: "Кассовый чек, ФД 12345", Columns: 42, Stored: time.UnixMilli(1772600000000)}
	line := func(left, right string) { s.Slip = append(s.Slip, &cabinetv1.SlipLine{Left: left, Right: right}) }
	s.Slip = append(s.Slip,
		&cabinetv1.SlipLine{Left: "ООО «Ромашка»", Centred: true}, &cabinetv1.SlipLine{Left: "КАССОВЫЙ ЧЕК", Centred: true, Bold: true},
		&cabinetv1.SlipLine{Rule: true})
	for i := range items {
		line(fmt.Sprintf("%d. Молоко «Луговое» 3,2 %% %d мл", i+1, 900+i), "")
		line(fmt.Sprintf("%d.%03d x %d.99", i, i, 100+i), fmt.Sprintf("=%d.%02d", 1000+i, i%100))
	}
	s.Slip = append(s.Slip, &cabinetv1.SlipLine{Left: "ИТОГ", Right: "=1234567.89", Bold: true, Large: true})
	line("БЕЗНАЛИЧНЫМИ", "=1234567.89")
	line("N ФД: 12345", "ФП: 4294967295")
	line(strings.Repeat("длинное", 9), "=77.77")
	s.Slip = append(s.Slip, &cabinetv1.SlipLine{Qr: qrText, Centred: true})
	s.Tags = []*cabinetv1.Tag{
		{Number: 1012, Name: "дата, время", Value: "04.03.2026 05:06"},
		{Number: 1059, Name: "предмет расчёта", Tags: []*cabinetv1.Tag{
			{Number: 1030, Name: "наименование предмета расчёта", Value: strings.Repeat("Очень длинное название ", 12) + "конец"},
			{Number: 1079, Name: "цена за единицу предмета расчёта с учётом скидок и наценок", Value: "88,11"},
		}},
		{Number: 1077, Name: "фискальный признак документа", Value: "4294967295"},
		{Number: 65000, Value: strings.Repeat("A1B2", 3000) + "FFEE99"},
	}
	return s
}

var figure = regexp.MustCompile(`\d[\d.,]*`)

// TestPDF_figures: every figure and every word of the slip, and every value of the table, is text of the file.
func TestPDF_figures(t *testing.T) {
	for _, items := range []int{0, 3, 900} {
		t.Run(fmt.Sprint(items, " items"), func(t *testing.T) {
			s := receipt(items)
			text := run(t, "pdftotext", "-layout", file(t, s), "-")
			squeezed := strings.Join(strings.Fields(text), "")
			for _, l := range s.Slip {
				for _, part := range []string{l.GetLeft(), l.GetRight()} {
					for _, want := range append(strings.Fields(part), figure.FindAllString(part, -1)...) {
						if !strings.Contains(text, want) {
							t.Errorf("%q of %q is not in the file", want, part)
						}
					}
				}
			}
			var tags func(list []*cabinetv1.Tag)
			tags = func(list []*cabinetv1.Tag) {
				for _, tag := range list {
					for _, want := range []string{fmt.Sprint(tag.GetNumber()), tag.GetName(), tag.GetValue()} {
						short := strings.Join(strings.Fields(want), "")
						if n := len(short); n > 10000 { // goes over pages: their heads are between
							short = short[n-6:]
						}
						// A name and a value broken into lines stand beside each other: each is looked for by its words.
						if !strings.Contains(squeezed, short) {
							for _, word := range strings.Fields(want) {
								if !strings.Contains(text, word) {
									t.Errorf("tag %d: %q is not in the file", tag.GetNumber(), word)
								}
							}
						}
					}
					tags(tag.GetTags())
				}
			}
			tags(s.Tags)
		})
	}
}

// TestPDF_qr: an independent reader reads the code off the picture of the page.
func TestPDF_qr(t *testing.T) {
	name := file(t, receipt(2))
	picture := filepath.Join(t.TempDir(), "page")
	run(t, "pdftoppm", "-png", "-r", "150", "-f", "1", "-l", "1", "-singlefile", name, picture)
	if got := strings.TrimSpace(run(t, "zbarimg", "--quiet", "--raw", picture+".png")); got != qrText {
		t.Errorf("read %q, want %q", got, qrText)
	}
}

// TestPDF_pages: the slip has paper of its own width and length, and the tags follow on A4.
func TestPDF_pages(t *testing.T) {
	size := regexp.MustCompile(`Page +(\d+) size: +([\d.]+) x ([\d.]+) pts`)
	pages := func(s Sheet) (list [][2]string) {
		for _, m := range size.FindAllStringSubmatch(run(t, "pdfinfo", "-l", "99", file(t, s)), -1) {
			list = append(list, [2]string{m[2], m[3]})
		}
		return list
	}
	short, long := pages(receipt(1)), pages(receipt(900))
	if short[0][0] != "226.772" && short[0][0] != "226.77" {
		t.Errorf("the paper is %s points wide, not 80 mm", short[0][0])
	}
	if short[len(short)-1] != [2]string{"595.276", "841.89"} && short[len(short)-1] != [2]string{"595.28", "841.89"} {
		t.Errorf("the tags are on %v, not on A4", short[len(short)-1])
	}
	if len(long) <= len(short) {
		t.Errorf("a slip of 900 items has %d pages, as a short one: viewers cut a page over 200 inches", len(long))
	}
	for i, p := range long {
		var height float64
		if _, err := fmt.Sscan(p[1], &height); err != nil || height > 14400 {
			t.Errorf("page %d is %s points high", i+1, p[1])
		}
	}
}

// TestPDF_same: the same document looks the same whenever it is asked for. Its
// bytes may differ: the library numbers the parts of letters such as й in the
// order of a map.
func TestPDF_same(t *testing.T) {
	looks := func() (text, picture string) {
		path := file(t, receipt(5))
		return run(t, "pdftotext", "-layout", path, "-"), run(t, "pdftoppm", "-r", "100", path)
	}
	text, picture := looks()
	for range 3 {
		againText, againPicture := looks()
		if againText != text || againPicture != picture {
			t.Fatal("the same document looks different the second time")
		}
	}
	if len(picture) < 100_000 {
		t.Errorf("a picture of %d bytes", len(picture))
	}
}

// TestPDF_odd: whatever stands in a document, there is a file.
func TestPDF_odd(t *testing.T) {
	odd := "a\x00b\nc\td\u2028 Қ ₽ 🙂 \xff\xfe " + string(rune(0xFFFF)) + string(rune(0x10000))
	for name, s := range map[string]Sheet{
		"nothing":       {},
		"odd letters":   {Title: odd, Slip: []*cabinetv1.SlipLine{{Left: odd, Right: odd}, {Left: odd, Large: true, Bold: true}, {}}, Tags: []*cabinetv1.Tag{{Name: odd, Value: odd}}},
		"only tags":     {Tags: []*cabinetv1.Tag{{Value: "1"}}},
		"deep":          {Tags: deep(40)},
		"a lone figure": {Slip: []*cabinetv1.SlipLine{{Right: strings.Repeat("9", 300)}}},
	} {
		t.Run(name, func(t *testing.T) {
			if pdf, err := PDF(s); err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
				t.Errorf("%d bytes, %v", len(pdf), err)
			}
		})
	}
}

func deep(n int) []*cabinetv1.Tag {
	tag := &cabinetv1.Tag{Number: uint32(n), Value: "v"}
	if n > 0 {
		tag.Tags = deep(n - 1)
	}
	return []*cabinetv1.Tag{tag}
}

// TestDrawable: the fonts have every letter a fiscal document can hold.
func TestDrawable(t *testing.T) {
	for b := 0x20; b < 0x100; b++ {
		if b == 0x7F { // no letter
			continue
		}
		if letter := ffd.DecodeText([]byte{byte(b)}); drawable(letter) != letter {
			t.Errorf("byte %02X, %q, is drawn as %q", b, letter, drawable(letter))
		}
	}
}
