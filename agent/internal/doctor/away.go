package doctor

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/agent/internal/network"
	"github.com/chekan-io/chekan/agent/internal/ofdlink"
	"github.com/chekan-io/chekan/agent/internal/uplink"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// walk goes to everyone at once: who is away must not make a person wait for
// the others.
func (e *Exam) walk(ctx context.Context) map[string][]network.Step {
	var states []*fiscalv1.TillState
	for _, t := range e.tills {
		states = append(states, t.state)
	}
	directory, _ := ofdlink.LoadDirectory(filepath.Join(e.Config.Data, ofdlink.DirectoryFile)) // the built-in one, when the file is ill
	cfg := e.Config
	if e.identity == nil && e.status.GetCloud() != "" {
		cfg.Cloud = e.status.GetCloud() // the key is not ours to read; the address is no secret
	}
	options := e.Network
	options.Now, options.Born = e.Now, network.Born(e.identity)
	out := map[string][]network.Step{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, t := range network.Of(cfg, e.identity, states, ofdlink.Options{Directory: directory, Dial: e.Network.Dial}) {
		all.Go(func() {
			steps := network.Check(ctx, options, []network.Target{t}, nil)
			mu.Lock()
			defer mu.Unlock()
			out[t.Code] = append(out[t.Code], steps...)
		})
	}
	all.Wait()
	return out
}

// way tells of the worst step on the way to a target; false when there is
// nothing to tell.
func (e *Exam) way(target string) (told bool) {
	for _, verdict := range []network.Verdict{network.Bad, network.Warning} {
		for _, s := range e.ways()[target] {
			if s.Verdict == verdict {
				// Nothing far away stops a sale.
				who, _, _ := strings.Cut(s.Title, ": ")
				e.add(Warning, s.Todo, "%s: %s", who, s.Text)
				told = true
			}
		}
		if told {
			return true
		}
	}
	return false
}

func (e *Exam) ofd(context.Context) {
	ours := 0
	for _, t := range e.tills {
		if t.Delivery() != config.OFDOff {
			ours++
		}
	}
	e.states(func(t tillSeen, s *fiscalv1.TillState) {
		if p := s.GetDelivery().GetFailure(); p != nil && len(e.ways()[network.OFD]) == 0 {
			e.add(verdictOf(p), p.GetTodo(), "Касса %s: %s", t.Name, p.GetText())
			ours = -1
		}
	})
	switch steps := e.ways()[network.OFD]; {
	case ours < 0, e.way(network.OFD):
	case ours == 0:
		e.skip("В ОФД кассы передают документы сами, агент дороги не знает.")
	case len(steps) == 0:
		e.skip("Оператора фискальных данных касса ещё не назвала.")
	default:
		for _, s := range steps {
			if s.Part == network.PartAnswer {
				e.good("%s", s.Text)
			}
		}
	}
}

func (e *Exam) who(context.Context) {
	id, err := uplink.LoadIdentity(e.Config.Data)
	switch {
	case errors.Is(err, uplink.ErrNoIdentity):
		e.add(Warning, "Получите код в кабинете, раздел «Подключить кассу», и введите: chekan-agent enroll КОД", "Агент не подключён к кабинету. Продажам это не мешает.")
	case errors.Is(err, os.ErrPermission):
		e.add(Skipped, "Запустите от администратора.", "Файл ключа агента не прочитать.")
	case err != nil:
		e.add(Bad, "Подключите агента заново: chekan-agent enroll КОД", "Файл ключа агента повреждён: %v.", err)
	default:
		e.identity = id
		e.good("Агент %s подключён: %s.", id.AgentID, id.Organisation)
	}
}

// certificateSoon is when renewal should have happened: the agent renews in the
// second third of the life.
const certificateSoon = 5 // of a life's parts, the last

func (e *Exam) certificate(context.Context) {
	if e.identity == nil {
		e.skip("Сертификата агента нет или он не прочитан.")
		return
	}
	born, until, now := e.identity.Born(), e.identity.Expires(), e.Now()
	switch date := until.Format("02.01.2006 15:04"); {
	case now.After(until):
		e.add(Bad, "Проверьте часы компьютера; если они верны, подключите агента заново: chekan-agent enroll КОД", "Сертификат агента истёк %s.", date)
	case now.Before(born.Add(-time.Hour)):
		e.add(Bad, "Установите точное время на этом компьютере.", "Сертификат агента выдан позже, чем показывают часы компьютера: %s.", born.Format("02.01.2006 15:04"))
	case until.Sub(now) < until.Sub(born)/certificateSoon:
		e.add(Warning, "Агент продлевает его сам, когда видит кабинет: проверьте связь с кабинетом.", "Сертификат агента скоро кончится: %s, а он до сих пор не продлён.", date)
	default:
		e.good("Сертификат агента действует до %s.", date)
	}
}

// alone tells that there is no cabinet to look for.
func (e *Exam) alone(what string) bool {
	if e.identity != nil || e.status.GetAgentId() != "" || e.Config.Cloud != "" {
		return false
	}
	e.skip("%s: агент не подключён.", what)
	return true
}

func (e *Exam) cabinet(context.Context) {
	if e.alone("Связь с кабинетом не проверена") || e.way(network.Cabinet) {
		return
	}
	address := cmp.Or(e.status.GetCloud(), e.Config.Cloud)
	switch {
	case e.status.GetAgentId() != "" && !e.status.GetCloudOnline():
		e.add(Warning, "Подождите минуту; если не изменится, посмотрите, что говорит «Вход агентов» ниже и журнал работы агента. Продажам это не мешает.", "Кабинет %s доступен, а агент с ним не на связи.", address)
	case e.status.GetAgentId() != "":
		e.good("Кабинет %s на связи.", address)
	default:
		e.good("Кабинет %s доступен.", address)
	}
}

func (e *Exam) agentsDoor(context.Context) {
	switch steps := e.ways()[network.Agents]; {
	case len(steps) == 0:
		e.skip("Вход агентов в кабинет не проверен: адрес известен только подключённому агенту.")
	case !e.way(network.Agents):
		e.good("Вход агентов: %s", steps[len(steps)-1].Text)
	}
}

func (e *Exam) broker(context.Context) {
	steps := e.ways()[network.Broker]
	switch {
	case e.status.GetBrokerOnline():
		e.good("Брокер кабинета на связи: команды доходят сразу.")
	case len(steps) == 0 && (e.status == nil || e.status.GetAgentId() == ""):
		e.skip("Связь с брокером не проверена: агент не подключён.")
	case len(steps) == 0:
		e.add(Warning, "Откройте исходящие соединения к брокеру в сетевом экране. Без него команды доходят дольше, остальное работает.", "Брокер кабинета недоступен.")
	case e.way(network.Broker):
	case e.status == nil:
		e.good("Брокер команд: %s", steps[len(steps)-1].Text)
	default:
		e.add(Warning, "Подождите минуту: агент подключается сам. Без брокера команды доходят дольше, остальное работает.", "Брокер кабинета доступен, а агент с ним не на связи.")
	}
}

// skewOfCabinet is what the shop may be off before certificates and shifts of
// the fleet go wrong.
const skewOfCabinet = 2 * time.Minute

func (e *Exam) clockCabinet(context.Context) {
	ways := e.ways()
	for _, target := range slices.Sorted(maps.Keys(ways)) {
		for _, s := range ways[target] {
			switch {
			case s.Skew == nil:
			case s.Skew.Abs() > skewOfCabinet:
				word := "спешат"
				if *s.Skew < 0 {
					word = "отстают"
				}
				e.add(Warning, "Установите точное время на этом компьютере и включите его проверку по интернету.", "Часы компьютера %s на %s против часов кабинета.", word, health.Ago(s.Skew.Abs()))
				return
			default:
				e.good("Часы компьютера идут как часы кабинета.")
				return
			}
		}
	}
	e.skip("С часами кабинета не сверено: он не ответил.")
}

// outboxLong is when a queue is no longer just on its way.
const outboxLong = 10 * time.Minute

func (e *Exam) outbox(context.Context) {
	if e.status == nil {
		e.skip("Очередь в кабинет не проверена: агент не отвечает.")
		return
	}
	age := time.Duration(e.status.GetOutboxAgeMs()) * time.Millisecond
	switch n := e.status.GetOutbox(); {
	case n == 0:
		e.good("В кабинет отправлено всё.")
	case e.status.GetAgentId() == "":
		e.good("В журнале ждут отправки %d: уйдут после подключения к кабинету.", n)
	case age > outboxLong:
		e.add(Warning, "Проверьте интернет. Всё хранится в журнале и дойдёт по порядку.", "В кабинет не отправлено %d, самое старое ждёт %s.", n, health.Ago(age))
	default:
		e.good("В кабинет отправляется, осталось %d.", n)
	}
}

func (e *Exam) updates(context.Context) {
	root := e.Config.Update.Root
	if root != "" {
		if _, err := os.Stat(root); err != nil && !errors.Is(err, os.ErrPermission) {
			e.add(Warning, "Укажите в ключе update.root файл ключей, которым верить, или уберите ключ.", "Файла ключей обновлений %s нет: обновляться агент не будет.", root)
			return
		}
	}
	switch {
	case e.Config.Update.Channel == config.ChannelOff:
		e.skip("Обновления выключены в файле настроек (update.channel).")
	case e.status == nil:
		e.skip("Об обновлениях спросить некого: агент не отвечает.")
	case e.status.GetUpdateVersion() != "":
		e.add(Warning, "Ничего не делайте, агент обновляется сам; если так больше суток, скажите тому, кто ведёт кабинет.", "Обновление до версии %s: %s", e.status.GetUpdateVersion(), e.status.GetUpdateText())
	default:
		e.good("Обновлений нет, канал %s.", e.Config.Update.Channel)
	}
}

func (e *Exam) journal(ctx context.Context) {
	if e.agent == nil {
		e.skip("Журнал не проверен: агент не отвечает. Проверить папку: chekan-agent journal check")
		return
	}
	answer, err := e.agent.CheckJournal(ctx)
	switch {
	case err != nil:
		e.add(Bad, "Обратитесь в обслуживание.", "Журнал не проверяется: %v.", err)
	case !answer.GetOk():
		e.add(Bad, "Обратитесь в обслуживание; ничего не удаляйте.", "В журнале противоречия: %s.", strings.Join(answer.GetFindings(), "; "))
	default:
		e.good("Журнал в порядке, операций: %d.", answer.GetOperations())
	}
}

// agentProblems are what the agent says of itself.
func (e *Exam) agentProblems(context.Context) {
	for _, p := range e.status.GetProblems() {
		e.add(verdictOf(p), p.GetTodo(), "%s", p.GetText())
	}
}
