package shtrih

import (
	"bytes"
	"fmt"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// A cursor walks a message in either direction, so that one layout method
// describes both reading and writing of a struct. The first complaint stops
// it; the rest of the layout then does nothing.
type cursor struct {
	buf     []byte // reading: what is left; writing: what is made
	writing bool
	err     error
}

func (c *cursor) malformed(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
	}
}

func (c *cursor) value(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: %s", ErrValue, fmt.Sprintf(format, args...))
	}
}

// left is how many bytes remain to be read; 0 when writing.
func (c *cursor) left() int {
	if c.writing || c.err != nil {
		return 0
	}
	return len(c.buf)
}

// take reads n bytes; nil and a complaint when there are fewer.
func (c *cursor) take(n int) []byte {
	if c.err != nil {
		return nil
	}
	if len(c.buf) < n {
		c.malformed("%d bytes where %d are due", len(c.buf), n)
		return nil
	}
	b := c.buf[:n]
	c.buf = c.buf[n:]
	return b
}

// uint reads or writes n bytes, least significant first.
func (c *cursor) uint(v uint64, n int) uint64 {
	if c.err != nil {
		return v
	}
	if c.writing {
		if n < 8 && v>>(8*n) != 0 {
			c.value("%d does not fit %d bytes", v, n)
			return v
		}
		for i := range n {
			c.buf = append(c.buf, byte(v>>(8*i)))
		}
		return v
	}
	v = 0
	for i, b := range c.take(n) {
		v |= uint64(b) << (8 * i)
	}
	return v
}

func u8[T ~uint8](c *cursor, v *T)   { *v = T(c.uint(uint64(*v), 1)) }
func u16[T ~uint16](c *cursor, v *T) { *v = T(c.uint(uint64(*v), 2)) }
func u32[T ~uint32](c *cursor, v *T) { *v = T(c.uint(uint64(*v), 4)) }
func u64[T ~uint64](c *cursor, v *T) { *v = T(c.uint(uint64(*v), 8)) }

// unsigned is a non-negative number of n bytes in a signed type.
func unsigned[T ~int64](c *cursor, v *T, n int) {
	if c.writing && *v < 0 {
		c.value("%d is negative", int64(*v))
		return
	}
	*v = T(c.uint(uint64(*v), n))
}

// money is five bytes of kopecks.
func (c *cursor) money(v *fiscal.Money) { unsigned(c, v, 5) }

func (c *cursor) moneys(v []fiscal.Money) {
	for i := range v {
		c.money(&v[i])
	}
}

// moneyOrAuto is money where five bytes of FFh mean "count it yourself".
func (c *cursor) moneyOrAuto(v *fiscal.Money) {
	const notGiven = 1<<40 - 1
	raw := *v
	switch {
	case !c.writing:
	case raw == Auto:
		raw = notGiven
	case raw == notGiven:
		c.value("%d kopecks is the sign for a sum not given", int64(raw))
		return
	}
	c.money(&raw)
	if !c.writing {
		if raw == notGiven {
			raw = Auto
		}
		*v = raw
	}
}

// thousandths is a quantity of five bytes and three decimals.
func (c *cursor) thousandths(v *fiscal.Quantity) {
	raw := *v
	if c.writing {
		if raw%1000 != 0 {
			c.value("quantity %v has more than three decimals", raw)
			return
		}
		raw /= 1000
	}
	unsigned(c, &raw, 5)
	if !c.writing {
		*v = raw * 1000
	}
}

func (c *cursor) flag(v *bool) {
	var b byte
	if *v {
		b = 1
	}
	u8(c, &b)
	if !c.writing {
		if b > 1 {
			c.malformed("%d where 0 or 1 is due", b)
		}
		*v = b == 1
	}
}

// num is one byte held in an int.
func (c *cursor) num(v *int) {
	if c.writing && *v < 0 {
		c.value("%d is negative", *v)
		return
	}
	*v = int(c.uint(uint64(*v), 1))
}

// year is one byte counted from 2000; a year of 0 in a zero date is byte 0.
func (c *cursor) year(v *int) {
	y := *v
	if c.writing && y != 0 {
		y -= 2000
	}
	c.num(&y)
	if !c.writing {
		*v = y + 2000
	}
}

// blank gives a date of zero bytes its plain meaning: no date.
func (c *cursor) blank(t *fiscal.DateTime) {
	if !c.writing && (*t == fiscal.DateTime{Year: 2000}) {
		*t = fiscal.DateTime{}
	}
}

// dmy is DD MM YY, the date of the classic commands.
func (c *cursor) dmy(t *fiscal.DateTime) {
	c.num(&t.Day)
	c.num(&t.Month)
	c.year(&t.Year)
	c.blank(t)
}

