package slip

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

func (p *page) shiftOpened() {
	p.head()
	p.rule()
	p.title("ОТЧЁТ ОБ ОТКРЫТИИ СМЕНЫ")
	p.desk()
	p.pair("ВЕРСИЯ ККТ", p.str(ffd.TagKKTVersion, ""))
	p.formats()
	p.text(p.str(ffd.TagShiftOpenedProps, ""))
	p.foot()
}

func (p *page) shiftClosed() {
	p.head()
	p.rule()
	p.title("ОТЧЁТ О ЗАКРЫТИИ СМЕНЫ")
	p.desk()
	p.count("ЧЕКОВ ЗА СМЕНУ", ffd.TagReceipts)
	p.count("ФД ЗА СМЕНУ", ffd.TagDocuments)
	p.unsent()
	p.counters("СЧЁТЧИКИ ИТОГОВ СМЕНЫ", ffd.TagShiftTotals)
	p.counters("СЧЁТЧИКИ ИТОГОВ ФН", ffd.TagFNTotals)
	p.count("РЕСУРС КЛЮЧЕЙ, ДНЕЙ", ffd.TagKeyDays)
	p.text(p.str(ffd.TagShiftClosedProps, ""))
	p.foot()
}

func (p *page) settlement() {
	p.head()
	p.rule()
	p.title("ОТЧЁТ О СОСТОЯНИИ РАСЧЁТОВ")
	p.desk()
	p.flag("АВТОНОМНЫЙ РЕЖИМ", ffd.TagOffline)
	p.unsent()
	p.counters("СЧЁТЧИКИ ИТОГОВ ФН", ffd.TagFNTotals)
	p.counters("СЧЁТЧИКИ НЕПЕРЕДАННЫХ ФД", ffd.TagUnsentTotals)
	p.count("РЕСУРС КЛЮЧЕЙ, ДНЕЙ", ffd.TagKeyDays)
	p.text(p.str(ffd.TagSettlementProps, ""))
	p.foot()
}

// unsent is what the operator has not confirmed (tags 1097, 1098, 1104, 1116).
func (p *page) unsent() {
	p.count("НЕПЕРЕДАННЫХ ФД", ffd.TagUnsent)
	p.count("ПЕРВЫЙ НЕПЕРЕДАННЫЙ ФД", ffd.TagUnsentFD)
	if f, ok := p.has(ffd.TagUnsentFrom); ok && f.Uint() != 0 {
		p.pair("ФД НЕ ПЕРЕДАНЫ С", when(f.Time()))
	}
	p.count("НЕПЕРЕДАННЫХ УВЕДОМЛЕНИЙ", ffd.TagUnsentNotifications)
}

// counterNames are the amounts inside a group of counters.
var counterNames = []struct {
	tag   ffd.Tag
	name  string
	count bool
}{
	{ffd.TagKindReceipts, "  ЧЕКОВ", true},
	{ffd.TagCorrectionReceipts, "  ЧЕКОВ", true},
	{ffd.TagKindTotal, "  СУММА", false},
	{ffd.TagCashTotal, "  НАЛИЧНЫМИ", false},
	{ffd.TagElectronicTotal, "  БЕЗНАЛИЧНЫМИ", false},
	{ffd.TagPrepaidTotal, "  АВАНСОМ", false},
	{ffd.TagCreditTotal, "  В КРЕДИТ", false},
	{ffd.TagBarterTotal, "  ИНОЙ ФОРМОЙ", false},
	{ffd.TagVAT20Total, "  НДС 20%", false},
	{ffd.TagVAT10Total, "  НДС 10%", false},
	{ffd.TagVAT20120Total, "  НДС 20/120", false},
	{ffd.TagVAT10110Total, "  НДС 10/110", false},
	{ffd.TagVAT0Total, "  СУММА С НДС 0%", false},
	{ffd.TagVATNoneTotal, "  СУММА БЕЗ НДС", false},
}

