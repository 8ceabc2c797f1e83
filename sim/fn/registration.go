package fn

import (
	"fmt"
	"time"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/fn"
)

// Registration is what fiscalisation writes into the accumulator.
type Registration struct {
	INN        string
	RNM        string
	TaxSystems byte // bits of tag 1062
	Mode       byte // bits of command 03h
	ExtMode    byte // bits of command A3h
	OFDINN     string
	OFDName    string
	User       string
	Address    string
	Place      string
	KKTSerial  string
	FFD        byte   // tag 1209: 2 is 1.05, 3 is 1.1, 4 is 1.2
	Reason     byte   // tag 1101, re-registrations only
	Reasons    uint32 // tag 1205, likewise
}

// offline tells whether documents are kept without an operator.
func (r Registration) offline() bool { return r.Mode&codec.ModeOffline != 0 }

// bso tells whether receipts are strict-accounting forms.
func (r Registration) bso() bool { return r.Mode&codec.ModeBSO != 0 }

// The modes of a registration and their bits in the two bytes of the wire.
var modeBits = []struct {
	mode fiscal.Mode
	bit  byte
}{
	{fiscal.ModeEncryption, codec.ModeEncryption},
	{fiscal.ModeOffline, codec.ModeOffline},
	{fiscal.ModeAutomatic, codec.ModeAutomatic},
	{fiscal.ModeServices, codec.ModeServices},
	{fiscal.ModeBSO, codec.ModeBSO},
	{fiscal.ModeInternet, codec.ModeInternet},
}

var extModeBits = []struct {
	mode fiscal.Mode
	bit  byte
}{
	{fiscal.ModeExcise, codec.ExtExcise},
	{fiscal.ModeGambling, codec.ExtGambling},
	{fiscal.ModeLottery, codec.ExtLottery},
	{fiscal.ModeMarking, codec.ExtMarking},
}

// Fiscal is the registration in the words of the trade.
func (r Registration) Fiscal() fiscal.Registration {
	out := fiscal.Registration{
		INN: r.INN, RNM: r.RNM, Serial: r.KKTSerial, User: r.User, Address: r.Address, Place: r.Place,
		TaxSystems: fiscal.TaxSystem(r.TaxSystems), FFD: ffd.Version(r.FFD).String(), OFDINN: r.OFDINN, OFDName: r.OFDName,
		Reasons: r.Reasons, NewFN: r.Reason == codec.ReasonReplacement,
	}
	for _, m := range modeBits {
		if r.Mode&m.bit != 0 {
			out.Modes |= m.mode
		}
	}
	for _, m := range extModeBits {
		if r.ExtMode&m.bit != 0 {
			out.Modes |= m.mode
		}
	}
	if r.FFD < byte(ffd.V12) && r.Mode&codec.ModeCatering != 0 {
		out.Modes |= fiscal.ModeAgents
	}
	if r.Reasons == 0 && r.Reason != 0 {
		// The bit of tag 1205 that stands for each value of tag 1101.
		out.Reasons = [...]uint32{0, 1 << 0, 1 << 1, 1 << 2, 1 << 31}[min(r.Reason, 4)]
	}
	return out
}

// RegistrationOf is a registration as the commands of the wire carry it.
func RegistrationOf(reg fiscal.Registration) Registration {
	v, err := ffd.ParseVersion(reg.FFD)
	if err != nil {
		v = ffd.V105
	}
	out := Registration{
		INN: reg.INN, RNM: reg.RNM, TaxSystems: byte(reg.TaxSystems), OFDINN: reg.OFDINN, OFDName: reg.OFDName, User: reg.User,
		Address: reg.Address, Place: reg.Place, KKTSerial: reg.Serial, FFD: byte(v), Reasons: reg.Reasons,
	}
	for _, m := range modeBits {
		if reg.Modes.Has(m.mode) {
			out.Mode |= m.bit
		}
	}
	for _, m := range extModeBits {
		if reg.Modes.Has(m.mode) {
			out.ExtMode |= m.bit
		}
	}
	if reg.Modes.Has(fiscal.ModeAgents) && v < ffd.V12 {
		out.Mode |= codec.ModeCatering
	}
	if reg.Reasons != 0 || reg.NewFN {
		out.Reason = ffd.ReasonCode(reg)
	}
	return out
}

