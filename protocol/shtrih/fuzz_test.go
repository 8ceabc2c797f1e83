package shtrih

import (
	"bytes"
	"testing"
)

func FuzzDecodeRequest(f *testing.F) {
	for _, v := range readVectors(f) {
		if v.toDevice && v.value != nil {
			f.Add(v.message())
		}
	}
	for code := range requests {
		f.Add(append(codeBytes(code), make([]byte, 60)...))
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		r, err := DecodeRequest(msg)
		if err != nil {
			return
		}
		again, err := EncodeRequest(r)
		if err != nil {
			t.Fatalf("% X decodes to %+v and does not encode: %v", msg, r, err)
		}
		if !bytes.Equal(again, msg) {
			t.Fatalf("%+v\n was % X\n now % X", r, msg, again)
		}
	})
}

func FuzzDecodeAnswer(f *testing.F) {
	for _, v := range readVectors(f) {
		if !v.toDevice && v.value != nil {
			f.Add(uint16(v.req), v.message())
		}
	}
	for code := range answers {
		f.Add(uint16(code), append(answerCode(code), make([]byte, 70)...))
		f.Add(uint16(code), append(answerCode(code), 0x73))
	}
	f.Fuzz(func(t *testing.T, code uint16, msg []byte) {
		var again []byte
		a, err := DecodeAnswer(Code(code), msg)
		if e, refused := AsDeviceError(err); refused {
			again = e.Encode()
		} else if err != nil {
			return
		} else if again, err = EncodeAnswer(a); err != nil {
			t.Fatalf("% X decodes to %+v and does not encode: %v", msg, a, err)
		}
		if !bytes.Equal(again, msg) {
			t.Fatalf("%+v\n was % X\n now % X", a, msg, again)
		}
	})
}

// A whole stream: whatever the reader calls a frame is, byte for byte, the
// frame its message makes.
func FuzzFrame(f *testing.F) {
	for _, v := range readVectors(f) {
		if v.link == "standard" {
			f.Add(append([]byte{ENQ, 0xFF, NAK}, v.wire...))
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		var r FrameReader
		begun := 0
		for i, b := range stream {
			inside := r.Inside()
			event := r.Feed(b)
			if !inside && r.Inside() {
				begun = i
			}
			if event != FrameDone {
				continue
			}
			wire := stream[begun : i+1]
			if again := EncodeFrame(r.Message()); !bytes.Equal(again, wire) {
				t.Fatalf("was % X\nnow % X", wire, again)
			}
			msg, n, err := DecodeFrame(stream[begun:])
			if err != nil || n != len(wire) || !bytes.Equal(msg, r.Message()) {
				t.Fatalf("DecodeFrame: % X, %d, %v", msg, n, err)
			}
		}
	})
}

// The same for the alternative link.
func FuzzPacket(f *testing.F) {
	for _, v := range readVectors(f) {
		if v.link == "alternative" {
			f.Add(append([]byte{0, packetESC}, v.wire...))
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		var r PacketReader
		begun := 0
		for i, b := range stream {
			if b == PacketSTX {
				begun = i
			}
			if r.Feed(b) != PacketDone {
				continue
			}
			wire := stream[begun : i+1]
			if again := r.Packet().Encode(); !bytes.Equal(again, wire) {
				t.Fatalf("%+v\n was % X\n now % X", r.Packet(), wire, again)
			}
		}
	})
}

func FuzzText(f *testing.F) {
	f.Add([]byte("Товар"), "Товар №1 — «чай» ₽ әғқ")
	f.Fuzz(func(t *testing.T, b []byte, s string) {
		for _, page := range []CodePage{Windows1251, CP866} {
			again, err := page.Encode(page.Decode(b))
			if err != nil || !bytes.Equal(again, b) {
				t.Fatalf("page %d: % X became % X, %v", page, b, again, err)
			}
			fit, err := page.Encode(page.Fit(s))
			if err != nil || bytes.IndexFunc(fit, func(r rune) bool { return r < ' ' }) >= 0 {
				t.Fatalf("page %d: %q does not fit: % X, %v", page, s, fit, err)
			}
			if n := len(page.Clip(s, 10)); n > 40 {
				t.Fatalf("page %d: %d bytes", page, n)
			}
		}
	})
}
