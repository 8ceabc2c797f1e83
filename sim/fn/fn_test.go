package fn

import (
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/fn"
	"github.com/chekan-io/chekan/protocol/ofd"
	"github.com/chekan-io/chekan/sim/flash"
)

var ours = Registration{INN: "7702203276", RNM: "0000000005008570", TaxSystems: 0x3F, FFD: 2}

// bench is an accumulator with a clock of its own that keeps pace with the
// accumulator's timer.
type bench struct {
	t   *testing.T
	a   *Accumulator
	log flash.Log
	now time.Time
}

func newBench(t *testing.T, opts Options) *bench {
	t.Helper()
	b := &bench{t: t, log: &flash.Memory{}, now: time.Date(2026, 2, 2, 9, 0, 0, 0, time.UTC)}
	b.open(opts)
	b.must(b.a.Begin(CurrentRegistration, b.now))
	_, err := b.a.Register(b.now, ours)
	b.must(err)
	t.Cleanup(func() {
		if err := b.a.Verify(); err != nil {
			t.Errorf("archive: %v", err)
		}
	})
	return b
}

func (b *bench) open(opts Options) {
	b.t.Helper()
	a, err := Open(b.log, opts, b.now)
	b.must(err)
	b.a = a
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// pass lets time go by on both clocks.
func (b *bench) pass(d time.Duration) {
	b.now = b.now.Add(d)
	b.a.Age(d)
}

func (b *bench) openShift() error {
	if err := b.a.Begin(CurrentOpenShift, b.now); err != nil {
		return err
	}
	_, err := b.a.OpenShift()
	return err
}

func (b *bench) closeShift() error {
	if err := b.a.Begin(CurrentCloseShift, b.now); err != nil {
		return err
	}
	_, err := b.a.CloseShift()
	return err
}

func content(sum fiscal.Money) []byte {
	return ffd.Append(nil, ffd.Group(ffd.TagItem,
		ffd.Text(ffd.TagName, "Товар"), ffd.Sum(ffd.TagPrice, sum), ffd.Amount(ffd.TagQuantity, fiscal.One), ffd.Sum(ffd.TagItemSum, sum),
	), ffd.Sum(ffd.TagCash, sum))
}

func (b *bench) sell(sum fiscal.Money) (Document, error) {
	if err := b.a.Begin(CurrentReceipt, b.now); err != nil {
		return Document{}, err
	}
	if err := b.a.Add(content(sum)); err != nil {
		return Document{}, err
	}
	return b.a.Receipt(b.now, 1, sum)
}

func wantCode(t *testing.T, err error, want Error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

func TestShift(t *testing.T) {
	b := newBench(t, Options{})
	_, err := b.sell(100)
	wantCode(t, err, ErrState)
	b.must(b.openShift())
	wantCode(t, b.openShift(), ErrState)
	d, err := b.sell(100)
	b.must(err)
	if d.FD != 3 || d.Shift != 1 || d.Receipt != 1 {
		t.Errorf("%+v", d)
	}
	found, err := b.a.Find(3)
	b.must(err)
	if diff := cmp.Diff(d, found); diff != "" {
		t.Error(diff)
	}
	_, err = b.a.Find(4)
	wantCode(t, err, ErrNoData)
	b.must(b.closeShift())
	if open, shift, receipt := b.a.Shift(); open || shift != 1 || receipt != 1 {
		t.Errorf("shift %v %d %d", open, shift, receipt)
	}
	b.must(b.openShift())
	if _, shift, receipt := b.a.Shift(); shift != 2 || receipt != 0 {
		t.Errorf("shift %d, receipt %d", shift, receipt)
	}
}

func TestCounterMovesOnlyAtCommit(t *testing.T) {
	b := newBench(t, Options{})
	b.must(b.openShift())
	last := func() uint32 { return b.a.Status(b.now).LastFD }
	b.must(b.a.Begin(CurrentReceipt, b.now))
	b.must(b.a.Add(content(100)))
	if s := b.a.Status(b.now); s.LastFD != 2 || s.Current != CurrentReceipt || !s.HasData {
		t.Errorf("%+v", s)
	}
	b.must(b.a.Cancel())
	wantCode(t, b.a.Cancel(), ErrState)
	if last() != 2 {
		t.Errorf("cancelled document took number %d", last())
	}
	b.must(b.a.Begin(CurrentReceipt, b.now))
	b.a.PowerOff()
	if s := b.a.Status(b.now); s.Current != CurrentNone || s.LastFD != 2 {
		t.Errorf("after power-off %+v", s)
	}
	wantCode(t, b.a.Add(content(100)), ErrState)
}

func TestLimits(t *testing.T) {
	t.Run("24 hours", func(t *testing.T) {
		b := newBench(t, Options{})
		b.must(b.openShift())
		b.pass(24 * time.Hour)
		_, err := b.sell(100)
		b.must(err)
		b.pass(time.Minute)
		_, err = b.sell(100)
		wantCode(t, err, ErrShiftLong)
		b.must(b.closeShift())
	})
	t.Run("30 days", func(t *testing.T) {
		b := newBench(t, Options{})
		b.must(b.openShift())
		b.must(b.closeShift())
		b.pass(30*24*time.Hour + time.Minute)
		wantCode(t, b.openShift(), ErrThirty)
		n, err := b.a.Deliver(1, b.now)
		b.must(err)
		if n != 1 {
			t.Errorf("delivered %d", n)
		}
		wantCode(t, b.openShift(), ErrThirty) // the next one is as old
		_, err = b.a.Deliver(10, b.now)
		b.must(err)
		b.must(b.openShift())
	})
	t.Run("offline mode has no 30 days", func(t *testing.T) {
		b := &bench{t: t, log: &flash.Memory{}, now: time.Date(2026, 2, 2, 9, 0, 0, 0, time.UTC)}
		b.open(Options{})
		b.must(b.a.Begin(CurrentRegistration, b.now))
		reg := ours
		reg.Mode = 0x02
		_, err := b.a.Register(b.now, reg)
		b.must(err)
		b.pass(40 * 24 * time.Hour)
		b.must(b.openShift())
	})
	t.Run("storage", func(t *testing.T) {
		b := newBench(t, Options{MaxUnsent: 4})
		b.must(b.openShift())
		_, err := b.sell(1)
		b.must(err)
		_, err = b.sell(1)
		b.must(err)
		_, err = b.sell(1)
		wantCode(t, err, ErrStorage)
		b.must(b.closeShift())
	})
	t.Run("archive", func(t *testing.T) {
		b := newBench(t, Options{MaxFD: 4})
		b.must(b.openShift())
		_, err := b.sell(1)
		b.must(err)
		_, err = b.sell(1) // one place is kept for closing the shift
		wantCode(t, err, ErrFull)
		b.must(b.closeShift())
	})
	t.Run("service life", func(t *testing.T) {
		b := newBench(t, Options{Life: 29 * 24 * time.Hour})
		if w := b.a.Status(b.now).Warnings; w != WarnResource {
			t.Errorf("warnings %02Xh", w)
		}
		b.must(b.openShift())
		b.pass(29 * 24 * time.Hour)
		if w := b.a.Status(b.now).Warnings; w&WarnUrgent == 0 {
			t.Errorf("warnings %02Xh", w)
		}
		_, err := b.sell(1)
		wantCode(t, err, ErrExpired)
		b.must(b.closeShift())
	})
	t.Run("clock", func(t *testing.T) {
		b := newBench(t, Options{})
		b.pass(time.Hour)
		b.must(b.openShift())
		b.now = b.now.Add(6 * time.Minute) // the timer did not move
		_, err := b.sell(1)
		wantCode(t, err, ErrClock)
		b.now = b.now.Add(-8 * time.Minute)
		_, err = b.sell(1)
		wantCode(t, err, ErrTime)
		b.now = b.now.Add(6 * time.Minute)
		_, err = b.sell(1)
		b.must(err)
		b.a.PowerOff() // without power there is no timer to disagree with
		b.now = b.now.Add(10 * time.Hour)
		_, err = b.sell(1)
		b.must(err)
	})
	t.Run("too much data", func(t *testing.T) {
		b := newBench(t, Options{})
		b.must(b.a.Begin(CurrentOpenShift, b.now))
		wantCode(t, b.a.Add(ffd.Append(nil, ffd.Bytes(ffd.TagCashier, make([]byte, 1100)))), ErrTLVSize)
		wantCode(t, b.a.Add([]byte{1, 2, 3}), ErrCommand)
	})
}

func TestExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{})
		if q := b.a.Queue(); q.Count != 1 || q.FirstFD != 1 || q.Flags != HasMessage {
			t.Errorf("%+v", q)
		}
		_, err := b.a.Message()
		wantCode(t, err, ErrNoLink)
		b.a.Connect(true)
		msg, err := b.a.Message()
		b.must(err)
		b.must(b.a.EndRead())
		if q := b.a.Queue(); q.Flags != LinkUp|WaitingTicket {
			t.Errorf("%+v", q)
		}
		_, err = b.a.Message()
		wantCode(t, err, ErrNoData)
		// The accumulator waits 300 seconds, then offers the message again.
		b.a.Age(301 * time.Second)
		again, err := b.a.Message()
		b.must(err)
		if diff := cmp.Diff(msg, again); diff != "" {
			t.Error(diff)
		}
		b.must(b.a.EndRead())
		reason := func(change func([]byte)) byte {
			t.Helper()
			bad := MakeTicket(msg, b.now, 0)
			change(bad[ofd.HeaderSize:])
			_, err := b.a.Answer(bad)
			wantCode(t, err, ErrMessage)
			m, _ := errors.AsType[*MessageError](err)
			return m.Reason
		}
		seal := func(c []byte) {
			sum := codec.CRC16(append(append([]byte(nil), c[:2]...), c[4:]...))
			c[2], c[3] = byte(sum), byte(sum>>8)
		}
		for name, c := range map[string]struct {
			want   byte
			change func([]byte)
		}{
			"CRC":    {byte(codec.ReasonCRC), func(c []byte) { c[40] ^= 1 }},
			"number": {byte(codec.ReasonFD), func(c []byte) { c[19]++; seal(c) }},
			"FN":     {byte(codec.ReasonFN), func(c []byte) { c[9] ^= 0x10; seal(c) }},
			"mark":   {byte(codec.ReasonFormat), func(c []byte) { c[4] = 0xA5; seal(c) }},
			"sign":   {byte(codec.ReasonSign), func(c []byte) { c[len(c)-ofd.TrailerSize-1-2] ^= 1; seal(c) }},
		} {
			if got := reason(c.change); got != c.want {
				t.Errorf("%s: reason %d, want %d", name, got, c.want)
			}
		}
		code, err := b.a.Answer(MakeTicket(msg, b.now, 0))
		b.must(err)
		d, err := b.a.Find(1)
		b.must(err)
		if code != 0 || d.Ticket == nil || b.a.Unconfirmed() != 0 {
			t.Errorf("code %d, ticket %v, %d unconfirmed", code, d.Ticket, b.a.Unconfirmed())
		}
	})
}

