package slip_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/slip"
)

// A line is broken at spaces, its figure stays whole at the right edge.
func TestFit(t *testing.T) {
	for _, c := range []struct {
		line slip.Line
		want string
	}{
		{slip.Line{Left: "Сыр", Right: "=1.00"}, "Сыр                 =1.00\n"},
		{slip.Line{Left: "Сыр твёрдый выдержанный двенадцать месяцев", Right: "=1234.00"}, "Сыр твёрдый выдержанный\nдвенадцать месяцев\n                 =1234.00\n"},
		{slip.Line{Left: "Сыр твёрдый выдержанный год", Right: "=1234.00"}, "Сыр твёрдый выдержанный\nгод              =1234.00\n"},
		{slip.Line{Left: "Превысокомногорассмотрительствующий"}, "Превысокомногорассмотрите\nльствующий\n"},
		{slip.Line{Left: "по центру", Centred: true}, "        по центру\n"},
		{slip.Line{Left: "ИТОГ", Right: "=1234567.89", Large: true}, "ИТОГ\n              =1234567.89\n"},
		{slip.Line{Left: "ИТОГ", Right: "=12345678901.00", Large: true}, "ИТОГ      =12345678901.00\n"},
		{slip.Line{Rule: true}, "-------------------------\n"},
		{slip.Line{QR: "t=1&s=2&fn=9999078900001234&i=3"}, "QR\nt=1&s=2&fn=99990789000012\n34&i=3\n"},
	} {
		if diff := cmp.Diff(c.want, slip.Slip{Lines: []slip.Line{c.line}}.Text(25)); diff != "" {
			t.Errorf("%+v:\n%s", c.line, diff)
		}
	}
}

