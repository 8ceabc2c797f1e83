package cli

import (
	"context"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/doctor"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

type doctorCommand struct{}

// Run implements the command. It fails when something is bad.
func (*doctorCommand) Run(e *env) error {
	ctx, cancel := e.timeout(answerTimeout)
	defer cancel()
	cfg, err := config.Load(e.configPath)
	exam := &doctor.Exam{ConfigPath: e.configPath, Config: cfg, ConfigError: err, Version: e.Version, Connect: connectDoctor}
	found := exam.Examine(ctx)
	code := ExitDone
	if !doctor.Works(found) {
		code = ExitNotDone
	}
	if e.json {
		if err := e.printAnyJSON(found); err != nil {
			return err
		}
		return exit(code)
	}
	signs := map[doctor.Verdict]string{doctor.Good: "✓", doctor.Warning: "!", doctor.Bad: "✗", doctor.Skipped: "–"}
	for _, f := range found {
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

// doctorDoor is the door as the doctor asks through it.
type doctorDoor struct{ *door }

func connectDoctor(cfg config.Config) (doctor.Agent, error) {
	d, err := openDoor(cfg)
	if err != nil {
		return nil, err
	}
	return doctorDoor{d}, nil
}

// Address implements doctor.Agent.
func (d doctorDoor) Address() string { return d.addr }

// Status implements doctor.Agent.
func (d doctorDoor) Status(ctx context.Context) (*posv1.AgentStatusResponse, error) {
	answer, err := d.technician.AgentStatus(ctx, &posv1.AgentStatusRequest{})
	if err != nil {
		return nil, d.asError(err)
	}
	return answer, nil
}

// CheckJournal implements doctor.Agent.
func (d doctorDoor) CheckJournal(ctx context.Context) (*posv1.CheckJournalResponse, error) {
	answer, err := d.technician.CheckJournal(ctx, &posv1.CheckJournalRequest{})
	if err != nil {
		return nil, d.asError(err)
	}
	return answer, nil
}

// Till implements doctor.Agent.
func (d doctorDoor) Till(ctx context.Context, name string) (*fiscalv1.TillState, error) {
	answer, err := d.pos.TillStatus(ctx, &posv1.TillStatusRequest{Till: name, Fresh: true})
	if err != nil {
		return nil, d.asError(err)
	}
	return answer.GetState(), nil
}
