package fiscal

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// TaxSystem is one bit of FFD tag 1055.
type TaxSystem uint8

// Tax systems.
const (
	TaxOSN       TaxSystem = 1
	TaxUSN       TaxSystem = 2
	TaxUSNProfit TaxSystem = 4
	TaxENVD      TaxSystem = 8
	TaxESHN      TaxSystem = 16
	TaxPatent    TaxSystem = 32
)

// Receipt is a sale, return, purchase or purchase return as the shop asks for
// it. Sums are positive whatever the kind.
type Receipt struct {
	Kind       Kind
	Currency   string // ISO 4217; "" is RUB
	TaxSystem  TaxSystem
	Cashier    Cashier
	Customer   string // phone +7… or e-mail, tag 1008; never logged
	Items      []Item
	Payments   Payments
	Rounding   Money // kopecks dropped from the total in the buyer's favour, 0–99
	Correction *Correction
	Marker     string   // our operation in the document (tag 1084), where the till takes it; "" is none
	Text       []string // lines printed under the receipt, not sent to the operator
}

// Item is one line of a receipt.
type Item struct {
	Name       string
	Quantity   Quantity
	Price      Money
	Sum        Money // 0 means price × quantity; otherwise within one minor unit of it unless a discount is meant
	VAT        VAT
	Department int // 1–16; 0 is 1
	Method     int // tag 1214, 1–7; 0 is 4, full settlement
	Subject    int // tag 1212; 0 is 1, goods
}

// Total is the line's sum.
func (i Item) Total() Money {
	if i.Sum != 0 {
		return i.Sum
	}
	m, _ := Cost(i.Price, i.Quantity)
	return m
}

// Payments are the sums of tags 1031, 1081, 1215, 1216, 1217.
type Payments struct {
	Cash, Electronic, Prepaid, Credit, Barter Money
}

// Total adds the payments up.
func (p Payments) Total() Money { return p.Cash + p.Electronic + p.Prepaid + p.Credit + p.Barter }

// Correction makes a receipt a correction (tags 1173, 1177–1179).
type Correction struct {
	ByOrder bool     // tag 1173: 1 by order of the tax service, 0 own initiative
	Reason  string   // description, tag 1177 (FFD 1.05)
	Date    DateTime // day of the corrected settlement, tag 1178
	Number  string   // number of the order, tag 1179
}

// Total is what the buyer owes: the lines less the rounding.
func (r Receipt) Total() Money {
	var t Money
	for _, i := range r.Items {
		t += i.Total()
	}
	return t - r.Rounding
}

// Change is what goes back to the buyer in cash.
func (r Receipt) Change() Money { return r.Payments.Total() - r.Total() }

// VATTotals sums the tax per rate, each rate taken on the sum of its lines, as
// tills do: rounding per line would drift away from the printed total.
func (r Receipt) VATTotals() map[VAT]Money {
	base := map[VAT]Money{}
	for _, i := range r.Items {
		base[i.VAT] += i.Total()
	}
	for v, sum := range base {
		base[v] = v.In(sum)
	}
	return base
}

// FieldError names one field of a request and what is wrong with it. The text
// is for the person at the till, in Russian.
type FieldError struct {
	Field string // path as in the request: items[2].price
	Text  string
}

// FieldErrors is every complaint found in one request.
type FieldErrors []FieldError

// Error joins the complaints into one line.
func (e FieldErrors) Error() string {
	var b strings.Builder
	for i, f := range e {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(f.Field + ": " + f.Text)
	}
	return b.String()
}

// Limits of a till that a receipt is checked against.
type Limits struct {
	Items int // lines in one receipt
	Name  int // characters of a name
}

// DefaultLimits hold for the F-series (Shtrih protocol 1.17, §6.4: name 0–128)
// with room to spare for the FN's own limit of a document's size.
var DefaultLimits = Limits{Items: 100, Name: 128}

