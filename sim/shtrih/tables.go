package shtrih

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/fn"
)

// table describes one table of settings (Shtrih protocol 1.17, §8).
type table struct {
	name   string
	rows   uint16
	fields map[byte]field
	// read gives fields that are not kept but looked up; nil when there are none.
	read func(d *Device, row uint16, field byte) []byte
}

// field describes one field of a table.
type field struct {
	name  string
	size  byte
	text  bool
	max   uint64
	fixed bool // may be read only
	first func(row uint16) []byte
}

func number(name string, size byte, limit, first uint64) field {
	return field{name: name, size: size, max: limit, first: func(uint16) []byte { return leastFirst(first, size) }}
}

func text(name string, size byte, first string) field {
	return field{name: name, size: size, text: true, first: func(uint16) []byte { return chars(first, size) }}
}

func leastFirst(v uint64, size byte) []byte {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], v)
	return bytes.Clone(b[:min(size, 8)])
}

// chars is a text field in Windows-1251, padded with zeros.
func chars(s string, size byte) []byte {
	out := make([]byte, size)
	b, err := codec.Windows1251.Encode(codec.Windows1251.Clip(s, int(size)))
	if err == nil {
		copy(out, b)
	}
	return out
}

var taxRows = []struct {
	rate  uint64
	title string
	vat   fiscal.VAT
}{
	{2000, "НДС 20%", fiscal.VAT20},
	{1000, "НДС 10%", fiscal.VAT10},
	{0, "НДС 0%", fiscal.VAT0},
	{0, "БЕЗ НДС", fiscal.VATNone},
	{2000, "НДС 20/120", fiscal.VAT20120},
	{1000, "НДС 10/110", fiscal.VAT10110},
	{500, "НДС 5%", fiscal.VAT5},
	{700, "НДС 7%", fiscal.VAT7},
	{500, "НДС 5/105", fiscal.VAT5105},
	{700, "НДС 7/107", fiscal.VAT7107},
	{2200, "НДС 22%", fiscal.VAT22},
	{2200, "НДС 22/122", fiscal.VAT22122},
}

var payments = []string{"НАЛИЧНЫМИ", "ЭЛЕКТРОННЫМИ", "", "", "", "", "", "", "", "", "", "", "", "АВАНС", "КРЕДИТ", "ИНОЕ"}

