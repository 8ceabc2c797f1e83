package shtrih

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/fn"
)

// effects are what faults do to one command on the wire.
type effects struct {
	loseACK   bool
	nak       bool
	silent    bool // the answer stays off the wire
	forget    bool // … and out of memory
	duplicate bool
	replay    bool
	garble    byte
	refuse    byte
	delay     time.Duration
}

func (e *effects) join(o effects) {
	e.loseACK = e.loseACK || o.loseACK
	e.nak = e.nak || o.nak
	e.silent = e.silent || o.silent
	e.forget = e.forget || o.forget
	e.duplicate = e.duplicate || o.duplicate
	e.replay = e.replay || o.replay
	if o.refuse != 0 {
		e.refuse = o.refuse
	}
	e.delay += o.delay
}

func (e *effects) takeDelay() time.Duration {
	t := e.delay
	e.delay = 0
	return t
}

// call is one command being executed.
type call struct {
	effects
	serial   uint64
	code     codec.Code
	message  []byte
	session  *session
	operator byte
	now      time.Time
	refused  bool // refuse has been answered instead of executing
}

// messageCode reads the command's code: two bytes for FFh and FEh.
func messageCode(msg []byte) codec.Code {
	switch {
	case len(msg) == 0:
		return 0
	case msg[0] >= 0xFE && len(msg) > 1:
		return codec.Code(msg[0])<<8 | codec.Code(msg[1])
	}
	return codec.Code(msg[0])
}

func (d *Device) nextSerial() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.serial++
	return d.serial
}

// strike lets the faults of a moment happen.
func (d *Device) strike(c *call, phase Phase, at int, whole bool) {
	for _, f := range d.plan.Strike(c.serial, c.code, phase, at, whole) {
		d.log.Info("fault", "till", d.opts.Name, "fault", f.String())
		d.act(f, c)
	}
}

// act does what a fault says. Without a call (while printing) only what
// happens to the whole till can be done.
func (d *Device) act(f Fault, c *call) {
	switch f.Action {
	case RebootNow:
		d.reboot()
	case PowerCut:
		d.powerOff(f.For)
	case PaperOut:
		d.removePaper()
	case CoverOpen:
		d.openCover()
	case Hang:
		d.hang(f.For)
	case CloseLink:
		d.dropLinks()
	case Busy:
		d.busyUntil = time.Now().Add(f.For)
	case Stuck:
		d.out = output{active: true, stuck: true}
	case Foreign:
		d.foreignReceipt(fiscal.Money(max(f.Code, 1)) * 100)
	case ForeignOpen:
		if d.nv.Receipt == nil {
			d.nv.Receipt = &receipt{Opener: foreignOperator}
			d.save()
		}
	case TakeOver:
		if d.nv.Receipt != nil {
			d.nv.Receipt.Opener = foreignOperator
			d.save()
		}
	case HangFNDocument:
		d.hangDocument()
	case LoseClock:
		d.nv.ClockLost = true
		d.save()
	case RAMError:
		d.nv.RAMBad = true
		d.save()
	case AgeShift:
		if f.For == 0 {
			f.For = 24*time.Hour + time.Minute
		}
		d.age(f.For)
	default:
		if c != nil {
			c.suffer(f)
		}
	}
}

// suffer notes what a fault does to this command on the wire.
func (c *call) suffer(f Fault) {
	switch f.Action {
	case LoseACK:
		c.loseACK = true
	case NAKRequest:
		c.nak = true
	case LoseAnswer:
		c.silent = true
	case ForgetAnswer:
		c.silent, c.forget = true, true
	case Garble:
		if c.garble = f.Code; c.garble == 0 {
			c.garble = 0xFF
		}
	case Duplicate:
		c.duplicate = true
	case Delay:
		c.delay += f.For
	case Replay:
		c.replay = true
	case Refuse:
		c.refuse = f.Code
	}
}

// foreignOperator is the cashier of the second client.
const foreignOperator = 5

// hangDocument leaves a document open in the accumulator although the till is
// in no document.
func (d *Device) hangDocument() {
	kind := fn.CurrentReceipt
	if open, _, _ := d.acc.Shift(); !open {
		kind = fn.CurrentOpenShift
	}
	if err := d.acc.Begin(kind, d.now()); err != nil {
		d.log.Warn("leave document open", "till", d.opts.Name, "error", err)
	}
}

