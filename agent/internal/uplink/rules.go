package uplink

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// Rules are what the agent may do by itself, see package policy.
type Rules interface {
	// Version is that of the rules it goes by.
	Version() string
	// Take goes by others.
	Take(rules *uplinkv1.Rules) error
}

// takeRules goes by what the cabinet wants from now on.
func (s *session) takeRules(rules *uplinkv1.Rules) {
	if s.o.Rules == nil || rules == nil {
		return
	}
	if err := s.o.Rules.Take(rules); err != nil {
		s.o.Log.Error("rules of the cabinet are not taken", "error", err)
	}
}

func (s *session) rulesVersion() string {
	if s.o.Rules == nil {
		return ""
	}
	return s.o.Rules.Version()
}

// ActByRule carries out what a rule says, as a command that nobody gave: the
// journal knows of it before the till does, and the cabinet is told its end.
func (c *Client) ActByRule(ctx context.Context, rule, actor, till string, action fiscalv1.Action) (*fiscalv1.Run, error) {
	run := &fiscalv1.Run{Id: "r-" + rand.Text(), Till: till, Action: action, Actor: actor, Rule: rule}
	if !c.runs.claim(run.GetId()) {
		return nil, errors.New("an id was made twice")
	}
	defer c.runs.release(run.GetId())
	begun, err := c.o.Journal.BeginExecution(ctx, &journalv1.Execution{Id: run.GetId(), Run: proto.CloneOf(run), ForgetMs: c.now().Add(rememberFor).UnixMilli()})
	if err != nil || !begun {
		return nil, fmt.Errorf("write the journal: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, actLimit)
	defer cancel()
	done, err := c.o.Tills.Act(ctx, run.GetId(), till, action, func(*fiscalv1.Run) {})
	if err != nil {
		done = &fiscalv1.Run{Text: "Не удалось выполнить: " + err.Error()}
	}
	done = proto.CloneOf(done)
	done.Id, done.Till, done.Action, done.Actor, done.Rule, done.Ended = run.GetId(), till, action, actor, rule, true
	c.runs.put(done)
	return done, err
}

// NoteAct keeps the record of what a till did by itself because a rule says so.
// It is durable when it is told; a crash before that loses a line and no act.
func (c *Client) NoteAct(run *fiscalv1.Run) {
	run = proto.CloneOf(run)
	run.Id, run.Ended = "r-"+rand.Text(), true
	c.runs.put(run)
}
