package fn

import (
	"errors"
	"time"

	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/fn"
	"github.com/chekan-io/chekan/sim/fault"
)

// execute runs one request message and returns the answer's; nil when the
// accumulator fell silent in between.
func (d *Device) execute(c *call, msg []byte) []byte {
	c.delay += d.opts.Timing.Command
	if c.cmd.Forms() {
		c.delay += d.opts.Timing.Form
	}
	if c.refuse != 0 {
		return d.refusal(c, codec.Code(c.refuse), nil)
	}
	req, err := codec.DecodeRequest(msg)
	if err != nil {
		d.log.Debug("malformed request", "fn", d.opts.Name, "error", err)
		return d.refusal(c, codec.ErrCommand, nil)
	}
	answer, err := d.run(c, req)
	if err == nil && d.commits(c.cmd) {
		d.strike(c, fault.OnCommit, 0, true)
	}
	if !d.on || d.life != c.life {
		return nil
	}
	if c.refuse != 0 {
		return d.refusal(c, codec.Code(c.refuse), nil)
	}
	if err != nil {
		d.log.Debug("refuse", "fn", d.opts.Name, "command", c.cmd.String(), "error", err)
		var data []byte
		if m, ok := errors.AsType[*MessageError](err); ok {
			data = []byte{m.Reason}
		}
		return d.refusal(c, codec.Code(Code(err)), data)
	}
	out, err := codec.EncodeAnswer(c.cmd, answer, d.warns())
	if err != nil {
		d.log.Error("encode answer", "fn", d.opts.Name, "command", c.cmd.String(), "error", err)
		return d.refusal(c, codec.ErrFailure, nil)
	}
	return out
}

// commits tells whether the command, when done, has changed the flash.
func (d *Device) commits(cmd codec.Command) bool {
	return cmd.Forms() || cmd == codec.CmdOperatorMessage || cmd == codec.CmdReset
}

func (d *Device) warns() bool { return d.acc.Status(d.acc.Estimate()).Warnings != 0 }

func (d *Device) refusal(c *call, code codec.Code, data []byte) []byte {
	return (&codec.Refusal{Command: c.cmd, Code: code, Warning: d.warns(), Data: data}).Encode()
}

// run executes a decoded request.
func (d *Device) run(_ *call, req codec.Request) (codec.Answer, error) {
	if req.Command().SecondHand() && d.acc.opts.FFD < 3 {
		return nil, ErrCommand
	}
	for _, part := range []func(codec.Request) (codec.Answer, bool, error){d.runState, d.runDocument, d.runExchange, d.runArchive} {
		if a, known, err := part(req); known {
			return a, err
		}
	}
	return nil, ErrCommand
}

