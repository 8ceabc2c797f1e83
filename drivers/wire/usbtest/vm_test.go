//go:build usb && cgo

package usbtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chekan-io/chekan/drivers/wire/guest"
	"github.com/chekan-io/chekan/drivers/wire/usbtest"
	"github.com/chekan-io/chekan/protocol/escpos"
)

var (
	vmFlag = flag.Bool("vm", false, "boot a machine and print in it")
	rounds = flag.Int("rounds", 3, "rounds of stories in the machine")
)

// machineInit is the first program of the machine.
const machineInit = `#!/bin/sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs run /run
for m in %s; do [ ! -f /lib/$m.ko ] || insmod /lib/$m.ko || echo "no module $m"; done
ip link set lo up
ip addr add 10.0.2.15/24 dev eth0 && ip link set eth0 up && ip route add default via ` + guest.Host + `
echo; echo ` + machineReady + `
` + hostVariable + `=%s /bin/rig
dmesg | tail -n 20
poweroff -f
`

const machineReady = "MACHINE READY"

// usbModules are usbcore, the controller of USB/IP, and the drivers that a
// computer of a shop has for printers and virtual serial ports.
var usbModules = []string{"usb-common", "usbcore", "usbip-core", "vhci-hcd", "usblp", "cdc-acm"}

// vm is a machine with the program under test in it.
type vm struct {
	t       *testing.T
	box     *guest.Running
	in      *json.Encoder
	out     *json.Decoder
	server  string // of USB/IP, as the machine reaches it
	mu      sync.Mutex
	plugged *usbtest.Socket
	number  string // of the device on the machine's bus, the last time
}

func startVM(t *testing.T) *vm {
	t.Helper()
	ctx := within(t, 10*time.Minute)
	kernel := &guest.Kernel{
		Package: "linux-image-amd64", Modules: append(append([]string{}, guest.NetworkModules...), usbModules...),
		Dir: filepath.Join(guest.Cache("chekan-usb-vm"), "kernel"), Unpack: true,
		Say: func(format string, args ...any) { fmt.Fprintf(os.Stdout, format+"\n", args...) },
	}
	file, err := kernel.Get(ctx)
	if err != nil {
		t.Fatal(err)
	}
	h := &vm{t: t}
	listen := func() (net.Listener, string) {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		_, port, _ := net.SplitHostPort(l.Addr().String())
		return l, net.JoinHostPort(guest.Host, port)
	}
	usb, at := listen()
	h.server = at
	go func() {
		if err := usbtest.ServeUSBIP(usb, h.current); err != nil {
			t.Error(err)
		}
	}()
	orders, home := listen()
	initial := filepath.Join(t.TempDir(), "initial")
	if err := packMachine(ctx, kernel, initial, home); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	box := guest.Machine{Kernel: file, Initial: initial, Memory: "512", Ready: machineReady, Args: guest.NetworkArgs("", 0)}
	if h.box, err = box.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.box.Cut()
		if t.Failed() {
			t.Logf("the machine says:\n%s", h.box.Text())
		}
	})
	select {
	case <-h.box.Ready:
	case <-h.box.Ended:
		t.Fatal("the machine did not come up")
	case <-ctx.Done():
		t.Fatal("the machine does not come up")
	}
	conn, err := orders.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	fmt.Fprintf(os.Stdout, "  up in %.1f s\n", time.Since(began).Seconds())
	h.in, h.out = json.NewEncoder(conn), json.NewDecoder(conn)
	return h
}

