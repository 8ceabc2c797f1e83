package cli

import (
	"fmt"
	"strings"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

type sellCommand struct {
	Items    []string `name:"item" help:"Позиция: «Кофе=150.00», «Кофе=150.00x2» или «Сыр=890x0.345»." required:"" sep:"none" placeholder:"НАЗВАНИЕ=ЦЕНА[xКОЛИЧЕСТВО]"`
	Cash     string   `help:"Наличными. По умолчанию вся сумма наличными." placeholder:"СУММА"`
	Card     string   `help:"Безналичными." placeholder:"СУММА"`
	VAT      string   `name:"vat" help:"Ставка НДС: 22, 20, 10, 7, 5, 0, none, 22/122, …" default:"none"`
	Tax      uint32   `help:"Система налогообложения: 1, 2, 4, 8, 16, 32; 0 выбирает касса." default:"0"`
	Return   bool     `help:"Возврат продажи."`
	Customer string   `help:"Телефон или почта покупателя." placeholder:"АДРЕС"`
	operationFlags
}

// Run implements the command.
func (c *sellCommand) Run(e *env) error {
	q, err := c.request()
	if err != nil {
		return &exitError{ExitUsage, err}
	}
	return c.submit(e, q)
}

func (c *sellCommand) request() (*posv1.SubmitRequest, error) {
	r := &fiscalv1.Receipt{TaxSystem: c.Tax, Customer: c.Customer, Payments: &fiscalv1.Payments{}}
	var total fiscal.Money
	for _, text := range c.Items {
		item, sum, err := parseItem(text)
		if err != nil {
			return nil, err
		}
		item.Vat = c.VAT
		r.Items = append(r.Items, item)
		total += sum
	}
	cash, err := moneyFlag("cash", c.Cash)
	if err != nil {
		return nil, err
	}
	card, err := moneyFlag("card", c.Card)
	if err != nil {
		return nil, err
	}
	if c.Cash == "" && total > card {
		cash = total - card
	}
	r.Payments.Cash, r.Payments.Electronic = int64(cash), int64(card)
	kind := fiscalv1.Kind_KIND_SALE
	if c.Return {
		kind = fiscalv1.Kind_KIND_SALE_RETURN
	}
	return &posv1.SubmitRequest{Kind: kind, Receipt: r}, nil
}

func moneyFlag(name, text string) (fiscal.Money, error) {
	if text == "" {
		return 0, nil
	}
	sum, err := fiscal.ParseMoney(text)
	if err != nil {
		return 0, fmt.Errorf("--%s: сумма пишется как 150 или 150.50, пришло %q", name, text)
	}
	return sum, nil
}

// parseItem reads NAME=PRICE or NAME=PRICExQUANTITY; x may be Latin, Cyrillic
// or *, whichever is under the finger.
func parseItem(text string) (*fiscalv1.Item, fiscal.Money, error) {
	at := strings.LastIndex(text, "=")
	if at < 1 {
		return nil, 0, fmt.Errorf("позиция пишется как «Кофе=150.00x2», пришло %q", text)
	}
	name, number := strings.TrimSpace(text[:at]), text[at+1:]
	quantity := "1"
	if i := strings.IndexAny(number, "xXхХ*"); i >= 0 {
		number, quantity = number[:i], strings.TrimLeft(number[i:], "xXхХ*")
	}
	price, err := fiscal.ParseMoney(strings.TrimSpace(number))
	if err != nil {
		return nil, 0, fmt.Errorf("позиция %q: цена пишется как 150 или 150.50", text)
	}
	q, err := fiscal.ParseQuantity(strings.TrimSpace(quantity))
	if err != nil {
		return nil, 0, fmt.Errorf("позиция %q: количество пишется как 2 или 0.345", text)
	}
	sum, ok := fiscal.Cost(price, q)
	if !ok {
		return nil, 0, fmt.Errorf("позиция %q: слишком большая сумма или отрицательное число", text)
	}
	return &fiscalv1.Item{Name: name, Price: int64(price), Quantity: q.String()}, sum, nil
}
