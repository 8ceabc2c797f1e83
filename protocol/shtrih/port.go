package shtrih

// Passwords of the rows of table 2 as the maker fills it.
const (
	PasswordServiceCentre uint32 = 0
	PasswordCashier       uint32 = 1 // cashiers have 1 … 28
	PasswordAdmin         uint32 = 29
	PasswordSystemAdmin   uint32 = 30
)

// Operators is how many rows table 2 has.
const Operators = 30

// bauds are the speeds of a serial port by their code in 14h.
var bauds = [...]int{2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600}

// BaudCode is the code of a speed in 14h.
func BaudCode(baud int) (code byte, ok bool) {
	for i, b := range bauds {
		if b == baud {
			return byte(i), true
		}
	}
	return 0, false
}

// BaudOf is the speed of a code.
func BaudOf(code byte) (baud int, ok bool) {
	if int(code) < len(bauds) {
		return bauds[code], true
	}
	return 0, false
}

// Bauds lists the speeds a till can have, slowest first.
func Bauds() []int { return append([]int(nil), bauds[:]...) }

// ByteTimeoutOf is the byte timeout of a code of 14h, in milliseconds: three
// scales follow one another.
func ByteTimeoutOf(code byte) int {
	switch {
	case code <= 150:
		return int(code)
	case code <= 249:
		return (int(code) - 149) * 150
	}
	return (int(code) - 248) * 15_000
}

// ByteTimeoutCode is the code of the shortest timeout of at least ms; the
// longest there is, 105 s, when none is.
func ByteTimeoutCode(ms int) byte {
	for code := range 256 {
		if ByteTimeoutOf(byte(code)) >= ms {
			return byte(code)
		}
	}
	return 255
}