// foreignReceipt is a whole sale made by a second client between our commands.
func (d *Device) foreignReceipt(sum fiscal.Money) {
	r := &receipt{Opener: foreignOperator, Items: []item{{
		Name: "Чужой товар", Quantity: fiscal.One, Price: sum, Sum: sum, VAT: 6, Method: 4, Subject: 1,
	}}}
	paid := fiscal.Payments{Cash: sum}
	now := d.now()
	err := d.acc.Begin(fn.CurrentReceipt, now)
	if err == nil {
		var body []byte
		if body, err = d.receiptTLV(r, paid, 1, nil); err == nil {
			err = d.acc.Add(body)
		}
	}
	if err == nil {
		_, err = d.acc.Receipt(now, 1, sum)
	}
	if err != nil {
		d.log.Warn("second client's receipt", "till", d.opts.Name, "error", err)
		return
	}
	mine := d.nv.Receipt
	d.nv.closeReceipt(r, sum, paid)
	d.nv.Receipt = mine
	d.save()
}

// refusal is an error answer of the till.
type refusal struct {
	code codec.ErrorCode
	text string
}

// Error implements error.
func (r *refusal) Error() string { return fmt.Sprintf("till answers %02Xh %s", byte(r.code), r.text) }

func refuse(code codec.ErrorCode) error { return &refusal{code: code} }

// errorCode is the byte an error is answered with.
func errorCode(err error) codec.ErrorCode {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.code
	}
	return codec.ErrorCode(fn.Code(err))
}

// execute runs the command and returns the answer's message; nil when the till
// fell silent in between.
func (d *Device) execute(c *call) []byte {
	if !d.up() {
		return nil
	}
	if c.refuse != 0 {
		c.refused = true
		return d.errorMessage(c, codec.ErrorCode(c.refuse))
	}
	answer, err := d.dispatch(c)
	d.progress()
	if !d.up() && !d.hung || errors.Is(err, errSilent) {
		return nil
	}
	if !codec.Describe(c.code).ReadOnly {
		d.save()
	}
	if err != nil {
		d.log.Debug("refuse", "till", d.opts.Name, "command", c.code.Hex(), "error", err)
		d.lastErr = err.Error()
		return d.errorMessage(c, errorCode(err))
	}
	msg, err := codec.EncodeAnswer(answer)
	if err != nil {
		d.log.Error("encode answer", "till", d.opts.Name, "command", c.code.Hex(), "error", err)
		return d.errorMessage(c, codec.ErrInternal)
	}
	return msg
}

func (d *Device) errorMessage(c *call, code codec.ErrorCode) []byte {
	var opts []codec.ErrorOption
	if d.opts.ShortFFError {
		opts = append(opts, codec.ShortForm())
	}
	if d.opts.ExtendedErr {
		opts = append(opts, codec.WithExtended(0))
	}
	return codec.EncodeError(c.code, code, opts...)
}

// dispatch checks what every command must pass and runs it. The order of the
// checks of mode and submode is not documented; mode goes first here.
func (d *Device) dispatch(c *call) (codec.Answer, error) {
	c.now = d.now()
	req, err := codec.DecodeRequest(c.message)
	if err != nil {
		return nil, &refusal{code: codec.ErrBadParameters, text: err.Error()}
	}
	if _, unknown := req.(codec.Unknown); unknown {
		return nil, refuse(codec.ErrNotSupported)
	}
	if err := d.password(c); err != nil {
		return nil, err
	}
	if err := d.ready(c); err != nil {
		return nil, err
	}
	timing := d.opts.Timing
	c.delay += timing.Command
	info := codec.Describe(c.code)
	switch c.code {
	case codec.CodeOperationV2, codec.CodeSale, codec.CodePurchase, codec.CodeSaleReturn, codec.CodePurchaseReturn, codec.CodeStorno:
		c.delay += timing.Item
	default:
		if info.Commits {
			c.delay += timing.Commit
		}
	}
	return d.run(c, req)
}

// Commands that take no password.
var withoutPassword = map[codec.Code]bool{
	codec.CodeTechReset: true, codec.CodeErrorText: true, codec.CodeExtendedQuery: true, codec.CodeDeviceType: true,
}

// password finds the operator (table 2) and whether the command is his to give
// (Shtrih protocol 1.17, §2).
func (d *Device) password(c *call) error {
	if withoutPassword[c.code] || c.code>>8 == 0xFE {
		return nil
	}
	head := 1
	if c.code.Wide() {
		head = 2
	}
	if len(c.message) < head+4 {
		return refuse(codec.ErrBadParameters)
	}
	password := uint64(binary.LittleEndian.Uint32(c.message[head:]))
	for row := uint16(operators); row >= 1; row-- {
		if d.tableNumber(2, row, 1) == password {
			c.operator = byte(row)
			break
		}
	}
	least := byte(1)
	switch c.code {
	case codec.CodeWriteTable, codec.CodeReadTable, codec.CodeTableInfo, codec.CodeFieldInfo, codec.CodeSetTime, codec.CodeSetDate,
		codec.CodeConfirmDate, codec.CodeInitTables, codec.CodeSetPort, codec.CodeGetPort, codec.CodeFontParams, codec.CodeGeneralReset:
		least = operators
	case codec.CodeCloseShift, codec.CodeBufferedZ:
		least = operators - 1
	case codec.CodeXReport, codec.CodePrintRegisters:
		least = operators - 2
	}
	if c.operator < least {
		return refuse(codec.ErrPassword)
	}
	return nil
}

