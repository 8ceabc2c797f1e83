package documents

import (
	"bytes"
	"context"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/reports"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// golden gives the published example documents of every form and version.
func golden(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("../../../protocol/ffd/testdata/documents/*.bin")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d example documents: %v", len(files), err)
	}
	all := map[string][]byte{}
	for _, name := range files {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(name), ".bin")] = body
	}
	return all
}

func program(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		t.Fatalf("%s (make deps installs it): %v", name, err)
	}
	return string(out)
}

var figure = regexp.MustCompile(`\d+(?:[.,:]\d+)*`)

// TestSheet_golden: every form and version has a slip and named tags, and its file holds every figure of both.
func TestSheet_golden(t *testing.T) {
	dir := t.TempDir()
	for name, body := range golden(t) {
		t.Run(name, func(t *testing.T) {
			doc, err := ffd.ParseDocument(body)
			if err != nil {
				t.Fatal(err)
			}
			fact := doc.Fact()
			sheet := Copy{Body: body}.Sheet(Document{Document: &fiscalv1.Document{Type: uint32(doc.Type)}})
			if sheet.Damaged || len(sheet.Slip) < 5 || len(sheet.Tags) != len(doc.Fields) {
				t.Fatalf("damaged %v, %d lines, %d tags of %d", sheet.Damaged, len(sheet.Slip), len(sheet.Tags), len(doc.Fields))
			}
			pdf, err := reports.PDF(reports.Sheet{Title: Title(uint32(doc.Type)), Columns: Columns, Slip: sheet.Slip, Tags: sheet.Tags})
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, name+".pdf")
			if err := os.WriteFile(file, pdf, 0o600); err != nil {
				t.Fatal(err)
			}
			text := program(t, "pdftotext", "-layout", file, "-")
			has := func(what, want string) {
				if !strings.Contains(text, want) {
					t.Errorf("%s: %q is not in the file", what, want)
				}
			}
			for _, l := range sheet.Slip {
				for _, part := range []string{l.GetLeft(), l.GetRight()} {
					for _, want := range append(figure.FindAllString(part, -1), strings.Fields(part)...) {
						has("slip", want)
					}
				}
			}
			walk(sheet.Tags, func(tag *cabinetv1.Tag) {
				if tag.GetName() == "" {
					t.Errorf("tag %d has no name", tag.GetNumber())
				}
				if tag.GetValue() == "" && len(tag.GetTags()) == 0 && len(tag.GetRaw()) > 0 {
					t.Errorf("tag %d, %s, has no value: %x", tag.GetNumber(), tag.GetName(), tag.GetRaw())
				}
				has("tags", strconv.Itoa(int(tag.GetNumber())))
				for _, want := range figure.FindAllString(tag.GetValue(), -1) {
					has(tag.GetName(), want)
				}
			})
			// What the document itself says, read by nobody of this package.
			if fact.FD != 0 {
				has("FD", strconv.FormatUint(uint64(fact.FD), 10))
			}
			if fact.FP != 0 {
				has("FP", strconv.FormatUint(uint64(fact.FP), 10))
			}
			if fact.Total != 0 {
				has("total", fact.Total.String())
			}
		})
	}
}

func walk(tags []*cabinetv1.Tag, do func(*cabinetv1.Tag)) {
	for _, tag := range tags {
		do(tag)
		walk(tag.GetTags(), do)
	}
}

