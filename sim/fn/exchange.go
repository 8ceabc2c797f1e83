package fn

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Sizes of the exchange with the operator of fiscal data (FN and FFD
// reference, C.1 and C.2).
const (
	sessionHeader   = 30
	containerHeader = 32
	trailerSize     = 10
	// answerWait is how long the accumulator waits for a ticket before it
	// offers the same message again.
	answerWait = 300 * time.Second
)

// Bits of [Queue].Flags (command 20h).
const (
	LinkUp        = 0x01
	HasMessage    = 0x02
	WaitingTicket = 0x04
)

// exchange is the accumulator's side of the talk with the operator; it does
// not outlive the power.
type exchange struct {
	connected bool
	reading   bool
	sent      uint32 // FD of the message whose ticket is awaited
	sentAt    time.Time
}

// Queue is the state of the exchange.
type Queue struct {
	Flags   byte
	Reading bool
	Count   uint16
	FirstFD uint32
	First   time.Time // of the first document; zero when there is none
}

// Queue reads the state of the exchange with the operator.
func (a *Accumulator) Queue() Queue {
	a.mu.Lock()
	defer a.mu.Unlock()
	q := Queue{Reading: a.link.reading, Count: uint16(min(a.archive.unsent(), 0xFFFF))}
	if a.link.connected {
		q.Flags |= LinkUp
	}
	if first := a.archive.firstUnsent(); first != nil {
		q.FirstFD, q.First = first.FD, first.Time
		if a.waiting() {
			q.Flags |= WaitingTicket
		} else {
			q.Flags |= HasMessage
		}
	}
	return q
}

func (a *Accumulator) waiting() bool {
	return a.link.sent != 0 && a.timer().Sub(a.link.sentAt) < answerWait
}

// Unconfirmed counts the documents without a ticket.
func (a *Accumulator) Unconfirmed() uint16 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return uint16(min(a.archive.unsent(), 0xFFFF))
}

// Connect tells the accumulator whether there is a transport connection.
func (a *Accumulator) Connect(up bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.link = exchange{connected: up}
}

// Message gives the message for the operator, session header included:
// ErrNoLink without a connection, ErrNoData when nothing waits to be sent.
func (a *Accumulator) Message() ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.link.connected {
		return nil, fmt.Errorf("read message: %w", ErrNoLink)
	}
	first := a.archive.firstUnsent()
	if first == nil || a.waiting() {
		return nil, fmt.Errorf("read message: %w", ErrNoData)
	}
	a.link.reading = true
	return message(*first, *a.archive.registration()), nil
}

// EndRead ends the reading and starts the wait for a ticket.
func (a *Accumulator) EndRead() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.link.reading {
		return fmt.Errorf("end reading: %w", ErrState)
	}
	a.link.reading = false
	a.link.sent, a.link.sentAt = a.archive.firstUnsent().FD, a.timer()
	return nil
}

// Reasons of a rejected operator's message (command 26h, code 20h).
const (
	reasonSign   = 1
	reasonFormat = 2
	reasonFD     = 3
	reasonFN     = 4
	reasonCRC    = 5
)

// MessageError is a rejected operator's message with its reason.
type MessageError struct{ Reason byte }

// Error implements error.
func (e *MessageError) Error() string {
	return fmt.Sprintf("operator's message rejected, reason %d", e.Reason)
}

// Unwrap returns ErrMessage.
func (e *MessageError) Unwrap() error { return ErrMessage }

// Answer gives the operator's whole message, session header included, to the
// accumulator, and returns the operator's answer code (tag 1022).
func (a *Accumulator) Answer(msg []byte) (byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	first := a.archive.firstUnsent()
	if first == nil {
		return 0, fmt.Errorf("take ticket: %w", ErrState)
	}
	t, err := checkTicket(msg, *first)
	if err != nil {
		return 0, fmt.Errorf("take ticket: %w", err)
	}
	if err := a.deliver(first.FD, t); err != nil {
		return 0, err
	}
	a.link.sent, a.link.reading = 0, false
	a.warn &^= WarnFormat
	if t.Code != 0 {
		a.warn |= WarnFormat
	}
	return t.Code, nil
}

