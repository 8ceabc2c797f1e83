package shtrih

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/fn"
)

func TestSale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := till(t, Options{})
		h := connect(t, d, false)
		if m := h.status().Mode; m != codec.ModeShiftClosed {
			t.Fatalf("mode %v", m)
		}
		h.openShift()
		do[codec.OperatorAnswer](h, codec.OpenReceipt{Password: 1})
		l := line(1050)
		l.Quantity = 2 * fiscal.One
		do[codec.EmptyAnswer](h, l)
		if got := do[codec.SubtotalAnswer](h, codec.Subtotal{Password: 1}).Sum; got != 2100 {
			t.Errorf("subtotal %v", got)
		}
		if s := h.status(); s.Mode != codec.ModeSale || s.Operations() != 1 {
			t.Errorf("mode %v, %d operations", s.Mode, s.Operations())
		}
		a := do[codec.CloseReceiptV2Answer](h, cashFor(5000))
		if a.Change != 2900 || a.FD != 3 {
			t.Errorf("change %v, document %d", a.Change, a.FD)
		}
		found := do[codec.FoundDocumentAnswer](h, codec.FindDocument{Password: admin, FD: a.FD})
		if found.FP != a.FP || found.Sum != 2100 || found.Sign != codec.SignIncome || found.Type != codec.ArchiveReceipt {
			t.Errorf("found %+v", found)
		}
		docs := d.FN().List()
		r, err := docs[2].Content()
		if err != nil {
			t.Fatal(err)
		}
		want := fn.Receipt{
			Items:    []fn.Item{{Name: "Товар", Price: 1050, Quantity: 2 * fiscal.One, Sum: 2100, VAT: 1, Method: 4, Subject: 1}},
			Payments: fiscal.Payments{Cash: 2100}, Tax: 1, Cashier: "КАССИР 1",
		}
		if diff := cmp.Diff(want, r); diff != "" {
			t.Error(diff)
		}
		if got := do[codec.MoneyRegisterAnswer](h, codec.MoneyRegister{Password: admin, Register: regDrawer}).Value; got != 2100 {
			t.Errorf("drawer %v", got)
		}
		if got := do[codec.OperationRegisterAnswer](h, codec.OperationRegister{Password: admin, Register: opReceiptNumber}).Value; got != 1 {
			t.Errorf("receipt number %d", got)
		}
		slips := d.Slips()
		if last := slips[len(slips)-1]; !last.Whole || last.FD != a.FD {
			t.Errorf("slip %+v", last)
		}
		do[codec.OperatorAnswer](h, codec.CloseShift{Password: admin})
		if m := h.status().Mode; m != codec.ModeShiftClosed {
			t.Errorf("mode %v after the shift", m)
		}
	})
}

