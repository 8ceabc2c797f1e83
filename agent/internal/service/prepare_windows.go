package service

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc/mgr"
)

// account is what the service runs as: an account of its own that Windows makes
// from the service's name. It has no password, enters no other service's files,
// opens COM ports as every user does, and to the network it is the computer.
const account = `NT SERVICE\` + Name

// restarts are what the manager does after the first, the second and every
// later failure; a quarter of an hour without one begins anew. The first is
// quick, since a till waits; the last is slow, since what failed three times
// will fail again.
var restarts = []mgr.RecoveryAction{
	{Type: mgr.ServiceRestart, Delay: 2 * time.Second},
	{Type: mgr.ServiceRestart, Delay: 10 * time.Second},
	{Type: mgr.ServiceRestart, Delay: time.Minute},
}

const forgetFailures = 15 * 60 // seconds

// shutdownWait is how long Windows waits for us before a shutdown. A receipt
// takes a few seconds.
const shutdownWait = 30_000 // ms

// privilege is the only one the service keeps: to pass folders whose contents it
// may not see, without which no path opens. Services are given the right to act
// as whoever calls them as well, which ours never does and an attacker would.
const privilege = "SeChangeNotifyPrivilege"

// Prepare gives the installed service what its installer could not: restarts
// after failures, time before a shutdown, few rights. It may be repeated. What
// cannot be set is in the error; the rest is set all the same.
func Prepare() error {
	m, err := mgr.Connect()
	if err != nil {
		return fmt.Errorf("ask the service manager: %w", err)
	}
	defer func() { _ = m.Disconnect() }()
	s, err := m.OpenService(Name)
	if err != nil {
		return fmt.Errorf("open the service: %w", err)
	}
	defer s.Close()
	var all []error
	set := func(what string, err error) {
		if err != nil {
			all = append(all, fmt.Errorf("set %s: %w", what, err))
		}
	}
	set("restarts after a failure", s.SetRecoveryActions(restarts, forgetFailures))
	// An end with an error is a failure too, not only a crash.
	set("restarts after an error", s.SetRecoveryActionsOnNonCrashFailures(true))
	wait := struct{ milliseconds uint32 }{shutdownWait}
	set("the time before a shutdown", windows.ChangeServiceConfig2(s.Handle, windows.SERVICE_CONFIG_PRESHUTDOWN_INFO, (*byte)(unsafe.Pointer(&wait))))
	// A list of strings ends with an empty one.
	privileges := struct{ names *uint16 }{unsafe.SliceData(append(utf16.Encode([]rune(privilege)), 0, 0))}
	set("privileges", windows.ChangeServiceConfig2(s.Handle, windows.SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO, (*byte)(unsafe.Pointer(&privileges))))
	return errors.Join(all...)
}
