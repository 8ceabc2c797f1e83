package fn

import (
	"bytes"
	"fmt"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// A cursor walks a message in either direction, so that one layout method
// describes both reading and writing of a struct. The first complaint stops
// it.
type cursor struct {
	buf     []byte // reading: what is left; writing: what is made
	writing bool
	err     error
}

func (c *cursor) complain(kind error, format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: %s", kind, fmt.Sprintf(format, args...))
	}
}

// left is how many bytes remain to be read; 0 when writing.
func (c *cursor) left() int {
	if c.writing || c.err != nil {
		return 0
	}
	return len(c.buf)
}

func (c *cursor) take(n int) []byte {
	if c.err != nil {
		return nil
	}
	if len(c.buf) < n {
		c.complain(ErrMalformed, "%d bytes where %d are due", len(c.buf), n)
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
			c.complain(ErrValue, "%d does not fit %d bytes", v, n)
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

// money is a sum of n bytes.
func (c *cursor) money(v *fiscal.Money, n int) {
	if c.writing && *v < 0 {
		c.complain(ErrValue, "%d kopecks", int64(*v))
		return
	}
	*v = fiscal.Money(c.uint(uint64(*v), n))
}

// flag is a byte where anything but 0 means yes.
func (c *cursor) flag(v *bool) {
	var b byte
	if *v {
		b = 1
	}
	u8(c, &b)
	*v = b != 0
}

// parts is so many bytes of a date, the year counted from 2000. A date of
// zeros is no date.
func (c *cursor) parts(t *fiscal.DateTime, fields ...*int) {
	year := t.Year
	if year != 0 {
		year -= 2000
	}
	for i, v := range append([]*int{&year}, fields...) {
		if c.writing && *v < 0 {
			c.complain(ErrValue, "field %d of time %v", i, *t)
			return
		}
		*v = int(c.uint(uint64(*v), 1))
	}
	t.Year = year + 2000
	if (*t == fiscal.DateTime{Year: 2000}) {
		*t = fiscal.DateTime{}
	}
}

// date is DATE: year, month, day.
func (c *cursor) date(t *fiscal.DateTime) { c.parts(t, &t.Month, &t.Day) }

// time is DATE_TIME: year, month, day, hour, minute. Seconds are not carried.
func (c *cursor) time(t *fiscal.DateTime) { c.parts(t, &t.Month, &t.Day, &t.Hour, &t.Minute) }

// chars is a field of n ASCII characters padded with spaces on the right.
func (c *cursor) chars(v *string, n int) {
	if c.err != nil {
		return
	}
	if !c.writing {
		*v = string(bytes.TrimRight(c.take(n), " \x00"))
		return
	}
	if len(*v) > n {
		c.complain(ErrValue, "%q in a field of %d", *v, n)
		return
	}
	c.buf = append(c.buf, *v...)
	for range n - len(*v) {
		c.buf = append(c.buf, ' ')
	}
}

// blob is exactly n bytes; n < 0 is everything that is left.
func (c *cursor) blob(v *[]byte, n int) {
	if c.err != nil {
		return
	}
	if c.writing {
		if n >= 0 && len(*v) != n {
			c.complain(ErrValue, "%d bytes where %d are due", len(*v), n)
			return
		}
		c.buf = append(c.buf, *v...)
		return
	}
	if n < 0 {
		n = len(c.buf)
	}
	*v = bytes.Clone(c.take(n))
}

func (c *cursor) rest(v *[]byte) { c.blob(v, -1) }
