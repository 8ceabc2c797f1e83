package ffd

import (
	"bytes"
	"encoding/hex"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Values that other implementations publish as samples of their encoders.
func TestValues_published(t *testing.T) {
	for _, c := range []struct {
		name, hex string
		read      func(Field) any
		want      any
	}{
		{"VLN", "e92d06", func(f Field) any { return f.Uint() }, uint64(404969)},
		{"VLN of six bytes", "31040001f04f", func(f Field) any { return f.Uint() }, uint64(87892227523633)},
		{"VLN zero, empty", "", func(f Field) any { return f.Uint() }, uint64(0)},
		{"VLN zero, one byte", "00", func(f Field) any { return f.Sum() }, fiscal.Money(0)},
		{"FVLN", "0215cd5b07", func(f Field) any { return f.Amount().String() }, "1234567.89"},
		{"FVLN with high zeros", "02d737020000000000", func(f Field) any { return f.Amount().String() }, "1453.67"},
		{"FVLN of nine places", "0915cd5b07", func(f Field) any { return f.Amount().String() }, "0.123456"},
		{"FVLN without digits", "02", func(f Field) any { return f.Amount().String() }, "0"},
		{"text", "92a5e1e2", func(f Field) any { return f.Text() }, "Тест"},
		{"text, empty", "", func(f Field) any { return f.Text() }, ""},
		{"unixtime", "8a029e55", func(f Field) any { return f.Time().String() }, "2015-07-09T05:11:38"},
		{"byte", "03", func(f Field) any { return f.Uint() }, uint64(3)},
		{"uint32", "01000000", func(f Field) any { return f.Uint() }, uint64(1)},
		{"fiscal sign", "21041c6b81a4", func(f Field) any { return sign(f.Value) }, uint32(476807588)},
		{"INN with zeros on the left", "303035373837383838383238", func(f Field) any { return f.INN() }, "5787888828"},
		{"INN with spaces on the right", "303233343532333432332020", func(f Field) any { return f.INN() }, "0234523423"},
	} {
		if got := c.read(Field{Value: unhex(t, c.hex)}); got != c.want {
			t.Errorf("%s: %s is %v, want %v", c.name, c.hex, got, c.want)
		}
	}
}

// The same values, written.
func TestValues_written(t *testing.T) {
	for _, c := range []struct {
		name string
		f    Field
		want string
	}{
		{"sum", Sum(TagTotal, 404969), "fc03 0300 e92d06"},
		{"sum of six bytes", Sum(TagTotal, 87892227523633), "fc03 0600 31040001f04f"},
		{"sum of nothing", Sum(TagTotal, 0), "fc03 0100 00"},
		{"amount", Amount(TagQuantity, 1234567890000), "ff03 0500 0215cd5b07"},
		{"amount of one", Amount(TagQuantity, fiscal.One), "ff03 0200 0001"},
		{"amount of a millionth", Amount(TagQuantity, 1), "ff03 0200 0601"},
		{"text", Text(TagName, "Тест"), "0604 0400 92a5e1e2"},
		{"fixed text", Text(TagINN, "7702203276"), "fa03 0c00 373730323230333237362020"},
		{"time", Time(TagTime, fiscal.DateTime{Year: 2015, Month: 7, Day: 9, Hour: 5, Minute: 11, Second: 38}), "f403 0400 8a029e55"},
		{"no time", Time(TagTime, fiscal.DateTime{Year: 2026, Month: 2, Day: 30}), "f403 0400 00000000"},
		{"time beyond four bytes", Time(TagTime, fiscal.DateTime{Year: 2106, Month: 2, Day: 7, Hour: 6, Minute: 28, Second: 16}), "f403 0400 00000000"},
		{"time before the count", Time(TagTime, fiscal.DateTime{Year: 1969, Month: 12, Day: 31}), "f403 0400 00000000"},
		{"byte", Uint(TagSettlement, 3), "1e04 0100 03"},
		{"uint16", Uint(TagKeyDays, 410), "bd04 0200 9a01"},
		{"uint32", Uint(TagFD, 1), "1004 0400 01000000"},
		{"mask of four bytes", Uint(TagReasons, 1<<31|2), "b504 0400 02000080"},
		{"a person's INN", Text(TagCashierINN, "500100732259"), "b304 0c00 353030313030373332323539"},
		{"sum of two bytes", Sum(TagCash, 0x1234), "0704 0200 3412"},
		{"too large for its type", Uint(TagSettlement, 0x1234), "1e04 0200 3412"},
		{"sign", Sign(476807588), "3504 0600 21041c6b81a4"},
		{"group", Group(TagUserData, Text(TagUserDataName, "a"), Bytes(9999, []byte{1})), "3c04 0a00 3d04 0100 61 0f27 0100 01"},
		{"empty group", Group(TagUserData), "3c04 0000"},
	} {
		if got := Append(nil, c.f); !bytes.Equal(got, unhex(t, c.want)) {
			t.Errorf("%s: %x, want %s", c.name, got, c.want)
		}
		if n := c.f.Size(); n != len(unhex(t, c.want)) {
			t.Errorf("%s: size %d", c.name, n)
		}
	}
}

// Every second an unixtime can tell is a time of the calendar and back.
func TestTime_roundTrip(t *testing.T) {
	for _, s := range []uint32{1, 59, 86399, 86400, 951782400, 951868799, 1472688000, 1709164800, 4102444799, math.MaxUint32} {
		at := civil(s)
		if !at.Valid() || unix(at) != s {
			t.Errorf("%d is %s, which is %d", s, at, unix(at))
		}
	}
	if got := civil(951782400).String(); got != "2000-02-29T00:00" {
		t.Errorf("a leap day is %s", got)
	}
	if !Time(TagTime, fiscal.DateTime{}).Time().IsZero() {
		t.Error("no time is some time")
	}
}

func capture(t *testing.T, name string) []byte {
	t.Helper()
	var hexes strings.Builder
	for line := range strings.Lines(string(read(t, filepath.Join("testdata", "captures", name)))) {
		if !strings.HasPrefix(line, "#") {
			hexes.WriteString(strings.TrimSpace(line))
		}
	}
	return unhex(t, hexes.String())
}

// A registration that public tools carry as their sample: every value, and the
// same bytes again.
func TestDocument_capturedRegistration(t *testing.T) {
	b := capture(t, "registration.hex")
	d, err := ParseDocument(b)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Append(nil); !bytes.Equal(got, b) {
		t.Errorf("written again:\n%x\nwant\n%x", got, b)
	}
	want := fiscal.Document{
		FN: "999907891234567", FD: 1, FP: 476807588, Type: fiscal.DocRegistration, Kind: fiscal.Register,
		At: fiscal.DateTime{Year: 2016, Month: 4, Day: 13, Hour: 14, Minute: 14}, TLV: b,
	}
	if diff := cmp.Diff(want, d.Fact()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got := map[Tag]string{}
	for _, f := range d.Fields {
		if r, ok := d.Row(f.Tag); ok && r.Type == TypeText {
			got[f.Tag] = f.Text()
		}
	}
	if diff := cmp.Diff(map[Tag]string{
		TagFN: "999907891234567", TagRNM: "120000130000", TagINN: "112233445566", TagUser: `ООО "МММ"`,
		TagAddress: "Москва, Зеленый проспект, д.66 корп. 2", TagSerial: "0620000001", TagCashier: "СИС. АДМИНИСТРАТОР",
		TagSite: "www.nalog.ru", TagOFDSite: "www.ofd.ru", TagPostCode: "111234", TagOFDName: "ОФД-тест",
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	order := []Tag{}
	for _, f := range d.Fields[:8] {
		order = append(order, f.Tag)
	}
	if diff := cmp.Diff([]Tag{TagFN, TagRNM, TagINN, TagFD, TagTime, TagSign, TagAutomatic, TagOffline}, order); diff != "" {
		t.Errorf("order of the memory's tags (-want +got):\n%s", diff)
	}
}

// The confirmation of a real operator, with the requisites of the first version inside.
func TestDocument_capturedTicket(t *testing.T) {
	b := capture(t, "acknowledgement.hex")
	d, err := ParseDocument(b)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Append(nil); !bytes.Equal(got, b) {
		t.Errorf("written again:\n%x\nwant\n%x", got, b)
	}
	ticket, ok := d.Ticket()
	want := Ticket{
		OFDINN: "770123456789", At: fiscal.DateTime{Year: 2016, Month: 4, Day: 6, Hour: 15, Minute: 59, Second: 42},
		Sign: unhex(t, "88100d5d48e900038106d17a06a871450000"),
	}
	if diff := cmp.Diff(want, ticket); diff != "" || !ok {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if f, ok := d.Find(TagOperatorMessageFN, TagSetting, TagSettingName); !ok || f.Text() != "K_FN1" {
		t.Errorf("a setting in the message is %q", f.Text())
	}
	if f, ok := d.Find(TagOperatorMessageKKT, TagOperatorMessageText); !ok || f.Text() != "Сообщение для ККТ 21" {
		t.Errorf("the text for the till is %q", f.Text())
	}
}

// A report of 1.05 as a real till sent it: read, checked, and its beginning
// made anew, since that is what a memory writes by itself.
func TestDocument_capturedReregistration(t *testing.T) {
	b := capture(t, "reregistration.hex")
	d, err := ParseDocument(b)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Append(nil); !bytes.Equal(got, b) {
		t.Errorf("written again:\n%x\nwant\n%x", got, b)
	}
	want := fiscal.Registration{
		INN: "7702203276", RNM: "0000000005008570", Serial: "000000000002", User: "ООО РАПКАТ-центр", FFD: "1.05", NewFN: true,
		Address: "111141 г.Москва, ул. Кусковская д.20А офис В-202", Place: "111141 г.Москва, ул. Кусковская\r\nд.20А офис В-202",
		TaxSystems: fiscal.TaxUSN | fiscal.TaxUSNProfit, OFDINN: "7704358518", OFDName: "OOO TAXCOM", Modes: fiscal.ModeServices | fiscal.ModeExcise,
		Site: "nalog.ru", Sender: "example@example.com", Cashier: fiscal.Cashier{Name: "Шеннон К.", INN: "771234567890"},
	}
	reg, ok := d.Registration()
	if diff := cmp.Diff(want, reg); diff != "" || !ok {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// The cashier of the sample has a made-up number; everything else is as an operator accepted it.
	if p := problems(t, d.Check()); len(p) != 1 || !p.has(TagCashierINN, RuleNumber) {
		t.Errorf("%v", p)
	}
	if p := problems(t, d.CheckAgainst(reg)); len(p) != 0 {
		t.Errorf("%v", p)
	}
	fact := d.Fact()
	if fact.FP != 0xAA107541 || fact.FD != 1 || fact.FN != "9999078900005488" || fact.At.String() != "2017-03-03T11:38" || fact.Kind != fiscal.Reregister {
		t.Errorf("%+v", fact)
	}
	h := Head{
		Form: d.Type, Format: V105, FN: fact.FN, RNM: reg.RNM, INN: reg.INN, FD: fact.FD, FP: fact.FP, At: fact.At, Registration: &reg,
	}
	if got := Append(nil, h.Fields()...); !bytes.HasPrefix(b[headerLength:], got) || len(h.Fields()) != 14 {
		t.Errorf("the memory's part:\n%x\nin\n%x", got, b)
	}
	// The till's part says the same as ours does of the same registration.
	given, err := Registering(fiscal.Registration{
		INN: reg.INN, RNM: reg.RNM, Serial: reg.Serial, User: reg.User, FFD: reg.FFD, Address: reg.Address, Place: "111141 г.Москва",
		TaxSystems: reg.TaxSystems, OFDINN: reg.OFDINN, OFDName: reg.OFDName, Modes: reg.Modes, Site: reg.Site, Sender: reg.Sender,
		Cashier: fiscal.Cashier{Name: "Шеннон К."},
	}, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range given {
		theirs, ok := d.Find(f.Tag)
		switch f.Tag {
		case TagUser, TagCashier: // theirs end with a space
			ok = ok && theirs.Text() == f.Text()
		case TagKKTVersion, TagPlace: // another till
		case TagGambling, TagLottery: // signs that are off may be left out
			ok = f.Uint() == 0
		default:
			ok = ok && bytes.Equal(theirs.Value, f.Value)
		}
		if !ok {
			t.Errorf("tag %d is %x, theirs %x", f.Tag, f.Value, theirs.Value)
		}
	}
}
