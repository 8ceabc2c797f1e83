package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/service"
	"github.com/chekan-io/chekan/agent/internal/uplink"
	"github.com/chekan-io/chekan/drivers/wire"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

// verdict of one check.
type verdict string

const (
	good    verdict = "ok"
	warning verdict = "warning"
	bad     verdict = "bad"
	skipped verdict = "skipped"
)

// finding is what one check says: what is so, and how to fix it.
type finding struct {
	Code    string  `json:"code"`
	Verdict verdict `json:"verdict"`
	Text    string  `json:"text"`
	Todo    string  `json:"todo,omitempty"`
}

// checkup is what the checks know and find.
type checkup struct {
	env   *env
	cfg   config.Config
	door  *door
	agent *posv1.AgentStatusResponse // nil when the agent does not answer
	found []finding
}

func (c *checkup) add(code string, v verdict, todo, format string, args ...any) {
	if v == good {
		todo = ""
	}
	c.found = append(c.found, finding{code, v, fmt.Sprintf(format, args...), todo})
}

type doctorCommand struct{}

// checks are done in this order; each says its finding itself. The first one,
// that the configuration reads, is done before: without it nothing is known.
var checks = []func(*checkup, context.Context){
	(*checkup).service, (*checkup).answers, (*checkup).dataFolder, (*checkup).token, (*checkup).disk, (*checkup).listen,
	(*checkup).journal, (*checkup).tills, (*checkup).wires, (*checkup).identity, (*checkup).cabinet, (*checkup).broker,
	(*checkup).outbox, (*checkup).clock, (*checkup).problems,
}

// Run implements the command. It fails when something is bad.
func (*doctorCommand) Run(e *env) error {
	c := &checkup{env: e}
	ctx, cancel := e.timeout(answerTimeout)
	defer cancel()
	cfg, err := config.Load(e.configPath)
	if err != nil {
		c.add("config", bad, "Исправьте файл и проверьте его: chekan-agent config check", "Файл настроек: %v.", err)
	} else {
		c.cfg = cfg
		c.add("config", good, "", "Файл настроек %s читается, касс: %d.", e.configPath, len(cfg.Tills))
		for _, check := range checks {
			check(c, ctx)
		}
	}
	code := ExitDone
	for _, f := range c.found {
		if f.Verdict == bad {
			code = ExitNotDone
		}
	}
	if e.json {
		if err := e.printAnyJSON(c.found); err != nil {
			return err
		}
		return exit(code)
	}
	signs := map[verdict]string{good: "✓", warning: "!", bad: "✗", skipped: "–"}
	for _, f := range c.found {
		e.say("%s %s", signs[f.Verdict], f.Text)
		if f.Todo != "" {
			e.say("    %s", f.Todo)
		}
	}
	if code == ExitDone {
		e.say("Работать можно.")
	}
	return exit(code)
}

func (c *checkup) service(context.Context) {
	state, err := service.State()
	switch {
	case err != nil:
		c.add("service", skipped, "", "Состояние службы узнать не удалось: %v.", err)
	case state == service.Running:
		c.add("service", good, "", "Служба установлена и работает.")
	case state == service.Stopped:
		c.add("service", warning, "Запустите: chekan-agent start", "Служба установлена, но остановлена.")
	default:
		c.add("service", warning, "Установите: chekan-agent install", "Служба не установлена: после перезагрузки компьютера агент не запустится.")
	}
}

func (c *checkup) answers(ctx context.Context) {
	d, err := openDoor(c.cfg)
	if err == nil {
		c.door = d
		c.agent, err = d.technician.AgentStatus(ctx, &posv1.AgentStatusRequest{})
		if err != nil {
			c.agent, err = nil, d.asError(err)
		}
	}
	switch {
	case err != nil:
		c.add("agent", bad, "Запустите: chekan-agent start. Если не запускается, посмотрите "+filepath.Join(c.cfg.Data, "logs", "agent.log"), "Агент не отвечает: %v.", err)
	case c.agent.GetVersion() != c.env.Version:
		c.add("agent", warning, "Перезапустите службу: chekan-agent stop, chekan-agent start", "Работает агент версии %s, а эта программа версии %s.", c.agent.GetVersion(), c.env.Version)
	default:
		c.add("agent", good, "", "Агент %s отвечает по адресу %s.", c.agent.GetVersion(), c.door.addr)
	}
}

