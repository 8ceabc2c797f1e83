package ffd

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// ErrText says that text has a character code page 866 lacks.
var ErrText = errors.New("not in code page 866")

// high866 is the upper half of code page 866.
var high866 = []rune("АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмноп" +
	"░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" +
	"рстуфхцчшщъыьэюяЁёЄєЇїЎў°∙·√№¤■\u00a0")

// utf8Of866 is the UTF-8 form of every byte of the page, cyrillic866 the byte of
// the letters U+0400 to U+045F: nearly all there is to encode. second866 finds
// it by the two bytes of UTF-8.
var (
	utf8Of866   = buildUTF8()
	cyrillic866 = buildCyrillic()
	second866   = buildSecond()
)

const firstCyrillic, lastCyrillic = 0x400, 0x45F

func buildUTF8() *[128]string {
	var t [128]string
	for i, r := range high866 {
		t[i] = string(r)
	}
	return &t
}

func buildCyrillic() *[lastCyrillic - firstCyrillic + 1]byte {
	var t [lastCyrillic - firstCyrillic + 1]byte
	for i, r := range high866 {
		if r >= firstCyrillic && r <= lastCyrillic {
			t[r-firstCyrillic] = byte(0x80 + i)
		}
	}
	return &t
}

// buildSecond is cyrillic866 by the two bytes of UTF-8: U+0400 to U+043F are D0
// 80 to D0 BF, U+0440 to U+045F are D1 80 to D1 9F.
func buildSecond() *[2][256]byte {
	var t [2][256]byte
	for i, c := range buildCyrillic() {
		t[i>>6][0x80|i&0x3F] = c
	}
	return &t
}

func encodeRune(r rune) (byte, bool) {
	switch {
	case r < 0x80 && r >= 0:
		return byte(r), true
	case r >= firstCyrillic && r <= lastCyrillic:
		c := cyrillic866[r-firstCyrillic]
		return c, c != 0
	}
	for i, c := range high866 {
		if c == r {
			return byte(0x80 + i), true
		}
	}
	return 0, false
}

// AppendText writes text in code page 866. A character that the page lacks is
// [ErrText] and is named; [Fit] first replaces those that have a look-alike.
func AppendText(dst []byte, s string) ([]byte, error) {
	for _, r := range s {
		if r >= firstCyrillic && r <= lastCyrillic {
			if c := cyrillic866[r-firstCyrillic]; c != 0 {
				dst = append(dst, c)
				continue
			}
		}
		c, ok := encodeRune(r)
		if !ok {
			return dst, fmt.Errorf("%q in %q: %w", r, s, ErrText)
		}
		dst = append(dst, c)
	}
	return dst, nil
}

// DecodeText reads code page 866; every byte has a meaning.
func DecodeText(b []byte) string {
	n := 0
	for _, c := range b {
		n++
		if c >= 0x80 {
			n += len(utf8Of866[c-0x80]) - 1
		}
	}
	if n == len(b) {
		return string(b)
	}
	var s strings.Builder
	s.Grow(n)
	for _, c := range b {
		if c < 0x80 {
			s.WriteByte(c)
		} else {
			s.WriteString(utf8Of866[c-0x80])
		}
	}
	return s.String()
}

// lookalikes replaces what names of goods and shops often have and the page
// lacks. Letters of other languages are not here: a name is not respelt
// silently.
var lookalikes = map[rune]string{
	'«': `"`, '»': `"`, '“': `"`, '”': `"`, '„': `"`, '‘': "'", '’': "'",
	'–': "-", '—': "-", '−': "-", '‑': "-", '…': "...", '•': "·", '₽': "р.", '×': "x", '±': "+-",
	'®': "(R)", '©': "(C)", '™': "(TM)", '½': "1/2", '¼': "1/4", '¾': "3/4", '²': "2", '³': "3",
	'\t': " ", '\n': " ", '\r': "", '\u202f': " ", '\u2009': " ", '\u200b': "", '\ufeff': "", '\u00ad': "",
}

// Fit replaces the typographic characters that code page 866 lacks by what is
// read the same. Whatever else it lacks stays, for [AppendText] to name.
func Fit(s string) string {
	for i, r := range s {
		if alike(r) {
			return s[:i] + fit(s[i:])
		}
	}
	return s
}

func fit(s string) string {
	var b strings.Builder
	for _, r := range s {
		if other, ok := lookalikes[r]; ok {
			b.WriteString(other)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// alike tells whether a character has a look-alike, quickly for nearly all text.
func alike(r rune) bool {
	if r >= ' ' && r < 0x80 || r >= firstCyrillic && r <= lastCyrillic {
		return false
	}
	_, ok := lookalikes[r]
	return ok
}

// appendFitted writes Fit(s). It reads the two bytes of a Russian letter
// itself: names are most of a receipt.
func appendFitted(dst []byte, s string) ([]byte, error) {
	for whole := s; ; {
		var read int
		dst, read = appendPlain(dst, s)
		if s = s[read:]; s == "" {
			return dst, nil
		}
		r, size := utf8.DecodeRuneInString(s)
		other, ok := lookalikes[r]
		if !ok {
			other = s[:size]
		}
		var err error
		if dst, err = AppendText(dst, other); err != nil {
			return dst, fmt.Errorf("%q in %q: %w", r, whole, ErrText)
		}
		s = s[size:]
	}
}

// appendPlain writes the beginning of s that is printable ASCII and Russian,
// and says how many bytes of s that took.
func appendPlain(dst []byte, s string) (out []byte, read int) {
	dst = slices.Grow(dst, len(s))
	free := dst[len(dst):cap(dst)]
	n := 0
	for read < len(s) && n < len(free) {
		c := s[read]
		if c-' ' < 0x80-' ' {
			free[n] = c
			n++
			read++
			continue
		}
		if c&0xFE != 0xD0 || read+1 >= len(s) {
			break
		}
		c = second866[c&1][s[read+1]]
		if c == 0 {
			break
		}
		free[n] = c
		n++
		read += 2
	}
	return dst[:len(dst)+n], read
}