// The exchanges of the reference, byte for byte where the answer does not
// depend on the particular device.
func TestVectors(t *testing.T) {
	t.Run("standard link", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := till(t, Options{ShortStatus: 16})
			h := connect(t, d, false)
			exchange := func(request, answer string) {
				t.Helper()
				h.say(codec.ENQ)
				h.expect("15")
				h.say(unhex(t, request)...)
				h.expect("06" + answer)
				h.say(codec.ACK)
			}
			// Mode 4 of a closed shift instead of 2 in the recorded answer.
			exchange("02 05 10 1E 00 00 00 0B", "02 10 10 00 1E B2 02 04 00 00 9F F8 00 00 00 00 00 00 CD")
			exchange("02 07 FF 46 1E 00 00 00 01 A1", "02 03 FF 46 33 89")
			exchange("02 05 88 1E 00 00 00 93", "02 02 88 73 F9")
			exchange("02 05 E0 01 00 00 00 E4", "02 03 E0 00 01 E2")
			exchange("02 06 FF 08 1E 00 00 00 EF", "02 03 FF 08 73 87")
			exchange("02 06 8D 01 00 00 00 00 8A", "02 03 8D 00 01 8F")
			exchange("02 27 FF 46 01 00 00 00 01 80 84 1E 00 00 00 1A 04 00 00 00 FF FF FF FF FF FF FF FF FF FF 01 01 04 01 D2 EE E2 E0 F0 20 31 40", "02 03 FF 46 00 BA")
			exchange("02 05 88 01 00 00 00 8C", "02 03 88 00 01 8A")
			exchange("02 09 1F 1E 00 00 00 12 01 00 04 1F", "02 12 1F 00 39 39 39 39 30 37 38 39 30 32 30 30 30 30 30 31 08")
		})
	})
	t.Run("numbered link", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := till(t, Options{})
			h := connect(t, d, false)
			h.say(unhex(t, "8F 00 00 0F 1D")...)
			h.expect("8F 02 00 01 00 99 5A")
			// 8Dh by cashier 1 with the shift closed; the number is ours to count.
			h.say(frame2(2, unhex(t, "88 1E 00 00 00"))...)
			h.expect("8F 04 00 02 00 88 73" + crcOf(t, "04 00 02 00 88 73"))
			// A wrong number executes nothing and repeats the answer.
			h.say(frame2(9, unhex(t, "E0 01 00 00 00"))...)
			h.expect("8F 04 00 02 00 88 73" + crcOf(t, "04 00 02 00 88 73"))
			if n := d.FN().Status(d.Now()).LastFD; n != 1 {
				t.Errorf("last document %d", n)
			}
			// Stuffing in both directions.
			h.say(unhex(t, "8F 00 00 0F 1D")...)
			h.expect("8F 04 00 02 00 88 73" + crcOf(t, "04 00 02 00 88 73"))
		})
	})
}

func crcOf(t *testing.T, s string) string {
	t.Helper()
	crc := crc16(unhex(t, s))
	return string("0123456789ABCDEF"[crc>>4&15]) + string("0123456789ABCDEF"[crc&15]) + string("0123456789ABCDEF"[crc>>12]) + string("0123456789ABCDEF"[crc>>8&15])
}

func TestFrame2(t *testing.T) {
	// Stuffing vectors of the reference, §3.
	for _, c := range []struct {
		number uint16
		msg    string
		want   string
	}{
		{0x8F, "10 1E 00 00 00", "8F 07 00 9F 81 00 10 1E 00 00 00 6E 35"},
		{181, "10 1E 00 00 00", "8F 07 00 B5 00 10 1E 00 00 00 AD 9F 83"},
		{0x15, "8D 30", "8F 04 00 15 00 8D 30 C4 F4"},
		{0x17, "FF 46 00", "8F 05 00 17 00 FF 46 00 EE 83"},
		{0x0D, "26 00 7C 01 0A 10 08", "8F 09 00 0D 00 26 00 7C 01 0A 10 08 8B 9A"},
	} {
		if got, want := frame2(c.number, unhex(t, c.msg)), unhex(t, c.want); !cmp.Equal(got, want) {
			t.Errorf("frame2(%d, %s) = % X, want % X", c.number, c.msg, got, want)
		}
	}
}

