package shtrih

import (
	"errors"

	codec "github.com/chekan-io/chekan/protocol/shtrih"
)

// The frames are taken apart here and not by the codec's readers: the codec's
// other user is the driver, and a mistake the two ends share would not show.

// linkState is where the till stands in the conversation (Shtrih protocol
// 1.17, appendix 2).
type linkState int

const (
	idle      linkState = iota // after power-on, or with an answer nobody confirmed
	inSTX                      // has said NAK to ENQ, or is done with a command
	inLength                   // inside a frame from here …
	inData                     //
	inLRC                      // … to here
	inConfirm                  // the answer is sent
	inPacket                   // inside a packet of the numbered link
)

// waits tells whether the next byte is due within the byte timeout.
func (st linkState) waits() bool { return st >= inLength }

// parser collects one frame or packet.
type parser struct {
	state  linkState
	serial uint64 // of the command whose frame is coming
	count  int    // bytes of it on the wire
	length byte
	data   []byte
	esc    bool
	hit    effects // of faults that struck while it came
}

// Control bytes.
const (
	stx  = 0x02
	stx2 = 0x8F
	esc2 = 0x9F
)

// byte handles one byte from the host.
func (s *session) byte(b byte) error {
	if s.link.protocol.get() == 0 && !s.parser.state.waits() {
		switch {
		case b == codec.ENQ || b == stx:
			s.link.protocol.set(1)
		case b == stx2 && !s.d.opts.NoProtocol2:
			s.link.protocol.set(2)
		default:
			return s.junk()
		}
	}
	if s.link.protocol.get() == 2 {
		return s.byte2(b)
	}
	return s.byte1(b)
}

// junk is a byte that begins nothing.
func (s *session) junk() error {
	if s.d.opts.NAKJunk && s.parser.state == inSTX {
		return s.write(codec.NAK)
	}
	return nil
}

// byte1 is the standard link.
func (s *session) byte1(b byte) error {
	p := &s.parser
	switch p.state {
	case inConfirm:
		if b == codec.ACK {
			s.link.pending.set(nil)
			p.state = inSTX
			if s.tail() {
				return s.write(0xFF)
			}
			return nil
		}
		p.state = idle
		if s.d.opts.StrictConfirm || b != codec.ENQ && b != stx {
			return nil
		}
		return s.byte1(b)
	case idle, inSTX:
		return s.opening(b)
	case inLength:
		p.count++
		if b == 0 {
			s.parser = parser{state: inSTX}
			return s.write(codec.NAK)
		}
		p.length, p.state = b, inData
		return nil
	case inData:
		p.count++
		p.data = append(p.data, b)
		if len(p.data) == int(p.length) {
			p.state = inLRC
		}
		return s.quiet(s.received(false))
	case inLRC:
		p.count++
		return s.frame(b)
	case inPacket:
	}
	return nil
}

// opening is a byte between frames.
func (s *session) opening(b byte) error {
	p := &s.parser
	switch b {
	case codec.ENQ:
		if r := s.link.pending.get(); r != nil {
			if err := s.write(codec.ACK); err != nil {
				return err
			}
			p.state = inConfirm
			return s.quiet(s.send(r, nil))
		}
		p.state = inSTX
		return s.write(codec.NAK)
	case stx:
		if p.state == idle && s.d.opts.IgnoreIdleSTX {
			return nil
		}
		if r := s.link.pending.get(); r != nil && !s.d.opts.KeepPendingOnSTX {
			s.d.log.Warn("undelivered answer dropped", "till", s.d.opts.Name, "answer_to", r.code.Hex())
			s.link.pending.set(nil)
		}
		*p = parser{state: inLength, serial: s.d.nextSerial(), count: 1}
		return nil
	}
	return s.junk()
}

// tail tells whether FFh follows the host's confirmation.
func (s *session) tail() bool {
	switch s.d.opts.TailFF {
	case TailAlways:
		return true
	case TailNever:
		return false
	case TailOnTCP:
	}
	return s.port == portTCP
}

// received gives the plan its chance while a request is coming in.
func (s *session) received(whole bool) error {
	p := &s.parser
	if len(p.data) == 0 {
		return nil
	}
	if first := p.data[0]; first >= 0xFE && len(p.data) < 2 {
		return nil
	}
	return s.incoming(whole)
}

// incoming strikes the faults of OnReceive.
func (s *session) incoming(whole bool) error {
	p := &s.parser
	c := &call{serial: p.serial, code: messageCode(p.data), session: s}
	s.d.mu.Lock()
	s.d.strike(c, OnReceive, p.count, whole)
	s.d.mu.Unlock()
	if err := s.outlive(s.wait(c.takeDelay())); err != nil {
		s.parser = parser{}
		return err
	}
	p.hit.join(c.effects)
	return nil
}

// quiet turns the till's falling silent into no error: the session goes on and
// hears nothing.
func (s *session) quiet(err error) error {
	if errors.Is(err, errSilent) || errors.Is(err, errHung) {
		return nil
	}
	return err
}

