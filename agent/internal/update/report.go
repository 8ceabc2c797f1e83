package update

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/health"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// reporter tells the cabinet the newest stage until it has it. Stages in between
// may be skipped, except ends: they are in the state until heard.
type reporter struct {
	u    *Updater
	mu   sync.Mutex
	next []Report
	told Report
	news chan struct{}
}

func (r *reporter) init(u *Updater) { r.u, r.news = u, make(chan struct{}, 1) }

// put replaces what waits to be told of the same rollout, and adds otherwise.
func (r *reporter) put(report Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch n := len(r.next); {
	case n == 0 && r.told == report:
		return
	case n > 0 && r.next[n-1].Rollout == report.Rollout && r.next[n-1].Version == report.Version:
		r.next[n-1] = report
	default:
		r.next = append(r.next, report)
	}
	select {
	case r.news <- struct{}{}:
	default:
	}
}

func (r *reporter) first() (Report, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.next) == 0 {
		return Report{}, false
	}
	return r.next[0], true
}

// heard takes a report off the list, unless a newer one replaced it.
func (r *reporter) heard(report Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = report
	if len(r.next) > 0 && r.next[0] == report {
		r.next = r.next[1:]
	}
}

func (r *reporter) run(ctx context.Context) {
	var wait time.Duration
	for ctx.Err() == nil {
		report, ok := r.first()
		if !ok {
			select {
			case <-ctx.Done():
			case <-r.news:
			}
			continue
		}
		call, cancel := context.WithTimeout(ctx, stallLimit)
		err := r.u.o.Cabinet.Report(call, &uplinkv1.ReportUpdateRequest{
			RolloutId: report.Rollout, Version: report.Version, Stage: report.Stage, Text: report.Text, From: report.From, Fetched: report.Fetched, Size: report.Size,
		})
		cancel()
		if err != nil {
			wait = min(max(2*wait, retryLeast), retryMost)
			pause(ctx, wait)
			continue
		}
		wait = 0
		r.heard(report)
		r.u.forgetReport(report)
	}
}

// forgetReport takes a report that the cabinet has out of the state.
func (u *Updater) forgetReport(report Report) {
	this := func(kept Report) bool { return kept == report }
	if !slices.ContainsFunc(u.snapshot().Reports, this) {
		return
	}
	if err := u.change(func(s State) State { return s.heard(this) }); err != nil {
		u.o.Log.Warn("state of updates", "error", err) // it will be told once more
	}
}

// stand notes where the update under way stands, for people and the cabinet.
func (u *Updater) stand(stage uplinkv1.UpdateStage, text string) { u.standAt(stage, text, 0, 0) }

func (u *Updater) standAt(stage uplinkv1.UpdateStage, text string, fetched, size int64) {
	u.mu.Lock()
	r := Report{
		Rollout: u.rollout, Version: u.shown.Version, Stage: stage, Text: text, From: u.me,
		Fetched: uint64(max(fetched, 0)), Size: uint64(max(size, 0)),
	}
	u.mu.Unlock()
	u.show(r)
	u.tell.put(r)
}

// show makes a stage visible to people here.
func (u *Updater) show(r Report) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.shown.Stage != r.Stage || u.shown.Text != r.Text {
		u.o.Log.Info("update stands", "version", r.Version, "stage", r.Stage.String(), "text", r.Text)
	}
	u.shown, u.since = r, time.Now()
}

// forget: nothing is under way.
func (u *Updater) forget() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.shown, u.rollout = Report{}, ""
}

func (u *Updater) refusedBefore() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.shown.Stage == uplinkv1.UpdateStage_UPDATE_STAGE_REFUSED
}

// stageWords say a stage to people when it has no sentence of its own.
var stageWords = map[uplinkv1.UpdateStage]string{
	uplinkv1.UpdateStage_UPDATE_STAGE_OFFERED:     "предложена кабинетом",
	uplinkv1.UpdateStage_UPDATE_STAGE_DOWNLOADING: "загружается",
	uplinkv1.UpdateStage_UPDATE_STAGE_WAITING:     "загружена, ждёт свободной минуты",
	uplinkv1.UpdateStage_UPDATE_STAGE_TRIAL:       "работает на испытании",
	uplinkv1.UpdateStage_UPDATE_STAGE_HEALTHY:     "прошла испытание",
	uplinkv1.UpdateStage_UPDATE_STAGE_ROLLED_BACK: "не прижилась",
	uplinkv1.UpdateStage_UPDATE_STAGE_REFUSED:     "отклонена",
}

