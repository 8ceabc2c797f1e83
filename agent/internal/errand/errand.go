// Package errand does what the cabinet asks of the agent itself and of no till:
// start anew, collect a bundle, check the network, log in another level for an
// hour, take other settings of a till, look for devices, take one into the list.
//
// An errand is an action like those of a till ([fiscalv1.Action]): it has a plan
// that is shown before anything happens, steps that are told as they come, and
// a run that stays as its record. Most go by way of one of the agent's tills
// only because that is how people name an agent; looking for devices and taking
// one over name no till, for there may be none. The journal sees to it that
// one begins once; package uplink keeps that record.
//
// What it never does: drive a till, touch an operation, or read a sum. A bundle
// is redacted by package bundle before it is here. Which ports may be asked, and
// what may be written into the list, decides package discovery.
package errand

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/agent/internal/network"
	"github.com/chekan-io/chekan/agent/internal/uplink"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// MaxBundle bounds what is sent; the cabinet takes no more.
const MaxBundle = 8 << 20

// Options are what errands need.
type Options struct {
	// Restart ends the agent in good order, so that whoever started it starts it
	// anew. It returns at once.
	Restart func()
	// Bundle makes the redacted file; till is the one the errand came by.
	Bundle func(ctx context.Context, till string) ([]byte, error)
	// Network goes the way to everyone this agent has to reach, or to one operator of
	// fiscal data at an address.
	Network func(ctx context.Context, address string, report func(network.Step)) []network.Step
	// Settings are those that may be changed from the cabinet.
	Settings Settings
	// Devices are those that no till of the list has.
	Devices Devices
	// Quiet takes all tills while nothing is open on them, or says what is.
	Quiet func(ctx context.Context) (release func(), busy string)
	// Level is the log's.
	Level *Level
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Errands carries them out.
type Errands struct{ o Options }

var _ uplink.Errands = (*Errands)(nil)

// New makes the errands of one agent.
func New(o Options) *Errands {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Errands{o}
}

// Codes of steps.
const (
	stepStop    = "agent_stop"
	stepStart   = "agent_start"
	stepCollect = "collect_bundle"
	stepGive    = "give_bundle"
	stepLevel   = "log_level"
)

// plans has the steps of every errand, in the order of the actions.
var plans = []struct {
	action fiscalv1.Action
	steps  [][2]string // code, title
}{
	{fiscalv1.Action_ACTION_RESTART_AGENT, [][2]string{
		{stepStop, "Закончить начатое и остановить агента"}, {stepStart, "Запустить агента заново"},
	}},
	{fiscalv1.Action_ACTION_COLLECT_BUNDLE, [][2]string{
		{stepCollect, "Собрать файл для разбора: без сумм, имён и покупателей"}, {stepGive, "Передать файл в кабинет"},
	}},
	{fiscalv1.Action_ACTION_CHECK_NETWORK, [][2]string{
		{"check_cabinet", "Кабинет: имя, соединение, сертификат"},
		{"check_agents", "Вход агентов в кабинет: имя, соединение, сертификат"},
		{"check_broker", "Брокер команд: имя, соединение, сертификат"},
		{"check_ofd", "Операторы фискальных данных: имя, соединение, ответ"},
	}},
	{fiscalv1.Action_ACTION_LOG_LEVEL, [][2]string{
		{stepLevel, "Сменить подробность журнала работы на час"},
	}},
	{fiscalv1.Action_ACTION_CONFIGURE, [][2]string{
		{stepKeep, "Проверить и записать настройки"}, {stepApply, "Применить их, когда касса свободна"},
	}},
	{fiscalv1.Action_ACTION_FIND_TILLS, [][2]string{
		{stepLook, "Поискать кассы на портах, которых не занимает ни одна касса"},
	}},
	{fiscalv1.Action_ACTION_ADOPT_TILL, [][2]string{
		{stepCheck, "Проверить, что касса отвечает там, где найдена"},
		{stepList, "Записать её в список касс"},
		{stepApply, "Перезапустить агента, когда кассы свободны"},
	}},
}

// Plans are what each errand would do.
func (e *Errands) Plans() []*fiscalv1.Run {
	out := make([]*fiscalv1.Run, 0, len(plans))
	for _, p := range plans {
		run := &fiscalv1.Run{Action: p.action}
		for _, s := range p.steps {
			run.Steps = append(run.Steps, &fiscalv1.Step{Code: s[0], Title: s[1], State: fiscalv1.StepState_STEP_STATE_PLANNED})
		}
		out = append(out, run)
	}
	return out
}

// Knows tells whether an action is an errand.
func (e *Errands) Knows(action fiscalv1.Action) bool {
	for _, p := range plans {
		if p.action == action {
			return true
		}
	}
	return false
}

// Do carries one out and returns the ended run. save makes the run durable, and
// known to the cabinet as far as possible; give sends a bundle.
func (e *Errands) Do(ctx context.Context, cmd *uplinkv1.Command, report func(*fiscalv1.Run), save func(context.Context, *fiscalv1.Run) error,
	give func(ctx context.Context, zip []byte) error,
) (*fiscalv1.Run, error) {
	r := &doing{Errands: e, report: report, run: &fiscalv1.Run{Id: cmd.GetId(), Till: cmd.GetTill(), Action: cmd.GetAction()}}
	for _, p := range e.Plans() {
		if p.GetAction() == cmd.GetAction() {
			r.run.Steps = p.GetSteps()
		}
	}
	switch cmd.GetAction() { //nolint:exhaustive // the others are tills'
	case fiscalv1.Action_ACTION_RESTART_AGENT:
		return nil, r.restart(ctx, save)
	case fiscalv1.Action_ACTION_COLLECT_BUNDLE:
		r.bundle(ctx, give)
	case fiscalv1.Action_ACTION_CHECK_NETWORK:
		r.network(ctx, cmd.GetAddress())
	case fiscalv1.Action_ACTION_LOG_LEVEL:
		r.level(cmd.GetLogLevel())
	case fiscalv1.Action_ACTION_CONFIGURE:
		if err := r.configure(ctx, cmd, save); err != nil {
			return nil, err
		}
	case fiscalv1.Action_ACTION_FIND_TILLS:
		r.look(ctx)
	case fiscalv1.Action_ACTION_ADOPT_TILL:
		if err := r.adopt(ctx, cmd, save); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("action %s is no errand", cmd.GetAction())
	}
	r.run.Ended = true
	return r.run, nil
}

// Resume ends the run of an errand that a restart of the agent cut off, when
// that restart is what was asked for; false leaves it to be called interrupted.
func (e *Errands) Resume(run *fiscalv1.Run) bool {
	switch run.GetAction() { //nolint:exhaustive // the others do not go on behind a restart
	case fiscalv1.Action_ACTION_CONFIGURE:
		return e.configured(run)
	case fiscalv1.Action_ACTION_FIND_TILLS:
		return e.looked(run)
	case fiscalv1.Action_ACTION_ADOPT_TILL:
		return e.adopted(run)
	}
	if run.GetAction() != fiscalv1.Action_ACTION_RESTART_AGENT || len(run.GetSteps()) != 2 {
		return false
	}
	stop, start := run.GetSteps()[0], run.GetSteps()[1]
	if stop.GetState() != fiscalv1.StepState_STEP_STATE_RUNNING {
		return false // it had not begun to stop
	}
	now := e.o.Now().UnixMilli()
	took := max(now-stop.GetBeganMs(), 0)
	stop.State, stop.EndedMs, stop.Result = fiscalv1.StepState_STEP_STATE_DONE, now, "Начатые операции закончены или ждут в журнале."
	start.State, start.BeganMs, start.EndedMs = fiscalv1.StepState_STEP_STATE_DONE, now, now
	start.Result = fmt.Sprintf("Агент перезапущен за %d с.", (took+999)/1000)
	run.Ended, run.Ok, run.Text = true, true, start.GetResult()
	return true
}

// doing is one errand on its way.
type doing struct {
	*Errands

	run    *fiscalv1.Run
	report func(*fiscalv1.Run)
}

func (d *doing) tell() { d.report(proto.CloneOf(d.run)) }

func (d *doing) begin(s *fiscalv1.Step) {
	s.State, s.BeganMs = fiscalv1.StepState_STEP_STATE_RUNNING, d.o.Now().UnixMilli()
	d.tell()
}

// end ends a step; the run's own sentence is that of its last step.
func (d *doing) end(s *fiscalv1.Step, ok bool, said string) {
	s.State, s.EndedMs, s.Result = fiscalv1.StepState_STEP_STATE_DONE, d.o.Now().UnixMilli(), said
	if !ok {
		s.State = fiscalv1.StepState_STEP_STATE_FAILED
	}
	d.run.Ok, d.run.Text = ok, said
	d.tell()
}

// restart writes down that it stops, then stops. The end of the run is written
// by the agent that comes after.
func (d *doing) restart(ctx context.Context, save func(context.Context, *fiscalv1.Run) error) error {
	d.begin(d.run.GetSteps()[0])
	if err := save(ctx, proto.CloneOf(d.run)); err != nil {
		return fmt.Errorf("записать перезапуск: %w", err)
	}
	d.o.Restart()
	return uplink.ErrNotOver // Resume gives the run its end
}

func (d *doing) bundle(ctx context.Context, give func(context.Context, []byte) error) {
	collect, send := d.run.GetSteps()[0], d.run.GetSteps()[1]
	d.begin(collect)
	zip, err := d.o.Bundle(ctx, d.run.GetTill())
	switch {
	case err != nil:
		d.end(collect, false, "Файл не собран: "+err.Error())
		return
	case len(zip) > MaxBundle:
		d.end(collect, false, fmt.Sprintf("Файл велик для кабинета: %d МБ. Соберите его на месте: chekan-agent bundle", len(zip)>>20))
		return
	}
	d.end(collect, true, fmt.Sprintf("Файл собран, %d КБ.", (len(zip)+1023)>>10))
	d.begin(send)
	if err := give(ctx, zip); err != nil {
		d.end(send, false, "Кабинет файла не принял: "+err.Error())
		return
	}
	d.end(send, true, "Файл в кабинете, его можно скачать.")
}

// network puts a step in place of each part of the way.
func (d *doing) network(ctx context.Context, address string) {
	d.run.Steps = nil
	var now *fiscalv1.Step
	steps := d.o.Network(ctx, address, func(s network.Step) {
		if s.Running {
			now = &fiscalv1.Step{Code: "net_" + s.Code(), Title: s.Title}
			d.run.Steps = append(d.run.Steps, now)
			d.begin(now)
			return
		}
		said := s.Text
		if s.Todo != "" {
			said += " " + s.Todo
		}
		d.end(now, s.Verdict != network.Bad, said)
	})
	bad, first := 0, ""
	for _, s := range steps {
		if s.Verdict == network.Bad {
			if bad++; first == "" {
				first = s.Text
			}
		}
	}
	switch {
	case len(steps) == 0:
		d.run.Ok, d.run.Text = false, "Проверять нечего: агент не подключён к кабинету и документы в ОФД не передаёт."
	case bad == 0:
		d.run.Ok, d.run.Text = true, "Сеть в порядке: все отвечают, и это они."
	case bad == 1:
		d.run.Ok, d.run.Text = false, first
	default:
		d.run.Ok, d.run.Text = false, fmt.Sprintf("Не проходит шагов: %d. Первый: %s", bad, first)
	}
}

func (d *doing) level(word string) {
	s := d.run.GetSteps()[0]
	d.begin(s)
	if word == "" { // the command was asked about, and the agent started anew meanwhile
		d.end(s, false, "Подробность не пережила перезапуска агента. Отправьте команду ещё раз.")
		return
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(word)); err != nil {
		d.end(s, false, fmt.Sprintf("Такой подробности нет: %q.", word))
		return
	}
	until, err := d.o.Level.For(level, LevelLasts)
	if err != nil {
		d.end(s, false, "Подробность журнала работы не сменилась: "+err.Error())
		return
	}
	d.end(s, true, fmt.Sprintf("Журнал работы пишется с уровнем %s до %s, потом как прежде.", word, until.Format("15:04")))
}