// groups are the kinds of settlement inside the counters.
var groups = []struct {
	tag  ffd.Tag
	name string
}{
	{ffd.TagSales, "ПРИХОД"},
	{ffd.TagSaleReturns, "ВОЗВРАТ ПРИХОДА"},
	{ffd.TagPurchases, "РАСХОД"},
	{ffd.TagPurchaseReturns, "ВОЗВРАТ РАСХОДА"},
	{ffd.TagCorrections, "ЧЕКИ КОРРЕКЦИИ"},
	{ffd.TagSaleCorrections, "КОРРЕКЦИИ ПРИХОДА"},
	{ffd.TagPurchaseCorrections, "КОРРЕКЦИИ РАСХОДА"},
	{ffd.TagSaleReturnCorrections, "КОРРЕКЦИИ ВОЗВРАТА ПРИХОДА"},
	{ffd.TagPurchaseReturnCorrections, "КОРРЕКЦИИ ВОЗВРАТА РАСХОДА"},
}

// counters is one of the groups 1157, 1158 and 1194; what is zero goes unsaid.
func (p *page) counters(title string, tag ffd.Tag) {
	all, ok := p.has(tag)
	if !ok {
		return
	}
	p.rule()
	p.title(title)
	if f, ok := all.Find(ffd.TagAllReceipts); ok {
		p.pair("ВСЕГО ЧЕКОВ", strconv.FormatUint(f.Uint(), 10))
	}
	p.kinds(all)
}

func (p *page) kinds(of ffd.Field) {
	for _, g := range groups {
		f, ok := of.Find(g.tag)
		if !ok {
			continue
		}
		p.text(g.name)
		for _, c := range counterNames {
			x, ok := f.Find(c.tag)
			switch {
			case !ok:
			case c.count:
				p.pair(c.name, strconv.FormatUint(x.Uint(), 10))
			case x.Uint() != 0:
				p.money(c.name, x.Sum())
			}
		}
		sums, _ := f.Find(ffd.TagVATSums)
		for _, s := range sums.All(ffd.TagVATSum) {
			code, _ := s.Find(ffd.TagVAT)
			amount, _ := s.Find(ffd.TagVATAmount)
			if rate, ok := fiscal.VAT(code.Uint()).Rate(); ok && amount.Uint() != 0 {
				p.money("  "+rate.Title, amount.Sum())
			}
		}
		p.kinds(f)
	}
}

// formats are the versions of format the till and the memory can (tags 1189, 1190).
func (p *page) formats() {
	for _, f := range []struct {
		tag  ffd.Tag
		name string
	}{{ffd.TagKKTFormat, "ФФД ККТ"}, {ffd.TagFNFormat, "ФФД ФН"}} {
		if n, ok := p.number(f.tag); ok && n != 0 {
			p.pair(f.name, ffd.Version(n).String())
		}
	}
}

// modes are the conditions of use as paper names them, by their own tags.
var modes = []struct {
	tag  ffd.Tag
	name string
}{
	{ffd.TagOffline, "АВТОНОМНЫЙ РЕЖИМ"},
	{ffd.TagAutomatic, "АВТОМАТИЧЕСКИЙ РЕЖИМ"},
	{ffd.TagEncryption, "ШИФРОВАНИЕ"},
	{ffd.TagInternet, "ККТ ДЛЯ ИНТЕРНЕТ"},
	{ffd.TagServices, "РАСЧЁТЫ ЗА УСЛУГИ"},
	{ffd.TagBSO, "АС БСО"},
	{ffd.TagPrinterInAutomat, "ПРИНТЕР В АВТОМАТЕ"},
	{ffd.TagExcise, "ПОДАКЦИЗНЫЕ ТОВАРЫ"},
	{ffd.TagGambling, "ПРОВЕДЕНИЕ АЗАРТНЫХ ИГР"},
	{ffd.TagLottery, "ПРОВЕДЕНИЕ ЛОТЕРЕИ"},
}

