package vacant

import (
	"errors"
	"net"
	"syscall"
	"testing"
)

func TestAddress(t *testing.T) {
	address := Address(t)
	if c, err := net.Dial("tcp", address); err == nil {
		_ = c.Close()
		t.Fatalf("somebody answers at %s", address)
	}
	if _, err := hold(t.Context(), address); err == nil {
		t.Errorf("%s was given twice", address)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatalf("a program cannot listen there: %v", err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}

// A port that somebody listens at is not given, though nobody of ours holds it.
func TestHold_taken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if release, err := hold(t.Context(), l.Addr().String()); err == nil {
		release()
		t.Error("a port in use was given")
	} else if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("not because it is in use: %v", err)
	}
}
