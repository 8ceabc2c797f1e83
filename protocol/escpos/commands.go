package escpos

import "bytes"

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
