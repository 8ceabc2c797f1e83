package shtrih

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// The matrix of the general guide, row by row as it is printed there: the
// modes a command is allowed in.
func TestAllowed(t *testing.T) {
	const every = "0 1 2 3 4 5 6 7 08 18 28 38 48 9 A B C D E"
	without := func(gone string) string {
		var left []string
		for m := range strings.FieldsSeq(every) {
			if !strings.Contains(" "+gone+" ", " "+m+" ") {
				left = append(left, m)
			}
		}
		return strings.Join(left, " ")
	}
	for _, row := range []struct {
		codes []Code
		modes string
	}{
		{[]Code{
			0x10, 0x11, 0x13, 0x14, 0x15, 0x1A, 0x1B, 0x1F, 0x26, 0x28, 0x2D, 0x2E, 0x6B, 0xF7, 0xFC, 0xFF01, 0xFF02,
			0xFF03, 0xFF04, 0xFF07, 0xFF09, 0xFF0A, 0xFF0C, 0xFF3A, 0xFF3F, 0xFF40, 0xB0, 0xFF08, 0xFF39, 0xFF3C,
		}, every},
		{[]Code{0x01}, without("1")},
		{[]Code{0x02, 0x03}, "1"},
		{[]Code{0x12, 0x17, 0x2F}, without("B C")},
		{[]Code{0x16}, "9"},
		{[]Code{0x18, 0x19, 0x2C, 0x50, 0x51}, "2 3 4 7 9"},
		{[]Code{0x2B}, "A"},
		{[]Code{0x1E}, without("1 08 18 28 38 48")},
		{[]Code{0x21, 0x22}, "4 7 9"},
		{[]Code{0x23}, "6"},
		{[]Code{0x24, 0x27, 0xE0, 0xFF05, 0xFF06, 0xFF0B, 0xFF34, 0xFF37, 0xFF38, 0xFF3D, 0xFF3E, 0xFF41}, "4"},
		{[]Code{0x25, 0x29}, without("08 18 28 38 48 A B C")},
		{[]Code{0x40}, "2 3 4"},
		{[]Code{0x41, 0xC6, 0x8C, 0xFF42, 0xFF43}, "2 3"},
		{[]Code{0x80}, "2 4 7 08 9"},
		{[]Code{0x81}, "2 4 7 18 9"},
		{[]Code{0x82}, "2 4 7 28 9"},
		{[]Code{0x83}, "2 4 7 38 9"},
		{[]Code{0x85, 0x8E, 0xFF45, 0x88, 0x89, 0xFF46, 0xFF4B}, "08 18 28 38"},
		{[]Code{0x8D}, "2 4 7 9"},
		{[]Code{0xFF35, 0xFF36, 0xFF4A}, "2 4"},
		{[]Code{0xE3}, "48"},
		{[]Code{0x9A}, every},
	} {
		for _, code := range row.codes {
			var got []string
			for word := range strings.FieldsSeq(every) {
				if Allowed(code, Mode(number(t, "matrix", word+"h"))) {
					got = append(got, word)
				}
			}
			if diff := cmp.Diff(row.modes, strings.Join(got, " ")); diff != "" {
				t.Errorf("%v (-want +got)\n%s", code, diff)
			}
		}
	}
}

func TestRefusal(t *testing.T) {
	for _, tt := range []struct {
		code Code
		want [6]ErrorCode // by submode
	}{
		{CodeShortStatus, [6]ErrorCode{}},
		{CodeFNStatus, [6]ErrorCode{}},
		{CodeCloseReceiptV2, [6]ErrorCode{0, 0x6B, 0x6B, 0x58, 0x50, 0x50}},
		{CodeCloseShift, [6]ErrorCode{0, 0x6B, 0x6B, 0x58, 0x50, 0x50}},
		{CodeContinuePrint, [6]ErrorCode{0x72, 0x6B, 0x6B, 0, 0x50, 0x50}},
	} {
		for sub, want := range tt.want {
			if got := Refusal(tt.code, Submode(sub)); got != want {
				t.Errorf("%v in submode %d: %v, want %v", tt.code, sub, got, want)
			}
		}
	}
}

