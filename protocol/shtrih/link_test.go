package shtrih

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCRC16(t *testing.T) {
	if got := CRC16([]byte("123456789")); got != 0x29B1 {
		t.Errorf("check value %04X, want 29B1", got)
	}
}

func TestFrameReader(t *testing.T) {
	var r FrameReader
	feed := func(b ...byte) []FrameEvent {
		var events []FrameEvent
		for _, c := range b {
			events = append(events, r.Feed(c))
		}
		return events
	}
	for _, tt := range []struct {
		name  string
		bytes []byte
		want  []FrameEvent
		msg   []byte
	}{
		{"control bytes", []byte{ENQ, ACK, NAK, 0xFF}, []FrameEvent{FrameENQ, FrameACK, FrameNAK, FrameIgnore}, nil},
		{"zeros before a frame", []byte{0, STX, 1, 0xFC, 0xFD}, []FrameEvent{FrameIgnore, FrameMore, FrameMore, FrameMore, FrameDone}, []byte{0xFC}},
		{
			"control bytes are data inside",
			[]byte{STX, 3, ENQ, ACK, STX, 3 ^ ENQ ^ ACK ^ STX},
			[]FrameEvent{FrameMore, FrameMore, FrameMore, FrameMore, FrameMore, FrameDone},
			[]byte{ENQ, ACK, STX},
		},
		{"wrong LRC", []byte{STX, 1, 0xFC, 0xFC, ENQ}, []FrameEvent{FrameMore, FrameMore, FrameMore, FrameBad, FrameENQ}, nil},
		{"zero length", []byte{STX, 0, ACK}, []FrameEvent{FrameMore, FrameBad, FrameACK}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, feed(tt.bytes...)); diff != "" {
				t.Errorf("events (-want +got)\n%s", diff)
			}
			if !bytes.Equal(r.Message(), tt.msg) && tt.msg != nil {
				t.Errorf("message % X, want % X", r.Message(), tt.msg)
			}
			if r.Inside() {
				t.Error("still inside a frame")
			}
		})
	}

	t.Run("reset", func(t *testing.T) {
		feed(STX, 5, 1, 2)
		if !r.Inside() {
			t.Error("not inside a frame")
		}
		r.Reset()
		if e := r.Feed(ENQ); e != FrameENQ {
			t.Errorf("after reset: %v", e)
		}
	})

	t.Run("messages are kept", func(t *testing.T) {
		feed(EncodeFrame([]byte("one"))...)
		first := r.Message()
		feed(EncodeFrame([]byte("two"))...)
		if string(first) != "one" || string(r.Message()) != "two" {
			t.Errorf("%q, %q", first, r.Message())
		}
	})
}

func TestDecodeFrame_refuses(t *testing.T) {
	whole := EncodeFrame([]byte{0x10, 30, 0, 0, 0})
	for n := range whole {
		if _, _, err := DecodeFrame(whole[:n]); !errors.Is(err, ErrIncomplete) {
			t.Errorf("%d bytes: %v", n, err)
		}
		damaged := bytes.Clone(whole)
		damaged[n] ^= 0x40
		if msg, _, err := DecodeFrame(damaged); err == nil {
			t.Errorf("byte %d damaged: took % X", n, msg)
		}
	}
}

func TestPacketReader(t *testing.T) {
	good := EncodePacket(7, []byte{0x10, 0x8F, 0x9F, 0x81})
	damage := func(i int) []byte {
		b := bytes.Clone(good)
		b[i] ^= 0x10
		return b
	}
	for _, tt := range []struct {
		name   string
		before []byte
		bad    int // packets dropped
	}{
		{"nothing before", nil, 0},
		{"junk before", []byte{0, 1, 2, 0x9F}, 0},
		{"a packet of wrong CRC", damage(len(good) - 1), 1},
		{"a wrong byte after ESC", []byte{PacketSTX, packetESC, 0x82}, 1},
		{"a length of 1", []byte{PacketSTX, 1, 0}, 1},
		{"a beginning", good[:5], 1},
		{"a beginning with ESC", []byte{PacketSTX, packetESC}, 1},
		{"a length too great", []byte{PacketSTX, 0xFF, 0x70, 1, 2, 3}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r PacketReader
			bad, done := 0, 0
			for _, b := range append(bytes.Clone(tt.before), good...) {
				event := r.Feed(b)
				if event == PacketBad {
					bad++
				}
				if event == PacketDone {
					done++
				}
			}
			if bad != tt.bad || done != 1 || r.Inside() {
				t.Errorf("%d bad, %d done, inside %v; want %d bad", bad, done, r.Inside(), tt.bad)
			}
			if diff := cmp.Diff(Packet{Number: 7, Data: []byte{0x10, 0x8F, 0x9F, 0x81}}, r.Packet()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestEncodePacket_stuffing(t *testing.T) {
	wire := EncodePacket(0x9F8F, []byte{0x8F, 0x9F})
	if bytes.Contains(wire[1:], []byte{PacketSTX}) {
		t.Errorf("STX inside % X", wire)
	}
	want := []byte{0x8F, 4, 0, 0x9F, 0x81, 0x9F, 0x83, 0x9F, 0x81, 0x9F, 0x83}
	if !bytes.HasPrefix(wire, want) {
		t.Errorf("got % X, want % X …", wire, want)
	}
}

func TestDetectLink(t *testing.T) {
	for b, want := range map[byte]Link{ENQ: LinkStandard, STX: LinkStandard, PacketSTX: LinkAlternative, 0: LinkUnknown, ACK: LinkUnknown} {
		if got := DetectLink(b); got != want {
			t.Errorf("%02X: %d, want %d", b, got, want)
		}
	}
}