// Deliver confirms up to n of the oldest undelivered documents by itself, as a
// till with its own link to an operator does, and returns how many it did.
func (a *Accumulator) Deliver(n int, now time.Time) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	done := 0
	for ; done < n; done++ {
		first := a.archive.firstUnsent()
		if first == nil {
			return done, nil
		}
		t, err := checkTicket(MakeTicket(message(*first, *a.archive.registration()), now, 0), *first)
		if err != nil {
			return done, fmt.Errorf("deliver document %d: %w", first.FD, err)
		}
		if err := a.deliver(first.FD, t); err != nil {
			return done, err
		}
	}
	return done, nil
}

func (a *Accumulator) deliver(fd uint32, t Ticket) error {
	if err := a.commit(record{Kind: recordTicket, FD: fd, Ticket: &t}); err != nil {
		return fmt.Errorf("keep ticket: %w: %w", ErrFailure, err)
	}
	if a.archive.phase == PhasePostFiscal && a.archive.unsent() == 0 {
		if err := a.commit(record{Kind: recordPhase, Phase: PhaseArchive}); err != nil {
			return fmt.Errorf("end transfer: %w: %w", ErrFailure, err)
		}
	}
	return nil
}

// message builds the session header and the container of a document.
func message(d Document, reg Registration) []byte {
	doc := AppendTLV(nil, uint16(d.Type), d.TLV)
	total := containerHeader + len(doc) + trailerSize
	b := make([]byte, sessionHeader+containerHeader, sessionHeader+total)
	copy(b, []byte{0x2A, 0x08, 0x41, 0x0A, 0x81, 0xA2, 0x01, ffdVersion(reg.FFD)})
	copy(b[8:24], d.FN)
	binary.LittleEndian.PutUint16(b[24:], uint16(total))
	binary.LittleEndian.PutUint16(b[26:], 0x0014)
	c := b[sessionHeader:]
	fillContainer(c, 0xA5, byte(d.Type), d.FN, d.FD, total)
	binary.BigEndian.PutUint32(c[20:], d.FP^0x5A5A5A5A)
	c[24], c[27] = byte(d.FD), 1
	c[29] = 0x04
	binary.BigEndian.PutUint16(c[30:], uint16(len(doc)))
	b = append(b, doc...)
	b = append(b, trailer(0x81, d.FP)...)
	sealContainer(b[sessionHeader:])
	return b
}

// MakeTicket answers a message as an operator would: accepted when code is 0.
func MakeTicket(msg []byte, now time.Time, code byte) []byte {
	if len(msg) < sessionHeader+containerHeader+trailerSize {
		return nil
	}
	fnNumber := string(msg[8:24])
	src := msg[sessionHeader:]
	var t4 [4]byte
	fd := uint32(src[17])<<16 | uint32(src[18])<<8 | uint32(src[19])
	var body []byte
	body = AppendText(body, TagOFDINN, pad("7709364346", 12))
	body = AppendText(body, TagFN, fnNumber)
	binary.LittleEndian.PutUint32(t4[:], fd)
	body = AppendTLV(body, TagFD, t4[:])
	binary.LittleEndian.PutUint32(t4[:], uint32(now.Unix()))
	body = AppendTLV(body, TagTime, t4[:])
	body = AppendTLV(body, TagOperatorMsg, AppendTLV(nil, TagAnswerCode, []byte{code}))
	sign := append(make([]byte, 8), src[len(src)-trailerSize:]...)
	binary.BigEndian.PutUint32(sign[4:], fd*2654435761)
	body = AppendTLV(body, TagOperatorSign, sign)
	doc := AppendTLV(nil, uint16(fiscal.DocOperatorTicket), body)
	total := containerHeader + len(doc) + trailerSize
	b := make([]byte, sessionHeader+containerHeader, sessionHeader+total)
	copy(b, msg[:sessionHeader])
	binary.LittleEndian.PutUint16(b[24:], uint16(total))
	c := b[sessionHeader:]
	fillContainer(c, 0x5A, byte(fiscal.DocOperatorTicket), fnNumber, fd, total)
	copy(c[20:24], src[20:24])
	binary.BigEndian.PutUint16(c[30:], uint16(len(doc)))
	b = append(b, doc...)
	b = append(b, trailer(0x82, fd)...)
	sealContainer(b[sessionHeader:])
	return b
}

