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

// escArgs are the parameter bytes of ESC commands that nothing here depends on.
var escArgs = map[byte]int{
	' ': 1, '$': 2, '%': 1, '<': 0, '=': 1, '?': 1, 'K': 1, 'L': 0, 'R': 1, 'S': 0, 'T': 1, 'U': 1, 'V': 1, 'W': 8, '\\': 2,
	'B': 2, 'e': 1, 'r': 1, 'u': 1, 'v': 0, FF: 0, 'f': 2,
}

// escMeans are those that something follows from.
var escMeans = map[byte]struct {
	op   Op
	args int
}{
	'@': {OpInit, 0}, '!': {OpMode, 1}, '-': {OpUnderline, 1}, '2': {OpSpacing, 0}, '3': {OpSpacing, 1}, 'E': {OpBold, 1}, 'G': {OpBold, 1},
	'J': {OpFeedDots, 1}, 'M': {OpFont, 1}, 'a': {OpAlign, 1}, 'd': {OpFeed, 1}, 'p': {OpDrawer, 3}, 't': {OpCodePage, 1}, '{': {OpUpsideDown, 1},
	'i': {OpCut, 0}, 'm': {OpCut, 0},
}

func escape(b []byte) (Command, int) {
	if len(b) < 2 {
		return Command{}, 2
	}
	if m, ok := escMeans[b[1]]; ok {
		c, n := fixed(b, m.op, m.args)
		switch {
		case n > len(b):
		case m.op == OpBold:
			c.N &= 1
		case m.op == OpAlign || m.op == OpFont:
			c.N = digit(c.N)
		case b[1] == 'i' || b[1] == 'm':
			c.N = 1
		}
		return c, n
	}
	if args, ok := escArgs[b[1]]; ok {
		return fixed(b, OpIgnored, args)
	}
	switch b[1] {
	case '*': // m nL nH, columns of 1 or 3 bytes
		if len(b) < 5 {
			return Command{}, 5
		}
		size := int(b[3]) | int(b[4])<<8
		if b[2] >= 32 {
			size *= 3
		}
		return sized(b, OpColumns, 5, 2, size)
	case 'c': // c 3, c 4, c 5
		return fixed(b, OpIgnored, 2)
	case 'D': // tab stops, up to NUL
		if i := bytes.IndexByte(b[2:min(len(b), 2+33)], NUL); i >= 0 {
			return fixed(b, OpIgnored, i+1)
		}
		if len(b) >= 2+33 { // at most 32 stops
			return fixed(b, OpIgnored, 32)
		}
		return Command{}, len(b) + 1
	case '&':
		return userLetters(b)
	case '(':
		return lengthed(b, OpIgnored)
	}
	return Command{Op: OpUnknown}, 2
}

// userLetters is ESC & y c1 c2 [x d1…]…: letters drawn by the program.
func userLetters(b []byte) (Command, int) {
	if len(b) < 5 {
		return Command{}, 5
	}
	n, letters := 5, int(b[4])-int(b[3])+1
	for range max(letters, 0) {
		if len(b) < n+1 {
			return Command{}, n + 1
		}
		n += 1 + int(b[n])*int(b[2])
	}
	return fixed(b, OpIgnored, n-2)
}

// lengthed is any command of the form X ( letter pL pH data.
func lengthed(b []byte, op Op) (Command, int) {
	if len(b) < 5 {
		return Command{}, 5
	}
	return sized(b, op, 5, 2, int(b[3])|int(b[4])<<8)
}

// digit makes 0 of '0': parameters that are small numbers may be sent as digits.
func digit(n int) int {
	if n >= '0' && n <= '9' {
		return n - '0'
	}
	return n
}

var fsArgs = map[byte]int{
	'!': 1, '&': 0, '-': 1, '.': 0, '2': 74, '?': 2, 'C': 1, 'S': 2, 'W': 1, 'p': 2,
}

func field(b []byte) (Command, int) {
	if len(b) < 2 {
		return Command{}, 2
	}
	if args, ok := fsArgs[b[1]]; ok {
		return fixed(b, OpIgnored, args)
	}
	switch b[1] {
	case '(':
		return lengthed(b, OpIgnored)
	case 'q': // images kept in the printer: n, then n of xL xH yL yH data
		if len(b) < 3 {
			return Command{}, 3
		}
		n := 3
		for range int(b[2]) {
			if len(b) < n+4 {
				return Command{}, n + 4
			}
			n += 4 + (int(b[n])|int(b[n+1])<<8)*(int(b[n+2])|int(b[n+3])<<8)*8
		}
		return fixed(b, OpIgnored, n-2)
	case 'g': // user memory: 1 writes, 2 reads
		if len(b) < 10 {
			return Command{}, 10
		}
		if b[2] == '1' {
			return sized(b, OpIgnored, 10, 2, int(b[8])|int(b[9])<<8)
		}
		return fixed(b, OpIgnored, 8)
	}
	return Command{Op: OpUnknown}, 2
}