// Check finds everything inconsistent in the receipt; nil when it can be sent.
func (r Receipt) Check(limits Limits) error {
	var errs FieldErrors
	bad := func(field, format string, args ...any) {
		errs = append(errs, FieldError{Field: field, Text: fmt.Sprintf(format, args...)})
	}
	if !r.Kind.IsReceipt() {
		bad("kind", "это не чек: %s", r.Kind)
	}
	if r.Currency != "" && r.Currency != "RUB" {
		bad("currency", "касса принимает только RUB, пришло %q", r.Currency)
	}
	switch r.TaxSystem {
	case 0, TaxOSN, TaxUSN, TaxUSNProfit, TaxENVD, TaxESHN, TaxPatent:
	default:
		bad("tax_system", "система налогообложения одна: 1, 2, 4, 8, 16 или 32, пришло %d", r.TaxSystem)
	}
	if len(r.Items) == 0 {
		bad("items", "в чеке нет ни одной позиции")
	}
	if len(r.Items) > limits.Items {
		bad("items", "в чеке %d позиций, касса принимает не больше %d", len(r.Items), limits.Items)
	}
	var total Money
	for n, i := range r.Items {
		checkItem(fmt.Sprintf("items[%d]", n), i, limits, bad)
		total += i.Total()
		if total > MaxMoney {
			bad("items", "итог больше, чем принимает касса (%s)", MaxMoney)
			break
		}
	}
	r.checkPayments(total, bad)
	checkINN("cashier.inn", r.Cashier.INN, bad)
	if utf8.RuneCountInString(r.Cashier.Name) > 64 {
		bad("cashier.name", "имя кассира длиннее 64 знаков")
	}
	if len(r.Customer) > 64 {
		bad("customer", "телефон или почта покупателя длиннее 64 знаков")
	}
	if c := r.Correction; c != nil {
		if !c.Date.Valid() {
			bad("correction.date", "нужна дата исправляемого расчёта")
		}
		if c.ByOrder && c.Number == "" {
			bad("correction.number", "для коррекции по предписанию нужен его номер")
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return errs
}

func checkItem(at string, i Item, limits Limits, bad func(string, string, ...any)) {
	if strings.TrimSpace(i.Name) == "" {
		bad(at+".name", "у позиции нет наименования")
	}
	if n := utf8.RuneCountInString(i.Name); n > limits.Name {
		bad(at+".name", "наименование %d знаков, касса принимает не больше %d", n, limits.Name)
	}
	if i.Quantity <= 0 {
		bad(at+".quantity", "количество должно быть больше нуля, пришло %s", i.Quantity)
	}
	if i.Price < 0 || i.Price > MaxMoney {
		bad(at+".price", "цена должна быть от 0 до %s, пришло %s", MaxMoney, i.Price)
	}
	if cost, ok := Cost(i.Price, i.Quantity); !ok && i.Quantity > 0 && i.Price >= 0 {
		bad(at+".sum", "цена × количество больше, чем принимает касса")
	} else if d := i.Sum - cost; ok && i.Sum != 0 && (d < -1 || d > 1) {
		bad(at+".sum", "сумма %s не равна цене × количество %s (скидку ставьте в цену)", i.Sum, cost)
	}
	if _, ok := i.VAT.Rate(); !ok {
		bad(at+".vat", "ставки НДС с номером %d нет (тег 1199)", i.VAT)
	}
	if i.Department < 0 || i.Department > 16 {
		bad(at+".department", "отдел от 1 до 16, пришло %d", i.Department)
	}
	if i.Method < 0 || i.Method > 7 {
		bad(at+".method", "признак способа расчёта от 1 до 7, пришло %d", i.Method)
	}
	if i.Subject < 0 || i.Subject > 33 {
		bad(at+".subject", "признак предмета расчёта от 1 до 33, пришло %d", i.Subject)
	}
}

func (r Receipt) checkPayments(lines Money, bad func(string, string, ...any)) {
	p := r.Payments
	for _, f := range []struct {
		name string
		sum  Money
	}{{"cash", p.Cash}, {"electronic", p.Electronic}, {"prepaid", p.Prepaid}, {"credit", p.Credit}, {"barter", p.Barter}} {
		if f.sum < 0 || f.sum > MaxMoney {
			bad("payments."+f.name, "сумма должна быть от 0 до %s, пришло %s", MaxMoney, f.sum)
		}
	}
	if r.Rounding < 0 || r.Rounding > 99 || r.Rounding > lines {
		bad("rounding", "округление от 0 до 99 копеек, пришло %s", r.Rounding)
		return
	}
	total := lines - r.Rounding
	paid := p.Total()
	switch {
	case paid < total:
		bad("payments", "оплачено %s, а чек на %s: не хватает %s", paid, total, total-paid)
	case paid-p.Cash > total:
		bad("payments", "безналичными %s, больше суммы чека %s", paid-p.Cash, total)
	case paid > total && r.Correction != nil:
		bad("payments", "в чеке коррекции сдачи не бывает: оплачено %s при сумме %s", paid, total)
	}
}

func checkINN(field, inn string, bad func(string, string, ...any)) {
	if inn == "" {
		return
	}
	for _, c := range inn {
		if c < '0' || c > '9' {
			bad(field, "ИНН состоит из цифр")
			return
		}
	}
	if len(inn) != 12 && len(inn) != 10 {
		bad(field, "в ИНН 12 цифр (у организации 10), пришло %d", len(inn))
	}
}
