package fnprint

import (
	"errors"
	"fmt"
	"slices"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/fn"
)

var hints = map[string]string{
	drivers.CodeLink:          "Фискальный накопитель не отвечает. Проверьте питание и кабель.",
	drivers.CodeBusy:          "Принтер ещё печатает. Подождите.",
	drivers.CodeNoPaper:       "Нет бумаги. Вставьте рулон и закройте крышку.",
	drivers.CodeCoverOpen:     "Открыта крышка принтера. Закройте её до щелчка.",
	drivers.CodeContinue:      "Чек не допечатан, касса ждёт «Продолжить печать».",
	drivers.CodeMode:          "Фискальный накопитель в другом состоянии.",
	drivers.CodeShiftExpired:  "Смена длится больше 24 часов. Закройте смену.",
	drivers.CodeShiftClosed:   "Смена закрыта. Откройте смену.",
	drivers.CodeShiftOpen:     "Смена открыта. Сначала закройте смену.",
	drivers.CodeFN:            "Фискальный накопитель отказал.",
	drivers.CodeFNBlocked:     "Фискальный накопитель заблокирован: срок, ресурс или 30 дней без передачи в ОФД.",
	drivers.CodeClock:         "Часы компьютера и фискального накопителя расходятся. Установите время компьютера.",
	drivers.CodeNoCash:        "В денежном ящике меньше, чем нужно выдать.",
	drivers.CodeRefused:       "Касса отказала.",
	drivers.CodeStuck:         "В фискальном накопителе начат и не закончен служебный документ.",
	drivers.CodeOpenDocument:  "В фискальном накопителе открыт документ.",
	drivers.CodeUnsupported:   "Касса этого не умеет.",
	drivers.CodeGone:          "Порт пропал: выдернут кабель или нет питания.",
	drivers.CodeInUse:         "Порт занят другой программой.",
	drivers.CodeOFDAnswer:     "Фискальный накопитель не принял ответ оператора.",
	drivers.CodePrinter:       "Принтер чеков не отвечает или неисправен.",
	drivers.CodeNotRegistered: "Касса не зарегистрирована.",
	drivers.CodeRegistered:    "Касса уже зарегистрирована.",
	drivers.CodeFormat:        "Документ составлен не по формату или не разрешён регистрацией кассы.",
}

// linkError is a failure of the fiscal memory's cable, not of the memory.
type linkError struct {
	// sent tells that the memory may have got the command. When it is false it
	// has certainly not.
	sent bool
	err  error
}

func (e *linkError) Error() string { return e.err.Error() }
func (e *linkError) Unwrap() error { return e.err }

func notSent(err error) error { return &linkError{sent: false, err: err} }
func maybe(err error) error   { return &linkError{sent: true, err: err} }

// codeOf says in the agent's words what an answer code means.
func codeOf(code fn.Code) string {
	switch code {
	case fn.ErrExpired, fn.ErrFull, fn.ErrCryptoUsedUp, fn.ErrStorage, fn.ErrThirtyDays:
		return drivers.CodeFNBlocked
	case fn.ErrTime, fn.ErrClock:
		return drivers.CodeClock
	case fn.ErrParameter, fn.ErrIncomplete, fn.ErrTagNotAllowed, fn.ErrTagTwice, fn.ErrTagMissing, fn.ErrTooManyItems, fn.ErrTLVSize,
		fn.ErrTagLength, fn.ErrTagContradicts:
		return drivers.CodeFormat
	case fn.ErrShiftLong:
		return drivers.CodeShiftExpired
	case fn.ErrMessage:
		return drivers.CodeOFDAnswer
	case fn.ErrCommand, fn.ErrState, fn.ErrFailure, fn.ErrCrypto, fn.ErrNoData, fn.ErrNoLink:
		return drivers.CodeFN
	}
	return drivers.CodeRefused
}

// inconclusive are refusals that do not prove that nothing was formed: the
// memory failed in the middle.
func inconclusive(code fn.Code) bool { return code == fn.ErrFailure || code == fn.ErrCrypto }

func failure(op, code string, outcome fiscal.Outcome, err error) *drivers.Error {
	return &drivers.Error{Op: op, Code: code, Outcome: outcome, Hint: hints[code], Err: err}
}

func refuse(op, code, format string, args ...any) *drivers.Error {
	return failure(op, code, fiscal.NotDone, fmt.Errorf(format, args...))
}

// prepared explains the failure of a read, or of a step before the committing
// one: whatever happened to the step, the effect asked for did not happen.
func prepared(op string, err error) error {
	e := explain(op, err)
	e.Outcome = fiscal.NotDone
	return e
}

// explain turns any error of a command into the driver's.
func explain(op string, err error) *drivers.Error {
	var done *drivers.Error
	var fault *linkError
	no, isRefusal := fn.AsRefusal(err)
	switch {
	case errors.As(err, &done):
		e := *done
		e.Op = op
		return &e
	case isRefusal:
		outcome := fiscal.NotDone
		if inconclusive(no.Code) {
			outcome = fiscal.Unknown
		}
		e := failure(op, codeOf(no.Code), outcome, err)
		e.Vendor = int(no.Code)
		return e
	case errors.As(err, &fault) && !fault.sent:
		return failure(op, linkCode(err), fiscal.NotDone, err)
	}
	return failure(op, linkCode(err), fiscal.Unknown, err)
}

func linkCode(err error) string {
	switch {
	case errors.Is(err, wire.ErrBusy):
		return drivers.CodeInUse
	case errors.Is(err, wire.ErrGone), errors.Is(err, wire.ErrAbsent), errors.Is(err, wire.ErrClosed), errors.Is(err, wire.ErrDenied):
		return drivers.CodeGone
	}
	return drivers.CodeLink
}

// refused tells whether the memory itself answered with one of these codes, or
// with any when none is named.
func refused(err error, codes ...fn.Code) bool {
	no, ok := fn.AsRefusal(err)
	return ok && (len(codes) == 0 || slices.Contains(codes, no.Code))
}
