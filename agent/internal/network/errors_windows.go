package network

import (
	"errors"

	"golang.org/x/sys/windows"
)

// refused tells whether the computer is there and nobody listens.
func refused(err error) bool { return errors.Is(err, windows.WSAECONNREFUSED) }

// noWay tells whether the packet found no way at all.
func noWay(err error) bool {
	return errors.Is(err, windows.WSAENETUNREACH) || errors.Is(err, windows.WSAEHOSTUNREACH) || errors.Is(err, windows.WSAENETDOWN)
}

// reset tells whether the other end, or somebody in between, broke off.
func reset(err error) bool {
	return errors.Is(err, windows.WSAECONNRESET) || errors.Is(err, windows.WSAECONNABORTED)
}
