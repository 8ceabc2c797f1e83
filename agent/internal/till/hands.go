package till

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/agent/internal/recovery"
	"github.com/chekan-io/chekan/drivers"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// hands lends the till to the ladder for the time of one run, on the till's
// own goroutine.
type hands struct {
	t  *Till
	id string // of the run: key of the operations it makes
	// desk is called when nothing helped; may be nil.
	desk Desk
	// decision and decider are for ACTION_DECIDE.
	decision *fiscalv1.Decision
	decider  string
	// reason and by are for ACTION_SUSPEND.
	reason, by string
	// courier is for ACTION_RESEND_OFD.
	courier Courier
}

var _ recovery.Hands = hands{}

// Desk is whom the ladder calls when nothing helped.
type Desk interface {
	// Call opens a ticket with the run so far and gives its id and a sentence in
	// Russian about where it is. A till has one open ticket for one cause, which
	// is a code of package health; text says the same to people.
	Call(ctx context.Context, run *fiscalv1.Run, cause, text string) (id, said string, err error)
}

// SetDesk says whom to call; before Run.
func (f *Fleet) SetDesk(d Desk) { f.desk = d }

func (h hands) Works() bool {
	for _, p := range health.Of(h.t.picture()) {
		if p.Words().Severity >= health.Critical || p.Code == health.CodePaperOwed || p.Code == drivers.CodeContinue {
			return false
		}
	}
	return !h.t.read.IsZero()
}

func (h hands) Read(ctx context.Context) (string, error) {
	if err := h.t.refresh(ctx); err != nil {
		return problemOf(err).Words().Text, err
	}
	s := h.t.status
	shift := "закрыта"
	if s.ShiftOpen {
		shift = "открыта"
	}
	return fmt.Sprintf("Смена %d %s, последний документ ФД %d, %s.", s.Shift, shift, s.LastFD, paperWords[s.Paper]), nil
}

var paperWords = map[drivers.Paper]string{
	drivers.PaperReady: "бумага есть", drivers.PaperPrinting: "идёт печать", drivers.PaperOut: "бумаги нет",
	drivers.PaperCover: "открыта крышка", drivers.PaperContinue: "ждёт продолжения печати",
	drivers.PaperAbsent: "принтер не отвечает",
}

// paperCodes are the problems of paper that only a person ends.
var paperCodes = map[drivers.Paper]string{
	drivers.PaperOut: drivers.CodeNoPaper, drivers.PaperCover: drivers.CodeCoverOpen, drivers.PaperAbsent: drivers.CodePrinter,
}

func (h hands) WaitWhileBusy(ctx context.Context) (string, error) {
	if h.t.failure == nil && h.t.status.Paper != drivers.PaperPrinting {
		return "Касса не печатает.", recovery.ErrNotNeeded
	}
	for h.t.refresh(ctx) == nil && h.t.status.Paper == drivers.PaperPrinting {
		if !pause(ctx, settleFirst) {
			return "Касса всё ещё печатает.", ctx.Err()
		}
	}
	if h.t.failure != nil {
		return problemOf(h.t.failure).Words().Text, h.t.failure
	}
	return "Печать закончена.", nil
}

func (h hands) TakePending(ctx context.Context) (string, error) {
	if h.t.open == nil {
		return "Незавершённых операций нет.", recovery.ErrNotNeeded
	}
	return h.Settle(ctx)
}

func (h hands) Settle(ctx context.Context) (string, error) {
	p := h.t.open
	if p == nil {
		return "Незавершённых операций нет.", recovery.ErrNotNeeded
	}
	h.t.trySettle(ctx)
	if h.t.open != nil {
		return p.operation().GetText(), errStillUnknown
	}
	return p.operation().GetText(), nil
}

func (h hands) FinishPrint(ctx context.Context) (string, error) {
	t := h.t
	if t.failure != nil {
		return problemOf(t.failure).Words().Text, t.failure
	}
	switch t.status.Paper {
	case drivers.PaperReady:
		return "Допечатывать нечего.", recovery.ErrNotNeeded
	case drivers.PaperOut, drivers.PaperCover, drivers.PaperAbsent:
		w := health.Problem{Code: paperCodes[t.status.Paper]}.Words()
		return w.Text + " " + w.Todo, errNoPaper
	case drivers.PaperPrinting, drivers.PaperContinue:
	}
	if err := t.device.FinishPrint(ctx); err != nil {
		return problemOf(err).Words().Text, err
	}
	if err := t.refresh(ctx); err != nil {
		return problemOf(err).Words().Text, err
	}
	if t.status.Paper != drivers.PaperReady {
		return "Касса снова остановила печать: " + paperWords[t.status.Paper] + ".", errNoPaper
	}
	return "Документ допечатан.", nil
}

