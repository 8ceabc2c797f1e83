//go:build unix

package demo

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
)

// A key that is asked again must carry the same body, or it is a conflict.
func TestBasket(t *testing.T) {
	for _, till := range []string{first, second} {
		for n := range 200 {
			r := basket(till, n)
			if !proto.Equal(r, basket(till, n)) {
				t.Fatalf("receipt %d of %s is not the same twice", n, till)
			}
			total, p := receiptTotal(r), r.GetPayments()
			if total <= 0 || p.GetElectronic() != 0 && p.GetElectronic() != total || p.GetElectronic()+p.GetCash() < total {
				t.Errorf("receipt %d of %s: %d paid by %v", n, till, total, p)
			}
		}
	}
	if proto.Equal(basket(first, 1), basket(second, 1)) {
		t.Error("both tills sell the same")
	}
}

func newDemo(t *testing.T) (*demo, *bytes.Buffer) {
	t.Helper()
	out := new(bytes.Buffer)
	d := &demo{Command: Command{Dir: t.TempDir(), Revive: time.Millisecond}, out: out, memory: memory{Ports: map[string]int{}}}
	if err := os.Mkdir(filepath.Join(d.Dir, "logs"), 0o700); err != nil {
		t.Fatal(err)
	}
	return d, out
}

func TestPort(t *testing.T) {
	d, _ := newDemo(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	busy := taken.Addr().(*net.TCPAddr).Port

	got, err := d.port(t.Context(), "cabinet", busy, true)
	if err != nil || strings.HasSuffix(got, ":"+strconv.Itoa(busy)) {
		t.Fatalf("a busy preferred port: %s, %v", got, err)
	}
	if again, err := d.port(t.Context(), "cabinet", busy, true); err != nil || again != got {
		t.Errorf("second start: %s, %v; want %s", again, err, got)
	}
	d.memory.Ports["cabinet"] = busy
	if _, err := d.port(t.Context(), "cabinet", 0, true); err == nil || !strings.Contains(err.Error(), strconv.Itoa(busy)) {
		t.Errorf("a fixed port that is busy: %v", err)
	}
	d.memory.Ports["door"] = busy
	if other, err := d.port(t.Context(), "door", busy, false); err != nil || strings.HasSuffix(other, ":"+strconv.Itoa(busy)) {
		t.Errorf("a port that need not stay: %s, %v", other, err)
	}
}

func TestChild_stop(t *testing.T) {
	d, _ := newDemo(t)
	c, err := d.launch("sleeper", "/bin/sh", "-c", "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done")
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return strings.Contains(tail(c.logFile, 9), "up") })
	if err := c.stop(); err != nil {
		t.Error(err)
	}
	if !c.dead() || c.err != nil || !strings.Contains(tail(c.logFile, 9), "bye") {
		t.Errorf("it did not end gently: %v %q", c.err, tail(c.logFile, 9))
	}
}

// A program that dies is reported with its last words and begun again; one
// that dies all the time ends the demo.
func TestWatch(t *testing.T) {
	d, out := newDemo(t)
	agent, err := d.launch("agent", "/bin/sh", "-c", "echo the last words; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	cloud, err := d.launch("cloud", "/bin/sh", "-c", "exec sleep 60")
	if err != nil {
		t.Fatal(err)
	}
	d.agent, d.cloud = agent, cloud
	defer func() {
		if err := d.cloud.stop(); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := d.watch(ctx); err == nil || !strings.Contains(err.Error(), "agent") {
		t.Errorf("watch ended with %v", err)
	}
	if got := out.String(); !strings.Contains(got, "exit status 3") || !strings.Contains(got, "the last words") {
		t.Errorf("said:\n%s", got)
	}
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	limit := time.NewTimer(2 * time.Minute)
	defer limit.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatal("waited too long")
		}
	}
}
