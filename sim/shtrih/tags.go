package shtrih

import (
	"fmt"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/fn"
)

// What the firmware tells the accumulator of each document, besides what the
// host gave by FF0Ch: the host's tags win. The composers of package ffd are the
// agent's; firmware has its own, so that a mistake of theirs does not come back
// as an echo.

// firmwareVersion is tag 1188.
const firmwareVersion = "C.1"

// settings are the texts of table 18 a document repeats, with their tags.
var settings = []struct {
	tag   ffd.Tag
	field byte
}{
	{ffd.TagUser, 7}, {ffd.TagAddress, 9}, {ffd.TagPlace, 14},
}

// tags collects objects, leaving out what the host gave.
type tags struct {
	list  []ffd.Field
	given map[ffd.Tag]bool
}

func (t *tags) add(fields ...ffd.Field) {
	for _, f := range fields {
		if !t.given[f.Tag] {
			t.list = append(t.list, f)
		}
	}
}

// maybe adds a text unless it is empty.
func (t *tags) maybe(tag ffd.Tag, s string) {
	if s != "" {
		t.add(ffd.Text(tag, s))
	}
}

// newTags begins a document's tags; given is what the host gave.
func newTags(given []byte) (*tags, error) {
	fields, err := ffd.Parse(given)
	if err != nil {
		return nil, fn.ErrCommand
	}
	t := &tags{given: map[ffd.Tag]bool{}}
	for _, f := range fields {
		t.given[f.Tag] = true
	}
	return t, nil
}

// format is the FFD of the registration, or of the one to come.
func (d *Device) format() ffd.Version { return ffd.Version(d.tableNumber(17, 1, 17)) }

// fill gives the document the accumulator prepares what firmware adds to it.
func (d *Device) fill(c *call, more ...ffd.Field) error {
	t, err := newTags(d.acc.Given())
	if err != nil {
		return err
	}
	t.add(ffd.Uint(ffd.TagFormat, uint64(d.format())))
	t.maybe(ffd.TagCashier, d.cashier(c.operator))
	d.shop(t)
	t.add(more...)
	return d.acc.Add(ffd.Append(nil, t.list...))
}

func (d *Device) cashier(operator byte) string {
	if operator == 0 {
		return ""
	}
	return d.tableText(2, uint16(operator), 2)
}

func (d *Device) shop(t *tags) {
	for _, s := range settings {
		t.maybe(s.tag, d.tableText(18, 1, s.field))
	}
}

// kktTags tell of the till itself.
func (d *Device) kktTags() []ffd.Field {
	return []ffd.Field{ffd.Text(ffd.TagKKTVersion, firmwareVersion), ffd.Uint(ffd.TagKKTFormat, uint64(d.format()))}
}

// registrationTags are those of a registration that the accumulator does not
// make of the command's parameters.
func (d *Device) registrationTags(reg fn.Registration) []ffd.Field {
	out := append(d.kktTags(), ffd.Text(ffd.TagSerial, d.serialNumber()), ffd.Text(ffd.TagSite, d.tableText(18, 1, 13)))
	if s := d.tableText(18, 1, 15); s != "" {
		out = append(out, ffd.Text(ffd.TagSender, s))
	}
	if reg.OFDName != "" {
		out = append(out, ffd.Text(ffd.TagOFDName, reg.OFDName))
	}
	if d.format() < ffd.V11 {
		if reg.OFDINN != "" {
			out = append(out, ffd.Text(ffd.TagOFDINN, reg.OFDINN))
		}
		out = append(out, ffd.Uint(ffd.TagExcise, uint64(reg.ExtMode&1)), ffd.Uint(ffd.TagGambling, uint64(reg.ExtMode>>1&1)),
			ffd.Uint(ffd.TagLottery, uint64(reg.ExtMode>>2&1)), ffd.Uint(ffd.TagPrinterInAutomat, uint64(reg.ExtMode>>3&1)))
	}
	return out
}

