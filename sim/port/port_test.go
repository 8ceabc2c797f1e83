package port

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

func TestPaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		defer b.Close()
		slow := Paced(a, 115200)
		msg := bytes.Repeat([]byte{7}, 1200)
		begin := time.Now()
		go func() {
			_, _ = slow.Write(msg)
			_ = slow.Close()
		}()
		got, err := io.ReadAll(b)
		if err != nil || !bytes.Equal(got, msg) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		// 1200 bytes of ten bits at 115200 bits a second.
		if took := time.Since(begin); took < 104*time.Millisecond || took > 105*time.Millisecond {
			t.Errorf("writing took %v", took)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		slow := Paced(a, 9600)
		begin := time.Now()
		go func() {
			_, _ = b.Write(make([]byte, 96))
			_ = b.Close()
		}()
		if _, err := io.ReadAll(slow); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took < 99*time.Millisecond || took > 101*time.Millisecond {
			t.Errorf("reading took %v", took)
		}
		_ = slow.Close()
	})
}

// Closing ends a write that is on its way.
func TestPaced_close(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		defer b.Close()
		slow := Paced(a, 300)
		done := make(chan error, 1)
		go func() {
			_, err := slow.Write(make([]byte, 1000))
			done <- err
		}()
		synctest.Wait()
		_ = slow.Close()
		if err := <-done; err == nil {
			t.Error("wrote everything")
		}
	})
}

func TestTCP(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	echo := func(_ context.Context, rwc io.ReadWriteCloser) error {
		defer rwc.Close()
		_, err := io.CopyN(rwc, rwc, 4)
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- TCP(ctx, l, echo, func(err error) { t.Error(err) }) }()
	for range 3 {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte("echo")); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(c)
		if err != nil || string(got) != "echo" {
			t.Errorf("%q, %v", got, err)
		}
		_ = c.Close()
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