func TestClosedArchive(t *testing.T) {
	b := newBench(t, Options{})
	b.must(b.a.Begin(CurrentCloseArchive, b.now))
	_, err := b.a.CloseArchive(b.now)
	b.must(err)
	if p := b.a.Status(b.now).Phase; p != PhasePostFiscal {
		t.Errorf("phase %d", p)
	}
	wantCode(t, b.openShift(), ErrState)
	_, err = b.a.Deliver(10, b.now)
	b.must(err)
	if p := b.a.Status(b.now).Phase; p != PhaseArchive {
		t.Errorf("phase %d", p)
	}
}

// A till that writes nothing when its memory refuses must not count either.
func TestFailedWrite(t *testing.T) {
	b := newBench(t, Options{})
	b.must(b.openShift())
	mem := b.log.(*flash.Memory)
	mem.FailWrites(errors.New("worn out"))
	_, err := b.sell(100)
	wantCode(t, err, ErrFailure)
	mem.FailWrites(nil)
	if last := b.a.Status(b.now).LastFD; last != 2 {
		t.Errorf("last document %d", last)
	}
}

func TestVerify_finds(t *testing.T) {
	b := newBench(t, Options{})
	b.must(b.openShift())
	for range 3 {
		_, err := b.sell(100)
		b.must(err)
	}
	b.must(b.closeShift())
	good := b.a.List()
	resign := func(d *Document) {
		d.FP = sign(d)
		doc, err := d.FFD()
		b.must(err)
		for i, f := range doc.Fields {
			if f.Tag == ffd.TagSign {
				doc.Fields[i] = ffd.Sign(d.FP)
			}
		}
		d.TLV = doc.Append(nil)
	}
	for name, spoil := range map[string]func(docs []Document) []Document{
		"gap":         func(docs []Document) []Document { return append(docs[:3:3], docs[4:]...) },
		"changed sum": func(docs []Document) []Document { docs[3].Sum++; return docs },
		"forged sum":  func(docs []Document) []Document { docs[3].Sum++; resign(&docs[3]); return docs },
		"no payment": func(docs []Document) []Document {
			doc, err := docs[3].FFD()
			b.must(err)
			doc.Fields = doc.Fields[:len(doc.Fields)-1]
			docs[3].TLV = doc.Append(nil)
			resign(&docs[3])
			return docs
		},
		"wrong shift": func(docs []Document) []Document { docs[3].Shift = 7; resign(&docs[3]); return docs },
		"back in time": func(docs []Document) []Document {
			docs[3].Time = docs[3].Time.Add(-time.Hour)
			resign(&docs[3])
			return docs
		},
		"twice":        func(docs []Document) []Document { docs[3].Receipt = 1; resign(&docs[3]); return docs },
		"unregistered": func(docs []Document) []Document { return docs[1:] },
	} {
		docs := append([]Document(nil), good...)
		for i := range docs {
			docs[i].TLV = append([]byte(nil), docs[i].TLV...)
		}
		if err := Verify(spoil(docs)); err == nil {
			t.Errorf("%s: nothing found", name)
		}
	}
	if err := Verify(good); err != nil {
		t.Error(err)
	}
}

