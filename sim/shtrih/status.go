package shtrih

import (
	"time"

	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/fn"
)

// flags are the sensors (Shtrih protocol 1.17, §4.3): 02B2h when all is well.
func (d *Device) flags() codec.Flags {
	f := codec.FlagTwoDecimals | codec.FlagEJ | codec.FlagReceiptLever
	if d.nv.Paper {
		f |= codec.FlagReceiptRoll | codec.FlagReceiptPaper
	}
	if d.nv.Cover {
		f |= codec.FlagCoverOpen
		f &^= codec.FlagReceiptLever
	}
	return f
}

// lastPrint is the fate of the last print.
func (d *Device) lastPrint() codec.PrintResult {
	switch d.submode() {
	case 2, 3:
		return codec.PrintNoPaper
	case 4, 5:
		return codec.PrintUnderway
	}
	return codec.PrintOK
}

func (d *Device) shortStatus(c *call) codec.Answer {
	ops := 0
	if d.nv.Receipt != nil {
		ops = len(d.nv.Receipt.Items)
	}
	a := codec.ShortStatusAnswer{
		Operator: c.operator, Flags: d.flags(), Mode: codec.Mode(d.mode()), Submode: codec.Submode(d.submode()),
		OperationsLo: byte(ops), OperationsHi: byte(ops >> 8), Battery: 0x9F, Power: 0xF8,
	}
	if d.opts.ShortStatus >= 17 {
		p := d.lastPrint()
		a.LastPrint = &p
	}
	return a
}

func (d *Device) fullStatus(c *call) codec.Answer {
	open, shift, _ := d.acc.Shift()
	closed := shift
	if open && closed > 0 {
		closed--
	}
	_, left, done := d.acc.Expiry()
	inn := codec.NoINN
	if reg, _, ok := d.acc.Registration(); ok {
		inn = 0
		for _, r := range reg.INN {
			inn = inn*10 + int64(r-'0')
		}
	}
	a := codec.FullStatusAnswer{
		Operator: c.operator, Firmware: d.opts.Firmware, Build: 34378, BuildDate: fiscal.DateTime{Year: 2017, Month: 1, Day: 13},
		Hall: byte(d.tableNumber(1, 1, 1)), Document: uint16(d.nv.Count[opThrough]), Flags: d.flags(),
		Mode: codec.Mode(d.mode()), Submode: codec.Submode(d.submode()), Port: c.session.port,
		FMVersion: "NA", FMDate: fiscal.DateTime{Year: 2016, Month: 1, Day: 1}, Time: seconds(d.now()),
		FMFlags: 0x11, Serial: d.opts.Serial, ClosedShift: closed, FreeRecords: 2100, Registered: done, Remaining: left, INN: inn,
	}
	switch d.opts.FullStatus {
	case 50:
		a.Tail = make([]byte, 2)
	case 52:
		a.Tail = make([]byte, 4)
	}
	return a
}

func seconds(t time.Time) fiscal.DateTime { return fn.Civil(t) }

// features is the set of F7h.
func (d *Device) features() codec.Features {
	f := codec.FeatureReceiptOptical | codec.FeatureCover | codec.FeatureReceiptLever | codec.FeatureCutter | codec.FeatureNonFiscal |
		codec.FeatureErrorText | codec.FeatureFN | codec.FeatureHostRelay | codec.FeatureErrorDetails | codec.FeatureTimes
	if !d.opts.NoProtocol2 {
		f |= codec.FeatureAlternative
	}
	if d.opts.ShortStatus >= 17 {
		f |= codec.FeatureLastPrint
	}
	if d.opts.CancelsOnPowerUp {
		f |= codec.FeatureSessionCancel
	}
	if d.opts.ExtendedErr {
		f |= codec.FeatureExtendedError
	}
	if reg, _, ok := d.acc.Registration(); ok && reg.FFD >= 3 {
		f |= codec.FeatureFFD11 | codec.FeatureCorrections
	}
	return f
}

