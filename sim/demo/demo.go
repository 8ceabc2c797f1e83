// Package demo plays a shop on one computer: simulated tills inside this
// process, and beside it the real programs, chekan-cloud and chekan-agent,
// started as a customer would start them and spoken to only through their
// public doors.
//
// The first start makes everything from nothing: it enrols the agent with a
// one-time code, plays a morning, and lets paper run out under a receipt that
// is already fiscal. That receipt is left for the person. A later start in the
// same folder finds what is there and continues: every operation of the play
// has a key of its own, so nothing is sold twice, whenever the demo was cut off.
//
// # Folder
//
//	sim/      memories of the tills; `chekan-sim … --dir <folder>/sim` steers them
//	agent/    data of the agent; its token is agent/token
//	cloud/    data of the cabinet
//	logs/     what the programs said
//	demo.json ports, login and password
//
// # What it does not do
//
// It imports nothing of the agent or of the cabinet, and it is no service
// manager: a program that dies is reported with its last words and begun again
// a few times, so that one can kill it and look at what the cabinet says.
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Command is `chekan-sim demo`.
type Command struct {
	Dir           string        `help:"Folder of everything the demo keeps." default:"./run" type:"path"`
	Agent         string        `help:"The agent's program." default:"bin/chekan-agent" type:"path"`
	Cloud         string        `help:"The cabinet's program." default:"bin/chekan-cloud" type:"path"`
	Till          string        `help:"What the first till is: a Shtrih-M, or a fiscal memory and a printer on a serial line each." default:"shtrih" enum:"shtrih,fnprint"`
	Day           string        `help:"What is played at the first start: short is a morning, full a whole day and the next morning." default:"short" enum:"short,full"`
	OnceReadyFile string        `help:"Write addresses, login and password here as JSON when everything is ready." type:"path" placeholder:"FILE"`
	Revive        time.Duration `help:"Begin a program that died again after this time." default:"5s"`
}

// Ready is what a program that started the demo has to know; it is the content
// of the file of --once-ready-file.
type Ready struct {
	Cabinet  string `json:"cabinet"`
	Login    string `json:"login"`
	Password string `json:"password"`
	POS      string `json:"pos"`
	Token    string `json:"token"`
	Control  string `json:"control"`
	SimDir   string `json:"sim_dir"`
	AgentPID int    `json:"agent_pid"`
}

// Run plays until ctx ends.
func (c *Command) Run(ctx context.Context) error {
	d := &demo{Command: *c, out: os.Stdout}
	err := d.run(ctx)
	if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		d.say("Остановлено. Данные остались в %s, следующий запуск продолжит.", d.short(d.Dir))
		return nil
	}
	return err
}

// demo is one start.
type demo struct {
	Command
	out    io.Writer
	memory memory
	tills  []*till
	cloud  *child
	agent  *child
	door   door
}

// memory is what the demo remembers between starts.
type memory struct {
	Ports    map[string]int `json:"ports"`
	Login    string         `json:"login,omitempty"`
	Password string         `json:"password,omitempty"`
	Played   string         `json:"played,omitempty"`
}

func (d *demo) memoryFile() string { return filepath.Join(d.Dir, "demo.json") }

func (d *demo) recall() error {
	d.memory = memory{Ports: map[string]int{}}
	b, err := os.ReadFile(d.memoryFile())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &d.memory); err != nil {
		return fmt.Errorf("%s: %w", d.memoryFile(), err)
	}
	if d.memory.Ports == nil {
		d.memory.Ports = map[string]int{}
	}
	return nil
}

func (d *demo) remember() error { return writeJSON(d.memoryFile(), d.memory) }

// writeJSON writes a file that is there whole or not at all; it may hold a
// password.
func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// run starts everything, plays, and waits.
func (d *demo) run(ctx context.Context) (err error) {
	for _, path := range []string{d.Agent, d.Cloud} {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("нет программы %s: соберите её командой make build", d.short(path))
		}
	}
	if err := os.MkdirAll(filepath.Join(d.Dir, "logs"), 0o700); err != nil {
		return err
	}
	if d.OnceReadyFile != "" {
		if err := os.Remove(d.OnceReadyFile); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := d.recall(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	d.say("Чекан: кассы, агент и кабинет на этом компьютере. Данные в %s.", d.short(d.Dir))
	street, err := d.openStreet(ctx, cancel)
	if err != nil {
		return err
	}
	// The agent goes first: it may be in the middle of an operation on a till.
	defer func() {
		err = errors.Join(err, d.agent.stop(), d.cloud.stop())
		cancel(nil)
		err = errors.Join(err, street.close())
	}()
	if err := d.startCloud(ctx); err != nil {
		return err
	}
	if err := d.startAgent(ctx); err != nil {
		return err
	}
	if err := d.remember(); err != nil {
		return err
	}
	if err := d.join(ctx); err != nil {
		return err
	}
	if err := d.play(ctx); err != nil {
		return err
	}
	if err := d.invite(ctx, street.control); err != nil {
		return err
	}
	return d.watch(ctx)
}

// watch keeps the programs alive until ctx ends.
func (d *demo) watch(ctx context.Context) error {
	var deaths []time.Time
	for {
		var dead **child
		select {
		case <-ctx.Done():
			if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
				return err
			}
			return nil
		case <-d.agent.ended:
			dead = &d.agent
		case <-d.cloud.ended:
			dead = &d.cloud
		}
		d.say("%s", (*dead).obituary())
		deaths = append(deaths, time.Now())
		if n := len(deaths); n >= 5 && time.Since(deaths[n-5]) < 2*time.Minute {
			return fmt.Errorf("%s: пятая смерть за две минуты", (*dead).name)
		}
		d.say("Запускаем снова через %v.", d.Revive)
		if err := pause(ctx, d.Revive); err != nil {
			return nil //nolint:nilerr // asked to stop
		}
		again, err := (*dead).again()
		if err != nil {
			return err
		}
		*dead = again
		d.say("%s снова работает, номер процесса %d.", again.name, again.pid())
	}
}

func (d *demo) say(format string, args ...any) { _, _ = fmt.Fprintf(d.out, format+"\n", args...) }

// short is a path as a person in this folder would type it.
func (d *demo) short(path string) string {
	cwd, err := os.Getwd()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(cwd, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

func pause(ctx context.Context, t time.Duration) error {
	timer := time.NewTimer(t)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// until asks again and again until the answer is yes. A program that has died
// ends the waiting.
func (d *demo) until(ctx context.Context, limit time.Duration, what string, ask func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("не дождались: %s", what))
	defer cancel()
	var last error
	for {
		ok, err := ask(ctx)
		if ok {
			return nil
		}
		if err != nil {
			last = err
		}
		for _, c := range []*child{d.cloud, d.agent} {
			if c.dead() {
				return errors.New(c.obituary())
			}
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			cause := context.Cause(ctx)
			if errors.Is(cause, context.Canceled) {
				return cause
			}
			return errors.Join(cause, last)
		}
	}
}
