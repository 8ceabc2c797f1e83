package shtrih

import "fmt"

// Model is the model code of FCh.
type Model byte

// Models whose protocol differs from the common one.
const (
	ModelMobile Model = 19  // fiscal memory in table 14, OFD in table 15
	ModelNano   Model = 152 // its own tax bytes for 22 %
)

var modelNames = map[Model]string{
	16:          "МПЕЙ-Ф",
	17:          "NCR-001Ф",
	ModelMobile: "ШТРИХ-МОБАЙЛ-Ф",
	20:          "ЯРУС М2100Ф",
	21:          "ЯРУС-ТФ",
	22:          "РИТЕЙЛ-01Ф",
	23:          "РР-02Ф",
	24:          "РР-01Ф",
	25:          "ШТРИХ-ON-LINE",
	26:          "РР-03Ф",
	43:          "ЭЛВЕС-ФР-Ф",
	44:          "ШТРИХ-ФР-02Ф",
	45:          "ШТРИХ-СМАРТПОС-Ф",
	50:          "ШТРИХ-МИНИ-01Ф",
	51:          "ШТРИХ-МИНИ-02Ф",
	150:         "ЭЛВЕС-МФ",
	ModelNano:   "ШТРИХ-НАНО-Ф",
	200:         "ЭЛВЕС-МИНИ-Ф",
	249:         "ШТРИХ-ФР-01Ф",
	250:         "ШТРИХ-М-01Ф/02Ф",
	252:         "ШТРИХ-ЛАЙТ-01Ф/02Ф",
}

// Name is the model's name; an unknown model keeps its number. The name the
// device gives of itself in FCh comes first.
func (m Model) Name() string {
	if n, ok := modelNames[m]; ok {
		return n
	}
	return fmt.Sprintf("модель %d", byte(m))
}

// String is the name.
func (m Model) String() string { return m.Name() }

// ModelName is the name of a model code.
func ModelName(code byte) string { return Model(code).Name() }

// Tables, unless the answer to F7h tells other numbers.
const (
	TableSettings   byte = 1
	TableOperators  byte = 2
	TableTexts      byte = 4
	TablePayments   byte = 5
	TableTaxes      byte = 6
	TableDepartment byte = 7
	TableRegional   byte = 17
	TableFN         byte = 18
	TableOFD        byte = 19
	TableOFDState   byte = 20
	TableNetwork    byte = 21
)

// Fields of tables, row 1.
const (
	SettingsTaxByHost     byte = 14 // table 1: 1, the host counts the taxes
	SettingsForbidZero    byte = 23 // table 1: 1, no receipt of zero
	RegionalNoPrint       byte = 7  // table 17: 0 print, 1 skip one document, 2 print nothing
	RegionalMinutesTo24   byte = 8  // table 17: mode 3 begins so much before 24 hours
	RegionalFFD           byte = 17 // table 17: 2 FFD 1.05, 3 FFD 1.1, 4 FFD 1.2
	RegionalTimes         byte = 36 // table 17: 1, times at the end of answers
	RegionalRestoreTime   byte = 63 // table 17: 1, clock from the fiscal memory after a power cut
	RegionalVAT22         byte = 71 // table 17: 20 % becomes 22 %: 0 off, 1 by itself, 2 by hand
	FNFieldSerial         byte = 1  // table 18
	FNFieldINN            byte = 2
	FNFieldRNM            byte = 3
	FNFieldNumber         byte = 4
	FNFieldTaxSystems     byte = 5
	FNFieldMode           byte = 6
	FNFieldUser           byte = 7
	FNFieldOperator       byte = 8
	FNFieldAddress        byte = 9
	FNFieldOFDName        byte = 10
	FNFieldOFDURL         byte = 11
	FNFieldOFDINN         byte = 12
	FNFieldPlace          byte = 14
	OFDFieldHost          byte = 1 // table 19
	OFDFieldPort          byte = 2
	OFDFieldReadTimeout   byte = 3
	NetworkOFDByTill      byte = 2 // table 21: 1, the till talks to the OFD itself
	NetworkTCPServer      byte = 3
	NetworkTCPPort        byte = 4
	NetworkTCPIdleSeconds byte = 16
)

// DefaultTCPPort is where a till listens.
const DefaultTCPPort = 7778

// Operation registers (1Bh) and money registers (1Ah) that tell what happened.
const (
	MoneyCash           uint16 = 241
	MoneyCashIn         uint16 = 242
	MoneyCashOut        uint16 = 243
	MoneyNonZeroable    uint16 = 244
	CountReceipts       uint16 = 144 // 144–147 receipts in the shift by kind
	CountReceiptNumbers uint16 = 148 // 148–151 number of a receipt by kind
	CountDocuments      uint16 = 152 // through number
	CountCashIn         uint16 = 153
	CountCashOut        uint16 = 154
	NumberCashIn        uint16 = 155
	NumberCashOut       uint16 = 156
	CountCancelled      uint16 = 157
	CountXReports       uint16 = 158
	CountZReports       uint16 = 159
	CountCancellations  uint16 = 166
)