func (h hands) LeaveStuckMode(ctx context.Context) (string, error) {
	s, ok := h.t.device.(drivers.StuckLeaver)
	if !ok || h.t.failure == nil && h.t.status.Mode != drivers.ModeStuck {
		return "Служебного режима нет.", recovery.ErrNotNeeded
	}
	if err := s.LeaveStuckMode(ctx); err != nil {
		return problemOf(err).Words().Text, err
	}
	return "Касса вышла из служебного режима.", h.t.refresh(ctx)
}

func (h hands) CancelDead(ctx context.Context) (string, error) {
	t := h.t
	if t.status.Open != drivers.OpenReceipt && t.status.Open != drivers.OpenFNDocument {
		return "Открытых документов нет.", recovery.ErrNotNeeded
	}
	if t.open != nil {
		return "Судьба документа ещё не выяснена: отменять нельзя.", errStillUnknown
	}
	// No operation of ours is open, so the document is either one that we
	// proved not done, or somebody else's. A person asked for the ladder.
	if err := t.device.Cancel(ctx); err != nil {
		return problemOf(err).Words().Text, err
	}
	err := t.refresh(ctx)
	if err == nil && t.cancelOwed != nil {
		t.payCancel(ctx)
	}
	return "Незакрытый документ отменён.", err
}

func (h hands) Reopen(ctx context.Context) (string, error) {
	r, ok := h.t.device.(drivers.Reopener)
	if !ok {
		return "", recovery.ErrNotNeeded
	}
	if err := r.Reopen(); err != nil {
		return problemOf(err).Words().Text, err
	}
	h.t.identified = false
	if err := h.t.refresh(ctx); err != nil {
		return "Порт открыт заново, касса не отвечает: " + problemOf(err).Words().Text, err
	}
	return "Порт открыт заново, касса отвечает.", nil
}

func (h hands) Reenumerate(ctx context.Context) (string, error) {
	r, ok := h.t.device.(drivers.USBResetter)
	if !ok {
		return "Эту кассу нельзя отключить от USB программой.", recovery.ErrNotNeeded
	}
	if err := r.ResetUSB(ctx); errors.Is(err, drivers.ErrNotUSB) {
		return "Касса подключена не по USB, или система не даёт её отключить.", recovery.ErrNotNeeded
	} else if err != nil {
		return problemOf(err).Words().Text, err
	}
	h.t.identified = false
	for { // the bus finds the device again in a second or two
		if h.t.refresh(ctx) == nil {
			return "Касса подключилась заново и отвечает.", nil
		}
		if !pause(ctx, restlessPace) {
			return "Касса подключилась заново, но не отвечает.", ctx.Err()
		}
	}
}

func (h hands) Reboot(ctx context.Context) (string, error) {
	if err := h.t.device.Reboot(ctx); err != nil {
		return problemOf(err).Words().Text, err
	}
	for {
		if h.t.refresh(ctx) == nil {
			return "Касса перезагрузилась и отвечает.", nil
		}
		if !pause(ctx, offlinePace) {
			return "Касса не ответила после перезагрузки.", ctx.Err()
		}
	}
}

func (h hands) PrintCopy(ctx context.Context) (string, error) {
	c, ok := h.t.device.(drivers.Copier)
	if !ok {
		return health.Problem{Code: drivers.CodeUnsupported}.Words().Text, errUnsupported
	}
	if problem := h.t.prepare(ctx, fiscal.KindNone); problem.Code != "" {
		return problem.Words().Text, errInTheWay
	}
	if err := c.PrintCopy(ctx); err != nil {
		return problemOf(err).Words().Text, err
	}
	return "Копия напечатана.", nil
}

// PrintTest prints what tells a till from its neighbours. It is in no fiscal
// memory, and says so.
func (h hands) PrintTest(ctx context.Context) (string, error) {
	p, ok := h.t.device.(drivers.TextPrinter)
	if !ok {
		return health.Problem{Code: drivers.CodeUnsupported}.Words().Text, errUnsupported
	}
	if problem := h.t.prepare(ctx, fiscal.KindNone); problem.Code != "" {
		return problem.Words().Text, errInTheWay
	}
	if err := p.PrintText(ctx, testSlip(h.t.name, h.t.identity, civil(time.Now()))); err != nil {
		return problemOf(err).Words().Text, err
	}
	return "Пробный чек напечатан.", nil
}

