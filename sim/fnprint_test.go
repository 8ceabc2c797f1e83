package main

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/protocol/escpos"
	codec "github.com/chekan-io/chekan/protocol/fn"
	"github.com/chekan-io/chekan/protocol/slip"
)

// A till of two devices answers on both of its wires, and is steered as one.
func TestFNPrint(t *testing.T) {
	r := start(t, t.TempDir(), "--till", "name=k1,driver=fnprint,tcp=127.0.0.1:0,printer_tcp=127.0.0.1:0", "--log-level", "error")
	memory, printer := open(t, r.tcp["k1"]), open(t, r.printer["k1"])

	msg, err := codec.EncodeRequest(codec.Status{})
	if err != nil {
		t.Fatal(err)
	}
	var in codec.Reader
	status := ask(t, memory, codec.EncodeFrame(msg), func(b []byte) bool {
		in.Push(b)
		return in.Next() == codec.EventFrame
	})
	a, _, err := codec.DecodeAnswer(codec.CmdStatus, in.Message())
	if s, ok := a.(codec.StatusAnswer); err != nil || !ok || s.Phase != codec.PhaseFiscal || s.FD != 1 {
		t.Errorf("status % X: %+v, %v", status, a, err)
	}

	profile, _ := escpos.FindProfile("")
	var job []byte
	for _, b := range escpos.Render(slip.Slip{Lines: []slip.Line{{Left: "Проба пера"}, {Left: "ФД", Right: "7"}}}, profile) {
		job = append(job, b.Bytes...)
	}
	var e escpos.Encoder
	ask(t, printer, append(job, e.AskPaper().Bytes()...), func(b []byte) bool { return len(b) > 0 })
	for want, args := range map[string][]string{
		"Проба пера":            {"slip", "--till", "k1"},
		"ФН и принтер":          {"tills"},
		"1 documents, whole":    {"fn", "verify", "--till", "k1"},
		"last FD 1":             {"tills"},
		"no paper":              {"paper", "out", "--till", "k1"},
		"lose_answer at answer": {"fault", "add", "--till", "k1", "--command", "16", "--phase", "answer", "lose_answer"},
		"0000000000004239":      {"tills"},
		"mode shift closed":     {"tills"},
	} {
		if got := r.sim(args...); !strings.Contains(got, want) {
			t.Errorf("%v: %q does not say %q", args, got, want)
		}
	}
	if got := r.sim("fault", "list"); !strings.Contains(got, "of 16") {
		t.Errorf("fault list: %s", got)
	}
	r.sim("power", "cut")
	if got := r.sim("tills"); !strings.Contains(got, "no power") {
		t.Errorf("tills: %s", got)
	}
}

func open(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// ask writes and reads until what came is enough.
func ask(t *testing.T, c net.Conn, b []byte, enough func([]byte) bool) (all []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	if _, err := c.Write(b); err != nil {
		t.Fatal(err)
	}
	for {
		buf := make([]byte, 256)
		n, err := c.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, buf[:n]...)
		if enough(buf[:n]) {
			return all
		}
	}
}
