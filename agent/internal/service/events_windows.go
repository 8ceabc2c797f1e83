package service

import (
	"fmt"

	"golang.org/x/sys/windows/svc/eventlog"
)

// Numbers of events, for whoever watches the log. The installer names
// EventCreate.exe as the source's file of messages; it has texts for 1 to 1000:
// each is what it is given.
const (
	EventStarted  = 1
	EventStopped  = 2
	EventFailed   = 3
	EventRestarts = 4
)

// events writes the few things an administrator looks for in the log of
// Windows; all the rest is in the agent's own. Without the log it is silent: it
// says nothing that is not in the agent's log.
type events struct{ log *eventlog.Log }

func openEvents() events {
	log, err := eventlog.Open(Name)
	if err != nil {
		return events{}
	}
	return events{log}
}

func (e events) close() {
	if e.log != nil {
		_ = e.log.Close()
	}
}

func (e events) started() {
	if e.log != nil {
		_ = e.log.Info(EventStarted, "Агент кассы запущен.")
	}
}

func (e events) stopped() {
	if e.log != nil {
		_ = e.log.Info(EventStopped, "Агент кассы остановлен. Начатые операции закончены или ждут следующего запуска.")
	}
}

func (e events) restarts() {
	if e.log != nil {
		_ = e.log.Info(EventRestarts, "Агент кассы перезапускается.")
	}
}

func (e events) failed(err error) {
	if e.log != nil {
		_ = e.log.Error(EventFailed, fmt.Sprintf("Агент кассы остановился и будет запущен снова. Причина: %v.", reason(err)))
	}
}

func reason(err error) string {
	if err == nil {
		return "программа закончилась сама"
	}
	return err.Error()
}