// testSlip is what a test slip says; lines of 32 characters fit every paper.
func testSlip(name string, id drivers.Identity, now fiscal.DateTime) []string {
	lines := []string{"ПРОБНЫЙ ЧЕК", "НЕФИСКАЛЬНЫЙ ДОКУМЕНТ", "КАССА " + name}
	for _, pair := range [][2]string{{"ЗН ККТ", id.Serial}, {"РН ККТ", id.RNM}, {"ФН", id.FN}} {
		if pair[1] != "" {
			lines = append(lines, pair[0]+" "+pair[1])
		}
	}
	return append(lines, now.String(), "", "", "")
}

func (h hands) SyncClock(ctx context.Context) (string, error) {
	c, ok := h.t.device.(drivers.ClockSetter)
	if !ok {
		return health.Problem{Code: drivers.CodeUnsupported}.Words().Text, errUnsupported
	}
	if h.t.status.ShiftOpen {
		return health.Problem{Code: drivers.CodeShiftOpen}.Words().Text, errInTheWay
	}
	if err := c.SetClock(ctx, civil(time.Now())); err != nil {
		return problemOf(err).Words().Text, err
	}
	return "Время установлено.", h.t.refresh(ctx)
}

func (h hands) XReport(ctx context.Context) (string, error) {
	return h.operation(ctx, fiscalv1.Kind_KIND_X_REPORT)
}

func (h hands) CloseShift(ctx context.Context) (string, error) {
	if problem := h.t.lock.problem(fiscal.CloseShift); problem != nil {
		w := problem.Words()
		return w.Text + " " + w.Todo, errInTheWay
	}
	return h.operation(ctx, fiscalv1.Kind_KIND_CLOSE_SHIFT)
}

// operation does an operation of its own, journaled like any other.
func (h hands) operation(ctx context.Context, kind fiscalv1.Kind) (string, error) {
	op := &fiscalv1.Operation{Key: "run-" + h.id, Till: h.t.name, Kind: kind, AcceptedMs: time.Now().UnixMilli(), Stage: fiscalv1.Stage_STAGE_ACCEPTED}
	hash, err := bodyHash(op)
	if err != nil {
		return "", err
	}
	p := newPending(&journalv1.Record{Version: 1, Operation: op, BodyHash: hash}, fiscal.Receipt{})
	h.t.perform(ctx, p)
	got := p.operation()
	if got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
		return got.GetText(), errInTheWay
	}
	return got.GetText(), nil
}

// obstacle is what stands in the way of a sale, as Works sees it.
func (h hands) obstacle() health.Problem {
	for _, p := range health.Of(h.t.picture()) {
		if p.Words().Severity >= health.Critical || p.Code == health.CodePaperOwed || p.Code == drivers.CodeContinue {
			return p
		}
	}
	return health.Problem{Code: health.CodeOffline}
}

// handsOn are problems against which a person at the till can do more than the
// problem's own words say; the pictures of it are on the cashier's page.
var handsOn = map[string]string{
	health.CodeOffline:   "Проверьте питание и кабель кассы. Держите боковые кнопки 3–5 секунд; не помогло: скрепкой в отверстие сброса. Села батарея: заряжайте 30 минут.",
	drivers.CodeGone:     "Проверьте питание кассы. Выньте её кабель из компьютера и вставьте снова, лучше в другой разъём. Не помогло: держите боковые кнопки 3–5 секунд.",
	drivers.CodeStuck:    "Держите боковые кнопки кассы 3–5 секунд.",
	drivers.CodeFN:       "Держите боковые кнопки кассы 3–5 секунд.",
	drivers.CodeNoPaper:  "Вставьте рулон краем наружу и закройте крышку до щелчка.",
	drivers.CodeContinue: "Проверьте, что рулон лежит ровно, и закройте крышку до щелчка.",
}

func (h hands) Guide(context.Context) (string, error) {
	p := h.obstacle()
	code := p.Code
	if code == drivers.CodeLink {
		code = health.CodeOffline
	}
	words := p.Words()
	todo := handsOn[code]
	if todo == "" {
		todo = words.Todo
	}
	return "На экране кассира: " + words.Text + " " + todo, nil
}

func (h hands) CallForHelp(ctx context.Context, run *fiscalv1.Run) (ticket, said string, err error) {
	if h.desk == nil {
		return "", "Заявку отправить некому: агент не подключён к кабинету.", recovery.ErrNotNeeded
	}
	p := h.obstacle()
	ticket, said, err = h.desk.Call(ctx, run, p.Code, p.Words().Text)
	if err != nil {
		return "", "Заявку не удалось сделать: " + err.Error() + ".", err
	}
	return ticket, said, nil
}