// checkTicket checks an operator's message against the document it answers.
func checkTicket(msg []byte, d Document) (Ticket, error) {
	reject := func(reason byte) (Ticket, error) { return Ticket{}, &MessageError{Reason: reason} }
	if len(msg) < sessionHeader+containerHeader+4+trailerSize {
		return reject(reasonFormat)
	}
	c := msg[sessionHeader:]
	if int(binary.LittleEndian.Uint16(c)) != len(c) || c[4] != 0x5A {
		return reject(reasonFormat)
	}
	if binary.LittleEndian.Uint16(c[2:]) != containerCRC(c) {
		return reject(reasonCRC)
	}
	if !bytes.Equal(c[9:17], packFN(d.FN)) {
		return reject(reasonFN)
	}
	if fd := uint32(c[17])<<16 | uint32(c[18])<<8 | uint32(c[19]); fd != d.FD {
		return reject(reasonFD)
	}
	n := int(binary.BigEndian.Uint16(c[30:]))
	if containerHeader+n+trailerSize != len(c) {
		return reject(reasonFormat)
	}
	doc, err := ParseTLV(c[containerHeader : containerHeader+n])
	if err != nil || len(doc) != 1 || doc[0].Tag != uint16(fiscal.DocOperatorTicket) {
		return reject(reasonFormat)
	}
	sign, ok := Get(doc[0].Value, TagOperatorSign)
	if !ok || len(sign.Value) != 18 || !bytes.Equal(sign.Value[8:], trailer(0x81, d.FP)) {
		return reject(reasonSign)
	}
	at, ok := Get(doc[0].Value, TagTime)
	if !ok {
		return reject(reasonFormat)
	}
	t := Ticket{Time: fromUnix(at), Sign: append([]byte(nil), sign.Value...)}
	if m, ok := Get(doc[0].Value, TagOperatorMsg); ok {
		if code, ok := Get(m.Value, TagAnswerCode); ok {
			t.Code = byte(code.Uint())
		}
	}
	return t, nil
}

func fillContainer(c []byte, mark, docType byte, number string, fd uint32, total int) {
	binary.LittleEndian.PutUint16(c, uint16(total))
	c[4], c[5], c[6], c[7], c[8] = mark, docType, 0x01, 0x10, 0x09
	copy(c[9:17], packFN(number))
	c[17], c[18], c[19] = byte(fd>>16), byte(fd>>8), byte(fd)
}

func sealContainer(c []byte) { binary.LittleEndian.PutUint16(c[2:], containerCRC(c)) }

// containerCRC is CRC-16/CCITT-FALSE over the container with the two bytes of
// the sum left out.
func containerCRC(c []byte) uint16 {
	return crc16(crc16(0xFFFF, c[:2]), c[4:])
}

func crc16(crc uint16, b []byte) uint16 {
	for _, x := range b {
		crc ^= uint16(x) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}

// packFN packs the first 15 digits into 8 bytes, padded with Fh.
func packFN(number string) []byte {
	out := make([]byte, 8)
	for i := range 16 {
		digit := byte(0xF)
		if i < 15 && i < len(number) {
			digit = number[i] - '0'
		}
		out[i/2] = out[i/2]<<4 | digit&0xF
	}
	return out
}

// trailer is the message sign behind the document.
func trailer(mark byte, sign uint32) []byte {
	t := []byte{mark, 0x06, 0x21, 0x04, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(t[4:], sign)
	return t
}

// ffdVersion is the second byte of the P-version.
func ffdVersion(ffd byte) byte {
	switch ffd {
	case 2:
		return 0x05
	case 3:
		return 0x10
	case 4:
		return 0x20
	}
	return 0x00
}