// runState answers who is there and how it is.
func (d *Device) runState(req codec.Request) (codec.Answer, bool, error) {
	now := d.acc.Estimate()
	switch r := req.(type) {
	case codec.Status:
		s := d.acc.Status(now)
		return codec.StatusAnswer{
			Phase: s.Phase, Current: s.Current, HasData: s.HasData, Shift: s.ShiftOpen, Warnings: codec.Warnings(s.Warnings),
			Last: Civil(s.LastTime), FN: s.Number, FD: s.LastFD,
		}, true, nil
	case codec.Number:
		return codec.NumberAnswer{FN: d.acc.Number()}, true, nil
	case codec.Life:
		end, left, done := d.acc.Expiry()
		return codec.LifeAnswer{Until: Civil(end), Left: left, Done: done}, true, nil
	case codec.Version:
		v, serial := d.acc.Version()
		return codec.VersionAnswer{Version: v, Serial: bit(serial)}, true, nil
	case codec.LastErrors:
		return codec.LastErrorsAnswer{}, true, nil
	case codec.ServiceRecord:
		return codec.ServiceRecordAnswer{Data: make([]byte, 8)}, true, nil
	case codec.ShiftState:
		open, shift, receipt := d.acc.Shift()
		if p := d.acc.Status(now).Phase; p != PhaseFiscal {
			return nil, true, ErrState
		}
		return codec.ShiftStateAnswer{Open: open, Shift: shift, Receipt: receipt}, true, nil
	case codec.FFDVersions:
		return codec.FFDVersionsAnswer{Current: d.acc.FFD(), Maximum: d.acc.opts.FFD}, true, nil
	case codec.DaysLeft:
		at, err := when(r.At)
		if err != nil {
			return nil, true, err
		}
		end, _, _ := d.acc.Expiry()
		return codec.DaysLeftAnswer{Days: uint16(max(end.Sub(at)/(24*time.Hour), 0))}, true, nil
	case codec.FreeMemory:
		docs, kb := d.acc.Free(now)
		return codec.FreeMemoryAnswer{Documents: docs, Kilobytes: kb}, true, nil
	case codec.Execution:
		return codec.ExecutionAnswer{Text: "Ex. Simulated, no legal force"}, true, nil
	case codec.Counters:
		if r.Scope > codec.ScopeFN {
			return nil, true, ErrParameter
		}
		return d.acc.Counters(r.Scope), true, nil
	case codec.OperationCounters:
		return d.acc.OperationCounters(), true, nil
	case codec.TypeCounters:
		if r.Scope > codec.ScopeFN || r.Sign < 1 || r.Sign > 4 {
			return nil, true, ErrParameter
		}
		all := d.acc.Counters(r.Scope)
		return codec.TypeCountersAnswer{SignTotals: all.Signs[r.Sign-1], Corrected: all.Corrected[r.Sign-1]}, true, nil
	case codec.UnsentCounters:
		return d.acc.UnsentCounters(), true, nil
	case codec.DataSize:
		return codec.DataSizeAnswer{Message: uint32(d.acc.DataSize())}, true, nil
	case codec.MarkingStatus:
		return codec.MarkingStatusAnswer{}, true, nil
	case codec.Speed:
		return nil, true, nil
	case codec.Reset:
		if r.Code != codec.ResetCode {
			return nil, true, ErrParameter
		}
		d.reading = reading{}
		return nil, true, d.acc.Wipe()
	}
	return nil, false, nil
}

// runDocument begins, fills and forms documents.
func (d *Device) runDocument(req codec.Request) (codec.Answer, bool, error) {
	switch r := req.(type) {
	case codec.Cancel:
		return nil, true, d.acc.Cancel()
	case codec.Data:
		return nil, true, d.acc.Add(r.TLV)
	case codec.BeginRegistration:
		return nil, true, d.acc.BeginRegistration(r.Type, 0)
	case codec.BeginRegistration2:
		return nil, true, d.acc.BeginRegistration(r.Type, r.FFD)
	case codec.Register:
		a, err := d.register(r.At, Registration{INN: r.INN, RNM: r.RNM, TaxSystems: r.TaxSystems, Mode: r.Mode, Reason: r.Reason})
		return a, true, err
	case codec.Register2:
		a, err := d.register(r.At, Registration{
			INN: r.INN, RNM: r.RNM, TaxSystems: r.TaxSystems, Mode: r.Mode, ExtMode: r.ExtMode, OFDINN: r.OFDINN, Reasons: r.Reasons,
		})
		return a, true, err
	case codec.BeginCloseArchive:
		return nil, true, d.acc.Begin(CurrentCloseArchive, d.acc.Estimate())
	case codec.CloseArchive:
		at, err := when(r.At)
		if err != nil {
			return nil, true, err
		}
		if reg, _, ok := d.acc.Registration(); ok && reg.RNM != r.RNM {
			return nil, true, ErrParameter
		}
		a, err := document(d.acc.CloseArchive(at))
		return a, true, err
	case codec.BeginOpenShift:
		return nil, true, d.begin(CurrentOpenShift, r.At)
	case codec.BeginCloseShift:
		return nil, true, d.begin(CurrentCloseShift, r.At)
	case codec.BeginReceipt:
		return nil, true, d.begin(CurrentReceipt, r.At)
	case codec.BeginCorrection:
		return nil, true, d.begin(CurrentCorrection, r.At)
	case codec.BeginReport:
		return nil, true, d.begin(CurrentReport, r.At)
	case codec.OpenShift:
		doc, err := d.acc.OpenShift()
		return codec.NumberedAnswer{Number: doc.Shift, FD: doc.FD, FP: doc.FP}, true, err
	case codec.CloseShift:
		doc, err := d.acc.CloseShift()
		return codec.NumberedAnswer{Number: doc.Shift, FD: doc.FD, FP: doc.FP}, true, err
	case codec.FormReceipt:
		at, err := when(r.At)
		if err != nil {
			return nil, true, err
		}
		doc, err := d.acc.Receipt(at, r.Sign, r.Total)
		return codec.NumberedAnswer{Number: doc.Receipt, FD: doc.FD, FP: doc.FP}, true, err
	case codec.FormReport:
		doc, err := d.acc.Report()
		return codec.ReportAnswer{FD: doc.FD, FP: doc.FP, Unsent: doc.Unconfirmed, FirstUnsent: Civil(doc.UnconfirmedSince)}, true, err
	}
	return nil, false, nil
}

