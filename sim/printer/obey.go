package printer

import (
	"unicode/utf8"

	"rsc.io/qr"

	"github.com/chekan-io/chekan/protocol/escpos"
	"github.com/chekan-io/chekan/protocol/escpos/glyph"
)

// state is what commands have set; ESC @ and power set it back.
type state struct {
	page    int
	style   style
	font    int
	align   escpos.Align
	spacing int // dots from line to line
	qrDots  int
	qrLevel escpos.QRLevel
	qrData  string
	line    row // not printed yet
}

// style is how a letter looks.
type style struct {
	bold, inverse, underline bool
	wide, high               int
}

// usualSpacing is the distance of lines before ESC 3, in dots.
const usualSpacing = 30

func (s *state) reset() {
	*s = state{style: style{wide: 1, high: 1}, spacing: usualSpacing, qrDots: 3, qrLevel: escpos.LevelL}
}

// obey carries out one command. It returns how many lines of paper it took, or
// -1 when there is no paper for it.
func (d *Device) obey(c escpos.Command) int {
	s := &d.state
	switch c.Op {
	case escpos.OpText:
		s.line.add(d.letters(c.Data), s.style)
	case escpos.OpLineFeed:
		return d.feed(1)
	case escpos.OpFeed:
		n := d.feed(c.N)
		if n >= 0 && d.opts.Profile.Cut == escpos.CutNone && c.N >= tearFeed {
			d.finish() // somebody tears it off
		}
		return n
	case escpos.OpFeedDots:
		return d.feed((c.N + glyph.Height - 1) / glyph.Height)
	case escpos.OpTab:
		s.line.add(" ", s.style)
	case escpos.OpInit:
		// A new slip over the rest of an old one: the old one never ended.
		d.slip.Torn = d.slip.started()
		s.reset()
	case escpos.OpCut:
		if d.opts.Profile.Cut == escpos.CutNone {
			return 0
		}
		if s.line.started() {
			if n := d.feed(1); n < 0 {
				return n
			}
		}
		d.finish()
	case escpos.OpRaster:
		return d.raster(c)
	case escpos.OpQRPrint:
		return d.qr()
	case escpos.OpDrawer:
		d.drawer++
	case escpos.OpBarcode:
		s.line.add("["+string(c.Data)+"]", s.style)
		return d.feed(1)
	case escpos.OpStatus, escpos.OpAutoStatus, escpos.OpIdentify:
		d.answer(c)
	default:
		d.set(c)
	}
	return 0
}

// tearFeed is the least feed that somebody who has no knife waits for to tear the paper.
const tearFeed = 4

// set carries out a command that changes how what follows looks.
func (d *Device) set(c escpos.Command) {
	s := &d.state
	switch c.Op {
	case escpos.OpCodePage:
		s.page = c.N
	case escpos.OpAlign:
		s.align = escpos.Align(c.N % 3)
	case escpos.OpBold:
		s.style.bold = c.N != 0
	case escpos.OpUnderline:
		s.style.underline = c.N&3 != 0
	case escpos.OpInverse:
		s.style.inverse = c.N&1 != 0
	case escpos.OpFont:
		s.font = c.N
	case escpos.OpSize:
		s.style.wide, s.style.high = (c.N>>4)&7+1, c.N&7+1
	case escpos.OpMode:
		s.style.bold, s.style.underline = c.N&0x08 != 0, c.N&0x80 != 0
		s.style.high, s.style.wide = 1+(c.N>>4)&1, 1+(c.N>>5)&1
	case escpos.OpSpacing:
		s.spacing = usualSpacing
		if len(c.Args) > 0 {
			s.spacing = c.N
		}
	case escpos.OpQRSize:
		s.qrDots = min(max(c.N, 1), 16)
	case escpos.OpQRLevel:
		s.qrLevel = escpos.QRLevel(c.N)
	case escpos.OpQRStore:
		s.qrData = string(c.Data)
	}
}

// letters reads bytes by the page that is chosen: Cyrillic only by the one the printer has it in.
func (d *Device) letters(b []byte) string {
	p := d.opts.Profile
	if p.Cyrillic() && d.state.page == int(p.CodePage) {
		return p.Charset.Decode(b)
	}
	return escpos.Raster.Decode(b)
}

func (d *Device) answer(c escpos.Command) {
	if c.Op == escpos.OpAutoStatus {
		d.auto = c.N != 0
		d.told = d.status().Auto()
	}
	if d.session == nil {
		return
	}
	switch {
	case c.Op == escpos.OpAutoStatus && d.auto:
		d.session.say(d.told[:])
	case c.Op == escpos.OpStatus && c.N == 1:
		d.session.say([]byte{d.status().Paper()})
	case c.Op == escpos.OpStatus:
		d.session.say([]byte{0})
	case c.Op == escpos.OpIdentify && c.N >= 65:
		d.session.say([]byte("_CHEKAN " + d.opts.Profile.Name + "\x00"))
	case c.Op == escpos.OpIdentify:
		d.session.say([]byte{0x20})
	}
}

