package reports

import (
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Products is the layout of [ProductRow].
var Products = Layout{Sheet: "Товары", Rows: "товаров", Columns: []Column{
	{"Товар", 48},
	{"Количество", 13},
	{"Выручка", 14},
	{"Доля, %", 9},
	{"Класс", 7},
	{"Продано", 14},
	{"Возвращено", 14},
	{"Строк чеков", 12},
}}

// ProductRow is what was sold under one name as a row of a table.
func ProductRow(p *cabinetv1.Product) []Cell {
	quantity := Text(p.GetQuantity())
	if q, err := fiscal.ParseQuantity(p.GetQuantity()); err == nil {
		quantity = Quantity(q)
	}
	return []Cell{
		Text(p.GetName()), quantity, Sum(p.GetRevenue()), Hundredths(int64(p.GetShare())), Text(p.GetAbc()), Sum(p.GetSold()), Sum(p.GetReturned()),
		Number(int64(p.GetLines())),
	}
}
