//go:build !windows

package network

import (
	"errors"
	"syscall"
)

// refused tells whether the computer is there and nobody listens.
func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// noWay tells whether the packet found no way at all.
func noWay(err error) bool {
	return errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETDOWN)
}

// reset tells whether the other end, or somebody in between, broke off.
func reset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
