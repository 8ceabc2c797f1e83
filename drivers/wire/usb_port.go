//go:build usb && cgo

package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"github.com/google/gousb"
)

const (
	// controlTimeout bounds a control request: a device answers within 500 ms
	// (USB 2.0, §9.2.6.4), or is not there.
	controlTimeout = time.Second
	// outChunk is how much goes out in one transfer.
	outChunk = 4096
	// emptyPause keeps a printer that answers "nothing" at once from being
	// asked without end.
	emptyPause = 20 * time.Millisecond
	// watchEvery is how often a device without a status pipe is asked whether it
	// is there.
	watchEvery = 250 * time.Millisecond
)

// Requests (USB 2.0, table 9-4; USB printer class 1.1, §4.2).
const (
	requestIn        = 0x80 // to us, standard, device
	requestInClass   = 0xA1 // to us, class, interface
	getStatus        = 0
	getDeviceID      = 0
	getPortStatus    = 1
	deviceIDLimit    = 1024
	deviceIDOverhead = 2 // the length in front counts itself
)

// usbPort is the interface of one device, as a blocking port. Read, Write,
// control requests and Close may all come at once.
type usbPort struct {
	bus  *gousb.Context
	dev  *gousb.Device
	pipe pipe

	cfg   *gousb.Config
	iface *gousb.Interface
	out   *gousb.OutEndpoint
	in    *gousb.InEndpoint

	life context.Context // ends every transfer
	end  context.CancelFunc

	mu      sync.Mutex
	closed  bool
	reset   bool // reset the device's port when letting it go
	busy    sync.WaitGroup
	control sync.Mutex
	// deaf: the device refuses its status pipe. Only the pump touches it.
	deaf bool
}

// claim takes the interface; the kernel's driver (usblp) is put aside and comes
// back when the interface is let go.
func (p *usbPort) claim() (err error) {
	if p.cfg, err = p.dev.Config(p.pipe.config); err != nil {
		return err
	}
	// Only now: before Config it would put aside the drivers of all interfaces,
	// a composite device's keyboard or disk with them.
	if err = p.dev.SetAutoDetach(true); err != nil {
		return err
	}
	if p.iface, err = p.cfg.Interface(p.pipe.number, p.pipe.alt); err != nil {
		return err
	}
	if p.out, err = p.iface.OutEndpoint(int(p.pipe.out.Address)); err != nil {
		return err
	}
	if p.pipe.in != nil {
		p.in, err = p.iface.InEndpoint(int(p.pipe.in.Address))
	}
	return err
}

func (p *usbPort) explain(err error) error { return explain(err, p.dev.Desc) }

// enter keeps the device open while a call is under way.
func (p *usbPort) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.busy.Add(1)
	return true
}

// Read implements port.
func (p *usbPort) Read(b []byte) (int, error) {
	if !p.enter() {
		return 0, ErrClosed
	}
	defer p.busy.Done()
	if p.in == nil || p.deaf {
		return 0, p.watch()
	}
	// Whole packets: a device that has more than was asked for is an overflow.
	size := len(b) / p.in.Desc.MaxPacketSize * p.in.Desc.MaxPacketSize
	n, err := p.in.ReadContext(p.life, b[:size])
	if n > 0 || err == nil && p.pause(emptyPause) {
		return n, nil
	}
	if errors.Is(err, gousb.TransferStall) {
		// A printer that prints and never speaks: some say they can and cannot.
		p.deaf = true
		return 0, nil
	}
	return 0, err
}

// watch asks the device whether it is there, in place of reading.
func (p *usbPort) watch() error {
	if !p.pause(watchEvery) {
		return ErrClosed
	}
	var status [2]byte
	_, err := p.ask(requestIn, getStatus, 0, status[:])
	if errors.Is(err, gousb.ErrorNoDevice) || errors.Is(err, gousb.ErrorIO) {
		return err
	}
	return nil
}

func (p *usbPort) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.life.Done():
		return false
	}
}

