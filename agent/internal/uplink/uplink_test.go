package uplink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/journal"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// tills are tills that do what the test says.
type tills struct {
	act func(ctx context.Context, id string, report func(*fiscalv1.Run)) (*fiscalv1.Run, error)

	mu    sync.Mutex
	acted map[string]int
	shift uint32
}

func (t *tills) States() []*fiscalv1.TillState {
	t.mu.Lock()
	defer t.mu.Unlock()
	return []*fiscalv1.TillState{{Till: "k", Online: true, Shift: t.shift}}
}

func (t *tills) Act(ctx context.Context, id, _ string, _ fiscalv1.Action, report func(*fiscalv1.Run)) (*fiscalv1.Run, error) {
	t.mu.Lock()
	if t.acted == nil {
		t.acted = map[string]int{}
	}
	t.acted[id]++
	t.mu.Unlock()
	return t.act(ctx, id, report)
}

func (t *tills) Resolve(_ context.Context, id, till, decider string, d *fiscalv1.Decision, report func(*fiscalv1.Run)) (*fiscalv1.Run, error) {
	t.mu.Lock()
	if t.acted == nil {
		t.acted = map[string]int{}
	}
	t.acted[id]++
	t.mu.Unlock()
	run := &fiscalv1.Run{Id: id, Steps: []*fiscalv1.Step{{Code: "decide"}}}
	report(run)
	run.Ended, run.Ok = true, true
	run.Text = fmt.Sprintf("%s: %s %d %s %s", decider, till, d.GetFd(), d.GetKey(), d.GetReason())
	return run, nil
}

func (t *tills) Plans() []*fiscalv1.Run {
	return []*fiscalv1.Run{{Action: fiscalv1.Action_ACTION_CHECK, Steps: []*fiscalv1.Step{{Code: "read_status"}}}}
}

func (t *tills) times(id string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.acted[id]
}

func openJournal(t *testing.T, dir string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), dir, journal.Options{Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	t.Cleanup(func() {
		if closed {
			return
		}
		if findings, _, err := j.Check(context.Background()); err != nil && !errors.Is(err, journal.ErrClosed) || len(findings) > 0 {
			t.Errorf("journal: %v %v", findings, err)
		}
		_ = j.Close()
	})
	return j
}

// sell puts finished operations into the journal, several at a time.
func sell(t *testing.T, j *journal.Journal, from, to int) {
	t.Helper()
	var all sync.WaitGroup
	for i := from; i < to; i++ {
		all.Go(func() {
			rec := &journalv1.Record{Version: 1, Operation: &fiscalv1.Operation{
				Key: key(i), Till: "k", Kind: fiscalv1.Kind_KIND_SALE, Stage: fiscalv1.Stage_STAGE_ACCEPTED,
				Receipt: &fiscalv1.Receipt{Items: []*fiscalv1.Item{{Name: "Кофе", Quantity: "1", Price: 15000, Vat: "22"}}, Payments: &fiscalv1.Payments{Cash: 15000}},
			}}
			if err := j.Accept(t.Context(), rec); err != nil {
				t.Error(err)
				return
			}
			rec.Operation.Stage, rec.Operation.Outcome = fiscalv1.Stage_STAGE_ENDED, fiscalv1.Outcome_OUTCOME_DONE
			rec.Operation.Document = &fiscalv1.Document{Fn: "9999078900001234", Fd: uint32(i + 1), Fp: uint32(i) * 7919}
			if err := j.Conclude(t.Context(), rec); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// agent is a client on the line.
type agent struct {
	*Client
	stop func()
}

func start(t *testing.T, dir string, j Journal, ts Tills) *agent {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo}))
	c := New(Options{Dir: dir, Version: "test", Host: "pc", Journal: j, Tills: ts, Log: log})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = c.Run(ctx, nil) }()
	stop := sync.OnceFunc(func() {
		cancel()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Error("the client does not stop")
		}
	})
	t.Cleanup(stop)
	return &agent{c, stop}
}