// conditions are the bits of tag 1290 (FFD 1.2), bit 0 unused.
var conditions = [...]string{
	1: "ПРИНТЕР В АВТОМАТЕ", 2: "АС БСО", 5: "ККТ ДЛЯ ИНТЕРНЕТ", 6: "ПОДАКЦИЗНЫЕ ТОВАРЫ", 8: "МАРКИРОВАННЫЕ ТОВАРЫ", 9: "РАСЧЁТЫ ЗА УСЛУГИ",
	10: "ПРОВЕДЕНИЕ АЗАРТНЫХ ИГР", 11: "ПРОВЕДЕНИЕ ЛОТЕРЕИ", 12: "ЛОМБАРД", 13: "СТРАХОВАНИЕ", 14: "ВЕНДИНГ", 15: "ОБЩЕСТВЕННОЕ ПИТАНИЕ", 16: "ОПТОВАЯ ТОРГОВЛЯ",
}

// reasons are the bits of tag 1205.
var reasons = [...]string{
	0: "ЗАМЕНА ФН", 1: "ЗАМЕНА ОФД", 2: "ИЗМЕНЕНИЕ НАИМЕНОВАНИЯ ПОЛЬЗОВАТЕЛЯ", 3: "ИЗМЕНЕНИЕ АДРЕСА ИЛИ МЕСТА РАСЧЁТОВ",
	4: "ПЕРЕХОД ИЗ АВТОНОМНОГО РЕЖИМА", 5: "ПЕРЕХОД В АВТОНОМНЫЙ РЕЖИМ", 6: "ИЗМЕНЕНИЕ ВЕРСИИ ККТ", 7: "ИЗМЕНЕНИЕ СИСТЕМ НАЛОГООБЛОЖЕНИЯ",
	8: "ИЗМЕНЕНИЕ НОМЕРА АВТОМАТА", 9: "ПЕРЕХОД ИЗ АВТОМАТИЧЕСКОГО РЕЖИМА", 10: "ПЕРЕХОД В АВТОМАТИЧЕСКИЙ РЕЖИМ", 11: "ПЕРЕХОД НА БСО",
	12: "ПЕРЕХОД С БСО", 13: "ПЕРЕХОД С РАСЧЁТОВ В ИНТЕРНЕТЕ", 14: "ПЕРЕХОД НА РАСЧЁТЫ В ИНТЕРНЕТЕ", 15: "ПРЕКРАЩЕНИЕ РАБОТЫ АГЕНТОМ",
	16: "НАЧАЛО РАБОТЫ АГЕНТОМ", 17: "ПРЕКРАЩЕНИЕ АЗАРТНЫХ ИГР", 18: "НАЧАЛО АЗАРТНЫХ ИГР", 19: "ПРЕКРАЩЕНИЕ ЛОТЕРЕИ", 20: "НАЧАЛО ЛОТЕРЕИ",
	21: "ИЗМЕНЕНИЕ ВЕРСИИ ФФД", 31: "ИНЫЕ ПРИЧИНЫ",
}

func (p *page) registration() {
	reg := p.o.Registration
	p.head()
	p.rule()
	title := "ОТЧЁТ О РЕГИСТРАЦИИ"
	if p.d.Type == fiscal.DocReregistration {
		title = "ОТЧЁТ ОБ ИЗМЕНЕНИИ ПАРАМЕТРОВ РЕГИСТРАЦИИ"
	}
	p.title(title)
	p.desk()
	if n, ok := p.number(ffd.TagReason); ok {
		p.pair("КОД ПРИЧИНЫ", strconv.FormatUint(n, 10))
	}
	p.bitWords(reasons[:], p.bits(ffd.TagReasons, 0), "ПРИЧИНА, КОД")
	p.named("СНО", taxSystems(p.bits(ffd.TagTaxSystems, uint64(reg.TaxSystems))))
	p.named("ОФД", p.str(ffd.TagOFDName, reg.OFDName))
	p.pair("ИНН ОФД", trimINN(strings.TrimSpace(p.str(ffd.TagOFDINN, reg.OFDINN))))
	p.pair("ВЕРСИЯ ККТ", p.str(ffd.TagKKTVersion, ""))
	p.formats()
	for _, m := range modes {
		p.flag(m.name, m.tag)
	}
	p.bitWords(conditions[:], p.bits(ffd.TagConditions, 0), "УСЛОВИЕ, КОД")
	p.agent(p.bits(ffd.TagAgent, 0), nil)
	p.named("ЭЛ. АДР. ОТПРАВИТЕЛЯ", p.str(ffd.TagSender, reg.Sender))
	p.text(p.str(ffd.TagRegistrationProps, ""))
	p.count("РЕСУРС КЛЮЧЕЙ, ДНЕЙ", ffd.TagKeyDays)
	p.foot()
	p.site()
}

