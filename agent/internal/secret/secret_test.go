package secret

import (
	"bytes"
	"testing"
)

func TestSeal(t *testing.T) {
	for _, plain := range [][]byte{[]byte("a key"), bytes.Repeat([]byte{0, 255}, 2000)} {
		sealed, err := Seal(plain)
		if err != nil {
			t.Fatal(err)
		}
		if Sealed == bytes.Contains(sealed, plain) {
			t.Errorf("sealed: %v, and the bytes are there to read: %v", Sealed, !Sealed)
		}
		got, err := Open(sealed)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("opened: %q, %v", got, err)
		}
		if !Sealed {
			continue
		}
		sealed[len(sealed)-5] ^= 1
		if got, err := Open(sealed); err == nil {
			t.Errorf("changed bytes were opened: %q", got)
		}
	}
}
