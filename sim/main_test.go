package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/shtrih"
	"github.com/chekan-io/chekan/sim/flash"
	"github.com/chekan-io/chekan/sim/fn"
)

// asProgram makes the test binary the program itself, so that it can be killed.
const asProgram = "CHEKAN_SIM_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func program(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	// The race detector otherwise sleeps for a second at every exit.
	cmd.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0")
	return cmd
}

// running is chekan-sim run as a process of its own.
type running struct {
	t   *testing.T
	dir string
	cmd *exec.Cmd
	tcp map[string]string
	pty map[string]string
	// printer is the address of a printer that is a device of its own.
	printer map[string]string
	log     bytes.Buffer
	end     sync.Once
}

func start(t *testing.T, dir string, args ...string) *running {
	t.Helper()
	r := &running{t: t, dir: dir, tcp: map[string]string{}, pty: map[string]string{}, printer: map[string]string{}}
	r.cmd = program(t.Context(), append([]string{"run", "--dir", dir, "--control", "127.0.0.1:0"}, args...)...)
	r.cmd.Stderr = &r.log
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.kill)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if f[0] == "control" {
			return r
		}
		for _, kv := range f[2:] {
			switch k, v, _ := strings.Cut(kv, "="); k {
			case "tcp":
				r.tcp[f[1]] = v
			case "pty":
				r.pty[f[1]] = v
			case "printer_tcp":
				r.printer[f[1]] = v
			}
		}
	}
	r.kill()
	t.Fatalf("the program ended: %s", r.log.String())
	return nil
}

// kill is kill -9.
func (r *running) kill() {
	r.end.Do(func() {
		_ = r.cmd.Process.Kill()
		_ = r.cmd.Wait()
	})
}

// sim runs another command of the program against the same directory.
func (r *running) sim(args ...string) string {
	r.t.Helper()
	out, err := program(r.t.Context(), append(args, "--dir", r.dir)...).CombinedOutput()
	if err != nil {
		r.t.Fatalf("%v: %v: %s", args, err, out)
	}
	return string(out)
}

// wire is a host end that exchanges messages on the standard link.
type wire struct {
	rw io.ReadWriteCloser
	in *bufio.Reader
}