// packMachine makes the first file system: this program with its libraries.
func packMachine(ctx context.Context, kernel *guest.Kernel, initial, home string) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	var a guest.Archive
	a.Folder("bin", "lib", "lib64", "usr", "usr/lib", "etc", "proc", "sys", "dev", "run", "tmp")
	if err := errors.Join(a.Busybox(), a.Copy("bin/rig", exe), kernel.AddModules(&a)); err != nil {
		return err
	}
	listed, err := exec.CommandContext(ctx, "ldd", exe).Output()
	if err != nil {
		return fmt.Errorf("list the libraries: %w", err)
	}
	for line := range strings.Lines(string(listed)) {
		// libusb-1.0.so.0 => /lib/x86_64-linux-gnu/libusb-1.0.so.0 (0x00007f…), or the linker's path alone
		fields := strings.Fields(strings.ReplaceAll(line, "=>", " "))
		for _, path := range fields {
			if !strings.HasPrefix(path, "/") {
				continue
			}
			to := "usr/lib/" + filepath.Base(path)
			if strings.HasPrefix(path, "/lib64/") {
				to = path[1:]
			}
			if err := a.Copy(to, path); err != nil {
				return err
			}
		}
	}
	modules := append(append([]string{}, guest.NetworkModules...), usbModules...)
	a.Program("init", fmt.Appendf(nil, machineInit, strings.Join(modules, " "), home))
	return a.Close(initial)
}

func (h *vm) current() *usbtest.Socket {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.plugged
}

func (h *vm) ask(what call) reply {
	h.t.Helper()
	if what.Millis == 0 {
		what.Millis = int(patience.Milliseconds())
	}
	if err := h.in.Encode(what); err != nil {
		h.t.Fatal(err)
	}
	var r reply
	if err := h.out.Decode(&r); err != nil {
		h.t.Fatalf("the program in the machine: %v", err)
	}
	return r
}

func (h *vm) must(what call) reply {
	h.t.Helper()
	r := h.ask(what)
	if r.Word != "" {
		h.t.Fatalf("%s %s: %s: %s", what.Do, what.Addr, r.Word, r.Text)
	}
	return r
}

// attach has the machine attach a device, and waits for the file it becomes.
func (h *vm) attach(d *usbtest.Device, file string) {
	h.t.Helper()
	h.mu.Lock()
	h.plugged = usbtest.Plug(d)
	h.mu.Unlock()
	h.must(call{Do: "attach", Addr: h.server})
	h.must(call{Do: "appears", Addr: file})
	number := string(h.must(call{Do: "read file", Addr: "/sys/bus/usb/devices/1-1/devnum"}).Data)
	if number == h.number {
		h.t.Errorf("the device came back under the number it had: %s", number)
	}
	h.number = number
}

// plug implements host for a printer; usblp has it first.
func (h *vm) plug(t *testing.T, d *usbtest.Device) {
	t.Helper()
	h.attach(d, lp)
}

// unplug pulls the device out by closing its connection.
func (h *vm) unplug(t *testing.T) {
	t.Helper()
	h.current().Unplug()
}

// Files that the kernel's drivers make of the devices.
const (
	lp  = "/dev/usb/lp0"
	acm = "/dev/ttyACM0"
)

// throughUsblp prints by the kernel's own driver, before the agent takes the
// printer from it.
func (y *tally) throughUsblp(t *testing.T, h *vm, s *simulated, name string) {
	t.Helper()
	y.prints++
	y.papersOut++
	status := func() byte { return h.must(call{Do: "lp status", Addr: lp}).Data[0] }
	s.dev.SetPaper(0)
	if got := status(); got&0x20 == 0 {
		t.Errorf("usblp does not see the paper out: %02x", got)
	}
	s.dev.Refill()
	if got := status(); got != 0x18 {
		t.Errorf("usblp sees no paper: %02x", got)
	}
	var job []byte
	for _, block := range escpos.Render(slipOf(name), profile()) {
		job = append(job, block.Bytes...)
	}
	h.must(call{Do: "lp write", Addr: lp, Data: job})
	y.judge(t, s, name)
}

