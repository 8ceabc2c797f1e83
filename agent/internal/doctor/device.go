package doctor

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/wire"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// dialLimit is how long a till on the network may take to accept.
const dialLimit = 3 * time.Second

// listed looks at the list, and reads every till of it once for the checks that
// follow.
func (e *Exam) listed(ctx context.Context) {
	e.tills = nil
	for _, t := range e.Config.Tills {
		if t.Exclude {
			e.skip("Касса %s исключена в файле настроек.", t.Name)
			continue
		}
		seen := tillSeen{Till: t}
		if e.agent != nil {
			seen.state, seen.err = e.agent.Till(ctx, t.Name)
		}
		e.tills = append(e.tills, seen)
	}
	switch {
	case len(e.Config.Tills) == 0:
		e.add(Bad, "Найдите кассы: chekan-agent till find. Или добавьте раздел [[till]] в файл настроек.", "В файле настроек нет ни одной кассы.")
	case e.agent == nil:
		e.skip("Кассы не опрошены: агент не отвечает.")
	default:
		e.good("Касс в списке: %d.", len(e.Config.Tills))
	}
}

// cable is one wire of a till.
type cable struct {
	till, text string
	address    wire.Address
}

// cables are the wires of the tills that are not left alone.
func (e *Exam) cables() (out []cable) {
	for _, t := range e.tills {
		for _, text := range []string{t.Wire, t.Printer} {
			if a, err := wire.ParseAddress(text); err == nil { // or there is no second cable
				out = append(out, cable{t.Name, text, a})
			}
		}
	}
	return out
}

// wires looks at the cables themselves, without speaking to a till: the port
// may be held by the agent.
func (e *Exam) wires(ctx context.Context) {
	for _, c := range e.cables() {
		switch c.address.Scheme {
		case "usb":
			e.wireUSB(ctx, c)
		case "tcp":
			e.wireTCP(ctx, c)
		default:
			e.wirePort(ctx, c)
		}
	}
}

// wireUSB looks for the device without taking it: the agent may have it.
func (e *Exam) wireUSB(ctx context.Context, c cable) {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	found, err := wire.FindUSB(ctx, c.text)
	switch {
	case err == nil:
		e.good("Принтер %s кассы %s на USB.", found, c.till)
	case errors.Is(err, wire.ErrNoUSB):
		e.add(Bad, "Поставьте пакет chekan-agent-usb вместо chekan-agent.", "Принтер кассы %s на USB, а в этой сборке агента USB нет.", c.till)
	case errors.Is(err, wire.ErrAbsent):
		e.add(Bad, "Проверьте кабель и питание принтера; посмотрите, виден ли он: lsusb", "Принтера %s кассы %s на USB нет.", c.text, c.till)
	case errors.Is(err, wire.ErrSeveral):
		e.add(Bad, "Укажите в файле настроек адрес с серийным номером.", "Принтер кассы %s: %v.", c.till, err)
	case errors.Is(err, wire.ErrDenied):
		e.good("Принтер %s кассы %s на USB.", c.text, c.till) // wireRights says the rest
	default:
		e.add(Warning, "Проверьте кабель.", "Принтер %s кассы %s: %v.", c.text, c.till, err)
	}
}

func (e *Exam) wireTCP(ctx context.Context, c cable) {
	if e.agent != nil {
		e.good("Касса %s подключена по сети: %s.", c.till, c.address.Host) // it takes one connection, and the agent has it
		return
	}
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.address.Host)
	if err != nil {
		e.add(Bad, "Проверьте питание кассы, сетевой кабель и адрес в файле настроек.", "Касса %s не принимает соединение по адресу %s: %v.", c.till, c.address.Host, err)
		return
	}
	_ = conn.Close()
	e.good("Касса %s принимает соединение по адресу %s.", c.till, c.address.Host)
}

func (e *Exam) wirePort(ctx context.Context, c cable) {
	if runtime.GOOS == "windows" {
		e.windowsPort(ctx, c)
		return
	}
	switch _, err := os.Stat(c.address.Port); {
	case errors.Is(err, os.ErrNotExist):
		e.add(Bad, "Проверьте кабель и питание кассы. Под каким именем она видна, скажет chekan-agent till find", "Порта %s кассы %s нет.", c.address.Port, c.till)
	case err != nil && !errors.Is(err, os.ErrPermission):
		e.add(Warning, "Проверьте кабель.", "Порт %s кассы %s: %v.", c.address.Port, c.till, err)
	default:
		e.good("Порт %s кассы %s на месте.", c.address.Port, c.till)
	}
}

