package shtrih

import (
	"encoding/binary"
	"time"

	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/fn"
)

// output is data output in progress: mode 1 until everything is read.
type output struct {
	active bool
	stuck  bool // a fault put the till here; there is nothing to read
	blocks [][]byte
}

// relay carries messages between the accumulator and the operator through the
// host (FF30h–FF33h).
type relay struct {
	out []byte // message being read by the host
	in  []byte // answer, or tags for FF64h, being written by the host
	got int
}

func (r *relay) takeTLV() []byte {
	b := r.in
	r.in, r.got = nil, 0
	return b
}

// relayBlock is the most bytes of a message in one command.
const relayBlock = 240

// runFN executes the commands that speak of the accumulator.
func (d *Device) runFN(c *call, req codec.Request) (codec.Answer, error) {
	switch r := req.(type) {
	case codec.FNStatus:
		return d.fnStatus(c), nil
	case codec.FNNumber:
		return codec.FNNumberAnswer{FN: d.acc.Number()}, nil
	case codec.FNExpiry:
		end, left, done := d.acc.Expiry()
		return codec.FNExpiryAnswer{Until: day(end), Registrations: &codec.Registrations{Left: left, Done: done}}, nil
	case codec.FNVersion:
		v, _ := d.acc.Version()
		return codec.FNVersionAnswer{Version: v}, nil
	case codec.CancelFNDocument:
		return d.cancelFN(c)
	case codec.ShiftState:
		open, shift, receipt := d.acc.Shift()
		a := codec.ShiftStateAnswer{Shift: shift, Receipt: receipt}
		if open {
			a.Open = 1
		}
		return a, nil
	case codec.FindDocument:
		return d.findDocument(r)
	case codec.ReadDocument:
		return d.readDocument(r)
	case codec.ReadDocumentBlock:
		return d.readBlock(c)
	case codec.OFDTicket:
		return d.ticket(r)
	case codec.OFDStatus:
		return d.ofdStatus(), nil
	case codec.UnconfirmedCount:
		return codec.UnconfirmedCountAnswer{Count: d.acc.Unconfirmed()}, nil
	case codec.OFDMessage:
		return d.relayMessage()
	case codec.OFDReadBlock:
		return d.relayRead(c, r)
	case codec.OFDBeginWrite:
		d.relay.in, d.relay.got = make([]byte, r.Size), 0
		return codec.OFDBeginWriteAnswer{MaxBlock: relayBlock}, nil
	case codec.OFDWriteBlock:
		return d.relayWrite(c, r)
	case codec.FNMemory:
		last := d.acc.Status(c.now).LastFD
		return codec.FNMemoryAnswer{Documents: 230_000 - min(last, 230_000), Kilobytes: 250_000}, nil
	case codec.SyncRegisters:
		d.mend()
		return d.empty(c)
	case codec.RegistrationTotals:
		return d.registrationTotals(c.code, 0)
	case codec.RegistrationTotalsV2:
		return d.registrationTotals(c.code, int(r.Number))
	case codec.RegistrationParameter:
		return d.registrationTag(c.code, int(r.Number), r.Tag)
	case codec.Parameter:
		return d.registrationTag(c.code, int(r.Number), r.Tag)
	case codec.BeginRegistration:
		kind := fn.CurrentRegistration
		if r.Type != 0 {
			kind = fn.CurrentReregistration
		}
		return d.begin(c, kind)
	case codec.Registration:
		return d.register(c, r.INN, r.RNM, byte(r.Tax), byte(r.Mode), 0)
	case codec.Reregistration:
		return d.register(c, r.INN, r.RNM, byte(r.Tax), byte(r.Mode), r.Reason)
	case codec.BeginCloseFN:
		return d.begin(c, fn.CurrentCloseArchive)
	case codec.CloseFN:
		doc, err := d.acc.CloseArchive(c.now)
		if err != nil {
			return nil, err
		}
		if err := d.committed(c); err != nil {
			return nil, err
		}
		d.order(d.shiftJob(c, doc, "ОТЧЁТ О ЗАКРЫТИИ ФН"))
		return codec.DocumentAnswer{For: c.code, FD: doc.FD, FP: doc.FP, Time: d.dt(doc)}, nil
	case codec.ResetFN:
		if r.Parameter != 0x16 {
			return nil, refuse(codec.ErrBadParameters)
		}
		if err := d.acc.Wipe(); err != nil {
			return nil, err
		}
		return d.empty(c)
	}
	return nil, refuse(codec.ErrNotSupported)
}

