package uplink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/agent/internal/journal"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

const (
	pollWait = 25 * time.Second
	// pollGrace is for the way there and back.
	pollGrace = 15 * time.Second
	// actLimit is longer than the whole ladder of package recovery.
	actLimit = 20 * time.Minute
	// rememberFor is how long an ended command is known, so that it cannot be
	// begun again however late it is repeated.
	rememberFor = 90 * 24 * time.Hour
	// pollGap bounds polling when the cabinet answers at once.
	pollGap = 200 * time.Millisecond
)

// commandLoop fetches commands until ctx ends, by long polls.
func (s *session) commandLoop(ctx context.Context) {
	s.recoverExecutions(ctx)
	var wait backoff
	for {
		commands, err := s.poll(ctx, pollWait)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			if !wait.sleep(ctx, &s.link) {
				return
			}
			continue
		}
		wait.reset()
		for _, cmd := range commands {
			s.take(ctx, cmd)
		}
		// A cabinet gives what has not ended again and again: that must not
		// become a hot loop while a command runs.
		gap := pollGap
		if len(commands) > 0 {
			gap = time.Second
		}
		if !pause(ctx, gap, nil) {
			return
		}
	}
}

// wakeLoop asks at once at every wake-up, beside the long poll: the server that
// holds the poll may not be the one that took the command. The poll goes on;
// were it called off, the command it is about to bring would be lost on the way
// until the cabinet gives it again.
func (s *session) wakeLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.woken:
		}
		commands, err := s.poll(ctx, 0)
		if err == nil {
			for _, cmd := range commands {
				s.take(ctx, cmd)
			}
		}
		if !pause(ctx, pollGap, nil) { // bounds what a broker gone mad can cause
			return
		}
	}
}

func (s *session) poll(ctx context.Context, wait time.Duration) ([]*uplinkv1.Command, error) {
	ctx, cancel := context.WithTimeout(ctx, wait+pollGrace)
	defer cancel()
	answer, err := s.rpc.FetchCommands(ctx, &uplinkv1.FetchCommandsRequest{WaitMs: uint32(wait.Milliseconds()), RulesVersion: s.rulesVersion()})
	if s.note(ctx, "fetch commands", err) != nil {
		return nil, err
	}
	s.takeRules(answer.GetRules())
	return answer.GetCommands(), nil
}

// take begins a command, unless it was begun before.
func (s *session) take(ctx context.Context, cmd *uplinkv1.Command) {
	log := s.o.Log.With("command", cmd.GetId(), "till", cmd.GetTill(), "action", cmd.GetAction().String(), "actor", cmd.GetActor())
	if cmd.GetId() == "" || !s.runs.claim(cmd.GetId()) {
		return
	}
	handed := false
	defer func() {
		if !handed {
			s.runs.release(cmd.GetId())
		}
	}()
	known, err := s.o.Journal.Execution(cmd.GetId())
	if err == nil {
		switch run := known.GetRun(); {
		case run.GetEnded(): // the cabinet does not know the end yet, or has forgotten it
			s.runs.put(run)
		case asked(run): // a restart cut the question off, and nobody has asked again yet
			handed = true
			s.runs.put(run)
			go s.askFirst(s.running, cmd, known) //nolint:contextcheck // a command outlives the connection that brought it
		}
		return
	}
	if !errors.Is(err, journal.ErrNotFound) {
		log.Error("command not begun", "error", fmt.Errorf("read the journal: %w", err))
		return
	}
	exec := &journalv1.Execution{
		Id: cmd.GetId(), Run: &fiscalv1.Run{Id: cmd.GetId(), Till: cmd.GetTill(), Action: cmd.GetAction(), Actor: cmd.GetActor()},
		ForgetMs: s.now().Add(rememberFor).UnixMilli(), Reason: cmd.GetReason(),
	}
	expired := cmd.GetExpiresMs() != 0 && s.now().UnixMilli() > cmd.GetExpiresMs()
	if expired {
		exec.Run.Ended, exec.Run.Text = true, "Команда просрочена: касса была не на связи. Ничего не сделано, отправьте её ещё раз."
	}
	asks := !expired && s.asks(cmd, exec.GetRun())
	begun, err := s.o.Journal.BeginExecution(ctx, exec)
	if err != nil {
		log.Error("command not begun", "error", fmt.Errorf("write the journal: %w", err))
		return
	}
	if !begun {
		return
	}
	if expired {
		log.Info("command expired")
		s.runs.put(exec.GetRun())
		return
	}
	log.Info("command begins", "asks", asks)
	s.runs.put(exec.GetRun())
	handed = true
	if asks {
		go s.askFirst(s.running, cmd, exec) //nolint:contextcheck // a command outlives the connection that brought it
		return
	}
	go s.act(s.running, cmd, fiscalv1.Consent_CONSENT_UNSPECIFIED) //nolint:contextcheck // as above
}