// tables are the tables this till has.
var tables = map[byte]table{
	1: {name: "ТИП И РЕЖИМ КАССЫ", rows: 1, fields: map[byte]field{
		1: number("НОМЕР ККМ В МАГАЗИНЕ", 1, 99, 1), 2: number("АВТОМАТИЧЕСКОЕ ОБНУЛЕНИЕ ДЕНЕЖНОЙ НАЛИЧНОСТИ", 1, 1, 0),
		7: number("ОТРЕЗКА ЧЕКА", 1, 2, 1), 14: number("НАЧИСЛЕНИЕ НАЛОГОВ", 1, 1, 0),
		20: {name: "ПЕЧАТЬ ЧЕКА ПРИ ЗАКРЫТИИ", size: 1, max: 1, fixed: true, first: func(uint16) []byte { return []byte{1} }},
		23: number("ЗАПРЕТ НУЛЕВОГО ЧЕКА", 1, 1, 0), 39: number("ПЕЧАТЬ КЛИШЕ ПОСЛЕ ДОКУМЕНТА", 1, 1, 0),
		47: number("АВТОВЫКЛЮЧЕНИЕ, МИН", 1, 255, 0), 48: number("ВКЛЮЧЕНИЕ ПО ПИТАНИЮ", 1, 1, 1),
	}},
	2: {name: "ПАРОЛИ КАССИРОВ И АДМИНИСТРАТОРОВ", rows: operators, fields: map[byte]field{
		1: {name: "ПАРОЛЬ", size: 4, max: 99999999, first: func(row uint16) []byte { return leastFirst(uint64(row), 4) }},
		2: {name: "ИМЯ", size: 64, text: true, first: func(row uint16) []byte {
			switch row {
			case operators - 1:
				return chars("АДМИНИСТРАТОР", 64)
			case operators:
				return chars("СИС. АДМИНИСТРАТОР", 64)
			}
			return chars(fmt.Sprintf("КАССИР %d", row), 64)
		}},
	}},
	4: {name: "ТЕКСТ В ЧЕКЕ", rows: 14, fields: map[byte]field{1: text("ТЕКСТ", 48, "")}},
	5: {name: "НАИМЕНОВАНИЯ ТИПОВ ОПЛАТЫ", rows: 16, fields: map[byte]field{
		1: {name: "ТИП ОПЛАТЫ", size: 24, text: true, first: func(row uint16) []byte { return chars(payments[row-1], 24) }},
	}},
	6: {name: "НАЛОГОВЫЕ СТАВКИ", rows: uint16(len(taxRows)), fields: map[byte]field{
		1: {name: "ВЕЛИЧИНА НАЛОГА", size: 2, max: 9999, first: func(row uint16) []byte { return leastFirst(taxRows[row-1].rate, 2) }},
		2: {name: "НАЗВАНИЕ НАЛОГА", size: 64, text: true, first: func(row uint16) []byte { return chars(taxRows[row-1].title, 64) }},
	}},
	7: {name: "НАИМЕНОВАНИЕ ОТДЕЛОВ", rows: 16, fields: map[byte]field{1: text("НАИМЕНОВАНИЕ", 48, "")}},
	10: {name: "СЛУЖЕБНАЯ", rows: 1, fields: map[byte]field{
		10: number("ОЖИДАНИЕ ОТВЕТА ФН, С", 1, 255, 30), 12: number("НЕ ВЕЩАТЬ UDP", 1, 1, 1),
		13: number("ПРИНУДИТЕЛЬНАЯ ПЕРЕЗАГРУЗКА", 1, 1, 0), 14: number("ПРОВЕРКА ФН", 1, 1, 1),
	}},
	17: {name: "РЕГИОНАЛЬНЫЕ НАСТРОЙКИ", rows: 1, fields: map[byte]field{
		1: number("КЗ: БИН/ИИН", 1, 1, 0), 2: number("ТРЕБОВАТЬ ОТКРЫВАТЬ СМЕНУ", 1, 1, 1), 3: number("РЕЖИМ НАЧИСЛЕНИЯ СКИДОК", 1, 3, 0),
		7: number("НЕ ПЕЧАТАТЬ ДОКУМЕНТ", 1, 3, 0), 8: number("МИНУТ ДО КОНЦА 24 ЧАСОВ", 1, 255, 0),
		15: number("ПЕЧАТЬ АННУЛИРОВАННЫХ ДОКУМЕНТОВ", 1, 1, 1), 17: number("ФОРМАТ ФД", 1, 4, 2), 35: number("СТРОГИЙ КОНТРОЛЬ", 1, 1, 0),
		36: number("РАСШИРЕННЫЙ ОТВЕТ", 1, 1, 0), 53: number("НЕ ПЕЧАТАТЬ ОТЧЁТЫ", 1, 1, 0), 54: number("ЗВУК ПРИ НЕПЕЧАТИ", 1, 1, 0),
		61: number("ПРОВЕРКА КМ", 1, 1, 0), 62: number("РЕЖИМ ЗАГРУЗКИ ОПЕРАЦИЙ В ФН", 1, 1, 0), 63: number("ВОССТАНОВЛЕНИЕ ВРЕМЕНИ ИЗ ФН", 1, 1, 1),
		64: number("СООТВЕТСТВИЕ НАЛОГОВ", 1, 255, 0), 70: number("ПЕРЕЗАГРУЗКА ПОСЛЕ ЗАКРЫТИЯ СМЕНЫ", 1, 1, 0), 71: number("ЗАМЕНА НДС 20 НА 22", 1, 2, 1),
	}},
	18: {name: "ПАРАМЕТРЫ ФН", rows: 1, read: (*Device).fnField, fields: map[byte]field{
		1: fixedText("СЕРИЙНЫЙ НОМЕР", 16), 2: fixedText("ИНН", 12), 3: fixedText("РНМ", 20), 4: fixedText("НОМЕР ФН", 16),
		5: fixedNumber("СИСТЕМЫ НАЛОГООБЛОЖЕНИЯ"), 6: fixedNumber("РЕЖИМ РАБОТЫ"), 7: text("ПОЛЬЗОВАТЕЛЬ", 240, ""), 8: text("ОПЕРАТОР", 128, ""),
		9: text("АДРЕС РАСЧЁТОВ", 240, ""), 10: text("НАИМЕНОВАНИЕ ОФД", 240, ""), 11: text("URL ОФД", 128, ""), 12: text("ИНН ОФД", 12, ""),
		13: text("САЙТ ФНС", 64, "nalog.gov.ru"), 14: text("МЕСТО РАСЧЁТОВ", 240, ""), 15: text("E-MAIL ОТПРАВИТЕЛЯ ЧЕКА", 64, ""),
		21: number("РАСШИРЕННЫЕ РЕЖИМЫ", 1, 255, 0), 23: text("ИНН КАССИРА", 12, ""), 24: number("ДНЕЙ ДО БЛОКИРОВКИ", 1, 30, 0), 25: number("ЧАСОВОЙ ПОЯС", 1, 12, 2),
	}},
	19: {name: "ПАРАМЕТРЫ ОФД", rows: 1, fields: map[byte]field{
		1: text("СЕРВЕР", 64, "k-server.1-ofd.ru"), 2: number("ПОРТ", 2, 65535, 7777), 3: number("ТАЙМАУТ ЧТЕНИЯ, С", 2, 65535, 300),
		4: number("ЗАДЕРЖКА, МС", 2, 65535, 0), 5: text("СЕРВЕР КМ", 64, ""), 6: number("ПОРТ КМ", 2, 65535, 0), 7: number("ТАЙМАУТ ЧТЕНИЯ КМ", 2, 65535, 30),
		8: number("ТАЙМАУТ ПРОВЕРКИ КМ", 2, 65535, 30), 9: text("СЕРВЕР ОКП", 64, ""), 10: number("ПОРТ ОКП", 2, 65535, 0), 11: number("ТАЙМАУТ ОКП", 2, 65535, 30),
	}},
	20: {name: "СОСТОЯНИЕ ОБМЕНА С ОФД", rows: 1, read: (*Device).exchangeField, fields: map[byte]field{
		1: fixedNumber("СОСТОЯНИЕ ОБМЕНА"), 2: fixedNumber("СОСТОЯНИЕ ЧТЕНИЯ"), 3: fixedWide("СООБЩЕНИЙ В ОЧЕРЕДИ"), 4: fixedWide("ПЕРВЫЙ ДОКУМЕНТ"),
		5: fixedText("ВРЕМЯ ПЕРВОГО ДОКУМЕНТА", 20), 6: fixedNumber("КОД ОТВЕТА ФН"), 7: fixedNumber("КОД ОТВЕТА ОФД"),
	}},
	21: {name: "СЕТЬ", rows: 1, fields: map[byte]field{
		1: number("РЕЖИМ PPP", 1, 2, 0), 2: number("ОБМЕН С ОФД СРЕДСТВАМИ ККТ", 1, 1, 0), 3: number("TCP-СЕРВЕР", 1, 1, 1), 4: number("ПОРТ TCP", 2, 65535, 7778),
		5: number("WI-FI", 1, 2, 0), 6: number("КАНАЛ WI-FI", 1, 13, 1), 7: text("SSID", 32, ""), 8: text("ПАРОЛЬ WI-FI", 32, ""), 9: number("RNDIS", 1, 1, 1),
		12: number("BLUETOOTH", 1, 2, 0), 13: text("ИМЯ BLUETOOTH", 32, ""), 14: number("PIN BLUETOOTH", 2, 9999, 0), 16: number("ТАЙМАУТ TCP, С", 2, 65535, 60),
	}},
}

