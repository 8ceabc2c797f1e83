package shtrih

import (
	"context"
	"errors"
	"fmt"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/shtrih"
)

// Error bytes this driver acts on (Shtrih protocol 1.17, table of errors).
const (
	errFNState       shtrih.ErrorCode = 0x02
	errNoData        shtrih.ErrorCode = 0x08
	errUnsupported   shtrih.ErrorCode = 0x37
	errNotInMode     shtrih.ErrorCode = 0x73
	errClockLost     shtrih.ErrorCode = 0xC0
	errInvalid       shtrih.ErrorCode = 0x5E
	errOtherOperator shtrih.ErrorCode = 0x59
	errDateMismatch  shtrih.ErrorCode = 0x7C
)

// codeOf says in the agent's words what an error byte means.
func codeOf(e shtrih.ErrorCode) string {
	switch e {
	case 0x6B, 0x6C:
		return drivers.CodeNoPaper
	case 0x50:
		return drivers.CodeBusy
	case 0x58:
		return drivers.CodeContinue
	case 0x72, errNotInMode:
		return drivers.CodeMode
	case 0x4E, 0x16:
		return drivers.CodeShiftExpired
	case 0x3C:
		return drivers.CodeShiftOpen
	case 0x3D:
		return drivers.CodeShiftClosed
	case 0x4A, errOtherOperator, errInvalid:
		return drivers.CodeOpenDocument
	case 0x46:
		return drivers.CodeNoCash
	case 0x07, 0x17, errDateMismatch, errClockLost:
		return drivers.CodeClock
	case 0x05, 0x06, 0x12, 0x14, 0x15:
		return drivers.CodeFNBlocked
	case 0x01, errFNState, 0x03, 0x04, 0x11, 0x20, 0x23, 0x24, 0x2F, 0x30, 0x31, 0x32:
		return drivers.CodeFN
	case errUnsupported:
		return drivers.CodeUnsupported
	}
	return drivers.CodeRefused
}

// inconclusive are refusals that do not prove that nothing was committed: the
// till lost the fiscal memory, its power or its mind in the middle, and the
// memory may have finished the document alone.
func inconclusive(e shtrih.ErrorCode) bool {
	switch e {
	case 0x03, 0x2F, 0x30, 0x31, 0x32, 0x39, 0x6A, 0x75:
		return true
	}
	return false
}

var hints = map[string]string{
	drivers.CodeLink:         "Касса не отвечает. Проверьте питание и кабель.",
	drivers.CodeBusy:         "Касса ещё печатает. Подождите.",
	drivers.CodeNoPaper:      "Нет бумаги. Вставьте рулон и закройте крышку.",
	drivers.CodeCoverOpen:    "Открыта крышка. Закройте её до щелчка.",
	drivers.CodeContinue:     "Бумага вставлена, касса ждёт «Продолжить печать».",
	drivers.CodeMode:         "Касса в другом режиме.",
	drivers.CodeShiftExpired: "Смена длится больше 24 часов. Закройте смену.",
	drivers.CodeShiftClosed:  "Смена закрыта. Откройте смену.",
	drivers.CodeShiftOpen:    "Смена открыта. Сначала закройте смену.",
	drivers.CodeFN:           "Фискальный накопитель не отвечает или отказал.",
	drivers.CodeFNBlocked:    "Фискальный накопитель заблокирован: срок, ресурс или 30 дней без передачи в ОФД.",
	drivers.CodeClock:        "Часы кассы и фискального накопителя расходятся или дата не подтверждена.",
	drivers.CodeNoCash:       "В денежном ящике меньше, чем нужно выдать.",
	drivers.CodeRefused:      "Касса отказала.",
	drivers.CodeStuck:        "Касса ждёт команды выхода из режима.",
	drivers.CodeOpenDocument: "В кассе открыт документ.",
	drivers.CodeUnsupported:  "Касса этого не умеет.",
	drivers.CodeGone:         "Порт кассы пропал: выдернут кабель или касса выключена.",
	drivers.CodeInUse:        "Порт кассы занят другой программой.",
	drivers.CodeOFDAnswer:    "Фискальный накопитель не принял ответ ОФД. Документ будет передан ещё раз.",
}

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

// committed explains the failure of a committing command.
func committed(op string, err error) error { return explain(op, err) }

// explain turns any error of a command into the driver's.
func explain(op string, err error) *drivers.Error {
	var done *drivers.Error
	var refusal *shtrih.DeviceError
	var fault *linkError
	switch {
	case errors.As(err, &done):
		e := *done
		e.Op = op
		return &e
	case errors.As(err, &refusal):
		outcome := fiscal.NotDone
		if inconclusive(refusal.Err) {
			outcome = fiscal.Unknown
		}
		e := failure(op, codeOf(refusal.Err), outcome, err)
		e.Vendor = int(refusal.Err)
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

// isRefusal tells whether the till itself answered with one of these errors, or
// with any error when none is named.
func isRefusal(err error, codes ...shtrih.ErrorCode) bool {
	var refusal *shtrih.DeviceError
	if !errors.As(err, &refusal) {
		return false
	}
	for _, c := range codes {
		if refusal.Err == c {
			return true
		}
	}
	return len(codes) == 0
}

// get asks and asserts the shape of the answer.
func get[A shtrih.Answer](ctx context.Context, t *Till, request shtrih.Request) (A, error) {
	answer, err := t.ask(ctx, request)
	if err != nil {
		var none A
		return none, err
	}
	a, ok := answer.(A)
	if !ok {
		return a, maybe(fmt.Errorf("answer to %v has the shape %T", request.Code(), answer))
	}
	return a, nil
}
