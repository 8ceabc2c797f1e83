package fn

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/fn"
	"github.com/chekan-io/chekan/protocol/ofd"
	"github.com/chekan-io/chekan/sim/fault"
	"github.com/chekan-io/chekan/sim/flash"
)

// act is one thing a host wants done for ever: the commands that do it, and
// what the archive shows when it is done.
type act struct {
	name string
	do   func(*host) error
	done func([]Document) bool
}

// day is a short working day with its delivery; each act is repeated until it
// is done, and by what the archive shows never done twice.
func day(reg fiscal.Registration) []act {
	last := func(fd int) func([]Document) bool { return func(docs []Document) bool { return len(docs) >= fd } }
	ticket := func(fd int) func([]Document) bool {
		return func(docs []Document) bool { return docs[fd-1].Ticket != nil }
	}
	correction := receiptOf(fiscal.SaleReturn, 700)
	correction.Correction = &fiscal.Correction{Date: fiscal.DateTime{Year: 2026, Month: 3, Day: 1}}
	w := RegistrationOf(reg)
	return []act{
		{"register", func(h *host) error {
			given, err := ffd.Registering(reg, false)
			return h.form(err, given, codec.BeginRegistration2{FFD: w.FFD}, codec.Register2{
				At: h.at(), INN: w.INN, RNM: w.RNM, TaxSystems: w.TaxSystems, Mode: w.Mode, OFDINN: w.OFDINN,
			})
		}, last(1)},
		{"open", func(h *host) error {
			given, err := ffd.ShiftOpening(cashier, reg)
			return h.form(err, given, codec.BeginOpenShift{At: h.at()}, codec.OpenShift{})
		}, last(2)},
		{"sell", func(h *host) error {
			given, err := ffd.Receipt(receiptOf(fiscal.Sale, 12300), reg)
			return h.form(err, given, codec.BeginReceipt{At: h.at()}, codec.FormReceipt{At: h.at(), Sign: 1, Total: 12300})
		}, last(3)},
		{"correct", func(h *host) error {
			given, err := ffd.Receipt(correction, reg)
			return h.form(err, given, codec.BeginCorrection{At: h.at()}, codec.FormReceipt{At: h.at(), Sign: 2, Total: 700})
		}, last(4)},
		{"close", func(h *host) error {
			given, err := ffd.ShiftClosing(cashier, reg)
			return h.form(err, given, codec.BeginCloseShift{At: h.at()}, codec.CloseShift{})
		}, last(5)},
		{"deliver", (*host).deliverOne, ticket(1)},
		{"close archive", func(h *host) error {
			given, err := ffd.ArchiveClosing(cashier, reg)
			return h.form(err, given, codec.BeginCloseArchive{}, codec.CloseArchive{At: h.at(), RNM: reg.RNM})
		}, last(6)},
		{"deliver again", (*host).deliverOne, ticket(2)},
	}
}

// form begins, fills and forms a document.
func (h *host) form(err error, given []ffd.Field, begin, finish codec.Request) error {
	h.must(err)
	messages, err := ffd.Messages(given)
	h.must(err)
	reqs := []codec.Request{begin}
	for _, tlv := range messages {
		reqs = append(reqs, codec.Data{TLV: tlv})
	}
	for _, req := range append(reqs, finish) {
		if _, err := h.ask(req); err != nil {
			return err
		}
	}
	return nil
}

// deliverOne carries one message to the operator and its answer back.
func (h *host) deliverOne() error {
	if _, err := h.ask(codec.SetLink{Up: true}); err != nil {
		return err
	}
	a, err := h.ask(codec.BeginReadMessage{})
	if err != nil {
		return err
	}
	length, _ := a.(codec.MessageLengthAnswer)
	var msg []byte
	for len(msg) < int(length.Length) {
		a, err := h.ask(codec.ReadMessage{Offset: uint16(len(msg)), Count: codec.MaxData})
		if err != nil {
			return err
		}
		block, _ := a.(codec.BlockAnswer)
		msg = append(msg, block.Data...)
	}
	if _, err := h.ask(codec.EndReadMessage{}); err != nil {
		return err
	}
	if _, err := h.ask(codec.OperatorMessage{Container: h.acknowledged(msg, ofd.Acknowledgement{})}); err != nil {
		return err
	}
	_, err = h.ask(codec.SetLink{Up: false})
	return err
}

