package cli

import (
	"fmt"
	"strings"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Words on screen, docs/glossary.md.

var kindWords = map[fiscalv1.Kind]string{
	fiscalv1.Kind_KIND_SALE: "продажа", fiscalv1.Kind_KIND_SALE_RETURN: "возврат продажи", fiscalv1.Kind_KIND_PURCHASE: "покупка",
	fiscalv1.Kind_KIND_PURCHASE_RETURN: "возврат покупки", fiscalv1.Kind_KIND_CASH_IN: "внесение", fiscalv1.Kind_KIND_CASH_OUT: "изъятие",
	fiscalv1.Kind_KIND_OPEN_SHIFT: "открытие смены", fiscalv1.Kind_KIND_CLOSE_SHIFT: "закрытие смены",
	fiscalv1.Kind_KIND_X_REPORT: "X-отчёт", fiscalv1.Kind_KIND_SETTLEMENT: "отчёт о расчётах",
	fiscalv1.Kind_KIND_REGISTER: "регистрация", fiscalv1.Kind_KIND_REREGISTER: "перерегистрация", fiscalv1.Kind_KIND_CLOSE_ARCHIVE: "закрытие ФН",
}

func kindWord(op *fiscalv1.Operation) string {
	w, ok := kindWords[op.GetKind()]
	if !ok {
		w = op.GetKind().String()
	}
	if op.GetReceipt().GetCorrection() != nil {
		w = "коррекция: " + w
	}
	return w
}

var paperWords = map[fiscalv1.PaperTrack]string{
	fiscalv1.PaperTrack_PAPER_TRACK_PRINTED: "напечатан", fiscalv1.PaperTrack_PAPER_TRACK_OWED: "не допечатан",
	fiscalv1.PaperTrack_PAPER_TRACK_WAIVED: "без печати",
}

var ofdWords = map[fiscalv1.OFDTrack]string{
	fiscalv1.OFDTrack_OFD_TRACK_QUEUED: "в очереди", fiscalv1.OFDTrack_OFD_TRACK_DELIVERED: "доставлен", fiscalv1.OFDTrack_OFD_TRACK_REFUSED: "отказано",
}

// outcomeWord says where the operation stands, for a list.
func outcomeWord(op *fiscalv1.Operation) string {
	switch receipt := op.GetReceipt() != nil; {
	case op.GetOutcome() == fiscalv1.Outcome_OUTCOME_DONE && receipt:
		return "пробит"
	case op.GetOutcome() == fiscalv1.Outcome_OUTCOME_DONE:
		return "выполнено"
	case op.GetOutcome() == fiscalv1.Outcome_OUTCOME_NOT_DONE && receipt:
		return "НЕ пробит"
	case op.GetOutcome() == fiscalv1.Outcome_OUTCOME_NOT_DONE:
		return "НЕ выполнено"
	case op.GetStage() == fiscalv1.Stage_STAGE_NEEDS_PERSON:
		return "требует решения"
	}
	return "выясняется"
}

// sumOf is the operation's sum; empty for kinds without one.
func sumOf(op *fiscalv1.Operation) string {
	switch {
	case op.GetAmount() != 0:
		return fiscal.Money(op.GetAmount()).String()
	case op.GetReceipt() == nil:
		return ""
	case op.GetDocument().GetTotal() != 0:
		return fiscal.Money(op.GetDocument().GetTotal()).String()
	}
	p := op.GetReceipt().GetPayments()
	return fiscal.Money(p.GetCash() + p.GetElectronic() + p.GetPrepaid() + p.GetCredit() + p.GetBarter() - op.GetChange()).String()
}

func fdOf(op *fiscalv1.Operation) string {
	if fd := op.GetDocument().GetFd(); fd != 0 {
		return fmt.Sprint(fd)
	}
	return ""
}

// when writes Unix milliseconds as this computer's time.
func when(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).Format("02.01.2006 15:04:05")
}

// lightOf is the traffic light of a till.
func lightOf(s *fiscalv1.TillState) string {
	if !s.GetOnline() {
		return "НЕТ СВЯЗИ"
	}
	worst := fiscalv1.Severity_SEVERITY_UNSPECIFIED
	for _, p := range s.GetProblems() {
		worst = max(worst, p.GetSeverity())
	}
	switch worst {
	case fiscalv1.Severity_SEVERITY_CRITICAL:
		return "НЕ РАБОТАЕТ"
	case fiscalv1.Severity_SEVERITY_WARNING:
		return "ВНИМАНИЕ"
	case fiscalv1.Severity_SEVERITY_INFO, fiscalv1.Severity_SEVERITY_UNSPECIFIED:
	}
	return "РАБОТАЕТ"
}

var printingWords = map[fiscalv1.Paper]string{
	fiscalv1.Paper_PAPER_READY: "есть", fiscalv1.Paper_PAPER_PRINTING: "печатает", fiscalv1.Paper_PAPER_OUT: "нет бумаги",
	fiscalv1.Paper_PAPER_COVER: "открыта крышка", fiscalv1.Paper_PAPER_CONTINUE: "вставлена, ждёт «Продолжить печать»",
	fiscalv1.Paper_PAPER_ABSENT: "принтер не отвечает",
}

func shiftWord(s *fiscalv1.TillState) string {
	switch {
	case s.GetShift() == 0 && !s.GetShiftOpen():
		return ""
	case s.GetShiftOpen():
		return fmt.Sprintf("№ %d открыта", s.GetShift())
	}
	return fmt.Sprintf("№ %d закрыта", s.GetShift())
}

func problemLine(p *fiscalv1.Problem) string {
	sign := "·"
	switch p.GetSeverity() {
	case fiscalv1.Severity_SEVERITY_CRITICAL:
		sign = "!!"
	case fiscalv1.Severity_SEVERITY_WARNING:
		sign = "!"
	case fiscalv1.Severity_SEVERITY_INFO, fiscalv1.Severity_SEVERITY_UNSPECIFIED:
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", sign, p.GetText(), p.GetTodo()))
}