// receiptTLV is what the till tells the accumulator of a receipt, the host's
// tags last.
func (d *Device) receiptTLV(r *receipt, paid fiscal.Payments, tax byte, given []byte) ([]byte, error) {
	t, err := newTags(given)
	if err != nil {
		return nil, err
	}
	v := d.format()
	t.add(ffd.Uint(ffd.TagFormat, uint64(v)))
	t.maybe(ffd.TagCashier, d.cashier(r.Opener))
	t.add(ffd.Uint(ffd.TagTaxSystem, uint64(tax)))
	d.shop(t)
	t.maybe(ffd.TagSite, d.tableText(18, 1, 13))
	t.maybe(ffd.TagSender, d.tableText(18, 1, 15))
	for _, i := range r.Items {
		it := []ffd.Field{
			ffd.Text(ffd.TagName, ffd.Fit(i.Name)), ffd.Sum(ffd.TagPrice, i.Price), ffd.Amount(ffd.TagQuantity, i.Quantity), ffd.Sum(ffd.TagItemSum, i.Sum),
			ffd.Uint(ffd.TagVAT, uint64(i.VAT)), ffd.Uint(ffd.TagMethod, uint64(i.Method)), ffd.Uint(ffd.TagSubject, uint64(i.Subject)),
		}
		own, err := ffd.Parse(i.TLV)
		if err != nil {
			return nil, fn.ErrCommand
		}
		if _, told := (ffd.Field{Fields: own}).Find(ffd.TagMeasure); v >= ffd.V12 && !told {
			it = append(it, ffd.Uint(ffd.TagMeasure, measure(i.Quantity)))
		}
		t.list = append(t.list, ffd.Group(ffd.TagItem, append(it, own...)...))
	}
	t.add(ffd.Sum(ffd.TagCash, paid.Cash), ffd.Sum(ffd.TagElectronic, paid.Electronic), ffd.Sum(ffd.TagPrepaid, paid.Prepaid),
		ffd.Sum(ffd.TagCredit, paid.Credit), ffd.Sum(ffd.TagBarter, paid.Barter))
	t.add(r.taxes()...)
	return append(ffd.Append(nil, t.list...), given...), nil
}

// measure is tag 2108: pieces, or something that is not told.
func measure(q fiscal.Quantity) uint64 {
	if q%fiscal.One == 0 {
		return 0
	}
	return 255
}

// rateTags are the tags of the rates that have one of their own; the rates of
// 2025 and later stand in a group.
var rateTags = map[fiscal.VAT]ffd.Tag{
	fiscal.VAT20: ffd.TagVAT20, fiscal.VAT10: ffd.TagVAT10, fiscal.VAT20120: ffd.TagVAT20120, fiscal.VAT10110: ffd.TagVAT10110,
	fiscal.VAT0: ffd.TagVAT0, fiscal.VATNone: ffd.TagVATNone,
}

// taxes are the sums per rate, each taken on the sum of its lines.
func (r *receipt) taxes() []ffd.Field {
	sums := map[fiscal.VAT]fiscal.Money{}
	for _, i := range r.Items {
		sums[fiscal.VAT(i.VAT)] += i.Sum
	}
	var out, newer []ffd.Field
	for _, rate := range fiscal.VATRates {
		sum, ok := sums[rate.VAT]
		if !ok {
			continue
		}
		figure := sum
		if rate.Percent != 0 {
			figure = rate.VAT.In(sum)
		}
		if tag, ok := rateTags[rate.VAT]; ok {
			out = append(out, ffd.Sum(tag, figure))
			continue
		}
		newer = append(newer, ffd.Group(ffd.TagVATSum, ffd.Uint(ffd.TagVAT, uint64(rate.VAT)), ffd.Sum(ffd.TagVATAmount, figure)))
	}
	if newer != nil {
		out = append(out, ffd.Group(ffd.TagVATSums, newer...))
	}
	return out
}

// hostText is a text among the tags the host gave.
func hostText(given []byte, tag ffd.Tag) (string, bool) {
	fields, err := ffd.Parse(given)
	if err != nil {
		return "", false
	}
	f, ok := ffd.Field{Fields: fields}.Find(tag)
	return f.Text(), ok
}

// blocks gives one top-level object a block; one too long for an answer goes
// in pieces.
func blocks(body []byte) ([][]byte, error) {
	list, err := fn.Objects(body)
	if err != nil {
		return nil, fmt.Errorf("read document: %w", err)
	}
	var out [][]byte
	for _, one := range list {
		for len(one) > 0 {
			n := min(len(one), relayBlock)
			out, one = append(out, one[:n]), one[n:]
		}
	}
	return out, nil
}
