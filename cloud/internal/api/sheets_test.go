package api

import (
	"testing"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// sheets: the chart of an hour, the table beside it and the file of both have one source; a file of shifts holds every shift there is,
// with the sums of the memories.
func (m *month) sheets(t *testing.T) {
	ask := &cabinetv1.GetRevenueRequest{From: "2026-03-01", To: "2026-03-31", Span: cabinetv1.Span_SPAN_HOUR}
	chart, err := m.service.GetRevenue(m.owner, ask)
	if err != nil {
		t.Fatal(err)
	}
	file, err := m.service.ExportRevenue(m.owner, &cabinetv1.ExportRevenueRequest{Request: ask, Format: cabinetv1.TableFormat_TABLE_FORMAT_CSV})
	if err != nil {
		t.Fatal(err)
	}
	rows := rowsOf(t, file.GetFile())
	if len(rows) != len(chart.GetSpans()) || len(rows) == 0 || int(file.GetRows()) != len(rows) {
		t.Fatalf("%d rows, %d bars", len(rows), len(chart.GetSpans()))
	}
	for i, bar := range chart.GetSpans() {
		span := bar.GetSpan()
		if rows[i]["Время"] != span[:10]+" "+span[11:]+":00" || rows[i]["Выручка"] != fiscal.Money(bar.GetFigures().GetRevenue()).String() {
			t.Errorf("bar %v, row %v", bar, rows[i])
		}
	}
	if chart.GetNewestAt() == "" {
		t.Error("nobody knows the newest receipt")
	}
	shifts, err := m.service.ExportShifts(m.owner, &cabinetv1.ExportShiftsRequest{Format: cabinetv1.TableFormat_TABLE_FORMAT_CSV})
	if err != nil {
		t.Fatal(err)
	}
	rows = rowsOf(t, shifts.GetFile())
	if len(rows) != len(m.truth.shifts) || int(shifts.GetRows()) != len(rows) {
		t.Fatalf("%d shifts in the file, want %d", len(rows), len(m.truth.shifts))
	}
	for _, row := range rows {
		want := m.truth.shifts[row["ФН"]+" "+row["Смена"]]
		if row["Выручка"] != fiscal.Money(want.Revenue).String() || row["Наличными"] != fiscal.Money(want.Cash).String() || row["Расхождение"] != "нет" {
			t.Errorf("%v, want %+v", row, want)
		}
	}
	different, err := m.service.ListShifts(m.owner, &cabinetv1.ListShiftsRequest{Different: true})
	if err != nil || len(different.GetShifts()) != 0 {
		t.Errorf("shifts that differ where none does: %v, %v", different, err)
	}
}
