// Command chekan-cloud is the cabinet: the web pages, the API behind them, the door of agents and the MQTT broker, in one
// program.
//
//	chekan-cloud run                              start; the first start prints the administrator's password once
//	chekan-cloud enrolment-code --outlet Магазин  a one-time code for an agent
//	chekan-cloud user add LOGIN                   a person more
//	chekan-cloud user passwd LOGIN                a new password
//	chekan-cloud releases import DIR              take the signed releases of a repository
//	chekan-cloud releases list                    releases that are there
//	chekan-cloud aggregates check|rebuild         whether every sum is what the documents say, and make them anew
//
// All of it is told by one TOML file (--config; cloud/internal/config/example.toml shows every key) or by flags. The addresses a
// running cabinet listens on are in addresses.json of its data folder.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/config"
	"github.com/chekan-io/chekan/cloud/internal/store"
)

// version is set by the linker.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chekan-cloud:", err)
		os.Exit(1)
	}
}

// commands is the command line.
type commands struct {
	Config   string           `help:"Settings, TOML." type:"path" placeholder:"FILE"`
	Data     string           `help:"Folder of everything the cabinet keeps." type:"path" placeholder:"DIR"`
	Database string           `help:"sqlite:<path> or postgres://…" placeholder:"URL"`
	JSON     bool             `name:"json" help:"Answer in JSON, for programs."`
	Version  kong.VersionFlag `help:"Print the version."`

	Run           runCommand  `cmd:"" help:"Start the cabinet."`
	EnrolmentCode codeCommand `cmd:"" help:"Make a one-time code for an agent."`
	User          struct {
		Add    addCommand    `cmd:"" help:"Add a person."`
		Passwd passwdCommand `cmd:"" help:"Give a person a new password and end their sessions."`
	} `cmd:"" help:"People."`
	Releases struct {
		Import importCommand `cmd:"" help:"Take the signed releases of a repository."`
		List   listCommand   `cmd:"" help:"Releases that are there."`
	} `cmd:"" help:"Versions of the agent."`
	Aggregates aggregatesCommands `cmd:"" help:"Sums kept while documents come in."`
	Audit      auditCommands      `cmd:"" help:"The journal of who did what."`
}

// shell is what a command works with.
type shell struct {
	ctx      context.Context
	config   config.Config
	json     bool
	out, err io.Writer
}

func execute(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var c commands
	parser, err := kong.New(&c, kong.Name("chekan-cloud"), kong.Description("The cabinet of cash registers."),
		kong.Vars{"version": version}, kong.Writers(stdout, stderr), kong.UsageOnError())
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return err
	}
	sh := &shell{ctx: ctx, json: c.JSON, out: stdout, err: stderr}
	if sh.config, err = config.Load(c.Config); err != nil {
		return err
	}
	if c.Data != "" {
		sh.config.Data = c.Data
	}
	if c.Database != "" {
		sh.config.Database = c.Database
	}
	return parsed.Run(sh)
}

// answer prints for a person, or value as JSON for a program.
func (sh *shell) answer(value any, format string, args ...any) error {
	if sh.json {
		return json.NewEncoder(sh.out).Encode(value)
	}
	_, err := fmt.Fprintf(sh.out, format, args...)
	return err
}

func (sh *shell) logger() *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(sh.config.Log.Level)); err != nil {
		level = slog.LevelInfo
	}
	opts := &slog.HandlerOptions{Level: level}
	if sh.config.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(sh.err, opts))
	}
	return slog.New(slog.NewTextHandler(sh.err, opts))
}

type runCommand struct {
	Listen            string `help:"Door of people: host:port; port 0 takes a free one."`
	Agents            string `help:"Door of agents: host:port."`
	Broker            string `help:"Embedded MQTT broker: host:port."`
	Host              string `help:"Name by which agents reach this computer."`
	AdminPasswordFile string `help:"Write the first administrator's password to this file too, readable by the owner only." type:"path" placeholder:"FILE"`
	LogLevel          string `help:"debug, info, warn or error."`
}