// operators is the number of rows of table 2; the last one is the system
// administrator.
const operators = 30

// Commands a till answers even when it has lost its clock or its memory.
var alwaysAnswered = map[codec.Code]bool{
	codec.CodeShortStatus: true, codec.CodeFullStatus: true, codec.CodeDeviceType: true, codec.CodeExtendedQuery: true,
	codec.CodeErrorText: true, codec.CodeSetDate: true, codec.CodeConfirmDate: true, codec.CodeSetTime: true, codec.CodeTechReset: true,
	codec.CodeServiceReboot: true, codec.CodeReadTable: true, codec.CodeServicePing: true,
}

// ready checks mode and submode.
func (d *Device) ready(c *call) error {
	if !alwaysAnswered[c.code] {
		switch {
		case d.nv.RAMBad:
			return refuse(0x74)
		case d.nv.ClockLost:
			return refuse(0xC0)
		}
	}
	mode := codec.Mode(d.mode())
	if !codec.Allowed(c.code, mode) && !d.lenient(c.code, mode) {
		if mode == codec.ModeShiftExpired && newReceipt[c.code] {
			return refuse(codec.ErrShiftExpired)
		}
		return refuse(codec.ErrWrongMode)
	}
	if c.code == codec.CodeXReport && mode == codec.ModeShiftClosed && !d.opts.XReportClosed {
		return refuse(codec.ErrWrongMode)
	}
	code := codec.Refusal(c.code, codec.Submode(d.submode()))
	if code == codec.ErrNoPaper && (d.opts.SubmodeError || c.code == codec.CodeContinuePrint && d.submode() == 1) {
		code = codec.ErrWrongSubmode
	}
	if code != codec.ErrNone {
		return refuse(code)
	}
	return nil
}

// newReceipt has the commands that begin a receipt.
var newReceipt = map[codec.Code]bool{
	codec.CodeOpenReceipt: true, codec.CodeSale: true, codec.CodePurchase: true, codec.CodeSaleReturn: true,
	codec.CodePurchaseReturn: true, codec.CodeOperationV2: true,
}

// lenient allows what an option adds to the matrix, and the date again in
// mode 6, so that a wrong one can be corrected.
func (d *Device) lenient(code codec.Code, mode codec.Mode) bool {
	switch {
	case code == codec.CodeOperationV2 && mode == codec.ModeShiftOpen:
		return d.opts.AutoOpen
	case code == codec.CodeSetDate && mode == codec.ModeConfirmDate:
		return true
	case d.nv.ClockLost && (code == codec.CodeSetDate || code == codec.CodeSetTime):
		return true
	}
	return false
}

// mode is the mode byte (Shtrih protocol 1.17, §4.1).
func (d *Device) mode() byte {
	switch {
	case d.nv.RAMBad:
		return 9
	case d.out.active:
		return 1
	case !d.nv.NewDate.IsZero():
		return 6
	case d.nv.NonFiscal:
		return 0x48
	case d.nv.Receipt != nil:
		return 0x08 | d.nv.Receipt.Type<<4
	}
	return d.shiftMode()
}

// shiftMode is the mode outside of documents.
func (d *Device) shiftMode() byte {
	since := d.acc.ShiftOpenedAt()
	if since.IsZero() {
		return 4
	}
	early := time.Duration(d.tableNumber(17, 1, 8)) * time.Minute
	if d.now().Sub(since) > 24*time.Hour-early {
		return 3
	}
	return 2
}

// committed is the gap between the accumulator's commit and the till's own
// memory; an error says that the till did not get across.
func (d *Device) committed(c *call) error {
	d.strike(c, OnCommit, 0, false)
	if !d.on || !d.up() && !d.hung {
		return errSilent
	}
	return nil
}

// dt is the time of a document in answers, if field 36 of table 17 asks for it.
func (d *Device) dt(doc fn.Document) *fiscal.DateTime {
	if d.tableNumber(17, 1, 36) == 0 {
		return nil
	}
	t := fn.Civil(doc.Time)
	return &t
}
