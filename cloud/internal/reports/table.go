package reports

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Layout is what a table has above its rows.
type Layout struct {
	// Sheet names the sheet of a workbook.
	Sheet string
	// Rows says what a row is, for the line under a table that was cut: "документов" in "Показаны первые 5 документов".
	Rows string
	// Columns from left to right.
	Columns []Column
}

// Column is a column of a table.
type Column struct {
	Name string
	// Width in characters, of a workbook.
	Width float64
}

// Table is a file with a table that is written row by row.
type Table interface {
	// Add writes a row.
	Add(cells []Cell) error
	// Cut says in a last row that there is more than a file may hold.
	Cut(rows int) error
	// Bytes ends the file.
	Bytes() ([]byte, error)
}

// Cell is a text, or a sum in minor units, or a number, or a number with two places.
type Cell struct {
	Text string
	// Sum of a cell that is a sum.
	Sum int64
	// Number of a cell that is a number; hundredths of one with places, millionths of a quantity.
	Number int64
	kind   byte
}

const (
	isText = iota
	isSum
	isNumber
	isHundredths
	isQuantity
)

// Text is a cell of text.
func Text(s string) Cell { return Cell{Text: s} }

// Sum is a cell of money.
func Sum(minor int64) Cell { return Cell{Sum: minor, kind: isSum} }

// Number is a cell of a whole number.
func Number(n int64) Cell { return Cell{Number: n, kind: isNumber} }

// Hundredths is a cell of a number with two places, such as an average; it is given in hundredths.
func Hundredths(n int64) Cell { return Cell{Number: n, kind: isHundredths} }

// Quantity is a cell of how much: as many places as it has.
func Quantity(q fiscal.Quantity) Cell { return Cell{Number: int64(q), kind: isQuantity} }

// Documents is the layout of [Row].
var Documents = Layout{Sheet: "Документы", Rows: "документов", Columns: []Column{
	{"Время", 17},
	{"Торговая точка", 24},
	{"Касса", 16},
	{"ФН", 18},
	{"ФД", 9},
	{"ФПД", 12},
	{"Документ", 24},
	{"Признак расчёта", 18},
	{"Смена", 8},
	{"Чек", 7},
	{"Сумма", 13},
	{"Наличными", 13},
	{"Безналичными", 14},
	{"Предоплата", 13},
	{"Кредит", 13},
	{"Встречное", 13},
	{"НДС", 24},
	{"Кассир", 22},
	{"Покупатель", 22},
	{"Позиций", 9},
	{"Бумага", 12},
	{"ОФД", 14},
	{"Ключ", 38},
}}

// Words of a table, in Russian as on the slip.
var (
	kinds  = map[fiscalv1.Kind]string{1: "Приход", 2: "Возврат прихода", 3: "Расход", 4: "Возврат расхода"}
	papers = map[fiscalv1.PaperTrack]string{1: "напечатан", 2: "не напечатан", 3: "отказались"}
	ofds   = map[fiscalv1.OFDTrack]string{1: "ждёт отправки", 2: "передан", 3: "отказ"}
)

// Row is a found document as a row of a table. Sums of returns and expenses are positive: the settlement says what they are.
func Row(f *cabinetv1.FoundDocument) []Cell {
	v := f.GetDocument()
	d := v.GetDocument()
	cells := []Cell{
		Text(strings.Replace(d.GetAt(), "T", " ", 1)), Text(f.GetOutlet()), Text(f.GetTill()), Text(d.GetFn()), Number(int64(d.GetFd())),
		Text(fmt.Sprintf("%010d", d.GetFp())), Text(ffd.FormName(fiscal.DocumentType(d.GetType()))), Text(kinds[d.GetKind()]), Number(int64(d.GetShift())),
		Number(int64(d.GetReceipt())),
	}
	p := f.GetPayments()
	if kinds[d.GetKind()] != "" {
		cells = append(cells, Sum(d.GetTotal()), Sum(p.GetCash()), Sum(p.GetElectronic()), Sum(p.GetPrepaid()), Sum(p.GetCredit()), Sum(p.GetBarter()))
	} else {
		cells = append(cells, Text(""), Text(""), Text(""), Text(""), Text(""), Text(""))
	}
	var vat []string
	for _, tax := range f.GetVat() {
		rate := tax.GetRate() + "%"
		if tax.GetRate() == "none" {
			rate = "без НДС"
		}
		vat = append(vat, rate+": "+fiscal.Money(tax.GetSum()).String())
	}
	return append(cells, Text(strings.Join(vat, "; ")), Text(f.GetCashier()), Text(f.GetBuyer()), Number(int64(f.GetPositions())),
		Text(papers[v.GetPaper()]), Text(ofds[v.GetOfd()]), Text(v.GetKey()))
}

// harmless writes a text that no table program takes for a formula: one that begins like a formula gets an apostrophe in front
// (OWASP, "CSV Injection").
func harmless(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, s)
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}

func (l *Layout) cut(rows int) string {
	return fmt.Sprintf("Показаны первые %d %s: их больше, чем вмещает файл. Сузьте отбор.", rows, l.Rows)
}

