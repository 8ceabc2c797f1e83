package ofd

import (
	"encoding/binary"
	"strings"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Sender is the mark of who made a container.
type Sender byte

// Senders.
const (
	FromTill     Sender = 0xA5
	FromOperator Sender = 0x5A
)

// Marks of the trailer.
const (
	trailerTill     = 0x81
	trailerOperator = 0x82
)

// Container is one document under protection. Format, Kind and Mode have no
// published meaning; [NewContainer] gives them the values of every capture.
type Container struct {
	Sender   Sender
	Type     fiscal.DocumentType
	Format   byte    // 1: this header
	Kind     [2]byte // 10 09 in every capture
	FN       string  // up to 16 digits
	FD       uint32  // three bytes
	Nonce    [4]byte // the acknowledgement repeats it
	Counter  [4]byte
	Mode     [2]byte
	Document []byte  // one STLV whose tag is the form, as it travels: plain unless the till encrypts
	Sign     [6]byte // message sign (ФПС)
}

// NewContainer is a container of a till or an operator with what captures have
// in the places nobody explains.
func NewContainer(from Sender, typ fiscal.DocumentType, fn string, fd uint32) Container {
	c := Container{Sender: from, Type: typ, Format: 1, Kind: [2]byte{0x10, 0x09}, FN: fn, FD: fd, Mode: [2]byte{0x00, 0x02}}
	if from == FromTill {
		c.Counter = [4]byte{byte(fd), 0, 0, 1}
	}
	return c
}

// Trailer is the ten bytes behind the document: mark, length of the sign, sign,
// two zeros. An acknowledgement repeats those of the till in tag 1078.
func (c Container) Trailer() [TrailerSize]byte {
	mark := byte(trailerTill)
	if c.Sender == FromOperator {
		mark = trailerOperator
	}
	t := [TrailerSize]byte{mark, byte(len(c.Sign))}
	copy(t[2:], c.Sign[:])
	return t
}

// Append writes the container with its length and checksum.
func (c Container) Append(dst []byte) []byte {
	start := len(dst)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(ContainerHeaderSize+len(c.Document)+TrailerSize))
	dst = append(dst, 0, 0, byte(c.Sender), byte(c.Type), c.Format, c.Kind[0], c.Kind[1])
	packed := packFN(c.FN)
	dst = append(dst, packed[:]...)
	dst = append(dst, byte(c.FD>>16), byte(c.FD>>8), byte(c.FD))
	dst = append(dst, c.Nonce[:]...)
	dst = append(dst, c.Counter[:]...)
	dst = append(dst, c.Mode[:]...)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(c.Document)))
	dst = append(dst, c.Document...)
	trailer := c.Trailer()
	dst = append(dst, trailer[:]...)
	binary.LittleEndian.PutUint16(dst[start+2:], containerCRC(dst[start:]))
	return dst
}

// containerCRC is taken over the whole container with the two bytes of the
// checksum left out, not zeroed.
func containerCRC(c []byte) uint16 { return fiscal.CRC16(fiscal.CRC16(0xFFFF, c[:2]), c[4:]) }

// ParseContainer reads a container. The document shares memory with b.
func ParseContainer(b []byte) (Container, error) {
	if len(b) < ContainerHeaderSize+TrailerSize {
		return Container{}, errorf(ErrShort, "a container of %d bytes", len(b))
	}
	if n := int(binary.LittleEndian.Uint16(b)); n != len(b) {
		return Container{}, errorf(ErrFormat, "a container says that it has %d bytes, it has %d", n, len(b))
	}
	if crc := binary.LittleEndian.Uint16(b[2:]); crc != containerCRC(b) {
		return Container{}, errorf(ErrCRC, "a container has %04Xh, its bytes give %04Xh", crc, containerCRC(b))
	}
	c := Container{
		Sender: Sender(b[4]), Type: fiscal.DocumentType(b[5]), Format: b[6], Kind: [2]byte(b[7:9]), FN: unpackFN([8]byte(b[9:17])),
		FD: uint32(b[17])<<16 | uint32(b[18])<<8 | uint32(b[19]), Nonce: [4]byte(b[20:24]), Counter: [4]byte(b[24:28]), Mode: [2]byte(b[28:30]),
	}
	if c.Sender != FromTill && c.Sender != FromOperator {
		return Container{}, errorf(ErrFormat, "a container of nobody: %02Xh", b[4])
	}
	end := len(b) - TrailerSize
	if n := int(binary.BigEndian.Uint16(b[30:])); ContainerHeaderSize+n != end {
		return Container{}, errorf(ErrFormat, "a container with a document of %d bytes and room for %d", n, end-ContainerHeaderSize)
	}
	c.Document = b[ContainerHeaderSize:end:end]
	c.Sign = [6]byte(b[end+2 : end+8])
	if trailer := c.Trailer(); [TrailerSize]byte(b[end:]) != trailer {
		return Container{}, errorf(ErrFormat, "a container ends with % X", b[end:])
	}
	return c, nil
}

// packFN packs digits two in a byte; a place without a digit is Fh. Debug
// memories have numbers of 15 digits.
func packFN(fn string) (packed [8]byte) {
	for i := range 16 {
		digit := byte(0xF)
		if i < len(fn) && fn[i] >= '0' && fn[i] <= '9' {
			digit = fn[i] - '0'
		}
		packed[i/2] = packed[i/2]<<4 | digit
	}
	return packed
}

func unpackFN(packed [8]byte) string {
	var s strings.Builder
	for i := range 16 {
		digit := packed[i/2] >> (4 * (1 - i%2)) & 0xF
		if digit > 9 {
			break
		}
		s.WriteByte('0' + digit)
	}
	return s.String()
}

// SameFN tells whether two numbers can be one fiscal memory's. Some firmware
// packs only the first 15 digits into a container.
func SameFN(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return a == b || len(a) == 15 && len(b) == 16 && b[:15] == a
}
