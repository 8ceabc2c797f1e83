package wire

import (
	"strconv"

	"go.bug.st/serial/enumerator"
)

// serialPorts asks the system's list of devices; nothing is opened.
func serialPorts() ([]Port, error) {
	list, err := enumerator.GetDetailedPortsList()
	if err != nil {
		return nil, err
	}
	var ports []Port
	for _, d := range list {
		p := Port{Address: Address{Scheme: "serial", Port: d.Name, Baud: DefaultBaud}, Device: d.Product}
		if d.IsUSB {
			vendor, _ := strconv.ParseUint(d.VID, 16, 16)
			product, _ := strconv.ParseUint(d.PID, 16, 16)
			p.Vendor, p.Product, p.Serial = uint16(vendor), uint16(product), d.SerialNumber
		}
		ports = append(ports, p)
	}
	return ports, nil
}
