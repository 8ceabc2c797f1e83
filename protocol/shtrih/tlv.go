package shtrih

import (
	"bytes"
	"fmt"
)

// TLV is one tag of the fiscal data format as the fiscal memory has it: tag
// and length of two bytes each, least significant first, then the value. The
// value of a structure is again a row of tags.
type TLV struct {
	Tag   uint16
	Value []byte
}

// StringTLV is a tag of text, in CP866. What the page lacks is replaced as
// [CodePage.Fit] does.
func StringTLV(tag uint16, s string) TLV {
	b, _ := CP866.Encode(CP866.Fit(s)) // fitted text always encodes
	return TLV{Tag: tag, Value: b}
}

// UintTLV is a tag of a number in a fixed width (FFD: byte, uint16, uint32,
// unixtime).
func UintTLV(tag uint16, v uint64, width int) TLV {
	b := make([]byte, width)
	for i := range b {
		b[i] = byte(v)
		v >>= 8
	}
	return TLV{Tag: tag, Value: b}
}

// VLNTLV is a tag of a number in as few bytes as it takes (FFD: VLN, sums).
func VLNTLV(tag uint16, v uint64) TLV {
	b := []byte{byte(v)}
	for v >>= 8; v > 0; v >>= 8 {
		b = append(b, byte(v))
	}
	return TLV{Tag: tag, Value: b}
}

// Text is the value as text.
func (t TLV) Text() string { return CP866.Decode(t.Value) }

// Uint is the value as a number.
func (t TLV) Uint() uint64 { return littleEndian(t.Value) }

// AppendTLV adds tags to b.
func AppendTLV(b []byte, tags ...TLV) ([]byte, error) {
	for _, t := range tags {
		n := len(t.Value)
		if n > 0xFFFF {
			return nil, fmt.Errorf("encode tag %d: %w: %d bytes", t.Tag, ErrValue, n)
		}
		b = append(b, byte(t.Tag), byte(t.Tag>>8), byte(n), byte(n>>8))
		b = append(b, t.Value...)
	}
	return b, nil
}

// DecodeTLV takes a row of tags apart.
func DecodeTLV(b []byte) ([]TLV, error) {
	var tags []TLV
	for len(b) > 0 {
		if len(b) < 4 {
			return nil, fmt.Errorf("decode tags: %w: %d bytes after tag %d of the row", ErrMalformed, len(b), len(tags))
		}
		t := TLV{Tag: uint16(b[0]) | uint16(b[1])<<8}
		n := int(b[2]) | int(b[3])<<8
		b = b[4:]
		if len(b) < n {
			return nil, fmt.Errorf("decode tag %d: %w: %d bytes of %d", t.Tag, ErrMalformed, len(b), n)
		}
		if n > 0 {
			t.Value = bytes.Clone(b[:n])
		}
		tags = append(tags, t)
		b = b[n:]
	}
	return tags, nil
}
