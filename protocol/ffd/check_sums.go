package ffd

import "github.com/chekan-io/chekan/protocol/fiscal"

// sums is what the lines of a receipt add up to.
type sums struct {
	lines int
	total fiscal.Money
	byVAT [lastVAT + 1]struct {
		lines int
		sum   fiscal.Money
	}
}

// item adds a line and checks it in itself.
func (c *checker) item(f *Field, has *tagSet) {
	if !has.has(TagName) && !has.has(TagProduct) {
		c.missing(TagName)
	}
	var price, sum fiscal.Money
	var quantity fiscal.Quantity
	var vat uint64
	for i := range f.Fields {
		switch g := &f.Fields[i]; g.Tag {
		case TagPrice:
			price = g.Sum()
		case TagItemSum:
			sum = g.Sum()
		case TagQuantity:
			quantity = g.Amount()
		case TagVAT:
			vat = g.Uint()
		}
	}
	c.sums.lines++
	c.sums.total += sum
	if vat > 0 && vat <= uint64(lastVAT) {
		c.sums.byVAT[vat].lines++
		c.sums.byVAT[vat].sum += sum
	}
	if !has.has(TagPrice) || !has.has(TagQuantity) || !has.has(TagItemSum) || has.has(TagFraction) {
		return
	}
	if quantity <= 0 {
		c.bad(TagQuantity, RuleTotal, "количество должно быть больше нуля")
		return
	}
	cost, ok := fiscal.Cost(price, quantity)
	if d := sum - cost; !ok || d < -1 || d > 1 {
		c.bad(TagItemSum, RuleTotal, "сумма %s не равна цене × количество: %s × %s", sum, price, quantity)
	}
}

// maxRounding is how many kopecks a receipt may drop in the buyer's favour.
const maxRounding = 99

// totals compares the sums of a receipt with each other.
func (c *checker) totals(has *tagSet) {
	var paid fiscal.Payments
	var figures [lastVAT + 1]fiscal.Money
	var told [lastVAT + 1]bool
	var total fiscal.Money
	for i := range c.d.Fields {
		f := &c.d.Fields[i]
		if p := payment(&paid, f.Tag); p != nil {
			*p = f.Sum()
		}
		switch f.Tag {
		case TagTotal:
			total = f.Sum()
		case TagVATSums:
			for _, one := range f.Fields {
				rate, _ := one.Find(TagVAT)
				if v := rate.Uint(); one.Tag == TagVATSum && v > 0 && v <= uint64(lastVAT) {
					amount, _ := one.Find(TagVATAmount)
					figures[v], told[v] = amount.Sum(), true
				}
			}
		default:
			for v := fiscal.VAT20; v <= fiscal.VATNone; v++ {
				if vatTags[v] == f.Tag {
					figures[v], told[v] = f.Sum(), true
				}
			}
		}
	}
	pays := has.has(TagCash) || has.has(TagElectronic) || has.has(TagPrepaid) || has.has(TagCredit) || has.has(TagBarter)
	whole := has.has(TagTotal)
	if whole && pays && paid.Total() != total {
		c.bad(TagTotal, RuleTotal, "сумма чека %s, а оплачено %s", total, paid.Total())
	}
	if !whole {
		total = paid.Total()
	}
	if c.sums.lines > 0 && (whole || pays) {
		if d := c.sums.total - total; d < 0 || d > maxRounding {
			c.bad(TagTotal, RuleTotal, "предметы расчёта дают %s, а чек на %s", c.sums.total, total)
		}
	}
	for v := fiscal.VAT(1); v <= lastVAT; v++ {
		c.vat(v, figures[v], told[v])
	}
}

// vat compares what the receipt says of a rate with its lines. Our rule rounds
// once for a rate; a till that rounds every line may differ from it by half a
// kopeck a line, and by the half of our own rounding.
func (c *checker) vat(v fiscal.VAT, figure fiscal.Money, told bool) {
	of := c.sums.byVAT[v]
	tag := vatTag(v)
	if tag == 0 {
		tag = TagVATSums
	}
	want := vatFigure(v, of.sum)
	slack := fiscal.Money(of.lines+1) / 2
	if v == fiscal.VAT0 || v == fiscal.VATNone {
		slack = 0
	}
	switch {
	case c.sums.lines == 0:
		return
	case !told && of.lines > 0 && want > 0 && c.v == V12:
		c.bad(tag, RuleMissing, "в чеке есть ставка «%s», а её суммы нет", codes[TagVAT][v-1].Name)
	case told && (figure < want-slack || figure > want+slack):
		c.bad(tag, RuleTotal, "%s: указано %s, а по предметам расчёта выходит %s", codes[TagVAT][v-1].Name, figure, want)
	}
}
