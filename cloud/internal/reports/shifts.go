package reports

import (
	"strings"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Shifts is the layout of [ShiftRow].
var Shifts = Layout{Sheet: "Смены", Rows: "смен", Columns: []Column{
	{"Смена", 8},
	{"Касса", 16},
	{"Торговая точка", 24},
	{"ФН", 18},
	{"Открыта", 17},
	{"Закрыта", 17},
	{"Кассир", 22},
	{"Чеков", 8},
	{"Выручка", 14},
	{"Наличными", 14},
	{"Безналичными", 14},
	{"Возвраты", 14},
	{"Средний чек", 13},
	{"Позиций в чеке", 9},
	{"Расхождение", 40},
}}

// ShiftRow is a shift as a row of a table.
func ShiftRow(s *cabinetv1.Shift) []Cell {
	f := s.GetFigures()
	return []Cell{
		Number(int64(s.GetNumber())), Text(s.GetTill()), Text(s.GetOutlet()), Text(s.GetFn()), Text(spaced(s.GetOpenedAt())), Text(spaced(s.GetClosedAt())),
		Text(s.GetCashier()), Number(int64(s.GetReceipts())), Sum(f.GetRevenue()), Sum(f.GetCash()), Sum(f.GetCashless()), Sum(f.GetReturns()),
		Sum(f.GetAverage()), Hundredths(int64(f.GetPositionsAverage())), Text(differences(s)),
	}
}

func spaced(at string) string { return strings.Replace(at, "T", " ", 1) }

// differences tells what the till's counters say otherwise, in words.
func differences(s *cabinetv1.Shift) string {
	switch {
	case s.GetClosedAt() == "":
		return ""
	case !s.GetCounted():
		return "счётчики кассы не прочитаны"
	case len(s.GetDifferences()) == 0:
		return "нет"
	}
	list := make([]string, 0, len(s.GetDifferences()))
	for _, d := range s.GetDifferences() {
		name := kinds[d.GetKind()]
		if d.GetCorrection() {
			name = "Коррекция: " + strings.ToLower(name)
		}
		list = append(list, name+": касса "+fiscal.Money(d.GetTotal()).String()+", здесь "+fiscal.Money(d.GetOurTotal()).String())
	}
	return strings.Join(list, "; ")
}

// Revenue is the layout of [RevenueRow].
var Revenue = Layout{Sheet: "Выручка", Rows: "строк", Columns: []Column{
	{"Время", 17},
	{"Место", 24},
	{"Выручка", 14},
	{"Наличными", 14},
	{"Безналичными", 14},
	{"Возвраты", 14},
	{"Чеков", 8},
	{"Средний чек", 13},
	{"Позиций в чеке", 9},
	{"Последний чек", 17},
}}

// RevenueRow is a cut of revenue as a row of a table.
func RevenueRow(r *cabinetv1.RevenueRow) []Cell {
	f := r.GetFigures()
	at := r.GetSpan()
	if day, hour, ok := strings.Cut(at, "T"); ok {
		at = day + " " + hour + ":00"
	}
	return []Cell{
		Text(at), Text(r.GetPlace()), Sum(f.GetRevenue()), Sum(f.GetCash()), Sum(f.GetCashless()), Sum(f.GetReturns()), Number(int64(f.GetReceipts())),
		Sum(f.GetAverage()), Hundredths(int64(f.GetPositionsAverage())), Text(spaced(r.GetNewestAt())),
	}
}