// frame is the end of a frame of the standard link: lrc is its sum.
func (s *session) frame(lrc byte) error {
	p := s.parser
	sum := p.length
	for _, b := range p.data {
		sum ^= b
	}
	if sum != lrc {
		s.parser = parser{state: inSTX}
		return s.write(codec.NAK)
	}
	if err := s.incoming(true); err != nil {
		return s.quiet(err)
	}
	hit := s.parser.hit
	s.parser = parser{state: inSTX}
	if hit.nak {
		return s.write(codec.NAK)
	}
	if !hit.loseACK {
		if err := s.write(codec.ACK); err != nil {
			return err
		}
	}
	r, c, err := s.serve(p.serial, p.data)
	if err != nil {
		s.parser = parser{}
		return s.quiet(err)
	}
	c.join(hit)
	r.frame = frame1(r.message)
	if c.replay && s.link.previous.get() != nil {
		r.message, r.frame = s.link.previous.get().message, s.link.previous.get().frame
	}
	s.link.previous.set(&reply{message: r.message, frame: r.frame})
	s.link.pending.set(r)
	s.parser.state = inConfirm
	if err := s.send(r, c); err != nil {
		return s.quiet(err)
	}
	if c.forget {
		s.link.pending.set(nil)
		s.parser.state = inSTX
	}
	return nil
}

// frame1 frames a message for the standard link.
func frame1(msg []byte) []byte {
	b := make([]byte, 0, len(msg)+3)
	b = append(b, stx, byte(len(msg)))
	b = append(b, msg...)
	sum := byte(len(msg))
	for _, x := range msg {
		sum ^= x
	}
	return append(b, sum)
}

// byte2 is the numbered link. Anything wrong with a packet drops it silently.
func (s *session) byte2(b byte) error {
	p := &s.parser
	if b == stx2 {
		*p = parser{state: inPacket, serial: s.d.nextSerial(), count: 1}
		return nil
	}
	if p.state != inPacket {
		return nil
	}
	p.count++
	switch {
	case p.esc && b == 0x81:
		b, p.esc = stx2, false
	case p.esc && b == 0x83:
		b, p.esc = esc2, false
	case p.esc:
		*p = parser{}
		return nil
	case b == esc2:
		p.esc = true
		return nil
	}
	p.data = append(p.data, b)
	if len(p.data) < 2 {
		return nil
	}
	length := int(p.data[0]) | int(p.data[1])<<8
	whole := 2 + length + 2
	if length == 1 || whole > 2+2+codec.MaxMessage+2 {
		*p = parser{}
		return nil
	}
	if len(p.data) < whole {
		return s.received2()
	}
	pkt := *p
	s.parser = parser{}
	body := pkt.data[:2+length]
	if crc16(body) != uint16(pkt.data[whole-2])|uint16(pkt.data[whole-1])<<8 {
		return nil
	}
	if length == 0 {
		return s.answer2(s.link.stored.get(), nil)
	}
	number := uint16(body[2]) | uint16(body[3])<<8
	if length == 2 || number != s.link.last.get()+1 {
		return s.answer2(s.link.stored.get(), nil)
	}
	return s.packet(pkt, number, body[4:])
}

// received2 gives the plan its chance while a packet is coming in.
func (s *session) received2() error {
	p := &s.parser
	if len(p.data) < 5 || p.data[4] >= 0xFE && len(p.data) < 6 {
		return nil
	}
	whole := p.data
	p.data = whole[4:]
	if err := s.incoming(false); err != nil {
		return s.quiet(err)
	}
	p.data = whole
	return nil
}

// packet executes the command of a packet with the right number.
func (s *session) packet(pkt parser, number uint16, msg []byte) error {
	s.parser = parser{state: inPacket, serial: pkt.serial, count: pkt.count, data: msg, hit: pkt.hit}
	if err := s.incoming(true); err != nil {
		return s.quiet(err)
	}
	hit := s.parser.hit
	s.parser = parser{}
	if hit.nak {
		return nil
	}
	r, c, err := s.serve(pkt.serial, msg)
	if err != nil {
		return s.quiet(err)
	}
	c.join(hit)
	s.link.last.set(number)
	r.frame = frame2(number, r.message)
	old := s.link.stored.get()
	s.link.stored.set(r)
	if c.forget {
		s.link.stored.set(nil)
	}
	if c.replay && old != nil {
		s.link.previous.set(old)
		return s.quiet(s.send(&reply{serial: r.serial, code: r.code, frame: old.frame}, c))
	}
	err = s.send(r, c)
	if c.forget {
		s.link.stored.set(nil)
	}
	return s.quiet(err)
}

// answer2 sends the stored answer with its number, or only the number.
func (s *session) answer2(r *reply, c *call) error {
	if r == nil {
		return s.write(frame2(s.link.last.get(), nil)...)
	}
	return s.quiet(s.send(r, c))
}

// frame2 makes a packet of the numbered link.
func frame2(number uint16, msg []byte) []byte {
	n := 2 + len(msg)
	body := append([]byte{byte(n), byte(n >> 8), byte(number), byte(number >> 8)}, msg...)
	crc := crc16(body)
	body = append(body, byte(crc), byte(crc>>8))
	out := append(make([]byte, 0, len(body)+4), stx2)
	for _, b := range body {
		switch b {
		case stx2:
			out = append(out, esc2, 0x81)
		case esc2:
			out = append(out, esc2, 0x83)
		default:
			out = append(out, b)
		}
	}
	return out
}

// crc16 is CRC-16/CCITT-FALSE.
func crc16(b []byte) uint16 {
	crc := uint16(0xFFFF)
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