// windowsPort looks into the system's list: a file of that name there is not.
func (e *Exam) windowsPort(ctx context.Context, c cable) {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	ports, err := wire.Ports(ctx)
	if err != nil {
		e.skip("Список портов узнать не удалось: %v.", err)
		return
	}
	if slices.ContainsFunc(ports, func(p wire.Port) bool { return wire.Same(p.Address, c.address) }) {
		e.good("Порт %s кассы %s на месте.", c.address.Port, c.till)
		return
	}
	e.add(Bad, "Проверьте кабель и питание кассы. Под каким именем она видна, скажет chekan-agent till find", "Порта %s кассы %s нет.", c.address.Port, c.till)
}

// wireRights tells whether this user may open the ports. Under Windows there is
// no such right but the service's own.
func (e *Exam) wireRights(ctx context.Context) {
	for _, c := range e.cables() {
		var err error
		switch c.address.Scheme {
		case "tcp":
			continue
		case "usb":
			ctx, cancel := context.WithTimeout(ctx, dialLimit)
			_, err = wire.FindUSB(ctx, c.text)
			cancel()
			if errors.Is(err, wire.ErrDenied) {
				e.add(Bad, "Дайте агенту права правилом udev (docs/usb.md) или запустите от администратора.", "Нет прав на принтер %s кассы %s.", c.text, c.till)
			}
			continue
		}
		if runtime.GOOS == "windows" {
			continue
		}
		f, err := os.OpenFile(c.address.Port, os.O_RDWR|noControl, 0)
		switch {
		case errors.Is(err, os.ErrPermission):
			e.add(Bad, "Добавьте пользователя в группу dialout или запустите от администратора.", "Нет прав на порт %s кассы %s.", c.address.Port, c.till)
		case err == nil:
			_ = f.Close()
			e.good("Порт %s открывается.", c.address.Port)
		}
	}
}

// wireOwner looks who else has the port open.
func (e *Exam) wireOwner(context.Context) {
	for _, t := range e.tills {
		if has(t.state, drivers.CodeInUse) == nil {
			continue
		}
		if who, _ := e.holdersOf(t.Wire); len(who) == 0 {
			e.add(Bad, "Закройте другую программу, которая работает с кассой: другого агента, тест драйвера, кассовую программу с прямым подключением.", "Порт кассы %s занят другой программой.", t.Name)
		}
	}
	for _, c := range e.cables() {
		if c.address.Scheme != "serial" {
			continue
		}
		who, err := e.holdersOf(c.text)
		switch {
		case err != nil: // the port is not there, or the system does not tell
		case len(who) > 0:
			e.add(Bad, "Закройте эту программу или отключите в ней кассу: с портом работает кто-то один.", "Порт %s кассы %s открыт программой %s.", c.address.Port, c.till, strings.Join(who, ", "))
		default:
			e.good("Порт %s больше никем не открыт.", c.address.Port)
		}
	}
}

func (e *Exam) holdersOf(text string) ([]string, error) {
	a, err := wire.ParseAddress(text)
	if err != nil || a.Scheme != "serial" {
		return nil, err
	}
	return e.Computer.Holders(a.Port)
}

// has finds a problem of a till by its codes.
func has(s *fiscalv1.TillState, codes ...string) *fiscalv1.Problem {
	for _, p := range s.GetProblems() {
		if slices.Contains(codes, p.GetCode()) {
			return p
		}
	}
	return nil
}

// verdictOf is the verdict of a problem.
func verdictOf(p *fiscalv1.Problem) Verdict {
	if p.GetSeverity() == fiscalv1.Severity_SEVERITY_CRITICAL {
		return Bad
	}
	return Warning
}