// act carries one command out; consent is what the person at the till said of it.
func (s *session) act(ctx context.Context, cmd *uplinkv1.Command, consent fiscalv1.Consent) {
	ctx, cancel := context.WithTimeout(ctx, actLimit)
	defer cancel()
	run, err := s.perform(ctx, cmd, consent)
	if errors.Is(err, ErrNotOver) {
		return // the claim stays: nothing may take it for interrupted before the agent stops
	}
	if err != nil {
		run = &fiscalv1.Run{Ended: true, Text: "Не удалось выполнить: " + err.Error()}
	}
	run = proto.CloneOf(run)
	run.Id, run.Action, run.Ended = cmd.GetId(), cmd.GetAction(), true
	run.Till = cmp.Or(cmd.GetTill(), run.GetTill()) // a command for the agent names none, and may have made one
	run.Actor, run.Consent = cmd.GetActor(), consent
	s.o.Log.Info("command ended", "command", cmd.GetId(), "till", cmd.GetTill(), "ok", run.GetOk())
	if s.o.Ended != nil {
		s.o.Ended(run)
	}
	s.runs.put(run)
	s.runs.release(cmd.GetId())
}

func (s *session) perform(ctx context.Context, cmd *uplinkv1.Command, consent fiscalv1.Consent) (run *fiscalv1.Run, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.o.Log.Error("command panicked", "command", cmd.GetId(), "panic", p)
			err = errors.New("внутренняя ошибка агента")
		}
	}()
	report := func(r *fiscalv1.Run) {
		r = proto.CloneOf(r)
		r.Ended = false // the end is said once, by act, after it is durable
		r.Actor, r.Consent = cmd.GetActor(), consent
		s.runs.put(r)
	}
	switch _, known := fiscalv1.Action_name[int32(cmd.GetAction())]; {
	case !known:
		return nil, errTooOld
	case s.o.Errands != nil && s.o.Errands.Knows(cmd.GetAction()):
		return s.errand(ctx, cmd, consent, report)
	case cmd.GetAction() == fiscalv1.Action_ACTION_DECIDE:
		return s.o.Tills.Resolve(ctx, cmd.GetId(), cmd.GetTill(), cmd.GetActor(), cmd.GetDecision(), report)
	case cmd.GetAction() == fiscalv1.Action_ACTION_SUSPEND:
		return s.o.Tills.Suspend(ctx, cmd.GetId(), cmd.GetTill(), cmd.GetActor(), cmd.GetReason(), report)
	}
	return s.o.Tills.Act(ctx, cmd.GetId(), cmd.GetTill(), cmd.GetAction(), report)
}

// errTooOld answers a command of a cabinet that knows more than we do.
var errTooOld = errors.New("агент этого не умеет, обновите его")

// recoverExecutions finds the commands whose end the cabinet has not heard.
// Those that this process is not carrying out were cut off by a restart.
func (s *session) recoverExecutions(ctx context.Context) {
	list, err := s.o.Journal.Unreported()
	if err != nil {
		s.o.Log.Error("commands of the previous run are not known", "error", err)
		return
	}
	for _, exec := range list {
		if s.runs.claim(exec.GetId()) && !s.recoverExecution(ctx, exec.GetId()) {
			s.runs.release(exec.GetId())
		}
	}
}

// recoverExecution is called with the command claimed, and reads it anew: it
// may have ended since the list was made. handed is true when the claim goes on
// with a question that is asked again.
func (s *session) recoverExecution(ctx context.Context, id string) (handed bool) {
	exec, err := s.o.Journal.Execution(id)
	if err != nil {
		s.o.Log.Error("command of the previous run is not known", "command", id, "error", err)
		return false
	}
	run := exec.GetRun()
	if asked(run) {
		s.runs.put(run)
		go s.askFirst(s.running, commandOf(exec), exec) //nolint:contextcheck // a command outlives the connection that brought it
		return true
	}
	if !run.GetEnded() && s.o.Errands != nil && s.o.Errands.Resume(run) {
		s.o.Log.Info("the agent has started anew as it was told", "command", id)
		if err := s.o.Journal.SaveExecution(ctx, exec); err != nil {
			s.o.Log.Error("the end of a command is not noted", "command", id, "error", err)
		}
	}
	if !run.GetEnded() {
		for _, step := range run.GetSteps() {
			if step.GetState() == fiscalv1.StepState_STEP_STATE_RUNNING {
				step.State, step.Result = fiscalv1.StepState_STEP_STATE_FAILED, "Прервано перезапуском агента."
			}
		}
		run.Ended, run.Ok = true, false
		run.Text = "Агент перезапустился во время выполнения; что успело сделаться, неизвестно. Нажмите «Проверить»."
		s.o.Log.Warn("command was interrupted", "command", id, "till", run.GetTill())
		if err := s.o.Journal.SaveExecution(ctx, exec); err != nil {
			s.o.Log.Error("interrupted command is not noted", "command", id, "error", err)
		}
	}
	s.runs.put(run)
	return false
}
