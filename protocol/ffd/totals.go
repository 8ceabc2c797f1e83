package ffd

import "github.com/chekan-io/chekan/protocol/fiscal"

// Totals counts the receipts of a shift, of a memory or of what was not sent
// (tags 1194, 1157, 1158). The rates of 2025 and 2026 have no counters.
type Totals struct {
	Kinds       [4]KindTotals       // by settlement: sale, sale return, purchase, purchase return
	Corrections [4]CorrectionTotals // likewise
}

// KindTotals counts one settlement.
type KindTotals struct {
	Receipts uint32
	Total    fiscal.Money
	Payments fiscal.Payments
	VAT      [fiscal.VATNone + 1]fiscal.Money // what a receipt says of the rate
}

// CorrectionTotals counts the corrections of one settlement.
type CorrectionTotals struct {
	Receipts uint32
	Total    fiscal.Money
}

// Add counts a receipt or a correction; any other document changes nothing.
func (t *Totals) Add(d Document) {
	if !isReceipt(d.Type) {
		return
	}
	settlement, _ := d.Find(TagSettlement)
	n := settlement.Uint() - 1
	if n >= uint64(len(t.Kinds)) {
		return
	}
	total, _ := d.Find(TagTotal)
	if isCorrection(d.Type) {
		t.Corrections[n].Receipts++
		t.Corrections[n].Total += total.Sum()
		return
	}
	k := &t.Kinds[n]
	k.Receipts++
	k.Total += total.Sum()
	for i := range d.Fields {
		f := &d.Fields[i]
		if p := payment(&k.Payments, f.Tag); p != nil {
			*p += f.Sum()
		}
		for v := fiscal.VAT20; v <= fiscal.VATNone; v++ {
			if vatTag(v) == f.Tag {
				k.VAT[v] += f.Sum()
			}
		}
	}
}

// payment finds the place of a receipt's tag among the payments; nil when it is none.
func payment(p *fiscal.Payments, t Tag) *fiscal.Money {
	switch t {
	case TagCash:
		return &p.Cash
	case TagElectronic:
		return &p.Electronic
	case TagPrepaid:
		return &p.Prepaid
	case TagCredit:
		return &p.Credit
	case TagBarter:
		return &p.Barter
	}
	return nil
}

var (
	kindTags           = [4]Tag{TagSales, TagSaleReturns, TagPurchases, TagPurchaseReturns}
	kindCorrectionTags = [4]Tag{TagSaleCorrections, TagSaleReturnCorrections, TagPurchaseCorrections, TagPurchaseReturnCorrections}
	vatTotalTags       = [fiscal.VATNone + 1]Tag{
		fiscal.VAT20: TagVAT20Total, fiscal.VAT10: TagVAT10Total, fiscal.VAT20120: TagVAT20120Total, fiscal.VAT10110: TagVAT10110Total,
		fiscal.VAT0: TagVAT0Total, fiscal.VATNone: TagVATNoneTotal,
	}
)

// totals writes counters; nothing when they are not told.
func (b *builder) totals(tag Tag, t *Totals) {
	if t == nil {
		return
	}
	all := uint32(0)
	corrections := uint32(0)
	for i := range t.Kinds {
		all += t.Kinds[i].Receipts + t.Corrections[i].Receipts
		corrections += t.Corrections[i].Receipts
	}
	group := b.begin()
	b.uint(TagAllReceipts, uint64(all))
	for i, k := range t.Kinds {
		one := b.begin()
		b.uint(TagKindReceipts, uint64(k.Receipts))
		b.sum(TagKindTotal, k.Total)
		b.sum(TagCashTotal, k.Payments.Cash)
		b.sum(TagElectronicTotal, k.Payments.Electronic)
		b.sum(TagPrepaidTotal, k.Payments.Prepaid)
		b.sum(TagCreditTotal, k.Payments.Credit)
		b.sum(TagBarterTotal, k.Payments.Barter)
		for v := fiscal.VAT20; v <= fiscal.VATNone; v++ {
			b.sum(vatTotalTags[v], k.VAT[v])
		}
		b.end(kindTags[i], one)
	}
	sub := b.begin()
	b.uint(TagCorrectionReceipts, uint64(corrections))
	for i, c := range t.Corrections {
		// Corrections of returns have counters since 1.1.
		if b.v == V105 && kindCorrectionTags[i] != TagSaleCorrections && kindCorrectionTags[i] != TagPurchaseCorrections {
			continue
		}
		one := b.begin()
		b.uint(TagCorrectionReceipts, uint64(c.Receipts))
		b.sum(TagKindTotal, c.Total)
		b.end(kindCorrectionTags[i], one)
	}
	b.end(TagCorrections, sub)
	b.end(tag, group)
}
