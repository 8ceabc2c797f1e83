package shtrih

import (
	"fmt"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Bytes of the alternative link (Shtrih protocol 1.17, protocol 2).
const (
	PacketSTX byte = 0x8F
	packetESC byte = 0x9F
	escapeSTX byte = 0x81 // stands for 8Fh after ESC
	escapeESC byte = 0x83 // stands for 9Fh after ESC
)

// MaxPacketData is the most a packet's 16-bit length leaves for data. Devices
// take no more than a message of the standard link.
const MaxPacketData = 0xFFFF - 2

// Packet is one packet of the alternative link.
type Packet struct {
	// Sync is the packet without number and data: the host asks for the last
	// executed answer.
	Sync bool
	// Number ties an answer to its command. A device executes only the number
	// after the last one and else repeats its last answer.
	Number uint16
	// Data is the message. A device that has executed nothing since power-on
	// answers with a number and no data.
	Data []byte
}

// EncodeSync is the packet by which the host asks for the last answer.
func EncodeSync() []byte { return Packet{Sync: true}.Encode() }

// EncodePacket wraps a message, or nothing at all, under a number. More than
// [MaxPacketData] bytes are a programmer's mistake and panic.
func EncodePacket(number uint16, data []byte) []byte {
	return Packet{Number: number, Data: data}.Encode()
}

// Encode is the packet on the wire.
func (p Packet) Encode() []byte {
	if len(p.Data) > MaxPacketData {
		panic(fmt.Sprintf("shtrih: a packet of %d bytes", len(p.Data)))
	}
	plain := []byte{0, 0}
	if !p.Sync {
		n := 2 + len(p.Data)
		plain = append(make([]byte, 0, n+4), byte(n), byte(n>>8), byte(p.Number), byte(p.Number>>8))
		plain = append(plain, p.Data...)
	}
	crc := CRC16(plain)
	plain = append(plain, byte(crc), byte(crc>>8))

	wire := append(make([]byte, 0, len(plain)+8), PacketSTX)
	for _, b := range plain {
		switch b {
		case PacketSTX:
			wire = append(wire, packetESC, escapeSTX)
		case packetESC:
			wire = append(wire, packetESC, escapeESC)
		default:
			wire = append(wire, b)
		}
	}
	return wire
}

// CRC16 is CRC-16/CCITT-FALSE: polynomial 1021h, initial value FFFFh, neither
// reflected nor inverted.
func CRC16(b []byte) uint16 { return fiscal.CRC16(0xFFFF, b) }

// PacketEvent is what one more byte made of a stream of the alternative link.
type PacketEvent uint8

// Events. Nothing is ever answered to a dropped packet: the other side repeats.
const (
	PacketMore   PacketEvent = iota // inside a packet
	PacketDone                      // Packet is whole and its CRC is right
	PacketBad                       // dropped: CRC, escape or length is wrong
	PacketIgnore                    // a byte between packets
)

// PacketReader parses a stream of the alternative link byte by byte. The zero
// value waits for a packet. An STX inside a packet drops it, which costs the
// protocol nothing, and begins another: so the reader finds its way again
// after a length that was damaged.
type PacketReader struct {
	plain   []byte
	inside  bool
	escaped bool
	packet  Packet
}

// Feed takes the next byte.
func (r *PacketReader) Feed(b byte) PacketEvent {
	if b == PacketSTX {
		broken := r.inside
		r.plain, r.inside, r.escaped = nil, true, false
		if broken {
			return PacketBad
		}
		return PacketMore
	}
	switch {
	case !r.inside:
		return PacketIgnore
	case r.escaped:
		r.escaped = false
		switch b {
		case escapeSTX:
			b = PacketSTX
		case escapeESC:
			b = packetESC
		default:
			r.Reset()
			return PacketBad
		}
	case b == packetESC:
		r.escaped = true
		return PacketMore
	}
	r.plain = append(r.plain, b)
	return r.grown()
}

// grown looks whether the packet is whole.
func (r *PacketReader) grown() PacketEvent {
	if len(r.plain) < 2 {
		return PacketMore
	}
	n := int(r.plain[0]) | int(r.plain[1])<<8
	if n == 1 {
		// Neither a bare request nor room for a number.
		r.Reset()
		return PacketBad
	}
	if len(r.plain) < 2+n+2 {
		return PacketMore
	}
	body, crc := r.plain[:2+n], uint16(r.plain[2+n])|uint16(r.plain[3+n])<<8
	r.Reset()
	if CRC16(body) != crc {
		return PacketBad
	}
	if n == 0 {
		r.packet = Packet{Sync: true}
		return PacketDone
	}
	r.packet = Packet{Number: uint16(body[2]) | uint16(body[3])<<8}
	if n > 2 {
		r.packet.Data = body[4:]
	}
	return PacketDone
}

// Packet is the packet that Feed has just called done. Its data is the
// caller's to keep.
func (r *PacketReader) Packet() Packet { return r.packet }

// Inside tells whether a packet has begun and not ended.
func (r *PacketReader) Inside() bool { return r.inside }

// Reset forgets a packet that has begun.
func (r *PacketReader) Reset() { r.plain, r.inside, r.escaped = nil, false, false }

// String names the event.
func (e PacketEvent) String() string {
	names := [...]string{"more", "done", "bad", "ignore"}
	if int(e) < len(names) {
		return names[e]
	}
	return fmt.Sprintf("packet event %d", uint8(e))
}

// Link is one of the two ways messages travel.
type Link uint8

// Links.
const (
	LinkUnknown Link = iota
	LinkStandard
	LinkAlternative
)

// String names the link.
func (l Link) String() string {
	names := [...]string{"unknown", "standard", "alternative"}
	if int(l) < len(names) {
		return names[l]
	}
	return fmt.Sprintf("link %d", uint8(l))
}

// DetectLink tells by the first byte after power-on which link the host
// speaks. A device keeps to it until the next power-on, port setting or
// button test.
func DetectLink(first byte) Link {
	switch first {
	case ENQ, STX:
		return LinkStandard
	case PacketSTX:
		return LinkAlternative
	}
	return LinkUnknown
}
