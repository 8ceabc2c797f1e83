package demo

import (
	"math/rand/v2"
	"strconv"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// good is something on the shelf.
type good struct {
	name  string
	price int64 // kopecks
	vat   string
	// kilo goods are weighed.
	kilo bool
}

var goods = []good{
	{"Хлеб «Бородинский» нарезной 390 г", 6490, "10", false},
	{"Молоко «Орловское» 3,2 % 930 мл", 9490, "10", false},
	{"Яйцо куриное С1, 10 шт.", 12990, "10", false},
	{"Масло сливочное 82,5 % 180 г", 21990, "10", false},
	{"Сыр «Российский»", 79900, "22", true},
	{"Яблоки «Антоновка»", 11990, "22", true},
	{"Картофель молодой", 5490, "22", true},
	{"Кофе зерновой «Арабика» 250 г", 64900, "22", false},
	{"Чай чёрный листовой 100 г", 15990, "22", false},
	{"Шоколад горький 72 % 90 г", 13990, "22", false},
	{"Вода питьевая 1,5 л", 5990, "22", false},
	{"Пакет-майка", 790, "22", false},
	{"Печенье овсяное 400 г", 12490, "22", false},
	{"Корм для кошек 85 г", 4290, "22", false},
}

// Cashiers of the shop.
var cashiers = map[string]*fiscalv1.Cashier{
	first:  {Name: "Иванова А. П."},
	second: {Name: "Смирнова О. В."},
}

// basket makes the nth receipt of a till; it is the same every time, because
// a key that is asked again must carry the same body.
func basket(till string, n int) *fiscalv1.Receipt {
	seed := uint64(n)
	for _, r := range till {
		seed = seed*31 + uint64(r)
	}
	rnd := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a play, not a secret
	r := new(fiscalv1.Receipt)
	var total int64
	for _, i := range rnd.Perm(len(goods))[:1+rnd.IntN(4)] {
		g := goods[i]
		item := &fiscalv1.Item{Name: g.name, Price: g.price, Vat: g.vat, Quantity: strconv.Itoa(1 + rnd.IntN(3))}
		if g.kilo {
			grams := 250 + 5*rnd.Int64N(250)
			item.Quantity = strconv.FormatFloat(float64(grams)/1000, 'f', -1, 64)
			item.Sum = (g.price*grams + 500) / 1000
		} else {
			q, _ := strconv.ParseInt(item.GetQuantity(), 10, 64)
			item.Sum = g.price * q
		}
		total += item.GetSum()
		r.Items = append(r.Items, item)
	}
	if rnd.IntN(3) == 0 {
		const note = 50000
		r.Payments = &fiscalv1.Payments{Cash: (total + note - 1) / note * note}
	} else {
		r.Payments = &fiscalv1.Payments{Electronic: total}
	}
	return r
}

func receiptTotal(r *fiscalv1.Receipt) (total int64) {
	for _, i := range r.GetItems() {
		total += i.GetSum()
	}
	return total
}

// sale is the nth sale of a till.
func sale(till, key string, n int) *posv1.SubmitRequest {
	return &posv1.SubmitRequest{Key: key, Till: till, Kind: fiscalv1.Kind_KIND_SALE, Receipt: basket(till, n), Cashier: cashiers[till]}
}

// back returns the first line of the nth sale, in cash.
func back(till, key string, n int) *posv1.SubmitRequest {
	r := basket(till, n)
	r.Items = r.GetItems()[:1]
	r.Payments = &fiscalv1.Payments{Cash: receiptTotal(r)}
	return &posv1.SubmitRequest{Key: key, Till: till, Kind: fiscalv1.Kind_KIND_SALE_RETURN, Receipt: r, Cashier: cashiers[till]}
}

func plain(till, key string, kind fiscalv1.Kind, amount int64) *posv1.SubmitRequest {
	return &posv1.SubmitRequest{Key: key, Till: till, Kind: kind, Amount: amount, Cashier: cashiers[till]}
}

var titles = map[fiscalv1.Kind]string{
	fiscalv1.Kind_KIND_SALE: "продажа", fiscalv1.Kind_KIND_SALE_RETURN: "возврат", fiscalv1.Kind_KIND_CASH_IN: "внесение",
	fiscalv1.Kind_KIND_CASH_OUT: "инкассация", fiscalv1.Kind_KIND_OPEN_SHIFT: "открытие смены", fiscalv1.Kind_KIND_CLOSE_SHIFT: "Z-отчёт",
	fiscalv1.Kind_KIND_X_REPORT: "X-отчёт",
}

// title says what is asked: "продажа 154.90".
func title(q *posv1.SubmitRequest) string {
	s := titles[q.GetKind()]
	if sum := q.GetAmount() + receiptTotal(q.GetReceipt()); sum != 0 {
		s += " " + fiscal.Money(sum).String()
	}
	return s
}
