package slip

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Options are what a slip needs besides the document.
type Options struct {
	// Columns breaks the lines for paper of so many characters; 0 leaves them
	// whole, for a screen that breaks lines by itself.
	Columns int
	// Heading stands above everything: [Copy], [Repeat] or nothing.
	Heading string
	// Registration has what paper wants and a document need not carry. The
	// document's own tags come first. May be the zero value.
	Registration fiscal.Registration
	// Change is what went back to the buyer in cash; no tag has it.
	Change fiscal.Money
	// Text is printed under a receipt and sent to nobody.
	Text []string
	// Warnings are what the operator or the fiscal memory wants a person to
	// know; they stand above the signature.
	Warnings []string
}

// Layout lays a document out as a slip. Every form has a layout; a form or tag
// that is not known is printed as the dictionary names it, so that nothing is
// hidden.
func Layout(d ffd.Document, o Options) Slip {
	p := &page{d: d, o: o, fact: d.Fact()}
	switch d.Type {
	case fiscal.DocReceipt, fiscal.DocBSO, fiscal.DocCorrection, fiscal.DocBSOCorrection:
		p.receipt()
	case fiscal.DocShiftOpened:
		p.shiftOpened()
	case fiscal.DocShiftClosed:
		p.shiftClosed()
	case fiscal.DocSettlementReport:
		p.settlement()
	case fiscal.DocRegistration, fiscal.DocReregistration:
		p.registration()
	case fiscal.DocArchiveClosed:
		p.archiveClosed()
	case fiscal.DocOperatorTicket:
		p.ticket()
	default:
		p.unknown()
	}
	return p.slip()
}

// page is a slip being laid out.
type page struct {
	d     ffd.Document
	o     Options
	fact  fiscal.Document
	lines []Line
}

func (p *page) slip() Slip {
	s := Slip{Lines: p.lines}.Headed(p.o.Heading)
	if p.o.Columns > 0 {
		return s.Fit(p.o.Columns)
	}
	return s
}

func (p *page) add(l Line) { p.lines = append(p.lines, l) }

func (p *page) title(s string) { p.add(Line{Left: s, Centred: true, Bold: true}) }

func (p *page) centre(s string) {
	if s != "" {
		p.add(Line{Left: s, Centred: true})
	}
}

func (p *page) rule() { p.add(Line{Rule: true}) }

// text adds lines of prose; a value may bring its own line ends (they occur in tag 1187).
func (p *page) text(s string) {
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			p.add(Line{Left: line})
		}
	}
}

// pair puts a name on the left and a value at the right; nothing without a value.
func (p *page) pair(name, value string) {
	if value = oneLine(value); value != "" {
		p.add(Line{Left: name, Right: value})
	}
}

// named puts a name and a long value into one text.
func (p *page) named(name, value string) {
	if value = oneLine(value); value != "" {
		p.add(Line{Left: name + " " + value})
	}
}

func (p *page) money(name string, sum fiscal.Money) {
	p.add(Line{Left: name, Right: "=" + sum.String()})
}

// oneLine makes one line of a value that may have brought several.
func oneLine(s string) string {
	if strings.ContainsAny(s, "\r\n\t") {
		return strings.Join(strings.Fields(s), " ")
	}
	return strings.TrimSpace(s)
}

// has tells whether the document has a tag, and gives it.
func (p *page) has(path ...ffd.Tag) (ffd.Field, bool) { return p.d.Find(path...) }

// str is the text of a tag, or what stands for it.
func (p *page) str(t ffd.Tag, otherwise string) string {
	if f, ok := p.d.Find(t); ok {
		if s := f.Text(); strings.TrimSpace(s) != "" {
			return s
		}
	}
	return otherwise
}

func (p *page) number(t ffd.Tag) (uint64, bool) {
	f, ok := p.d.Find(t)
	if !ok {
		return 0, false
	}
	return f.Uint(), true
}

// count adds a tag that is a number; nothing when the document has none.
func (p *page) count(name string, t ffd.Tag) {
	if n, ok := p.number(t); ok {
		p.pair(name, strconv.FormatUint(n, 10))
	}
}

// flag adds a line for a tag that is set.
func (p *page) flag(words string, t ffd.Tag) {
	if n, ok := p.number(t); ok && n != 0 {
		p.text(words)
	}
}

// when writes a time as people do; seconds only where there are any.
func when(t fiscal.DateTime) string {
	if t.IsZero() {
		return ""
	}
	s := fmt.Sprintf("%02d.%02d.%04d %02d:%02d", t.Day, t.Month, t.Year, t.Hour, t.Minute)
	if t.Second != 0 {
		s += fmt.Sprintf(":%02d", t.Second)
	}
	return s
}

func day(t fiscal.DateTime) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf("%02d.%02d.%04d", t.Day, t.Month, t.Year)
}

