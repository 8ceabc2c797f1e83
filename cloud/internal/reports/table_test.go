package reports

import (
	"bytes"
	"encoding/csv"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// found is a document whose texts were chosen by somebody who means harm.
func found(evil string) *cabinetv1.FoundDocument {
	return &cabinetv1.FoundDocument{
		Till: evil, Outlet: "Казань", Cashier: evil, Buyer: evil, Positions: 2, Payments: &cabinetv1.PaymentSums{Cash: 105},
		Vat: []*cabinetv1.VATSum{{Rate: "22", Sum: 19}, {Rate: "none", Sum: 5}},
		Document: &cabinetv1.DocumentView{Key: evil, Document: &fiscalv1.Document{
			Fn: "9999078900000001", Fd: 7, Fp: 12, Type: 3, At: "2026-03-04T05:06", Kind: fiscalv1.Kind_KIND_SALE, Total: 105, Shift: 1, Receipt: 2,
		}},
	}
}

// names of the columns of a layout.
func names(l Layout) []string {
	var list []string
	for _, c := range l.Columns {
		list = append(list, c.Name)
	}
	return list
}

// TestTable: no text becomes a formula, sums stay sums, and a file that is cut says so.
func TestTable(t *testing.T) {
	header := names(Documents)
	for _, evil := range []string{"=1+1", "+7", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "a\x01b", "кавычка \" и, запятая"} {
		want := evil
		if strings.ContainsRune("=+-@\t\r", rune(evil[0])) {
			want = "'" + evil
		}
		want = strings.ReplaceAll(want, "\x01", "")
		x, err := NewXLSX(Documents)
		if err != nil {
			t.Fatal(err)
		}
		c := NewCSV(Documents)
		for _, table := range []Table{x, c} {
			if err := table.Add(Row(found(evil))); err != nil {
				t.Fatal(err)
			}
			if err := table.Cut(1); err != nil {
				t.Fatal(err)
			}
		}
		text, err := c.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
		r.FieldsPerRecord = -1
		plain, err := r.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		book, err := x.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		f, err := excelize.OpenReader(bytes.NewReader(book))
		if err != nil {
			t.Fatal(err)
		}
		sheet, err := f.GetRows("Документы")
		if err != nil {
			t.Fatal(err)
		}
		for name, rows := range map[string][][]string{"comma separated": plain, "workbook": sheet} {
			if len(rows) != 3 || !slices.Equal(rows[0], header) || !strings.Contains(rows[2][0], "первые 1 документов") {
				t.Fatalf("%s: %q", name, rows)
			}
			at := func(column string) string { return rows[1][slices.Index(header, column)] }
			for _, column := range []string{"Касса", "Кассир", "Покупатель", "Ключ"} {
				got := strings.ReplaceAll(at(column), "_x000D_", "\r")
				if norm(got) != norm(want) {
					t.Errorf("%s, %s: %q, want %q", name, column, got, want)
				}
			}
			if at("Сумма") != "1.05" || at("Наличными") != "1.05" || at("Признак расчёта") != "Приход" || at("НДС") != "22%: 0.19; без НДС: 0.05" ||
				at("ФПД") != "0000000012" || at("Время") != "2026-03-04 05:06" {
				t.Errorf("%s: %q", name, rows[1])
			}
		}
		if formula, err := f.GetCellFormula("Документы", "C2"); err != nil || formula != "" {
			t.Errorf("a formula %q: %v", formula, err)
		}
	}
}

// norm is a text without what CSV and XML readers change by their own rules: a carriage return.
func norm(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "\r", ""), "\n", "") }

// TestTableFormats: a layout of one's own in every format there is, with every kind of cell.
func TestTableFormats(t *testing.T) {
	layout := Layout{Sheet: "Кассы", Rows: "касс", Columns: []Column{{"=Имя", 10}, {"Чеков", 8}, {"Сумма", 8}, {"Среднее", 8}}}
	for format, ending := range map[cabinetv1.TableFormat]string{
		cabinetv1.TableFormat_TABLE_FORMAT_UNSPECIFIED: ".xlsx", cabinetv1.TableFormat_TABLE_FORMAT_XLSX: ".xlsx", cabinetv1.TableFormat_TABLE_FORMAT_CSV: ".csv",
	} {
		table, got, err := New(format, layout)
		if err != nil || got != ending {
			t.Fatalf("%v: %q, %v", format, got, err)
		}
		if err := table.Add([]Cell{Text("Касса 1"), Number(7), Sum(-105), Hundredths(235)}); err != nil {
			t.Fatal(err)
		}
		file, err := table.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		var rows [][]string
		if ending == ".csv" {
			rows, err = csv.NewReader(bytes.NewReader(bytes.TrimPrefix(file, []byte("\ufeff")))).ReadAll()
		} else if book, openErr := excelize.OpenReader(bytes.NewReader(file)); openErr != nil {
			t.Fatal(openErr)
		} else {
			rows, err = book.GetRows(layout.Sheet)
		}
		want := [][]string{{"'=Имя", "Чеков", "Сумма", "Среднее"}, {"Касса 1", "7", "-1.05", "2.35"}}
		if err != nil || !slices.EqualFunc(rows, want, slices.Equal) {
			t.Errorf("%v: %q, %v", format, rows, err)
		}
	}
	if _, _, err := New(99, layout); !errors.Is(err, ErrFormat) {
		t.Errorf("an unknown format: %v", err)
	}
}
