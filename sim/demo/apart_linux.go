package demo

import "syscall"

// apart puts a child into a process group of its own, so that Ctrl-C in the
// terminal reaches only the demo, and ends it when the demo is killed.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