var gsArgs = map[byte]int{
	'$': 2, '/': 1, ':': 0, 'E': 1, 'H': 1, 'L': 2, 'P': 2, 'T': 1, 'W': 2, '\\': 2, '^': 3, 'b': 1, 'c': 0, 'f': 1, 'g': 4, 'h': 1, 'j': 1,
	'w': 1, 'x': 1, 'z': 3, 'd': 0,
}

var gsMeans = map[byte]Op{'!': OpSize, 'B': OpInverse, 'I': OpIdentify, 'a': OpAutoStatus, 'r': OpStatus}

func group(b []byte) (Command, int) {
	if len(b) < 2 {
		return Command{}, 2
	}
	if op, ok := gsMeans[b[1]]; ok {
		c, n := fixed(b, op, 1)
		if op == OpStatus || op == OpInverse {
			c.N = digit(c.N)
		}
		return c, n
	}
	if args, ok := gsArgs[b[1]]; ok {
		return fixed(b, OpIgnored, args)
	}
	switch b[1] {
	case 'V':
		return knife(b)
	case 'k':
		return barcode(b)
	case 'v', 'Q': // v 0 m xL xH yL yH: bytes a row, rows; Q 0 has the same head
		if len(b) < 8 {
			return Command{}, 8
		}
		op, size := OpRaster, (int(b[4])|int(b[5])<<8)*(int(b[6])|int(b[7])<<8)
		if b[1] == 'Q' {
			op, size = OpIgnored, (int(b[4])|int(b[5])<<8)*(((int(b[6])|int(b[7])<<8)+7)/8)
		}
		return sized(b, op, 8, 3, size)
	case '*': // x y: an image kept in the printer
		if len(b) < 4 {
			return Command{}, 4
		}
		return sized(b, OpIgnored, 4, 2, int(b[2])*int(b[3])*8)
	case 'C': // counters
		if len(b) < 3 {
			return Command{}, 3
		}
		switch b[2] {
		case '1':
			return fixed(b, OpIgnored, 7)
		case ';':
			return semicolons(b)
		}
		return fixed(b, OpIgnored, 3)
	case '(':
		return brackets(b)
	case '8': // 8 L p1 p2 p3 p4: a large GS ( L
		if len(b) < 7 {
			return Command{}, 7
		}
		return sized(b, OpIgnored, 7, 2, int(b[3])|int(b[4])<<8|int(b[5])<<16|int(b[6])<<24)
	}
	return Command{Op: OpUnknown}, 2
}

// semicolons is GS C ; with five numbers in letters, each ended by a semicolon.
func semicolons(b []byte) (Command, int) {
	n, left := 3, 5
	for ; n < len(b) && n < 64; n++ {
		if b[n] == ';' {
			if left--; left == 0 {
				return fixed(b, OpIgnored, n-1)
			}
		}
	}
	if n >= 64 {
		return Command{Op: OpUnknown}, 3
	}
	return Command{}, len(b) + 1
}

// knife is GS V: m alone cuts here, 65 and more feed to the knife first and take a parameter.
func knife(b []byte) (Command, int) {
	if len(b) < 3 {
		return Command{}, 3
	}
	args := 1
	if b[2] >= 65 {
		args = 2
	}
	c, n := fixed(b, OpCut, args)
	if n <= len(b) {
		c.N = 0
		switch b[2] {
		case 1, '1', 66, 98, 104:
			c.N = 1
		}
	}
	return c, n
}

// maxBarcode bounds the content of a barcode that ends with NUL.
const maxBarcode = 255

// barcode is GS k: m up to 6 ends with NUL, m from 65 has a length.
func barcode(b []byte) (Command, int) {
	if len(b) < 3 {
		return Command{}, 3
	}
	if b[2] >= 65 {
		if len(b) < 4 {
			return Command{}, 4
		}
		return sized(b, OpBarcode, 4, 2, int(b[3]))
	}
	i := bytes.IndexByte(b[3:min(len(b), 3+maxBarcode)], NUL)
	switch {
	case i >= 0:
		c, n := sized(b, OpBarcode, 3, 2, i)
		return c, n + 1
	case len(b) < 3+maxBarcode:
		return Command{}, len(b) + 1
	}
	return sized(b, OpIgnored, 3, 2, maxBarcode)
}

// brackets is GS ( letter pL pH data; GS ( k with cn '1' is the QR code.
func brackets(b []byte) (Command, int) {
	c, n := lengthed(b, OpIgnored)
	if n > len(b) || b[2] != 'k' || len(c.Data) < 2 || c.Data[0] != '1' {
		return c, n
	}
	c.Args = nil
	arg := 0
	if len(c.Data) > 2 {
		arg = int(c.Data[2])
	}
	switch c.Data[1] {
	case 'A':
		c.Op, c.N = OpQRModel, arg
	case 'C':
		c.Op, c.N = OpQRSize, arg
	case 'E':
		c.Op, c.N = OpQRLevel, arg
	case 'P':
		c.Op, c.N, c.Data = OpQRStore, 0, c.Data[min(3, len(c.Data)):]
	case 'Q':
		c.Op, c.N = OpQRPrint, arg
	}
	return c, n
}