// TestSheet_qr: the code of a receipt is read off the file, and it is the code of the law (order ЕД-7-20/662@, annex 1).
func TestSheet_qr(t *testing.T) {
	body := golden(t)["receipt-1.2"]
	doc, err := ffd.ParseDocument(body)
	if err != nil {
		t.Fatal(err)
	}
	sheet := Copy{Body: body}.Sheet(Document{})
	pdf, err := reports.PDF(reports.Sheet{Columns: Columns, Slip: sheet.Slip})
	if err != nil {
		t.Fatal(err)
	}
	base := filepath.Join(t.TempDir(), "receipt")
	if err := os.WriteFile(base+".pdf", pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	program(t, "pdftoppm", "-png", "-r", "150", "-singlefile", base+".pdf", base)
	got := strings.TrimSpace(program(t, "zbarimg", "--quiet", "--raw", base+".png"))
	fact := doc.Fact()
	want := "t=" + strings.NewReplacer("-", "", ":", "").Replace(fact.At.String()) + "&s=" + fact.Total.String() + "&fn=" + fact.FN +
		"&i=" + strconv.Itoa(int(fact.FD)) + "&fp=" + strconv.Itoa(int(fact.FP)) + "&n=" + strconv.Itoa(int(fact.Kind))
	if got != want {
		t.Errorf("read %q, want %q", got, want)
	}
	for _, l := range sheet.Slip { // what pages draw is the same code
		if l.GetQr() != "" && len(l.GetQrModules()) != int((l.GetQrSize()+7)/8*l.GetQrSize()) {
			t.Errorf("%d bytes of modules for a side of %d", len(l.GetQrModules()), l.GetQrSize())
		}
	}
}

func TestValue(t *testing.T) {
	at := fiscal.DateTime{Year: 2026, Month: 3, Day: 4, Hour: 5, Minute: 6}
	for _, c := range []struct {
		name, want string
		field      ffd.Field
	}{
		{"sum", "1\u00a0234\u00a0567,89", ffd.Sum(ffd.TagTotal, 123456789)},
		{"small sum", "0,05", ffd.Sum(ffd.TagTotal, 5)},
		{"empty sum is zero", "0,00", ffd.Bytes(ffd.TagTotal, nil)},
		{"whole thousands", "1\u00a0000,00", ffd.Sum(ffd.TagTotal, 100000)},
		{"sum too long", "01 02 03 04 05 06 07 08 09", ffd.Bytes(ffd.TagTotal, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9})},
		{"quantity", "0,345", ffd.Amount(ffd.TagQuantity, 345000)},
		{"moment", "04.03.2026 05:06", ffd.Time(ffd.TagTime, at)},
		{"moment with seconds", "04.03.2026 05:06:07", ffd.Time(ffd.TagTime, fiscal.DateTime{Year: 2026, Month: 3, Day: 4, Hour: 5, Minute: 6, Second: 7})},
		{"day of a correction", "04.03.2026", ffd.Time(ffd.TagCorrectionDate, fiscal.DateTime{Year: 2026, Month: 3, Day: 4})},
		{"no moment", "00 00 00 00", ffd.Bytes(ffd.TagTime, make([]byte, 4))},
		{"sign", "0476807588", ffd.Sign(476807588)},
		{"broken sign", "01 02", ffd.Bytes(ffd.TagSign, []byte{1, 2})},
		{"version", "1.2", ffd.Uint(ffd.TagFormat, 4)},
		{"version of tomorrow", "9", ffd.Uint(ffd.TagFormat, 9)},
		{"number", "12345", ffd.Uint(ffd.TagFD, 12345)},
		{"taxpayer padded by zeros", "7702203276", ffd.Text(ffd.TagINN, "007702203276")},
		{"text", "Кассир", ffd.Text(ffd.TagCashier, "Кассир  ")},
		{"code in words", "приход", ffd.Uint(ffd.TagSettlement, 1)},
		{"code of tomorrow", "77", ffd.Uint(ffd.TagSettlement, 77)},
		{"unknown tag", "DE AD", ffd.Bytes(64999, []byte{0xDE, 0xAD})},
		{"group that is none", "FF", ffd.Bytes(ffd.TagItem, []byte{0xFF})},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := tags([]ffd.Field{c.field}, ffd.V12)[0].GetValue(); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
	words := tags([]ffd.Field{ffd.Uint(ffd.TagTaxSystems, 1|4)}, ffd.V12)[0].GetValue()
	if !strings.Contains(words, "ОСН") || !strings.Contains(words, ", ") {
		t.Errorf("two tax systems read %q", words)
	}
	if yes, no := tags([]ffd.Field{ffd.Uint(1002, 1)}, ffd.V12)[0].GetValue(), tags([]ffd.Field{ffd.Uint(1002, 0)}, ffd.V12)[0].GetValue(); yes != "да" || no != "нет" {
		t.Errorf("a sign reads %q and %q", yes, no)
	}
}

func TestTitle(t *testing.T) {
	for form, want := range map[uint32]string{3: "Кассовый чек", 1: "Отчёт о регистрации", 99: "Документ, форма 99", 1020: "Документ, форма 1020", 70000: "Документ, форма 70000"} {
		if got := Title(form); got != want {
			t.Errorf("form %d is %q, want %q", form, got, want)
		}
	}
}

// TestSheet_registration: what a receipt does not carry its memory's registration does.
func TestSheet_registration(t *testing.T) {
	body := ffd.Document{Type: fiscal.DocReceipt, Fields: []ffd.Field{ffd.Uint(ffd.TagFD, 5)}}.Append(nil)
	sheet := Copy{Body: body, Registration: fiscal.Registration{User: "ООО Ромашка", Address: "Орёл"}}.Sheet(Document{})
	var all strings.Builder
	for _, l := range sheet.Slip {
		all.WriteString(l.GetLeft() + l.GetRight() + "\n")
	}
	for _, want := range []string{"ООО Ромашка", "Орёл"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("no %q on the slip:\n%s", want, all.String())
		}
	}
}

// TestSheet_bent: whatever bytes come as a copy, there is a page and a file of it.
func TestSheet_bent(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	docs := golden(t)
	for _, name := range slices.Sorted(maps.Keys(docs)) {
		for round := range 20 {
			body := bytes.Clone(docs[name])
			for range 1 + rng.IntN(6) {
				switch i := rng.IntN(len(body)); rng.IntN(3) {
				case 0:
					body[i] ^= 1 << rng.IntN(8)
				case 1:
					body[i] = byte(rng.Uint32())
				default:
					body = append(body[:i], body[min(len(body), i+1+rng.IntN(4)):]...)
				}
				if len(body) == 0 {
					body = []byte{0}
				}
			}
			if rng.IntN(2) == 0 && len(body) >= 4 { // the whole has its right length, what is inside has not
				body[2], body[3] = byte(len(body)-4), byte((len(body)-4)>>8)
			}
			sheet := Copy{Body: body}.Sheet(Document{})
			if len(sheet.Tags) == 0 && len(body) > 4 {
				t.Errorf("%s: nothing to show of %x", name, body)
			}
			if round > 0 { // a file is a hundred times the work of a page
				continue
			}
			if _, err := reports.PDF(reports.Sheet{Columns: Columns, Slip: sheet.Slip, Tags: sheet.Tags}); err != nil {
				t.Errorf("%s: %v of %x", name, err, body)
			}
		}
	}
}
