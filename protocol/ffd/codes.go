package ffd

import "fmt"

// Code is one value of a table of codes, or one bit of a mask.
type Code struct {
	Value uint64
	Name  string // in Russian
}

// Codes gives the table of a tag's values; for a mask, of its bits. Nil when
// the tag has none. What is returned is shared: it is for reading.
func Codes(t Tag) []Code { return codes[t] }

// Words says in Russian what a value of a tag means: one name, or one for each
// bit of a mask. A value without a name is written as a number; a tag without a
// table gives nil.
func Words(t Tag, v uint64) []string {
	table := codes[t]
	if table == nil {
		return nil
	}
	if r := row(t, 0); r == nil || !r.Mask {
		for _, c := range table {
			if c.Value == v {
				return []string{c.Name}
			}
		}
		return []string{fmt.Sprint(v)}
	}
	var out []string
	for _, c := range table {
		if v&c.Value != 0 {
			out = append(out, c.Name)
			v &^= c.Value
		}
	}
	if v != 0 {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

// known tells whether the table of a tag allows a value; a tag without a table allows any.
func known(t Tag, mask bool, v uint64) bool {
	table := codeIndex[t%lowTags]
	if table == nil || t >= lowTags {
		return true
	}
	for _, c := range table {
		if mask {
			v &^= c.Value
		} else if c.Value == v {
			return true
		}
	}
	return mask && v == 0
}

// codeIndex is codes by position: Check asks for every object of a document.
var codeIndex = buildCodeIndex()

func buildCodeIndex() *[lowTags][]Code {
	var x [lowTags][]Code
	for t, c := range codes {
		x[t] = c
	}
	return &x
}

// yesNo is for tags that are a byte with 0 or 1.
var yesNo = []Code{{0, "нет"}, {1, "да"}}

var taxSystems = []Code{
	{1, "ОСН"}, {2, "УСН доход"}, {4, "УСН доход минус расход"}, {8, "ЕНВД"}, {16, "ЕСХН"}, {32, "Патент"},
}

var agents = []Code{
	{1, "банковский платёжный агент"},
	{2, "банковский платёжный субагент"},
	{4, "платёжный агент"},
	{8, "платёжный субагент"},
	{16, "поверенный"},
	{32, "комиссионер"},
	{64, "агент"},
}

var formats = []Code{{1, "1.0"}, {2, "1.05"}, {3, "1.1"}, {4, "1.2"}}

var markingResults = []Code{
	{1, "код маркировки проверен в ФН"},
	{2, "результат проверки в ФН положительный"},
	{4, "сведения о товаре проверены в ОИСМ"},
	{8, "статус товара корректен"},
	{16, "касса в автономном режиме"},
}

// codes are the tables of values (FFD, annex 2).
var codes = map[Tag][]Code{
	TagAutomatic: yesNo, TagOffline: yesNo, TagEncryption: yesNo, TagInternet: yesNo, TagServices: yesNo, TagBSO: yesNo, TagLottery: yesNo,
	TagGambling: yesNo, TagExcise: yesNo, TagPrinterInAutomat: yesNo, TagFNExhausted: yesNo, TagFNReplace: yesNo, TagFNFull: yesNo,
	TagOFDTimeout: yesNo, TagInternetPayment: yesNo,

	TagSettlement: {{1, "приход"}, {2, "возврат прихода"}, {3, "расход"}, {4, "возврат расхода"}},
	TagTaxSystem:  taxSystems,
	TagTaxSystems: taxSystems,
	TagAgent:      agents,
	TagItemAgent:  agents,
	TagVAT: {
		{1, "НДС 20%"},
		{2, "НДС 10%"},
		{3, "НДС 20/120"},
		{4, "НДС 10/110"},
		{5, "НДС 0%"},
		{6, "Без НДС"},
		{7, "НДС 5%"},
		{8, "НДС 7%"},
		{9, "НДС 5/105"},
		{10, "НДС 7/107"},
		{11, "НДС 22%"},
		{12, "НДС 22/122"},
	},
	TagFormat: formats, TagKKTFormat: formats, TagFNFormat: formats,
	TagSubject: {
		{1, "товар"},
		{2, "подакцизный товар"},
		{3, "работа"},
		{4, "услуга"},
		{5, "ставка азартной игры"},
		{6, "выигрыш азартной игры"},
		{7, "лотерейный билет"},
		{8, "выигрыш лотереи"},
		{9, "предоставление РИД"},
		{10, "платёж"},
		{11, "агентское вознаграждение"},
		{12, "выплата"},
		{13, "иной предмет расчёта"},
		{14, "имущественное право"},
		{15, "внереализационный доход"},
		{16, "страховые взносы, иные платежи"},
		{17, "торговый сбор"},
		{18, "курортный сбор"},
		{19, "залог"},
		{20, "расход"},
		{21, "взносы на ОПС ИП"},
		{22, "взносы на ОПС"},
		{23, "взносы на ОМС ИП"},
		{24, "взносы на ОМС"},
		{25, "взносы на ОСС"},
		{26, "платёж казино"},
		{27, "выдача денежных средств"},
		{30, "подакцизный товар без кода маркировки"},
		{31, "подакцизный товар с кодом маркировки"},
		{32, "товар без кода маркировки"},
		{33, "товар с кодом маркировки"},
	},
	TagMethod: {
		{1, "предоплата 100%"},
		{2, "предоплата"},
		{3, "аванс"},
		{4, "полный расчёт"},
		{5, "частичный расчёт и кредит"},
		{6, "передача в кредит"},
		{7, "оплата кредита"},
	},
	TagCorrectionType: {{0, "самостоятельно"}, {1, "по предписанию"}},
	TagReason:         {{1, "замена ФН"}, {2, "замена ОФД"}, {3, "изменение реквизитов пользователя"}, {4, "изменение настроек ККТ"}},
	TagReasons: {
		{1 << 0, "замена ФН"},
		{1 << 1, "замена ОФД"},
		{1 << 2, "изменение наименования пользователя"},
		{1 << 3, "изменение адреса или места расчётов"},
		{1 << 4, "перевод из автономного режима в режим передачи"},
		{1 << 5, "перевод из режима передачи в автономный"},
		{1 << 6, "изменение версии модели ККТ"},
		{1 << 7, "изменение перечня систем налогообложения"},
		{1 << 8, "изменение номера автомата"},
		{1 << 9, "перевод из автоматического режима"},
		{1 << 10, "перевод в автоматический режим"},
		{1 << 11, "перевод в режим БСО"},
		{1 << 12, "перевод из режима БСО"},
		{1 << 13, "перевод из режима расчётов в Интернет"},
		{1 << 14, "перевод в режим расчётов в Интернет"},
		{1 << 15, "прекращение работы агентом"},
		{1 << 16, "начало работы агентом"},
		{1 << 17, "прекращение азартных игр"},
		{1 << 18, "начало азартных игр"},
		{1 << 19, "прекращение лотерей"},
		{1 << 20, "начало лотерей"},
		{1 << 21, "изменение версии ФФД"},
		{1 << 31, "иные причины"},
	},
	// Implementations disagree by one bit on the place of the last two.
	TagOperatorMessage: {
		{1 << 1, "ошибка форматно-логического контроля"},
		{1 << 2, "информация в личном кабинете ККТ"},
		{1 << 3, "требуется обновление ФФД"},
		{1 << 4, "ККТ включена в план проверок"},
		{1 << 6, "требуется связаться с ОФД о настройках"},
		{1 << 7, "ОФД прекращает деятельность"},
	},
	TagConditions: {
		{1 << 1, "принтер в автомате"},
		{1 << 2, "АС для БСО"},
		{1 << 5, "расчёты только в Интернет"},
		{1 << 6, "подакцизные товары"},
		{1 << 8, "маркированные товары"},
		{1 << 9, "услуги"},
		{1 << 10, "азартные игры"},
		{1 << 11, "лотереи"},
		{1 << 12, "ломбард"},
		{1 << 13, "страхование"},
		{1 << 14, "вендинг"},
		{1 << 15, "общественное питание"},
		{1 << 16, "оптовая торговля"},
	},
	TagMarkingCodeType: {
		{0, "тип не определён"},
		{1, "короткий код"},
		{2, "код с ключом и кодом проверки 88 знаков, проверка в ФН"},
		{3, "код с кодом проверки 44 знака, без проверки в ФН"},
		{4, "код с кодом проверки 44 знака"},
		{5, "код с кодом проверки 4 знака, без проверки в ФН"},
	},
	TagPlannedStatus:   markedStatus,
	TagAssignedStatus:  markedStatus,
	TagCodeCheckResult: markingResults, TagRequestProcessingResult: markingResults, TagMarkingResult: markingResults,
	TagMeasure: {
		{0, "шт."},
		{10, "г"},
		{11, "кг"},
		{12, "т"},
		{20, "см"},
		{21, "дм"},
		{22, "м"},
		{30, "кв. см"},
		{31, "кв. дм"},
		{32, "кв. м"},
		{40, "мл"},
		{41, "л"},
		{42, "куб. м"},
		{50, "кВт·ч"},
		{51, "Гкал"},
		{70, "сутки"},
		{71, "ч"},
		{72, "мин"},
		{73, "с"},
		{80, "Кбайт"},
		{81, "Мбайт"},
		{82, "Гбайт"},
		{83, "Тбайт"},
		{255, "иная единица"},
	},
	TagOismAnswer: {{1, "статус товара корректен"}, {2, "статус товара некорректен"}, {3, "оборот товара приостановлен"}},
}

var markedStatus = []Code{
	{1, "штучный товар реализован"},
	{2, "мерный товар в стадии реализации"},
	{3, "штучный товар возвращён"},
	{4, "часть товара возвращена"},
	{255, "статус не изменился"},
}
