package ffd

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

func seed(f *testing.F, ext string) {
	f.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", "documents", "*"+ext))
	if err != nil || len(names) == 0 {
		f.Fatalf("no documents: %v", err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
}

// FuzzParse: what can be taken apart goes together to the same bytes, whatever
// is in it, and everything that looks at it survives.
func FuzzParse(f *testing.F) {
	seed(f, ".bin")
	f.Fuzz(func(t *testing.T, b []byte) {
		fields, err := Parse(b)
		if err != nil {
			return
		}
		if again := Append(nil, fields...); !bytes.Equal(again, b) {
			t.Fatalf("%x became %x", b, again)
		}
		size := 0
		for _, g := range fields {
			size += g.Size()
			_, _, _, _, _ = g.Uint(), g.Amount(), g.Text(), g.Time(), g.INN()
		}
		if size != len(b) {
			t.Fatalf("size %d of %d bytes", size, len(b))
		}
	})
}

// FuzzDocument: bytes, fields and JSON of a document lead to each other, and
// the validator has an opinion on anything.
func FuzzDocument(f *testing.F) {
	seed(f, ".bin")
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ParseDocument(b)
		if err != nil {
			return
		}
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var again Document
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(b, again.Append(nil)); diff != "" {
			t.Fatalf("%s\n%s", text, diff)
		}
		_, _ = d.Check(), d.CheckGiven()
		_ = d.CheckAgainst(fiscal.Registration{FFD: "1.2"})
		_ = d.Fact()
		_, _ = d.Registration()
		_, _ = d.Receipt()
		_, _ = d.Ticket()
		var totals Totals
		totals.Add(d)
	})
}

// FuzzJSON: JSON from outside is refused or becomes a document that is written
// and read like any other.
func FuzzJSON(f *testing.F) {
	seed(f, ".json")
	f.Fuzz(func(t *testing.T, b []byte) {
		var d Document
		if json.Unmarshal(b, &d) != nil {
			return
		}
		_ = d.Check()
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var again Document
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(d.Append(nil), again.Append(nil)); diff != "" {
			t.Fatalf("%s\n%s", text, diff)
		}
	})
}