// dmyhms is DD MM YY HH MM SS.
func (c *cursor) dmyhms(t *fiscal.DateTime) {
	c.num(&t.Day)
	c.num(&t.Month)
	c.year(&t.Year)
	c.hms(t)
	c.blank(t)
}

func (c *cursor) hms(t *fiscal.DateTime) {
	c.num(&t.Hour)
	c.num(&t.Minute)
	c.num(&t.Second)
}

// ymd is YY MM DD, the date of the fiscal memory.
func (c *cursor) ymd(t *fiscal.DateTime) {
	c.year(&t.Year)
	c.num(&t.Month)
	c.num(&t.Day)
	c.blank(t)
}

// ymdhm is YY MM DD HH MM, the DATE_TIME of the fiscal memory.
func (c *cursor) ymdhm(t *fiscal.DateTime) {
	c.year(&t.Year)
	c.num(&t.Month)
	c.num(&t.Day)
	c.num(&t.Hour)
	c.num(&t.Minute)
	c.blank(t)
}

// maybeTime is the time at the end of an answer that forms a document. It is
// there only when field 36 of table 17 asks for it.
func (c *cursor) maybeTime(t **fiscal.DateTime) {
	if c.writing {
		if *t != nil {
			c.ymdhm(*t)
		}
		return
	}
	if c.left() >= 5 {
		*t = new(fiscal.DateTime)
		c.ymdhm(*t)
	}
}

// bytes is everything that is left.
func (c *cursor) bytes(v *[]byte) { c.blob(v, -1) }

// blob is exactly n bytes; n < 0 is everything that is left.
func (c *cursor) blob(v *[]byte, n int) {
	if c.err != nil {
		return
	}
	if c.writing {
		if n >= 0 && len(*v) != n {
			c.value("%d bytes where %d are due", len(*v), n)
			return
		}
		c.buf = append(c.buf, *v...)
		return
	}
	if n < 0 {
		n = len(c.buf)
	}
	*v = nil
	if b := c.take(n); len(b) > 0 {
		*v = bytes.Clone(b)
	}
}

// limited is everything that is left, at most max bytes.
func (c *cursor) limited(v *[]byte, limit int) {
	c.bytes(v)
	if len(*v) > limit {
		c.tooLong(len(*v), limit)
	}
}

func (c *cursor) tooLong(n, limit int) {
	if c.writing {
		c.value("%d bytes where at most %d go", n, limit)
	} else {
		c.malformed("%d bytes where at most %d go", n, limit)
	}
}

// counted is one byte of length and that many bytes.
func (c *cursor) counted(v *[]byte) {
	n := byte(len(*v))
	if c.writing && len(*v) > 255 {
		c.tooLong(len(*v), 255)
		return
	}
	u8(c, &n)
	c.blob(v, int(n))
}

// chars is a field of n bytes in the given code page, padded on the right.
func (c *cursor) chars(v *string, n int, page CodePage, pad byte) {
	if c.err != nil {
		return
	}
	if !c.writing {
		b := c.take(n)
		*v = page.Decode(bytes.TrimRight(b, string(rune(pad))))
		return
	}
	b, err := page.Encode(*v)
	if err != nil {
		c.err = err
		return
	}
	if len(b) > n {
		c.tooLong(len(b), n)
		return
	}
	c.buf = append(c.buf, b...)
	for range n - len(b) {
		c.buf = append(c.buf, pad)
	}
}

// name is a text field of n bytes, padded with zeros.
func (c *cursor) name(v *string, n int) { c.chars(v, n, Windows1251, 0) }

// number is a field of n digits, padded with spaces as FFD has it.
func (c *cursor) number(v *string, n int) { c.chars(v, n, Windows1251, ' ') }

// text is the text to the end of the message, no shorter than least bytes:
// writing pads it with zeros. A text longer than that keeps its zeros, so that
// the length is not lost; [Printed] cuts them off.
func (c *cursor) text(v *string, least, most int) {
	if c.err != nil {
		return
	}
	if c.writing {
		b, err := Windows1251.Encode(*v)
		if err != nil {
			c.err = err
			return
		}
		if len(b) > most {
			c.tooLong(len(b), most)
			return
		}
		c.buf = append(c.buf, b...)
		for range least - len(b) {
			c.buf = append(c.buf, 0)
		}
		return
	}
	n := len(c.buf)
	if n > most {
		c.tooLong(n, most)
		return
	}
	if n < least {
		c.malformed("%d bytes of text where at least %d are due", n, least)
		return
	}
	b := c.take(n)
	if n == least {
		b = bytes.TrimRight(b, "\x00")
	}
	*v = Windows1251.Decode(b)
}
