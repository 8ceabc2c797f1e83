package ofd

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/ofd"
	"github.com/chekan-io/chekan/sim/flash"
)

const memory = "9999078900003063"

var noon = time.Date(2026, 7, 20, 12, 0, 0, 0, time.UTC)

// document is a document of a till with only what an operator looks at; it is not a whole one.
func document(fd uint32, at fiscal.DateTime) codec.Container {
	c := codec.NewContainer(codec.FromTill, fiscal.DocShiftOpened, memory, fd)
	c.Sign = [6]byte{0x21, 4, 0, 0, 0, byte(fd)}
	c.Document = ffd.Document{Type: fiscal.DocShiftOpened, Fields: []ffd.Field{
		ffd.Text(ffd.TagFN, memory), ffd.Uint(ffd.TagFD, uint64(fd)), ffd.Time(ffd.TagTime, at), ffd.Uint(ffd.TagFormat, 4),
	}}.Append(nil)
	return c
}

func message(c codec.Container) []byte {
	return codec.Message{
		Header: codec.Header{Version: codec.Version12, FN: memory, Flags: codec.HasContainer | codec.WantsAnswer}, Body: c.Append(nil),
	}.Append(nil)
}

// client is one line to the operator.
type client struct {
	t    *testing.T
	conn net.Conn
}

func connect(t *testing.T, s *Server) client {
	t.Helper()
	conn, err := s.Dial(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return client{t, conn}
}

func (c client) ask(b []byte) (codec.Message, error) {
	c.t.Helper()
	if err := c.conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return codec.Message{}, err
	}
	if _, err := c.conn.Write(b); err != nil {
		return codec.Message{}, err
	}
	return read(c.conn)
}

// acknowledged sends a document and checks that the answer is for it.
func (c client) acknowledged(d codec.Container) codec.Acknowledgement {
	c.t.Helper()
	m, err := c.ask(message(d))
	if err != nil {
		c.t.Fatal(err)
	}
	a, err := d.Answers(m.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

func open(t *testing.T, o Options) *Server {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return noon }
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := connect(t, open(t, Options{})).ask(codec.Service(memory, codec.Version12).Append(nil))
		if err != nil || !m.IsService() || m.FN != memory {
			t.Errorf("got %+v, %v", m, err)
		}
	})
}

func TestLedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(flash.Memory)
		s := open(t, Options{Flash: log})
		line := connect(t, s)
		first, second := document(1, civil(noon)), document(2, civil(noon))
		a := line.acknowledged(first)
		if a.INN != Platforma || a.Code != codec.CodeAccepted || a.At != civil(noon) {
			t.Errorf("acknowledged as %+v", a)
		}
		line.acknowledged(second)
		again := line.acknowledged(first)
		if again.Sign != a.Sign {
			t.Error("the same document was signed differently the second time")
		}
		if err := s.Verify(); err != nil {
			t.Error(err)
		}
		for _, s := range []*Server{s, open(t, Options{Flash: log})} { // and after a restart
			got := s.Ledger(memory)
			if len(got) != 2 || got[0].FD != 1 || got[0].Times != 2 || got[1].Times != 1 || string(got[1].TLV) != string(second.Document) {
				t.Errorf("ledger %+v", got)
			}
		}
		if n := len(s.Ledger("9999078900000000")); n != 0 {
			t.Errorf("another memory has %d documents", n)
		}
	})
}

func TestVerify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		line := connect(t, s)
		line.acknowledged(document(1, civil(noon)))
		line.acknowledged(document(3, civil(noon)))
		if err := s.Verify(); err == nil || !strings.Contains(err.Error(), "document 3 came after 1") {
			t.Errorf("a gap: %v", err)
		}
		later := civil(noon.Add(time.Minute))
		if _, err := line.ask(message(document(3, later))); !errors.Is(err, io.EOF) {
			t.Errorf("another document under the same number: %v, want a broken line", err)
		}
		if err := s.Verify(); !errors.Is(err, errChanged) {
			t.Errorf("a changed document: %v", err)
		}
	})
}

