package slip_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/slip"
)

var update = flag.Bool("update", false, "write the golden slips anew")

// widths are the papers of the golden slips.
var widths = []int{slip.Columns32, slip.Columns42, slip.Columns48}

// registration is what the documents do not carry themselves.
var registration = fiscal.Registration{
	INN: "7702203276", RNM: "0000000005008570", Serial: "000000000002", User: "ООО «Ромашка»", Address: "101000, г. Москва, ул. Мясницкая, д. 1",
	Place: "Магазин «У дома»", FFD: "1.2", TaxSystems: fiscal.TaxOSN,
}

// documents gives every document of package ffd's tests: each form in each version.
func documents(t testing.TB) map[string]ffd.Document {
	t.Helper()
	files, err := filepath.Glob("../ffd/testdata/documents/*.bin")
	if err != nil || len(files) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	out := map[string]ffd.Document{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d, err := ffd.ParseDocument(b)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out[strings.TrimSuffix(filepath.Base(file), ".bin")] = d
	}
	return out
}

// Every form in every version of the format, on every paper.
func TestLayout_golden(t *testing.T) {
	for name, d := range documents(t) {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			for _, columns := range widths {
				fmt.Fprintf(&b, "== %d\n%s", columns, slip.Layout(d, slip.Options{Columns: columns, Registration: registration}).Text(columns))
			}
			file := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), b.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// No line is wider than the paper, no figure is cut, and breaking twice is breaking once.
func TestLayout_fits(t *testing.T) {
	for name, d := range documents(t) {
		whole := slip.Layout(d, slip.Options{Registration: registration})
		for _, columns := range widths {
			fitted := slip.Layout(d, slip.Options{Columns: columns, Registration: registration})
			if diff := cmp.Diff(fitted, fitted.Fit(columns)); diff != "" {
				t.Errorf("%s at %d, fitted twice:\n%s", name, columns, diff)
			}
			if diff := cmp.Diff(fitted, whole.Fit(columns)); diff != "" {
				t.Errorf("%s at %d, fitted later:\n%s", name, columns, diff)
			}
			rights := map[string]bool{}
			for _, l := range fitted.Lines {
				width := columns
				if l.Large {
					width = columns / 2
				}
				if n := utf8.RuneCountInString(l.Pad(width)); n > width {
					t.Errorf("%s at %d: %d characters: %+v", name, columns, n, l)
				}
				rights[l.Right] = true
			}
			for _, l := range whole.Lines {
				if strings.HasPrefix(l.Right, "=") && !rights[l.Right] {
					t.Errorf("%s at %d: the figure %s is cut", name, columns, l.Right)
				}
			}
		}
	}
}