// enrolled starts a client and enrols it.
func enrolled(t *testing.T, cab *cabinet, j Journal, ts Tills) (a *agent, dir string) {
	t.Helper()
	dir = t.TempDir()
	a = start(t, dir, j, ts)
	if _, err := a.Enroll(t.Context(), cab.code(), cab.url()); err != nil {
		t.Fatal(err)
	}
	return a, dir
}

func TestEnroll(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	dir := t.TempDir()
	a := start(t, dir, j, &tills{})
	for _, c := range []struct{ name, code, cloud, want string }{
		{"no address", cab.code(), "", "не указан адрес кабинета"},
		{"clear text", cab.code(), "http://cabinet.example", "без шифрования"},
		{"no code", "", cab.url(), "не указан код"},
		{"an unknown authority", "K7QF-9M2P", cab.url(), "не проходит проверку"},
		{"another authority", "K7QF-9M2P@" + strings.Repeat("ab", 12), cab.url(), "не проходит проверку"},
		{"half a fingerprint", "K7QF-9M2P@abcd", cab.url(), "не полностью"},
		{"a wrong code", strings.Replace(cab.code(), "K7QF", "AAAA", 1), cab.url(), "не принял код"},
		{"nobody there", cab.code(), "https://127.0.0.1:1", "не отвечает"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := a.Enroll(t.Context(), c.code, c.cloud); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if a.Identity() != nil {
				t.Error("enrolled all the same")
			}
		})
	}
	id, err := a.Enroll(t.Context(), cab.code(), cab.url())
	if err != nil {
		t.Fatal(err)
	}
	if id.AgentID != "agent-1" || id.Organisation != "ООО «Ромашка»" {
		t.Errorf("%+v", id)
	}
	fi, err := os.Stat(identityFile(dir))
	if err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("identity file: %v %v", fi.Mode(), err)
	}
	cab.until("hello and state", func() bool { return cab.state != nil })
	if _, err := a.Enroll(t.Context(), cab.code(), cab.url()); err == nil {
		t.Error("a code was good twice")
	}

	// The identity survives a restart.
	a.stop()
	cab.set(func() { cab.state = nil })
	b := start(t, dir, j, &tills{})
	cab.until("state after a restart", func() bool { return cab.state != nil })
	if b.Identity().AgentID != "agent-1" {
		t.Errorf("%+v", b.Identity())
	}
}

