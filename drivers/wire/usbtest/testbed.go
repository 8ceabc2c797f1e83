package usbtest

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

//go:embed testbed.py
var testbedScript []byte

// python is the system's: the bindings of umockdev come as Debian packages.
const python = "/usr/bin/python3"

// Testbed is a computer without USB on which devices are plugged in all the
// same, for programs run under [Testbed.Environ].
type Testbed struct {
	cmd  *exec.Cmd
	dir  string
	root string
	conn net.Conn
	said bytes.Buffer // of the script, complaints

	write  sync.Mutex
	mu     sync.Mutex
	wake   chan struct{} // closed and made anew at every event
	events []event
	last   int
	in     map[int]*Socket
	flying map[int]func() // called off by
	ended  bool
}

// event is what the host told: claimed, released, reset, plugged, unplugged.
type event struct {
	Op     string `json:"op"`
	Device int    `json:"device"`
}

// order goes to the script, news come from it.
type order struct {
	Op          string `json:"op"`
	ID          int    `json:"id"`
	Bus         int    `json:"bus"`
	Port        int    `json:"port"`
	Number      int    `json:"number"`
	Vendor      string `json:"vendor"`
	Product     string `json:"product"`
	Descriptors string `json:"descriptors"`
	Busy        bool   `json:"busy"`
	Status      int    `json:"status"`
	Actual      int    `json:"actual"`
	Data        string `json:"data"`
}

type news struct {
	event
	Root     string `json:"root"`
	ID       int    `json:"id"`
	Endpoint byte   `json:"endpoint"`
	Setup    string `json:"setup"`
	Data     string `json:"data"`
	Length   int    `json:"length"`
}

// OpenTestbed starts the script; it is a mistake of the machine's set-up when
// umockdev or its bindings are not there.
func OpenTestbed(ctx context.Context) (*Testbed, error) {
	dir, err := os.MkdirTemp("", "chekan-usb-")
	if err != nil {
		return nil, err
	}
	b := &Testbed{dir: dir, wake: make(chan struct{}), in: map[int]*Socket{}, flying: map[int]func(){}}
	if err := b.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start the testbed (packages umockdev, python3-gi, gir1.2-umockdev-1.0): %w %s", err, b.said.Bytes()), b.Close())
	}
	return b, nil
}

func (b *Testbed) start(ctx context.Context) error {
	script := filepath.Join(b.dir, "testbed.py")
	if err := os.WriteFile(script, testbedScript, 0o600); err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", filepath.Join(b.dir, "line"))
	if err != nil {
		return err
	}
	defer l.Close()
	b.cmd = exec.CommandContext(ctx, "umockdev-wrapper", python, script, l.Addr().String())
	b.cmd.Stderr = &b.said
	if err := b.cmd.Start(); err != nil {
		b.cmd = nil
		return err
	}
	died := make(chan error, 1)
	cmd := b.cmd
	go func() {
		died <- cmd.Wait()
		_ = l.Close()
	}()
	conn, err := l.Accept()
	if err != nil {
		return errors.Join(err, <-died)
	}
	b.conn = conn
	lines := bufio.NewReader(conn)
	var first news
	if err := readLine(lines, &first); err != nil || first.Op != "ready" {
		return fmt.Errorf("the script says %q: %w", first.Op, err)
	}
	b.root = first.Root
	go b.listen(lines) //nolint:contextcheck // lives until Close
	return nil
}

func readLine(r *bufio.Reader, to *news) error {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, to)
}

// Environ is the environment of a program that shall see this testbed instead of
// the computer's own USB.
func (b *Testbed) Environ() []string {
	return append(os.Environ(), "LD_PRELOAD=libumockdev-preload.so.0", "UMOCKDEV_DIR="+b.root)
}

// Place is where a device is plugged in: numbers of the bus, of the port, and
// the one the bus gave it, which changes with every plugging in.
type Place struct {
	Bus, Port, Number int
	// Busy: another program has claimed the interface.
	Busy bool
}