// use takes lines off the roll.
func (d *Device) use(lines int) { d.paper = max(d.paper-lines, 0) }

// feed prints the line there is and goes n lines on.
func (d *Device) feed(n int) int {
	if d.paper <= 0 {
		return -1
	}
	s := &d.state
	lines := 0
	if s.line.started() {
		for _, part := range s.line.split(d.opts.Profile.Dots / glyph.Width) {
			d.slip.add(element{kind: letters, row: part, align: s.align, spacing: s.spacing})
			lines += part.high()
		}
		s.line = row{}
		n--
	}
	for range n {
		d.slip.add(element{kind: letters, spacing: s.spacing})
	}
	lines += max(n, 0)
	d.use(lines)
	return lines
}

func linesOf(dots int) int { return (dots + glyph.Height - 1) / glyph.Height }

func (d *Device) raster(c escpos.Command) int {
	if d.paper <= 0 {
		return -1
	}
	m := escpos.Bitmap{Width: 8 * (int(c.Args[1]) | int(c.Args[2])<<8), Height: int(c.Args[3]) | int(c.Args[4])<<8, Bits: c.Data}
	if mode := c.N & 3; mode != 0 {
		m = enlarge(m, 1+mode&1, 1+(mode>>1))
	}
	if m.Height == 0 || m.Width == 0 {
		return 0
	}
	d.slip.add(element{kind: picture, image: m, align: d.state.align})
	d.use(linesOf(m.Height))
	return linesOf(m.Height)
}

func enlarge(m escpos.Bitmap, wide, high int) escpos.Bitmap {
	out := escpos.NewBitmap(m.Width*wide, m.Height*high)
	for y := range out.Height {
		for x := range out.Width {
			if m.At(x/wide, y/high) {
				out.Set(x, y)
			}
		}
	}
	return out
}

// levels are the levels of GS ( k as the coder names them.
var levels = map[escpos.QRLevel]qr.Level{escpos.LevelL: qr.L, escpos.LevelM: qr.M, escpos.LevelQ: qr.Q, escpos.LevelH: qr.H}

// qr prints the code that was stored.
func (d *Device) qr() int {
	if d.paper <= 0 {
		return -1
	}
	s := &d.state
	code, err := qr.Encode(s.qrData, levels[s.qrLevel])
	if err != nil || s.qrData == "" {
		return 0 // a real printer prints nothing either
	}
	side := code.Size * s.qrDots
	d.slip.add(element{kind: code2D, code: code, image: escpos.Bitmap{Width: side, Height: side}, text: s.qrData, align: s.align})
	d.use(linesOf(side))
	return linesOf(side)
}

// finish ends the slip: it is cut off.
func (d *Device) finish() {
	if !d.slip.started() {
		d.slip = new(Slip)
		return
	}
	d.slip.Cut = true
	d.slips = append(d.slips, *d.slip)
	if len(d.slips) > d.opts.Keep {
		d.slips = d.slips[len(d.slips)-d.opts.Keep:]
	}
	d.slip = new(Slip)
}

// row is a line of letters being put together.
type row struct{ runs []run }

type run struct {
	text string
	style
}

func (r *row) started() bool { return len(r.runs) > 0 }

func (r *row) add(text string, s style) {
	if n := len(r.runs); n > 0 && r.runs[n-1].style == s {
		r.runs[n-1].text += text
		return
	}
	r.runs = append(r.runs, run{text, s})
}

// columns is how many letters of ordinary width the line takes.
func (r *row) columns() int {
	n := 0
	for _, x := range r.runs {
		n += utf8.RuneCountInString(x.text) * x.wide
	}
	return n
}

func (r *row) high() int {
	n := 1
	for _, x := range r.runs {
		n = max(n, x.high)
	}
	return n
}

// split breaks a line that is wider than the paper, as printers do: at the edge, words or no words.
func (r *row) split(columns int) []row {
	if r.columns() <= columns {
		return []row{*r}
	}
	out := []row{{}}
	left := columns
	for _, x := range r.runs {
		for _, c := range x.text {
			if left < x.wide {
				out = append(out, row{})
				left = columns
			}
			left -= x.wide
			out[len(out)-1].add(string(c), x.style)
		}
	}
	return out
}

func (r *row) text() string {
	s := ""
	for _, x := range r.runs {
		s += x.text
	}
	return s
}