// Status tells which version an update brings and where it stands, in Russian;
// both are empty when there is nothing to tell.
func (u *Updater) Status() (version, text string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.shown.Version != "" && u.shown.Text != "":
		return u.shown.Version, u.shown.Text
	case u.shown.Version != "":
		return u.shown.Version, stageWords[u.shown.Stage]
	case u.state.Failed != nil && u.me != "" && newer(u.state.Failed.Version, u.me):
		return u.state.Failed.Version, u.state.Failed.Text
	}
	return "", u.state.Notice
}

// Codes of problems.
const (
	CodeRolledBack = "update_rolled_back"
	CodeRefused    = "update_refused"
	CodeFallback   = "update_fallback"
)

var words = map[string]health.Words{
	CodeRolledBack: {Severity: health.Warning, Text: "Обновление агента не прижилось. ", Todo: "На продажи не влияет: работает прежняя версия. Сообщите обслуживанию."},
	CodeRefused:    {Severity: health.Warning, Text: "Обновление агента отклонено. ", Todo: "На продажи не влияет: работает прежняя версия. Сообщите обслуживанию."},
	CodeFallback:   {Severity: health.Warning, Todo: "На продажи не влияет. Если повторяется, переустановите пакет агента."},
}

// Problems are what a person should know about updates.
func (u *Updater) Problems() []*fiscalv1.Problem {
	u.mu.Lock()
	defer u.mu.Unlock()
	var out []*fiscalv1.Problem
	add := func(code, what string, since time.Time) {
		w := words[code]
		p := &fiscalv1.Problem{
			Code: code, Severity: fiscalv1.Severity(w.Severity), Text: w.Text + what, Todo: w.Todo, Args: map[string]string{"what": what},
		}
		if !since.IsZero() {
			p.SinceMs = since.UnixMilli()
		}
		out = append(out, p)
	}
	if f := u.state.Failed; f != nil && u.me != "" && newer(f.Version, u.me) {
		add(CodeRolledBack, f.Text, time.UnixMilli(f.AtMs))
	}
	if u.shown.Stage == uplinkv1.UpdateStage_UPDATE_STAGE_REFUSED {
		add(CodeRefused, u.shown.Text, u.since)
	}
	if u.state.Notice != "" {
		add(CodeFallback, u.state.Notice, time.Time{})
	}
	return out
}

// answered wakes whoever waits for an answer of the cabinet.
func (u *Updater) answered(well bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.well = well
	close(u.waiting)
	u.waiting = make(chan struct{})
}

// ErrNoAnswer says that the cabinet was asked and did not answer.
var ErrNoAnswer = errors.New("кабинет не ответил: проверьте подключение агента к кабинету")

// Check asks the cabinet now, and tells what Status tells then.
func (u *Updater) Check(ctx context.Context) (version, text string, err error) {
	switch {
	case u.me == "":
		return "", "", fmt.Errorf("у этой сборки нет номера версии (%s): обновления к ней не подходят", u.o.Version)
	case u.o.Settings.Channel == config.ChannelOff:
		return "", "", errors.New("обновления выключены: update.channel = \"off\" в файле настроек")
	case u.snapshot().Trial != nil:
		version, text = u.Status()
		return version, text, nil // this version is on trial: there is nothing to ask for
	}
	u.mu.Lock()
	answer := u.waiting
	u.mu.Unlock()
	select {
	case u.check <- struct{}{}:
	default:
	}
	select {
	case <-answer:
	case <-ctx.Done():
		return "", "", ErrNoAnswer
	}
	u.mu.Lock()
	well := u.well
	u.mu.Unlock()
	if !well {
		return "", "", ErrNoAnswer
	}
	version, text = u.Status()
	return version, text, nil
}