func (c *checkup) dataFolder(context.Context) {
	fi, err := os.Stat(c.cfg.Data)
	switch {
	case errors.Is(err, os.ErrNotExist):
		c.add("data", bad, "Папка создаётся при первом запуске: chekan-agent start", "Папки данных %s нет.", c.cfg.Data)
		return
	case err != nil:
		c.add("data", bad, "Запустите от администратора.", "Папка данных: %v.", err)
		return
	case !fi.IsDir():
		c.add("data", bad, "Укажите в ключе data папку.", "%s не папка.", c.cfg.Data)
		return
	}
	f, err := os.CreateTemp(c.cfg.Data, "doctor-*")
	if err != nil {
		c.add("data", warning, "Запустите от администратора или от имени службы.", "В папку данных %s нельзя писать: %v.", c.cfg.Data, err)
		return
	}
	_ = f.Close()
	_ = os.Remove(f.Name())
	c.add("data", good, "", "Папка данных %s на месте.", c.cfg.Data)
}

func (c *checkup) token(context.Context) {
	path := filepath.Join(c.cfg.Data, "token")
	fi, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		c.add("token", bad, "Токен создаётся при первом запуске: chekan-agent start", "Токена для кассовой программы ещё нет.")
	case err != nil:
		c.add("token", warning, "Запустите от администратора.", "Токен: %v.", err)
	case runtime.GOOS != "windows" && fi.Mode().Perm()&0o007 != 0:
		c.add("token", bad, "Закройте файл: chmod o-rwx "+path, "Токен читают все пользователи компьютера: любой может пробить чек.")
	default:
		c.add("token", good, "", "Токен для кассовой программы лежит в %s и закрыт от посторонних.", path)
	}
}

// Limits of the disk: the journal refuses sales when there is no place left.
const (
	diskBad     = 100 << 20
	diskWarning = 1 << 30
)

func (c *checkup) disk(context.Context) {
	free, err := diskFree(c.cfg.Data)
	switch {
	case err != nil:
		c.add("disk", skipped, "", "Свободное место узнать не удалось: %v.", err)
	case free < diskBad:
		c.add("disk", bad, "Освободите место: без места для журнала продажи остановятся.", "На диске с данными осталось %s.", size(free))
	case free < diskWarning:
		c.add("disk", warning, "Освободите место.", "На диске с данными осталось %s.", size(free))
	default:
		c.add("disk", good, "", "На диске с данными свободно %s.", size(free))
	}
}

func (c *checkup) listen(context.Context) {
	if c.cfg.ListenRemote {
		c.add("listen", warning, "Если кассовая программа на этом же компьютере, уберите listen_remote.", "К агенту могут обращаться другие компьютеры (%s).", c.cfg.Listen)
		return
	}
	c.add("listen", good, "", "К агенту обращаются только с этого компьютера (%s).", c.cfg.Listen)
}

func (c *checkup) journal(ctx context.Context) {
	if c.agent == nil {
		c.add("journal", skipped, "", "Журнал не проверен: агент не отвечает. Проверить папку: chekan-agent journal check")
		return
	}
	answer, err := c.door.technician.CheckJournal(ctx, &posv1.CheckJournalRequest{})
	switch {
	case err != nil:
		c.add("journal", bad, "Обратитесь в обслуживание.", "Журнал не проверяется: %v.", c.door.asError(err))
	case !answer.GetOk():
		c.add("journal", bad, "Обратитесь в обслуживание; ничего не удаляйте.", "В журнале противоречия: %s.", strings.Join(answer.GetFindings(), "; "))
	default:
		c.add("journal", good, "", "Журнал в порядке, операций: %d.", answer.GetOperations())
	}
}

func (c *checkup) tills(ctx context.Context) {
	if len(c.cfg.Tills) == 0 {
		c.add("tills", bad, "Добавьте раздел [[till]] в файл настроек.", "В файле настроек нет ни одной кассы.")
		return
	}
	if c.agent == nil {
		c.add("tills", skipped, "", "Кассы не опрошены: агент не отвечает.")
		return
	}
	for _, t := range c.cfg.Tills {
		if t.Exclude {
			c.add("till", skipped, "", "Касса %s исключена в файле настроек.", t.Name)
			continue
		}
		answer, err := c.door.pos.TillStatus(ctx, &posv1.TillStatusRequest{Till: t.Name, Fresh: true})
		if err != nil {
			c.add("till", bad, "Если касса добавлена в файл настроек недавно, перезапустите службу.", "Касса %s: %v.", t.Name, c.door.asError(err))
			continue
		}
		s := answer.GetState()
		if len(s.GetProblems()) == 0 && s.GetOnline() {
			c.add("till", good, "", "Касса %s: %s № %s отвечает, ФН %s.", t.Name, s.GetModel(), s.GetSerial(), s.GetFn())
		}
		for _, p := range s.GetProblems() {
			v := warning
			if lightOf(s) == "НЕ РАБОТАЕТ" || lightOf(s) == "НЕТ СВЯЗИ" {
				v = bad
			}
			c.add("till", v, p.GetTodo(), "Касса %s: %s", t.Name, p.GetText())
		}
	}
}

