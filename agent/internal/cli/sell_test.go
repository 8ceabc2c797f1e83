package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

func TestParseItem(t *testing.T) {
	for _, c := range []struct {
		text, name, quantity string
		price                int64
		sum                  fiscal.Money
	}{
		{"Кофе=150", "Кофе", "1", 15000, 15000},
		{"Кофе=150.00x2", "Кофе", "2", 15000, 30000},
		{"Кофе = 1 500,50 х 2", "Кофе", "2", 150050, 300100}, // the x is Cyrillic
		{"Сыр=890*0.345", "Сыр", "0.345", 89000, 30705},
		{"2=1x1=5", "2=1x1", "1", 500, 500},
	} {
		item, sum, err := parseItem(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		want := &fiscalv1.Item{Name: c.name, Quantity: c.quantity, Price: c.price}
		if diff := cmp.Diff(want, item, protocmp.Transform()); diff != "" || sum != c.sum {
			t.Errorf("%s: sum %s %s", c.text, sum, diff)
		}
	}
	for _, text := range []string{"", "Кофе", "=150", "Кофе=", "Кофе=a", "Кофе=1x", "Кофе=1xx", "Кофе=1x0.1234567", "Кофе=-1", "Кофе=1x-1", "Кофе=99999999999999x2"} {
		if item, _, err := parseItem(text); err == nil {
			t.Errorf("%q became %v", text, item)
		}
	}
}

func TestSellRequest_payments(t *testing.T) {
	for _, c := range []struct {
		name             string
		flags            sellCommand
		cash, electronic int64
	}{
		{"nothing said is exact cash", sellCommand{}, 30000, 0},
		{"more cash than needed", sellCommand{Cash: "500"}, 50000, 0},
		{"all by card", sellCommand{Card: "300"}, 0, 30000},
		{"the rest of a card is cash", sellCommand{Card: "100"}, 20000, 10000},
		{"both said", sellCommand{Cash: "100", Card: "200"}, 10000, 20000},
		{"too little is the agent's to refuse", sellCommand{Cash: "1"}, 100, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.flags.Items = []string{"Кофе=150x2"}
			q, err := c.flags.request()
			if err != nil {
				t.Fatal(err)
			}
			want := &fiscalv1.Payments{Cash: c.cash, Electronic: c.electronic}
			if diff := cmp.Diff(want, q.GetReceipt().GetPayments(), protocmp.Transform()); diff != "" {
				t.Error(diff)
			}
			if q.GetKind() != fiscalv1.Kind_KIND_SALE {
				t.Error(q.GetKind())
			}
		})
	}
	q, err := (&sellCommand{Items: []string{"Кофе=150"}, Return: true, VAT: "22"}).request()
	if err != nil || q.GetKind() != fiscalv1.Kind_KIND_SALE_RETURN || q.GetReceipt().GetItems()[0].GetVat() != "22" {
		t.Errorf("%v %v", q, err)
	}
	if _, err := (&sellCommand{Items: []string{"Кофе=150"}, Cash: "x"}).request(); err == nil {
		t.Error("a strange sum was taken")
	}
}
