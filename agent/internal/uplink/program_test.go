package uplink

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

func has(ps []*fiscalv1.Problem, code string) bool {
	for _, p := range ps {
		if p.GetCode() == code && p.GetText() != "" && p.GetTodo() != "" {
			return true
		}
	}
	return false
}

// TestProgram: the token of the last hello is shown at the next one, across restarts and a crash before it was saved; the start is
// another one each time.
func TestProgram(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	a, dir := enrolled(t, cab, j, &tills{})
	var first *uplinkv1.HelloRequest
	cab.until("the first hello", func() bool {
		if len(cab.hellos) > 0 {
			first = cab.hellos[0]
		}
		return first != nil
	})
	if first.GetInstance() == "" || first.GetToken() != "" || !strings.Contains(first.GetPlatform(), "/") || first.GetCertificateUntilMs() != a.Identity().Expires().UnixMilli() {
		t.Errorf("%v", first)
	}
	file := filepath.Join(dir, "identity", "token")
	kept := func() string {
		text, _ := os.ReadFile(file) // not there yet
		return string(text)
	}
	eventually(t, "the token is kept", func() bool { return kept() != "" })
	token := kept()
	cab.set(func() { cab.stranger = true })
	a.StateChanged()
	eventually(t, "the next token is kept", func() bool { return kept() != token })
	a.stop()
	var before int
	var said *uplinkv1.HelloRequest
	cab.set(func() { before = len(cab.hellos); said = cab.hellos[before-1] })
	if got := said; got.GetInstance() != first.GetInstance() || got.GetToken() == "" {
		t.Errorf("the same start says %v", got)
	}
	text, err := os.ReadFile(file)
	if err != nil || !strings.HasPrefix(string(text), "token-") {
		t.Fatalf("%q %v", text, err)
	}
	if fi, err := os.Stat(file); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", fi.Mode(), err)
	}
	b := start(t, dir, j, &tills{})
	cab.until("a hello after a restart", func() bool {
		if len(cab.hellos) > before {
			said = cab.hellos[before]
		}
		return len(cab.hellos) > before
	})
	if got := said; got.GetInstance() == first.GetInstance() || got.GetToken() != string(text) {
		t.Errorf("after a restart: %v, kept %s", got, text)
	}
	b.stop()
	for _, broken := range []string{"", strings.Repeat("x", 1000)} {
		if err := os.WriteFile(file, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := openProgram(dir).last(); got != "" {
			t.Errorf("a damaged token is shown: %q", got)
		}
	}
}

// TestProgram_reasons: what the agent does when the cabinet says why it refuses.
func TestProgram_reasons(t *testing.T) {
	for _, c := range []struct{ reason, problem string }{
		{reasonRevoked, CodeCloudRevoked}, {reasonTwin, CodeCloudTwin}, {"something new", CodeCloudDenied},
	} {
		t.Run(c.reason, func(t *testing.T) {
			cab := newCabinet(t)
			j := openJournal(t, t.TempDir())
			a, _ := enrolled(t, cab, j, &tills{})
			cab.until("a state", func() bool { return cab.states > 0 })
			cab.set(func() { cab.refuse = c.reason })
			cab.cable.cut()
			eventually(t, "the problem", func() bool { return has(a.Problems(), c.problem) })
			for _, other := range []string{CodeCloudRevoked, CodeCloudTwin, CodeCloudDenied, CodeCloudAway} {
				if other != c.problem && has(a.Problems(), other) {
					t.Errorf("and %s", other)
				}
			}
			sell(t, j, 0, 1) // the journal does not care
			shut, _ := a.gate.isShut()
			if want := c.reason != "something new"; shut != want {
				t.Errorf("shut out: %v", shut)
			}
			cab.set(func() { cab.refuse = "" })
			a.Wake()
			cab.until("what was sold meanwhile", func() bool { return len(cab.ops) == 1 })
			eventually(t, "no problem any more", func() bool { shut, _ := a.gate.isShut(); return !has(a.Problems(), c.problem) && !shut })
		})
	}
}

// TestProgram_late: told that its certificate has ended, the agent renews it whatever its clock says.
func TestProgram_late(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	cab.set(func() { cab.refuse = reasonLate })
	a, _ := enrolled(t, cab, j, &tills{})
	cab.until("a renewal, and a hello that is taken", func() bool { return cab.renewals == 1 && cab.token > 0 })
	if has(a.Problems(), CodeCloudDenied) {
		t.Errorf("%v", a.Problems())
	}
}

// TestProgram_hello: told that another start spoke meanwhile, the agent says hello again and goes on.
func TestProgram_hello(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	a, _ := enrolled(t, cab, j, &tills{})
	cab.until("a state", func() bool { return cab.states > 0 })
	var hellos, states int
	cab.set(func() { cab.stranger, hellos, states = true, len(cab.hellos), cab.states })
	a.StateChanged()
	cab.until("another hello, and a state behind it", func() bool { return len(cab.hellos) > hellos && cab.states > states })
}

// TestWhileAdmitted: what runs beside the line ends when the program is shut out, and begins again when it is let in.
func TestWhileAdmitted(t *testing.T) {
	c := new(Client)
	c.gate.init()
	ctx, cancel := context.WithCancel(t.Context())
	began, ended := make(chan struct{}), make(chan struct{})
	all := make(chan struct{})
	go func() {
		defer close(all)
		c.whileAdmitted(ctx, func(ctx context.Context) {
			began <- struct{}{}
			<-ctx.Done()
			ended <- struct{}{}
		})
	}()
	for range 3 {
		<-began
		c.gate.set(false, true)
		<-ended
		c.gate.set(true, false)
	}
	<-began
	cancel()
	<-ended
	<-all
}
