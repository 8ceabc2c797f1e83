package shtrih

import (
	"fmt"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// CodePage is a one-byte encoding of text.
type CodePage uint8

// Code pages of the protocol.
const (
	Windows1251 CodePage = iota // everything printed and every table field
	CP866                       // strings inside TLV (FFD)
)

func (p CodePage) charmap() *charmap.Charmap {
	if p == CP866 {
		return charmap.CodePage866
	}
	return charmap.Windows1251
}

// The one byte Windows-1251 leaves undefined stands for the control character
// of the same number, so that any bytes survive a round trip.
const undefined1251 = 0x98

// Decode turns bytes into text; every byte has a meaning.
func (p CodePage) Decode(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		if p == Windows1251 && c == undefined1251 {
			s.WriteRune(undefined1251)
			continue
		}
		s.WriteRune(p.charmap().DecodeByte(c))
	}
	return s.String()
}

// Encode turns text into bytes. A character the page does not have is
// [ErrText]; [CodePage.Fit] prepares text from outside.
func (p CodePage) Encode(s string) ([]byte, error) {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		c, ok := p.encodeRune(r)
		if !ok {
			return nil, fmt.Errorf("%w: %q in %q", ErrText, r, s)
		}
		b = append(b, c)
	}
	return b, nil
}

func (p CodePage) encodeRune(r rune) (byte, bool) {
	if p == Windows1251 && r == undefined1251 {
		return undefined1251, true
	}
	return p.charmap().EncodeRune(r)
}

// lookalikes replaces characters that names of goods often have and the code
// pages do not. The Kazakh letters become the Russian ones people read them
// as; a driver of a Kazakh device must not use this.
var lookalikes = map[rune]string{
	'«': "\"", '»': "\"", '“': "\"", '”': "\"", '„': "\"", '‘': "'", '’': "'", '–': "-", '—': "-", '−': "-", '…': "...",
	'₽': "р.", '₸': "тг", '№': "N", '×': "x", '®': "(R)", '©': "(C)", '™': "(TM)", '\t': " ", '\n': " ", '\r': "",
	'ә': "а", 'ғ': "г", 'қ': "к", 'ң': "н", 'ө': "о", 'ұ': "у", 'ү': "у", 'һ': "х", 'і': "и",
	'Ә': "А", 'Ғ': "Г", 'Қ': "К", 'Ң': "Н", 'Ө': "О", 'Ұ': "У", 'Ү': "У", 'Һ': "Х", 'І': "И",
}

// Fit makes text encodable: what the page lacks becomes a look-alike or '?',
// and control characters, which nothing prints, are dropped.
func (p CodePage) Fit(s string) string {
	var out strings.Builder
	for _, r := range s {
		if c, ok := p.encodeRune(r); ok && c >= ' ' && r != undefined1251 {
			out.WriteRune(r)
			continue
		}
		if alike, ok := lookalikes[r]; ok {
			out.WriteString(alike)
		} else if r >= ' ' && r != undefined1251 {
			out.WriteByte('?')
		}
	}
	return out.String()
}

// Clip is the longest beginning of fitted text that takes at most n bytes.
func (p CodePage) Clip(s string, n int) string {
	runes := []rune(p.Fit(s))
	if len(runes) > n {
		runes = runes[:max(n, 0)]
	}
	return string(runes)
}

// Printed is the part of a text field that reaches paper: a zero ends it.
func Printed(s string) string {
	s, _, _ = strings.Cut(s, "\x00")
	return s
}
