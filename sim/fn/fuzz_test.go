package fn

import (
	"testing"
	"time"

	"github.com/chekan-io/chekan/protocol/ffd"
	codec "github.com/chekan-io/chekan/protocol/fn"
	"github.com/chekan-io/chekan/sim/flash"
)

// FuzzDevice: whatever messages a host sends, in whatever order, every one is
// answered, and the archive stays whole. The input is messages, each behind two
// bytes of its length; a length of 0 is a power cut.
func FuzzDevice(f *testing.F) {
	reg := card("1.2")
	add := func(reqs ...codec.Request) {
		var b []byte
		for _, r := range reqs {
			msg, err := codec.EncodeRequest(r)
			if err != nil {
				f.Fatal(err)
			}
			b = append(append(b, byte(len(msg)), byte(len(msg)>>8)), msg...)
		}
		f.Add(b)
	}
	at := Civil(morning)
	given := func(fields []ffd.Field, err error) codec.Request {
		if err != nil {
			f.Fatal(err)
		}
		return codec.Data{TLV: ffd.Append(nil, fields...)}
	}
	add(codec.Status{}, codec.Number{}, codec.Life{}, codec.Version{}, codec.ShiftState{}, codec.ExchangeStatus{})
	add(codec.BeginOpenShift{At: at}, given(ffd.ShiftOpening(cashier, reg)), codec.OpenShift{},
		codec.BeginReceipt{At: at}, given(ffd.Receipt(receiptOf(1, 12300), reg)), codec.FormReceipt{At: at, Sign: 1, Total: 12300},
		codec.BeginCloseShift{At: at}, given(ffd.ShiftClosing(cashier, reg)), codec.CloseShift{}, codec.ReadDocument{FD: 3}, codec.NextTag{})
	add(codec.SetLink{Up: true}, codec.BeginReadMessage{}, codec.ReadMessage{Count: 1024}, codec.EndReadMessage{}, codec.OperatorMessage{Container: make([]byte, 60)})
	add(codec.BeginReport{At: at}, given(ffd.Settlement(reg)), codec.FormReport{}, codec.BeginCloseArchive{},
		given(ffd.ArchiveClosing(cashier, reg)), codec.CloseArchive{At: at, RNM: reg.RNM}, codec.FindDocument{FD: 2})
	add(codec.Reset{Code: codec.ResetCode}, codec.BeginRegistration2{FFD: 4}, given(ffd.Registering(reg, false)),
		codec.Register2{At: at, INN: reg.INN, RNM: reg.RNM, TaxSystems: 3, OFDINN: reg.OFDINN}, codec.Counters{}, codec.FreeMemory{})
	f.Fuzz(func(t *testing.T, input []byte) {
		log := &flash.Memory{}
		bank := oneMemory{log}
		d, err := NewDevice(DeviceOptions{Bank: bank, Registration: &reg, Clock: morning.Sub(civil(time.Now()))})
		if err != nil {
			t.Fatal(err)
		}
		for len(input) >= 2 {
			n := int(input[0]) + int(input[1])<<8
			input = input[2:]
			if n == 0 {
				d.PowerCut()
				d.PowerOn()
				continue
			}
			msg := input[:min(n, len(input), codec.MaxMessage)]
			input = input[len(msg):]
			if len(msg) == 0 {
				break
			}
			before := d.FN().Status(morning).LastFD
			c := d.newCall(codec.Command(msg[0]))
			d.mu.Lock()
			answer := d.execute(c, msg)
			d.mu.Unlock()
			_, _, err := codec.DecodeAnswer(c.cmd, answer)
			if _, refused := codec.AsRefusal(err); err != nil && !refused {
				t.Fatalf("% X is answered % X: %v", msg, answer, err)
			}
			after := d.FN().Status(morning).LastFD
			if formed := err == nil && c.cmd.Forms(); after != before && c.cmd != codec.CmdReset && (!formed || after != before+1) || formed && after == before {
				t.Fatalf("%v: %d documents became %d", c.cmd, before, after)
			}
		}
		if err := d.FN().Verify(); err != nil {
			t.Fatal(err)
		}
		again, err := Open(log, Options{}, morning)
		if err != nil || len(again.List()) != len(d.FN().List()) {
			t.Fatalf("read anew: %d documents, %v", len(again.List()), err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// oneMemory is a bank of a single memory.
type oneMemory struct{ log *flash.Memory }

func (m oneMemory) Open(string) (flash.Log, error) { return m.log, nil }