// wires looks at the cables themselves, without speaking to a till: the port
// may be held by the agent.
func (c *checkup) wires(ctx context.Context) {
	for _, t := range c.cfg.Tills {
		for _, cable := range []string{t.Wire, t.Printer} {
			a, err := wire.ParseAddress(cable)
			switch {
			case t.Exclude || err != nil: // or there is no second cable
			case a.Scheme == "usb":
				c.wireUSB(ctx, t.Name, cable)
			case a.Scheme == "tcp":
				c.wireTCP(ctx, t.Name, a.Host)
			case runtime.GOOS != "windows":
				c.wirePort(t.Name, a.Port)
			}
		}
	}
}

// wireUSB looks for the device without taking it: the agent may have it.
func (c *checkup) wireUSB(ctx context.Context, till, address string) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	found, err := wire.FindUSB(ctx, address)
	switch {
	case err == nil:
		c.add("wire", good, "", "Принтер %s кассы %s на USB.", found, till)
	case errors.Is(err, wire.ErrNoUSB):
		c.add("wire", bad, "Поставьте пакет chekan-agent-usb вместо chekan-agent.", "Принтер кассы %s на USB, а в этой сборке агента USB нет.", till)
	case errors.Is(err, wire.ErrAbsent):
		c.add("wire", bad, "Проверьте кабель и питание принтера; посмотрите, виден ли он: lsusb", "Принтера %s кассы %s на USB нет.", address, till)
	case errors.Is(err, wire.ErrSeveral):
		c.add("wire", bad, "Укажите в файле настроек адрес с серийным номером.", "Принтер кассы %s: %v.", till, err)
	case errors.Is(err, wire.ErrDenied):
		c.add("wire", bad, "Дайте агенту права правилом udev (docs/usb.md) или запустите от администратора.", "Нет прав на принтер %s кассы %s.", address, till)
	default:
		c.add("wire", warning, "Проверьте кабель.", "Принтер %s кассы %s: %v.", address, till, err)
	}
}

