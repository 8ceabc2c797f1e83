package shtrih

import (
	"context"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/shtrih"
)

// correct makes a correction: with lines where format (since 1.1) and firmware
// allow it, else by totals.
func (t *Till) correct(ctx context.Context, r fiscal.Receipt) (fiscal.Document, error) {
	const op = "correct"
	format, err := t.ffd(ctx)
	if err != nil {
		return fiscal.Document{}, prepared(op, err)
	}
	tags := correctionTags(*r.Correction, ffd.Version(format))
	if ffd.Version(format) >= ffd.V11 && t.has(ctx, shtrih.FeatureCorrections) {
		return t.receipt(ctx, op, r, fiscal.DocCorrection, tags)
	}
	return t.correctByTotals(ctx, op, r, tags)
}

// correctionTags are 1173 and the basis 1174. Up to 1.1 the basis has its
// description 1177 and a number 1179, empty when there is no order.
func correctionTags(c fiscal.Correction, v ffd.Version) []ffd.Field {
	var byOrder uint64
	if c.ByOrder {
		byOrder = 1
	}
	var basis []ffd.Field
	old := v < ffd.V12
	if old {
		basis = append(basis, textTag(ffd.TagCorrectionReason, c.Reason))
	}
	day := fiscal.DateTime{Year: c.Date.Year, Month: c.Date.Month, Day: c.Date.Day}
	basis = append(basis, ffd.Time(ffd.TagCorrectionDate, day))
	if c.Number != "" || old {
		basis = append(basis, textTag(ffd.TagCorrectionNumber, c.Number))
	}
	return []ffd.Field{ffd.Uint(ffd.TagCorrectionType, byOrder), ffd.Group(ffd.TagCorrectionBasis, basis...)}
}

// correctByTotals makes a correction by FF35h and FF4Ah. They know the classic
// rates only: there are no fields for 5, 7 and 22 % (Shtrih protocol 1.17).
func (t *Till) correctByTotals(ctx context.Context, op string, r fiscal.Receipt, more []ffd.Field) (fiscal.Document, error) {
	if r.Kind != fiscal.Sale && r.Kind != fiscal.Purchase {
		return fiscal.Document{}, refuse(op, drivers.CodeUnsupported, "a correction of a return before FFD 1.1")
	}
	commit, err := t.correctionTotals(r)
	if err != nil {
		return fiscal.Document{}, prepared(op, err)
	}
	tags, err := cashierTags(r.Cashier)
	if err != nil {
		return fiscal.Document{}, prepared(op, notSent(err))
	}
	if tags, err = appendRows(tags, more...); err != nil {
		return fiscal.Document{}, prepared(op, notSent(err))
	}
	if err := t.readyIn(ctx, op, shiftOpen); err != nil {
		return fiscal.Document{}, err
	}
	if err := t.counters(ctx); err != nil {
		return fiscal.Document{}, prepared(op, err)
	}
	if err := t.begin(ctx, shtrih.BeginCorrection{Password: t.opts.Password}, tags); err != nil {
		return fiscal.Document{}, prepared(op, err)
	}
	a, err := get[shtrih.CorrectionAnswer](ctx, t, commit)
	if err != nil {
		if e := explain(op, err); e.Outcome == fiscal.NotDone && isRefusal(err) {
			t.cancelFN(ctx)
		}
		return fiscal.Document{}, committed(op, err)
	}
	return t.prove(ctx, op, fiscal.Document{
		Type: fiscal.DocCorrection, FD: a.FD, FP: a.FP, Kind: r.Kind, Total: r.Total(),
	})
}

func (t *Till) correctionTotals(r fiscal.Receipt) (shtrih.CorrectionV2, error) {
	c := shtrih.CorrectionV2{
		Password: t.opts.Password, Sign: shtrih.SettlementSign(r.Kind.Sign()), Total: r.Total(),
		Cash: r.Payments.Cash - r.Change(), Electronic: r.Payments.Electronic,
		Prepaid: r.Payments.Prepaid, Credit: r.Payments.Credit, Barter: r.Payments.Barter,
		TaxSystem: shtrih.TaxSystem(r.TaxSystem),
	}
	if r.Correction.ByOrder {
		c.Order = 1
	}
	fields := map[fiscal.VAT]*fiscal.Money{
		fiscal.VAT20: &c.VAT20, fiscal.VAT10: &c.VAT10, fiscal.VAT20120: &c.VAT20120, fiscal.VAT10110: &c.VAT10110,
	}
	turnover := map[fiscal.VAT]*fiscal.Money{fiscal.VAT0: &c.Sum0, fiscal.VATNone: &c.SumNone}
	for _, item := range r.Items {
		if sum, ok := turnover[item.VAT]; ok {
			*sum += item.Total()
		}
	}
	for rate, tax := range r.VATTotals() {
		if _, ok := turnover[rate]; ok {
			continue
		}
		field, ok := fields[rate]
		if !ok {
			return c, refuse("", drivers.CodeUnsupported, "VAT %s in a correction before FFD 1.1", rate.Name())
		}
		*field = tax
	}
	return c, nil
}
