package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/documents"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
)

// aggregatesCommands prove that sums are what the documents say, or make them so.
type aggregatesCommands struct {
	Check   checkCommand   `cmd:"" help:"Read every document again and compare every sum with them; fails when one differs."`
	Rebuild rebuildCommand `cmd:"" help:"Make every sum anew from the documents. Stop the cabinet first: until it ends, sums are short."`
}

// shownDifferences is how many differences are printed; the rest is counted.
const shownDifferences = 20

var errAggregates = errors.New("sums are not what the documents say: chekan-cloud aggregates rebuild makes them anew")

type checkCommand struct{}

// Run implements the command.
func (checkCommand) Run(sh *shell) error {
	return sh.figures(func(d *documents.Documents) error {
		differences := 0
		var failed error
		n, err := d.Check(sh.ctx, func(x store.Difference) {
			if differences++; differences <= shownDifferences && failed == nil {
				_, failed = fmt.Fprintf(sh.err, "%s: kept %+v, documents say %+v\n", x.What, x.Kept, x.Documents)
			}
		})
		if err := errors.Join(err, failed); err != nil {
			return err
		}
		if err := sh.answer(map[string]any{"documents": n, "differences": differences}, "документов %d, расхождений %d\n", n, differences); err != nil {
			return err
		}
		if differences > 0 {
			return errAggregates
		}
		return nil
	})
}

type rebuildCommand struct{}

// Run implements the command.
func (rebuildCommand) Run(sh *shell) error {
	return sh.figures(func(d *documents.Documents) error {
		if err := d.Rebuild(sh.ctx); err != nil {
			return err
		}
		return sh.answer(map[string]any{"rebuilt": true}, "итоги построены заново\n")
	})
}

func (sh *shell) figures(do func(d *documents.Documents) error) error {
	s, err := store.Open(sh.ctx, sh.config.DatabaseAddress())
	if err != nil {
		return err
	}
	defer s.Close()
	log := sh.logger()
	f := fleet.New(s, log, time.Now, func(string) {})
	return do(documents.New(s, f, f.Hub(), log, time.Now))
}