func TestHangsUp(t *testing.T) {
	foreign := document(1, civil(noon))
	foreign.FN = "9999078900000001"
	ownAnswer := document(1, civil(noon)).Acknowledge(codec.Acknowledgement{At: civil(noon)}, [6]byte{})
	damaged := message(document(1, civil(noon)))
	damaged[60] ^= 1
	for name, b := range map[string][]byte{
		"another memory inside": message(foreign), "an operator's container": message(ownAnswer), "damaged": damaged,
		"another protocol": []byte("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"),
	} {
		synctest.Test(t, func(t *testing.T) {
			s := open(t, Options{})
			if _, err := connect(t, s).ask(b); err == nil {
				t.Errorf("%s: answered", name)
			}
			if s.Count() != 0 {
				t.Errorf("%s: in the ledger", name)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{Known: []string{"9999078900000001"}})
		if _, err := connect(t, s).ask(message(document(1, civil(noon)))); !errors.Is(err, io.EOF) {
			t.Errorf("a memory without a contract: %v", err)
		}
	})
}

func TestFormat(t *testing.T) {
	old := document(1, fiscal.DateTime{Year: 2016, Month: 8, Day: 31})
	future := document(1, civil(noon.Add(25*time.Hour)))
	number := document(1, civil(noon))
	number.FD = 2
	form := document(1, civil(noon))
	form.Type = fiscal.DocReceipt
	for _, tt := range []struct {
		name, want string
		c          codec.Container
	}{
		{"before the law", "time 2016-08-31", old},
		{"tomorrow", "time 2026-07-21", future},
		{"number", "document 1 in the container of 2", number},
		{"form", "form 3 with a document of form 2", form},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := open(t, Options{Strict: true})
			if a := connect(t, s).acknowledged(tt.c); a.Code != codec.CodeFormat {
				t.Errorf("%s: code %d", tt.name, a.Code)
			}
			if got := s.Ledger("")[0]; got.Code != codec.CodeFormat || !strings.Contains(strings.Join(got.Problems, "; "), tt.want) {
				t.Errorf("%s: %+v", tt.name, got)
			}
			lenient := open(t, Options{})
			if a := connect(t, lenient).acknowledged(tt.c); a.Code != codec.CodeAccepted {
				t.Errorf("%s, lenient: code %d", tt.name, a.Code)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		b := message(document(1, civil(noon)))
		b[7] = 0x05 // the header says 1.05
		if _, err := connect(t, s).ask(b); err != nil {
			t.Fatal(err)
		}
		if p := s.Ledger("")[0].Problems; !strings.Contains(strings.Join(p, "; "), "the session header says format 2, the document 4") {
			t.Errorf("problems %q", p)
		}
	})
}

func TestBehave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		d := document(1, civil(noon))

		s.Behave(Conduct{Behaviour: Silent, Count: 1})
		line := connect(t, s)
		if _, err := line.ask(message(d)); !errors.Is(err, os.ErrDeadlineExceeded) || s.Count() != 0 {
			t.Errorf("silent: %v, %d in the ledger", err, s.Count())
		}

		s.Behave(Conduct{Behaviour: Drop, Count: 1})
		if _, err := connect(t, s).ask(message(d)); !errors.Is(err, io.EOF) || s.Count() != 1 {
			t.Errorf("drop: %v, %d in the ledger", err, s.Count())
		}

		s.Behave(Conduct{Behaviour: Garble, Count: 1})
		line = connect(t, s)
		m, err := line.ask(message(d))
		if err != nil {
			t.Fatal(err)
		}
		var refusal *codec.Refusal
		if _, err := d.Answers(m.Body); !errors.As(err, &refusal) || refusal.Reason != codec.ReasonCRC {
			t.Errorf("garble: %v", err)
		}

		s.Behave(Conduct{Behaviour: Refuse, Count: 2})
		for range 2 {
			if a := line.acknowledged(d); a.Code != codec.CodeFormat {
				t.Errorf("refuse: %+v", a)
			}
		}

		s.Behave(Conduct{Behaviour: Message, Count: 1, Notice: codec.NoticeEnding, Delay: 20 * time.Second})
		began := time.Now()
		if a := line.acknowledged(d); a.Notice != codec.NoticeEnding || time.Since(began) != 20*time.Second {
			t.Errorf("message: %+v after %v", a, time.Since(began))
		}
		if a := line.acknowledged(d); a.Notice != 0 || a.Code != 0 {
			t.Errorf("afterwards: %+v", a)
		}
		if got := s.Ledger(""); len(got) != 1 || got[0].Times != 6 {
			t.Errorf("ledger %+v", got)
		}

		s.Behave(Conduct{Behaviour: Down})
		if _, err := s.Dial(t.Context(), "", ""); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("down: %v", err)
		}
		if _, err := line.ask(message(d)); err == nil {
			t.Error("an open line outlived the operator")
		}
	})
}

func TestListen(t *testing.T) {
	s := open(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ready := make(chan string, 1)
	ended := make(chan error, 1)
	go func() { ended <- s.Listen(ctx, "127.0.0.1:0", func(a string) { ready <- a }) }()
	address := <-ready
	dial := func() (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "tcp", address) }
	ask := func() error {
		conn, err := dial()
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = client{t, conn}.ask(codec.Service(memory, codec.Version12).Append(nil))
		return err
	}
	until := func(what string, ok func(error) bool) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); ; <-time.After(5 * time.Millisecond) {
			err := ask()
			if ok(err) {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("%s: %v", what, err)
			}
		}
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	s.Behave(Conduct{Behaviour: Down})
	until("down is not refused", func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) })
	s.Behave(Conduct{})
	until("not up again", func(err error) bool { return err == nil })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
