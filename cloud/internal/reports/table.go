package reports

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Table is a file with a table that is written row by row.
type Table interface {
	// Add writes a row.
	Add(cells []Cell) error
	// Cut says in a last row that there is more than a file may hold.
	Cut(rows int) error
	// Bytes ends the file.
	Bytes() ([]byte, error)
}

// Cell is a text, or a sum in minor units, or a number.
type Cell struct {
	Text string
	// Sum of a cell that is a sum.
	Sum int64
	// Number of a cell that is a number.
	Number int64
	kind   byte
}

const (
	isText = iota
	isSum
	isNumber
)

// Text is a cell of text.
func Text(s string) Cell { return Cell{Text: s} }

// Sum is a cell of money.
func Sum(minor int64) Cell { return Cell{Sum: minor, kind: isSum} }

// Number is a cell of a whole number.
func Number(n int64) Cell { return Cell{Number: n, kind: isNumber} }

// header names the columns of [Row].
var header = []string{
	"Время", "Торговая точка", "Касса", "ФН", "ФД", "ФПД", "Документ", "Признак расчёта", "Смена", "Чек", "Сумма", "Наличными", "Безналичными",
	"Предоплата", "Кредит", "Встречное", "НДС", "Кассир", "Покупатель", "Позиций", "Бумага", "ОФД", "Ключ",
}

// widths of the columns, in characters.
var widths = []float64{17, 24, 16, 18, 9, 12, 24, 18, 8, 7, 13, 13, 14, 13, 13, 13, 24, 22, 22, 9, 12, 14, 38}

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

func cut(rows int) string {
	return fmt.Sprintf("Показаны первые %d документов: их больше, чем вмещает файл. Возьмите срок короче.", rows)
}

// CSV is comma separated values, UTF-8 with a byte order mark, for table programs to know the letters by.
type CSV struct {
	out bytes.Buffer
	w   *csv.Writer
}

// NewCSV begins a file with its header.
func NewCSV() *CSV {
	c := &CSV{}
	c.out.WriteString("\ufeff")
	c.w = csv.NewWriter(&c.out)
	c.w.UseCRLF = true
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
		default:
			row[i] = harmless(cell.Text)
		}
	}
	return c.w.Write(row)
}

// Cut implements Table.
func (c *CSV) Cut(rows int) error { return c.w.Write([]string{cut(rows)}) }

// Bytes implements Table.
func (c *CSV) Bytes() ([]byte, error) {
	c.w.Flush()
	return c.out.Bytes(), c.w.Error()
}

// XLSX is an Office Open XML workbook of one sheet.
type XLSX struct {
	file             *excelize.File
	w                *excelize.StreamWriter
	row              int
	sum, whole, bold int
}

// Number formats of workbooks (ECMA-376, part 1, 18.8.30): 4 is #,##0.00 and 1 is 0.
const formatSum, formatWhole = 4, 1

// NewXLSX begins a file with its header.
func NewXLSX() (*XLSX, error) {
	x := &XLSX{file: excelize.NewFile()}
	const sheet = "Документы"
	if err := x.file.SetSheetName("Sheet1", sheet); err != nil {
		return nil, fmt.Errorf("begin workbook: %w", err)
	}
	for _, style := range []struct {
		to *int
		of excelize.Style
	}{
		{&x.sum, excelize.Style{NumFmt: formatSum}}, {&x.whole, excelize.Style{NumFmt: formatWhole}}, {&x.bold, excelize.Style{Font: &excelize.Font{Bold: true}}},
	} {
		id, err := x.file.NewStyle(&style.of)
		if err != nil {
			return nil, fmt.Errorf("begin workbook: %w", err)
		}
		*style.to = id
	}
	var err error
	if x.w, err = x.file.NewStreamWriter(sheet); err != nil {
		return nil, fmt.Errorf("begin workbook: %w", err)
	}
	for i, width := range widths {
		if err := x.w.SetColWidth(i+1, i+1, width); err != nil {
			return nil, fmt.Errorf("begin workbook: %w", err)
		}
	}
	if err := x.w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, fmt.Errorf("begin workbook: %w", err)
	}
	names := make([]any, len(header))
	for i, name := range header {
		names[i] = excelize.Cell{StyleID: x.bold, Value: name}
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
		default:
			values[i] = harmless(cell.Text)
		}
	}
	return x.write(values)
}

// Cut implements Table.
func (x *XLSX) Cut(rows int) error { return x.write([]any{cut(rows)}) }

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