func day(t time.Time) fiscal.DateTime {
	dt := fn.Civil(t)
	dt.Hour, dt.Minute, dt.Second = 0, 0, 0
	return dt
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func (d *Device) fnStatus(c *call) codec.Answer {
	s := d.acc.Status(c.now)
	return codec.FNStatusAnswer{
		Phase: codec.FNPhase(s.Phase), Document: codec.FNDocument(s.Current), Data: flag(s.HasData), Shift: flag(s.ShiftOpen),
		Warnings: codec.FNWarnings(s.Warnings), Last: fn.Civil(s.LastTime), FN: s.Number, FD: s.LastFD,
	}
}

// cancelFN is FF08h. The guide lists it for mode 8, users report that it
// clears a document left open outside of it too.
func (d *Device) cancelFN(c *call) (codec.Answer, error) {
	if d.acc.Status(c.now).Current == fn.CurrentNone && d.nv.Receipt == nil {
		return nil, refuse(codec.ErrWrongMode)
	}
	if d.acc.Status(c.now).Current != fn.CurrentNone {
		if err := d.acc.Cancel(); err != nil {
			return nil, err
		}
	}
	if r := d.nv.Receipt; r != nil {
		d.nv.cancelReceipt(r)
	}
	return d.empty(c)
}

func (d *Device) findDocument(q codec.FindDocument) (codec.Answer, error) {
	doc, err := d.acc.Find(q.FD)
	if err != nil {
		return nil, err
	}
	a := codec.FoundDocumentAnswer{
		Type: codec.ArchiveType(doc.Type), Ticket: flag(doc.Ticket != nil), Time: fn.Civil(doc.Time), FD: doc.FD, FP: doc.FP,
		Shift: doc.Shift, Sign: codec.SettlementSign(doc.Op), Sum: doc.Sum,
		Unconfirmed: doc.Unconfirmed, FirstUnconfirmed: day(doc.UnconfirmedSince),
	}
	if reg := doc.Registration; reg != nil {
		a.INN, a.RNM, a.Tax, a.Mode, a.Reason = reg.INN, reg.RNM, codec.TaxSystem(reg.TaxSystems), codec.OperatingMode(reg.Mode), reg.Reason
	}
	return a, nil
}

func (d *Device) readDocument(q codec.ReadDocument) (codec.Answer, error) {
	doc, err := d.acc.Find(q.FD)
	if err != nil {
		return nil, err
	}
	blocks, err := split(doc.TLV)
	if err != nil {
		return nil, err
	}
	d.out = output{active: true, blocks: blocks}
	return codec.ReadDocumentAnswer{Type: uint16(doc.Type), Length: uint16(len(doc.TLV))}, nil
}

// split gives one top-level object a block; one too long for an answer goes in
// pieces.
func split(tlv []byte) ([][]byte, error) {
	var out [][]byte
	for at := 0; at < len(tlv); {
		if len(tlv)-at < 4 {
			return nil, fn.ErrTLV
		}
		end := at + 4 + int(binary.LittleEndian.Uint16(tlv[at+2:]))
		if end > len(tlv) {
			return nil, fn.ErrTLV
		}
		for at < end {
			n := min(end-at, relayBlock)
			out = append(out, tlv[at:at+n])
			at += n
		}
	}
	return out, nil
}

func (d *Device) readBlock(c *call) (codec.Answer, error) {
	if !d.out.active || len(d.out.blocks) == 0 {
		d.out = output{}
		return nil, fn.ErrNoData
	}
	b := d.out.blocks[0]
	d.out.blocks = d.out.blocks[1:]
	return codec.DataAnswer{For: c.code, Data: b}, nil
}

func (d *Device) ticket(q codec.OFDTicket) (codec.Answer, error) {
	doc, err := d.acc.Find(q.FD)
	if err != nil {
		return nil, err
	}
	if doc.Ticket == nil {
		return nil, fn.ErrNoData
	}
	return codec.OFDTicketAnswer{Time: fn.Civil(doc.Ticket.Time), FPO: doc.Ticket.Sign, FD: doc.FD}, nil
}

func (d *Device) ofdStatus() codec.Answer {
	q := d.acc.Queue()
	return codec.OFDStatusAnswer{
		State: codec.OFDState(q.Flags), Reading: flag(q.Reading), Queue: q.Count, FirstFD: q.FirstFD, First: fn.Civil(q.First),
	}
}

// relayMessage is FF30h: with field 2 of table 21 at 0 the host carries the
// messages; a till that does it by itself has none to give.
func (d *Device) relayMessage() (codec.Answer, error) {
	a := codec.OFDMessageAnswer{MaxBlock: relayBlock}
	if d.tableNumber(21, 1, 2) != 0 {
		return a, nil
	}
	if d.relay.out == nil {
		d.acc.Connect(true)
		msg, err := d.acc.Message()
		if err != nil {
			return a, nil //nolint:nilerr // nothing to send is an answer of zero bytes
		}
		d.relay.out = msg
	}
	a.Bytes = uint16(len(d.relay.out))
	return a, nil
}

func (d *Device) relayRead(c *call, q codec.OFDReadBlock) (codec.Answer, error) {
	at, end := int(q.Offset), int(q.Offset)+int(q.Count)
	if d.relay.out == nil || at >= len(d.relay.out) {
		return nil, refuse(codec.ErrNoData)
	}
	if q.Count == 0 || q.Count > relayBlock {
		return nil, refuse(codec.ErrBadParameters)
	}
	end = min(end, len(d.relay.out))
	b := d.relay.out[at:end]
	if end == len(d.relay.out) {
		// Sent whole: the accumulator waits for the ticket and offers the same
		// message again when none comes.
		d.relay.out = nil
		if err := d.acc.EndRead(); err != nil {
			return nil, err
		}
	}
	return codec.DataAnswer{For: c.code, Data: b}, nil
}

func (d *Device) relayWrite(c *call, q codec.OFDWriteBlock) (codec.Answer, error) {
	end := int(q.Offset) + len(q.Data)
	if d.relay.in == nil || end > len(d.relay.in) {
		return nil, refuse(codec.ErrBadParameters)
	}
	copy(d.relay.in[q.Offset:], q.Data)
	d.relay.got += len(q.Data)
	if end < len(d.relay.in) {
		return d.empty(c)
	}
	// A message begins with the session header's signature; anything else is
	// tags for FF64h.
	if len(d.relay.in) < 4 || binary.BigEndian.Uint32(d.relay.in) != 0x2A08410A {
		return d.empty(c)
	}
	msg := d.relay.takeTLV()
	if _, err := d.acc.Answer(msg); err != nil {
		return nil, err
	}
	return d.empty(c)
}

// registrationDoc finds a registration: the last one for number 0.
func (d *Device) registrationDoc(number int) (fn.Document, error) {
	if number == 0 {
		_, doc, ok := d.acc.Registration()
		if !ok {
			return fn.Document{}, fn.ErrNoData
		}
		return doc, nil
	}
	for _, doc := range d.acc.List() {
		if doc.Registration == nil {
			continue
		}
		if number--; number == 0 {
			return doc, nil
		}
	}
	return fn.Document{}, fn.ErrNoData
}

func (d *Device) registrationTotals(code codec.Code, number int) (codec.Answer, error) {
	doc, err := d.registrationDoc(number)
	if err != nil {
		return nil, err
	}
	reg := doc.Registration
	a := codec.RegistrationAnswer{
		For: code, Time: fn.Civil(doc.Time), INN: reg.INN, RNM: reg.RNM, Tax: codec.TaxSystem(reg.TaxSystems),
		Mode: codec.OperatingMode(reg.Mode), FD: doc.FD, FP: doc.FP,
	}
	if reg.FFD >= 3 {
		a.Form, a.ModeExt, a.OFD = codec.RegistrationLong, reg.ExtMode, reg.OFDINN
	}
	return a, nil
}

func (d *Device) registrationTag(code codec.Code, number int, tag uint16) (codec.Answer, error) {
	doc, err := d.registrationDoc(number)
	if err != nil {
		return nil, err
	}
	if tag == 0xFFFF {
		blocks, err := split(doc.TLV)
		if err != nil {
			return nil, err
		}
		d.out = output{active: true, blocks: blocks}
		return codec.DataAnswer{For: code}, nil
	}
	t, ok := doc.Tag(tag)
	if !ok {
		return nil, fn.ErrNoData
	}
	return codec.DataAnswer{For: code, Data: fn.AppendTLV(nil, t.Tag, t.Value)}, nil
}

func (d *Device) register(c *call, inn, rnm string, tax, mode, reason byte) (codec.Answer, error) {
	reg := *d.opts.Registration
	if old, _, ok := d.acc.Registration(); ok {
		reg = old
	}
	reg.INN, reg.RNM, reg.TaxSystems, reg.Mode, reg.Reason = inn, rnm, tax, mode, reason
	doc, err := d.acc.Register(c.now, reg)
	if err != nil {
		return nil, err
	}
	if err := d.committed(c); err != nil {
		return nil, err
	}
	d.order(d.shiftJob(c, doc, "ОТЧЁТ О РЕГИСТРАЦИИ"))
	return codec.DocumentAnswer{For: c.code, FD: doc.FD, FP: doc.FP, Time: d.dt(doc)}, nil
}
