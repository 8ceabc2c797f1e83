package api

import (
	"regexp"
	"strings"

	"google.golang.org/protobuf/proto"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// What a reader without money:view gets of free text. Views are built for them without the fields that are money (view.go); what is
// left are sentences of agents and of people, in which a sum, a buyer or a cashier may stand all the same. A sentence keeps what it
// says and loses amounts in every writing, long numbers that name nothing fiscal, phones and addresses, and whoever is named after
// words such as "кассир". It is better to lose a word too many: who needs it may be given the permission.

var (
	// amounts are written with kopecks, or with the sign of a currency.
	amounts = regexp.MustCompile(`\d[\d \x{00a0}\x{202f}]*[.,]\d\d(?:\D|$)|\d[\d \x{00a0}\x{202f}]*(?:[.,]\d+)? ?(?:₽|₸|руб|коп|тг|тенге)`)
	// numbers are digits in groups or not, with the word that says what a number is.
	numbers = regexp.MustCompile(`(?:ФН|ФД|ФП|ЗН|РНМ)[ №]*\d+|\d(?:[\d \x{00a0}\x{202f}]*\d)?`)
	mails   = regexp.MustCompile(`[^\s<>,;]+@[^\s<>,;]+`)
	// quoted is a name in quotation marks: of goods, of a buyer.
	quoted = regexp.MustCompile(`«[^»]*»|"[^"]*"|“[^”]*”`)
	// named is who or what follows a word that says so.
	named = regexp.MustCompile(`(?i)(кассир|продавец|продавц|администратор|товар|позици|покупател|клиент|касси[рі]|сатушы|тауар|сатып алушы|cashier|buyer|customer|item)(\p{L}*[:\s]+)[^,.;:()\n]+`)
)

const (
	// hiddenDigits is from how many digits on a number may be a sum in minor units or a phone.
	hiddenDigits = 5
	// fnDigits are those of a fiscal memory's number, which is no secret.
	fnDigits = 16
)

// withoutSums hides money and people in a sentence. Known are names that are hidden wherever they stand.
func withoutSums(text string, known ...string) string {
	for _, name := range known {
		if name = strings.TrimSpace(name); name != "" {
			text = strings.ReplaceAll(text, name, "…")
		}
	}
	text = amounts.ReplaceAllLiteralString(text, "… ")
	text = mails.ReplaceAllLiteralString(text, "…")
	text = numbers.ReplaceAllStringFunc(text, func(number string) string {
		digits := 0
		for _, r := range number {
			if r >= '0' && r <= '9' {
				digits++
			} else if r > '\u0400' { // it says what it is
				return number
			}
		}
		if digits < hiddenDigits || digits == fnDigits {
			return number
		}
		return "…"
	})
	text = quoted.ReplaceAllLiteralString(text, "«…»")
	return named.ReplaceAllString(text, "$1$2…")
}

// namesIn are the goods and people of an operation.
func namesIn(op *fiscalv1.Operation) []string {
	list := []string{op.GetCashier().GetName(), op.GetCashier().GetInn(), op.GetReceipt().GetCustomer()}
	for _, item := range op.GetReceipt().GetItems() {
		list = append(list, item.GetName())
	}
	return list
}

// moneylessState is what a till reports, with the sentences of its problems as anybody may read them.
func moneylessState(state *fiscalv1.TillState) *fiscalv1.TillState {
	if len(state.GetProblems()) == 0 {
		return state
	}
	state = proto.CloneOf(state)
	for _, p := range state.GetProblems() {
		p.Text, p.Args = withoutSums(p.GetText()), moneylessArgs(p.GetArgs())
	}
	return state
}

// moneylessArgs are the values of a sentence without amounts; numbers stay, for they count and name.
func moneylessArgs(args map[string]string) map[string]string {
	clean := make(map[string]string, len(args))
	for name, value := range args {
		clean[name] = mails.ReplaceAllLiteralString(amounts.ReplaceAllLiteralString(value, "… "), "…")
	}
	return clean
}
