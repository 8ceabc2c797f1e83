package main

import (
	"context"
	"runtime"
	"strings"
	"time"

	"github.com/chekan-io/chekan/agent/internal/metrics"
	"github.com/chekan-io/chekan/drivers/wire"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Counts of package metrics.
const (
	countRuns   = "chekan_agent_command_runs_total"
	countErrors = "chekan_agent_wire_errors_total"
	countBytes  = "chekan_agent_wire_bytes_total"
)

// countRun counts a command of the cabinet that has ended.
func (a *agent) countRun(run *fiscalv1.Run) {
	result := "failed"
	if run.GetOk() {
		result = "done"
	}
	a.counts.Add(countRuns, 1, word(run.GetAction().String(), "ACTION_"), result)
}

// counted goes between a till's wires and its black box, either of which may be
// nil.
func (a *agent) counted(till string, tap wire.Tap, events func(string)) (wire.Tap, func(string)) {
	a.counts.Add(countErrors, 0, till)
	return func(dir wire.Dir, b []byte) {
			way := "in"
			if dir == wire.Out {
				way = "out"
			}
			a.counts.Add(countBytes, float64(len(b)), till, way)
			if tap != nil {
				tap(dir, b)
			}
		}, func(event string) {
			if wire.Failure(strings.TrimPrefix(event, "printer: ")) != nil {
				a.counts.Add(countErrors, 1, till)
			}
			if events != nil {
				events(event)
			}
		}
}

// page gathers the numbers of the agent; docs/monitoring tells what they mean.
func (a *agent) page(ctx context.Context) *metrics.Page {
	now := time.Now()
	p := new(metrics.Page)
	p.Add("chekan_agent_build_info", metrics.Gauge, "Version and platform of the agent; always 1.", 1, "version", version, "platform", runtime.GOOS+"/"+runtime.GOARCH)
	states := a.fleet.States()
	p.Add("chekan_agent_tills", metrics.Gauge, "Tills that the agent works with.", float64(len(states)))
	p.Declare(tillOnline, metrics.Gauge, helpOnline)
	p.Declare(tillProblem, metrics.Gauge, helpProblem)
	for _, s := range states {
		putTill(p, s, now)
	}
	a.counts.Put(p, countErrors, "Cable failures: not opened, unplugged, broken off.", "till")
	a.counts.Put(p, countBytes, "Bytes on the cables of a till.", "till", "direction")

	status := a.Status(ctx)
	p.Declare("chekan_agent_problem", metrics.Gauge, "Standing problem of the agent itself; 1 while it stands.")
	for _, problem := range status.GetProblems() {
		p.Add("chekan_agent_problem", metrics.Gauge, "", 1, "code", problem.GetCode(), "severity", word(problem.GetSeverity().String(), "SEVERITY_"))
	}
	p.Flag("chekan_agent_enrolled", "The agent has an identity at a cabinet.", status.GetAgentId() != "")
	p.Flag("chekan_agent_cabinet_online", "The cabinet answers.", status.GetCloudOnline())
	p.Flag("chekan_agent_broker_online", "The broker is connected.", status.GetBrokerOnline())
	p.Declare("chekan_agent_certificate_expiry_timestamp_seconds", metrics.Gauge, "End of the agent's certificate, Unix seconds.")
	if id := a.uplink.Identity(); id != nil {
		p.Add("chekan_agent_certificate_expiry_timestamp_seconds", metrics.Gauge, "", float64(id.Expires().Unix()))
	}
	p.Add("chekan_agent_outbox_entries", metrics.Gauge, "Changes that the cabinet has not acknowledged.", float64(status.GetOutbox()))
	p.Add("chekan_agent_outbox_oldest_age_seconds", metrics.Gauge, "Age of the oldest of them.", float64(status.GetOutboxAgeMs())/1000)
	journal := a.journal.Stats()
	p.Add("chekan_agent_journal_commits_total", metrics.Counter, "Durable commits of the journal.", float64(journal.Commits))
	p.Add("chekan_agent_journal_writes_total", metrics.Counter, "Records and executions in them.", float64(journal.Writes))
	p.Add("chekan_agent_journal_size_bytes", metrics.Gauge, "Size of the journal's files.", float64(a.journal.Size()))
	a.counts.Put(p, countRuns, "Commands of the cabinet carried out.", "action", "result")
	p.Declare("chekan_agent_update_pending", metrics.Gauge, "A version that is on its way; 1 while it is.")
	if v := status.GetUpdateVersion(); v != "" {
		p.Add("chekan_agent_update_pending", metrics.Gauge, "", 1, "version", v)
	}
	p.Flag("chekan_agent_log_level_changed", "The log is written in another level for an hour.", !a.level.Until().IsZero())
	metrics.Process(p, a.started)
	return p
}

const (
	tillOnline  = "chekan_agent_till_online"
	helpOnline  = "The till answers."
	tillProblem = "chekan_agent_till_problem"
	helpProblem = "Standing problem of a till; 1 while it stands."
)

// putTill puts one till's numbers on the page.
func putTill(p *metrics.Page, s *fiscalv1.TillState, now time.Time) {
	name := s.GetTill()
	gauge := func(metric, help string, value float64) {
		p.Add("chekan_agent_till_"+metric, metrics.Gauge, help, value, "till", name)
	}
	p.Flag(tillOnline, helpOnline, s.GetOnline(), "till", name)
	for _, problem := range s.GetProblems() {
		p.Add(tillProblem, metrics.Gauge, helpProblem, 1, "till", name, "code", problem.GetCode(), "severity", word(problem.GetSeverity().String(), "SEVERITY_"))
	}
	gauge("unfinished_operations", "Operations that have not ended.", float64(s.GetUnfinished()))
	if ms := s.GetReadMs(); ms > 0 {
		gauge("read_timestamp_seconds", "When the till was read last, Unix seconds.", float64(ms)/1000)
	}
	if s.GetPaper() != fiscalv1.Paper_PAPER_UNSPECIFIED {
		p.Flag("chekan_agent_till_paper_ready", "There is paper and the printer is ready or prints.",
			s.GetPaper() == fiscalv1.Paper_PAPER_READY || s.GetPaper() == fiscalv1.Paper_PAPER_PRINTING, "till", name)
	}
	p.Flag("chekan_agent_till_paper_owed", "A document is owed on paper.", s.GetPaperOwed(), "till", name)
	p.Flag("chekan_agent_till_shift_open", "A shift is open.", s.GetShiftOpen(), "till", name)
	p.Flag("chekan_agent_till_recovering", "Recovery goes on.", s.GetRecovering(), "till", name)
	gauge("unsent_documents", "Documents that the operator of fiscal data has not confirmed.", float64(s.GetUnsent()))
	clock, told := civil(s.GetClock())
	if from, ok := civil(s.GetUnsentFrom()); ok && told && s.GetUnsent() > 0 {
		gauge("oldest_unsent_age_seconds", "Age of the oldest of them.", clock.Sub(from).Seconds())
	} else if s.GetUnsent() == 0 {
		gauge("oldest_unsent_age_seconds", "Age of the oldest of them.", 0)
	}
	if expiry := s.GetFnExpiry(); len(expiry) >= len(time.DateOnly) {
		if until, err := time.ParseInLocation(time.DateOnly, expiry[:len(time.DateOnly)], now.Location()); err == nil {
			gauge("fn_days_left", "Days until the end of the fiscal memory's term.", float64(int(until.Sub(now).Hours()/24)))
		}
	}
	if told && s.GetReadMs() > 0 {
		read := time.UnixMilli(s.GetReadMs()).In(now.Location())
		here := time.Date(read.Year(), read.Month(), read.Day(), read.Hour(), read.Minute(), read.Second(), 0, time.UTC)
		gauge("clock_skew_seconds", "The till's clock less the computer's.", clock.Sub(here).Seconds())
	}
	if d := s.GetDelivery(); d != nil {
		p.Add("chekan_agent_till_ofd_delivered_total", metrics.Counter, "Documents carried to the operator since the start.", float64(d.GetDelivered()), "till", name)
		p.Flag("chekan_agent_till_ofd_failing", "Something keeps documents from being carried.", d.GetFailure() != nil, "till", name)
	}
}

// civil reads a till's own time. It has no zone; two of one till compare.
func civil(text string) (time.Time, bool) {
	t, err := fiscal.ParseDateTime(text)
	if err != nil {
		return time.Time{}, false
	}
	return time.Date(t.Year, time.Month(t.Month), t.Day, t.Hour, t.Minute, t.Second, 0, time.UTC), true
}

// word is the short word of an enum's name.
func word(name, prefix string) string { return strings.ToLower(strings.TrimPrefix(name, prefix)) }
