package usbtest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
)

// Numbers of USB/IP (Documentation/usb/usbip_protocol.rst of the kernel). All of
// it is big-endian.
const (
	usbipVersion = 0x0111
	opReqImport  = 0x8003
	opRepImport  = 0x0003
	cmdSubmit    = 1
	cmdUnlink    = 2
	retSubmit    = 3
	retUnlink    = 4
	headerSize   = 48
	busIDSize    = 32
	pathSize     = 256
	fullSpeed    = 2
	directionIn  = 1
	transferMax  = 1 << 20
)

// BusID is the name under which ServeUSBIP offers its device.
const BusID = "1-1"

// opHeader begins every message before a device is attached.
type opHeader struct {
	Version, Code uint16
	Status        uint32
}

// usbipDevice describes a device to whoever imports it.
type usbipDevice struct {
	Path                         [pathSize]byte
	BusID                        [busIDSize]byte
	Bus, Number, Speed           uint32
	Vendor, Product, Release     uint16
	Class, SubClass, Protocol    uint8
	Configuration, Configs, Ints uint8
}

// urbHeader is a transfer, or its unlinking, on its way.
type urbHeader struct {
	Command, Seq, Device, Direction, Endpoint uint32
	// A submit: flags, length, start frame, packets, interval, setup. An unlink:
	// in Flags, the number of what to call off. An answer: in Flags, the status;
	// in Length, how much passed.
	Flags, Length, Frame, Packets, Interval uint32
	Setup                                   [8]byte
}

// ServeUSBIP offers to every connection what is plugged in at that moment; none
// is nil. When the device is pulled out its connection is closed, which a kernel
// takes for an unplugging. It ends when l is closed.
func ServeUSBIP(l net.Listener, plugged func() *Socket) error {
	var all sync.WaitGroup
	defer all.Wait()
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		all.Go(func() {
			defer conn.Close()
			if s, err := offer(conn, plugged()); err == nil && s != nil {
				(&remote{conn: conn, socket: s, flying: map[uint32]*flight{}}).serve()
			}
		})
	}
}

// offer answers the question for the device.
func offer(conn net.Conn, s *Socket) (*Socket, error) {
	var ask struct {
		opHeader
		BusID [busIDSize]byte
	}
	if err := binary.Read(conn, binary.BigEndian, &ask); err != nil {
		return nil, err
	}
	if ask.Code != opReqImport || s == nil || string(bytes.TrimRight(ask.BusID[:], "\x00")) != BusID {
		return nil, binary.Write(conn, binary.BigEndian, opHeader{usbipVersion, opRepImport, 1})
	}
	d := s.Device()
	about := usbipDevice{
		Bus: 1, Number: 2, Speed: fullSpeed, Vendor: d.Vendor, Product: d.Product, Release: 0x0100,
		Configuration: 1, Configs: 1, Ints: d.Configuration()[4],
	}
	copy(about.Path[:], "/sys/devices/chekan/"+BusID)
	copy(about.BusID[:], BusID)
	return s, errors.Join(
		binary.Write(conn, binary.BigEndian, opHeader{usbipVersion, opRepImport, 0}),
		binary.Write(conn, binary.BigEndian, about))
}

// remote is a kernel that drives the device from afar.
type remote struct {
	conn   net.Conn
	socket *Socket

	write  sync.Mutex
	mu     sync.Mutex
	flying map[uint32]*flight
}

// flight is a transfer that is not done yet.
type flight struct {
	cancel   func()
	unlinked uint32 // number of the request that calls it off; 0 is none
}

func (r *remote) serve() {
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-r.socket.Gone():
			_ = r.conn.Close()
		case <-over:
		}
	}()
	for {
		var h urbHeader
		if err := binary.Read(r.conn, binary.BigEndian, &h); err != nil {
			break
		}
		if err := r.obey(h); err != nil {
			break
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.flying {
		f.cancel()
	}
}

func (r *remote) obey(h urbHeader) error {
	switch h.Command {
	case cmdUnlink:
		r.mu.Lock()
		f := r.flying[h.Flags]
		if f != nil {
			f.unlinked = h.Seq
		}
		r.mu.Unlock()
		if f == nil { // done meanwhile
			return r.send(urbHeader{Command: retUnlink, Seq: h.Seq}, nil)
		}
		f.cancel()
		return nil
	case cmdSubmit:
	default:
		return fmt.Errorf("command %d", h.Command)
	}
	if h.Length > transferMax {
		return fmt.Errorf("a transfer of %d bytes", h.Length)
	}
	t := Transfer{Endpoint: byte(h.Endpoint), Setup: h.Setup, Length: int(h.Length)}
	if h.Direction == directionIn {
		if h.Endpoint != 0 {
			t.Endpoint |= 0x80
		}
	} else {
		t.Data = make([]byte, h.Length)
		if _, err := io.ReadFull(r.conn, t.Data); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f := new(flight)
	r.flying[h.Seq] = f
	f.cancel = r.socket.Submit(t, func(got Result) {
		r.mu.Lock()
		delete(r.flying, h.Seq)
		unlinked := f.unlinked
		r.mu.Unlock()
		status := uint32(-int32(got.Errno))
		answer := urbHeader{Command: retSubmit, Seq: h.Seq, Flags: status, Length: uint32(got.Actual)}
		switch {
		case got.Errno == syscall.ESHUTDOWN:
			return // the connection is closed, which says more
		case unlinked != 0 && got.Errno == syscall.ECONNRESET:
			answer, got.Data = urbHeader{Command: retUnlink, Seq: unlinked, Flags: status}, nil
		case unlinked != 0: // done before it could be called off
			_ = r.send(answer, got.Data)
			answer, got.Data = urbHeader{Command: retUnlink, Seq: unlinked}, nil
		}
		_ = r.send(answer, got.Data)
	})
	return nil
}

func (r *remote) send(h urbHeader, data []byte) error {
	var b bytes.Buffer
	b.Grow(headerSize + len(data))
	if err := binary.Write(&b, binary.BigEndian, h); err != nil {
		return err
	}
	b.Write(data)
	r.write.Lock()
	defer r.write.Unlock()
	_, err := r.conn.Write(b.Bytes())
	return err
}