// bitWords prints the words of the bits that are set; a bit without a word is printed by its number.
func (p *page) bitWords(words []string, bits uint64, otherwise string) {
	for i := range 64 {
		if bits&(1<<i) == 0 {
			continue
		}
		if w := word(words, uint64(i)); w != "" {
			p.text(w)
		} else {
			p.pair(otherwise, strconv.Itoa(i))
		}
	}
}

func (p *page) archiveClosed() {
	p.head()
	p.rule()
	p.title("ОТЧЁТ О ЗАКРЫТИИ ФИСКАЛЬНОГО НАКОПИТЕЛЯ")
	p.desk()
	p.unsent()
	p.counters("СЧЁТЧИКИ ИТОГОВ ФН", ffd.TagFNTotals)
	p.text(p.str(ffd.TagArchiveClosedProps, ""))
	p.foot()
}

func (p *page) ticket() {
	p.title("ПОДТВЕРЖДЕНИЕ ОПЕРАТОРА")
	p.pair("ПОЛУЧЕНО", when(p.fact.At))
	p.pair("ИНН ОФД", trimINN(strings.TrimSpace(p.str(ffd.TagOFDINN, ""))))
	if f, ok := p.has(ffd.TagOperatorMessageFN, ffd.TagAnswerCode); ok {
		p.pair("КОД ОТВЕТА", strconv.FormatUint(f.Uint(), 10))
	}
	p.foot()
}

// unknown prints the tags of a form this package has no layout for.
func (p *page) unknown() {
	title := fmt.Sprintf("ДОКУМЕНТ ФОРМЫ %d", p.d.Type)
	if row, ok := ffd.Lookup(ffd.Tag(p.d.Type), p.d.Version()); ok {
		title = strings.ToUpper(row.Name)
	}
	p.title(title)
	p.tags(p.d.Fields, "")
}

// tags prints fields as the dictionary names them.
func (p *page) tags(fields []ffd.Field, indent string) {
	for _, f := range fields {
		name := "Тег " + strconv.Itoa(int(f.Tag))
		row, known := ffd.Lookup(f.Tag, p.d.Version())
		if known {
			name = row.Name
		}
		switch {
		case f.Fields != nil:
			p.add(Line{Left: indent + name})
			p.tags(f.Fields, indent+"  ")
			continue
		case !known:
			p.add(Line{Left: indent + name, Right: fmt.Sprintf("%X", f.Value)})
			continue
		}
		p.pair(indent+name, value(f, row))
	}
}

// value writes a value by its type in the dictionary.
func value(f ffd.Field, row ffd.Row) string {
	switch row.Type {
	case ffd.TypeText:
		return f.Text()
	case ffd.TypeTime:
		return when(f.Time())
	case ffd.TypeFVLN:
		return f.Amount().String()
	case ffd.TypeVLN:
		return f.Sum().String()
	case ffd.TypeByte, ffd.TypeUint16, ffd.TypeUint32:
		return strconv.FormatUint(f.Uint(), 10)
	case ffd.TypeBytes, ffd.TypeGroup:
	}
	return fmt.Sprintf("%X", f.Value)
}
