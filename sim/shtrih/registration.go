package shtrih

import (
	"time"

	"github.com/chekan-io/chekan/protocol/ffd"
	codec "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/fn"
)

// Registration: the host writes the texts into tables 17 and 18, begins the
// report (FF05h), may add tags (FF0Ch) and forms it (FF06h, FF34h) with the
// numbers in the command. What was written counts from then on.

// beginRegistration is FF05h.
func (d *Device) beginRegistration(c *call, typ byte) (codec.Answer, error) {
	format := byte(d.format())
	if format < byte(ffd.V11) {
		format = 0
	}
	if err := d.acc.BeginRegistration(typ, format); err != nil {
		return nil, err
	}
	return d.empty(c)
}

// register is FF06h and FF34h; reason is 0 for the first.
func (d *Device) register(c *call, inn, rnm string, tax, mode, reason byte) (codec.Answer, error) {
	reg := fn.Registration{
		INN: inn, RNM: rnm, TaxSystems: tax, Mode: mode, ExtMode: byte(d.tableNumber(18, 1, 21)), OFDINN: d.tableText(18, 1, 12),
		OFDName: d.tableText(18, 1, 10), User: d.tableText(18, 1, 7), Address: d.tableText(18, 1, 9), Place: d.tableText(18, 1, 14),
		KKTSerial: d.serialNumber(), FFD: byte(d.format()), Reason: reason,
	}
	if mode&byte(codec.OperatesAutonomously) != 0 {
		reg.OFDINN, reg.OFDName = "", ""
	}
	if cur := d.acc.Preparing(); !registers(cur) {
		return nil, fn.ErrState
	}
	if err := d.fill(c, d.registrationTags(reg)...); err != nil {
		return nil, err
	}
	doc, err := d.acc.Register(c.now, reg)
	if err != nil {
		return nil, err
	}
	if err := d.committed(c); err != nil {
		return nil, err
	}
	d.settle()
	d.nv.Count[opThrough]++
	title := "ОТЧЁТ О РЕГИСТРАЦИИ"
	if reason != 0 {
		title = "ОТЧЁТ ОБ ИЗМЕНЕНИИ ПАРАМЕТРОВ РЕГИСТРАЦИИ"
	}
	d.order(d.shiftJob(c, doc, title))
	d.save()
	return codec.DocumentAnswer{For: c.code, FD: doc.FD, FP: doc.FP, Time: d.dt(doc)}, nil
}

func registers(cur fn.Current) bool {
	return cur == fn.CurrentRegistration || cur == fn.CurrentReplacement || cur == fn.CurrentReregistration
}

// settle forgets what was written for the registration: the accumulator has it
// now.
func (d *Device) settle() {
	for _, f := range []byte{7, 9, 10, 12, 14, 21} {
		delete(d.nv.Tables, fieldKey(18, 1, f))
	}
	delete(d.nv.Tables, fieldKey(17, 1, 17))
}

// closeFN is FF3Eh.
func (d *Device) closeFN(c *call) (codec.Answer, error) {
	if d.acc.Preparing() != fn.CurrentCloseArchive {
		return nil, fn.ErrState
	}
	if err := d.fill(c); err != nil {
		return nil, err
	}
	doc, err := d.acc.CloseArchive(c.now)
	if err != nil {
		return nil, err
	}
	if err := d.committed(c); err != nil {
		return nil, err
	}
	d.nv.Count[opThrough]++
	d.order(d.shiftJob(c, doc, "ОТЧЁТ О ЗАКРЫТИИ ФН"))
	d.save()
	return codec.DocumentAnswer{For: c.code, FD: doc.FD, FP: doc.FP, Time: d.dt(doc)}, nil
}

// registrationTotals is FF09h and FF4Ch: the last registration for number 0.
func (d *Device) registrationTotals(code codec.Code, number int) (codec.Answer, error) {
	doc, err := d.acc.RegistrationDocument(number)
	if err != nil {
		return nil, err
	}
	reg := doc.Registration
	a := codec.RegistrationAnswer{
		For: code, Time: fn.Civil(doc.Time), INN: reg.INN, RNM: reg.RNM, Tax: codec.TaxSystem(reg.TaxSystems),
		Mode: codec.OperatingMode(reg.Mode), FD: doc.FD, FP: doc.FP,
	}
	switch {
	case reg.FFD >= byte(ffd.V11):
		a.Form, a.ModeExt, a.OFD, a.Reasons = codec.RegistrationLong, reg.ExtMode, reg.OFDINN, reg.Fiscal().Reasons
	case code == codec.CodeRegistrationTotalsV2:
		a.Form, a.Reasons = codec.RegistrationReason, uint32(reg.Reason)
	}
	return a, nil
}

// registrationTag is FF0Eh and FF60h.
func (d *Device) registrationTag(code codec.Code, number int, tag uint16) (codec.Answer, error) {
	doc, err := d.acc.RegistrationDocument(number)
	if err != nil {
		return nil, err
	}
	if tag == 0xFFFF {
		list, err := blocks(doc.Body())
		if err != nil {
			return nil, err
		}
		d.out = output{active: true, blocks: list}
		return codec.DataAnswer{For: code}, nil
	}
	f, ok := doc.Tag(ffd.Tag(tag))
	if !ok {
		return nil, fn.ErrNoData
	}
	return codec.DataAnswer{For: code, Data: ffd.Append(nil, f)}, nil
}

// fiscalise registers a new accumulator as Options.Registration says: what the
// service centre did before the till came into the shop.
func (d *Device) fiscalise(now time.Time) error {
	reg := *d.opts.Registration
	if err := d.acc.Begin(fn.CurrentRegistration, now); err != nil {
		return err
	}
	c := &call{now: now, operator: operators}
	if err := d.fill(c, d.registrationTags(reg)...); err != nil {
		return err
	}
	_, err := d.acc.Register(now, reg)
	return err
}
