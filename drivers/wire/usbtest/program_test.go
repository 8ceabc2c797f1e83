//go:build usb && cgo

package usbtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	driver "github.com/chekan-io/chekan/drivers/printer"
	"github.com/chekan-io/chekan/drivers/wire"
)

// clientVariable makes the test program the program under test: it runs under
// the preloaded library and does what it reads from its input.
const clientVariable = "CHEKAN_USB_CLIENT"

// hostVariable does so in a machine of its own: what it has to do comes by TCP.
const hostVariable = "CHEKAN_USB_HOST"

func TestMain(m *testing.M) {
	if dir := os.Getenv(clientVariable); dir != "" {
		serve(dir, os.Stdin, os.Stdout)
		return
	}
	if host := os.Getenv(hostVariable); host != "" {
		if err := serveHost(host); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// call is one thing for the client to do, reply what came of it.
type call struct {
	Do     string
	Addr   string
	Data   []byte
	Millis int
}

type reply struct {
	Data []byte
	Text string
	Word string // of the sentinel; "" is success
	Took time.Duration
}

// word names the error of the wire.
func word(err error) string {
	for _, w := range []struct {
		err  error
		word string
	}{
		{wire.ErrBusy, "busy"},
		{wire.ErrAbsent, "absent"},
		{wire.ErrDenied, "denied"},
		{wire.ErrSeveral, "several"},
		{wire.ErrTimeout, "timeout"},
		{wire.ErrGone, "gone"},
		{wire.ErrClosed, "closed"},
		{errors.ErrUnsupported, "unsupported"},
	} {
		if errors.Is(err, w.err) {
			return w.word
		}
	}
	if err != nil {
		return "error"
	}
	return ""
}

// serve is the program under test.
func serve(dir string, in io.Reader, out io.Writer) {
	s := &server{dir: dir, conns: map[string]wire.Conn{}, printers: map[string]*driver.Printer{}}
	lines := json.NewDecoder(in)
	for {
		var c call
		if lines.Decode(&c) != nil {
			return
		}
		began := time.Now()
		r, err := s.do(c)
		r.Took = time.Since(began)
		var owed *driver.Error
		switch {
		case errors.As(err, &owed):
			r.Word, r.Text = string(owed.Reason), err.Error()
		case err != nil:
			r.Word, r.Text = word(err), err.Error()
		}
		_ = json.NewEncoder(out).Encode(r)
	}
}

type server struct {
	dir   string
	conns map[string]wire.Conn
	// printers are the drivers in use; conns has the cables they opened last.
	printers map[string]*driver.Printer
}

func (s *server) do(c call) (reply, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(c.Millis)*time.Millisecond)
	defer cancel()
	conn := s.conns[c.Addr]
	switch c.Do {
	case "open":
		conn, err := wire.Open(ctx, c.Addr, wire.Options{LockDir: s.dir})
		if err == nil {
			s.conns[c.Addr] = wire.Tapped(conn, func(wire.Dir, []byte) {})
		}
		return reply{}, err
	case "write":
		_, err := conn.Write(ctx, c.Data)
		return reply{}, err
	case "read":
		b := make([]byte, 256)
		n, err := conn.Read(ctx, b)
		return reply{Data: b[:n]}, err
	case "close":
		return reply{}, conn.Close()
	case "status":
		able, ok := wire.Ability[wire.PortStatuser](conn)
		if !ok {
			return reply{}, errors.New("no PortStatuser")
		}
		status, err := able.PortStatus(ctx)
		return reply{Data: []byte{byte(status)}, Text: status.String()}, err
	case "status while a write waits":
		wrote := make(chan error, 1)
		go func() {
			_, err := conn.Write(ctx, c.Data)
			wrote <- err
		}()
		able, _ := wire.Ability[wire.PortStatuser](conn)
		for ctx.Err() == nil {
			status, err := able.PortStatus(ctx)
			if err != nil || status.PaperOut() {
				return reply{Data: []byte{byte(status)}}, errors.Join(err, <-wrote)
			}
		}
		return reply{}, <-wrote
	case "identify":
		able, ok := wire.Ability[wire.DeviceIdentifier](conn)
		if !ok {
			return reply{}, errors.New("no DeviceIdentifier")
		}
		id, err := able.DeviceID(ctx)
		return reply{Text: id}, err
	case "reset":
		able, ok := wire.Ability[wire.USBResetter](conn)
		if !ok {
			return reply{}, errors.New("no USBResetter")
		}
		return reply{}, able.ResetUSB(ctx)
	case "find":
		found, err := wire.FindUSB(ctx, c.Addr)
		return reply{Text: found.String()}, err
	case "print", "continue", "printer":
		return s.print(ctx, c)
	}
	if r, known, err := s.system(ctx, c); known {
		return r, err
	}
	return reply{}, fmt.Errorf("what is %q", c.Do)
}

// print has the driver print the slip named in the data, or bring it to its end.
func (s *server) print(ctx context.Context, c call) (reply, error) {
	p := s.printers[c.Addr]
	if p == nil {
		p = driver.New(func(ctx context.Context) (wire.Conn, error) {
			conn, err := wire.Open(ctx, c.Addr, wire.Options{LockDir: s.dir})
			if err == nil {
				s.conns[c.Addr] = conn
			}
			return conn, err
		}, driver.Options{Profile: profile(), Answer: 3 * time.Second, Block: patience})
		s.printers[c.Addr] = p
	}
	switch c.Do {
	case "print":
		r, err := p.Print(ctx, slipOf(string(c.Data)))
		return reply{Text: fmt.Sprint(r.Repeated)}, err
	case "continue":
		r, err := p.Continue(ctx)
		return reply{Text: fmt.Sprint(r.Repeated)}, err
	}
	status, err := p.Status(ctx)
	return reply{Text: fmt.Sprintf("%+v", status)}, err
}
