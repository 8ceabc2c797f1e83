// Package escpos is the language of receipt printers, both ways: an [Encoder]
// writes it, a [Parser] reads it as a printer does, [Status] is what a printer
// says of itself, and [Render] turns a slip into blocks for a printer whose
// [Profile] is known. Command names are those of the ESC/POS command reference.
//
// # Real-time commands
//
// DLE EOT, DLE ENQ and DLE DC4 are obeyed when they are received, not when
// their turn comes: a printer without paper still answers them. Printers of
// Epson look for them in every byte that arrives, images included; many clones
// skip the data of an image by its length. A Parser does either (see
// [Parser.RealTimeInData]); an Encoder writes no image that contains one by
// chance, so that both kinds of printer read the same thing.
//
// # What a printer does not promise
//
// There is no transaction: bytes taken are not lines printed. The only proof is
// GS r, a question that waits its turn in the printer's buffer: whoever hears
// its answer knows that everything before it was carried out. Nothing here
// decides what to do about it; that is package drivers/printer.
//
// # What this package does not do
//
// It has no wire and no clock, and knows nothing of fiscal documents.
package escpos

// Control bytes.
const (
	NUL = 0x00
	EOT = 0x04
	ENQ = 0x05
	HT  = 0x09
	LF  = 0x0A
	FF  = 0x0C
	CR  = 0x0D
	DLE = 0x10
	DC4 = 0x14
	CAN = 0x18
	ESC = 0x1B
	FS  = 0x1C
	GS  = 0x1D
)

// Align is ESC a.
type Align byte

// Alignments.
const (
	Left Align = iota
	Centre
	Right
)

// Enquiry is DLE ENQ: how a printer leaves an error it can leave.
type Enquiry byte

// Enquiries.
const (
	// Resume goes on from the line where the error happened.
	Resume Enquiry = 1
	// Discard drops what is in the buffers.
	Discard Enquiry = 2
)

// Encoder writes commands one after another. The zero value is ready.
type Encoder struct{ buf []byte }

// Bytes returns what was written; it is the Encoder's own until Reset.
func (e *Encoder) Bytes() []byte { return e.buf }

// Len is how many bytes were written.
func (e *Encoder) Len() int { return len(e.buf) }

// Take returns what was written and begins anew.
func (e *Encoder) Take() []byte {
	b := e.buf
	e.buf = nil
	return b
}

func (e *Encoder) put(b ...byte) *Encoder {
	e.buf = append(e.buf, b...)
	return e
}

func flag(on bool) byte {
	if on {
		return 1
	}
	return 0
}

// Init is ESC @: modes of power-on. It leaves neither an error nor the paper-out state.
func (e *Encoder) Init() *Encoder { return e.put(ESC, '@') }

// CodePage is ESC t.
func (e *Encoder) CodePage(n byte) *Encoder { return e.put(ESC, 't', n) }

// NoKanji is FS . : bytes above 7Fh are single letters. Printers for Asia need it, others skip it.
func (e *Encoder) NoKanji() *Encoder { return e.put(FS, '.') }

// Align is ESC a.
func (e *Encoder) Align(a Align) *Encoder { return e.put(ESC, 'a', byte(a)) }

// Bold is ESC E.
func (e *Encoder) Bold(on bool) *Encoder { return e.put(ESC, 'E', flag(on)) }

// Underline is ESC -, 0 to 2 dots.
func (e *Encoder) Underline(dots byte) *Encoder { return e.put(ESC, '-', dots) }

// Font is ESC M: 0 is font A.
func (e *Encoder) Font(n byte) *Encoder { return e.put(ESC, 'M', n) }

// Size is GS !, 1 to 8 times the font.
func (e *Encoder) Size(width, height int) *Encoder {
	return e.put(GS, '!', byte((width-1)&7)<<4|byte((height-1)&7))
}

// Spacing is ESC 3, the height of a line in motion units; 0 restores the printer's own (ESC 2).
func (e *Encoder) Spacing(units byte) *Encoder {
	if units == 0 {
		return e.put(ESC, '2')
	}
	return e.put(ESC, '3', units)
}

// Text writes letters as they are; see [Charset.Encode].
func (e *Encoder) Text(b []byte) *Encoder { return e.put(b...) }

// NewLine prints the line and feeds it.
func (e *Encoder) NewLine() *Encoder { return e.put(LF) }

// Feed is ESC d.
func (e *Encoder) Feed(lines byte) *Encoder { return e.put(ESC, 'd', lines) }

// Cut is GS V 65 or 66: feeds to the knife and cuts, leaving a bridge when partial.
func (e *Encoder) Cut(partial bool) *Encoder { return e.put(GS, 'V', 65+flag(partial), 0) }

