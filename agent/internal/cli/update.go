package cli

import (
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

type updateCommands struct {
	Status updateStatusCommand `cmd:"" help:"Какая версия работает и что с обновлением."`
	Check  updateCheckCommand  `cmd:"" help:"Спросить кабинет об обновлении сейчас."`
}

type updateStatusCommand struct{}

// Run implements the command.
func (*updateStatusCommand) Run(e *env) error {
	door, err := e.connect()
	if err != nil {
		return err
	}
	ctx, cancel := e.timeout(answerTimeout)
	defer cancel()
	s, err := door.technician.AgentStatus(ctx, &posv1.AgentStatusRequest{})
	if err != nil {
		return door.asError(err)
	}
	if e.json {
		return e.printAnyJSON(map[string]string{"version": s.GetVersion(), "update_version": s.GetUpdateVersion(), "update_text": s.GetUpdateText()})
	}
	e.say("Работает версия %s.", s.GetVersion())
	sayUpdate(e, s.GetUpdateVersion(), s.GetUpdateText())
	return nil
}

type updateCheckCommand struct{}

// Run implements the command.
func (*updateCheckCommand) Run(e *env) error {
	door, err := e.connect()
	if err != nil {
		return err
	}
	ctx, cancel := e.timeout(answerTimeout)
	defer cancel()
	s, err := door.technician.CheckUpdate(ctx, &posv1.CheckUpdateRequest{})
	if err != nil {
		return door.asError(err)
	}
	if e.json {
		return e.printJSON(s)
	}
	sayUpdate(e, s.GetVersion(), s.GetText())
	return nil
}

func sayUpdate(e *env, version, text string) {
	switch {
	case version != "":
		e.say("Версия %s: %s", version, text)
	case text != "":
		e.say("%s", text)
	default:
		e.say("Обновлений нет.")
	}
}
