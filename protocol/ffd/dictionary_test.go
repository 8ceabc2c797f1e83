package ffd

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
)

// The dictionary is the table in testdata, row by row.
func TestDictionary(t *testing.T) {
	typeWord := func(r Row) string {
		switch {
		case r.Fixed:
			return r.Type.String() + " fixed"
		case r.Mask:
			return "bitmask " + r.Type.String()
		}
		return r.Type.String()
	}
	limit := func(r Row) string {
		if r.Max == 0 {
			return "-"
		}
		return strconv.Itoa(r.Max)
	}
	inVersions := func(r Row) string {
		if r.Versions.Amended() {
			return "1.2+2025"
		}
		var out []string
		for _, v := range []Version{V10, V105, V11, V12} {
			if r.Versions.Has(v) {
				out = append(out, v.String())
			}
		}
		return strings.Join(out, ",")
	}
	var got []string
	tags := map[Tag]int{}
	for r := range Rows() {
		got = append(got, strings.Join([]string{strconv.Itoa(int(r.Tag)), r.Name, r.JSON, typeWord(r), limit(r), inVersions(r)}, "\t"))
		tags[r.Tag]++
	}
	want := strings.Split(strings.TrimSpace(string(read(t, filepath.Join("testdata", "tags.tsv")))), "\n")[1:]
	// Of a tag with two meanings the table and the dictionary may have either first.
	slices.Sort(got)
	slices.Sort(want)
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("row %d:\n%q\nwant\n%q", i, got[min(i, len(got)-1)], want[min(i, len(want)-1)])
		}
	}
	if len(got) != 292 || len(tags) != 288 {
		t.Errorf("%d rows of %d tags, want 292 of 288", len(got), len(tags))
	}
}

// Rows that are known from the format itself.
func TestLookup(t *testing.T) {
	for _, c := range []struct {
		tag   Tag
		v     Version
		name  string
		json  string
		typ   Type
		limit int
	}{
		{1012, V12, "дата, время", "dateTime", TypeTime, 4},
		{1020, V105, "сумма расчёта, указанного в чеке (БСО)", "totalSum", TypeVLN, 6},
		{1023, V11, "количество предмета расчёта", "quantity", TypeFVLN, 8},
		{1018, V12, "ИНН пользователя", "userInn", TypeText, 12},
		{1059, V12, "предмет расчёта", "items", TypeGroup, 1024},
		{1077, V12, "ФП документа (ФПД)", "fiscalSign", TypeBytes, 6},
		{1205, V12, "коды причин изменения сведений о ККТ", "correctionKktReasonCode", TypeUint32, 4},
		{1213, V12, "ресурс ключей ФП (дней)", "fdKeyResource", TypeUint16, 2},
		{65002, V105, "оболочка файла выгрузки ФН: ФД режима передачи + подтверждение, ФФД 1.0/1.05", "onlineDocument", TypeGroup, 0},
		// Two meanings: up to 1.0, and since the amendments.
		{1011, V10, "размер вознаграждения платёжного агента", "paymentAgentRemuneration", TypeVLN, 8},
		{1011, V12, "часовая зона", "timeZone", TypeByte, 1},
		{1082, V10, "телефон банковского субагента", "bankSubagentPhone", TypeText, 19},
		{1082, V12, "сумма оплаты безналичными", "ecashSum", TypeVLN, 6},
		{1115, V10, "адрес сайта для проверки ФП", "addressToCheckFiscalSign", TypeText, 256},
		{1115, V105, "суммы НДС чека", "amountsReceiptNds", TypeGroup, 0},
		{1115, 0, "суммы НДС чека", "amountsReceiptNds", TypeGroup, 0},
		{1119, V10, "телефон оператора по приёму платежей", "operatorPhoneToReceive", TypeText, 19},
		{1119, V12, "сумма НДС чека", "amountsNds", TypeGroup, 0},
		{1010, V12, "размер вознаграждения банковского агента", "bankAgentRemuneration", TypeVLN, 8},
	} {
		r, ok := Lookup(c.tag, c.v)
		if !ok || r.Name != c.name || r.JSON != c.json || r.Type != c.typ || r.Max != c.limit {
			t.Errorf("%d in %s is %+v %v", c.tag, c.v, r, ok)
		}
	}
	for _, unknown := range []Tag{0, 999, 1087, 1299, 2199, 2200, 64000, 65003} {
		if r, ok := Lookup(unknown, V12); ok {
			t.Errorf("%d is %+v", unknown, r)
		}
	}
	if r, _ := Lookup(TagBankAgentRemuneration, V12); r.Versions.Has(V12) {
		t.Error("1010 is in 1.2")
	}
	for r := range Rows() {
		if r.JSON == "" || r.Name == "" || strings.ContainsAny(r.JSON, " -") || r.Fixed && (r.Max == 0 || r.Type != TypeText) {
			t.Errorf("%+v", r)
		}
	}
}

