// Package service is a thin wrapper over the system's service manager: it
// installs, removes, starts and stops the agent, and carries the two things a
// manager and a service say to each other: "ready" and "stop".
//
// Everything under it runs the same in a console. [Run] is that console: it
// ends the program's context at SIGINT or SIGTERM and tells systemd when the
// program is ready. Only where Windows starts a service does the program have
// to speak to the manager itself; the manager's command line carries --service
// for that ([Arguments]), because the usual guess ("am I in session 0?") is
// wrong in some places, Wine among them.
package service

import (
	"context"
	"errors"
	"fmt"

	ks "github.com/kardianos/service"
)

// Name is what the manager calls the agent.
const Name = "chekan-agent"

// Program is what runs: it calls ready once it serves, and returns soon after
// ctx ends.
type Program func(ctx context.Context, ready func()) error

// States of the service.
const (
	Running      = "running"
	Stopped      = "stopped"
	NotInstalled = "not_installed"
)

// unit restarts the agent after two seconds whatever ended it, and lets it say
// when it is ready. Paths are given by systemd (StateDirectory).
const unit = `[Unit]
Description={{Description}}
After=network.target

[Service]
Type=notify
ExecStart={{Path | cmdEscape}}{{range Arguments}} {{. | cmd}}{{end}}
StateDirectory=chekan-agent
StateDirectoryMode=0700
Restart=always
RestartSec=2
TimeoutStopSec=20

[Install]
WantedBy=multi-user.target
`

const description = "Пробивает чеки на кассах этого компьютера ровно один раз и рассказывает кабинету."

// Arguments are the command line under the manager.
func Arguments(config string) []string { return []string{"run", "--service", "--config", config} }

// manager makes the manager's view of the agent; config is the absolute path
// of its file.
func manager(config string) (ks.Service, error) {
	return ks.New(nobody{}, &ks.Config{
		Name: Name, DisplayName: "Chekan: агент кассы", Description: description, Arguments: Arguments(config), UserName: account,
		Option: ks.KeyValue{"SystemdScript": unit},
	})
}

// nobody stands where kardianos wants a program: Run is ours, see above.
type nobody struct{}

func (nobody) Start(ks.Service) error { return nil }
func (nobody) Stop(ks.Service) error  { return nil }

// Control does one of "install", "uninstall", "start", "stop".
func Control(action, config string) error {
	s, err := manager(config)
	if err == nil {
		err = ks.Control(s, action)
	}
	if err == nil && action == "install" {
		err = Prepare()
	}
	if err != nil {
		return fmt.Errorf("%s service: %w", action, err)
	}
	return nil
}

// State asks the manager how the service is.
func State() (string, error) {
	s, err := manager("")
	if err != nil {
		return "", fmt.Errorf("ask the service manager: %w", err)
	}
	st, err := s.Status()
	switch {
	case errors.Is(err, ks.ErrNotInstalled):
		return NotInstalled, nil
	case st == ks.StatusRunning:
		return Running, nil
	case st == ks.StatusStopped:
		return Stopped, nil
	}
	return "", fmt.Errorf("ask the service manager: %w", err)
}
