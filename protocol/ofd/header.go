package ofd

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// signature begins every message (protocol 1.1.006, table 1); the two bytes
// behind it are the version of the session layer.
var signature = []byte{0x2A, 0x08, 0x41, 0x0A, 0x81, 0xA2}

// Version is the version of the document inside, as the two bytes of the
// session header stand on the wire.
type Version [2]byte

// Versions of documents.
var (
	Version10  = Version{0x01, 0x00}
	Version105 = Version{0x01, 0x05}
	Version11  = Version{0x01, 0x10}
	Version12  = Version{0x01, 0x20}
)

// VersionOf gives the version of a format by its number in tag 1209.
func VersionOf(ffd byte) Version {
	switch ffd {
	case 2:
		return Version105
	case 3:
		return Version11
	case 4:
		return Version12
	}
	return Version10
}

// FFD is the number of the format as in tag 1209, 0 when the bytes name none.
// Firmware of some tills writes 01 01 and 01 02 for 1.1 and 1.2.
func (v Version) FFD() byte {
	switch v {
	case Version10, Version{0x00, 0x01}, Version{0x00, 0x02}:
		return 1
	case Version105:
		return 2
	case Version11, Version{0x01, 0x01}:
		return 3
	case Version12, Version{0x01, 0x02}:
		return 4
	}
	return 0
}

// Flags say what follows the header and what is expected of the other side.
type Flags uint16

// Flags of a message; the two lowest bits are a [CRCMode].
const (
	HasContainer Flags = 0x04
	WantsAnswer  Flags = 0x10
)

// CRCMode says what the header's checksum covers.
type CRCMode byte

// Modes of the header's checksum. 3 is forbidden.
const (
	CRCNone CRCMode = iota
	CRCHeader
	CRCWhole
)

// CRC is the checksum's mode.
func (f Flags) CRC() CRCMode { return CRCMode(f & 3) }

// Header is a session header. The length of the body is not in it: it follows
// from the body written behind it.
type Header struct {
	Version Version
	FN      string // up to 16 digits
	Flags   Flags
}

// Message is a header and what follows it: a container, or nothing.
type Message struct {
	Header
	Body []byte
}

// Append writes the message.
func (m Message) Append(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, signature...)
	dst = append(dst, m.Version[:]...)
	dst = append(dst, padded(m.FN)...)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(m.Body)))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(m.Flags))
	crc := uint16(0)
	if m.Flags.CRC() != CRCNone {
		crc = fiscal.CRC16(0xFFFF, dst[start:])
	}
	if m.Flags.CRC() == CRCWhole {
		crc = fiscal.CRC16(crc, m.Body)
	}
	dst = binary.LittleEndian.AppendUint16(dst, crc)
	return append(dst, m.Body...)
}

// padded is the number of a fiscal memory in its 16 places.
func padded(fn string) string {
	return (fn + strings.Repeat(" ", 16))[:16]
}

// BodyLength reads from a session header how many bytes follow it: what a
// reader of a stream must know. Only the header's first 30 bytes are looked at.
func BodyLength(header []byte) (int, error) {
	if len(header) < HeaderSize {
		return 0, errorf(ErrShort, "%d bytes of a session header of %d", len(header), HeaderSize)
	}
	if !bytes.HasPrefix(header, signature[:4]) {
		return 0, errorf(ErrSignature, "it begins with % X", header[:4])
	}
	n := int(binary.LittleEndian.Uint16(header[24:]))
	if n > MaxBody {
		return 0, errorf(ErrFormat, "a body of %d bytes, at most %d are allowed", n, MaxBody)
	}
	return n, nil
}

// ParseMessage reads a whole message. The body shares memory with b.
func ParseMessage(b []byte) (Message, error) {
	n, err := BodyLength(b)
	if err != nil {
		return Message{}, err
	}
	if len(b) != HeaderSize+n {
		return Message{}, errorf(ErrShort, "the header promises a body of %d bytes, %d are here", n, len(b)-HeaderSize)
	}
	m := Message{
		Header: Header{
			Version: Version(b[6:8]), FN: strings.TrimRight(string(b[8:24]), " \x00"),
			Flags: Flags(binary.LittleEndian.Uint16(b[26:])),
		},
		Body: b[HeaderSize:],
	}
	switch mode := m.Flags.CRC(); {
	case mode == 3:
		return Message{}, errorf(ErrFormat, "mode 3 of the header's checksum")
	case mode != CRCNone:
		crc := fiscal.CRC16(0xFFFF, b[:28])
		if mode == CRCWhole {
			crc = fiscal.CRC16(crc, m.Body)
		}
		if got := binary.LittleEndian.Uint16(b[28:]); got != crc {
			return Message{}, errorf(ErrCRC, "session header has %04Xh, its bytes give %04Xh", got, crc)
		}
	}
	return m, nil
}

// Service is a message without a document: an operator answers it with another
// one, which proves that the line and the operator are there.
func Service(fn string, v Version) Message {
	return Message{Header: Header{Version: v, FN: fn, Flags: WantsAnswer}}
}

// IsService tells whether the message carries no document.
func (m Message) IsService() bool { return len(m.Body) == 0 }

// Reply is a header that answers m: same memory and version, no answer wanted.
func (m Message) Reply(body []byte) Message {
	r := Message{Header: Header{Version: m.Version, FN: m.FN, Flags: Flags(m.Flags.CRC())}, Body: body}
	if len(body) > 0 {
		r.Flags |= HasContainer
	}
	return r
}

// Repaired is b with the version bytes 01 01 and 01 02, which firmware of some
// Shtrih tills writes into a header without checksum, put in order: 01 10 and
// 01 20. Other messages come back as they are; b is never changed.
func Repaired(b []byte) []byte {
	if len(b) < HeaderSize || b[28] != 0 || b[29] != 0 || b[6] != 1 || (b[7] != 1 && b[7] != 2) {
		return b
	}
	b = bytes.Clone(b)
	b[7] <<= 4
	return b
}
