//go:build !linux

package wire

// usbSerial exists where the system lets a program reset the port that a serial
// device is plugged into.
type usbSerial struct {
	*stream
	node string
}

func usbBehind(Address) (node string, ok bool) { return "", false }
