package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzParse: no file, however spoilt, ends the agent; what is read once is
// read the same again.
func FuzzParse(f *testing.F) {
	f.Add(Example)
	f.Add("")
	f.Add("listen = 5\n[[till]]\nname = 'a'\n")
	f.Add("[[till]]\nname = \"a\"\nwire = \"tcp://[::1]:0\"\nlink = \"numbered\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(text)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		again, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c, again); d != "" {
			t.Error(d)
		}
	})
}