// Plug plugs a device in and waits until the host has it.
func (b *Testbed) Plug(ctx context.Context, d *Device, at Place) (*Plugged, error) {
	s := Plug(d)
	b.mu.Lock()
	b.last++
	id := b.last
	b.in[id] = s
	b.mu.Unlock()
	p := &Plugged{bed: b, id: id, Socket: s}
	err := b.tell(order{
		Op: "plug", ID: id, Bus: at.Bus, Port: at.Port, Number: at.Number, Busy: at.Busy,
		Vendor: fmt.Sprintf("%04x", d.Vendor), Product: fmt.Sprintf("%04x", d.Product),
		Descriptors: hex.EncodeToString(append(d.Descriptor(), d.Configuration()...)),
	})
	if err != nil {
		return nil, err
	}
	return p, p.Wait(ctx, "plugged", 1)
}

// Plugged is a device plugged into a testbed.
type Plugged struct {
	*Socket
	bed *Testbed
	id  int
}

// Unplug pulls the device out and waits until the host knows.
func (p *Plugged) Unplug(ctx context.Context) error {
	p.Socket.Unplug()
	if err := p.bed.tell(order{Op: "unplug", ID: p.id}); err != nil {
		return err
	}
	return p.Wait(ctx, "unplugged", 1)
}

// Count is how often the host did something with the device: claimed, released,
// reset.
func (p *Plugged) Count(what string) int {
	p.bed.mu.Lock()
	defer p.bed.mu.Unlock()
	return p.bed.count(event{what, p.id})
}

// Wait waits until the host did it so often.
func (p *Plugged) Wait(ctx context.Context, what string, times int) error {
	for {
		p.bed.mu.Lock()
		wake, seen, ended := p.bed.wake, p.bed.count(event{what, p.id}), p.bed.ended
		p.bed.mu.Unlock()
		if seen >= times {
			return nil
		}
		if ended {
			return fmt.Errorf("the testbed ended: %s", p.bed.said.Bytes())
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return fmt.Errorf("wait for %q: %w", what, ctx.Err())
		}
	}
}

// count counts events; mu is held.
func (b *Testbed) count(what event) (n int) {
	for _, e := range b.events {
		if e == what {
			n++
		}
	}
	return n
}

func (b *Testbed) tell(o order) error {
	line, err := json.Marshal(o)
	if err != nil {
		return err
	}
	b.write.Lock()
	defer b.write.Unlock()
	_, err = b.conn.Write(append(line, '\n'))
	return err
}

func (b *Testbed) listen(lines *bufio.Reader) {
	for {
		var n news
		err := readLine(lines, &n)
		b.mu.Lock()
		switch {
		case err != nil:
			b.ended = true
		case n.Op == "submit":
			b.submit(n)
		case n.Op == "cancel":
			if cancel := b.flying[n.ID]; cancel != nil {
				cancel()
			}
		default:
			b.events = append(b.events, n.event)
		}
		close(b.wake)
		b.wake = make(chan struct{})
		b.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// submit hands a transfer to its device; mu is held.
func (b *Testbed) submit(n news) {
	t := Transfer{Endpoint: n.Endpoint, Length: n.Length}
	if n.Setup != "" {
		t.Endpoint = 0
		setup, _ := hex.DecodeString(n.Setup)
		copy(t.Setup[:], setup)
	}
	t.Data, _ = hex.DecodeString(n.Data)
	b.flying[n.ID] = b.in[n.Device].Submit(t, func(r Result) {
		b.mu.Lock()
		delete(b.flying, n.ID)
		b.mu.Unlock()
		// When the line is gone, so is whoever waits.
		_ = b.tell(order{Op: "done", ID: n.ID, Status: int(r.Errno), Actual: r.Actual, Data: hex.EncodeToString(r.Data)})
	})
}

// testbedGrace is how long the script may take to end by itself.
const testbedGrace = 5 * time.Second

// Close ends the script.
func (b *Testbed) Close() error {
	if b.conn != nil {
		_ = b.conn.Close()
	}
	if b.cmd != nil {
		process := b.cmd.Process
		timer := time.AfterFunc(testbedGrace, func() { _ = process.Kill() })
		defer timer.Stop()
	}
	return os.RemoveAll(b.dir)
}
