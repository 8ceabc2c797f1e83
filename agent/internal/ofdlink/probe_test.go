package ofdlink

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/protocol/ofd"
	simofd "github.com/chekan-io/chekan/sim/ofd"
	"github.com/chekan-io/chekan/sim/vacant"
)

// TestProbe tells every way not to reach an operator from every other.
func TestProbe(t *testing.T) {
	const address = "ofd.example.ru:7777"
	answering := func(answer func(net.Conn)) func(context.Context, string, string) (net.Conn, error) {
		return func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				_, _ = io.ReadFull(server, make([]byte, ofd.HeaderSize))
				answer(server)
				_ = server.Close()
			}()
			return client, nil
		}
	}
	failing := func(err error) func(context.Context, string, string) (net.Conn, error) {
		return func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
		}
	}
	damaged := ofd.Message{Header: ofd.Header{FN: "1", Flags: ofd.Flags(ofd.CRCHeader)}}.Append(nil)
	damaged[9]++
	for _, tt := range []struct {
		name string
		dial func(context.Context, string, string) (net.Conn, error)
		want Kind
	}{
		{"no such name", failing(&net.DNSError{Err: "no such host", Name: "ofd.example.ru", IsNotFound: true}), KindDNS},
		{"closed port", failing(syscall.ECONNREFUSED), KindRefused},
		{"closed port on Windows", failing(wsaRefused), KindRefused},
		{"no route", failing(syscall.EHOSTUNREACH), KindUnreachable},
		{"lost on the way", func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }, KindUnreachable},
		{"silent", answering(func(net.Conn) { <-time.After(time.Hour) }), KindSilent},
		{"hangs up", answering(func(net.Conn) {}), KindDropped},
		{"half an answer", answering(func(c net.Conn) { _, _ = c.Write(ofd.Service("1", ofd.Version12).Append(nil)[:20]) }), KindDropped},
		{"a web server", answering(func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")) }), KindWrongAnswer},
		{"a mail server, short of words", answering(func(c net.Conn) { _, _ = c.Write([]byte("220 ready\r\n")) }), KindWrongAnswer},
		{"damaged", answering(func(c net.Conn) { _, _ = c.Write(damaged) }), KindWrongAnswer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := Probe(t.Context(), Options{Dial: tt.dial}, address, "")
				if r.Failure == nil || r.Failure.Kind != tt.want {
					t.Fatalf("got %v, want %s", r.Failure, tt.want)
				}
				if !strings.Contains(r.Text(), address) || r.Failure.Todo() == "" {
					t.Errorf("words %q, %q", r.Text(), r.Failure.Todo())
				}
				if r.Took > time.Minute {
					t.Errorf("a person waited %v", r.Took)
				}
				if tt.want == KindSilent { // whoever was asked is still asleep
					<-time.After(time.Hour)
				}
			})
		})
	}
}

// TestProbe_network asks over real sockets.
func TestProbe_network(t *testing.T) {
	s, err := simofd.New(simofd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	ready := make(chan string, 1)
	go func() { ended <- s.Listen(ctx, "127.0.0.1:0", func(a string) { ready <- a }) }()
	address := <-ready
	if r := Probe(ctx, Options{}, address, "9999078900003063"); r.Failure != nil || !strings.Contains(r.Text(), "отвечает") {
		t.Errorf("a healthy operator: %v", r.Failure)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if r := Probe(t.Context(), Options{}, vacant.Address(t), ""); r.Failure == nil || r.Failure.Kind != KindRefused {
		t.Errorf("nobody there: %v", r.Failure)
	}
	if s.Count() != 0 {
		t.Error("a probe left something in the ledger")
	}
	var dns *net.DNSError
	if r := Probe(t.Context(), Options{DialTimeout: 5 * time.Second}, "ofd.invalid:7777", ""); r.Failure == nil ||
		errors.As(r.Failure, &dns) != (r.Failure.Kind == KindDNS) {
		t.Errorf("a name that is never there: %v", r.Failure)
	}
}
