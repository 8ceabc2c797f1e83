package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/agent/internal/bundle"
)

type replayCommand struct {
	File string `arg:"" help:"Файл, сделанный командой bundle." name:"файл" type:"path"`
	Key  string `help:"Только эта операция." placeholder:"КЛЮЧ"`
	Last int    `help:"Сколько последних операций повторить; 0 повторит все." default:"10"`
}

// replayed is one operation of the answer in JSON.
type replayed struct {
	Till     string   `json:"till"`
	Key      string   `json:"key"`
	Kind     string   `json:"kind"`
	At       string   `json:"at"`
	Same     bool     `json:"same"`
	Recorded []string `json:"recorded"`
	Replayed []string `json:"replayed"`
	Departed string   `json:"departed,omitempty"`
}

// Run implements the command. No till and no agent is needed. It fails when an
// operation does not come to the same.
func (c *replayCommand) Run(e *env) error {
	b, err := bundle.Read(c.File)
	if errors.Is(err, bundle.ErrNewer) {
		return fmt.Errorf("файл %s сделан более новой версией: обновите эту программу", c.File)
	}
	if err != nil {
		return fmt.Errorf("файл %s не читается: %w", c.File, err)
	}
	cases := b.Cases()
	if c.Key != "" {
		kept := cases[:0]
		for _, one := range cases {
			if one.Key == c.Key {
				kept = append(kept, one)
			}
		}
		cases = kept
	}
	if c.Key == "" && c.Last > 0 && len(cases) > c.Last {
		cases = cases[len(cases)-c.Last:]
	}
	if len(cases) == 0 {
		return errors.New("в файле нет ни одной операции, обмен которой записан целиком")
	}
	code, list := ExitDone, []replayed{}
	for _, one := range cases {
		if !e.json {
			e.complain("… %s %s %s: займёт %s", one.At.Local().Format("02.01 15:04:05"), one.Till, one.Key, one.Took.Round(time.Second/10))
		}
		r, err := c.one(e.ctx, b, one)
		if err != nil {
			return err
		}
		if !r.Same {
			code = ExitNotDone
		}
		list = append(list, r)
		if !e.json {
			e.tellReplay(r)
		}
	}
	if e.json {
		if err := e.printAnyJSON(list); err != nil {
			return err
		}
	}
	return exit(code)
}

func (c *replayCommand) one(ctx context.Context, b *bundle.Bundle, one bundle.Case) (replayed, error) {
	result, err := b.Replay(ctx, one)
	if err != nil {
		return replayed{}, fmt.Errorf("операция %s не повторяется: %w", one.Key, err)
	}
	r := replayed{
		Till: one.Till, Key: one.Key, Kind: one.Kind, At: one.At.Format(time.RFC3339), Same: result.Same(),
		Recorded: result.Recorded, Replayed: result.Replayed,
	}
	if result.Departed != nil {
		r.Departed = result.Departed.Error()
	}
	return r, nil
}

func (e *env) tellReplay(r replayed) {
	if r.Same {
		verdict := bundle.Verdict(r.Recorded)
		if verdict == "" {
			verdict = "исход ещё не был известен"
		}
		e.say("✓ %s: то же самое: %s", r.Key, verdict)
		return
	}
	e.say("✗ %s: вышло иначе", r.Key)
	if r.Departed != "" {
		e.say("    обмен разошёлся с записью: %s", r.Departed)
	}
	for _, line := range r.Recorded {
		e.say("    было:  %s", line)
	}
	for _, line := range r.Replayed {
		e.say("    стало: %s", line)
	}
}