// BeginRegistration begins the report on a registration (02h, A2h): typ is one
// of the wire's, format the value of tag 1209 or 0 when the command does not
// tell it.
func (a *Accumulator) BeginRegistration(typ, format byte) error {
	kind := map[byte]Current{
		codec.RegistrationNew: CurrentRegistration, codec.RegistrationReplacement: CurrentReplacement,
		codec.RegistrationChange: CurrentReregistration,
	}[typ]
	if kind == CurrentNone {
		return fmt.Errorf("begin registration of type %d: %w", typ, ErrCommand)
	}
	if format != 0 && (format < byte(ffd.V11) || format > a.opts.FFD) {
		return fmt.Errorf("begin registration with FFD %d: %w", format, ErrParameter)
	}
	if err := a.Begin(kind, a.Estimate()); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cur.format = format
	return nil
}

// Register forms the registration or re-registration report. The tags the
// document was given count more than what reg says of them.
func (a *Accumulator) Register(now time.Time, reg Registration) (Document, error) {
	return a.form("register", func(d *Document) error {
		given, err := ffd.Parse(a.cur.data)
		if err != nil {
			return ErrCommand
		}
		complete(&reg, given, a.cur.format)
		if err := a.mayRegister(d, &reg); err != nil {
			return err
		}
		d.Registration = &reg
		return a.dated(d, now)
	})
}

func (a *Accumulator) mayRegister(d *Document, reg *Registration) error {
	switch a.cur.kind {
	case CurrentRegistration:
		d.Type = fiscal.DocRegistration
		reg.Reason, reg.Reasons = 0, 0
	case CurrentReplacement:
		d.Type = fiscal.DocReregistration
		reg.Reason, reg.Reasons = codec.ReasonReplacement, reg.Reasons|1
	case CurrentReregistration:
		d.Type = fiscal.DocReregistration
		if reg.Reason == 0 && reg.Reasons == 0 {
			return ErrParameter
		}
		if reg.Reason == 0 {
			reg.Reason = ffd.ReasonCode(reg.Fiscal())
		}
		if old := a.archive.registration(); old.INN != reg.INN || old.RNM != reg.RNM {
			return ErrParameter
		}
	default:
		return ErrState
	}
	switch {
	case len(a.archive.registrations) >= maxRegistrations:
		return ErrState
	case reg.FFD > a.opts.FFD, reg.TaxSystems == 0, reg.TaxSystems > 0x3F, reg.Reason > codec.ReasonSettings, !digits(reg.INN), !digits(reg.RNM):
		return ErrParameter
	}
	return nil
}

func digits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}

// complete takes from the tags what the commands of the wire do not carry.
func complete(reg *Registration, given []ffd.Field, format byte) {
	for _, f := range given {
		into := map[ffd.Tag]*string{
			ffd.TagUser: &reg.User, ffd.TagAddress: &reg.Address, ffd.TagPlace: &reg.Place, ffd.TagSerial: &reg.KKTSerial,
			ffd.TagOFDName: &reg.OFDName,
		}[f.Tag]
		switch {
		case into != nil:
			*into = f.Text()
		case f.Tag == ffd.TagOFDINN:
			reg.OFDINN = f.INN()
		case f.Tag == ffd.TagFormat && reg.FFD == 0 && format == 0:
			reg.FFD = byte(f.Uint())
		}
	}
	if reg.FFD == 0 {
		reg.FFD = max(format, byte(ffd.V105))
	}
}

// Fiscalise makes the whole first registration: what a till and its maker's
// programs do together.
func (a *Accumulator) Fiscalise(now time.Time, reg fiscal.Registration) (Document, error) {
	if err := a.Begin(CurrentRegistration, now); err != nil {
		return Document{}, err
	}
	given, err := ffd.Registering(reg, false)
	if err != nil {
		return Document{}, fmt.Errorf("fiscalise: %w", err)
	}
	if err := a.Add(ffd.Append(nil, given...)); err != nil {
		return Document{}, err
	}
	return a.Register(now, RegistrationOf(reg))
}

// Registration returns the last registration; false before the first.
func (a *Accumulator) Registration() (Registration, Document, bool) {
	d, err := a.RegistrationDocument(0)
	if err != nil {
		return Registration{}, Document{}, false
	}
	return *d.Registration, d, true
}

// RegistrationDocument returns the report on a registration by its number from
// 1, or the last one for 0; ErrNoData when there is none.
func (a *Accumulator) RegistrationDocument(number int) (Document, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := a.archive.registrations
	if number == 0 {
		number = len(all)
	}
	if number < 1 || number > len(all) {
		return Document{}, ErrNoData
	}
	return *a.archive.docs[all[number-1]-1], nil
}

// FFD is the format of the registration as in tag 1209; 0 before it.
func (a *Accumulator) FFD() byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.archive.format()
}
