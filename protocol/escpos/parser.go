package escpos

import "bytes"

// Op says which command it is.
type Op uint8

// Commands that something follows from. Everything else is OpIgnored when its
// length is known and OpUnknown when it is not.
const (
	OpUnknown Op = iota
	OpIgnored
	OpText        // letters, in Data
	OpLineFeed    // LF
	OpReturn      // CR
	OpTab         // HT
	OpFormFeed    // FF
	OpInit        // ESC @
	OpCodePage    // ESC t, N is the page
	OpAlign       // ESC a, N is 0 to 2
	OpBold        // ESC E and ESC G, N is 0 or 1
	OpUnderline   // ESC -
	OpFont        // ESC M
	OpMode        // ESC !, N has the bits
	OpSize        // GS !, N has the sizes
	OpInverse     // GS B
	OpUpsideDown  // ESC {
	OpSpacing     // ESC 2 (N is 0) and ESC 3
	OpFeed        // ESC d, N lines
	OpFeedDots    // ESC J, N motion units
	OpCut         // GS V, ESC i, ESC m; N is 1 for a partial cut
	OpDrawer      // ESC p
	OpBarcode     // GS k, N is the symbology, Data what it says
	OpQRModel     // GS ( k 165
	OpQRSize      // GS ( k 167, N is dots a module
	OpQRLevel     // GS ( k 169, N is '0' to '3'
	OpQRStore     // GS ( k 180, Data is the content
	OpQRPrint     // GS ( k 181
	OpRaster      // GS v 0, Args are m xL xH yL yH, Data the dots
	OpColumns     // ESC *, an image by columns
	OpStatus      // GS r, N says of what
	OpAutoStatus  // GS a
	OpIdentify    // GS I
	OpRealTime    // DLE EOT, N says of what
	OpEnquiry     // DLE ENQ
	OpRealTimeAct // DLE DC4: pulse, power off, buzzer
)

// RealTime tells whether the command is obeyed when it is received.
func (o Op) RealTime() bool { return o == OpRealTime || o == OpEnquiry || o == OpRealTimeAct }

// Command is one command as a printer reads it.
type Command struct {
	Op   Op
	N    int
	Args []byte // parameters, of what is no text
	Data []byte // text, content, dots
	Size int    // bytes it took on the wire
}

// maxData bounds what is kept of a command: an image longer than any paper is
// skipped by its length.
const maxData = 1 << 20

// Parser reads commands out of bytes however they are split. The zero value is
// ready and behaves like a clone: a real-time command counts where a command
// may begin, and the data of an image is skipped by its length.
type Parser struct {
	// RealTimeInData finds real-time commands in every byte that arrives, in the
	// data of an image too, where they stay data as well: printers of Epson.
	RealTimeInData bool

	buf  []byte
	need int // how long buf must be before it is worth looking at again
	skip int // bytes of an overlong command still to come

	tail [3]byte // last bytes, to find real-time commands in
	seen int
}

// Reset forgets a command half received: the printer was switched off.
func (p *Parser) Reset() { *p = Parser{RealTimeInData: p.RealTimeInData} }

// Middle tells whether a command is half received.
func (p *Parser) Middle() bool { return len(p.buf) > 0 || p.skip > 0 }

// Feed takes bytes and calls do with every command that is whole. Text comes in
// as many pieces as it arrived in. The Command's bytes are the caller's.
func (p *Parser) Feed(b []byte, do func(Command)) {
	if p.RealTimeInData {
		p.listen(b, do)
	}
	if p.skip > 0 {
		n := min(p.skip, len(b))
		p.skip -= n
		b = b[n:]
	}
	p.buf = append(p.buf, b...)
	for len(p.buf) > 0 && len(p.buf) >= p.need {
		c, n := scan(p.buf)
		if n > len(p.buf) {
			if n > maxData {
				p.skip = n - len(p.buf)
				p.buf, p.need = nil, 0
				do(Command{Op: OpIgnored, Size: n})
				return
			}
			p.need = n
			return
		}
		p.need = 0
		p.buf = p.buf[n:]
		c.Size = n
		if !p.RealTimeInData || !c.Op.RealTime() {
			do(c)
		}
	}
	if len(p.buf) == 0 {
		p.buf = nil
	}
}