func (d *Device) begin(kind Current, at fiscal.DateTime) error {
	now, err := when(at)
	if err != nil {
		return err
	}
	return d.acc.Begin(kind, now)
}

func (d *Device) register(at fiscal.DateTime, reg Registration) (codec.Answer, error) {
	now, err := when(at)
	if err != nil {
		return nil, err
	}
	return document(d.acc.Register(now, reg))
}

func document(doc Document, err error) (codec.Answer, error) {
	return codec.DocumentAnswer{FD: doc.FD, FP: doc.FP}, err
}

// runExchange carries messages between the accumulator and the operator.
func (d *Device) runExchange(req codec.Request) (codec.Answer, bool, error) {
	switch r := req.(type) {
	case codec.ExchangeStatus:
		q := d.acc.Queue()
		a := codec.ExchangeStatusAnswer{
			Flags: codec.ExchangeFlags(q.Flags), Reading: q.Reading, Queue: q.Count, FirstFD: q.FirstFD, First: Civil(q.First),
		}
		if d.opts.ShortQueue && q.Count == 0 {
			return codec.RawAnswer{Data: []byte{byte(a.Flags), bit(a.Reading), 0, 0, 0, 0, 0, 0}}, true, nil
		}
		return a, true, nil
	case codec.SetLink:
		d.acc.Connect(r.Up)
		d.reading.message = nil
		return nil, true, nil
	case codec.BeginReadMessage:
		msg, err := d.message()
		if err != nil {
			return nil, true, err
		}
		d.reading.message = msg
		return codec.MessageLengthAnswer{Length: uint16(len(msg))}, true, nil
	case codec.ReadMessage:
		a, err := d.block(r)
		return a, true, err
	case codec.CancelReadMessage:
		d.reading.message = nil
		return nil, true, d.acc.CancelRead()
	case codec.EndReadMessage:
		d.reading.message = nil
		return nil, true, d.acc.EndRead()
	case codec.OperatorMessage:
		answer := d.acc.AnswerContainer
		if d.opts.SessionHeader {
			answer = d.acc.Answer
		}
		code, err := answer(r.Container)
		return codec.OperatorMessageAnswer{Code: code}, true, err
	}
	return nil, false, nil
}

func (d *Device) message() ([]byte, error) {
	if d.opts.SessionHeader {
		return d.acc.Message()
	}
	return d.acc.Container()
}

func (d *Device) block(r codec.ReadMessage) (codec.Answer, error) {
	msg, at := d.reading.message, int(r.Offset)
	limit := codec.MaxData
	if d.opts.BlockLength {
		limit -= 2
	}
	switch {
	case msg == nil:
		return nil, ErrState
	case at >= len(msg) || r.Count == 0 || r.Count > codec.MaxData:
		return nil, ErrCommand
	}
	b := msg[at:min(at+min(int(r.Count), limit), len(msg))]
	if d.opts.BlockLength {
		b = append([]byte{byte(len(b)), byte(len(b) >> 8)}, b...)
	}
	return codec.BlockAnswer{Data: b}, nil
}