// Problems of a till by the check that tells them; every other is told by
// tillProblems.
var (
	silent      = []string{health.CodeOffline, drivers.CodeLink, drivers.CodeGone, health.CodeSwapped, health.CodeFNSwapped}
	ofPaper     = []string{drivers.CodeNoPaper, drivers.CodeCoverOpen, drivers.CodeContinue, drivers.CodePrinter, health.CodePaperOwed}
	ofFN        = []string{drivers.CodeFN, drivers.CodeFNBlocked, health.CodeFNFailed, drivers.CodeNotRegistered}
	ofClock     = []string{drivers.CodeClock, health.CodeClockSkew}
	toldBetter  = []string{health.CodeFNExpiring, health.CodeFNMemory, health.CodeOFDQueue, drivers.CodeInUse}
	allTillsOwn = slices.Concat(silent, ofPaper, ofFN, ofClock, toldBetter)
)

// states calls look with every till that answers; for the others the check
// "till" has said why.
func (e *Exam) states(look func(t tillSeen, s *fiscalv1.TillState)) {
	for _, t := range e.tills {
		if t.state.GetOnline() {
			look(t, t.state)
		}
	}
}

// problem tells a till's problem of the codes; false when there is none.
func (e *Exam) problem(t tillSeen, codes []string) (told bool) {
	for _, p := range t.state.GetProblems() {
		if slices.Contains(codes, p.GetCode()) {
			e.add(verdictOf(p), p.GetTodo(), "Касса %s: %s", t.Name, p.GetText())
			told = true
		}
	}
	return told
}

func (e *Exam) till(context.Context) {
	for _, t := range e.tills {
		switch {
		case e.agent == nil:
			e.skip("Касса %s не опрошена: агент не отвечает.", t.Name)
		case t.err != nil:
			e.add(Bad, "Если касса добавлена в файл настроек недавно, перезапустите службу.", "Касса %s: %v.", t.Name, t.err)
		case e.problem(t, silent):
		case !t.state.GetOnline():
			e.add(Bad, "Проверьте питание кассы и кабель.", "Касса %s не отвечает.", t.Name)
		default:
			e.good("Касса %s: %s № %s отвечает, ФН %s.", t.Name, t.state.GetModel(), t.state.GetSerial(), t.state.GetFn())
		}
	}
}

func (e *Exam) model(context.Context) {
	e.states(func(t tillSeen, s *fiscalv1.TillState) {
		wait, _ := e.waiting(s)
		known, issues := e.Firmware.Of(s, wait > 24*time.Hour)
		for _, i := range issues {
			e.add(Warning, i.Todo, "Касса %s (%s, прошивка %s): %s", t.Name, s.GetModel(), s.GetFirmware(), i.Text)
		}
		switch {
		case len(issues) > 0:
		case !known:
			e.skip("Касса %s: %s с прошивкой %s нами не проверялась; известных неполадок у неё нет.", t.Name, s.GetModel(), s.GetFirmware())
		default:
			e.good("Касса %s: %s с прошивкой %s, проверенная.", t.Name, s.GetModel(), s.GetFirmware())
		}
	})
}

func (e *Exam) paper(context.Context) {
	e.states(func(t tillSeen, _ *fiscalv1.TillState) {
		if !e.problem(t, ofPaper) {
			e.good("Касса %s: бумага есть.", t.Name)
		}
	})
}

func (e *Exam) fnState(context.Context) {
	e.states(func(t tillSeen, s *fiscalv1.TillState) {
		if !e.problem(t, ofFN) {
			e.good("Касса %s: накопитель %s работает.", t.Name, s.GetFn())
		}
	})
}

// Days before the end of a fiscal memory's term.
const (
	termSoon = 30
	termNow  = 3
)

func (e *Exam) fnTerm(context.Context) {
	e.states(func(t tillSeen, s *fiscalv1.TillState) {
		until, err := time.ParseInLocation(time.DateOnly, s.GetFnExpiry()[:min(len(s.GetFnExpiry()), len(time.DateOnly))], e.Now().Location())
		if err != nil {
			e.skip("Касса %s срока накопителя не сказала.", t.Name)
			return
		}
		days := int(until.Sub(e.Now()).Hours() / 24)
		switch date := until.Format("02.01.2006"); {
		case until.Before(e.Now()):
			e.add(Bad, "Замените накопитель: касса с таким работать не должна.", "Касса %s: срок накопителя вышел %s.", t.Name, date)
		case days < termNow:
			e.add(Bad, "Замените накопитель сегодня.", "Касса %s: срок накопителя кончается %s, дней: %d.", t.Name, date, days)
		case days < termSoon:
			e.add(Warning, "Закажите замену накопителя.", "Касса %s: срок накопителя кончается %s, осталось дней: %d.", t.Name, date, days)
		default:
			e.good("Касса %s: срок накопителя до %s.", t.Name, date)
		}
	})
}