func fixedText(name string, size byte) field {
	f := text(name, size, "")
	f.fixed = true
	return f
}

func fixedNumber(name string) field {
	f := number(name, 1, 255, 0)
	f.fixed = true
	return f
}

func fixedWide(name string) field {
	f := number(name, 4, 1<<32-1, 0)
	f.fixed = true
	return f
}

// fnField is table 18: mostly what the registration says, or what was written
// for the next one.
func (d *Device) fnField(row uint16, f byte) []byte {
	if b, ok := d.nv.Tables[fieldKey(18, row, f)]; ok {
		return b
	}
	reg, _, ok := d.acc.Registration()
	if !ok {
		reg = *d.opts.Registration
		reg.INN, reg.RNM, reg.TaxSystems, reg.Mode = "", "", 0, 0
	}
	switch f {
	case 1:
		return chars(d.serialNumber(), 16)
	case 2:
		return chars(reg.INN, 12)
	case 3:
		return chars(reg.RNM, 20)
	case 4:
		return chars(d.acc.Number(), 16)
	case 5:
		return []byte{reg.TaxSystems}
	case 6:
		return []byte{reg.Mode}
	case 7:
		return chars(reg.User, 240)
	case 9:
		return chars(reg.Address, 240)
	case 10:
		return chars(reg.OFDName, 240)
	case 12:
		return chars(reg.OFDINN, 12)
	case 14:
		return chars(reg.Place, 240)
	case 21:
		return []byte{reg.ExtMode}
	}
	return nil
}

// formatField is field 17 of table 17: written for the next registration, or
// the registration's.
func (d *Device) formatField() byte {
	if b := d.nv.Tables[fieldKey(17, 1, 17)]; len(b) == 1 {
		return b[0]
	}
	if reg, _, ok := d.acc.Registration(); ok {
		return reg.FFD
	}
	return max(d.opts.Registration.FFD, byte(ffd.V105))
}