// runArchive reads what was formed.
func (d *Device) runArchive(req codec.Request) (codec.Answer, bool, error) {
	switch r := req.(type) {
	case codec.FindDocument:
		doc, err := d.acc.Find(r.FD)
		if err != nil {
			return nil, true, err
		}
		return found(doc), true, nil
	case codec.FindFormatted:
		doc, err := d.acc.Find(r.FD)
		if err != nil {
			return nil, true, err
		}
		return codec.FindFormattedAnswer{Format: d.acc.FFD(), Type: doc.Type, Ticket: doc.Ticket != nil, FD: doc.FD, FP: doc.FP}, true, nil
	case codec.FindTicket:
		doc, err := d.acc.Find(r.FD)
		if err == nil && doc.Ticket == nil {
			err = ErrNoData
		}
		if err != nil {
			return nil, true, err
		}
		return codec.TicketAnswer{At: Civil(doc.Ticket.Time), Sign: doc.Ticket.Sign, FD: doc.FD}, true, nil
	case codec.UnsentCount:
		return codec.CountAnswer{Count: d.acc.Unconfirmed()}, true, nil
	case codec.RegistrationTotals:
		a, err := d.totals(r.Index)
		return a, true, err
	case codec.RegistrationTag:
		a, err := d.registrationTag(r)
		return a, true, err
	case codec.NextRegistrationTag:
		a, err := next(&d.reading.reg)
		return a, true, err
	case codec.ReadDocument:
		tlv, err := d.acc.Stored(r.FD, d.acc.Estimate())
		if err != nil {
			return nil, true, err
		}
		if d.reading.tags, err = Objects(tlv[4:]); err != nil {
			return nil, true, err
		}
		return codec.ReadDocumentAnswer{Type: uint16(tlv[0]) | uint16(tlv[1])<<8, Length: uint16(len(tlv) - 4)}, true, nil
	case codec.NextTag:
		a, err := next(&d.reading.tags)
		return a, true, err
	}
	return nil, false, nil
}

func found(doc Document) codec.Answer {
	a := codec.FoundDocumentAnswer{
		Type: doc.Type, Ticket: doc.Ticket != nil, At: Civil(doc.Time), FD: doc.FD, FP: doc.FP,
		Shift: doc.Shift, Sign: doc.Op, Total: doc.Sum, Unsent: doc.Unconfirmed, FirstUnsent: Civil(doc.UnconfirmedSince),
	}
	if reg := doc.Registration; reg != nil {
		a.INN, a.RNM, a.TaxSystems, a.Mode, a.Reason = reg.INN, reg.RNM, reg.TaxSystems, reg.Mode, reg.Reason
	}
	return a
}

func (d *Device) totals(index byte) (codec.Answer, error) {
	doc, err := d.acc.RegistrationDocument(int(index))
	if err != nil {
		return nil, err
	}
	reg := doc.Registration
	a := codec.RegistrationTotalsAnswer{
		At: Civil(doc.Time), INN: reg.INN, RNM: reg.RNM, TaxSystems: reg.TaxSystems, Mode: reg.Mode, FD: doc.FD, FP: doc.FP,
	}
	switch {
	case reg.FFD >= 3:
		a.Form, a.ExtMode, a.OFDINN, a.Reasons = codec.TotalsLong, reg.ExtMode, reg.OFDINN, reg.Reasons
	case index != 0:
		a.Form, a.Reasons = codec.TotalsReason, uint32(reg.Reason)
	}
	return a, nil
}

func (d *Device) registrationTag(r codec.RegistrationTag) (codec.Answer, error) {
	doc, err := d.acc.RegistrationDocument(int(r.Index))
	if err != nil {
		return nil, err
	}
	all, err := Objects(doc.TLV[4:])
	if err != nil {
		return nil, err
	}
	if r.Tag == codec.AllTags {
		d.reading.reg = all
		return codec.TLVAnswer{}, nil
	}
	for _, one := range all {
		if one[0] == byte(r.Tag) && one[1] == byte(r.Tag>>8) {
			return codec.TLVAnswer{TLV: one}, nil
		}
	}
	return nil, ErrNoData
}

// next hands out one object of a reading. One too long for an answer cannot
// be read by this protocol.
func next(list *[][]byte) (codec.Answer, error) {
	if len(*list) == 0 {
		return nil, ErrNoData
	}
	one := (*list)[0]
	*list = (*list)[1:]
	if len(one) > codec.MaxData {
		one = one[:codec.MaxData]
	}
	return codec.TLVAnswer{TLV: one}, nil
}

// lastYear is the last whole one that the time of a document can tell (tag
// 1012, four bytes).
const lastYear = 2105

// when reads a time of the wire.
func when(t fiscal.DateTime) (time.Time, error) {
	if !t.Valid() || t.Year > lastYear {
		return time.Time{}, ErrTime
	}
	return time.Date(t.Year, time.Month(t.Month), t.Day, t.Hour, t.Minute, t.Second, 0, time.UTC), nil
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}