// Drawer is ESC p: a pulse on connector pin 2 (0) or 5 (1), in units of 2 ms.
func (e *Encoder) Drawer(pin, on, off byte) *Encoder { return e.put(ESC, 'p', pin, on, off) }

// QRLevel is the level of error correction.
type QRLevel byte

// Levels as GS ( k takes them.
const (
	LevelL QRLevel = '0' + iota
	LevelM
	LevelQ
	LevelH
)

// QR stores and prints a QR code of model 2, GS ( k functions 165, 167, 169, 180, 181.
func (e *Encoder) QR(data string, dots byte, level QRLevel) *Encoder {
	e.put(GS, '(', 'k', 4, 0, '1', 'A', '2', 0)
	e.put(GS, '(', 'k', 3, 0, '1', 'C', dots)
	e.put(GS, '(', 'k', 3, 0, '1', 'E', byte(level))
	n := len(data) + 3
	e.put(GS, '(', 'k', byte(n), byte(n>>8), '1', 'P', '0').put([]byte(data)...)
	return e.put(GS, '(', 'k', 3, 0, '1', 'Q', '0')
}

// Raster is GS v 0: an image at the printer's own resolution. See the package
// comment for what happens to real-time commands in it.
func (e *Encoder) Raster(m Bitmap) *Encoder {
	stride := m.Stride()
	e.put(GS, 'v', '0', 0, byte(stride), byte(stride>>8), byte(m.Height), byte(m.Height>>8))
	from := len(e.buf)
	e.put(m.Bits...)
	defuse(e.buf[from:])
	return e
}

// defuse alters one dot of every real-time command that an image contains by chance.
func defuse(data []byte) {
	for i := 0; i+1 < len(data); i++ {
		if data[i] == DLE && (data[i+1] == EOT || data[i+1] == ENQ || data[i+1] == DC4) {
			data[i+1] |= 0x08
		}
	}
}

// RealTimeStatus is DLE EOT n, n from 1 to 4.
func (e *Encoder) RealTimeStatus(n byte) *Encoder { return e.put(DLE, EOT, n) }

// Recover is DLE ENQ.
func (e *Encoder) Recover(how Enquiry) *Encoder { return e.put(DLE, ENQ, byte(how)) }

// AskPaper is GS r 1: the paper sensors, answered when everything before it is done.
func (e *Encoder) AskPaper() *Encoder { return e.put(GS, 'r', 1) }

// AutoStatus is GS a: which changes the printer reports by itself.
func (e *Encoder) AutoStatus(what byte) *Encoder { return e.put(GS, 'a', what) }

// Identify is GS I.
func (e *Encoder) Identify(n byte) *Encoder { return e.put(GS, 'I', n) }

// MaxHead is more than the head of any command has, up to where its data begin.
// A printer that lost the end of a head with its link must get NULs before
// anything else: other bytes could say that megabytes of data follow.
const MaxHead = 16

// Resync is what brings back to its senses a printer that lost the end of a
// command with its link: as many NULs as may be missing (at most [MaxBlock] of a
// block of [Render]) end any command half received, and mean nothing outside of one.
func (e *Encoder) Resync(missing int) *Encoder { return e.put(make([]byte, missing)...) }

// Bitmap is an image of one bit a dot, 1 is black, rows padded to whole bytes.
type Bitmap struct {
	Width, Height int
	Bits          []byte
}

// NewBitmap makes a white image.
func NewBitmap(width, height int) Bitmap {
	m := Bitmap{Width: width, Height: height}
	m.Bits = make([]byte, m.Stride()*height)
	return m
}

// Stride is how many bytes a row takes.
func (m Bitmap) Stride() int { return (m.Width + 7) / 8 }

// At tells whether a dot is black; outside of the image all is white.
func (m Bitmap) At(x, y int) bool {
	return x >= 0 && y >= 0 && x < m.Width && y < m.Height && m.Bits[y*m.Stride()+x/8]&(0x80>>(x%8)) != 0
}

// Set blackens a dot; outside of the image nothing happens.
func (m Bitmap) Set(x, y int) {
	if x >= 0 && y >= 0 && x < m.Width && y < m.Height {
		m.Bits[y*m.Stride()+x/8] |= 0x80 >> (x % 8)
	}
}

// Rows returns a part of the image, sharing its dots.
func (m Bitmap) Rows(from, to int) Bitmap {
	return Bitmap{Width: m.Width, Height: to - from, Bits: m.Bits[from*m.Stride() : to*m.Stride()]}
}
