package slip

import (
	"strconv"
	"strings"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// settlements are the words of tag 1054.
var settlements = [...]string{"", "ПРИХОД", "ВОЗВРАТ ПРИХОДА", "РАСХОД", "ВОЗВРАТ РАСХОДА"}

// receiptTitles are the names of the four forms.
var receiptTitles = map[fiscal.DocumentType]string{
	fiscal.DocReceipt: "КАССОВЫЙ ЧЕК", fiscal.DocBSO: "БЛАНК СТРОГОЙ ОТЧЁТНОСТИ",
	fiscal.DocCorrection: "КАССОВЫЙ ЧЕК КОРРЕКЦИИ", fiscal.DocBSOCorrection: "БЛАНК СТРОГОЙ ОТЧЁТНОСТИ КОРРЕКЦИИ",
}

// receipt lays out forms 3, 4, 31 and 41 (law 54-FZ, article 4.7; FFD, printed form of the receipt).
func (p *page) receipt() {
	p.head()
	p.rule()
	p.title(receiptTitles[p.d.Type])
	if n, ok := p.number(ffd.TagSettlement); ok && n > 0 && int(n) < len(settlements) {
		p.title(settlements[n])
	}
	p.desk()
	p.correction()
	if items := p.d.All(ffd.TagItem); len(items) > 0 {
		p.rule()
		for _, f := range items {
			p.item(f)
		}
	}
	p.rule()
	p.total()
	p.vat()
	p.pair("СНО", taxSystems(p.bits(ffd.TagTaxSystem, 0)))
	p.agent(p.bits(ffd.TagAgent, 0), p.d.Fields)
	p.buyer()
	for _, line := range p.o.Text {
		p.text(line)
	}
	p.foot()
	p.site()
	p.qr()
}

func (p *page) bits(t ffd.Tag, otherwise uint64) uint64 {
	if n, ok := p.number(t); ok {
		return n
	}
	return otherwise
}

// correction is the basis of a correction (tags 1173, 1174).
func (p *page) correction() {
	if n, ok := p.number(ffd.TagCorrectionType); ok {
		words := "САМОСТОЯТЕЛЬНО"
		if n == 1 {
			words = "ПО ПРЕДПИСАНИЮ"
		}
		p.pair("ТИП КОРРЕКЦИИ", words)
	}
	basis, ok := p.has(ffd.TagCorrectionBasis)
	if !ok {
		return
	}
	for _, f := range basis.Fields {
		switch f.Tag {
		case ffd.TagCorrectionReason:
			p.named("ОСНОВАНИЕ", f.Text())
		case ffd.TagCorrectionDate:
			p.pair("ДАТА РАСЧЁТА", day(f.Time()))
		case ffd.TagCorrectionNumber:
			p.pair("ПРЕДПИСАНИЕ №", f.Text())
		}
	}
}

// methods and subjects are the words of tags 1214 and 1212; the usual ones, full settlement and goods, go unsaid.
var (
	methods = [...]string{
		1: "ПРЕДОПЛАТА 100%", 2: "ПРЕДОПЛАТА", 3: "АВАНС", 4: "", 5: "ЧАСТИЧНЫЙ РАСЧЁТ И КРЕДИТ", 6: "ПЕРЕДАЧА В КРЕДИТ", 7: "ОПЛАТА КРЕДИТА",
	}
	subjects = [...]string{
		1: "", 2: "ПОДАКЦИЗНЫЙ ТОВАР", 3: "РАБОТА", 4: "УСЛУГА", 5: "СТАВКА АЗАРТНОЙ ИГРЫ", 6: "ВЫИГРЫШ АЗАРТНОЙ ИГРЫ", 7: "ЛОТЕРЕЙНЫЙ БИЛЕТ",
		8: "ВЫИГРЫШ ЛОТЕРЕИ", 9: "ПРЕДОСТАВЛЕНИЕ РИД", 10: "ПЛАТЁЖ", 11: "АГЕНТСКОЕ ВОЗНАГРАЖДЕНИЕ", 12: "ВЫПЛАТА", 13: "ИНОЙ ПРЕДМЕТ РАСЧЁТА",
		14: "ИМУЩЕСТВЕННОЕ ПРАВО", 15: "ВНЕРЕАЛИЗАЦИОННЫЙ ДОХОД", 16: "ИНЫЕ ПЛАТЕЖИ И ВЗНОСЫ", 17: "ТОРГОВЫЙ СБОР", 18: "КУРОРТНЫЙ СБОР",
		19: "ЗАЛОГ", 20: "РАСХОД", 21: "ВЗНОСЫ НА ОПС ИП", 22: "ВЗНОСЫ НА ОПС", 23: "ВЗНОСЫ НА ОМС ИП", 24: "ВЗНОСЫ НА ОМС", 25: "ВЗНОСЫ НА ОСС",
		26: "ПЛАТЁЖ КАЗИНО", 27: "ВЫДАЧА ДЕНЕЖНЫХ СРЕДСТВ", 30: "АТНМ", 31: "АТМ", 32: "ТНМ", 33: "ТМ",
	}
)

func word(words []string, n uint64) string {
	if n < uint64(len(words)) {
		return words[n]
	}
	return ""
}

// measures are the words of tag 2108; a piece goes unsaid.
var measures = map[uint64]string{
	10: "г", 11: "кг", 12: "т", 20: "см", 21: "дм", 22: "м", 30: "кв. см", 31: "кв. дм", 32: "кв. м", 40: "мл", 41: "л", 42: "куб. м",
	50: "кВт·ч", 51: "Гкал", 70: "сут.", 71: "час", 72: "мин", 73: "с", 80: "Кбайт", 81: "Мбайт", 82: "Гбайт", 83: "Тбайт",
}

// line is what is read of tag 1059.
type line struct {
	name, unit, data, mark string
	price, sum, vatSum     fiscal.Money
	quantity               fiscal.Quantity
	vat                    fiscal.VAT
	method, subject, agent uint64
	hasVATSum, hasPrice    bool
}

func (p *page) item(f ffd.Field) {
	var i line
	for _, f := range f.Fields {
		switch f.Tag {
		case ffd.TagName:
			i.name = oneLine(f.Text())
		case ffd.TagPrice:
			i.price, i.hasPrice = f.Sum(), true
		case ffd.TagQuantity:
			i.quantity = f.Amount()
		case ffd.TagItemSum:
			i.sum = f.Sum()
		case ffd.TagVAT:
			i.vat = fiscal.VAT(f.Uint())
		case ffd.TagItemVAT:
			i.vatSum, i.hasVATSum = f.Sum(), true
		case ffd.TagMethod:
			i.method = f.Uint()
		case ffd.TagSubject:
			i.subject = f.Uint()
		case ffd.TagUnit:
			i.unit = f.Text()
		case ffd.TagMeasure:
			i.unit = measures[f.Uint()]
		case ffd.TagItemData:
			i.data = f.Text()
		case ffd.TagItemAgent:
			i.agent = f.Uint()
		case ffd.TagMarkingResult:
			i.mark = markSign(f.Uint())
		case ffd.TagProduct, ffd.TagProductCode:
			if i.mark == "" {
				i.mark = "[M]"
			}
		}
	}
	if i.mark != "" {
		i.name = strings.TrimSpace(i.name + " " + i.mark)
	}
	p.text(i.name)
	amount := i.quantity.String()
	if i.unit != "" {
		amount += " " + oneLine(i.unit)
	}
	if i.hasPrice {
		amount += " × " + i.price.String()
	}
	p.money(amount, i.sum)
	if rate, ok := i.vat.Rate(); ok {
		title := rateTitle(rate, p.fact.At)
		if i.hasVATSum {
			p.money(title, i.vatSum)
		} else {
			p.text(title)
		}
	}
	p.text(word(methods[:], i.method))
	p.text(word(subjects[:], i.subject))
	p.text(i.data)
	p.agent(i.agent, f.Fields)
}

// markSign is the printed sign of a marked item by tag 2106: bits 0 and 1 are
// the fiscal memory's check and its success, bits 2 and 3 those of the
// marking system.
func markSign(bits uint64) string {
	switch {
	case bits&0x05 == 0:
		return "[M]"
	case bits&0x03 == 0x01 || bits&0x0C == 0x04:
		return "[M-]"
	case bits&0x08 != 0:
		return "[M+]"
	}
	return "[M]"
}

// rateTitle names a rate as it was called at the time: code 1 meant 18 % until 2019.
func rateTitle(r fiscal.VATRate, at fiscal.DateTime) string {
	if r.Percent == 20 && at.Year > 0 && at.Year < 2019 {
		return strings.ReplaceAll(r.Title, "20", "18")
	}
	return r.Title
}

// total is what was to be paid and how it was (tags 1020, 1031, 1081, 1215–1217).
func (p *page) total() {
	sum := p.fact.Total
	if f, ok := p.has(ffd.TagTotal); ok {
		sum = f.Sum()
	}
	p.add(Line{Left: "ИТОГ", Right: "=" + sum.String(), Bold: true, Large: true})
	for _, pay := range []struct {
		tag  ffd.Tag
		name string
	}{
		{ffd.TagCash, "НАЛИЧНЫМИ"},
		{ffd.TagElectronic, "БЕЗНАЛИЧНЫМИ"},
		{ffd.TagPrepaid, "ПРЕДВАРИТЕЛЬНАЯ ОПЛАТА (АВАНС)"},
		{ffd.TagCredit, "ПОСЛЕДУЮЩАЯ ОПЛАТА (КРЕДИТ)"},
		{ffd.TagBarter, "ИНАЯ ФОРМА ОПЛАТЫ"},
	} {
		f, ok := p.has(pay.tag)
		if !ok || f.Sum() == 0 {
			continue
		}
		p.money(pay.name, f.Sum())
		if pay.tag == ffd.TagCash && p.o.Change > 0 {
			p.money("ПОЛУЧЕНО НАЛИЧНЫМИ", f.Sum()+p.o.Change)
			p.money("СДАЧА", p.o.Change)
		}
	}
}

// totals of VAT in a document: the tag and whether it is the tax or the sum it stands in.
var vatTotals = []struct {
	tag  ffd.Tag
	vat  fiscal.VAT
	base bool
}{
	{ffd.TagVAT20, fiscal.VAT20, false},
	{ffd.TagVAT10, fiscal.VAT10, false},
	{ffd.TagVAT20120, fiscal.VAT20120, false},
	{ffd.TagVAT10110, fiscal.VAT10110, false},
	{ffd.TagVAT0, fiscal.VAT0, true},
	{ffd.TagVATNone, fiscal.VATNone, true},
}

// vat is the tax of the receipt per rate; rates since 2025 stand in tag 1115.
func (p *page) vat() {
	for _, t := range vatTotals {
		f, ok := p.has(t.tag)
		if !ok || f.Sum() == 0 {
			continue
		}
		rate, _ := t.vat.Rate()
		switch {
		case t.vat == fiscal.VATNone:
			p.money("СУММА БЕЗ НДС", f.Sum())
		case t.base:
			p.money("СУММА С "+rateTitle(rate, p.fact.At), f.Sum())
		default:
			p.money("СУММА "+rateTitle(rate, p.fact.At), f.Sum())
		}
	}
	sums, _ := p.has(ffd.TagVATSums)
	for _, f := range sums.All(ffd.TagVATSum) {
		code, _ := f.Find(ffd.TagVAT)
		amount, _ := f.Find(ffd.TagVATAmount)
		title := "НДС, ставка " + strconv.FormatUint(code.Uint(), 10)
		if rate, ok := fiscal.VAT(code.Uint()).Rate(); ok && code.Uint() < 256 {
			title = rateTitle(rate, p.fact.At)
		}
		p.money("СУММА "+title, amount.Sum())
	}
}

// taxSystems are the words of tags 1055 and 1062.
func taxSystems(bits uint64) string {
	var out []string
	for i, name := range [...]string{"ОСН", "УСН ДОХОД", "УСН ДОХОД - РАСХОД", "ЕНВД", "ЕСХН", "ПАТЕНТ"} {
		if bits&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}

// agent is who sells for whom (tags 1057, 1222–1226, 1171).
func (p *page) agent(bits uint64, fields []ffd.Field) {
	for i, name := range [...]string{"БАНК. ПЛ. АГЕНТ", "БАНК. ПЛ. СУБАГЕНТ", "ПЛ. АГЕНТ", "ПЛ. СУБАГЕНТ", "ПОВЕРЕННЫЙ", "КОМИССИОНЕР", "АГЕНТ"} {
		if bits&(1<<i) != 0 {
			p.text(name)
		}
	}
	for _, f := range fields {
		switch f.Tag {
		case ffd.TagAgentData, ffd.TagSupplierData:
			p.agent(0, f.Fields)
		case ffd.TagSupplierName:
			p.named("ПОСТАВЩИК", f.Text())
		case ffd.TagSupplierINN:
			p.pair("ИНН ПОСТАВЩИКА", trimINN(strings.TrimSpace(f.Text())))
		case ffd.TagSupplierPhone:
			p.pair("ТЛФ. ПОСТАВЩИКА", f.Text())
		case ffd.TagPaymentAgentOperation:
			p.named("ОПЕРАЦИЯ АГЕНТА", f.Text())
		case ffd.TagPaymentAgentPhone:
			p.pair("ТЛФ. АГЕНТА", f.Text())
		case ffd.TagPaymentOperatorPhone:
			p.pair("ТЛФ. ОП. ПО ПРИЁМУ ПЛАТ.", f.Text())
		case ffd.TagTransferOperatorPhone:
			p.pair("ТЛФ. ОП. ПЕРЕВОДА", f.Text())
		case ffd.TagTransferOperatorName:
			p.named("ОПЕРАТОР ПЕРЕВОДА", f.Text())
		case ffd.TagTransferOperatorAddress:
			p.named("АДРЕС ОП. ПЕРЕВОДА", f.Text())
		case ffd.TagTransferOperatorINN:
			p.pair("ИНН ОП. ПЕРЕВОДА", trimINN(strings.TrimSpace(f.Text())))
		}
	}
}

// buyer is who bought and where the receipt was sent (tags 1008, 1117, 1227, 1228, 1084, 1192).
func (p *page) buyer() {
	p.pair("ЭЛ. АДР. ПОКУПАТЕЛЯ", p.str(ffd.TagCustomer, ""))
	p.pair("ЭЛ. АДР. ОТПРАВИТЕЛЯ", p.str(ffd.TagSender, p.o.Registration.Sender))
	fields := p.d.Fields
	if f, ok := p.has(ffd.TagBuyerData); ok {
		fields = append(fields[:len(fields):len(fields)], f.Fields...)
	}
	for _, f := range fields {
		switch f.Tag {
		case ffd.TagBuyer:
			p.named("ПОКУПАТЕЛЬ", f.Text())
		case ffd.TagBuyerINN:
			p.pair("ИНН ПОКУПАТЕЛЯ", trimINN(strings.TrimSpace(f.Text())))
		case ffd.TagReceiptData:
			p.pair("ДОП. РЕКВИЗИТ ЧЕКА", f.Text())
		case ffd.TagUserData:
			name, _ := f.Find(ffd.TagUserDataName)
			value, _ := f.Find(ffd.TagUserDataValue)
			if name.Text() != ffd.MarkerName { // our own mark says nothing to a buyer
				p.named(oneLine(name.Text())+":", value.Text())
			}
		}
	}
	if n, ok := p.number(ffd.TagInternet); ok && n != 0 {
		p.text("РАСЧЁТ В ИНТЕРНЕТЕ")
	}
}