func (d *Device) extendedQuery(r codec.ExtendedQuery) (codec.Answer, error) {
	if r.Type != 1 {
		return nil, refuse(codec.ErrBadParameters)
	}
	a := codec.CapabilitiesAnswer{
		Features: d.features(), Font1Chars: 32, Font2Chars: 16, FirstGraphicLine: 1, INNDigits: 12, RNMDigits: 20,
		LongRNMDigits: 20, LongSerialDigits: 14, AdminPass: uint32(operators), BluetoothTable: 21, TaxField: 14,
		MaxCommand: codec.MaxMessage, LineWidth: 40, GraphicWidth: 40, GraphicLines: 600,
	}
	if !d.opts.ShortF7 {
		at := func(b byte) *byte { return &b }
		a.FNTable, a.OFDTable, a.EmbeddedTable, a.FFDTable, a.FFDField = at(18), at(19), at(24), at(17), at(17)
	}
	return a, nil
}

func (d *Device) deviceType() codec.Answer {
	return codec.DeviceTypeAnswer{
		Protocol: 1, ProtocolMinor: 14, Model: codec.Model(d.opts.Model), Name: codec.ModelName(d.opts.Model),
	}
}

func (d *Device) errorText(r codec.ErrorText) (codec.Answer, error) {
	if r.Of != nil {
		return codec.ErrorTextAnswer{Text: codec.Windows1251.Clip(r.Of.String(), 128)}, nil
	}
	return codec.ErrorTextAnswer{Text: codec.Windows1251.Clip(d.lastErr, 128)}, nil
}

func (d *Device) moneyRegister(c *call, r codec.MoneyRegister) (codec.Answer, error) {
	v := d.nv.Money[r.Register]
	if rc := d.nv.Receipt; rc != nil && r.Register < 64 {
		// Departments in the open receipt.
		v = 0
		for _, i := range rc.Items {
			if (uint16(max(i.Dept, 1)-1)%16)*4+rc.group() == r.Register {
				v += i.Sum
			}
		}
	}
	// The wire has no sign: an overdrawn drawer shows nothing.
	return codec.MoneyRegisterAnswer{Operator: c.operator, Value: max(v, 0)}, nil
}

func (d *Device) operationRegister(c *call, r codec.OperationRegister) (codec.Answer, error) {
	if d.opts.WideRegister && len(c.message) < 7 {
		return nil, refuse(codec.ErrBadParameters)
	}
	return codec.OperationRegisterAnswer{Operator: c.operator, Value: uint16(d.nv.Count[r.Register])}, nil
}

// setDate is 22h: the date waits for its confirmation in mode 6.
func (d *Device) setDate(r codec.SetDate) (codec.Answer, error) {
	t, err := date(r.Date)
	if err != nil {
		return nil, err
	}
	d.nv.NewDate = t
	return codec.EmptyAnswer{For: r.Code()}, nil
}

// confirmDate is 23h. A date before that of the last document would never be
// taken by the accumulator, so the till refuses it.
func (d *Device) confirmDate(c *call, r codec.ConfirmDate) (codec.Answer, error) {
	t, err := date(r.Date)
	if err != nil {
		return nil, err
	}
	if !t.Equal(d.nv.NewDate) {
		return nil, refuse(codec.ErrDateMismatch)
	}
	last := d.acc.Status(c.now).LastTime
	d.nv.NewDate = time.Time{}
	if t.Before(last.Truncate(24 * time.Hour)) {
		return nil, refuse(codec.ErrDateMismatch)
	}
	d.setNow(t.Add(c.now.Sub(c.now.Truncate(24 * time.Hour))))
	return codec.EmptyAnswer{For: r.Code()}, nil
}

// setTime is 21h.
func (d *Device) setTime(c *call, r codec.SetTime) (codec.Answer, error) {
	t := r.Time
	if t.Hour > 23 || t.Minute > 59 || t.Second > 59 {
		return nil, refuse(codec.ErrBadDate)
	}
	day := c.now.Truncate(24 * time.Hour)
	d.setNow(day.Add(time.Duration(t.Hour)*time.Hour + time.Duration(t.Minute)*time.Minute + time.Duration(t.Second)*time.Second))
	d.nv.ClockLost = false
	return codec.EmptyAnswer{For: r.Code()}, nil
}

func (d *Device) setNow(t time.Time) { d.nv.ClockOffset += t.Sub(d.now()) }

func date(t fiscal.DateTime) (time.Time, error) {
	t.Hour, t.Minute, t.Second = 0, 0, 0
	if !t.Valid() {
		return time.Time{}, refuse(codec.ErrBadDate)
	}
	return time.Date(t.Year, time.Month(t.Month), t.Day, 0, 0, 0, 0, time.UTC), nil
}
