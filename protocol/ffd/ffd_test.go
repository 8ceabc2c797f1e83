package ffd

import (
	"encoding/hex"
	"testing"
)

func TestParse_roundTrip(t *testing.T) {
	b, err := hex.DecodeString("fc03" + "0300" + "e92d06")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse(b)
	if err != nil || len(f) != 1 || f[0].Sum() != 404969 || string(Append(nil, f...)) != string(b) {
		t.Errorf("%v %v", f, err)
	}
}
