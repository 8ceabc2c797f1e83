//go:build !linux

package demo

import "syscall"

// apart leaves a child as it is.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