// Whatever the words, no line is too wide and no letter gets lost.
func TestFit_losesNothing(t *testing.T) {
	letters := func(s string) string { return strings.ReplaceAll(s, " ", "") }
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[а-яё0-9«».]{1,40}`)
		l := slip.Line{
			Left:  strings.Join(rapid.SliceOf(word).Draw(t, "left"), " "),
			Right: rapid.StringMatching(`(=[0-9]{1,12}\.[0-9]{2})?`).Draw(t, "right"),
			Large: rapid.Bool().Draw(t, "large"),
		}
		columns := rapid.IntRange(16, 64).Draw(t, "columns")
		var left, right string
		for _, got := range (slip.Slip{Lines: []slip.Line{l}}).Fit(columns).Lines {
			width := columns
			if got.Large {
				width /= 2
			}
			if n := utf8.RuneCountInString(got.Pad(width)); n > width {
				t.Fatalf("%d characters on %d: %+v", n, width, got)
			}
			left += got.Left
			if got.Right != "" && right != "" {
				t.Fatalf("the figure is cut: %q, %q", right, got.Right)
			}
			right += got.Right
		}
		if letters(left) != letters(l.Left) || right != l.Right {
			t.Fatalf("%+v became %q and %q", l, left, right)
		}
	})
}

func text(s slip.Slip) string { return s.Text(slip.Columns32) }

func receipt(fields ...ffd.Field) ffd.Document {
	return ffd.Document{Type: fiscal.DocReceipt, Fields: append([]ffd.Field{
		ffd.Uint(ffd.TagFormat, 4), ffd.Uint(ffd.TagSettlement, 1), ffd.Time(ffd.TagTime, fiscal.DateTime{Year: 2026, Month: 3, Day: 4, Hour: 5, Minute: 6}),
		ffd.Text(ffd.TagFN, "9999078902001234"), ffd.Uint(ffd.TagFD, 12), ffd.Sign(345678901), ffd.Sum(ffd.TagTotal, 10000), ffd.Sum(ffd.TagCash, 10000),
	}, fields...)}
}

func TestLayout_options(t *testing.T) {
	got := text(slip.Layout(receipt(), slip.Options{
		Heading: slip.Repeat, Change: 5000, Text: []string{"Приходите ещё"}, Warnings: []string{"ФН скоро закончится"},
	}))
	for _, want := range []string{
		"             ПОВТОР\n", "НАЛИЧНЫМИ                =100.00\n", "ПОЛУЧЕНО НАЛИЧНЫМИ       =150.00\n", "СДАЧА                     =50.00\n",
		"Приходите ещё\n", "ФН скоро закончится\n", "ФП                    0345678901\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q in\n%s", want, got)
		}
	}
	if plain := text(slip.Layout(receipt(), slip.Options{})); strings.Contains(plain, slip.Repeat) || strings.Contains(plain, "СДАЧА") {
		t.Error(plain)
	}
}

// What an item may carry stands under it.
func TestLayout_item(t *testing.T) {
	item := func(fields ...ffd.Field) ffd.Field {
		return ffd.Group(ffd.TagItem, append([]ffd.Field{
			ffd.Text(ffd.TagName, "Молоко"), ffd.Sum(ffd.TagPrice, 5000), ffd.Amount(ffd.TagQuantity, 2*fiscal.One), ffd.Sum(ffd.TagItemSum, 10000),
		}, fields...)...)
	}
	for _, c := range []struct {
		field ffd.Field
		want  string
	}{
		{ffd.Uint(ffd.TagMarkingResult, 0x0F), "Молоко [M+]\n"},
		{ffd.Uint(ffd.TagMarkingResult, 0x0B), "Молоко [M+]\n"},
		{ffd.Uint(ffd.TagMarkingResult, 0x01), "Молоко [M-]\n"},
		{ffd.Uint(ffd.TagMarkingResult, 0x07), "Молоко [M-]\n"},
		{ffd.Uint(ffd.TagMarkingResult, 0x00), "Молоко [M]\n"},
		{ffd.Uint(ffd.TagMeasure, 11), "2 кг × 50.00             =100.00\n"},
		{ffd.Text(ffd.TagUnit, "шт"), "2 шт × 50.00             =100.00\n"},
		{ffd.Uint(ffd.TagMethod, 3), "=100.00\nАВАНС\n"},
		{ffd.Uint(ffd.TagSubject, 33), "=100.00\nТМ\n"},
		{ffd.Uint(ffd.TagVAT, 11), "=100.00\nНДС 22%\n"},
		{ffd.Group(ffd.TagSupplierData, ffd.Text(ffd.TagSupplierName, "ООО Луг"), ffd.Text(ffd.TagSupplierPhone, "+7900")), "ПОСТАВЩИК ООО Луг\nТЛФ. ПОСТАВЩИКА            +7900\n"},
		{ffd.Uint(ffd.TagItemAgent, 32), "КОМИССИОНЕР\n"},
	} {
		if got := text(slip.Layout(receipt(item(c.field)), slip.Options{})); !strings.Contains(got, c.want) {
			t.Errorf("there is no %q in\n%s", c.want, got)
		}
	}
	with := text(slip.Layout(receipt(item(ffd.Uint(ffd.TagVAT, 1), ffd.Sum(ffd.TagItemVAT, 1667))), slip.Options{}))
	if !strings.Contains(with, "НДС 20%                   =16.67\n") {
		t.Error(with)
	}
}

// Code 1 of tag 1199 meant 18 % until 2019.
func TestLayout_oldRate(t *testing.T) {
	d := receipt(ffd.Sum(ffd.TagVAT20, 1525))
	for i := range d.Fields {
		if d.Fields[i].Tag == ffd.TagTime {
			d.Fields[i] = ffd.Time(ffd.TagTime, fiscal.DateTime{Year: 2018, Month: 12, Day: 31, Hour: 5})
		}
	}
	if got := text(slip.Layout(d, slip.Options{})); !strings.Contains(got, "СУММА НДС 18%             =15.25\n") {
		t.Error(got)
	}
}

// Nothing of a form without a layout is hidden.
func TestLayout_unknown(t *testing.T) {
	d := ffd.Document{Type: 82, Fields: []ffd.Field{ffd.Uint(ffd.TagFD, 7), {Tag: 9999, Value: []byte{0xAB}}, ffd.Group(ffd.TagMarkedProductData, ffd.Text(ffd.TagProductID, "0104"))}}
	got := slip.Layout(d, slip.Options{}).Text(slip.Columns48)
	for _, want := range []string{"УВЕДОМЛЕНИЕ О РЕАЛИЗАЦИИ", "Тег 9999                                      AB\n", "0104\n", "номер ФД"} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q in\n%s", want, got)
		}
	}
}

// A document that is damaged is laid out as far as it goes.
func FuzzLayout(f *testing.F) {
	for _, d := range documents(f) {
		f.Add(d.Append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ffd.ParseDocument(b)
		if err != nil {
			return
		}
		for _, columns := range widths {
			for line := range strings.Lines(slip.Layout(d, slip.Options{Columns: columns}).Text(columns)) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > columns {
					t.Fatalf("%d characters on %d: %q", n, columns, line)
				}
			}
		}
	})
}

func TestCashMovement(t *testing.T) {
	at := slip.Desk{At: fiscal.DateTime{Year: 2026, Month: 3, Day: 4, Hour: 5, Minute: 6}, Shift: 3, Cashier: fiscal.Cashier{Name: "Иванова"}, FN: "9999078902001234"}
	want := `         ООО «Ромашка»
         ИНН 7702203276
101000, г. Москва, ул.
      Мясницкая, д. 1
     Место расчётов: Магазин «У
             дома»
--------------------------------
            ИЗЪЯТИЕ
СМЕНА 3         04.03.2026 05:06
КАССИР Иванова
--------------------------------
СУММА                    =500.00
--------------------------------
ЗН ККТ              000000000002
РН ККТ          0000000005008570
ФН              9999078902001234
     НЕФИСКАЛЬНЫЙ ДОКУМЕНТ
`
	got := text(slip.CashMovement(fiscal.CashOut, 50000, at, slip.Options{Registration: registration}))
	if diff := cmp.Diff(strings.Fields(want), strings.Fields(got)); diff != "" {
		t.Errorf("%s\n%s", diff, got)
	}
	if in := text(slip.CashMovement(fiscal.CashIn, 1, at, slip.Options{})); !strings.Contains(in, "ВНЕСЕНИЕ") {
		t.Error(in)
	}
}

func TestXReport(t *testing.T) {
	got := text(slip.XReport(slip.Counters{
		Totals:  []slip.Totals{{Kind: fiscal.Sale, Count: 2, Sum: 30000, Payments: fiscal.Payments{Cash: 10000, Electronic: 20000}}},
		CashIns: 1, CashInSum: 50000, Drawer: 60000,
	}, slip.Desk{Shift: 3}, slip.Options{}))
	for _, want := range []string{
		"ПРИХОД, ЧЕКОВ                  2\n", "  СУММА                  =300.00\n", "  НАЛИЧНЫМИ              =100.00\n", "  БЕЗНАЛИЧНЫМИ           =200.00\n",
		"ВНЕСЕНИЙ 1               =500.00\n", "ИЗЪЯТИЙ 0                  =0.00\n", "НАЛИЧНЫХ В КАССЕ         =600.00\n", "НЕФИСКАЛЬНЫЙ ДОКУМЕНТ\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q in\n%s", want, got)
		}
	}
}
