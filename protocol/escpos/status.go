package escpos

import "fmt"

// Status is what a printer says of itself, from the four answers of DLE EOT.
type Status struct {
	Offline       bool // takes no data, or takes it without printing
	Waiting       bool // waits to be brought on line
	CoverOpen     bool
	FeedPressed   bool
	PaperOut      bool
	NearEnd       bool // the roll is about to end
	Error         bool // one of the four below, or one it does not name
	Recoverable   bool // can be left with DLE ENQ
	Cutter        bool // the knife is stuck
	Unrecoverable bool // only switching off may help
	Hot           bool // the head is too hot; it recovers by itself
	DrawerPin     bool // level of pin 3 of the drawer's connector
}

// Ready tells whether the printer prints what it is sent.
func (s Status) Ready() bool {
	ill := s.Offline || s.Waiting || s.CoverOpen || s.PaperOut || s.Error || s.Recoverable || s.Cutter || s.Unrecoverable || s.Hot
	return !ill
}

// Bits that are the same in every answer to DLE EOT: bit 1 and bit 4 set, bits 0 and 7 clear.
const (
	realTimeMask  = 0x93
	realTimeFixed = 0x12
)

// RealTime gives the answer to DLE EOT n, 0 for an n there is not.
func (s Status) RealTime(n byte) byte {
	b := byte(realTimeFixed)
	set := func(on bool, mask byte) {
		if on {
			b |= mask
		}
	}
	switch n {
	case 1:
		set(s.DrawerPin, 0x04)
		set(s.Offline, 0x08)
		set(s.Waiting, 0x20)
		set(s.FeedPressed, 0x40)
	case 2:
		set(s.CoverOpen, 0x04)
		set(s.FeedPressed, 0x08)
		set(s.PaperOut, 0x20)
		set(s.Error, 0x40)
	case 3:
		set(s.Recoverable, 0x04)
		set(s.Cutter, 0x08)
		set(s.Unrecoverable, 0x20)
		set(s.Hot, 0x40)
	case 4:
		set(s.NearEnd, 0x0C)
		set(s.PaperOut, 0x60)
	default:
		return 0
	}
	return b
}

// TakeRealTime reads the answer to DLE EOT n into the status.
func (s *Status) TakeRealTime(n, b byte) error {
	if b&realTimeMask != realTimeFixed {
		return fmt.Errorf("%02Xh is no answer to DLE EOT %d", b, n)
	}
	switch n {
	case 1:
		s.DrawerPin, s.Offline, s.Waiting = b&0x04 != 0, b&0x08 != 0, b&0x20 != 0
	case 2:
		s.CoverOpen, s.FeedPressed, s.Error = b&0x04 != 0, b&0x08 != 0, b&0x40 != 0
		s.PaperOut = s.PaperOut || b&0x20 != 0
	case 3:
		s.Recoverable, s.Cutter, s.Unrecoverable, s.Hot = b&0x04 != 0, b&0x08 != 0, b&0x20 != 0, b&0x40 != 0
	case 4:
		s.NearEnd = b&0x0C != 0
		s.PaperOut = s.PaperOut || b&0x60 != 0
	default:
		return fmt.Errorf("there is no DLE EOT %d", n)
	}
	return nil
}

// Paper gives the answer to GS r 1.
func (s Status) Paper() byte {
	var b byte
	if s.NearEnd {
		b |= 0x03
	}
	if s.PaperOut {
		b |= 0x0C
	}
	return b
}

// TakePaper reads the answer to GS r 1.
func (s *Status) TakePaper(b byte) { s.NearEnd, s.PaperOut = b&0x03 != 0, b&0x0C != 0 }

// Auto gives the four bytes of the automatic status (GS a).
func (s Status) Auto() [4]byte {
	a := [4]byte{0x10, 0, 0, 0}
	set := func(i int, on bool, mask byte) {
		if on {
			a[i] |= mask
		}
	}
	set(0, s.DrawerPin, 0x04)
	set(0, s.Offline, 0x08)
	set(0, s.CoverOpen, 0x20)
	set(0, s.FeedPressed, 0x40)
	set(1, s.Waiting, 0x01)
	set(1, s.Recoverable, 0x04)
	set(1, s.Cutter, 0x08)
	set(1, s.Unrecoverable, 0x20)
	set(1, s.Hot, 0x40)
	set(2, s.NearEnd, 0x03)
	set(2, s.PaperOut, 0x0C)
	return a
}

// TakeAuto reads the four bytes of the automatic status.
func (s *Status) TakeAuto(a [4]byte) {
	*s = Status{
		DrawerPin: a[0]&0x04 != 0, Offline: a[0]&0x08 != 0, CoverOpen: a[0]&0x20 != 0, FeedPressed: a[0]&0x40 != 0,
		Waiting: a[1]&0x01 != 0, Recoverable: a[1]&0x04 != 0, Cutter: a[1]&0x08 != 0, Unrecoverable: a[1]&0x20 != 0, Hot: a[1]&0x40 != 0,
		NearEnd: a[2]&0x03 != 0, PaperOut: a[2]&0x0C != 0,
	}
	s.Error = s.Recoverable || s.Cutter || s.Unrecoverable || s.Hot
}

// AnswerKind sorts what a printer sends.
type AnswerKind uint8

// Kinds of answers.
const (
	AnswerOther    AnswerKind = iota // noise, or an answer to something never asked here
	AnswerRealTime                   // one byte, to DLE EOT
	AnswerPaper                      // one byte, to GS r
	AnswerAuto                       // four bytes, sent when something changes
	AnswerText                       // _ … NUL, to GS I
	AnswerFlow                       // XON or XOFF
)

// Answer is one thing a printer said.
type Answer struct {
	Kind  AnswerKind
	Bytes []byte
}

// maxText bounds an answer of kind AnswerText: 80 letters between its head and its NUL.
const maxText = 82

// Answers tells the answers of a printer apart, however they are split.
// The zero value is ready.
type Answers struct{ buf []byte }

// Feed takes what was read and returns the answers that are whole.
func (a *Answers) Feed(b []byte) []Answer {
	var out []Answer
	for _, c := range b {
		a.buf = append(a.buf, c)
		kind, whole := sortAnswer(a.buf)
		if whole {
			out = append(out, Answer{Kind: kind, Bytes: a.buf})
			a.buf = nil
		}
	}
	return out
}

// Reset forgets a part of an answer.
func (a *Answers) Reset() { a.buf = nil }

// sortAnswer tells answers apart by the fixed bits of their first byte:
// XX0X0010b & 93h is 12h for DLE EOT, 10h for the automatic status; GS r has
// bits 4 and 7 clear.
func sortAnswer(b []byte) (kind AnswerKind, whole bool) {
	first := b[0]
	switch {
	case first == 0x11 || first == 0x13:
		return AnswerFlow, true
	case first == '_':
		if len(b) > maxText {
			return AnswerOther, true
		}
		return AnswerText, len(b) > 1 && b[len(b)-1] == NUL
	case first&realTimeMask == realTimeFixed:
		return AnswerRealTime, true
	case first&realTimeMask == 0x10:
		if len(b) > 1 && b[len(b)-1]&0x90 != 0 {
			return AnswerOther, true
		}
		return AnswerAuto, len(b) == 4
	case first&0x90 == 0:
		return AnswerPaper, true
	}
	return AnswerOther, true
}