// handOver looks at who has the printer: usblp, the agent, usblp again; and
// resets the port in between.
func (h *vm) handOver(d *usbtest.Device) {
	h.t.Helper()
	addr := printerOf(d)
	h.must(call{Do: "open", Addr: addr})
	h.must(call{Do: "vanishes", Addr: lp})
	if r := h.must(call{Do: "identify", Addr: addr}); !strings.Contains(r.Text, "TM-T20II") {
		h.t.Errorf("it is %q", r.Text)
	}
	h.must(call{Do: "close", Addr: addr})
	h.must(call{Do: "appears", Addr: lp})
	h.must(call{Do: "open", Addr: addr})
	h.must(call{Do: "reset", Addr: addr})
	h.must(call{Do: "appears", Addr: lp})
	h.must(call{Do: "open", Addr: "usb:printer"})
	h.must(call{Do: "status", Addr: "usb:printer"})
	h.must(call{Do: "close", Addr: "usb:printer"})
	h.must(call{Do: "appears", Addr: lp})
}

// serialPort is a till's virtual serial port: bytes, a reset, unplugging.
func (h *vm) serialPort(t *testing.T) {
	t.Helper()
	const addr = "serial://" + acm + "?baud=115200"
	till := newHopper()
	d := &usbtest.Device{Vendor: 0x1FC9, Product: 0x0083, Maker: "SHTRIH-M", Model: "KKT", Serial: "0001", Function: &usbtest.Serial{Engine: till}}
	h.attach(d, acm)
	exchange := func() {
		t.Helper()
		h.must(call{Do: "open", Addr: addr})
		till.change(func() { till.taken, till.tosay = nil, nil })
		h.must(call{Do: "write", Addr: addr, Data: []byte{5}})
		if err := till.wait(t.Context(), func() bool { return len(till.taken) > 0 }); err != nil {
			t.Fatal(err)
		}
		till.change(func() { till.tosay = []byte{6} })
		if r := h.must(call{Do: "read", Addr: addr}); len(r.Data) != 1 || r.Data[0] != 6 {
			t.Errorf("the till's answer is % X", r.Data)
		}
	}
	exchange()
	h.must(call{Do: "reset", Addr: addr})
	h.must(call{Do: "appears", Addr: acm})
	exchange()
	h.unplug(t)
	if r := h.ask(call{Do: "read", Addr: addr}); r.Word != "gone" {
		t.Errorf("unplugged, and a read ends with %q: %s", r.Word, r.Text)
	}
	h.must(call{Do: "close", Addr: addr})
	h.must(call{Do: "vanishes", Addr: acm})
	if r := h.ask(call{Do: "open", Addr: addr}); r.Word != "absent" {
		t.Errorf("open with the cable out: %q %s", r.Word, r.Text)
	}
	h.attach(d, acm)
	exchange()
	h.must(call{Do: "close", Addr: addr})
	h.unplug(t)
	h.must(call{Do: "vanishes", Addr: acm})
}

// Printing in a machine, by its kernel. `make usb-vm`.
func TestVM(t *testing.T) {
	if !*vmFlag {
		t.Skip("make usb-vm")
	}
	h := startVM(t)
	s := simulate(t)
	d := deviceOf(s, "X3YF004411")
	h.serialPort(t)
	s.insert()
	h.plug(t, d)
	var y tally
	y.throughUsblp(t, h, s, "ядром")
	h.handOver(d)
	for round := range *rounds {
		for _, tt := range []struct {
			name string
			fault
		}{
			{"гладкий", fault{}},
			{"без бумаги", fault{paper: 400}},
			{"без кабеля", fault{unplug: 700}},
			{"без всего", fault{paper: 300, unplug: 300}},
		} {
			// Somewhere else each time, and before the slip is over.
			f := tt.fault
			if f.paper > 0 {
				f.paper += int64(round) * 97 % 400
			}
			if f.unplug > 0 {
				f.unplug += int64(round) * 61 % 400
			}
			y.story(t, h, s, d, fmt.Sprintf("%s %d", tt.name, round), f)
		}
	}
	fmt.Fprintf(os.Stdout, "USBVM %v\n", y)
}