// Whatever is asked in whatever order, the archive stays one consistent story
// and a reopened accumulator has the same documents.
func TestVerify_always(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := &bench{t: t, log: &flash.Memory{}, now: time.Date(2026, 2, 2, 9, 0, 0, 0, time.UTC)}
		b.open(Options{})
		ignore := func(error) {}
		rt.Repeat(map[string]func(*rapid.T){
			"register": func(*rapid.T) {
				ignore(b.a.Begin(CurrentRegistration, b.now))
				_, err := b.a.Register(b.now, ours)
				ignore(err)
			},
			"open shift":  func(*rapid.T) { ignore(b.openShift()) },
			"close shift": func(*rapid.T) { ignore(b.closeShift()) },
			"sell": func(rt *rapid.T) {
				_, err := b.sell(fiscal.Money(rapid.IntRange(0, 1e6).Draw(rt, "sum")))
				ignore(err)
			},
			"begin": func(rt *rapid.T) {
				kinds := []Current{CurrentReceipt, CurrentCorrection, CurrentOpenShift, CurrentCloseShift, CurrentReport, CurrentReregistration}
				ignore(b.a.Begin(rapid.SampledFrom(kinds).Draw(rt, "kind"), b.now))
			},
			"cancel": func(*rapid.T) { ignore(b.a.Cancel()) },
			"report": func(*rapid.T) {
				ignore(b.a.Begin(CurrentReport, b.now))
				_, err := b.a.Report()
				ignore(err)
			},
			"power":   func(*rapid.T) { b.a.PowerOff() },
			"deliver": func(rt *rapid.T) { _, err := b.a.Deliver(rapid.IntRange(1, 5).Draw(rt, "n"), b.now); ignore(err) },
			"time":    func(rt *rapid.T) { b.pass(time.Duration(rapid.IntRange(0, 3000).Draw(rt, "minutes")) * time.Minute) },
			"clock": func(rt *rapid.T) {
				b.now = b.now.Add(time.Duration(rapid.IntRange(-90, 90).Draw(rt, "minutes")) * time.Minute)
			},
			"reopen": func(rt *rapid.T) {
				before := b.a.List()
				b.open(Options{})
				if diff := cmp.Diff(before, b.a.List()); diff != "" {
					rt.Fatal(diff)
				}
			},
			"": func(rt *rapid.T) {
				if err := b.a.Verify(); err != nil {
					rt.Fatal(err)
				}
			},
		})
	})
}

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fn.flash")
	log, err := flash.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, log: log, now: time.Date(2026, 2, 2, 9, 0, 0, 0, time.UTC)}
	b.open(Options{})
	b.must(b.a.Begin(CurrentRegistration, b.now))
	_, err = b.a.Register(b.now, ours)
	b.must(err)
	b.must(b.openShift())
	_, err = b.sell(100)
	b.must(err)
	docs, err := Read(path) // while it is in use
	b.must(err)
	if diff := cmp.Diff(b.a.List(), docs); diff != "" {
		t.Error(diff)
	}
	b.must(VerifyFile(path))
	b.must(b.a.Close())
}
