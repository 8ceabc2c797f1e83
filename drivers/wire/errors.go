package wire

import "errors"

// When opening.
var (
	// ErrBusy says that another program, or another part of this one, holds
	// the device.
	ErrBusy = errors.New("device is held by another program")

	// ErrAbsent says that there is no such port, or nobody listens at the
	// address: cable out, till off, wrong name.
	ErrAbsent = errors.New("device is absent")

	// ErrDenied says that the system does not let this user open the port.
	ErrDenied = errors.New("no permission to open the device")

	// ErrSeveral says that the address fits several USB devices; the cause
	// lists them, each as an address that fits it alone.
	ErrSeveral = errors.New("several devices fit the address")

	// ErrNoUSB says that this program was built without USB.
	ErrNoUSB = errors.New("в этой сборке агента нет USB: поставьте пакет chekan-agent-usb вместо chekan-agent " +
		"или соберите с «-tags usb» при включённом cgo и установленной libusb 1.0; серийные порты и TCP работают и здесь")
)

// When reading and writing.
var (
	// ErrTimeout says that the deadline came first. The device may be busy,
	// off or gone: only silence is known.
	ErrTimeout = errors.New("timeout")

	// ErrGone says that the cable itself reported its end: unplugged,
	// connection reset, port vanished.
	ErrGone = errors.New("device is gone")

	// ErrClosed says that this Conn was closed on our side.
	ErrClosed = errors.New("connection closed")

	// ErrNoDeadline is a mistake of the caller: see the package comment.
	ErrNoDeadline = errors.New("context has no deadline")
)
