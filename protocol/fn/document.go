package fn

import "github.com/chekan-io/chekan/protocol/fiscal"

// Status asks for the state (30h).
type Status struct{}

// Command is 30h.
func (Status) Command() Command { return CmdStatus }
func (*Status) layout(*cursor)  {}

// StatusAnswer is the answer to 30h, 30 bytes. Last and FD belong to the last
// document formed, and so tell whether a doubtful one was.
type StatusAnswer struct {
	Phase    Phase
	Current  Current
	HasData  bool // the document in preparation has received tags
	Shift    bool // open
	Warnings Warnings
	Last     fiscal.DateTime
	FN       string
	FD       uint32
}

func (a *StatusAnswer) layout(c *cursor) {
	u8(c, &a.Phase)
	u8(c, &a.Current)
	c.flag(&a.HasData)
	c.flag(&a.Shift)
	u8(c, &a.Warnings)
	c.time(&a.Last)
	c.chars(&a.FN, 16)
	u32(c, &a.FD)
}

// Number asks for the number of the accumulator (31h).
type Number struct{}

// Command is 31h.
func (Number) Command() Command { return CmdNumber }
func (*Number) layout(*cursor)  {}

// NumberAnswer is the answer to 31h.
type NumberAnswer struct{ FN string }

func (a *NumberAnswer) layout(c *cursor) { c.chars(&a.FN, 16) }

// Life asks till when the accumulator serves (32h).
type Life struct{}

// Command is 32h.
func (Life) Command() Command { return CmdLife }
func (*Life) layout(*cursor)  {}

// LifeAnswer is the answer to 32h.
type LifeAnswer struct {
	Until fiscal.DateTime // a date
	Left  byte            // re-registrations left
	Done  byte            // registrations made
}

func (a *LifeAnswer) layout(c *cursor) {
	c.date(&a.Until)
	u8(c, &a.Left)
	u8(c, &a.Done)
}

// Version asks for the program of the accumulator (33h).
type Version struct{}

// Command is 33h.
func (Version) Command() Command { return CmdVersion }
func (*Version) layout(*cursor)  {}

// VersionAnswer is the answer to 33h. Some accumulators leave Serial out.
type VersionAnswer struct {
	Version string
	Serial  byte // 0 is a debug accumulator, 1 a serial one
}

func (a *VersionAnswer) layout(c *cursor) {
	c.chars(&a.Version, 16)
	if c.writing || c.left() > 0 {
		u8(c, &a.Serial)
	}
}

// LastErrors asks for what the maker reads after a failure (35h).
type LastErrors struct{}

// Command is 35h.
func (LastErrors) Command() Command { return CmdLastErrors }
func (*LastErrors) layout(*cursor)  {}

// LastErrorsAnswer is the answer to 35h.
type LastErrorsAnswer struct{ Data []byte }

func (a *LastErrorsAnswer) layout(c *cursor) { c.rest(&a.Data) }

// Cancel drops the document in preparation (06h).
type Cancel struct{}

// Command is 06h.
func (Cancel) Command() Command { return CmdCancel }
func (*Cancel) layout(*cursor)  {}

// Data gives the document in preparation more tags (07h), whole objects only.
// How much a document takes: [MaxReceiptData] and its kin.
type Data struct{ TLV []byte }

// Command is 07h.
func (Data) Command() Command { return CmdData }

func (r *Data) layout(c *cursor) { c.rest(&r.TLV) }

// DocumentAnswer is the answer of a command that forms a document and tells
// its number and sign: 03h, 05h, A3h.
type DocumentAnswer struct {
	FD uint32
	FP uint32
}

func (a *DocumentAnswer) layout(c *cursor) {
	u32(c, &a.FD)
	u32(c, &a.FP)
}

// ShiftState asks for the shift (10h).
type ShiftState struct{}

// Command is 10h.
func (ShiftState) Command() Command { return CmdShiftState }
func (*ShiftState) layout(*cursor)  {}

// ShiftStateAnswer is the answer to 10h. With a closed shift it speaks of the
// last one.
type ShiftStateAnswer struct {
	Open    bool
	Shift   uint16
	Receipt uint16 // last one in the shift
}

func (a *ShiftStateAnswer) layout(c *cursor) {
	c.flag(&a.Open)
	u16(c, &a.Shift)
	u16(c, &a.Receipt)
}

// BeginOpenShift begins the report on the opening of a shift (11h).
type BeginOpenShift struct{ At fiscal.DateTime }

// Command is 11h.
func (BeginOpenShift) Command() Command { return CmdBeginOpenShift }

func (r *BeginOpenShift) layout(c *cursor) { c.time(&r.At) }

// OpenShift forms it (12h).
type OpenShift struct{}

// Command is 12h.
func (OpenShift) Command() Command { return CmdOpenShift }
func (*OpenShift) layout(*cursor)  {}

// BeginCloseShift begins the report on the closing of a shift (13h).
type BeginCloseShift struct{ At fiscal.DateTime }

// Command is 13h.
func (BeginCloseShift) Command() Command { return CmdBeginCloseShift }

func (r *BeginCloseShift) layout(c *cursor) { c.time(&r.At) }

// CloseShift forms it (14h).
type CloseShift struct{}

// Command is 14h.
func (CloseShift) Command() Command { return CmdCloseShift }
func (*CloseShift) layout(*cursor)  {}

// NumberedAnswer is the answer of the commands that form a document with a
// number of its own: the shift's for 12h and 14h, the receipt's in the shift
// for 16h.
type NumberedAnswer struct {
	Number uint16
	FD     uint32
	FP     uint32
}

func (a *NumberedAnswer) layout(c *cursor) {
	u16(c, &a.Number)
	u32(c, &a.FD)
	u32(c, &a.FP)
}

// BeginReceipt begins a receipt or a BSO (15h).
type BeginReceipt struct{ At fiscal.DateTime }

// Command is 15h.
func (BeginReceipt) Command() Command { return CmdBeginReceipt }

func (r *BeginReceipt) layout(c *cursor) { c.time(&r.At) }

// BeginCorrection begins a correction receipt or BSO (17h).
type BeginCorrection struct{ At fiscal.DateTime }

// Command is 17h.
func (BeginCorrection) Command() Command { return CmdBeginCorrection }

func (r *BeginCorrection) layout(c *cursor) { c.time(&r.At) }

// FormReceipt forms the receipt or the correction (16h).
type FormReceipt struct {
	At    fiscal.DateTime
	Sign  byte // tag 1054: 1 to 4
	Total fiscal.Money
}

// Command is 16h.
func (FormReceipt) Command() Command { return CmdFormReceipt }

func (r *FormReceipt) layout(c *cursor) {
	c.time(&r.At)
	u8(c, &r.Sign)
	c.money(&r.Total, 5)
}

// BeginReport begins the report on the state of settlements (18h).
type BeginReport struct{ At fiscal.DateTime }

// Command is 18h.
func (BeginReport) Command() Command { return CmdBeginReport }

func (r *BeginReport) layout(c *cursor) { c.time(&r.At) }

// FormReport forms it (19h).
type FormReport struct{}

// Command is 19h.
func (FormReport) Command() Command { return CmdFormReport }
func (*FormReport) layout(*cursor)  {}

// ReportAnswer is the answer to 19h.
type ReportAnswer struct {
	FD          uint32
	FP          uint32
	Unsent      uint32
	FirstUnsent fiscal.DateTime // a date; zero when all is sent
}

func (a *ReportAnswer) layout(c *cursor) {
	u32(c, &a.FD)
	u32(c, &a.FP)
	u32(c, &a.Unsent)
	c.date(&a.FirstUnsent)
}
