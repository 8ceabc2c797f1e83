package bundle

import (
	"github.com/chekan-io/chekan/agent/internal/blackbox"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/shtrih"
)

// redactor blanks a stream of records as they passed. It parses both
// directions as the two ends did, so that a damaged frame stays as damaged and
// a good one good.
type redactor struct {
	link    shtrih.Link
	out, in half
	asked   shtrih.Request
	sums    sums
}

// half is one direction.
type half struct {
	frame  shtrih.FrameReader
	packet shtrih.PacketReader
	begun  []*cell // of the frame or packet that has not ended
}

// cell is what became of one byte: itself, another one, or (a stuffed packet
// may change its length) several or none.
type cell struct {
	was byte
	now []byte
}

// redact blanks the records; note hears the notes before what follows them is
// blanked, and returns them scrubbed.
func (r *redactor) redact(records []blackbox.Record, note func(text string) string) []blackbox.Record {
	out := make([]blackbox.Record, 0, len(records))
	cells := make([][]*cell, 0, len(records))
	for _, rec := range records {
		var row []*cell
		switch rec.Dir {
		case blackbox.Note:
			text := string(rec.Bytes)
			if wire.Failure(text) != nil || text == wire.Opened || text == wire.Closed {
				r.cut()
			}
			if text == wire.Opened {
				r.link = shtrih.LinkUnknown
			}
			for _, b := range []byte(note(text)) {
				row = append(row, &cell{b, []byte{b}})
			}
		case blackbox.Out, blackbox.In:
			if r.link == shtrih.LinkUnknown && rec.Dir == blackbox.Out && len(rec.Bytes) > 0 {
				if r.link = shtrih.DetectLink(rec.Bytes[0]); r.link == shtrih.LinkUnknown {
					r.link = shtrih.LinkStandard
				}
			}
			if rec.Dir == blackbox.Out {
				r.in.abandon()
			}
			for _, b := range rec.Bytes {
				c := &cell{b, []byte{0}}
				r.feed(rec.Dir, c)
				row = append(row, c)
			}
		}
		out, cells = append(out, rec), append(cells, row)
	}
	r.cut()
	for i, row := range cells {
		out[i].Bytes = nil
		for _, c := range row {
			out[i].Bytes = append(out[i].Bytes, c.now...)
		}
	}
	return out
}

// cut ends what was on the wire when the connection did.
func (r *redactor) cut() {
	r.in.abandon()
	r.out.abandon()
}

// abandon blanks what came of a frame that never ended; its first byte and its
// length are already as they were.
func (h *half) abandon() {
	h.frame.Reset()
	h.packet.Reset()
	h.begun = nil
}

func (r *redactor) feed(dir blackbox.Dir, c *cell) {
	h := &r.in
	if dir == blackbox.Out {
		h = &r.out
	}
	switch r.link {
	case shtrih.LinkStandard:
		r.feedFrame(dir, h, c)
	case shtrih.LinkAlternative:
		r.feedPacket(dir, h, c)
	case shtrih.LinkUnknown: // the beginning is overwritten: nobody can tell
	}
}

// idle comes from tills on RNDIS and TCP after our ACK (Shtrih protocol 1.17,
// appendix 3).
const idle = 0xFF

func (r *redactor) feedFrame(dir blackbox.Dir, h *half, c *cell) {
	switch h.frame.Feed(c.was) {
	case shtrih.FrameMore:
		if h.begun = append(h.begun, c); len(h.begun) <= 2 { // STX and length
			c.now = []byte{c.was}
		}
	case shtrih.FrameDone:
		frame := shtrih.EncodeFrame(r.message(dir, h.frame.Message()))
		for i, b := range append(h.begun, c) {
			b.now = []byte{frame[i]}
		}
		h.begun = nil
	case shtrih.FrameBad:
		// The body is zeros by now; whatever the length is, this is not their sum.
		if len(h.begun) > 1 {
			c.now = []byte{^h.begun[1].was}
		}
		h.begun = nil
	case shtrih.FrameENQ, shtrih.FrameACK, shtrih.FrameNAK:
		c.now = []byte{c.was}
	case shtrih.FrameIgnore:
		if c.was == idle {
			c.now = []byte{idle}
		}
	}
}

func (r *redactor) feedPacket(dir blackbox.Dir, h *half, c *cell) {
	if c.was == shtrih.PacketSTX {
		h.begun = nil
		c.now = []byte{c.was}
	}
	switch h.packet.Feed(c.was) {
	case shtrih.PacketMore, shtrih.PacketBad:
		if h.packet.Inside() {
			h.begun = append(h.begun, c)
		}
	case shtrih.PacketDone:
		p := h.packet.Packet()
		if len(p.Data) > 0 {
			p.Data = r.message(dir, p.Data)
		}
		for _, b := range h.begun {
			b.now = nil
		}
		c.now = p.Encode()
		h.begun = nil
	case shtrih.PacketIgnore:
	}
}

// message blanks a whole message.
func (r *redactor) message(dir blackbox.Dir, msg []byte) []byte {
	if dir == blackbox.In {
		return blankAnswer(msg, r.asked, r.sums)
	}
	out, request := blankRequest(msg)
	if request != nil {
		r.asked = request
	}
	return out
}
