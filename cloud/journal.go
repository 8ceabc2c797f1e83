package main

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
)

// auditCommands look after the journal of acts.
type auditCommands struct {
	Verify verifyCommand `cmd:"" help:"Read the journals of all organisations and tell whether a line was changed, taken out or put in; fails when one was."`
}

type verifyCommand struct{}

// Run implements the command.
func (verifyCommand) Run(sh *shell) error {
	s, err := store.Open(sh.ctx, sh.config.DatabaseAddress())
	if err != nil {
		return err
	}
	defer s.Close()
	var failed error
	err = audit.New(s).VerifyAll(sh.ctx, func(organisation string, v audit.Verdict) {
		if failed != nil {
			return
		}
		if organisation == "" {
			organisation = "cabinet"
		}
		values := map[string]any{"organisation": organisation, "lines": v.Lines, "broken": v.Broken, "hash": hex.EncodeToString(v.Hash)}
		if v.Broken != 0 {
			failed = sh.answer(values, "%s: строка %d изменена, вынута или вставлена; до неё верны %d\n", organisation, v.Broken, v.Lines)
			return
		}
		failed = sh.answer(values, "%s: строк %d, все верны; последняя %x\n", organisation, v.Lines, v.Hash)
	})
	if failed != nil {
		return errors.Join(err, fmt.Errorf("tell: %w", failed))
	}
	return err
}