// head is who sells and where (tags 1048, 1018, 1009, 1187).
func (p *page) head() {
	reg := p.o.Registration
	p.centre(oneLine(p.str(ffd.TagUser, reg.User)))
	if inn := strings.TrimSpace(p.str(ffd.TagINN, reg.INN)); inn != "" {
		p.centre("ИНН " + trimINN(inn))
	}
	p.centre(oneLine(p.str(ffd.TagAddress, reg.Address)))
	if place := oneLine(p.str(ffd.TagPlace, reg.Place)); place != "" {
		p.centre("Место расчётов: " + place)
	}
}

// trimINN takes off the zeros some tills put before ten digits.
func trimINN(inn string) string {
	if len(inn) == 12 && strings.HasPrefix(inn, "00") {
		return inn[2:]
	}
	return inn
}

// desk is when, in which shift and by whom.
func (p *page) desk() {
	left := ""
	if n, ok := p.number(ffd.TagShift); ok {
		left = "СМЕНА " + strconv.FormatUint(n, 10)
	}
	if n, ok := p.number(ffd.TagReceiptNumber); ok {
		left = strings.TrimSpace(left + " ЧЕК " + strconv.FormatUint(n, 10))
	}
	if at := when(p.fact.At); left != "" || at != "" {
		p.add(Line{Left: left, Right: at})
	}
	p.named("КАССИР", p.str(ffd.TagCashier, p.o.Registration.Cashier.Name))
	p.pair("ИНН КАССИРА", trimINN(strings.TrimSpace(p.str(ffd.TagCashierINN, ""))))
	p.pair("АВТОМАТ №", p.str(ffd.TagAutomat, p.o.Registration.Automat))
}

// foot is what identifies the document (tags 1013, 1037, 1041, 1040, 1077).
func (p *page) foot() {
	reg := p.o.Registration
	for _, w := range p.o.Warnings {
		p.text(w)
	}
	p.messages()
	p.rule()
	p.pair("ЗН ККТ", p.str(ffd.TagSerial, reg.Serial))
	p.pair("РН ККТ", p.str(ffd.TagRNM, reg.RNM))
	p.pair("ФН", p.fact.FN)
	p.pair("ФД", strconv.FormatUint(uint64(p.fact.FD), 10))
	if p.d.Type != fiscal.DocOperatorTicket {
		p.pair("ФП", fmt.Sprintf("%010d", p.fact.FP))
	}
	version := reg.FFD
	if v := p.d.Version(); v != 0 {
		version = v.String()
	}
	p.pair("ФФД", version)
}

// messages are the signs of the fiscal memory and of the operator (tags 1050–1053, 1206, 2112, 2113).
func (p *page) messages() {
	p.flag("РЕСУРС ФН ИСЧЕРПАН", ffd.TagFNExhausted)
	p.flag("ТРЕБУЕТСЯ СРОЧНАЯ ЗАМЕНА ФН", ffd.TagFNReplace)
	p.flag("ПАМЯТЬ ФН ЗАПОЛНЕНА", ffd.TagFNFull)
	p.flag("ПРЕВЫШЕНО ВРЕМЯ ОЖИДАНИЯ ОТВЕТА ОФД", ffd.TagOFDTimeout)
	p.flag("ЕСТЬ НЕКОРРЕКТНЫЕ КОДЫ МАРКИРОВКИ", ffd.TagBadMarkingCodes)
	p.flag("ЕСТЬ НЕКОРРЕКТНЫЕ ЗАПРОСЫ И УВЕДОМЛЕНИЯ О МАРКИРОВКЕ", ffd.TagBadMarkingRequests)
	if bits, ok := p.number(ffd.TagOperatorMessage); ok && bits != 0 {
		for _, m := range operatorMessages {
			if bits&m.bit != 0 {
				p.text("СООБЩЕНИЕ ОФД: " + m.words)
				bits &^= m.bit
			}
		}
		if bits != 0 {
			p.text(fmt.Sprintf("СООБЩЕНИЕ ОФД: код %d", bits))
		}
	}
}

// operatorMessages are the bits of tag 1206 that published lists agree about.
var operatorMessages = []struct {
	bit   uint64
	words string
}{
	{2, "ошибка форматно-логического контроля"},
	{4, "проверьте личный кабинет ККТ"},
	{8, "обновите ФФД"},
	{16, "касса включена в план проверок"},
}

// qr is the code a buyer's phone reads (tag 1196).
func (p *page) qr() {
	content := p.fact.QR()
	if f, ok := p.has(ffd.TagQR); ok && f.Text() != "" {
		content = f.Text()
	}
	if content != "" {
		p.add(Line{QR: content, Centred: true})
	}
}

// site is where a receipt can be checked (tag 1060).
func (p *page) site() {
	site := p.o.Registration.Site
	if site == "" {
		site = "www.nalog.gov.ru"
	}
	p.pair("САЙТ ФНС", p.str(ffd.TagSite, site))
}