// Run implements the command.
func (r *runCommand) Run(sh *shell) error {
	for _, o := range []struct {
		to   *string
		flag string
	}{
		{&sh.config.Listen, r.Listen}, {&sh.config.Agents, r.Agents}, {&sh.config.Broker, r.Broker}, {&sh.config.Host, r.Host}, {&sh.config.Log.Level, r.LogLevel},
	} {
		if o.flag != "" {
			*o.to = o.flag
		}
	}
	if err := sh.config.Check(); err != nil {
		return err
	}
	log := sh.logger()
	show := func(login, password string) error {
		if r.AdminPasswordFile != "" {
			if err := os.WriteFile(r.AdminPasswordFile, []byte(password+"\n"), 0o600); err != nil {
				return fmt.Errorf("write password file: %w", err)
			}
		}
		return sh.answer(map[string]string{"login": login, "password": password},
			"Первый вход в кабинет (пароль показан один раз):\n  логин:  %s\n  пароль: %s\n", login, password)
	}
	c, err := start(sh.ctx, sh.config, log, show)
	if err != nil {
		return err
	}
	if err := sh.answer(c.addresses, "Кабинет:        %s\nАгенты:         %s\nБрокер (MQTT):  %s\n", c.addresses.Cabinet, c.addresses.Agents, c.addresses.Broker); err != nil {
		return errors.Join(err, c.stop())
	}
	tellSystemd(sh.ctx, "READY=1")
	alive, end := context.WithCancel(context.WithoutCancel(sh.ctx))
	defer end()
	go feedWatchdog(alive) // to the very end: stopping is life too
	return c.wait()
}

// offline opens what a command needs that works beside the running cabinet.
func (sh *shell) offline(do func(a *access.Access, authority *access.Authority) error) error {
	if err := os.MkdirAll(sh.config.Data, 0o700); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	s, err := store.Open(sh.ctx, sh.config.DatabaseAddress())
	if err != nil {
		return err
	}
	defer s.Close()
	authority, err := access.OpenAuthority(filepath.Join(sh.config.Data, "authority"), time.Now)
	if err != nil {
		return err
	}
	a, err := access.New(s, authority, sh.logger(), time.Now)
	if err != nil {
		return err
	}
	return do(a, authority)
}

type codeCommand struct {
	Outlet string `help:"Outlet the tills stand in." required:""`
}

// Run implements the command.
func (r *codeCommand) Run(sh *shell) error {
	return sh.offline(func(a *access.Access, authority *access.Authority) error {
		code, expires, err := a.NewCodeOfFirst(sh.ctx, r.Outlet)
		if err != nil {
			return err
		}
		if sh.config.TLS.Own {
			code += "@" + pin(authority)
		}
		cloud := sh.config.PublicURL
		if known, err := readAddresses(sh.config.Data); err == nil {
			cloud = known.Cabinet
		}
		return sh.answer(map[string]any{"code": code, "expires_ms": expires.UnixMilli(), "cloud": cloud},
			"Код подключения: %s (один раз, до %s)\n  chekan-agent enroll %s --cloud %s\n", code, expires.Local().Format("15:04"), code, cloud)
	})
}

type addCommand struct {
	Login        string `arg:"" help:"E-mail or name."`
	Name         string `help:"Name on screen."`
	Role         string `help:"administrator, technician, accountant or viewer." default:"viewer"`
	PasswordFile string `help:"File with the password; without it one is made up." type:"existingfile"`
}

// Run implements the command.
func (r *addCommand) Run(sh *shell) error {
	password, err := passwordFrom(r.PasswordFile)
	if err != nil {
		return err
	}
	return sh.offline(func(a *access.Access, _ *access.Authority) error {
		made, err := a.AddPerson(sh.ctx, r.Login, r.Name, password, access.Role(r.Role))
		if err != nil {
			return err
		}
		return sh.tell(r.Login, password, made)
	})
}

type passwdCommand struct {
	Login          string `arg:"" help:"Whose."`
	PasswordFile   string `help:"File with the password; without it one is made up." type:"existingfile"`
	WithoutFactors bool   `help:"Take every second factor away too: for who has lost them all."`
}

// Run implements the command.
func (r *passwdCommand) Run(sh *shell) error {
	password, err := passwordFrom(r.PasswordFile)
	if err != nil {
		return err
	}
	return sh.offline(func(a *access.Access, _ *access.Authority) error {
		made, err := a.ResetPassword(sh.ctx, r.Login, password)
		if err != nil {
			return err
		}
		if r.WithoutFactors {
			if err := a.RemoveFactors(sh.ctx, r.Login); err != nil {
				return err
			}
		}
		return sh.tell(r.Login, password, made)
	})
}

// tell prints a password that was made up, and nothing of one that was given.
func (sh *shell) tell(login, given, made string) error {
	if given != "" {
		return sh.answer(map[string]string{"login": login}, "логин:  %s\n", login)
	}
	return sh.answer(map[string]string{"login": login, "password": made}, "логин:  %s\nпароль: %s\n", login, made)
}

func passwordFrom(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("read password: %w", err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}