func (c *checkup) wireTCP(ctx context.Context, till, host string) {
	if c.agent != nil {
		return // a till takes one connection, and the agent has it
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", host)
	if err != nil {
		c.add("wire", bad, "Проверьте питание кассы, сетевой кабель и адрес в файле настроек.", "Касса %s не принимает соединение по адресу %s: %v.", till, host, err)
		return
	}
	_ = conn.Close()
	c.add("wire", good, "", "Касса %s принимает соединение по адресу %s.", till, host)
}

func (c *checkup) wirePort(till, port string) {
	f, err := os.OpenFile(port, os.O_RDWR|noControl, 0)
	switch {
	case errors.Is(err, os.ErrNotExist):
		c.add("wire", bad, "Проверьте кабель и питание кассы; посмотрите, под каким именем она видна: ls /dev/tty*", "Порта %s кассы %s нет.", port, till)
	case errors.Is(err, os.ErrPermission):
		c.add("wire", bad, "Добавьте пользователя в группу dialout или запустите от администратора.", "Нет прав на порт %s кассы %s.", port, till)
	case err != nil:
		c.add("wire", warning, "Проверьте кабель.", "Порт %s кассы %s: %v.", port, till, err)
	default:
		_ = f.Close()
		c.add("wire", good, "", "Порт %s кассы %s на месте.", port, till)
	}
}

func (c *checkup) identity(context.Context) {
	id, err := uplink.LoadIdentity(c.cfg.Data)
	switch {
	case errors.Is(err, uplink.ErrNoIdentity):
		c.add("identity", warning, "Получите код в кабинете, раздел «Подключить кассу», и введите: chekan-agent enroll КОД", "Агент не подключён к кабинету. Продажам это не мешает.")
	case errors.Is(err, os.ErrPermission):
		c.add("identity", skipped, "Запустите от администратора.", "Файл ключа агента не прочитать.")
	case err != nil:
		c.add("identity", bad, "Подключите агента заново: chekan-agent enroll КОД", "Файл ключа агента повреждён: %v.", err)
	case time.Now().After(id.Expires()):
		c.add("identity", bad, "Проверьте часы компьютера; если они верны, подключите агента заново.", "Сертификат агента истёк %s.", id.Expires().Format("02.01.2006"))
	default:
		c.add("identity", good, "", "Агент %s подключён: %s, сертификат до %s.", id.AgentID, id.Organisation, id.Expires().Format("02.01.2006"))
	}
}

func (c *checkup) cabinet(ctx context.Context) {
	if c.agent == nil || c.agent.GetAgentId() == "" {
		if c.cfg.Cloud != "" {
			c.reach(ctx)
			return
		}
		c.add("cabinet", skipped, "", "Связь с кабинетом не проверена: агент не подключён.")
		return
	}
	if !c.agent.GetCloudOnline() {
		c.add("cabinet", warning, "Проверьте интернет и адрес. Продажам это не мешает.", "Кабинет %s не отвечает.", c.agent.GetCloud())
		return
	}
	c.add("cabinet", good, "", "Кабинет %s на связи.", c.agent.GetCloud())
}

// reach tries the address of a cabinet that the agent has no identity for.
func (c *checkup) reach(ctx context.Context) {
	u, err := url.Parse(c.cfg.Cloud)
	if err != nil {
		return // the configuration has been checked
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", host)
	if err != nil {
		c.add("cabinet", warning, "Проверьте интернет и ключ cloud в файле настроек.", "Кабинет %s недоступен: %v.", c.cfg.Cloud, err)
		return
	}
	_ = conn.Close()
	c.add("cabinet", good, "", "Кабинет %s доступен.", c.cfg.Cloud)
}

func (c *checkup) broker(context.Context) {
	switch {
	case c.agent == nil || c.agent.GetAgentId() == "":
		c.add("broker", skipped, "", "Связь с брокером не проверена: агент не подключён.")
	case !c.agent.GetBrokerOnline():
		c.add("broker", warning, "Откройте исходящие соединения к брокеру в сетевом экране. Без него команды доходят дольше, остальное работает.", "Брокер кабинета недоступен.")
	default:
		c.add("broker", good, "", "Брокер кабинета на связи: команды доходят сразу.")
	}
}

func (c *checkup) outbox(context.Context) {
	if c.agent == nil {
		c.add("outbox", skipped, "", "Очередь в кабинет не проверена: агент не отвечает.")
		return
	}
	age := time.Duration(c.agent.GetOutboxAgeMs()) * time.Millisecond
	switch {
	case c.agent.GetOutbox() == 0:
		c.add("outbox", good, "", "В кабинет отправлено всё.")
	case c.agent.GetAgentId() == "":
		c.add("outbox", good, "", "В журнале ждут отправки %d: уйдут после подключения к кабинету.", c.agent.GetOutbox())
	case age > 10*time.Minute:
		c.add("outbox", warning, "Проверьте интернет. Всё хранится в журнале и дойдёт по порядку.", "В кабинет не отправлено %d, самое старое ждёт %s.", c.agent.GetOutbox(), ago(age))
	default:
		c.add("outbox", good, "", "В кабинет отправляется, осталось %d.", c.agent.GetOutbox())
	}
}

// builtAfter is a day before which no computer with this program can be.
var builtAfter = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func (c *checkup) clock(context.Context) {
	now := time.Now()
	if now.Before(builtAfter) {
		c.add("clock", bad, "Установите точное время; если после выключения оно сбивается, замените батарейку материнской платы.", "Часы компьютера показывают %s.", now.Format("02.01.2006 15:04"))
		return
	}
	c.add("clock", good, "", "Часы компьютера: %s.", now.Format("02.01.2006 15:04:05 -07:00"))
}

// problems are what the agent says of itself.
func (c *checkup) problems(context.Context) {
	if c.agent == nil {
		return
	}
	for _, p := range c.agent.GetProblems() {
		v := warning
		if strings.HasPrefix(problemLine(p), "!!") {
			v = bad
		}
		c.add(p.GetCode(), v, p.GetTodo(), "%s", p.GetText())
	}
}