// New begins a file of a format with the header of its layout, and gives the ending of its name.
func New(format cabinetv1.TableFormat, l Layout) (Table, string, error) {
	switch format {
	case cabinetv1.TableFormat_TABLE_FORMAT_CSV:
		return NewCSV(l), ".csv", nil
	case cabinetv1.TableFormat_TABLE_FORMAT_UNSPECIFIED, cabinetv1.TableFormat_TABLE_FORMAT_XLSX:
		t, err := NewXLSX(l)
		return t, ".xlsx", err
	}
	return nil, "", fmt.Errorf("format %d: %w", format, ErrFormat)
}

// ErrFormat says that nobody knows a format of tables.
var ErrFormat = errors.New("no such format of tables")

// CSV is comma separated values, UTF-8 with a byte order mark, for table programs to know the letters by.
type CSV struct {
	layout Layout
	out    bytes.Buffer
	w      *csv.Writer
}

// NewCSV begins a file with its header.
func NewCSV(l Layout) *CSV {
	c := &CSV{layout: l}
	c.out.WriteString("\ufeff")
	c.w = csv.NewWriter(&c.out)
	c.w.UseCRLF = true
	header := make([]string, len(l.Columns))
	for i, column := range l.Columns {
		header[i] = harmless(column.Name)
	}
	_ = c.w.Write(header) // a buffer takes everything
	return c
}

// Add implements Table.
func (c *CSV) Add(cells []Cell) error {
	row := make([]string, len(cells))
	for i, cell := range cells {
		switch cell.kind {
		case isSum:
			row[i] = fiscal.Money(cell.Sum).String()
		case isNumber:
			row[i] = strconv.FormatInt(cell.Number, 10)
		case isHundredths:
			row[i] = fiscal.Money(cell.Number).String()
		case isQuantity:
			row[i] = fiscal.Quantity(cell.Number).String()
		default:
			row[i] = harmless(cell.Text)
		}
	}
	return c.w.Write(row)
}

// Cut implements Table.
func (c *CSV) Cut(rows int) error { return c.w.Write([]string{c.layout.cut(rows)}) }

// Bytes implements Table.
func (c *CSV) Bytes() ([]byte, error) {
	c.w.Flush()
	return c.out.Bytes(), c.w.Error()
}

// XLSX is an Office Open XML workbook of one sheet.
type XLSX struct {
	layout                   Layout
	file                     *excelize.File
	w                        *excelize.StreamWriter
	row                      int
	sum, whole, places, bold int
}

// Number formats of workbooks (ECMA-376, part 1, 18.8.30): 4 is #,##0.00, 2 is 0.00 and 1 is 0.
const formatSum, formatPlaces, formatWhole = 4, 2, 1

// NewXLSX begins a file with its header.
func NewXLSX(l Layout) (*XLSX, error) {
	x := &XLSX{layout: l, file: excelize.NewFile()}
	if err := x.file.SetSheetName("Sheet1", l.Sheet); err != nil {
		return nil, fmt.Errorf("begin workbook: %w", err)
	}
	for _, style := range []struct {
		to *int
		of excelize.Style
	}{
		{&x.sum, excelize.Style{NumFmt: formatSum}},
		{&x.whole, excelize.Style{NumFmt: formatWhole}},
		{&x.places, excelize.Style{NumFmt: formatPlaces}},
		{&x.bold, excelize.Style{Font: &excelize.Font{Bold: true}}},
	} {
		id, err := x.file.NewStyle(&style.of)
		if err != nil {
			return nil, fmt.Errorf("begin workbook: %w", err)
		}
		*style.to = id
	}
	var err error
	if x.w, err = x.file.NewStreamWriter(l.Sheet); err != nil {
		return nil, fmt.Errorf("begin workbook: %w", err)
	}
	for i, column := range l.Columns {
		if err := x.w.SetColWidth(i+1, i+1, column.Width); err != nil {
			return nil, fmt.Errorf("begin workbook: %w", err)
		}
	}
	if err := x.w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, fmt.Errorf("begin workbook: %w", err)
	}
	names := make([]any, len(l.Columns))
	for i, column := range l.Columns {
		names[i] = excelize.Cell{StyleID: x.bold, Value: harmless(column.Name)}
	}
	return x, x.write(names)
}

func (x *XLSX) write(values []any) error {
	x.row++
	return x.w.SetRow("A"+strconv.Itoa(x.row), values)
}

// Add implements Table. Sums are numbers of roubles: a double holds every sum a till can take to the kopeck.
func (x *XLSX) Add(cells []Cell) error {
	values := make([]any, len(cells))
	for i, cell := range cells {
		switch cell.kind {
		case isSum:
			values[i] = excelize.Cell{StyleID: x.sum, Value: float64(cell.Sum) / 100}
		case isNumber:
			values[i] = excelize.Cell{StyleID: x.whole, Value: cell.Number}
		case isHundredths:
			values[i] = excelize.Cell{StyleID: x.places, Value: float64(cell.Number) / 100}
		case isQuantity:
			values[i] = float64(cell.Number) / 1e6
		default:
			values[i] = harmless(cell.Text)
		}
	}
	return x.write(values)
}

// Cut implements Table.
func (x *XLSX) Cut(rows int) error { return x.write([]any{x.layout.cut(rows)}) }

// Bytes implements Table.
func (x *XLSX) Bytes() ([]byte, error) {
	if err := x.w.Flush(); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := x.file.Write(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), x.file.Close()
}