func (d *Device) serialNumber() string { return fmt.Sprintf("%016d", d.opts.Serial) }

// exchangeField is table 20.
func (d *Device) exchangeField(_ uint16, f byte) []byte {
	q := d.acc.Queue()
	switch f {
	case 1:
		return []byte{q.Flags}
	case 3:
		return leastFirst(uint64(q.Count), 4)
	case 4:
		return leastFirst(uint64(q.FirstFD), 4)
	case 5:
		return chars(fn.Civil(q.First).String(), 20)
	}
	return nil
}

// lookup finds a field and refuses what there is not.
func lookup(t byte, row uint16, f byte) (field, error) {
	tab, ok := tables[t]
	if !ok {
		return field{}, refuse(codec.ErrNoTable)
	}
	fld, ok := tab.fields[f]
	if !ok || row == 0 || row > tab.rows {
		return field{}, refuse(codec.ErrBadSetting)
	}
	return fld, nil
}

func fieldKey(t byte, row uint16, f byte) string { return fmt.Sprintf("%d.%d.%d", t, row, f) }

// tableField reads a field as it goes on the wire.
func (d *Device) tableField(t byte, row uint16, f byte) ([]byte, error) {
	fld, err := lookup(t, row, f)
	if err != nil {
		return nil, err
	}
	if tab := tables[t]; tab.read != nil {
		if b := tab.read(d, row, f); b != nil {
			return b, nil
		}
	}
	if t == 17 && f == 17 {
		return []byte{d.formatField()}, nil
	}
	if t == 17 && f == 36 && d.opts.DocumentTime {
		if _, set := d.nv.Tables[fieldKey(t, row, f)]; !set {
			return []byte{1}, nil
		}
	}
	if len(d.nv.Tables) > 0 {
		if b, ok := d.nv.Tables[fieldKey(t, row, f)]; ok {
			return b, nil
		}
	}
	return fld.first(row), nil
}

// tableNumber reads a number field the till itself uses; 0 when there is none.
func (d *Device) tableNumber(t byte, row uint16, f byte) uint64 {
	b, err := d.tableField(t, row, f)
	if err != nil {
		return 0
	}
	var v uint64
	for i := min(len(b), 8) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v
}

func (d *Device) tableText(t byte, row uint16, f byte) string {
	b, err := d.tableField(t, row, f)
	if err != nil {
		return ""
	}
	return codec.Printed(codec.Windows1251.Decode(b))
}

func (d *Device) setTableNumber(t byte, row uint16, f byte, v uint64) {
	if fld, err := lookup(t, row, f); err == nil {
		d.nv.Tables[fieldKey(t, row, f)] = leastFirst(v, fld.size)
	}
}

// writeTable is 1Eh.
func (d *Device) writeTable(r codec.WriteTable) (codec.Answer, error) {
	fld, err := lookup(r.Table, r.Row, r.Field)
	switch {
	case err != nil:
		return nil, err
	case fld.fixed || (r.Table == 18 || r.Table == 17 && r.Field == 17) && d.shiftMode() != 4:
		return nil, refuse(codec.ErrFieldFixed)
	case len(r.Value) > int(fld.size) || !fld.text && len(r.Value) != int(fld.size):
		return nil, refuse(codec.ErrBadSetting)
	}
	value := make([]byte, fld.size)
	copy(value, r.Value)
	if !fld.text {
		var v uint64
		for i := len(value) - 1; i >= 0; i-- {
			v = v<<8 | uint64(value[i])
		}
		if v > fld.max {
			return nil, refuse(codec.ErrBadSetting)
		}
	}
	d.nv.Tables[fieldKey(r.Table, r.Row, r.Field)] = value
	return codec.EmptyAnswer{For: r.Code()}, nil
}

func tableInfo(r codec.TableInfo) (codec.Answer, error) {
	t, ok := tables[r.Table]
	if !ok {
		return nil, refuse(codec.ErrNoTable)
	}
	last := byte(0)
	for f := range t.fields {
		last = max(last, f)
	}
	return codec.TableInfoAnswer{Name: codec.Windows1251.Clip(t.name, 40), Rows: t.rows, Fields: last}, nil
}

func fieldInfo(r codec.FieldInfo) (codec.Answer, error) {
	f, err := lookup(r.Table, 1, r.Field)
	if err != nil {
		return nil, err
	}
	a := codec.FieldInfoAnswer{Name: codec.Windows1251.Clip(f.name, 40), Type: codec.FieldText, Size: f.size}
	if !f.text {
		a.Type = codec.FieldNumber
		a.Limits = append(leastFirst(0, f.size), leastFirst(f.max, f.size)...)
	}
	return a, nil
}
