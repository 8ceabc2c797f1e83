package usbtest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
)

// vhci is the host controller of USB/IP in a kernel with vhci-hcd loaded.
const vhci = "/sys/devices/platform/vhci_hcd.0/"

// Attach plugs the device that a server at addr offers into this computer's
// kernel, as `usbip attach` does. It needs root.
func Attach(ctx context.Context, addr string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	ask := struct {
		opHeader
		BusID [busIDSize]byte
	}{opHeader: opHeader{usbipVersion, opReqImport, 0}}
	copy(ask.BusID[:], BusID)
	var answer opHeader
	if err := errors.Join(binary.Write(conn, binary.BigEndian, ask), binary.Read(conn, binary.BigEndian, &answer)); err != nil {
		return err
	}
	if answer.Status != 0 {
		return errors.New("nothing is plugged in there")
	}
	var about usbipDevice
	if err := binary.Read(conn, binary.BigEndian, &about); err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return fmt.Errorf("%T is no socket of TCP", conn)
	}
	file, err := tcp.File() // blocking, which is what the kernel's threads expect
	if err != nil {
		return err
	}
	defer file.Close()
	line := fmt.Sprintf("%d %d %d %d", port, file.Fd(), about.Bus<<16|about.Number, about.Speed)
	return os.WriteFile(vhci+"attach", []byte(line), 0)
}

// freePort finds a port of the controller's hub that nothing is plugged into.
// The table has columns: hub, port, state (4 is free), and more.
func freePort() (int, error) {
	table, err := os.ReadFile(vhci + "status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(table)) {
		var hub string
		var port, state int
		if n, _ := fmt.Sscan(line, &hub, &port, &state); n == 3 && hub == "hs" && state == 4 {
			return port, nil
		}
	}
	return 0, errors.New("the virtual hub has no free port")
}
