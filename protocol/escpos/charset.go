package escpos

import (
	"golang.org/x/text/encoding/charmap"
)

// Charset is a Cyrillic code page of a printer.
type Charset uint8

// Charsets.
const (
	// Raster: the printer has no Cyrillic letters; text goes as an image.
	Raster Charset = iota
	// CP866 is the page of DOS, which fiscal documents use too.
	CP866
	// CP1251 is the page of Windows.
	CP1251
)

// String names the page.
func (c Charset) String() string {
	switch c {
	case CP866:
		return "CP866"
	case CP1251:
		return "Windows-1251"
	case Raster:
	}
	return "raster"
}

func (c Charset) page() *charmap.Charmap {
	switch c {
	case CP866:
		return charmap.CodePage866
	case CP1251:
		return charmap.Windows1251
	case Raster:
	}
	return nil
}

// stand are letters that one page or the other lacks, with what stands for
// them: always one for one, so that columns stay where they are.
var stand = map[rune]byte{
	'«': '"', '»': '"', '“': '"', '”': '"', '„': '"', '‘': '\'', '’': '\'', '—': '-', '–': '-', '−': '-', '×': 'x', '…': '.',
	'\u00a0': ' ', '\u202f': ' ', '\u2009': ' ', '\t': ' ', '•': '*', '·': '.', '№': 'N', '≡': '=',
}

// rouble is р of either page: the sign ₽ is in neither.
const rouble = 'р'

// Encode turns text into letters of the page, one byte each. What the page
// lacks becomes the nearest letter, or a question mark; control characters
// become spaces, so that no text can be a command.
func (c Charset) Encode(dst []byte, s string) []byte {
	page := c.page()
	for _, r := range s {
		if r == '₽' {
			r = rouble
		}
		switch {
		case r >= 0x20 && r < 0x7F:
			dst = append(dst, byte(r))
			continue
		case r < 0x20 || r == 0x7F:
			dst = append(dst, ' ')
			continue
		case page != nil:
			if b, ok := page.EncodeRune(r); ok {
				dst = append(dst, b)
				continue
			}
		}
		if b, ok := stand[r]; ok {
			dst = append(dst, b)
		} else {
			dst = append(dst, '?')
		}
	}
	return dst
}

// Decode reads letters of the page.
func (c Charset) Decode(b []byte) string {
	page := c.page()
	out := make([]rune, 0, len(b))
	for _, x := range b {
		switch {
		case x < 0x80:
			out = append(out, rune(x))
		case page != nil:
			out = append(out, page.DecodeByte(x))
		default:
			out = append(out, '?')
		}
	}
	return string(out)
}
