//go:build !linux && !windows

package wire

import "go.bug.st/serial"

// serialPorts has no more than names here.
func serialPorts() ([]Port, error) {
	names, err := serial.GetPortsList()
	var ports []Port
	for _, n := range names {
		ports = append(ports, Port{Address: Address{Scheme: "serial", Port: n, Baud: DefaultBaud}})
	}
	return ports, err
}
