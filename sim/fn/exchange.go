package fn

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	codec "github.com/chekan-io/chekan/protocol/fn"
	"github.com/chekan-io/chekan/protocol/ofd"
)

// answerWait is how long the accumulator waits for a ticket before it offers
// the same message again.
const answerWait = 300 * time.Second

// Bits of [Queue].Flags (command 20h).
const (
	LinkUp        = byte(codec.ExchangeConnected)
	HasMessage    = byte(codec.ExchangeHasMessage)
	WaitingTicket = byte(codec.ExchangeAwaitsTicket)
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

// Connect tells the accumulator whether there is a transport connection. A
// connection that ends takes the wait for a ticket with it.
func (a *Accumulator) Connect(up bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if up != a.link.connected {
		a.link = exchange{connected: up}
	}
}

// Message gives the message for the operator, session header included; see
// Container.
func (a *Accumulator) Message() ([]byte, error) {
	c, err := a.Container()
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.archive.message(c), nil
}

// Container gives the message for the operator as the accumulator builds it,
// and begins its reading: ErrNoLink without a connection, ErrNoData when
// nothing waits to be sent.
func (a *Accumulator) Container() ([]byte, error) {
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
	return container(*first).Append(nil), nil
}

// CancelRead ends the reading; the message stays first.
func (a *Accumulator) CancelRead() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.link.reading {
		return fmt.Errorf("cancel reading: %w", ErrState)
	}
	a.link.reading = false
	return nil
}

// EndRead ends the reading and starts the wait for a ticket.
func (a *Accumulator) EndRead() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	first := a.archive.firstUnsent()
	if !a.link.reading || first == nil {
		return fmt.Errorf("end reading: %w", ErrState)
	}
	a.link.reading = false
	a.link.sent, a.link.sentAt = first.FD, a.timer()
	return nil
}

// MessageError is a rejected operator's message with its reason.
type MessageError struct{ Reason byte }

// Error implements error.
func (e *MessageError) Error() string {
	return "operator's message rejected: " + codec.MessageReason(e.Reason).Text()
}

// Unwrap returns ErrMessage.
func (e *MessageError) Unwrap() error { return ErrMessage }

// Answer gives the operator's whole message, session header included, to the
// accumulator, and returns the operator's answer code (tag 1022).
func (a *Accumulator) Answer(msg []byte) (byte, error) {
	m, err := ofd.ParseMessage(msg)
	if err != nil {
		return 0, fmt.Errorf("take ticket: %w: %w", &MessageError{Reason: byte(codec.ReasonFormat)}, err)
	}
	return a.AnswerContainer(m.Body)
}

// AnswerContainer is Answer for a message without the session header.
func (a *Accumulator) AnswerContainer(b []byte) (byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	first := a.archive.firstUnsent()
	if first == nil {
		return 0, fmt.Errorf("take ticket: %w", ErrState)
	}
	t, err := ticket(b, *first)
	if err != nil {
		return 0, fmt.Errorf("take ticket: %w", err)
	}
	if err := a.deliver(first.FD, t); err != nil {
		return 0, err
	}
	a.link.sent, a.link.reading = 0, false
	return t.Code, nil
}

// ticket checks an operator's container against the document it answers.
func ticket(b []byte, d Document) (Ticket, error) {
	ack, err := container(d).Answers(b)
	if r, ok := errors.AsType[*ofd.Refusal](err); ok {
		return Ticket{}, fmt.Errorf("%w: %w", &MessageError{Reason: byte(r.Reason)}, err)
	}
	if err != nil {
		return Ticket{}, fmt.Errorf("%w: %w", &MessageError{Reason: byte(codec.ReasonFormat)}, err)
	}
	return Ticket{Time: clockTime(ack.At), Sign: ack.Sign[:], Code: ack.Code, Notice: byte(ack.Notice)}, nil
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
		t, err := ticket(acknowledge(container(*first), now, 0).Append(nil), *first)
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

// container puts a document under protection.
func container(d Document) ofd.Container {
	c := ofd.NewContainer(ofd.FromTill, d.Type, d.FN, d.FD)
	binary.BigEndian.PutUint32(c.Nonce[:], d.FP^0x5A5A5A5A)
	c.Sign = messageSign(d.FP)
	c.Document = d.TLV
	return c
}

// message puts the session header before a container.
func (s *archive) message(c []byte) []byte {
	return ofd.Message{
		Header: ofd.Header{Version: ofd.VersionOf(s.format()), FN: s.number, Flags: ofd.HasContainer | ofd.WantsAnswer}, Body: c,
	}.Append(nil)
}

// messageSign stands for the sign of a message, with the two bytes seen at the
// head of real ones.
func messageSign(v uint32) [6]byte {
	s := [6]byte{0x21, 0x04}
	binary.BigEndian.PutUint32(s[2:], v)
	return s
}

// MakeTicket answers a whole message as an operator would: accepted when code
// is 0. It is nil for what is no message.
func MakeTicket(msg []byte, now time.Time, code byte) []byte {
	m, err := ofd.ParseMessage(msg)
	if err != nil {
		return nil
	}
	c, err := ofd.ParseContainer(m.Body)
	if err != nil {
		return nil
	}
	return m.Reply(acknowledge(c, now, code).Append(nil)).Append(nil)
}

// acknowledge is an operator's answer to a container.
func acknowledge(c ofd.Container, now time.Time, code byte) ofd.Container {
	ack := ofd.Acknowledgement{At: Civil(now), INN: "7709364346", Code: code}
	binary.BigEndian.PutUint32(ack.Sign[4:], c.FD*2654435761)
	return c.Acknowledge(ack, messageSign(c.FD))
}
