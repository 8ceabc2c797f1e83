package shtrih

import "fmt"

// ErrorCode is the error byte of an answer. The numbers are those of devices
// with a fiscal memory (capability bit 43); older devices gave some of them
// other meanings.
type ErrorCode byte

// Error codes a program decides by; [ErrorCode.String] knows the rest.
const (
	ErrNone              ErrorCode = 0x00
	ErrFNUnknownCommand  ErrorCode = 0x01
	ErrFNWrongState      ErrorCode = 0x02
	ErrFNFailure         ErrorCode = 0x03
	ErrFNCrypto          ErrorCode = 0x04
	ErrFNExpired         ErrorCode = 0x05
	ErrFNFull            ErrorCode = 0x06
	ErrFNBadTime         ErrorCode = 0x07
	ErrFNNoData          ErrorCode = 0x08
	ErrFNBadParameter    ErrorCode = 0x09
	ErrFNTLVTooLong      ErrorCode = 0x10
	ErrFNNoTransport     ErrorCode = 0x11
	ErrFNCryptoUsedUp    ErrorCode = 0x12
	ErrFNStorage         ErrorCode = 0x14
	ErrFNOFDOverdue      ErrorCode = 0x15
	ErrFNShiftExpired    ErrorCode = 0x16
	ErrFNClock           ErrorCode = 0x17
	ErrFNOFDRejected     ErrorCode = 0x20
	ErrFNTimeout         ErrorCode = 0x2F
	ErrFNSilent          ErrorCode = 0x30
	ErrFNFormat          ErrorCode = 0x31
	ErrFNCRC             ErrorCode = 0x32
	ErrBadParameters     ErrorCode = 0x33
	ErrNoData            ErrorCode = 0x34
	ErrBadSetting        ErrorCode = 0x35
	ErrBadForModel       ErrorCode = 0x36
	ErrNotSupported      ErrorCode = 0x37
	ErrROM               ErrorCode = 0x38
	ErrInternal          ErrorCode = 0x39
	ErrShiftOpen         ErrorCode = 0x3C
	ErrShiftNotOpen      ErrorCode = 0x3D
	ErrPaymentShort      ErrorCode = 0x45
	ErrCashShort         ErrorCode = 0x46
	ErrReceiptKind       ErrorCode = 0x49
	ErrReceiptOpen       ErrorCode = 0x4A
	ErrReceiptFull       ErrorCode = 0x4B
	ErrCashlessOver      ErrorCode = 0x4D
	ErrShiftExpired      ErrorCode = 0x4E
	ErrPassword          ErrorCode = 0x4F
	ErrBusyPrinting      ErrorCode = 0x50
	ErrReceiptClosed     ErrorCode = 0x55
	ErrNothingToRepeat   ErrorCode = 0x56
	ErrAwaitContinue     ErrorCode = 0x58
	ErrOtherOperator     ErrorCode = 0x59
	ErrNoTable           ErrorCode = 0x5D
	ErrInvalidOperation  ErrorCode = 0x5E
	ErrNegativeTotal     ErrorCode = 0x5F
	ErrPowerWhileReply   ErrorCode = 0x6A
	ErrNoPaper           ErrorCode = 0x6B
	ErrNoJournalPaper    ErrorCode = 0x6C
	ErrCutter            ErrorCode = 0x71
	ErrWrongSubmode      ErrorCode = 0x72
	ErrWrongMode         ErrorCode = 0x73
	ErrRAM               ErrorCode = 0x74
	ErrPower             ErrorCode = 0x75
	ErrFirmwareChanged   ErrorCode = 0x78
	ErrFMChanged         ErrorCode = 0x79
	ErrFieldFixed        ErrorCode = 0x7A
	ErrHardware          ErrorCode = 0x7B
	ErrDateMismatch      ErrorCode = 0x7C
	ErrBadDate           ErrorCode = 0x7D
	ErrWrongLength       ErrorCode = 0x7E
	ErrTotalOverflow     ErrorCode = 0x7F
	ErrZeroTotal         ErrorCode = 0x8E
	ErrNotFiscalised     ErrorCode = 0x8F
	ErrRAMRestored       ErrorCode = 0x93
	ErrTooManyOperations ErrorCode = 0x94
	ErrZReportDue        ErrorCode = 0x96
	ErrMarkingForbidden  ErrorCode = 0xA0
	ErrMarkingOrder      ErrorCode = 0xA1
	ErrMarkingBlocked    ErrorCode = 0xA2
	ErrMarkingFull       ErrorCode = 0xA3
	ErrTLVMissing        ErrorCode = 0xA4
	ErrMarkingUnchecked  ErrorCode = 0xA5
	ErrConfirmClock      ErrorCode = 0xC0
	ErrShiftNumbers      ErrorCode = 0xC4
	ErrFieldModeFixed    ErrorCode = 0xC7
	ErrNoPrinter         ErrorCode = 0xC8
	ErrWrongSubtotal     ErrorCode = 0xCB
	ErrMemoryUsedUp      ErrorCode = 0xCE
	ErrClockReset        ErrorCode = 0xCF
	ErrAuthentication    ErrorCode = 0xD5
)

