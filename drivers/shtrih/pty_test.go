//go:build linux

package shtrih_test

import (
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/chekan-io/chekan/drivers/drivertest"
	"github.com/chekan-io/chekan/drivers/shtrih"
	"github.com/chekan-io/chekan/drivers/wire"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// socket is a serial port that a till is plugged into: a pseudo-terminal whose
// name stays the same, as a udev rule gives it, while the terminal behind it
// comes and goes.
type socket struct {
	t    *testing.T
	link string
	till *sim.Device

	mu     sync.Mutex
	master *os.File
	served sync.WaitGroup
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
		for {
			// The till drops its connections when it reboots; a port of wires
			// is still there afterwards.
			err := s.till.Serve(s.t.Context(), &plugged{master})
			if errors.Is(err, sim.ErrClosed) || s.gone(master) || s.t.Context().Err() != nil {
				return
			}
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

// plugged is the terminal's master without its Close, which is unplugging.
// Until somebody opens the port, reading it says EIO: the till hears nothing.
type plugged struct{ *os.File }

func (p *plugged) Close() error { return nil }

func TestConformance_pty(t *testing.T) {
	if testing.Short() {
		t.Skip("takes real seconds")
	}
	drivertest.Run(t, func(t *testing.T) drivertest.Rig {
		till := newDevice(t, sim.Options{SilentPowerCut: true, RebootTime: 300 * time.Millisecond, ByteTimeout: 100 * time.Millisecond})
		s := &socket{t: t, link: t.TempDir() + "/ttyTill", till: till}
		s.plug()
		t.Cleanup(func() {
			s.unplug()
			s.served.Wait()
		})
		dial, err := wire.Dialer("serial://"+s.link, wire.Options{LockDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		r := faults(till, sim.LoseAnswer)
		r.Till = shtrih.New(dial, shtrih.Options{})
		r.Unplug, r.Plug = s.unplug, s.plug
		return r
	})
}