// live plays the acts; after a power cut it looks at the archive and repeats
// what is not there.
func (h *host) live(acts []act) error {
	for _, a := range acts {
		for try := 0; !a.done(h.d.FN().List()); try++ {
			if try == 3 {
				return fmt.Errorf("%s: tried three times", a.name)
			}
			err := a.do(h)
			if err == nil {
				continue
			}
			if !errors.Is(err, errQuiet) {
				return fmt.Errorf("%s: %w", a.name, err)
			}
			if err := <-h.served; err != nil {
				return err
			}
			if err := h.d.FN().Verify(); err != nil {
				return fmt.Errorf("%s: after the power cut: %w", a.name, err)
			}
			h.d.PowerOn()
			h.connect()
			s, err := h.ask(codec.Status{})
			if err != nil {
				return err
			}
			if s, ok := s.(codec.StatusAnswer); !ok || s.Current != codec.CurrentNone || s.FD != uint32(len(h.d.FN().List())) {
				return fmt.Errorf("%s: after the power cut: %+v", a.name, s)
			}
		}
	}
	return nil
}

// story is what a document says of itself: what must not depend on where the
// power was cut.
type story struct {
	FD     uint32
	Type   fiscal.DocumentType
	Sum    fiscal.Money
	Ticket bool
}

func stories(docs []Document) (out []story) {
	for _, d := range docs {
		out = append(out, story{d.FD, d.Type, d.Sum, d.Ticket != nil})
	}
	return out
}

// TestPowerCut cuts the power at every moment of every command of a day. The
// archive is whole at each of them, also when it is read from the flash anew,
// and the day ends as if nothing had happened.
func TestPowerCut(t *testing.T) {
	reg := card("1.2")
	acts := day(reg)
	var want []story
	commands := 0
	play := func(t *testing.T, f *Fault) {
		synctest.Test(t, func(t *testing.T) {
			bank := flash.NewBank()
			d := newDevice(t, DeviceOptions{Bank: bank, SilentPowerCut: false})
			h := newHost(t, d, reg)
			h.now = morning.Add(time.Minute)
			id := ""
			if f != nil {
				id = d.Plan().Add(*f)
			}
			h.must(h.live(acts))
			got := stories(d.FN().List())
			if f == nil {
				want, commands = got, int(d.serial)
				return
			}
			if !d.Plan().Fired(id) && f.Phase != fault.OnCommit {
				t.Errorf("%v has not struck", f)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%v: %s", f, diff)
			}
			log, err := bank.Open("fn")
			h.must(err)
			again, err := Open(log, Options{}, h.now)
			h.must(err)
			if diff := cmp.Diff(d.FN().List(), again.List()); diff != "" {
				t.Errorf("%v: read anew: %s", f, diff)
			}
		})
	}
	play(t, nil)
	if len(want) != 6 || commands < 30 {
		t.Fatalf("%d documents, %d commands", len(want), commands)
	}
	cut := 0
	for nth := range commands {
		for _, f := range []Fault{
			{Phase: fault.OnReceive, At: commandAt + 1},
			{Phase: fault.OnReceive},
			{Phase: fault.Before},
			{Phase: fault.OnCommit},
			{Phase: fault.After},
			{Phase: fault.OnAnswer},
			{Phase: fault.OnAnswer, At: 4},
		} {
			f.Nth, f.Action = nth, fault.PowerCut
			play(t, &f)
			cut++
		}
		if t.Failed() {
			break
		}
	}
	t.Logf("%d commands, %d power cuts", commands, cut)
}