func TestLoadIdentity_damaged(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	a, dir := enrolled(t, cab, j, &tills{})
	a.stop()
	whole, err := os.ReadFile(identityFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, len(whole) / 4, len(whole) / 2, len(whole) - 40} {
		other := t.TempDir()
		if err := os.MkdirAll(filepath.Join(other, "identity"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(identityFile(other), whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadIdentity(other); err == nil || errors.Is(err, ErrNoIdentity) {
			t.Errorf("%d bytes of it: %v", n, err)
		}
		b := start(t, other, j, &tills{})
		if ps := b.Problems(); len(ps) != 1 || ps[0].GetCode() != CodeIdentity {
			t.Errorf("%d bytes of it: problems %v", n, ps)
		}
		b.stop()
	}
}

// Everything arrives in order and once, though the line breaks all the time and answers get lost.
func TestPush(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	const n = 1500
	sell(t, j, 0, n/2)
	a, _ := enrolled(t, cab, j, &tills{})
	lines, answers := mathrand.New(mathrand.NewPCG(1, 2)), mathrand.New(mathrand.NewPCG(3, 4)) // each used under its own lock
	cab.cable.mu.Lock()
	cab.cable.breaks = func() int { return 4000 + lines.IntN(40_000) } // the TLS handshake alone takes some 3000
	cab.cable.mu.Unlock()
	cab.set(func() { cab.loseAnswer = func() bool { return answers.IntN(4) == 0 } })
	cab.cable.cut()
	sell(t, j, n/2, n)
	last := func() uint64 { return lastCursor(t, j) }
	cab.until("everything is in the cabinet", func() bool { return len(cab.ops) == n && cab.cursor == last() })
	cab.mu.Lock()
	if !slices.IsSorted(cab.seen) {
		t.Error("out of order")
	}
	for i := range n {
		if op := cab.ops[key(i)]; op.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE || op.GetDocument().GetFd() != uint32(i+1) {
			t.Fatalf("%s: %v", key(i), op)
		}
	}
	t.Logf("%d batches, %d entries repeated", cab.pushes, cab.repeats)
	cab.mu.Unlock()
	acked(t, j, a)
}

// acked waits until the journal knows that the cabinet has everything.
func acked(t *testing.T, j *journal.Journal, a *agent) {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		n, _ := j.Backlog()
		if n == 0 {
			return
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-late:
			t.Fatalf("%d entries are not acknowledged: %+v", n, a.Status())
		}
	}
}

func lastCursor(t *testing.T, j *journal.Journal) uint64 {
	t.Helper()
	var last uint64
	for {
		list, err := j.Outbox(t.Context(), last, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			return last
		}
		last = list[len(list)-1].Cursor
	}
}

// A cabinet that is away for long changes nothing here and gets everything later.
func TestPush_cabinetAway(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	a, _ := enrolled(t, cab, j, &tills{})
	cab.until("the line is up", func() bool { return cab.state != nil })
	cab.cable.set(true)
	sell(t, j, 0, 700)
	if n, oldest := j.Backlog(); n == 0 || oldest.IsZero() {
		t.Errorf("backlog %d since %v", n, oldest)
	}
	cab.cable.set(false)
	a.Wake() // as the broker would
	cab.until("everything is in the cabinet", func() bool { return len(cab.ops) == 700 })
	acked(t, j, a)
}

// A cabinet restored from an old copy gets again what it lost.
func TestPush_cabinetLostSome(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	sell(t, j, 0, 20)
	a, _ := enrolled(t, cab, j, &tills{})
	cab.until("everything is in the cabinet", func() bool { return len(cab.ops) == 20 })
	acked(t, j, a)
	cab.cable.set(true)
	eventually(t, "the break is noticed", func() bool { return !a.Status().Online })
	cab.set(func() { cab.cursor, cab.seen, cab.ops = 0, nil, map[string]*fiscalv1.Operation{} })
	cab.cable.set(false)
	sell(t, j, 20, 21)
	cab.until("everything is in the cabinet again", func() bool { return len(cab.ops) == 21 })
}

// One entry that the cabinet cannot take holds up nobody and is not forgotten.
func TestPush_refused(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	sell(t, j, 0, 40)
	bad := key(17)
	cab.set(func() {
		cab.refuses = func(key string) error {
			if key == bad {
				return errors.New("what is this?")
			}
			return nil
		}
	})
	a, _ := enrolled(t, cab, j, &tills{})
	cab.until("all but one are in the cabinet", func() bool { return len(cab.ops) == 39 })
	if n, _ := j.Backlog(); n == 0 {
		t.Error("the refused entry counts as stored")
	}
	if !slices.ContainsFunc(a.Problems(), func(p *fiscalv1.Problem) bool { return p.GetCode() == CodeCloudRefused }) {
		t.Errorf("nobody hears of it: %v", a.Problems())
	}
	// A cabinet that understands it gets it in the next conversation.
	cab.cable.set(true)
	eventually(t, "the break is noticed", func() bool { return !a.Status().Online })
	cab.set(func() { cab.refuses, cab.cursor = nil, 0 })
	cab.cable.set(false)
	sell(t, j, 40, 41)
	cab.until("all are in the cabinet", func() bool { return len(cab.ops) == 41 })
	acked(t, j, a)
}

func TestState(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	ts := &tills{shift: 1}
	a, _ := enrolled(t, cab, j, ts)
	cab.until("the first state", func() bool { return cab.shift() == 1 })
	began, states := time.Now(), 0
	cab.set(func() { states = cab.states })
	for i := range uint32(1000) {
		ts.mu.Lock()
		ts.shift = i + 2
		ts.mu.Unlock()
		a.StateChanged()
	}
	cab.until("the newest state", func() bool { return cab.shift() == 1001 })
	cab.set(func() {
		if got, limit := cab.states-states, int(time.Since(began)/stateGap)+2; got > limit {
			t.Errorf("%d reports, want at most %d", got, limit)
		}
	})
}

func steps(states ...fiscalv1.StepState) []*fiscalv1.Step {
	var out []*fiscalv1.Step
	for i, s := range states {
		out = append(out, &fiscalv1.Step{Code: fmt.Sprint("step", i), State: s})
	}
	return out
}

// A command delivered again and again, over a line that breaks, begins once and is told live.
func TestCommand(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	goOn := make(chan struct{})
	ts := &tills{act: func(ctx context.Context, _ string, report func(*fiscalv1.Run)) (*fiscalv1.Run, error) {
		report(&fiscalv1.Run{Id: "c1", Steps: steps(fiscalv1.StepState_STEP_STATE_RUNNING)})
		select {
		case <-goOn:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		return &fiscalv1.Run{Id: "c1", Steps: steps(fiscalv1.StepState_STEP_STATE_DONE), Ended: true, Ok: true, Text: "Допечатано."}, nil
	}}
	a, _ := enrolled(t, cab, j, ts)
	cab.set(func() {
		cab.commands = []*uplinkv1.Command{
			{Id: "c1", Till: "k", Action: fiscalv1.Action_ACTION_FINISH_PRINT, Actor: "Иванов"},
			{Id: "c1", Till: "k", Action: fiscalv1.Action_ACTION_FINISH_PRINT, Actor: "Иванов"},
			{Id: "late", Till: "k", Action: fiscalv1.Action_ACTION_REBOOT, ExpiresMs: time.Now().Add(-time.Minute).UnixMilli()},
		}
	})
	cab.until("the running step is seen live", func() bool {
		return len(cab.runs["c1"]) > 0 && cab.runs["c1"][len(cab.runs["c1"])-1].GetSteps() != nil && !cab.ended["c1"]
	})
	polls := 0
	cab.set(func() { polls = cab.polls })
	cab.cable.cut()
	a.Wake()
	cab.until("it is delivered again", func() bool { return cab.polls > polls+1 })
	close(goOn)
	cab.until("the end", func() bool { return cab.ended["c1"] && cab.ended["late"] })
	cab.mu.Lock()
	defer cab.mu.Unlock()
	if last := cab.runs["c1"][len(cab.runs["c1"])-1]; !last.GetOk() || last.GetText() != "Допечатано." || last.GetTill() != "k" || last.GetAction() != fiscalv1.Action_ACTION_FINISH_PRINT {
		t.Errorf("told %v", last)
	}
	if last := cab.runs["late"][len(cab.runs["late"])-1]; last.GetOk() || !strings.Contains(last.GetText(), "просрочена") {
		t.Errorf("told %v", last)
	}
	if ts.times("c1") != 1 || ts.times("late") != 0 {
		t.Errorf("begun %d and %d times, want 1 and 0", ts.times("c1"), ts.times("late"))
	}
}

// An agent killed in the middle says so, and does not begin again.
func TestCommand_restart(t *testing.T) {
	cab := newCabinet(t)
	dir := t.TempDir()
	j := openJournal(t, dir)
	ts := &tills{act: func(ctx context.Context, _ string, report func(*fiscalv1.Run)) (*fiscalv1.Run, error) {
		report(&fiscalv1.Run{Id: "c1", Steps: steps(fiscalv1.StepState_STEP_STATE_DONE, fiscalv1.StepState_STEP_STATE_RUNNING)})
		<-ctx.Done() // the till does not answer until the agent dies
		return nil, ctx.Err()
	}}
	a, home := enrolled(t, cab, j, ts)
	cab.set(func() {
		cab.commands = []*uplinkv1.Command{{Id: "c1", Till: "k", Action: fiscalv1.Action_ACTION_RECOVER}}
	})
	cab.until("the second step", func() bool {
		return len(cab.runs["c1"]) > 0 && len(cab.runs["c1"][len(cab.runs["c1"])-1].GetSteps()) == 2
	})
	cab.cable.set(true) // nothing said while dying is heard
	a.stop()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = openJournal(t, dir)
	cab.cable.set(false)
	start(t, home, j, ts)
	cab.until("the end", func() bool { return cab.ended["c1"] })
	cab.mu.Lock()
	defer cab.mu.Unlock()
	last := cab.runs["c1"][len(cab.runs["c1"])-1]
	if last.GetOk() || !strings.Contains(last.GetText(), "неизвестно") {
		t.Errorf("told %v", last)
	}
	if s := last.GetSteps(); len(s) != 2 || s[0].GetState() != fiscalv1.StepState_STEP_STATE_DONE || s[1].GetState() != fiscalv1.StepState_STEP_STATE_FAILED {
		t.Errorf("steps %v", s)
	}
	if ts.times("c1") != 1 {
		t.Errorf("begun %d times", ts.times("c1"))
	}
}

// What the cabinet has not heard at the time of a restart is told afterwards, whatever it asks.
func TestCommand_endToldLater(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	ts := &tills{act: func(context.Context, string, func(*fiscalv1.Run)) (*fiscalv1.Run, error) {
		cab.cable.set(true) // the line breaks before the end is told
		return &fiscalv1.Run{Ended: true, Ok: true, Text: "Сделано."}, nil
	}}
	a, home := enrolled(t, cab, j, ts)
	cab.set(func() {
		cab.commands = []*uplinkv1.Command{{Id: "c1", Till: "k", Action: fiscalv1.Action_ACTION_CHECK}}
	})
	for known := false; !known; {
		list, err := j.Unreported()
		if err != nil {
			t.Fatal(err)
		}
		known = len(list) == 1 && list[0].GetRun().GetEnded()
	}
	a.stop()
	cab.set(func() { cab.commands = nil })
	cab.cable.set(false)
	start(t, home, j, ts)
	cab.until("the end", func() bool { return cab.ended["c1"] })
	cab.mu.Lock()
	defer cab.mu.Unlock()
	if last := cab.runs["c1"][len(cab.runs["c1"])-1]; !last.GetOk() || last.GetText() != "Сделано." {
		t.Errorf("told %v", last)
	}
}

// A decision reaches the till once, whole, with who decided; what a newer cabinet wants is refused in words.
func TestCommand_decision(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	ts := &tills{act: func(context.Context, string, func(*fiscalv1.Run)) (*fiscalv1.Run, error) {
		panic("not an action of the table")
	}}
	enrolled(t, cab, j, ts)
	cab.set(func() {
		d := &uplinkv1.Command{Id: "d", Till: "k", Action: fiscalv1.Action_ACTION_DECIDE, Actor: "anna", Decision: &fiscalv1.Decision{Key: "sale-1", Fd: 7, Reason: "лента"}}
		cab.commands = []*uplinkv1.Command{d, d, {Id: "new", Till: "k", Action: 999}}
	})
	cab.until("both ends", func() bool { return cab.ended["d"] && cab.ended["new"] })
	cab.mu.Lock()
	defer cab.mu.Unlock()
	last := func(id string) *fiscalv1.Run { return cab.runs[id][len(cab.runs[id])-1] }
	if got := last("d"); !got.GetOk() || got.GetText() != "anna: k 7 sale-1 лента" || got.GetAction() != fiscalv1.Action_ACTION_DECIDE {
		t.Errorf("decided %v", got)
	}
	if got := last("new"); got.GetOk() || !strings.Contains(got.GetText(), "не умеет") {
		t.Errorf("an action of tomorrow: %v", got)
	}
	if n := ts.times("d"); n != 1 {
		t.Errorf("decided %d times", n)
	}
	if cab.hello.GetCapability() != Capability || len(cab.hello.GetPlans()) != 1 {
		t.Errorf("hello %v", cab.hello)
	}
}

// The newest report of a crash test reaches the cabinet, whatever was there before.
func TestCertificate(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	a, dir := enrolled(t, cab, j, &tills{})
	a.stop()
	folder := filepath.Join(dir, CertificatesDir)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"20260304T050607Z.json": "new", "20260303T050607Z.json": "old", "20260305T050607Z.json.new": "half"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	start(t, dir, j, &tills{})
	cab.until("the report", func() bool { return len(cab.reports) > 0 })
	cab.mu.Lock()
	defer cab.mu.Unlock()
	if len(cab.reports) != 1 || cab.reports[0] != "new" {
		t.Errorf("told %q", cab.reports)
	}
}

// A long poll that waits starves nobody.
func TestPoll_doesNotStarve(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	enrolled(t, cab, j, &tills{})
	cab.until("a poll waits", func() bool { return cab.polls > 0 })
	began := time.Now()
	sell(t, j, 0, 50)
	cab.until("everything is in the cabinet", func() bool { return len(cab.ops) == 50 })
	if took := time.Since(began); took > pollWait/2 {
		t.Errorf("took %v", took)
	}
}

func TestRenew(t *testing.T) {
	cab := newCabinet(t)
	cab.set(func() { cab.lifetime, cab.born = 3*time.Hour, 2*time.Hour+time.Minute })
	j := openJournal(t, t.TempDir())
	a, dir := enrolled(t, cab, j, &tills{})
	first := a.Identity().cert.Leaf
	cab.until("the renewal", func() bool { return cab.renewals == 1 })
	late := time.After(10 * time.Second)
	for a.Identity().cert.Leaf.Equal(first) {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-late:
			t.Fatal("the new certificate is not used")
		}
	}
	kept, err := LoadIdentity(dir)
	if err != nil || kept.cert.Leaf.Equal(first) {
		t.Fatalf("the new certificate is not kept: %v", err)
	}
	cab.cable.cut()
	sell(t, j, 0, 1)
	cab.until("a new connection shows the new certificate", func() bool {
		return len(cab.ops) == 1 && cab.peers[len(cab.peers)-1].Equal(kept.cert.Leaf)
	})
	if cab.renewals != 1 {
		t.Errorf("renewed %d times", cab.renewals)
	}
}

func TestProblems(t *testing.T) {
	cab := newCabinet(t)
	cab.set(func() { cab.clock = time.Hour; cab.denied = false })
	j := openJournal(t, t.TempDir())
	a, _ := enrolled(t, cab, j, &tills{})
	cab.until("the line is up", func() bool { return cab.state != nil })
	has := func(code string) func() bool {
		return func() bool {
			return slices.ContainsFunc(a.Problems(), func(p *fiscalv1.Problem) bool { return p.GetCode() == code && p.GetText() != "" && p.GetTodo() != "" })
		}
	}
	eventually(t, "the clock is told", has(CodeComputerClock))
	cab.cable.set(true)
	eventually(t, "the break is noticed", func() bool { return !a.Status().Online })
	cab.set(func() { cab.denied = true })
	cab.cable.set(false)
	eventually(t, "the refusal is told", has(CodeCloudDenied))
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	late := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-late:
			t.Fatalf("never happened: %s", what)
		}
	}
}

// A server that the authority signed under another name is not the cabinet, and a flat battery of the computer's clock
// does not keep the agent off the line.
func TestVerify(t *testing.T) {
	cab := newCabinet(t)
	leaf := cab.leaf()
	roots := x509.NewCertPool()
	roots.AddCert(cab.authority)
	state := tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf, cab.authority}}
	born := time.Now().Add(-time.Minute)
	for _, c := range []struct {
		name, host string
		roots      *x509.CertPool
		now        time.Time
		ok         bool
	}{
		{"the cabinet", "127.0.0.1", roots, time.Now(), true},
		{"another host", "127.0.0.2", roots, time.Now(), false},
		{"no host", hostOf("what"), roots, time.Now(), false},
		{"another authority", "127.0.0.1", x509.NewCertPool(), time.Now(), false},
		{"a clock of long ago", "127.0.0.1", roots, time.Unix(0, 0), true},
		{"a certificate too old", "127.0.0.1", roots, leaf.NotAfter.Add(time.Second), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := verify(state, c.host, c.roots, c.now, born); (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}