// listen finds real-time commands byte by byte.
func (p *Parser) listen(b []byte, do func(Command)) {
	for _, c := range b {
		p.tail[0], p.tail[1], p.tail[2] = p.tail[1], p.tail[2], c
		p.seen = min(p.seen+1, len(p.tail))
		if p.seen < len(p.tail) || p.tail[0] != DLE {
			continue
		}
		if c, n := realTime(p.tail[:]); n == len(p.tail) && c.Op != OpUnknown && c.Op != OpIgnored {
			p.seen = 0
			do(c)
		}
	}
}

// scan reads the command at the beginning of b. A length greater than that of b
// says how many bytes are needed at least to know more.
func scan(b []byte) (c Command, n int) {
	switch b[0] {
	case ESC:
		return escape(b)
	case GS:
		return group(b)
	case FS:
		return field(b)
	case DLE:
		return realTime(b)
	case LF:
		return Command{Op: OpLineFeed}, 1
	case CR:
		return Command{Op: OpReturn}, 1
	case HT:
		return Command{Op: OpTab}, 1
	case FF:
		return Command{Op: OpFormFeed}, 1
	case NUL:
		n := 1
		for n < len(b) && b[n] == NUL {
			n++
		}
		return Command{Op: OpIgnored}, n
	}
	if b[0] < 0x20 {
		return Command{Op: OpIgnored}, 1
	}
	end := bytes.IndexFunc(b, func(r rune) bool { return r < 0x20 })
	if end < 0 {
		end = len(b)
	}
	return Command{Op: OpText, Data: clone(b[:end])}, end
}

func clone(b []byte) []byte { return append([]byte(nil), b...) }

// fixed makes a command of two bytes and so many parameters, the first of which is N.
func fixed(b []byte, op Op, args int) (Command, int) {
	const head = 2
	n := head + args
	if len(b) < n {
		return Command{}, n
	}
	c := Command{Op: op, Args: clone(b[head:n])}
	if args > 0 {
		c.N = int(b[head])
	}
	return c, n
}

// sized makes a command whose data follows a head; size is read from the head.
func sized(b []byte, op Op, head, from, size int) (Command, int) {
	n := head + size
	if len(b) < n {
		return Command{}, n
	}
	c := Command{Op: op, Args: clone(b[from:head]), Data: clone(b[head:n])}
	if len(c.Args) > 0 {
		c.N = int(c.Args[0])
	}
	return c, n
}

// realTime reads DLE commands.
func realTime(b []byte) (Command, int) {
	if len(b) < 2 {
		return Command{}, 2
	}
	switch b[1] {
	case EOT:
		if len(b) < 3 {
			return Command{}, 3
		}
		switch b[2] {
		case 1, 2, 3, 4:
			return fixed(b, OpRealTime, 1)
		case 7, 8, 18: // ink, peeler: two parameters
			return fixed(b, OpIgnored, 2)
		}
		return fixed(b, OpIgnored, 1)
	case ENQ:
		if len(b) < 3 {
			return Command{}, 3
		}
		if b[2] > 2 {
			return fixed(b, OpIgnored, 1)
		}
		return fixed(b, OpEnquiry, 1)
	case DC4:
		if len(b) < 3 {
			return Command{}, 3
		}
		switch b[2] {
		case 1, 2:
			return fixed(b, OpRealTimeAct, 3)
		case 8: // clear buffers
			return fixed(b, OpRealTimeAct, 8)
		}
		return fixed(b, OpRealTimeAct, 2)
	}
	return Command{Op: OpUnknown}, 1
}
