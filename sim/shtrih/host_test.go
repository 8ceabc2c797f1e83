package shtrih

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/shtrih"
)

// host is a bare host end of the wire: it says and hears bytes, and knows
// enough of both links to exchange messages.
type host struct {
	t      *testing.T
	conn   net.Conn
	served chan error
}

// connect opens a session on the till.
func connect(t *testing.T, d *Device, tcp bool) *host {
	t.Helper()
	ours, theirs := net.Pipe()
	h := &host{t: t, conn: ours, served: make(chan error, 1)}
	serve := d.Serve
	if tcp {
		serve = d.ServeTCP
	}
	go func() { h.served <- serve(context.Background(), theirs) }()
	t.Cleanup(func() { _ = ours.Close() })
	return h
}

// intoTheCalendar lets the first days of a bubble pass. It begins at midnight UTC of 1 January 2000: west of there that is a year before
// the tills' calendar. Outside of a bubble they are over.
func intoTheCalendar() {
	<-time.After(time.Until(time.Date(2000, time.January, 3, 9, 0, 0, 0, time.Local)))
}

// till makes a till that is closed and verified at the end of the test.
func till(t *testing.T, opts Options) *Device {
	t.Helper()
	intoTheCalendar()
	d, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.FN().Verify(); err != nil {
			t.Errorf("archive: %v", err)
		}
		if err := d.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return d
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (h *host) say(b ...byte) {
	h.t.Helper()
	if _, err := h.conn.Write(b); err != nil {
		h.t.Fatalf("write: %v", err)
	}
}

// hear reads n bytes within the time; fewer when it is over.
func (h *host) hear(n int, within time.Duration) []byte {
	h.t.Helper()
	if err := h.conn.SetReadDeadline(time.Now().Add(within)); errors.Is(err, io.ErrClosedPipe) {
		return nil
	} else if err != nil {
		h.t.Fatal(err)
	}
	b := make([]byte, n)
	got, err := io.ReadFull(h.conn, b)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.ErrClosedPipe) {
		h.t.Fatalf("read: %v", err)
	}
	return b[:got]
}

// expect reads exactly the bytes given in hex.
func (h *host) expect(want string) {
	h.t.Helper()
	w := unhex(h.t, want)
	if got := h.hear(len(w), time.Second); !bytes.Equal(got, w) {
		h.t.Fatalf("heard % X, want % X", got, w)
	}
}

// silence checks that nothing comes for the time.
func (h *host) silence(d time.Duration) {
	h.t.Helper()
	if got := h.hear(1, d); len(got) > 0 {
		h.t.Fatalf("heard % X, want silence", got)
	}
}

// answer reads one frame of the standard link; nil when none comes.
func (h *host) answer(within time.Duration) []byte {
	h.t.Helper()
	head := h.hear(2, within)
	if len(head) < 2 {
		return nil
	}
	if head[0] != stx {
		h.t.Fatalf("heard % X, want a frame", head)
	}
	rest := h.hear(int(head[1])+1, within)
	if len(rest) < int(head[1])+1 {
		return nil
	}
	msg := rest[:head[1]]
	if want := frame1(msg); want[len(want)-1] != rest[head[1]] {
		return nil
	}
	return msg
}

// ask exchanges one message on the standard link, confirming the answer.
func (h *host) ask(r codec.Request) (codec.Answer, error) {
	h.t.Helper()
	msg, err := codec.EncodeRequest(r)
	if err != nil {
		h.t.Fatal(err)
	}
	h.say(frame1(msg)...)
	h.expect("06")
	got := h.answer(2 * time.Minute)
	if got == nil {
		return nil, os.ErrDeadlineExceeded
	}
	h.say(codec.ACK)
	return codec.DecodeAnswer(r.Code(), got)
}

// do asks and wants success.
func do[T codec.Answer](h *host, r codec.Request) T {
	h.t.Helper()
	a, err := h.ask(r)
	if err != nil {
		h.t.Fatalf("%v: %v", r.Code(), err)
	}
	v, ok := a.(T)
	if !ok {
		h.t.Fatalf("%v: answer %#v", r.Code(), a)
	}
	return v
}

// refused asks and wants the error code.
func (h *host) refused(r codec.Request, code codec.ErrorCode) {
	h.t.Helper()
	a, err := h.ask(r)
	e, ok := codec.AsDeviceError(err)
	if !ok || e.Err != code {
		h.t.Fatalf("%v: answer %#v, error %v, want %02Xh", r.Code(), a, err, byte(code))
	}
}

const admin = 30

// openShift opens a shift.
func (h *host) openShift() {
	h.t.Helper()
	do[codec.OperatorAnswer](h, codec.OpenShift{Password: admin})
}

func line(sum fiscal.Money) codec.OperationV2 {
	return codec.OperationV2{
		Password: 1, Sign: codec.SignIncome, Quantity: fiscal.One, Price: sum, Sum: codec.Auto, Tax: codec.Auto, VAT: 1,
		Department: 1, Method: 4, Subject: 1, Name: "Товар",
	}
}

func cashFor(sum fiscal.Money) codec.CloseReceiptV2 {
	r := codec.CloseReceiptV2{Password: 1, TaxSystem: codec.TaxCommon}
	r.Payments[codec.PaymentCash] = sum
	return r
}

// fill opens a sale with one line.
func (h *host) fill(sum fiscal.Money) {
	h.t.Helper()
	do[codec.OperatorAnswer](h, codec.OpenReceipt{Password: 1})
	do[codec.EmptyAnswer](h, line(sum))
}

// sell makes a whole sale for cash.
func (h *host) sell(sum fiscal.Money) codec.CloseReceiptV2Answer {
	h.t.Helper()
	h.fill(sum)
	return do[codec.CloseReceiptV2Answer](h, cashFor(sum))
}

func (h *host) status() codec.ShortStatusAnswer {
	h.t.Helper()
	return do[codec.ShortStatusAnswer](h, codec.ShortStatus{Password: admin})
}