func TestVATCode(t *testing.T) {
	for _, tt := range []struct {
		model Model
		rate  fiscal.VAT
		want  byte
	}{
		{250, fiscal.VAT20, 0x01},
		{250, fiscal.VAT10, 0x02},
		{250, fiscal.VAT0, 0x04},
		{250, fiscal.VATNone, 0x08},
		{250, fiscal.VAT20120, 0x10},
		{250, fiscal.VAT10110, 0x20},
		{250, fiscal.VAT5, 0x81},
		{250, fiscal.VAT7, 0x82},
		{250, fiscal.VAT5105, 0x84},
		{250, fiscal.VAT7107, 0x88},
		{250, fiscal.VAT22, 0xCB},
		{250, fiscal.VAT22122, 0xCC},
		{ModelNano, fiscal.VAT20, 0x01},
		{ModelNano, fiscal.VAT7107, 0x88},
		{ModelNano, fiscal.VAT22, 0x90},
		{ModelNano, fiscal.VAT22122, 0xA0},
	} {
		got, ok := VATCode(tt.model, tt.rate)
		if !ok || got != tt.want {
			t.Errorf("%v, rate %v: %02X, %v; want %02X", tt.model, tt.rate.Name(), got, ok, tt.want)
		}
		if back, ok := VATOf(tt.model, tt.want); !ok || back != tt.rate {
			t.Errorf("%v, byte %02X: rate %v, %v", tt.model, tt.want, back, ok)
		}
	}
	if _, ok := VATOf(ModelNano, 0xCB); ok {
		t.Error("НАНО-Ф has no byte CBh")
	}
	if _, ok := VATCode(250, 0); ok {
		t.Error("a rate 0 has a byte")
	}
	rows := map[byte]fiscal.VAT{}
	for _, r := range fiscal.VATRates {
		row, ok := VATRow(r.VAT)
		if !ok || row < 1 || row > 12 || rows[row] != 0 {
			t.Errorf("rate %s: row %d, %v", r.Name, row, ok)
		}
		rows[row] = r.VAT
	}
}

func TestModes(t *testing.T) {
	for _, tt := range []struct {
		mode    Mode
		receipt ReceiptType
		open    bool
		text    string
	}{
		{ModeSale, ReceiptSale, true, "sale open"},
		{ModePurchaseReturn, ReceiptPurchaseReturn, true, "purchase return open"},
		{ModeNonFiscal, 4, false, "text document open"},
		{ModeShiftClosed, ReceiptSale, false, "shift closed"},
		{0x0F, ReceiptSale, false, "mode 15"},
	} {
		receipt, open := tt.mode.ReceiptOpen()
		if receipt != tt.receipt || open != tt.open || tt.mode.String() != tt.text {
			t.Errorf("%02X: %v, %v, %v", byte(tt.mode), receipt, open, tt.mode)
		}
		if open && ReceiptMode(receipt) != tt.mode {
			t.Errorf("%v: mode %v", receipt, ReceiptMode(receipt))
		}
	}
	if got := (FlagReceiptRoll | FlagTwoDecimals | FlagReceiptPaper | FlagReceiptLever).String(); got != "receipt roll, two decimals, receipt paper, receipt lever" {
		t.Errorf("flags: %s", got)
	}
	// The order of kinds differs between 8Dh and the FFh commands.
	for receipt, sign := range map[ReceiptType]SettlementSign{
		ReceiptSale: SignIncome, ReceiptPurchase: SignExpense, ReceiptSaleReturn: SignIncomeReturn,
		ReceiptPurchaseReturn: SignExpenseReturn, ReceiptCorrection | ReceiptPurchase: SignExpense,
	} {
		if receipt.Sign() != sign || sign.Receipt() != receipt&^ReceiptCorrection {
			t.Errorf("%d: sign %d, receipt %d", receipt, receipt.Sign(), sign.Receipt())
		}
	}
	if Flags(0).String() != "" || ReceiptType(9).Sign() != 0 {
		t.Error("nothing is something")
	}
}