// The tables of codes name values that their tags can hold.
func TestCodes(t *testing.T) {
	for tag, table := range codes {
		r, ok := Lookup(tag, V12)
		if !ok {
			t.Errorf("a table for %d, which is no tag", tag)
			continue
		}
		seen := map[uint64]bool{}
		for _, c := range table {
			if seen[c.Value] || c.Name == "" || r.Mask && (c.Value == 0 || c.Value&(c.Value-1) != 0) || r.Type == TypeByte && c.Value > 255 {
				t.Errorf("%d: %+v", tag, c)
			}
			seen[c.Value] = true
		}
	}
	for _, c := range []struct {
		tag  Tag
		v    uint64
		want string
	}{
		{TagSettlement, 2, "возврат прихода"},
		{TagTaxSystems, 33, "ОСН, Патент"},
		{TagVAT, 11, "НДС 22%"},
		{TagVAT, 99, "99"},
		{TagReasons, 1<<3 | 1<<30, "изменение адреса или места расчётов, 1073741824"},
		{TagName, 1, ""},
		{TagMeasure, 11, "кг"},
	} {
		if got := strings.Join(Words(c.tag, c.v), ", "); got != c.want {
			t.Errorf("%d of %d is %q, want %q", c.v, c.tag, got, c.want)
		}
	}
	if len(Codes(TagSubject)) != 31 || Codes(TagName) != nil {
		t.Error("tables")
	}
}

// Every byte of code page 866, with the library's table as the judge.
func TestText_page(t *testing.T) {
	for c := range 256 {
		r := charmap.CodePage866.DecodeByte(byte(c))
		if got := DecodeText([]byte{byte(c)}); got != string(r) {
			t.Errorf("%02x is %q, want %q", c, got, r)
		}
	}
	for r := rune(0); r < 0x3000; r++ {
		want, ok := charmap.CodePage866.EncodeRune(r)
		if r == 0xFFFD {
			continue
		}
		for _, write := range []func([]byte, string) ([]byte, error){AppendText, appendFitted} {
			got, err := write(nil, "x"+string(r)+"y")
			if _, fitted := lookalikes[r]; fitted {
				continue
			}
			if (err == nil) != ok || ok && string(got) != "x"+string([]byte{want})+"y" {
				t.Fatalf("%q is %x %v, want %x %v", r, got, err, want, ok)
			}
		}
	}
}

func TestText_namesTheCharacter(t *testing.T) {
	_, err := AppendText(nil, "Сәлем")
	if err == nil || !strings.Contains(err.Error(), "'ә'") {
		t.Errorf("%v", err)
	}
	for in, want := range map[string]string{
		"ООО «Ромашка» — 5 ₽": `ООО "Ромашка" - 5 р.`,
		"№ 7":                 "№ 7",
		"Сәлем":               "Сәлем",
		"":                    "",
	} {
		if got := Fit(in); got != want {
			t.Errorf("%q fits as %q, want %q", in, got, want)
		}
	}
	for r, s := range lookalikes {
		if _, err := AppendText(nil, s); err != nil {
			t.Errorf("%q looks like %q, which the page lacks", r, s)
		}
		if _, ok := encodeRune(r); ok && r >= ' ' {
			t.Errorf("%q is in the page and is replaced", r)
		}
	}
	if got := string(Text(TagName, "ә").Value); got != "?" {
		t.Errorf("%q", got)
	}
	if got, err := appendFitted([]byte("a"), "б\xd0"); err == nil {
		t.Errorf("broken UTF-8 is %q", got)
	}
}
