package shtrih

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/shtrih"
)

// Operation registers of movements that leave no fiscal document (GUIDE,
// operation registers).
const (
	registerCashIns  = 153
	registerCashOuts = 154
	registerXReports = 158
)

// Default numbers of tables, for firmware that does not tell them in F7h.
const (
	tableRegional = 17
	tableFN       = 18
	fieldFFD      = 17
	tableCashiers = 2
	cashiers      = 30
)

// Baseline implements drivers.Till.
func (t *Till) Baseline(ctx context.Context) (fiscal.Baseline, error) {
	const op = "read baseline"
	fn, err := t.readFN(ctx)
	if err != nil {
		return fiscal.Baseline{}, prepared(op, err)
	}
	shift, err := t.readShift(ctx)
	if err != nil {
		return fiscal.Baseline{}, prepared(op, err)
	}
	full, err := get[shtrih.FullStatusAnswer](ctx, t, shtrih.FullStatus{Password: t.opts.Password})
	if err != nil {
		return fiscal.Baseline{}, prepared(op, err)
	}
	b := fiscal.Baseline{
		FN: fn.FN, LastFD: fn.FD,
		Shift: uint32(shift.Shift), ShiftOpen: shift.Open == 1, Receipt: uint32(shift.Receipt),
		Clock: full.Time,
	}
	for _, r := range []struct {
		number uint16
		value  *uint32
	}{{registerCashIns, &b.CashIns}, {registerCashOuts, &b.CashOuts}, {registerXReports, &b.XReports}} {
		a, err := get[shtrih.OperationRegisterAnswer](ctx, t, shtrih.OperationRegister{Password: t.opts.Password, Register: r.number})
		if err != nil {
			return fiscal.Baseline{}, prepared(op, err)
		}
		*r.value = uint32(a.Value)
	}
	return b, nil
}

// readFN reads FF01h and remembers its counters.
func (t *Till) readFN(ctx context.Context) (shtrih.FNStatusAnswer, error) {
	a, err := get[shtrih.FNStatusAnswer](ctx, t, shtrih.FNStatus{Password: t.opts.Password})
	if err == nil {
		t.known.fn, t.known.fd = a.FN, a.FD
	}
	return a, err
}

// readShift reads FF40h and remembers it.
func (t *Till) readShift(ctx context.Context) (shtrih.ShiftStateAnswer, error) {
	a, err := get[shtrih.ShiftStateAnswer](ctx, t, shtrih.ShiftState{Password: t.opts.Password})
	if err == nil {
		t.known.shift = &a
	}
	return a, err
}

