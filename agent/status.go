package main

import (
	"context"
	"errors"
	"net/url"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/agent/internal/uplink"
	"github.com/chekan-io/chekan/agent/internal/verdict"
	"github.com/chekan-io/chekan/agent/internal/wake"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

// broker is the line to the broker, while there is one.
type broker struct {
	client atomic.Pointer[wake.Client]
	word   atomic.Value // string: the newest health word
}

// Status implements pos.Agent.
func (a *agent) Status(context.Context) *posv1.AgentStatusResponse {
	n, oldest := a.journal.Backlog()
	s := &posv1.AgentStatusResponse{
		Version: version, Cloud: a.cfg.Cloud, CloudOnline: a.uplink.Status().Online, Outbox: n,
		Problems: append(a.ownProblems(), a.uplink.Problems()...), JournalBytes: a.journal.Size(), StartedMs: a.started.UnixMilli(),
	}
	if !oldest.IsZero() {
		s.OutboxAgeMs = time.Since(oldest).Milliseconds()
	}
	if id := a.uplink.Identity(); id != nil {
		s.AgentId, s.Cloud = id.AgentID, id.Cloud
	}
	if c := a.broker.client.Load(); c != nil {
		s.BrokerOnline = c.Online()
	}
	s.UpdateVersion, s.UpdateText = a.updater.Status()
	return s
}

// CheckUpdate implements pos.Agent.
func (a *agent) CheckUpdate(ctx context.Context) (*posv1.CheckUpdateResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	version, text, err := a.updater.Check(ctx)
	if err != nil {
		return nil, connect.NewError(connect.CodeFailedPrecondition, err)
	}
	return &posv1.CheckUpdateResponse{Version: version, Text: text}, nil
}

// checkLimit is how long a person waits for the cabinet to say whether there is
// another version.
const checkLimit = 40 * time.Second

// ownProblems are those of the agent itself that are not about its line.
func (a *agent) ownProblems() []*fiscalv1.Problem {
	return append(a.journalProblems(), a.updater.Problems()...)
}

// Enroll implements pos.Agent.
func (a *agent) Enroll(ctx context.Context, code, cloud string) (*posv1.EnrollResponse, error) {
	id, err := a.uplink.Enroll(ctx, code, cloud)
	if err != nil {
		// The cabinet's own Connect code stays here: at the door it would pass
		// for ours.
		return nil, connect.NewError(connect.CodeFailedPrecondition, errors.New(err.Error()))
	}
	return &posv1.EnrollResponse{AgentId: id.AgentID, Organisation: id.Organisation}, nil
}

// Cabinet implements verdict.Cabinet.
func (a *agent) Cabinet() verdict.CabinetState {
	s := verdict.CabinetState{Cloud: a.cfg.Cloud, Online: a.uplink.Status().Online}
	if id := a.uplink.Identity(); id != nil {
		s.Cloud, s.Organisation = id.Cloud, id.Organisation
	}
	for _, p := range a.uplink.Problems() {
		s.Problems = append(s.Problems, p.GetText()+" "+p.GetTodo())
	}
	return s
}

// Join implements verdict.Cabinet.
func (a *agent) Join(ctx context.Context, code, cloud string) (string, error) {
	id, err := a.uplink.Enroll(ctx, code, cloud)
	if err != nil {
		return "", err
	}
	return id.Organisation, nil
}

// journalProblems are what the journal says of itself, in the words of package
// health.
func (a *agent) journalProblems() []*fiscalv1.Problem {
	var out []*fiscalv1.Problem
	for _, p := range a.journal.Problems() {
		problem := health.Problem{Code: health.CodeJournal, Args: map[string]string{"what": p.Detail}}
		if p.Code == health.CodeJournalFull {
			problem = health.Problem{Code: health.CodeJournalFull}
		}
		out = append(out, problem.Proto(a.started))
	}
	return out
}

// keepBroker keeps the line to the broker while the agent is id.
func (a *agent) keepBroker(ctx context.Context, id *uplink.Identity) {
	if u, err := url.Parse(id.BrokerURL); err != nil || u.Host == "" {
		a.log.Info("the cabinet has no broker", "address", id.BrokerURL)
		<-ctx.Done()
		return
	}
	c := wake.New(wake.Options{Broker: id.BrokerURL, AgentID: id.AgentID, TLS: a.uplink.TLS(id.BrokerURL), Wake: a.uplink.Wake, Log: a.log})
	if word, ok := a.broker.word.Load().(string); ok {
		c.SetHealth(word)
	}
	a.broker.client.Store(c)
	defer a.broker.client.Store(nil)
	_ = c.Run(ctx) // ends only by ctx
}

// passChanges passes changes of the tills on to the line, which reports states
// rather than changes: to miss one is nothing.
func (a *agent) passChanges(ctx context.Context) error {
	changes, cancel := a.fleet.Watch()
	defer cancel()
	for {
		a.sayHealth()
		select {
		case <-ctx.Done():
			return nil
		case <-changes:
			a.uplink.StateChanged()
		}
	}
}

func (a *agent) sayHealth() {
	var worst fiscalv1.Severity
	for _, s := range a.fleet.States() {
		for _, p := range s.GetProblems() {
			worst = max(worst, p.GetSeverity())
		}
	}
	word := wake.HealthOK
	switch worst {
	case fiscalv1.Severity_SEVERITY_CRITICAL:
		word = wake.HealthCritical
	case fiscalv1.Severity_SEVERITY_WARNING:
		word = wake.HealthWarning
	case fiscalv1.Severity_SEVERITY_INFO, fiscalv1.Severity_SEVERITY_UNSPECIFIED:
	}
	a.broker.word.Store(word)
	if c := a.broker.client.Load(); c != nil {
		c.SetHealth(word)
	}
}
