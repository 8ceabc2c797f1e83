// Package ofd is the wire between a till and the operator of fiscal data (ОФД):
// the protocol «ККТ – ТС ОФД» of the tax service, 1.1.006 and 1.2.
//
// # A message
//
// A message is a session header of 30 bytes ([Header]) and a container
// ([Container]), which the fiscal memory builds and reads; the program between
// them adds and takes away the session header and looks no deeper than it must.
// A message that is a header only is a service message ([Service]): operators
// answer it without any cryptography, so it tests the line.
//
// The operator answers a document with an acknowledgement ([Acknowledgement]):
// document 7 in a container of its own, which repeats enough of what it answers
// for the fiscal memory to believe it.
//
// # Lenient and strict
//
// Written messages are what captures of real exchanges show. Read messages may
// differ where firmware of real tills does: version bytes out of order, fiscal
// memories with numbers of fewer than 16 digits.
//
// # What it does not do
//
// It neither signs nor encrypts: the message sign (ФПС) is a value to carry. It
// opens no connection, and it does not check documents against the formats of
// fiscal data; package ffd does.
package ofd

import (
	"errors"
	"fmt"
)

// Sizes of the parts of a message.
const (
	// HeaderSize is the session header.
	HeaderSize = 30
	// ContainerHeaderSize is what stands before the document in a container.
	ContainerHeaderSize = 32
	// TrailerSize is what stands behind it.
	TrailerSize = 10
	// MaxBody is the longest container (protocol 1.1.006, table 1).
	MaxBody = 32 << 10
)

// What is wrong with a message that cannot be read.
var (
	// ErrShort: the bytes end too early.
	ErrShort = errors.New("message is cut short")
	// ErrSignature: it does not begin as a message of this protocol.
	ErrSignature = errors.New("not a message of the protocol")
	// ErrFormat: parts contradict one another.
	ErrFormat = errors.New("malformed message")
	// ErrCRC: a checksum differs.
	ErrCRC = errors.New("checksum differs")
)

func errorf(err error, format string, args ...any) error {
	return fmt.Errorf("%w: %s", err, fmt.Sprintf(format, args...))
}
