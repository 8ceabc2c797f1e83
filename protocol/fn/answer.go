package fn

import (
	"errors"
	"fmt"
)

// WarningBit in the first byte of an answer says that some [Warnings] bit is
// set; it is no part of the code.
const WarningBit = 0x80

// Code is the code of an answer, without the warning bit. A code other than
// [OK] is an error.
type Code byte

// Answer codes (FN interface 1.2, table of answers).
const (
	OK              Code = 0x00
	ErrCommand      Code = 0x01 // unknown command, wrong format or length
	ErrState        Code = 0x02 // phase, shift or document in preparation
	ErrFailure      Code = 0x03
	ErrCrypto       Code = 0x04
	ErrExpired      Code = 0x05
	ErrFull         Code = 0x06
	ErrTime         Code = 0x07
	ErrNoData       Code = 0x08 // also the end of an iteration
	ErrParameter    Code = 0x09
	ErrTLVSize      Code = 0x10
	ErrNoLink       Code = 0x11
	ErrCryptoUsedUp Code = 0x12
	ErrStorage      Code = 0x14
	ErrThirtyDays   Code = 0x15
	ErrShiftLong    Code = 0x16
	ErrClock        Code = 0x17
	ErrMessage      Code = 0x20 // data: a [MessageReason]
)

// Answer codes that came with FFD 1.1 and 1.2. Second hand.
const (
	ErrIncomplete       Code = 0x0A // parameters missing
	ErrTagNotAllowed    Code = 0x0B // in this command
	ErrTagTwice         Code = 0x0C
	ErrTagMissing       Code = 0x0D
	ErrTooManyItems     Code = 0x0E
	ErrTagLength        Code = 0x18
	ErrTagContradicts   Code = 0x19 // the registration
	ErrKeysRefused      Code = 0x23
	ErrKeysUnknown      Code = 0x24
	ErrKeysRepeat       Code = 0x30
	ErrMarkingForbidden Code = 0x32
	ErrMarkingOrder     Code = 0x33
	ErrMarkingBlocked   Code = 0x34
	ErrMarkingFull      Code = 0x35
)

var codeTexts = map[Code]string{
	OK:                  "выполнено",
	ErrCommand:          "ФН не знает такой команды или её параметров",
	ErrState:            "команда не подходит к состоянию ФН: фаза жизни, смена или начатый документ",
	ErrFailure:          "отказ ФН",
	ErrCrypto:           "отказ криптографического сопроцессора ФН",
	ErrExpired:          "срок службы ФН закончился",
	ErrFull:             "архив ФН заполнен",
	ErrTime:             "дата или время не годятся: раньше последнего документа",
	ErrNoData:           "таких данных в ФН нет",
	ErrParameter:        "недопустимое значение параметра",
	ErrIncomplete:       "переданы не все параметры",
	ErrTagNotAllowed:    "такой реквизит в этом документе не передают",
	ErrTagTwice:         "реквизит передан дважды",
	ErrTagMissing:       "не передан обязательный реквизит",
	ErrTooManyItems:     "в чеке слишком много предметов расчёта",
	ErrTLVSize:          "данных документа больше, чем вмещает ФН: документ надо отменить",
	ErrNoLink:           "нет связи с оператором фискальных данных",
	ErrCryptoUsedUp:     "исчерпан ресурс криптографии ФН: закройте смену и фискальный режим",
	ErrStorage:          "исчерпано место для неотправленных документов: передайте их оператору",
	ErrThirtyDays:       "самый старый неотправленный документ старше 30 дней: передайте документы оператору",
	ErrShiftLong:        "смена длится больше 24 часов: закройте смену",
	ErrClock:            "часы кассы разошлись с часами ФН больше чем на 5 минут",
	ErrTagLength:        "неверная длина реквизита",
	ErrTagContradicts:   "реквизит противоречит регистрации кассы",
	ErrMessage:          "сообщение оператора отклонено",
	ErrKeysRefused:      "сервис ключей проверки отказал",
	ErrKeysUnknown:      "непонятный ответ сервиса ключей проверки",
	ErrKeysRepeat:       "обновление ключей проверки надо повторить",
	ErrMarkingForbidden: "работа с маркировкой не разрешена",
	ErrMarkingOrder:     "нарушен порядок команд маркировки",
	ErrMarkingBlocked:   "работа с маркировкой заблокирована: передайте уведомления",
	ErrMarkingFull:      "таблица проверенных кодов маркировки заполнена",
}

// Text is what a cashier is told, in Russian.
func (c Code) Text() string {
	if s, ok := codeTexts[c]; ok {
		return s
	}
	return fmt.Sprintf("неизвестный ответ ФН %02Xh", byte(c))
}

// String reads "02h команда не подходит …".
func (c Code) String() string { return fmt.Sprintf("%02Xh %s", byte(c), c.Text()) }

// MessageReason says why a message of the operator was rejected (26h).
type MessageReason byte

// Reasons.
const (
	ReasonSign   MessageReason = 1
	ReasonFormat MessageReason = 2
	ReasonFD     MessageReason = 3
	ReasonFN     MessageReason = 4
	ReasonCRC    MessageReason = 5
)

// Text is the reason in Russian.
func (r MessageReason) Text() string {
	switch r {
	case ReasonSign:
		return "неверный фискальный признак"
	case ReasonFormat:
		return "неверный формат"
	case ReasonFD:
		return "неверный номер документа"
	case ReasonFN:
		return "неверный номер ФН"
	case ReasonCRC:
		return "неверная контрольная сумма"
	}
	return fmt.Sprintf("причина %d", byte(r))
}

// When encoding and decoding.
var (
	// ErrValue: a field does not fit its place on the wire.
	ErrValue = errors.New("fn: value does not fit")
	// ErrUnknown: the value is no request or answer of this package.
	ErrUnknown = errors.New("fn: not a message of this protocol")
	// ErrMalformed: the bytes do not have the layout of the message.
	ErrMalformed = errors.New("fn: malformed message")
)

// Refusal is an answer whose code is not [OK].
type Refusal struct {
	Command Command
	Code    Code
	Warning bool   // the warning bit
	Data    []byte // for 20h the reason
}

// Error reads "fn: 16h form receipt: 16h смена длится …".
func (r *Refusal) Error() string {
	s := fmt.Sprintf("fn: %v: %v", r.Command, r.Code)
	if reason, ok := r.Reason(); ok {
		s += ": " + reason.Text()
	}
	return s
}

// Reason is why the operator's message was rejected.
func (r *Refusal) Reason() (MessageReason, bool) {
	if r.Code != ErrMessage || len(r.Data) == 0 {
		return 0, false
	}
	return MessageReason(r.Data[0]), true
}

// Encode is the answer message of the refusal.
func (r *Refusal) Encode() []byte {
	first := byte(r.Code) &^ WarningBit
	if r.Warning {
		first |= WarningBit
	}
	return append([]byte{first}, r.Data...)
}

// AsRefusal finds the refusal of an accumulator in an error.
func AsRefusal(err error) (*Refusal, bool) { return errors.AsType[*Refusal](err) }
