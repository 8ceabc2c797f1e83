package wire

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// tree makes files and links of a small /sys and /dev.
func tree(t *testing.T, root string, files, links map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text+"\n"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range links {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.Symlink(filepath.Join(root, to), path)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPorts(t *testing.T) {
	root := t.TempDir()
	const till, adapter = "sys/devices/usb1/1-1", "sys/devices/usb1/1-2"
	tree(t, root, map[string]string{
		till + "/idVendor": "1fc9", till + "/idProduct": "0089", till + "/serial": "0042", till + "/manufacturer": "SHTRIH-M", till + "/product": "KKT",
		till + "/1-1:1.0/bInterfaceNumber": "00",
		adapter + "/idVendor":              "0403", adapter + "/idProduct": "6001", adapter + "/1-2:1.0/ttyUSB0/port_number": "0",
		"sys/devices/pnp/00:05/id": "PNP0501", "sys/class/tty/ttyS0/type": "4", "sys/class/tty/ttyS1/type": "0", "sys/class/tty/ttyS2/type": "4",
		"sys/class/tty/tty1/active": "", "sys/class/tty/ttyGS0/port_num": "0", "sys/class/tty/console/active": "tty0 ttyS2",
		"dev/ttyACM0": "", "dev/ttyUSB0": "", "dev/ttyS0": "", "dev/ttyS1": "", "dev/ttyS2": "", "dev/tty1": "", "dev/ttyGS0": "", "dev/odd": "",
	}, map[string]string{
		"sys/class/tty/ttyACM0/device": till + "/1-1:1.0", "sys/class/tty/ttyUSB0/device": adapter + "/1-2:1.0/ttyUSB0",
		"sys/class/tty/ttyUSB9/device": adapter + "/1-2:1.0", // has no node
		"sys/class/tty/ttyS0/device":   "sys/devices/pnp/00:05", "sys/class/tty/ttyS1/device": "sys/devices/pnp/00:05", "sys/class/tty/ttyS2/device": "sys/devices/pnp/00:05",
		"sys/class/tty/ttyGS0/device": "sys/devices/pnp/00:05",
		"dev/chekan/till-0042":        "dev/ttyACM0", "dev/chekan/odd": "dev/odd",
		"dev/serial/by-id/usb-0403-if00": "dev/ttyUSB0", "dev/serial/by-id/usb-SHTRIH-M_KKT_0042-if00": "dev/ttyACM0", "dev/serial/by-id/gone": "dev/nothing",
	})
	dev := filepath.Join(root, "dev")
	ports, err := portsOf(filepath.Join(root, "sys"), dev, []string{filepath.Join(dev, "chekan"), filepath.Join(dev, "serial/by-id")})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]Port{}
	for _, p := range ports {
		got[filepath.Base(p.Address.Port)] = p
	}
	at := func(name string) Address {
		return Address{Scheme: "serial", Port: filepath.Join(dev, name), Baud: DefaultBaud}
	}
	want := map[string]Port{
		"ttyACM0": {
			Address: at("ttyACM0"), Links: []string{filepath.Join(dev, "chekan/till-0042"), filepath.Join(dev, "serial/by-id/usb-SHTRIH-M_KKT_0042-if00")},
			Vendor: 0x1FC9, Product: 0x0089, Serial: "0042", Device: "SHTRIH-M KKT", Virtual: true,
		},
		"ttyUSB0": {Address: at("ttyUSB0"), Links: []string{filepath.Join(dev, "serial/by-id/usb-0403-if00")}, Vendor: 0x0403, Product: 0x6001},
		"ttyS0":   {Address: at("ttyS0")},
		"odd":     {Address: at("odd"), Links: []string{filepath.Join(dev, "chekan/odd")}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s := got["ttyACM0"].Stable().Port; s != filepath.Join(dev, "chekan/till-0042") {
		t.Errorf("the till's lasting name is %s", s)
	}
	// Without a number the name by id is of the last adapter plugged in.
	if s := got["ttyUSB0"].Stable().Port; s != filepath.Join(dev, "ttyUSB0") {
		t.Errorf("the adapter's lasting name is %s", s)
	}
	if !Same(at("ttyACM0"), Address{Scheme: "serial", Port: filepath.Join(dev, "chekan/till-0042"), Baud: 9600}) || Same(at("ttyACM0"), at("ttyUSB0")) {
		t.Error("names of one port are not the same, or of two are")
	}
}

// The real list of this computer is read without a complaint.
func TestPorts_here(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := Ports(ctx); err != nil {
		t.Error(err)
	}
	if _, err := USBPrinters(ctx); err != nil {
		t.Error(err)
	}
	if _, err := Ports(context.Background()); !errors.Is(err, ErrNoDeadline) {
		t.Errorf("without a deadline: %v", err)
	}
}

// A port that somebody has, in any of the ways programs have ports, is not
// opened.
func TestOpen_gentle(t *testing.T) {
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close(); _ = slave.Close() })
	locks := t.TempDir()
	open := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		c, err := Open(ctx, "serial://"+slave.Name(), Options{LockDir: locks, Gentle: true})
		if err == nil {
			err = c.Close()
		}
		return err
	}
	if err := open(); err != nil {
		t.Fatalf("nobody has it: %v", err)
	}
	t.Run("open in another process", func(t *testing.T) {
		other := exec.CommandContext(t.Context(), "sleep", "600")
		other.Stdin = slave
		if err := other.Start(); err != nil {
			t.Fatal(err)
		}
		if err := open(); !errors.Is(err, ErrBusy) {
			t.Errorf("got %v", err)
		}
		_ = other.Process.Kill()
		_ = other.Wait()
		if err := open(); err != nil {
			t.Errorf("it is gone: %v", err)
		}
	})
	t.Run("locked as a file", func(t *testing.T) {
		f, err := os.OpenFile(slave.Name(), os.O_RDWR|unix.O_NOCTTY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
			t.Fatal(err)
		}
		if err := open(); !errors.Is(err, ErrBusy) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a note of a process", func(t *testing.T) {
		const dir = "/run/lock"
		note := filepath.Join(dir, "LCK.."+filepath.Base(slave.Name()))
		if err := os.WriteFile(note, []byte("         1\n"), 0o600); err != nil {
			t.Skipf("notes are kept in %s, which is not ours: %v", dir, err)
		}
		defer os.Remove(note)
		if err := open(); !errors.Is(err, ErrBusy) {
			t.Errorf("process 1 has it: %v", err)
		}
		if err := os.WriteFile(note, []byte(strconv.Itoa(1<<30)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := open(); err != nil {
			t.Errorf("a dead process has it: %v", err)
		}
	})
	t.Run("of this program", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		c, err := Open(ctx, "serial://"+slave.Name(), Options{LockDir: locks})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := open(); !errors.Is(err, ErrBusy) {
			t.Errorf("got %v", err)
		}
	})
}

// A till on TCP that a program of this computer talks to is left alone.
func TestOpen_gentleTCP(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn, 8)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- c
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	addr := "tcp://" + l.Addr().String()
	other, err := new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far := <-accepted
	if _, err := Open(ctx, addr, Options{LockDir: t.TempDir(), Gentle: true}); !errors.Is(err, ErrBusy) {
		t.Errorf("somebody is connected: %v", err)
	}
	_ = other.Close()
	_ = far.Close()
	for {
		c, err := Open(ctx, addr, Options{LockDir: t.TempDir(), Gentle: true})
		if err == nil {
			_ = c.Close()
			return
		}
		if !errors.Is(err, ErrBusy) || ctx.Err() != nil {
			t.Fatalf("nobody is connected: %v", err)
		}
		<-time.After(10 * time.Millisecond) // the system closes a connection in its own time
	}
}
