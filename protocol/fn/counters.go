package fn

import "github.com/chekan-io/chekan/protocol/fiscal"

// ServiceRecord asks for a record of the accumulator's life (34h). Second
// hand.
type ServiceRecord struct{}

// Command is 34h.
func (ServiceRecord) Command() Command { return CmdServiceRecord }
func (*ServiceRecord) layout(*cursor)  {}

// ServiceRecordAnswer is the answer to 34h.
type ServiceRecordAnswer struct{ Data []byte } // 8 bytes, of the maker's meaning

func (a *ServiceRecordAnswer) layout(c *cursor) { c.blob(&a.Data, 8) }

// Scopes of counters.
const (
	ScopeShift byte = 0
	ScopeFN    byte = 1 // the whole life
)

// Counters asks for the counters of a scope (36h). Second hand.
type Counters struct{ Scope byte }

// Command is 36h.
func (Counters) Command() Command { return CmdCounters }

func (r *Counters) layout(c *cursor) { u8(c, &r.Scope) }

// CountersAnswer is the answer to 36h. Only its length of 354 bytes and the
// shift at its head are known at second hand; the fields are those of tag 1157,
// whose sizes add up to exactly that.
type CountersAnswer struct {
	Shift uint16
	Totals
}

// Totals are the counters of all settlement signs.
type Totals struct {
	Documents   uint32           // tag 1134
	Signs       [4]SignTotals    // tags 1129 to 1132
	Corrections uint32           // tag 1144
	Corrected   [4]CountedAmount // by sign
}

// SignTotals are the counters of one settlement sign.
type SignTotals struct {
	CountedAmount                              // tags 1135 and 1201
	Cash, Electronic, Prepaid, Credit, Barter  fiscal.Money
	VAT20, VAT10, VAT120, VAT110, VAT0, VATOff fiscal.Money // tags 1139 to 1143, 1183
}

// CountedAmount is how many receipts and what they add up to.
type CountedAmount struct {
	Count uint32
	Sum   fiscal.Money
}

func (a *CountedAmount) layout(c *cursor) {
	u32(c, &a.Count)
	c.money(&a.Sum, 6)
}

func (a *SignTotals) layout(c *cursor) {
	a.CountedAmount.layout(c)
	for _, m := range []*fiscal.Money{
		&a.Cash, &a.Electronic, &a.Prepaid, &a.Credit, &a.Barter, &a.VAT20, &a.VAT10, &a.VAT120, &a.VAT110, &a.VAT0, &a.VATOff,
	} {
		c.money(m, 6)
	}
}

func (a *CountersAnswer) layout(c *cursor) {
	u16(c, &a.Shift)
	u32(c, &a.Documents)
	for i := range a.Signs {
		a.Signs[i].layout(c)
	}
	u32(c, &a.Corrections)
	for i := range a.Corrected {
		a.Corrected[i].layout(c)
	}
}

// OperationCounters asks for the counters of receipts (37h). Second hand.
type OperationCounters struct{}

// Command is 37h.
func (OperationCounters) Command() Command { return CmdOperationCounters }
func (*OperationCounters) layout(*cursor)  {}

// OperationCountersAnswer is the answer to 37h, 46 bytes.
type OperationCountersAnswer struct {
	Shift uint16
	Count uint32
	Signs [4]CountedAmount
}

func (a *OperationCountersAnswer) layout(c *cursor) {
	u16(c, &a.Shift)
	u32(c, &a.Count)
	for i := range a.Signs {
		a.Signs[i].layout(c)
	}
}

// TypeCounters asks for the counters of one settlement sign (38h). Second
// hand.
type TypeCounters struct {
	Scope byte
	Sign  byte
}

// Command is 38h.
func (TypeCounters) Command() Command { return CmdTypeCounters }

func (r *TypeCounters) layout(c *cursor) {
	u8(c, &r.Scope)
	u8(c, &r.Sign)
}

// TypeCountersAnswer is the answer to 38h, 86 bytes.
type TypeCountersAnswer struct {
	SignTotals
	Corrected CountedAmount
}

func (a *TypeCountersAnswer) layout(c *cursor) {
	a.SignTotals.layout(c)
	a.Corrected.layout(c)
}

// UnsentCounters asks for the totals of documents the operator has not
// confirmed (39h). Second hand.
type UnsentCounters struct{}

// Command is 39h.
func (UnsentCounters) Command() Command { return CmdUnsentCounters }
func (*UnsentCounters) layout(*cursor)  {}

// UnsentCountersAnswer is the answer to 39h, 44 bytes.
type UnsentCountersAnswer struct {
	Count uint32
	Signs [4]CountedAmount
}

func (a *UnsentCountersAnswer) layout(c *cursor) {
	u32(c, &a.Count)
	for i := range a.Signs {
		a.Signs[i].layout(c)
	}
}

// FFDVersions asks which FFD the accumulator speaks (3Ah). Second hand.
type FFDVersions struct{}

// Command is 3Ah.
func (FFDVersions) Command() Command { return CmdFFDVersions }
func (*FFDVersions) layout(*cursor)  {}

// FFDVersionsAnswer is the answer to 3Ah, in values of tag 1209.
type FFDVersionsAnswer struct {
	Current byte // of the registration; 0 before it
	Maximum byte
}

func (a *FFDVersionsAnswer) layout(c *cursor) {
	u8(c, &a.Current)
	u8(c, &a.Maximum)
}

// DaysLeft asks how many days the accumulator still serves (3Bh). Second hand.
type DaysLeft struct{ At fiscal.DateTime }

// Command is 3Bh.
func (DaysLeft) Command() Command { return CmdDaysLeft }

func (r *DaysLeft) layout(c *cursor) { c.time(&r.At) }

// DaysLeftAnswer is the answer to 3Bh.
type DaysLeftAnswer struct{ Days uint16 }

func (a *DaysLeftAnswer) layout(c *cursor) { u16(c, &a.Days) }

// FreeMemory asks what the stores still hold (3Dh). Second hand.
type FreeMemory struct{}

// Command is 3Dh.
func (FreeMemory) Command() Command { return CmdFreeMemory }
func (*FreeMemory) layout(*cursor)  {}

// FreeMemoryAnswer is the answer to 3Dh.
type FreeMemoryAnswer struct {
	Documents uint32 // of the 5-year store, about
	Kilobytes uint32 // of the 30-day store
	Notices   byte   // per cent of the store of notices about marked goods
}

func (a *FreeMemoryAnswer) layout(c *cursor) {
	u32(c, &a.Documents)
	u32(c, &a.Kilobytes)
	if c.writing || c.left() > 0 {
		u8(c, &a.Notices)
	}
}

// Execution asks for the make of the accumulator (3Fh). Second hand.
type Execution struct{}

// Command is 3Fh.
func (Execution) Command() Command { return CmdExecution }
func (*Execution) layout(*cursor)  {}

// ExecutionAnswer is the answer to 3Fh.
type ExecutionAnswer struct{ Text string } // up to 48 ASCII characters

func (a *ExecutionAnswer) layout(c *cursor) { c.chars(&a.Text, 48) }
