package wire

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// stableNames are where names live that udev gives to a device and not to a
// place, best first.
var stableNames = []string{"/dev/chekan", "/dev/serial/by-id"}

// serialPorts reads the kernel's own list. The library's enumerator is not used
// here: to find out which ttyS are real it opens them, and opening sets the
// speed of a port that another program may be using.
func serialPorts() ([]Port, error) { return portsOf(sysfs, "/dev", stableNames) }

func portsOf(root, dev string, links []string) ([]Port, error) {
	class := filepath.Join(root, "class", "tty")
	entries, err := os.ReadDir(class)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	byName := map[string][]string{}
	for _, dir := range links {
		named, err := os.ReadDir(dir)
		if err != nil {
			continue // no udev, or nothing plugged in
		}
		for _, l := range named {
			link := filepath.Join(dir, l.Name())
			if target, err := filepath.EvalSymlinks(link); err == nil && plain(link) {
				byName[target] = append(byName[target], link)
			}
		}
	}
	// A terminal that the kernel writes its messages to is no place for a till.
	active, _ := os.ReadFile(filepath.Join(class, "console", "active"))
	consoles := strings.Fields(string(active))
	var ports []Port
	seen := map[string]bool{}
	for _, e := range entries {
		path := filepath.Join(dev, e.Name())
		if !realPort(filepath.Join(class, e.Name())) || slices.Contains(consoles, e.Name()) {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			continue
		}
		p := Port{Address: Address{Scheme: "serial", Port: path, Baud: DefaultBaud}, Links: byName[path], Virtual: strings.HasPrefix(e.Name(), "ttyACM")}
		describe(&p, filepath.Join(class, e.Name(), "device"))
		ports = append(ports, p)
		seen[path] = true
	}
	// A name in the first folder is a person's or the package's word that a till
	// is there, whatever the kernel thinks the port is.
	for target, names := range byName {
		if !seen[target] && slices.ContainsFunc(names, func(n string) bool { return filepath.Dir(n) == links[0] }) {
			ports = append(ports, Port{Address: Address{Scheme: "serial", Port: target, Baud: DefaultBaud}, Links: names})
		}
	}
	return ports, nil
}

// realPort tells a terminal with hardware behind it from a console and from a
// port that the kernel keeps a place for (type 0 is PORT_UNKNOWN).
func realPort(dir string) bool {
	name := filepath.Base(dir)
	if strings.HasPrefix(name, "ttyGS") { // we would be the device there
		return false
	}
	if _, err := os.Stat(filepath.Join(dir, "device")); err != nil {
		return false
	}
	kind, err := os.ReadFile(filepath.Join(dir, "type"))
	return err != nil || strings.TrimSpace(string(kind)) != "0"
}

// describe walks from the terminal up to the USB device it is part of.
func describe(p *Port, device string) {
	dir, err := filepath.EvalSymlinks(device)
	if err != nil {
		return
	}
	read := func(name string) string {
		b, _ := os.ReadFile(filepath.Join(dir, name))
		return strings.TrimSpace(string(b))
	}
	for ; len(dir) > 1; dir = filepath.Dir(dir) {
		vendor, err1 := strconv.ParseUint(read("idVendor"), 16, 16)
		product, err2 := strconv.ParseUint(read("idProduct"), 16, 16)
		if err1 == nil && err2 == nil {
			p.Vendor, p.Product, p.Serial = uint16(vendor), uint16(product), read("serial")
			p.Device = strings.TrimSpace(read("manufacturer") + " " + read("product"))
			return
		}
	}
}