func TestLink(t *testing.T) {
	run := func(name string, opts Options, tcp bool, story func(t *testing.T, d *Device, h *host)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := till(t, opts)
				story(t, d, connect(t, d, tcp))
			})
		})
	}
	status := []byte{0x02, 0x05, 0x10, 0x1E, 0, 0, 0, 0x0B}
	run("undelivered answer waits for ENQ", Options{}, false, func(t *testing.T, d *Device, h *host) {
		h.say(status...)
		h.expect("06")
		first := h.answer(time.Second)
		h.silence(time.Second) // no resend by itself
		h.say(codec.ENQ)
		h.expect("06")
		if diff := cmp.Diff(first, h.answer(time.Second)); diff != "" {
			t.Error(diff)
		}
		h.say(codec.ACK)
		h.say(codec.ENQ)
		h.expect("15")
	})
	run("undelivered answer outlives the connection", Options{}, true, func(t *testing.T, d *Device, h *host) {
		h.say(status...)
		h.expect("06")
		if h.answer(time.Second) == nil {
			t.Fatal("no answer")
		}
		_ = h.conn.Close()
		<-h.served
		h2 := connect(t, d, true)
		h2.say(codec.ENQ)
		h2.expect("06")
		if h2.answer(time.Second) == nil {
			t.Fatal("no answer")
		}
		h2.say(codec.ACK)
		h2.expect("FF")
	})
	run("power forgets the undelivered answer", Options{SilentPowerCut: true}, false, func(t *testing.T, d *Device, h *host) {
		h.say(status...)
		h.expect("06")
		if h.answer(time.Second) == nil {
			t.Fatal("no answer")
		}
		d.PowerCut()
		h.say(codec.ENQ)
		h.silence(time.Second)
		d.PowerOn()
		h.say(codec.ENQ)
		h.expect("15")
	})
	run("frame without ENQ drops the undelivered answer", Options{}, false, func(t *testing.T, d *Device, h *host) {
		h.say(status...)
		h.expect("06")
		if h.answer(time.Second) == nil {
			t.Fatal("no answer")
		}
		h.silence(time.Second)
		h.say(status...)
		h.expect("06")
		if h.answer(time.Second) == nil {
			t.Fatal("no answer")
		}
		h.say(codec.ACK)
		h.say(codec.ENQ)
		h.expect("15")
	})
	run("damaged frame gets NAK", Options{}, false, func(t *testing.T, d *Device, h *host) {
		h.say(0x02, 0x05, 0x10, 0x1E, 0, 0, 0, 0x0C)
		h.expect("15")
		h.say(0x02, 0x00)
		h.expect("15")
		h.say(0x02, 0x05, 0x10)
		h.expect("15") // after the byte timeout
		h.status()
	})
	run("junk is swallowed", Options{}, true, func(t *testing.T, d *Device, h *host) {
		h.say(0, 0, 0, 0)
		h.status()
		h.expect("FF")
		h.say(0, 0)
		h.silence(time.Second)
	})
	run("junk gets NAK", Options{NAKJunk: true}, false, func(t *testing.T, d *Device, h *host) {
		h.say(codec.ENQ)
		h.expect("15")
		h.say(0)
		h.expect("15")
	})
	run("ENQ is demanded", Options{IgnoreIdleSTX: true}, false, func(t *testing.T, d *Device, h *host) {
		ask := unhex(t, "02 01 FC FD")
		h.say(ask...)
		h.silence(time.Second)
		h.say(codec.ENQ)
		h.expect("15")
		h.say(ask...)
		h.expect("06")
	})
	run("idle TCP closes after a minute", Options{}, true, func(t *testing.T, d *Device, h *host) {
		h.status()
		h.expect("FF")
		begin := time.Now()
		if err := <-h.served; err != nil {
			t.Error(err)
		}
		if idle := time.Since(begin); idle < 59*time.Second || idle > 61*time.Second {
			t.Errorf("closed after %v", idle)
		}
	})
	run("second client takes over", Options{}, true, func(t *testing.T, d *Device, h *host) {
		synctest.Wait()
		h2 := connect(t, d, true)
		if err := <-h.served; err != nil {
			t.Error(err)
		}
		h2.status()
	})
	run("second client is refused", Options{Second: SecondRefused}, true, func(t *testing.T, d *Device, h *host) {
		h.status()
		h.expect("FF")
		h2 := connect(t, d, true)
		if err := <-h2.served; err == nil {
			t.Error("second client was served")
		}
		h.status()
	})
	run("garbage on the numbered link is dropped", Options{}, false, func(t *testing.T, d *Device, h *host) {
		h.say(unhex(t, "8F 00 00 0F 1E")...) // wrong CRC
		h.silence(time.Second)
		h.say(unhex(t, "8F 00 9F 00 00")...) // ESC before a byte that is not stuffed
		h.silence(time.Second)
		h.say(unhex(t, "8F 01 00")...) // no such length
		h.silence(time.Second)
		h.say(unhex(t, "8F 02 8F 00 00 0F 1D")...) // STX inside begins anew
		h.expect("8F 02 00 01 00 99 5A")
	})
}