// Write implements port.
func (p *usbPort) Write(b []byte) (int, error) {
	if !p.enter() {
		return 0, ErrClosed
	}
	defer p.busy.Done()
	sent := 0
	for sent < len(b) {
		n, err := p.out.WriteContext(p.life, b[sent:min(len(b), sent+outChunk)])
		sent += n
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// ask makes a control request; one at a time.
func (p *usbPort) ask(kind, request uint8, index uint16, b []byte) (int, error) {
	p.control.Lock()
	defer p.control.Unlock()
	return p.dev.Control(kind, request, 0, index, b)
}

// discard implements port: a blocked transfer is called off.
func (p *usbPort) discard() { p.end() }

// Close implements port: calls off every transfer, waits for them, and lets the
// device go.
func (p *usbPort) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	p.mu.Unlock()
	p.end()
	p.busy.Wait()
	return errors.Join(p.let(), p.bus.Close())
}

// let gives the interface and the device back.
func (p *usbPort) let() error {
	p.end()
	if p.iface != nil {
		p.iface.Close()
	}
	var err error
	if p.cfg != nil {
		err = p.cfg.Close()
	}
	if p.reset {
		// "Not found" means that the device came back as another one: that is
		// what was wanted.
		if e := p.dev.Reset(); e != nil && usbCode(e) != gousb.ErrorNotFound {
			err = errors.Join(err, e)
		}
	}
	return errors.Join(err, p.dev.Close())
}

// usbConn is a Conn with what USB adds.
type usbConn struct {
	*stream
	port *usbPort
}

// PortStatus implements PortStatuser.
func (c *usbConn) PortStatus(ctx context.Context) (PortStatus, error) {
	var b [1]byte
	n, err := c.request(ctx, getPortStatus, uint16(c.port.pipe.number), b[:])
	if err == nil && n != len(b) {
		err = c.wrap("control", ErrTimeout, errors.New("the device answers nothing"))
	}
	return PortStatus(b[0]), err
}

// DeviceID implements DeviceIdentifier.
func (c *usbConn) DeviceID(ctx context.Context) (string, error) {
	b := make([]byte, deviceIDLimit)
	// Unlike in every other request the high byte is the interface (§4.2.1).
	n, err := c.request(ctx, getDeviceID, uint16(c.port.pipe.number)<<8|uint16(c.port.pipe.alt), b)
	if err != nil || n <= deviceIDOverhead {
		return "", err
	}
	// Some printers write the length the wrong way round: what came decides.
	length := min(n, max(deviceIDOverhead, int(binary.BigEndian.Uint16(b))))
	if length == deviceIDOverhead {
		length = n
	}
	return string(b[deviceIDOverhead:length]), nil
}

// request makes a request of the printer class. It may be asked while Read and
// Write wait.
func (c *usbConn) request(ctx context.Context, request uint8, index uint16, b []byte) (int, error) {
	if err := needDeadline(ctx); err != nil {
		return 0, c.wrap("control", err, nil)
	}
	if !c.port.pipe.printer {
		return 0, c.wrap("control", errors.ErrUnsupported, nil)
	}
	type result struct {
		n   int
		b   []byte
		err error
	}
	done := make(chan result, 1)
	if !c.port.enter() {
		return 0, c.wrap("control", c.last(), nil)
	}
	go func() {
		defer c.port.busy.Done()
		r := result{b: make([]byte, len(b))}
		r.n, r.err = c.port.ask(requestInClass, request, index, r.b)
		done <- r
	}()
	select {
	case r := <-done:
		switch {
		case r.err == nil:
			copy(b, r.b)
			return r.n, nil
		case errors.Is(r.err, gousb.ErrorPipe):
			return 0, c.wrap("control", errors.ErrUnsupported, r.err)
		case errors.Is(r.err, gousb.ErrorTimeout):
			return 0, c.wrap("control", ErrTimeout, r.err)
		case errors.Is(r.err, gousb.ErrorNoDevice):
			return 0, c.wrap("control", ErrGone, r.err)
		}
		return 0, c.wrap("control", c.ended(), r.err)
	case <-ctx.Done():
		return 0, c.wrap("control", ctxError(ctx), nil)
	}
}

// last is why a Conn that is over is over.
func (c *usbConn) last() error {
	if err := c.in.Err(); errors.Is(err, ErrGone) {
		return ErrGone
	}
	return ErrClosed
}

// ResetUSB implements USBResetter.
func (c *usbConn) ResetUSB(ctx context.Context) error {
	if err := needDeadline(ctx); err != nil {
		return c.wrap("reset", err, nil)
	}
	c.port.mu.Lock()
	over := c.port.closed
	if !over {
		c.port.reset = true
	}
	c.port.mu.Unlock()
	if over {
		return c.wrap("reset", c.last(), nil)
	}
	done := make(chan error, 1)
	go func() { done <- c.Close() }()
	select {
	case err := <-done:
		if err != nil {
			return c.wrap("reset", ErrGone, err)
		}
		return nil
	case <-ctx.Done():
		return c.wrap("reset", ctxError(ctx), nil)
	}
}