func (e *Exam) fnMemory(context.Context) {
	e.states(func(t tillSeen, _ *fiscalv1.TillState) {
		if !e.problem(t, []string{health.CodeFNMemory}) {
			e.good("Касса %s: в памяти накопителя есть место.", t.Name)
		}
	})
}

// Ages of the oldest document the operator has not confirmed. After thirty days
// the fiscal memory takes no more (FN interface 1.2, §8).
const (
	unsentLong   = 24 * time.Hour
	unsentDanger = 20 * 24 * time.Hour
	unsentEnd    = 30 * 24 * time.Hour
)

// waiting is how long the oldest document has been waiting.
func (e *Exam) waiting(s *fiscalv1.TillState) (time.Duration, bool) {
	if s.GetUnsent() == 0 {
		return 0, true
	}
	from, ok := civil(s.GetUnsentFrom())
	now, told := civil(s.GetClock())
	if !ok || !told {
		return 0, false
	}
	return now.Sub(from), true
}

// civil reads a till's own time. It has no zone; two of one till compare.
func civil(text string) (time.Time, bool) {
	t, err := fiscal.ParseDateTime(text)
	if err != nil {
		return time.Time{}, false
	}
	return time.Date(t.Year, time.Month(t.Month), t.Day, t.Hour, t.Minute, t.Second, 0, time.UTC), true
}

func (e *Exam) unsent(context.Context) {
	e.states(func(t tillSeen, s *fiscalv1.TillState) {
		age, ok := e.waiting(s)
		switch n := s.GetUnsent(); {
		case n == 0:
			e.good("Касса %s: в ОФД передано всё.", t.Name)
		case !ok:
			e.skip("Касса %s: в ОФД не передано документов: %d, с какого времени, касса не сказала.", t.Name, n)
		case age > unsentDanger:
			e.add(Bad, "Проверьте сегодня же интернет кассы и договор с ОФД: chekan-agent ofd status", "Касса %s: в ОФД не передано документов: %d, самому старому %s; через %s касса остановится.", t.Name, n, health.Ago(age), health.Ago(max(unsentEnd-age, 0)))
		case age > unsentLong:
			e.add(Warning, "Проверьте интернет кассы: chekan-agent ofd status", "Касса %s: в ОФД не передано документов: %d, самому старому %s.", t.Name, n, health.Ago(age))
		default:
			e.good("Касса %s: в ОФД передаётся, в очереди %d.", t.Name, n)
		}
	})
}

// skewLimit is what the fiscal memory itself bears (FN interface 1.2, §4).
const skewLimit = 5 * time.Minute

func (e *Exam) clockTill(context.Context) {
	e.states(func(t tillSeen, s *fiscalv1.TillState) {
		if p := has(s, drivers.CodeClock); p != nil {
			e.problem(t, []string{drivers.CodeClock})
			return
		}
		clock, ok := civil(s.GetClock())
		read := time.UnixMilli(s.GetReadMs()).In(e.Now().Location())
		if !ok || s.GetReadMs() == 0 {
			e.skip("Касса %s времени не сказала.", t.Name)
			return
		}
		here := time.Date(read.Year(), read.Month(), read.Day(), read.Hour(), read.Minute(), read.Second(), 0, time.UTC)
		skew := clock.Sub(here)
		if skew.Abs() > skewLimit {
			word := "спешат"
			if skew < 0 {
				word = "отстают"
			}
			e.add(Warning, "Если часы компьютера верны, закройте смену и выполните: chekan-agent till sync-clock", "Касса %s: часы %s на %s против часов компьютера.", t.Name, word, health.Ago(skew.Abs()))
			return
		}
		e.good("Касса %s: часы верны.", t.Name)
	})
}

// tillProblems are those of which no check above tells.
func (e *Exam) tillProblems(context.Context) {
	for _, t := range e.tills {
		for _, p := range t.state.GetProblems() {
			if !slices.Contains(allTillsOwn, p.GetCode()) {
				e.add(verdictOf(p), p.GetTodo(), "Касса %s: %s", t.Name, p.GetText())
			}
		}
	}
}
