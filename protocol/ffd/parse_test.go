package ffd

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, hex string
		want      []Field
	}{
		{"nothing", "", nil},
		{"unknown tag", "0f27 0200 abcd", []Field{{Tag: 9999, Value: []byte{0xab, 0xcd}}}},
		{"wrong length is kept", "1e04 0300 010203", []Field{{Tag: TagSettlement, Value: []byte{1, 2, 3}}}},
		{"empty", "f003 0000", []Field{{Tag: TagCustomer, Value: []byte{}}}},
		{"group", "3c04 0500 3d04 0100 61", []Field{{Tag: TagUserData, Fields: []Field{{Tag: TagUserDataName, Value: []byte("a")}}}}},
		{"empty group", "3c04 0000", []Field{{Tag: TagUserData, Value: []byte{}}}},
		{"group that is none", "3c04 0300 3d0401", []Field{{Tag: TagUserData, Value: []byte{0x3d, 0x04, 0x01}}}},
		{"group within a group that is none", "6904 0700 6a04 0300 010203", []Field{{Tag: 1129, Fields: []Field{{Tag: 1130, Value: []byte{1, 2, 3}}}}}},
		// 1209 = 1: tag 1115 is the address of a site, even if it looks like a group.
		{"old meaning", "b904 0100 01 5b04 0400 5f040000", []Field{{Tag: TagFormat, Value: []byte{1}}, {Tag: 1115, Value: []byte{0x5f, 4, 0, 0}}}},
		{"new meaning", "b904 0100 02 5b04 0400 5f040000", []Field{
			{Tag: TagFormat, Value: []byte{2}}, {Tag: 1115, Fields: []Field{{Tag: 1119, Value: []byte{}}}},
		}},
		{"version behind the group", "5b04 0400 5f040000 b904 0100 01", []Field{
			{Tag: 1115, Value: []byte{0x5f, 4, 0, 0}}, {Tag: TagFormat, Value: []byte{1}},
		}},
		{"old document in an export", "e9fd 0c00 0300 0800 5b04 0400 5f040000", []Field{
			{Tag: TagExportOffline, Fields: []Field{{Tag: TagFormReceipt, Fields: []Field{{Tag: 1115, Value: []byte{0x5f, 4, 0, 0}}}}}},
		}},
	} {
		got, err := Parse(unhex(t, c.hex))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if again := Append(nil, got...); !bytes.Equal(again, unhex(t, c.hex)) {
			t.Errorf("%s: written again %x", c.name, again)
		}
	}
	for _, wrong := range []string{"00", "f40304", "f403 0400 000000", "f403 0100 00 f4"} {
		if f, err := Parse(unhex(t, wrong)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s is %v, %v", wrong, f, err)
		}
	}
}

func TestParseDocument_wrong(t *testing.T) {
	for _, wrong := range []string{"", "0300", "0300 0100", "0300 0000 00", "f403 0000", "0800 0000", "0300 0500 f403 0400 00", "e9fd 0000"} {
		if d, err := ParseDocument(unhex(t, wrong)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s is %v, %v", wrong, d, err)
		}
	}
}

// Groups nested far deeper than documents are stay closed, and cost no more
// than their length.
func TestParse_depth(t *testing.T) {
	var b []byte
	for range 5000 {
		b = Append(nil, Bytes(TagSales, b))
	}
	f, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	depth := 0
	for g := f[0]; len(g.Fields) == 1; g = g.Fields[0] {
		depth++
	}
	if depth != maxDepth {
		t.Errorf("opened %d deep, want %d", depth, maxDepth)
	}
	if !bytes.Equal(Append(nil, f...), b) {
		t.Error("the bytes changed")
	}
	if n := testing.AllocsPerRun(10, func() { _, _ = Parse(b) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}

// A value no length can name is cut, and what follows it can still be read.
func TestAppend_tooLong(t *testing.T) {
	b := Append(nil, Bytes(9999, make([]byte, 70000)), Uint(TagFD, 1))
	f, err := Parse(b)
	if err != nil || len(f) != 2 || len(f[0].Value) != maxValue || f[1].Uint() != 1 {
		t.Errorf("%v", err)
	}
}