func dial(t *testing.T, address string) *wire {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetDeadline(time.Now().Add(5 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &wire{rw: c, in: bufio.NewReader(c)}
}

func (w *wire) ask(r codec.Request) (codec.Answer, error) {
	msg, err := codec.EncodeRequest(r)
	if err != nil {
		return nil, err
	}
	if _, err := w.rw.Write(codec.EncodeFrame(msg)); err != nil {
		return nil, err
	}
	for {
		b, err := w.in.ReadByte()
		if err != nil {
			return nil, err
		}
		if b == codec.ACK {
			break
		}
		if b != 0xFF { // what follows a confirmation on TCP
			return nil, fmt.Errorf("heard %02X", b)
		}
	}
	head := make([]byte, 2)
	if _, err := io.ReadFull(w.in, head); err != nil {
		return nil, err
	}
	body := make([]byte, int(head[1])+1)
	if _, err := io.ReadFull(w.in, body); err != nil {
		return nil, err
	}
	if _, err := w.rw.Write([]byte{codec.ACK}); err != nil {
		return nil, err
	}
	return codec.DecodeAnswer(r.Code(), body[:len(body)-1])
}

func (w *wire) sell(sum fiscal.Money) (codec.CloseReceiptV2Answer, error) {
	if _, err := w.ask(codec.OpenReceipt{Password: 1}); err != nil {
		return codec.CloseReceiptV2Answer{}, err
	}
	if _, err := w.ask(codec.OperationV2{
		Password: 1, Sign: 1, Quantity: fiscal.One, Price: sum, Sum: codec.Auto, Tax: codec.Auto, VAT: 1, Method: 4, Subject: 1, Name: "Товар",
	}); err != nil {
		return codec.CloseReceiptV2Answer{}, err
	}
	q := codec.CloseReceiptV2{Password: 1, TaxSystem: codec.TaxCommon}
	q.Payments[0] = sum
	a, err := w.ask(q)
	if err != nil {
		return codec.CloseReceiptV2Answer{}, err
	}
	return a.(codec.CloseReceiptV2Answer), nil
}

// Killed while it sells, again and again, the simulator has every receipt it
// answered for and continues where it was.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	answered := map[uint32]uint32{}
	for round := range 4 {
		r := start(t, dir, "--till", "name=k1,tcp=127.0.0.1:0", "--log-level", "error")
		w := dial(t, r.tcp["k1"])
		if round == 0 {
			if _, err := w.ask(codec.OpenShift{Password: 30}); err != nil {
				t.Fatal(err)
			}
		}
		// A receipt the last death left open.
		_, _ = w.ask(codec.CancelReceipt{Password: 1})
		sold := make(chan int)
		go func() {
			defer close(sold)
			for n := 0; ; n++ {
				a, err := w.sell(fiscal.Money(100 + n))
				if err != nil {
					return
				}
				answered[a.FD] = a.FP
				sold <- n
			}
		}()
		for n := range sold {
			if n == 3+round { // in the middle of the next sale
				go r.kill()
			}
		}
		r.kill()
		docs, err := fn.Read(flash.Dir(filepath.Join(dir, "k1")).Path("fn"))
		if err != nil {
			t.Fatal(err)
		}
		if err := fn.Verify(docs); err != nil {
			t.Fatal(err)
		}
		for fd, fp := range answered {
			if int(fd) > len(docs) || docs[fd-1].FP != fp {
				t.Fatalf("document %d was answered for and is not there", fd)
			}
		}
	}
	if len(answered) < 4*3 {
		t.Errorf("only %d sales", len(answered))
	}
}

func TestCommands(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "k1.tty")
	r := start(t, dir, "--till", "name=k1,tcp=127.0.0.1:0,pty="+link, "--till", "name=k2:tcp=127.0.0.1:0,model=152")
	w := dial(t, r.tcp["k1"])
	if _, err := w.ask(codec.OpenShift{Password: 30}); err != nil {
		t.Fatal(err)
	}
	r.sim("fault", "add", "--till", "k1", "--command", "FF45", "--phase", "print", "--at", "4", "paper_out")
	a, err := w.sell(1234)
	if err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"struck":                 {"fault", "list"},
		"НЕДЕЙСТВИТ":             {"slip", "--till", "k1"},
		"mode 2.0 / 2, no paper": {"tills"},
		"приход 12.34":           {"fn", "list"},
		"3 documents, whole":     {"fn", "verify", "--till", "k1"},
		`"whole":true`:           {"fn", "verify", "--json"},
	} {
		if got := r.sim(args...); !strings.Contains(got, want) {
			t.Errorf("%v: %q does not say %q", args, got, want)
		}
	}
	if got := r.sim("paper", "in", "--till", "k1"); !strings.Contains(got, "2.0 / 3") {
		t.Errorf("paper in: %s", got)
	}
	if _, err := w.ask(codec.ContinuePrint{Password: 30}); err != nil {
		t.Fatal(err)
	}
	if got := r.sim("slip", "--till", "k1"); !strings.Contains(got, fmt.Sprint(a.FP)) {
		t.Errorf("slip: %s", got)
	}
	var last entry
	for line := range strings.Lines(r.sim("fn", "list", "--json", "--till", "k1")) {
		last = entry{}
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatal(err)
		}
	}
	if last.FD != a.FD || last.FP != a.FP || last.Kind != "sale" || last.Total != 1234 || last.Items[0].Name != "Товар" {
		t.Errorf("%+v", last)
	}
	r.sim("fault", "clear")
	if got := r.sim("fault", "list"); got != "" {
		t.Errorf("faults left: %s", got)
	}

	// The same till on its pseudo-terminal: it has the state, and goes with
	// the power.
	tty, err := os.OpenFile(link, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := &wire{rw: tty, in: bufio.NewReader(tty)}
	s, err := p.ask(codec.ShortStatus{Password: 30})
	if err != nil || s.(codec.ShortStatusAnswer).Mode != codec.ModeShiftOpen {
		t.Fatalf("%+v, %v", s, err)
	}
	r.sim("power", "cut", "--till", "k1")
	if _, err := p.ask(codec.ShortStatus{Password: 30}); err == nil {
		t.Error("answered without power")
	}
	_ = tty.Close()
	waitFor(t, "the terminal goes", func() bool { _, err := os.Stat(link); return errors.Is(err, os.ErrNotExist) })
	r.sim("power", "on", "--till", "k1")
	waitFor(t, "the terminal comes back", func() bool { _, err := os.Stat(link); return err == nil })
	r.sim("cable", "out", "--till", "k1")
	waitFor(t, "the terminal goes", func() bool { _, err := os.Stat(link); return errors.Is(err, os.ErrNotExist) })
	r.sim("cable", "in", "--till", "k1")
	r.sim("cover", "open", "--till", "k2")
	if got := r.sim("tills"); !strings.Contains(got, "cover open") || !strings.Contains(got, "НАНО") {
		t.Errorf("tills: %s", got)
	}
}

// waitFor polls a condition that no channel tells of.
func waitFor(t *testing.T, what string, met func() bool) {
	t.Helper()
	deadline := time.NewTimer(2 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !met() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waited too long: %s", what)
		}
	}
}

func TestBadCommandLine(t *testing.T) {
	for _, args := range [][]string{
		{"run", "--dir", "x"},
		{"run", "--dir", "x", "--till", "tcp=127.0.0.1:0"},
		{"run", "--dir", "x", "--till", "name=../up"},
		{"run", "--dir", "x", "--till", "name=a,what=b"},
		{"run", "--dir", "x", "--till", "name=a,serial=b"},
		{"run", "--dir", "x", "--till", "name=a,driver=atol"},
		{"run", "--dir", "x", "--till", "name=a,printer_tcp=127.0.0.1:0"},
		{"run", "--dir", "x", "--till", "name=a,driver=fnprint,profile=laser"},
		{"fn", "list", "--dir", t.TempDir()},
		{"paper", "sideways"},
		{"tills", "--dir", t.TempDir()},
	} {
		cmd := program(t.Context(), args...)
		cmd.Dir = t.TempDir()
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "chekan-sim:") {
			t.Errorf("%v: %v, %s", args, err, out)
		}
	}
}

// fn verify says what is wrong with a file and fails.
func TestVerify_fails(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, "--till", "name=k1,tcp=127.0.0.1:0", "--log-level", "error")
	r.kill()
	path := flash.Dir(filepath.Join(dir, "k1")).Path("fn")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[20] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := program(t.Context(), "fn", "verify", "--dir", dir).CombinedOutput(); err == nil || !strings.Contains(string(out), "damaged") {
		t.Errorf("%v: %s", err, out)
	}
}