func TestErrorCode(t *testing.T) {
	for code, want := range map[ErrorCode]string{ErrNoPaper: "no receipt paper (6Bh)", 0xFA: "unknown error (FAh)"} {
		if got := code.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := ErrorCode(0xFA).Russian(); got != "Неизвестная ошибка кассы FAh" {
		t.Error(got)
	}
	for code, text := range errorTexts {
		if text.english == "" || text.russian == "" {
			t.Errorf("%s has no text", code.Hex())
		}
		if !code.Known() {
			t.Errorf("%s is not known", code.Hex())
		}
	}
	err := &DeviceError{Code: CodeOperationV2, Err: ErrWrongMode}
	if got := err.Error(); got != "shtrih: FF46h operation: not in this mode (73h)" {
		t.Error(got)
	}
	if got := (&MismatchError{Want: CodeFullStatus, Got: 0x1E}).Error(); got != "shtrih: answer to 1Eh write table where 11h full status was asked" {
		t.Error(got)
	}
}

func TestPorts(t *testing.T) {
	for code, want := range map[byte]int{0: 2400, 1: 4800, 6: 115200, 9: 921600} {
		if got, ok := BaudOf(code); !ok || got != want {
			t.Errorf("code %d: %d, %v", code, got, ok)
		}
		if got, ok := BaudCode(want); !ok || got != code {
			t.Errorf("%d baud: %d, %v", want, got, ok)
		}
	}
	if _, ok := BaudOf(10); ok {
		t.Error("code 10 has a speed")
	}
	if _, ok := BaudCode(14400); ok {
		t.Error("14400 baud has a code")
	}
	for code, want := range map[byte]int{0: 0, 150: 150, 151: 300, 249: 15_000, 250: 30_000, 255: 105_000} {
		if got := ByteTimeoutOf(code); got != want {
			t.Errorf("code %d: %d ms, want %d", code, got, want)
		}
	}
	for ms, want := range map[int]byte{50: 50, 151: 151, 301: 152, 15_001: 250, 1_000_000: 255} {
		if got := ByteTimeoutCode(ms); got != want {
			t.Errorf("%d ms: code %d, want %d", ms, got, want)
		}
	}
}

func TestText(t *testing.T) {
	for _, tt := range []struct {
		page     CodePage
		in, want string
	}{
		{Windows1251, "Чай «Ёж» — 5 ₽", "Чай «Ёж» — 5 р."},
		{CP866, "Чай «Ёж» — 5 ₽", "Чай \"Ёж\" - 5 р."},
		{Windows1251, "Сүт, қант\n日", "Сут, кант ?"},
		{CP866, "№1…", "№1..."},
		{Windows1251, "a\x00b\x01c", "abc"},
	} {
		if got := tt.page.Fit(tt.in); got != tt.want {
			t.Errorf("%q became %q, want %q", tt.in, got, tt.want)
		}
	}
	if got := Windows1251.Clip("Молоко", 3); got != "Мол" {
		t.Error(got)
	}
	if got := Printed("чай\x00\x00мусор"); got != "чай" {
		t.Error(got)
	}
	b, err := CP866.Encode("Ёж")
	if diff := cmp.Diff([]byte{0xF0, 0xA6}, b); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestAnswerReadings(t *testing.T) {
	if v := (TableValueAnswer{Value: []byte{0x34, 0x12}}).Uint(); v != 0x1234 {
		t.Errorf("%X", v)
	}
	if s := (TableValueAnswer{Value: []byte{0xC0, 0, 0xC1}}).Text(); s != "А" {
		t.Error(s)
	}
	least, greatest, ok := FieldInfoAnswer{Size: 2, Limits: []byte{1, 0, 0, 1}}.Range()
	if least != 1 || greatest != 256 || !ok {
		t.Error(least, greatest, ok)
	}
	if _, _, ok := (FieldInfoAnswer{Type: FieldText, Size: 2, Limits: make([]byte, 4)}).Range(); ok {
		t.Error("a text has limits")
	}
	if n := (ShortStatusAnswer{OperationsLo: 2, OperationsHi: 1}).Operations(); n != 258 {
		t.Error(n)
	}
	if _, ok := (FullStatusAnswer{Tail: []byte{1, 2}}).SerialHigh(); ok {
		t.Error("the 50-byte form tells the serial number")
	}
	if w, ok := (FullStatusAnswer{Tail: []byte{1, 2, 3, 4}}).SerialHigh(); !ok || w != 0x0403 {
		t.Errorf("%X, %v", w, ok)
	}
	if n := ModelName(152); n != "ШТРИХ-НАНО-Ф" {
		t.Error(n)
	}
	if n := ModelName(99); n != "модель 99" {
		t.Error(n)
	}
}

func TestWords(t *testing.T) {
	for _, tt := range []struct {
		v    fmt.Stringer
		want string
	}{
		{CodeCloseReceiptV2, "FF45h close receipt"},
		{Code(0x9A), "9Ah"},
		{ModelNano, "ШТРИХ-НАНО-Ф"},
		{SubAwaitContinue, "waiting for continue print"},
		{Submode(9), "submode 9"},
		{PrintUnderway, "printing"},
		{PrintResult(7), "print result 7"},
		{FeatureFN | FeatureCutter | 1<<60, "cutter, FN, bit 60"},
		{PhaseFiscal, "fiscal"},
		{FNPhase(2), "phase 2"},
		{MakingCorrection, "correction receipt"},
		{FNDocument(0x77), "document 77h"},
		{WarnOFDOverdue | WarnCritical, "OFD overdue, critical"},
		{ArchiveCorrection, "correction receipt"},
		{ArchiveType(99), "document type 99"},
		{ReceiptCorrection | ReceiptSaleReturn, "correction of sale return"},
		{ReceiptType(9), "receipt type 9"},
		{SignExpenseReturn, "return of expense"},
		{SettlementSign(0), "sign 0"},
		{OFDConnected | OFDHasMessage, "connected, has a message"},
		{FrameNAK, "NAK"},
		{PacketIgnore, "ignore"},
		{LinkAlternative, "alternative"},
	} {
		if got := tt.v.String(); got != tt.want {
			t.Errorf("%T: %q, want %q", tt.v, got, tt.want)
		}
	}
	if !(FeatureFN | FeatureTimes).Has(FeatureFN) || FeatureFN.Has(FeatureFN|FeatureTimes) {
		t.Error("Has")
	}
}
