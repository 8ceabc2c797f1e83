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
		return d.readDocument(c, r)
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
		docs, kb := d.acc.Free(c.now)
		return codec.FNMemoryAnswer{Documents: docs, Kilobytes: kb}, nil
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
		return d.beginRegistration(c, r.Type)
	case codec.Registration:
		return d.register(c, r.INN, r.RNM, byte(r.Tax), byte(r.Mode), 0)
	case codec.Reregistration:
		return d.register(c, r.INN, r.RNM, byte(r.Tax), byte(r.Mode), r.Reason)
	case codec.BeginCloseFN:
		return d.begin(c, fn.CurrentCloseArchive)
	case codec.CloseFN:
		return d.closeFN(c)
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
	if d.acc.Preparing() == fn.CurrentNone && d.nv.Receipt == nil {
		return nil, refuse(codec.ErrWrongMode)
	}
	if d.acc.Preparing() != fn.CurrentNone {
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

func (d *Device) readDocument(c *call, q codec.ReadDocument) (codec.Answer, error) {
	tlv, err := d.acc.Stored(q.FD, c.now)
	if err != nil {
		return nil, err
	}
	list, err := blocks(tlv[4:])
	if err != nil {
		return nil, err
	}
	d.out = output{active: true, blocks: list}
	return codec.ReadDocumentAnswer{Type: binary.LittleEndian.Uint16(tlv), Length: binary.LittleEndian.Uint16(tlv[2:])}, nil
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
		// Whoever asks anew has lost what was under way: the message is offered
		// again without the wait for its ticket.
		d.acc.Connect(false)
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
