//go:build linux

package fnprint_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/chekan-io/chekan/drivers/drivertest"
	"github.com/chekan-io/chekan/drivers/fnprint"
	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/sim/fault"
	simfn "github.com/chekan-io/chekan/sim/fn"
	simprinter "github.com/chekan-io/chekan/sim/printer"
)

// socket is a serial port whose name stays the same, as a udev rule gives it,
// while the terminal behind it comes and goes.
type socket struct {
	t     *testing.T
	link  string
	serve func(context.Context, io.ReadWriteCloser) error

	mu     sync.Mutex
	master *os.File
	served sync.WaitGroup
}

func newSocket(t *testing.T, name string, serve func(context.Context, io.ReadWriteCloser) error) *socket {
	t.Helper()
	s := &socket{t: t, link: filepath.Join(t.TempDir(), name), serve: serve}
	s.plug()
	t.Cleanup(func() {
		s.unplug()
		s.served.Wait()
	})
	return s
}

func (s *socket) plug() {
	master, slave, err := pty.Open()
	if err != nil {
		s.t.Error(err)
		return
	}
	name := slave.Name()
	if err := slave.Close(); err != nil {
		s.t.Error(err)
	}
	_ = os.Remove(s.link)
	if err := os.Symlink(name, s.link); err != nil {
		s.t.Error(err)
	}
	s.mu.Lock()
	s.master = master
	s.mu.Unlock()
	s.served.Go(func() {
		for !s.gone(master) && s.t.Context().Err() == nil {
			// Until somebody opens the port, reading it says EIO; a device that
			// restarts drops its connection, and a port of wires stays.
			_ = s.serve(s.t.Context(), &plugged{master, func() bool { return s.gone(master) }})
			timer := time.NewTimer(10 * time.Millisecond)
			<-timer.C
		}
	})
}

func (s *socket) gone(master *os.File) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.master != master
}

func (s *socket) unplug() {
	s.mu.Lock()
	master := s.master
	s.master = nil
	s.mu.Unlock()
	_ = os.Remove(s.link)
	if master != nil {
		_ = master.Close()
	}
}

// plugged is the terminal's master without its Close, which is unplugging. A
// read that waits in the system when the cable is pulled may still bring bytes
// that were written after it.
type plugged struct {
	*os.File
	gone func() bool
}

func (p *plugged) Read(b []byte) (int, error) {
	n, err := p.File.Read(b)
	if p.gone() {
		return 0, io.EOF
	}
	return n, err
}

func (p *plugged) Close() error { return nil }

func TestConformance_pty(t *testing.T) {
	if testing.Short() {
		t.Skip("takes real seconds")
	}
	drivertest.Run(t, func(t *testing.T) drivertest.Rig {
		v := variant{
			lose: fault.LoseAnswer, phase: fault.OnAnswer,
			fn: simfn.DeviceOptions{SilentPowerCut: true, BootTime: 300 * time.Millisecond}, printer: simprinter.Options{Serial: true, LineTime: time.Millisecond},
		}
		r := &rig{}
		r.fn, r.printer = devices(t, v)
		memory, printer := newSocket(t, "ttyFN", r.fn.Serve), newSocket(t, "ttyPrinter", r.printer.Serve)
		locks := t.TempDir()
		var dials [2]wire.DialFunc
		for i, s := range []*socket{memory, printer} {
			dial, err := wire.Dialer("serial://"+s.link, wire.Options{LockDir: locks})
			if err != nil {
				t.Fatal(err)
			}
			dials[i] = dial
		}
		r.faults(v)
		r.LoseCashAnswer = nil // the memory is a file here: nothing loses its answer
		r.till = fnprint.New(dials[0], dials[1], fnprint.File{Path: filepath.Join(t.TempDir(), "till.memory")}, fnprint.Options{Now: r.now})
		r.Till = r.till
		r.Unplug, r.Plug = memory.unplug, memory.plug
		return r.Rig
	})
}