// counters makes sure that the last document's number is known; a Baseline just
// before has usually read it.
func (t *Till) counters(ctx context.Context) error {
	if t.known.fn == "" {
		if _, err := t.readFN(ctx); err != nil {
			return err
		}
	}
	if t.known.shift == nil {
		if _, err := t.readShift(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Document implements drivers.Till.
func (t *Till) Document(ctx context.Context, fd uint32) (fiscal.Document, error) {
	const op = "read document"
	d, err := t.find(ctx, fd)
	if err != nil {
		return fiscal.Document{}, prepared(op, err)
	}
	return d, nil
}

// find reads one document of the archive by FF0Ah.
func (t *Till) find(ctx context.Context, fd uint32) (fiscal.Document, error) {
	a, err := get[shtrih.FoundDocumentAnswer](ctx, t, shtrih.FindDocument{Password: t.opts.Password, FD: fd})
	if isRefusal(err, errNoData) {
		return fiscal.Document{}, failure("", drivers.CodeRefused, fiscal.NotDone, fmt.Errorf("%w: %d", drivers.ErrNoDocument, fd))
	}
	if err != nil {
		return fiscal.Document{}, err
	}
	if a.FD != fd {
		return fiscal.Document{}, maybe(fmt.Errorf("%w: document %d, not %d", errStale, a.FD, fd))
	}
	if t.known.fn == "" {
		if _, err := t.readFN(ctx); err != nil {
			return fiscal.Document{}, err
		}
	}
	return fiscal.Document{
		FN: t.known.fn, FD: a.FD, FP: a.FP, Type: fiscal.DocumentType(a.Type), At: a.Time,
		Kind: kindOf(a.Sign), Total: a.Sum, Shift: uint32(a.Shift), Ticket: a.Ticket == 1,
	}, nil
}

func kindOf(s shtrih.SettlementSign) fiscal.Kind {
	switch s {
	case shtrih.SignIncome:
		return fiscal.Sale
	case shtrih.SignIncomeReturn:
		return fiscal.SaleReturn
	case shtrih.SignExpense:
		return fiscal.Purchase
	case shtrih.SignExpenseReturn:
		return fiscal.PurchaseReturn
	}
	return fiscal.KindNone
}

// maxBlocks bounds reading one document: the largest is 32 kB (FFD), a block
// carries at least a few tens of bytes.
const maxBlocks = 2048

// DocumentTLV implements drivers.TLVReader. While the document is being read
// the till is in mode 1 and does nothing else, and it stays there until the
// last block: so this always reads to the end, or says that it stops.
func (t *Till) DocumentTLV(ctx context.Context, fd uint32) ([]byte, error) {
	const op = "read document tags"
	head, err := get[shtrih.ReadDocumentAnswer](ctx, t, shtrih.ReadDocument{Password: t.opts.Password, FD: fd})
	if isRefusal(err, errNoData) {
		return nil, failure(op, drivers.CodeRefused, fiscal.NotDone, fmt.Errorf("%w: %d", drivers.ErrNoDocument, fd))
	}
	if err != nil {
		return nil, prepared(op, err)
	}
	// The blocks are what is inside the document; its form and length come before.
	tlv := binary.LittleEndian.AppendUint16(make([]byte, 0, 4+int(head.Length)), head.Type)
	tlv = binary.LittleEndian.AppendUint16(tlv, head.Length)
	for range maxBlocks {
		block, err := get[shtrih.DataAnswer](ctx, t, shtrih.ReadDocumentBlock{Password: t.opts.Password})
		if isRefusal(err, errNoData) {
			if got := len(tlv) - 4; got != int(head.Length) {
				return nil, refuse(op, drivers.CodeRefused, "%d bytes instead of %d", got, head.Length)
			}
			return tlv, nil
		}
		if err != nil {
			t.stopOutput(ctx)
			return nil, prepared(op, err)
		}
		tlv = append(tlv, block.Data...)
	}
	t.stopOutput(ctx)
	return nil, refuse(op, drivers.CodeRefused, "no end after %d blocks", maxBlocks)
}

func (t *Till) stopOutput(ctx context.Context) {
	if _, err := t.ask(ctx, shtrih.StopOutput{Password: t.opts.Password}); err != nil {
		t.log.Warn("data output not stopped", "error", err.Error())
	}
}

// Status implements drivers.Till.
func (t *Till) Status(ctx context.Context) (drivers.Status, error) {
	const op = "read status"
	short, err := t.short(ctx)
	if err != nil {
		return drivers.Status{}, prepared(op, err)
	}
	full, err := get[shtrih.FullStatusAnswer](ctx, t, shtrih.FullStatus{Password: t.opts.Password})
	if err != nil {
		return drivers.Status{}, prepared(op, err)
	}
	s := drivers.Status{
		Mode: modeOf(short.Mode), OpenTotal: -1, Clock: full.Time,
		Paper:      t.paper(ctx, short),
		DrawerOpen: short.Flags&shtrih.FlagDrawerOpen != 0 && t.has(ctx, shtrih.FeatureDrawerSensor),
		Battery:    volts(short.Battery),
	}
	raw := []string{
		fmt.Sprintf("mode %d.%d", short.Mode.Number(), short.Mode.Status()),
		fmt.Sprintf("submode %d", byte(short.Submode)), fmt.Sprintf("flags %04X", uint16(short.Flags)),
	}
	if _, open := short.Mode.ReceiptOpen(); open {
		s.Open = drivers.OpenReceipt
		if sub, err := get[shtrih.SubtotalAnswer](ctx, t, shtrih.Subtotal{Password: t.opts.CashierPassword}); err == nil {
			s.OpenTotal = sub.Sum
		} else if !isRefusal(err) {
			return drivers.Status{}, prepared(op, err)
		}
	} else if short.Mode.Number() == shtrih.ModeDocument {
		s.Open = drivers.OpenNonFiscal
	}

	fn, err := t.readFN(ctx)
	switch {
	case isRefusal(err, errClockLost):
		s.Mode = drivers.ModeClock
	case isRefusal(err):
		// Without its fiscal memory a till can do nothing, but it can be asked.
		if s.Mode != drivers.ModeStuck {
			s.Mode = drivers.ModeBlocked
		}
		raw = append(raw, "fn: "+err.Error())
	case err != nil:
		return drivers.Status{}, prepared(op, err)
	default:
		s.FN, s.LastFD, s.LastAt, s.FNWarnings = fn.FN, fn.FD, fn.Last, uint8(fn.Warnings)
		switch {
		case fn.Phase == shtrih.PhaseReady:
			s.Mode = drivers.ModeUnregistered
		case fn.Phase&shtrih.PhaseTransferring != shtrih.PhaseFiscal:
			s.Mode = drivers.ModeBlocked
		}
		if fn.Document != 0 && s.Open == drivers.OpenNothing {
			s.Open = drivers.OpenFNDocument
		}
		raw = append(raw, fmt.Sprintf("fn phase %d document %02X", byte(fn.Phase), byte(fn.Document)))
	}
	shift, err := t.readShift(ctx)
	switch {
	case err == nil:
		s.Shift, s.ShiftOpen, s.Receipt = uint32(shift.Shift), shift.Open == 1, uint32(shift.Receipt)
	case !isRefusal(err):
		return drivers.Status{}, prepared(op, err)
	}
	ofd, err := get[shtrih.OFDStatusAnswer](ctx, t, shtrih.OFDStatus{Password: t.opts.Password})
	switch {
	case err == nil:
		s.Unsent = uint32(ofd.Queue)
		if ofd.Queue > 0 {
			s.UnsentFD, s.UnsentFrom = ofd.FirstFD, ofd.First
		}
	case !isRefusal(err): // older firmware answers only with the shift closed
		return drivers.Status{}, prepared(op, err)
	}
	s.Raw = strings.Join(raw, ", ")
	return s, nil
}

// volts turns the voltage code of 10h into volts: the code 255 is 24 V × 51/51
// on the supply and 5 V on the battery (P117, command 10h).
func volts(code byte) float64 { return float64(code) / 51 }

func (t *Till) short(ctx context.Context) (shtrih.ShortStatusAnswer, error) {
	return get[shtrih.ShortStatusAnswer](ctx, t, shtrih.ShortStatus{Password: t.opts.Password})
}

func modeOf(m shtrih.Mode) drivers.Mode {
	switch m.Number() { //nolint:exhaustive // every other mode is one only a person leaves
	case shtrih.ModeReady, shtrih.ModeShiftOpen, shtrih.ModeShiftClosed, shtrih.ModeFiscalReport:
		return drivers.ModeReady
	case shtrih.ModeShiftExpired:
		return drivers.ModeShiftExpired
	case shtrih.ModeDocument:
		return drivers.ModeOpenDocument
	case shtrih.ModeOutput, shtrih.ModeConfirmDate, shtrih.ModeTechReset:
		return drivers.ModeStuck
	}
	return drivers.ModeBlocked
}

// paper reads the printer's state out of the submode; the sensors only say why
// there is no paper.
func (t *Till) paper(ctx context.Context, s shtrih.ShortStatusAnswer) drivers.Paper {
	switch s.Submode {
	case shtrih.SubIdle:
		return drivers.PaperReady
	case shtrih.SubPaperOut, shtrih.SubPaperLost:
		if s.Flags&shtrih.FlagCoverOpen != 0 && t.has(ctx, shtrih.FeatureCover) {
			return drivers.PaperCover
		}
		return drivers.PaperOut
	case shtrih.SubAwaitContinue:
		return drivers.PaperContinue
	case shtrih.SubPrintingReport, shtrih.SubPrinting:
		return drivers.PaperPrinting
	}
	return drivers.PaperPrinting
}

// has tells whether the model has a feature; no when it does not tell.
func (t *Till) has(ctx context.Context, f shtrih.Features) bool {
	c, err := t.capabilities(ctx)
	return err == nil && c.Features.Has(f)
}

func (t *Till) capabilities(ctx context.Context) (shtrih.CapabilitiesAnswer, error) {
	if t.known.capabilities != nil {
		return *t.known.capabilities, nil
	}
	c, err := get[shtrih.CapabilitiesAnswer](ctx, t, shtrih.ExtendedQuery{Type: 1})
	if err == nil || isRefusal(err) {
		t.known.capabilities = &c
	}
	return c, err
}

// device asks who is there; the zero answer when the till does not tell.
func (t *Till) device(ctx context.Context) (shtrih.DeviceTypeAnswer, error) {
	if t.known.device != nil {
		return *t.known.device, nil
	}
	d, err := get[shtrih.DeviceTypeAnswer](ctx, t, shtrih.DeviceType{})
	if err == nil || isRefusal(err) {
		t.known.device = &d
		err = nil
	}
	return d, err
}

// ffd reads the format of documents: 2 is 1.05, 3 is 1.1, 4 is 1.2.
func (t *Till) ffd(ctx context.Context) (byte, error) {
	if t.known.ffd != nil {
		return *t.known.ffd, nil
	}
	table, field := byte(tableRegional), byte(fieldFFD)
	if c, err := t.capabilities(ctx); err == nil && c.FFDTable != nil && c.FFDField != nil {
		table, field = *c.FFDTable, *c.FFDField
	}
	a, err := t.cell(ctx, table, 1, field)
	if err != nil {
		return 0, err
	}
	v := byte(a.Uint())
	t.known.ffd = &v
	return v, nil
}

func (t *Till) cell(ctx context.Context, table byte, row uint16, field byte) (shtrih.TableValueAnswer, error) {
	return get[shtrih.TableValueAnswer](ctx, t, shtrih.ReadTable{Password: t.opts.Password, Table: table, Row: row, Field: field})
}

// Identity implements drivers.Till.
func (t *Till) Identity(ctx context.Context) (drivers.Identity, error) {
	const op = "identify"
	id := drivers.Identity{Driver: "shtrih", Maker: "Штрих-М"}
	device, err := t.device(ctx)
	if err != nil {
		return id, prepared(op, err)
	}
	id.Model = device.Model.Name()
	if id.Model == "" {
		id.Model = device.Name
	}
	full, err := get[shtrih.FullStatusAnswer](ctx, t, shtrih.FullStatus{Password: t.opts.Password})
	if err != nil {
		return id, prepared(op, err)
	}
	id.Firmware = fmt.Sprintf("%s.%d", strings.Join(strings.Split(full.Firmware, ""), "."), full.Build)
	if full.Serial != shtrih.NoSerial {
		id.Serial = fmt.Sprintf("%08d", full.Serial)
	}
	if full.INN != shtrih.NoINN {
		id.INN = fmt.Sprintf("%010d", full.INN)
	}
	fn, err := t.readFN(ctx)
	switch {
	case err == nil:
		id.FN = fn.FN
	case !isRefusal(err):
		return id, prepared(op, err)
	}
	if until, err := get[shtrih.FNExpiryAnswer](ctx, t, shtrih.FNExpiry{Password: t.opts.Password}); err == nil {
		id.FNExpiry = until.Until
	} else if !isRefusal(err) {
		return id, prepared(op, err)
	}
	version, err := t.ffd(ctx)
	switch {
	case err == nil:
		id.FFD = ffdName(version)
	case !isRefusal(err):
		return id, prepared(op, err)
	}
	return id, t.identityTable(ctx, &id)
}

// identityTable reads what only the table of the fiscal memory knows.
func (t *Till) identityTable(ctx context.Context, id *drivers.Identity) error {
	table := byte(tableFN)
	if c, err := t.capabilities(ctx); err == nil && c.FNTable != nil {
		table = *c.FNTable
	}
	for _, f := range []struct {
		field byte
		into  *string
	}{{1, &id.Serial}, {2, &id.INN}, {3, &id.RNM}, {9, &id.Address}, {10, &id.OFD}, {shtrih.FNFieldOFDINN, &id.OFDINN}} {
		a, err := t.cell(ctx, table, 1, f.field)
		switch {
		case err == nil && strings.TrimSpace(a.Text()) != "":
			*f.into = strings.TrimSpace(a.Text())
		case err != nil && !isRefusal(err):
			return prepared("identify", err)
		}
	}
	return nil
}

func ffdName(v byte) string {
	names := [...]string{"1.0", "1.0", "1.05", "1.1", "1.2"}
	if int(v) < len(names) {
		return names[v]
	}
	return ""
}