// errorTexts: the English name for logs, the Russian text for the cashier and
// the technician.
var errorTexts = map[ErrorCode]struct{ english, russian string }{
	0x00: {"no error", "Ошибок нет"},
	0x01: {"FN: unknown command or format", "ФН: неизвестная команда или неверный формат"},
	0x02: {"FN: wrong state", "ФН: неверное состояние — команда сейчас недопустима"},
	0x03: {"FN: failure", "ФН: неисправность фискального накопителя"},
	0x04: {"FN: crypto processor failure", "ФН: неисправность криптографического сопроцессора"},
	0x05: {"FN: lifetime over", "ФН: закончился срок эксплуатации, замените накопитель"},
	0x06: {"FN: archive full", "ФН: архив переполнен, замените накопитель"},
	0x07: {"FN: wrong date or time", "ФН: неверные дата или время, проверьте часы кассы"},
	0x08: {"FN: no such data", "ФН: запрошенных данных нет"},
	0x09: {"FN: wrong parameter value", "ФН: недопустимое значение параметра (например, незарегистрированная система налогообложения)"},
	0x10: {"FN: tags too long", "ФН: превышен размер передаваемых реквизитов"},
	0x11: {"FN: no transport to the OFD", "ФН: нет транспортного соединения с ОФД"},
	0x12: {"FN: crypto resource used up", "ФН: исчерпан ресурс криптографического сопроцессора"},
	0x14: {"FN: storage exhausted", "ФН: память для непереданных документов исчерпана, нужна связь с ОФД"},
	0x15: {"FN: oldest message over 30 days", "ФН: документ не передан в ОФД более 30 дней, нужна связь с ОФД"},
	0x16: {"FN: shift over 24 hours", "ФН: смена длится более 24 часов, закройте смену"},
	0x17: {"FN: clock differs from the FN timer", "ФН: часы кассы расходятся с накопителем более чем на 5 минут"},
	0x20: {"FN: OFD message rejected", "ФН: сообщение ОФД отвергнуто"},
	0x23: {"FN: key update service refused", "ФН: сервер обновления ключей ответил отказом"},
	0x24: {"FN: key update service answer unknown", "ФН: неизвестный ответ сервера обновления ключей"},
	0x2F: {"FN: exchange timeout", "ФН не отвечает: истекло время обмена"},
	0x30: {"FN does not answer", "ФН не отвечает"},
	0x31: {"FN: wrong exchange format", "ФН: неверный формат обмена"},
	0x32: {"FN: wrong exchange checksum", "ФН: ошибка контрольной суммы обмена"},
	0x33: {"wrong parameters", "Неверные параметры команды"},
	0x34: {"no data", "Нет данных"},
	0x35: {"wrong parameter for the settings", "Параметр недопустим при таких настройках кассы"},
	0x36: {"wrong parameters for the model", "Параметры недопустимы для этой модели кассы"},
	0x37: {"command not supported", "Команда не поддерживается этой моделью кассы"},
	0x38: {"ROM error", "Ошибка постоянной памяти кассы"},
	0x39: {"internal software error", "Внутренняя ошибка программы кассы"},
	0x3A: {"charges in shift overflow", "Переполнение накопления по надбавкам в смене"},
	0x3C: {"shift open, impossible", "Смена открыта — операция невозможна"},
	0x3D: {"shift not open, impossible", "Смена не открыта — операция невозможна"},
	0x3E: {"sections in shift overflow", "Переполнение накопления по отделам в смене"},
	0x3F: {"discounts in shift overflow", "Переполнение накопления по скидкам в смене"},
	0x40: {"discount range overflow", "Переполнение диапазона скидок"},
	0x41: {"cash payment overflow", "Переполнение диапазона оплаты наличными"},
	0x42: {"payment 2 overflow", "Переполнение диапазона оплаты типом 2"},
	0x43: {"payment 3 overflow", "Переполнение диапазона оплаты типом 3"},
	0x44: {"payment 4 overflow", "Переполнение диапазона оплаты типом 4"},
	0x45: {"payments less than the total", "Сумма оплат меньше итога чека"},
	0x46: {"not enough cash", "Не хватает наличности в кассе"},
	0x47: {"tax in shift overflow", "Переполнение накопления по налогам в смене"},
	0x48: {"receipt total overflow", "Переполнение итога чека"},
	0x49: {"impossible in a receipt of this type", "Операция невозможна в открытом чеке данного типа"},
	0x4A: {"receipt open, impossible", "Открыт чек — операция невозможна"},
	0x4B: {"receipt buffer full", "Буфер чека переполнен"},
	0x4C: {"tax turnover in shift overflow", "Переполнение накопления по обороту налогов в смене"},
	0x4D: {"cashless payments over the total", "Безналичная оплата больше суммы чека"},
	0x4E: {"shift over 24 hours", "Смена длится более 24 часов, закройте смену"},
	0x4F: {"wrong password", "Неверный пароль"},
	0x50: {"still printing the previous command", "Идёт печать предыдущей команды, подождите"},
	0x51: {"cash in shift overflow", "Переполнение накоплений наличными в смене"},
	0x52: {"payment 2 in shift overflow", "Переполнение накоплений по типу оплаты 2 в смене"},
	0x53: {"payment 3 in shift overflow", "Переполнение накоплений по типу оплаты 3 в смене"},
	0x54: {"payment 4 in shift overflow", "Переполнение накоплений по типу оплаты 4 в смене"},
	0x55: {"receipt closed, impossible", "Чек закрыт — операция невозможна"},
	0x56: {"nothing to repeat", "Нет документа для повтора"},
	0x58: {"waiting for continue print", "Касса ожидает команды продолжения печати"},
	0x59: {"document opened by another operator", "Документ открыт другим оператором"},
	0x5A: {"discount over the accumulations", "Скидка превышает накопления в чеке"},
	0x5B: {"charge range overflow", "Переполнение диапазона надбавок"},
	0x5C: {"24 V too low", "Понижено напряжение 24 В"},
	0x5D: {"table not defined", "Таблица не определена"},
	0x5E: {"invalid operation", "Неверная операция"},
	0x5F: {"negative receipt total", "Отрицательный итог чека"},
	0x60: {"multiplication overflow", "Переполнение при умножении"},
	0x61: {"price overflow", "Переполнение диапазона цены"},
	0x62: {"quantity overflow", "Переполнение диапазона количества"},
	0x63: {"department overflow", "Недопустимый номер отдела"},
	0x65: {"not enough money in the section", "Не хватает денег в отделе"},
	0x66: {"section overflow", "Переполнение денег в отделе"},
	0x68: {"not enough money by tax turnovers", "Не хватает денег по обороту налогов"},
	0x69: {"tax turnovers overflow", "Переполнение денег по обороту налогов"},
	0x6A: {"power error while answering", "Ошибка питания в момент ответа кассы"},
	0x6B: {"no receipt paper", "Нет чековой ленты, вставьте бумагу"},
	0x6C: {"no journal paper", "Нет контрольной ленты"},
	0x6D: {"not enough money by tax", "Не хватает денег по налогу"},
	0x6E: {"tax overflow", "Переполнение денег по налогу"},
	0x6F: {"payout in shift overflow", "Переполнение по выплате в смене"},
	0x71: {"cutter error", "Ошибка отрезчика бумаги"},
	0x72: {"not in this submode", "Команда невозможна: проверьте бумагу и крышку, дождитесь конца печати"},
	0x73: {"not in this mode", "Команда невозможна в текущем режиме кассы"},
	0x74: {"RAM error", "Ошибка оперативной памяти кассы"},
	0x75: {"power error", "Ошибка питания"},
	0x76: {"printer: no tachogenerator signal", "Ошибка печатающего устройства: нет импульсов тахогенератора"},
	0x77: {"printer: no sensor signal", "Ошибка печатающего устройства: нет сигнала датчиков"},
	0x78: {"firmware changed", "Прошивка кассы заменена, нужен технологический сброс"},
	0x79: {"fiscal memory changed", "Накопитель заменён, нужен технологический сброс"},
	0x7A: {"field not editable", "Поле таблицы не редактируется"},
	0x7B: {"hardware error", "Ошибка оборудования"},
	0x7C: {"date mismatch", "Дата не совпадает с установленной"},
	0x7D: {"wrong date format", "Неверный формат даты"},
	0x7E: {"wrong length", "Неверное значение в поле длины"},
	0x7F: {"receipt total overflow", "Переполнение диапазона итога чека"},
	0x84: {"cash overflow", "Переполнение наличности"},
	0x85: {"sales in shift overflow", "Переполнение по продажам в смене"},
	0x86: {"purchases in shift overflow", "Переполнение по покупкам в смене"},
	0x87: {"sale returns in shift overflow", "Переполнение по возвратам продаж в смене"},
	0x88: {"purchase returns in shift overflow", "Переполнение по возвратам покупок в смене"},
	0x89: {"cash in overflow", "Переполнение по внесению в смене"},
	0x8A: {"charges in receipt overflow", "Переполнение по надбавкам в чеке"},
	0x8B: {"discounts in receipt overflow", "Переполнение по скидкам в чеке"},
	0x8C: {"negative charges in receipt", "Отрицательный итог надбавки в чеке"},
	0x8D: {"negative discounts in receipt", "Отрицательный итог скидки в чеке"},
	0x8E: {"zero receipt total", "Нулевой итог чека"},
	0x8F: {"not fiscalised", "Касса не зарегистрирована"},
	0x90: {"field over the print width", "Поле превышает размер, установленный в настройках печати"},
	0x91: {"outside the print area", "Выход за границу поля печати"},
	0x92: {"print fields overlap", "Наложение полей печати"},
	0x93: {"RAM restored", "Оперативная память восстановлена успешно"},
	0x94: {"operation limit in receipt", "Исчерпан лимит операций в чеке"},
	0x96: {"make a Z report", "Закройте смену"},
	0x9B: {"goods base: wrong action", "База товаров: некорректное действие"},
	0x9C: {"goods base: no such item", "База товаров: товар не найден"},
	0x9D: {"goods base: wrong data", "База товаров: неверные данные"},
	0x9E: {"goods base: wrong size", "База товаров: неверный размер"},
	0xA0: {"marking not allowed", "Работа с маркированным товаром запрещена"},
	0xA1: {"wrong order of marking commands", "Нарушена последовательность команд проверки кода маркировки"},
	0xA2: {"marking temporarily blocked", "Работа с маркированным товаром временно заблокирована"},
	0xA3: {"marking table full", "Таблица кодов маркировки переполнена (128)"},
	0xA4: {"required tag missing", "Нет обязательного реквизита"},
	0xA5: {"marking code not checked", "Код маркировки не был проверен"},
	0xAA: {"required tag missing", "Нет обязательного реквизита"},
	0xAC: {"marking code not checked", "Код маркировки не был проверен"},
	0xC0: {"confirm date and time", "Подтвердите дату и время кассы"},
	0xC2: {"supply overvoltage", "Превышение напряжения питания"},
	0xC4: {"shift numbers of till and FN differ", "Номера смен кассы и накопителя не совпадают"},
	0xC7: {"field not editable in this mode", "Поле таблицы не редактируется в этом режиме"},
	0xC8: {"no link with the printer", "Нет связи с принтером кассы"},
	0xC9: {"print head overheated", "Перегрев печатающей головки, подождите"},
	0xCA: {"temperature out of range", "Температура вне условий эксплуатации"},
	0xCB: {"wrong subtotal", "Неверный подытог чека"},
	0xCE: {"memory used up", "Исчерпана память кассы"},
	0xCF: {"clock was reset", "Часы кассы сброшены, установите время"},
	0xD1: {"no buffered documents", "Нет документов в буфере"},
	0xD2: {"modem error", "Ошибка модема"},
	0xD3: {"marking codes not produced", "Коды маркировки не предъявлены"},
	0xD4: {"marking code is counterfeit", "Код маркировки подделан"},
	0xD5: {"authentication", "Ошибка авторизации; если касса не печатает — выключите и включите её"},
	0xE0: {"bill acceptor: no link", "Купюроприёмник: нет связи"},
	0xE1: {"bill acceptor: busy", "Купюроприёмник занят"},
	0xE2: {"bill acceptor: receipt total mismatch", "Купюроприёмник: итог чека не совпадает"},
	0xE3: {"bill acceptor: error", "Ошибка купюроприёмника"},
	0xE4: {"bill acceptor: total not zero", "Купюроприёмник: итог не нулевой"},
}

// Known tells whether the code has a text here.
func (e ErrorCode) Known() bool { _, ok := errorTexts[e]; return ok }

// Hex writes the code as technicians do: 6Bh.
func (e ErrorCode) Hex() string { return fmt.Sprintf("%02Xh", byte(e)) }

// String is the English name with the number; an unknown code keeps its
// number.
func (e ErrorCode) String() string {
	if t, ok := errorTexts[e]; ok {
		return fmt.Sprintf("%s (%s)", t.english, e.Hex())
	}
	return fmt.Sprintf("unknown error (%s)", e.Hex())
}

// Russian is the text for the cashier and the technician.
func (e ErrorCode) Russian() string {
	if t, ok := errorTexts[e]; ok {
		return t.russian
	}
	return "Неизвестная ошибка кассы " + e.Hex()
}
