package ffd

import (
	"fmt"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// TillVersion is what our till calls its model's version (tag 1188).
const TillVersion = "001"

// defaultSite is where a buyer checks a receipt (tag 1060).
const defaultSite = "www.nalog.gov.ru"

// ReceiptForm is the form a receipt takes with a registration: 3, 4, 31 or 41.
func ReceiptForm(r fiscal.Receipt, reg fiscal.Registration) fiscal.DocumentType {
	bso := reg.Modes.Has(fiscal.ModeBSO)
	switch {
	case r.Correction != nil && bso:
		return fiscal.DocBSOCorrection
	case r.Correction != nil:
		return fiscal.DocCorrection
	case bso:
		return fiscal.DocBSO
	}
	return fiscal.DocReceipt
}

// Receipt gives what a till hands to its fiscal memory for a receipt or a
// correction; the memory adds what stands in [Head]. The receipt has passed its
// own Check. The error is [Problems], with everything that the format or the
// registration forbids.
func Receipt(r fiscal.Receipt, reg fiscal.Registration) ([]Field, error) {
	b, err := composeReceipt(&r, reg)
	if err != nil {
		return nil, err
	}
	return b.doneAgainst(reg)
}

func composeReceipt(r *fiscal.Receipt, reg fiscal.Registration) (*builder, error) {
	form := ReceiptForm(*r, reg)
	b, err := begin(form, reg, len(r.Items))
	if err != nil {
		return nil, err
	}
	system := r.TaxSystem
	if system == 0 && reg.TaxSystems&(reg.TaxSystems-1) == 0 {
		system = reg.TaxSystems
	}
	b.cashier(r.Cashier)
	b.uint(TagTaxSystem, uint64(system))
	b.shop(reg)
	if reg.Modes.Has(fiscal.ModeInternet) {
		b.flag(TagInternet, true)
	}
	if reg.Modes.Has(fiscal.ModeAutomatic) {
		b.maybe(TagAutomat, reg.Automat)
	}
	b.text(TagSite, site(reg))
	b.maybe(TagSender, reg.Sender)
	b.maybe(TagCustomer, r.Customer)
	if r.Correction != nil {
		b.correction(*r.Correction)
	}
	// A correction has lines since 1.1 (FFD, form 31).
	if r.Correction == nil || b.v != V105 {
		for i := range r.Items {
			b.item(i, &r.Items[i])
		}
	}
	lines := addUp(r.Items)
	b.payments(r.Payments, lines.total-r.Rounding)
	b.taxes(&lines)
	if r.Marker != "" {
		group := b.begin()
		b.text(TagUserDataName, MarkerName)
		b.text(TagUserDataValue, r.Marker)
		b.end(TagUserData, group)
	}
	return b, nil
}

func begin(form fiscal.DocumentType, reg fiscal.Registration, items int) (*builder, error) {
	v, err := ParseVersion(reg.FFD)
	if err == nil && v < V105 {
		err = fmt.Errorf("ФФД %s больше не применяется", v)
	}
	if err != nil {
		return nil, Problems{{Document: form, Tag: TagFormat, Path: fmt.Sprint(TagFormat), Rule: RuleCode, Text: err.Error()}}
	}
	b := newBuilder(form, v, items)
	b.uint(TagFormat, uint64(v))
	return b, nil
}

func site(reg fiscal.Registration) string {
	if reg.Site == "" {
		return defaultSite
	}
	return reg.Site
}

func (b *builder) cashier(c fiscal.Cashier) {
	b.maybe(TagCashier, c.Name)
	b.maybe(TagCashierINN, c.INN)
}

func (b *builder) shop(reg fiscal.Registration) {
	b.text(TagUser, reg.User)
	b.text(TagAddress, reg.Address)
	b.text(TagPlace, reg.Place)
}

func (b *builder) item(n int, i *fiscal.Item) {
	b.inItem = n + 1
	group := b.beginFlat()
	method, subject := i.Method, i.Subject
	if method == 0 {
		method = 4 // full settlement
	}
	if subject == 0 {
		subject = 1 // goods
	}
	b.text(TagName, i.Name)
	b.sum(TagPrice, i.Price)
	b.amount(TagQuantity, i.Quantity)
	if b.v == V12 {
		measure := uint64(measurePiece)
		if i.Quantity%fiscal.One != 0 {
			measure = measureOther
		}
		b.code(TagMeasure, measure)
	}
	b.sum(TagItemSum, i.Total())
	b.code(TagVAT, uint64(i.VAT))
	b.code(TagMethod, uint64(method))
	b.code(TagSubject, uint64(subject))
	b.endFlat(TagItem, group)
	b.inItem = 0
}

// Measures of tag 2108 a receipt without units can be sure of: a whole number
// counts pieces, a fraction is of something we were not told.
const (
	measurePiece = 0
	measureOther = 255
)

// payments writes all five sums, zeros too, as tills do and operators expect.
// The change goes out of the cash.
func (b *builder) payments(p fiscal.Payments, total fiscal.Money) {
	b.sum(TagCash, p.Cash-(p.Total()-total))
	b.sum(TagElectronic, p.Electronic)
	b.sum(TagPrepaid, p.Prepaid)
	b.sum(TagCredit, p.Credit)
	b.sum(TagBarter, p.Barter)
}

// vatTags are the tags of a receipt for the rates that have one of their own;
// 0 % and "no VAT" tell the sum of the lines, the others the tax in it.
var vatTags = [...]Tag{
	fiscal.VAT20: TagVAT20, fiscal.VAT10: TagVAT10, fiscal.VAT20120: TagVAT20120, fiscal.VAT10110: TagVAT10110,
	fiscal.VAT0: TagVAT0, fiscal.VATNone: TagVATNone,
}

const lastVAT = fiscal.VAT22122

// vatTag is the tag of a rate, 0 for those that stand in 1115 (rates of 2025 and 2026).
func vatTag(v fiscal.VAT) Tag {
	if int(v) < len(vatTags) {
		return vatTags[v]
	}
	return 0
}

// vatFigure is what a receipt says of a rate whose lines add up to sum.
func vatFigure(v fiscal.VAT, sum fiscal.Money) fiscal.Money {
	if v == fiscal.VAT0 || v == fiscal.VATNone {
		return sum
	}
	return v.In(sum)
}

// addUp is what lines add up to, in all and by rate.
func addUp(items []fiscal.Item) (s sums) {
	for i := range items {
		sum := items[i].Total()
		s.total += sum
		if v := items[i].VAT; v <= lastVAT {
			s.byVAT[v].lines++
			s.byVAT[v].sum += sum
		}
	}
	return s
}

func (b *builder) taxes(s *sums) {
	for v := fiscal.VAT(1); v <= lastVAT; v++ {
		if t := vatTag(v); s.byVAT[v].lines > 0 && t != 0 {
			b.sum(t, vatFigure(v, s.byVAT[v].sum))
		}
	}
	group := b.begin()
	for v := fiscal.VAT(1); v <= lastVAT; v++ {
		if s.byVAT[v].lines > 0 && vatTag(v) == 0 {
			one := b.begin()
			b.uint(TagVAT, uint64(v))
			b.sum(TagVATAmount, vatFigure(v, s.byVAT[v].sum))
			b.end(TagVATSum, one)
		}
	}
	if b.begin() > group {
		b.end(TagVATSums, group)
	}
}

func (b *builder) correction(c fiscal.Correction) {
	b.flag(TagCorrectionType, c.ByOrder)
	group := b.begin()
	if b.v < V12 {
		b.text(TagCorrectionReason, c.Reason)
	}
	day := c.Date
	day.Hour, day.Minute, day.Second = 0, 0, 0
	b.time(TagCorrectionDate, day)
	// The number is the order's; up to 1.1 the tag stands there even without one.
	if b.v < V12 || c.Number != "" {
		b.text(TagCorrectionNumber, c.Number)
	}
	b.end(TagCorrectionBasis, group)
}

// ShiftOpening gives what a till hands to its fiscal memory to open a shift.
func ShiftOpening(by fiscal.Cashier, reg fiscal.Registration) ([]Field, error) {
	b, err := begin(fiscal.DocShiftOpened, reg, 0)
	if err != nil {
		return nil, err
	}
	b.cashier(by)
	b.shop(reg)
	b.text(TagKKTVersion, TillVersion)
	b.uint(TagKKTFormat, uint64(b.v))
	return b.doneAgainst(reg)
}

// ShiftClosing gives what a till hands to its fiscal memory to close a shift.
func ShiftClosing(by fiscal.Cashier, reg fiscal.Registration) ([]Field, error) {
	b, err := begin(fiscal.DocShiftClosed, reg, 0)
	if err != nil {
		return nil, err
	}
	b.cashier(by)
	b.shop(reg)
	return b.doneAgainst(reg)
}

// Settlement gives what a till hands to its fiscal memory for the report on
// the state of settlements. No cashier signs it.
func Settlement(reg fiscal.Registration) ([]Field, error) {
	b, err := begin(fiscal.DocSettlementReport, reg, 0)
	if err != nil {
		return nil, err
	}
	b.shop(reg)
	return b.doneAgainst(reg)
}

// Registering gives what a till hands to its fiscal memory for a registration
// (form 1) or its change (form 11). Numbers, tax systems, modes and reasons go
// in the command that forms the document, and the memory writes their tags.
func Registering(reg fiscal.Registration, change bool) ([]Field, error) {
	form := fiscal.DocRegistration
	if change {
		form = fiscal.DocReregistration
	}
	b, err := begin(form, reg, 0)
	if err != nil {
		return nil, err
	}
	b.cashier(reg.Cashier)
	b.shop(reg)
	b.text(TagSerial, reg.Serial)
	b.text(TagKKTVersion, TillVersion)
	b.uint(TagKKTFormat, uint64(b.v))
	b.text(TagSite, site(reg))
	b.maybe(TagSender, reg.Sender)
	b.maybe(TagOFDName, reg.OFDName)
	if reg.Modes.Has(fiscal.ModeAutomatic) {
		b.maybe(TagAutomat, reg.Automat)
	}
	// The command of the older memories (03h) knows neither the operator nor these modes.
	if b.v == V105 {
		b.maybe(TagOFDINN, reg.OFDINN)
		for _, m := range extendedModes {
			b.flag(m.tag, reg.Modes.Has(m.mode))
		}
	}
	if b.v < V12 && reg.Modes.Has(fiscal.ModeAgents) {
		b.uint(TagAgent, anyAgent)
	}
	return b.doneAgainst(reg)
}

// anyAgent is the sign of agents whose kind a registration does not tell.
const anyAgent = 64

// ArchiveClosing gives what a till hands to its fiscal memory to close it.
func ArchiveClosing(by fiscal.Cashier, reg fiscal.Registration) ([]Field, error) {
	b, err := begin(fiscal.DocArchiveClosed, reg, 0)
	if err != nil {
		return nil, err
	}
	b.cashier(by)
	b.shop(reg)
	return b.doneAgainst(reg)
}

// doneAgainst also asks what the registration forbids.
func (b *builder) doneAgainst(reg fiscal.Registration) ([]Field, error) {
	b.wrong = append(b.wrong, Document{Type: b.form, Fields: b.open}.against(reg)...)
	return b.done()
}

// messageLimit is how much one command of the memory takes (FN interface 1.2, §2).
const messageLimit = 1024

// Messages packs objects into the data of as few 07h commands as it takes:
// whole objects, at most 1024 bytes a command. An object that fits into none is
// [Problems].
func Messages(fields []Field) ([][]byte, error) {
	total := 0
	for i := range fields {
		f := &fields[i]
		n := f.size()
		if n > messageLimit {
			return nil, Problems{{Tag: f.Tag, Path: fmt.Sprint(f.Tag), Rule: RuleSize, Text: tooLong(n)}}
		}
		total += n
	}
	all := make([]byte, 0, total)
	var out [][]byte
	start := 0
	for i := range fields {
		end := len(all)
		if all = fields[i].append(all); len(all)-start > messageLimit {
			out = append(out, all[start:end:end])
			start = end
		}
	}
	if len(all) > start {
		out = append(out, all[start:])
	}
	return out, nil
}

func tooLong(n int) string {
	return fmt.Sprintf("тег занимает %d байт, а накопитель принимает за раз не больше %d: сократите его", n, messageLimit)
}
