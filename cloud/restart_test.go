package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/pack/sample"
)

// TestRestart: what people asked and agents told outlives the cabinet's stop; agents come back with the certificates they have.
func TestRestart(t *testing.T) {
	storetest.Addresses(t, func(t *testing.T, address string) {
		cfg := settings(t, address)
		c, password := launch(t, cfg)
		admin := signIn(t, c, "admin", password)
		a := enrol(t, c, admin)
		a.report(t, "kassa")
		shop := sample.New(1, true)
		first := shop.Receipt()
		first.Till = "kassa"
		if cursor := a.push(t, 5, first); cursor != 5 {
			t.Errorf("cursor %d", cursor)
		}
		till := admin.till(t).GetId()
		if _, err := admin.fleet.StartCommand(t.Context(), &cabinetv1.StartCommandRequest{Id: "c1", TillId: till, Action: fiscalv1.Action_ACTION_FINISH_PRINT}); err != nil {
			t.Fatal(err)
		}
		stopped := make(chan error, 1)
		polling := make(chan error, 1)
		if got, err := a.FetchCommands(t.Context(), &uplinkv1.FetchCommandsRequest{}); err != nil || len(got.GetCommands()) != 1 {
			t.Fatal(got, err)
		}
		go func() {
			_, err := a.FetchCommands(context.WithoutCancel(t.Context()), &uplinkv1.FetchCommandsRequest{WaitMs: 60_000})
			polling <- err
		}()
		stream, err := admin.fleet.Watch(t.Context(), &cabinetv1.WatchRequest{})
		if err != nil || !stream.Receive() {
			t.Fatal(err)
		}
		go func() { stopped <- c.stop() }()
		select {
		case err := <-stopped:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(stopLimit + patience):
			t.Fatal("a stream or a long poll keeps the cabinet from stopping")
		}
		for stream.Receive() { // what was on its way
			_ = stream.Msg()
		}
		if err := <-polling; err == nil {
			t.Error("the poll ended as if nothing was there")
		}

		again, made := launch(t, cfg)
		if made != "" {
			t.Error("a password is made at the second start")
		}
		admin = signIn(t, again, "admin", password)
		a.UplinkServiceClient = uplinkClient(t, a.tls, again.addresses.Agents)
		hello, err := a.Hello(t.Context(), &uplinkv1.HelloRequest{JournalId: "journal", Tills: nil})
		if err != nil || hello.GetCursor() != 5 || hello.GetPollMs() == 0 || hello.GetNowMs() == 0 {
			t.Errorf("%v %v", hello, err)
		}
		got, err := a.FetchCommands(t.Context(), &uplinkv1.FetchCommandsRequest{})
		if err != nil || len(got.GetCommands()) != 1 || got.GetCommands()[0].GetId() != "c1" {
			t.Errorf("%v %v", got, err)
		}
		if _, err := a.ReportRun(t.Context(), &uplinkv1.ReportRunRequest{Run: &fiscalv1.Run{Id: "c1", Ended: true, Ok: true}}); err != nil {
			t.Error(err)
		}
		cmd, err := admin.fleet.GetCommand(t.Context(), &cabinetv1.GetCommandRequest{Id: "c1"})
		if err != nil || cmd.GetCommand().GetState() != cabinetv1.CommandState_COMMAND_STATE_DONE {
			t.Errorf("%v %v", cmd, err)
		}
		if got, err := a.FetchCommands(t.Context(), &uplinkv1.FetchCommandsRequest{}); err != nil || len(got.GetCommands()) != 0 {
			t.Errorf("given after its end: %v %v", got, err)
		}
		second := shop.Receipt()
		second.Till = "kassa"
		if cursor := a.push(t, 5, first, second); cursor != 6 {
			t.Errorf("cursor %d", cursor)
		}
		list, err := admin.documents.ListOperations(t.Context(), &cabinetv1.ListOperationsRequest{TillId: till})
		if err != nil || len(list.GetOperations()) != 2 {
			t.Errorf("%v %v", list, err)
		}
	})
}

// TestWatch: a watcher sees a till appear, its operation come in and its command go through its states.
func TestWatch(t *testing.T) {
	each(t, func(t *testing.T, c *cabinet, admin *person) {
		a := enrol(t, c, admin)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		stream, err := admin.fleet.Watch(ctx, &cabinetv1.WatchRequest{})
		if err != nil {
			t.Fatal(err)
		}
		next := func(what string, is func(m *cabinetv1.WatchResponse) bool) *cabinetv1.WatchResponse {
			t.Helper()
			for stream.Receive() {
				if m := stream.Msg(); is(m) {
					return m
				}
			}
			t.Fatalf("no %s: %v", what, stream.Err())
			return nil
		}
		next("first word", func(m *cabinetv1.WatchResponse) bool { return m.GetChange() == nil })
		a.report(t, "kassa")
		till := next("till", func(m *cabinetv1.WatchResponse) bool { return m.GetTill().GetLight() == cabinetv1.Light_LIGHT_GREEN }).GetTill()
		op := sample.New(1, true).Receipt()
		op.Till = "kassa"
		a.push(t, 1, op)
		next("operation", func(m *cabinetv1.WatchResponse) bool {
			return m.GetOperation().GetOperation().GetKey() == op.GetKey() && m.GetOperation().GetOperation().GetInCloud()
		})
		if _, err := admin.fleet.StartCommand(t.Context(), &cabinetv1.StartCommandRequest{Id: "c1", TillId: till.GetId(), Action: fiscalv1.Action_ACTION_CHECK}); err != nil {
			t.Fatal(err)
		}
		state := func(want cabinetv1.CommandState) {
			t.Helper()
			next(want.String(), func(m *cabinetv1.WatchResponse) bool { return m.GetCommand().GetState() == want })
		}
		state(cabinetv1.CommandState_COMMAND_STATE_QUEUED)
		if _, err := a.FetchCommands(t.Context(), &uplinkv1.FetchCommandsRequest{WaitMs: 10_000}); err != nil {
			t.Fatal(err)
		}
		state(cabinetv1.CommandState_COMMAND_STATE_DELIVERED)
		for _, run := range []*fiscalv1.Run{{Id: "c1"}, {Id: "c1", Ended: true, Text: "no"}} {
			if _, err := a.ReportRun(t.Context(), &uplinkv1.ReportRunRequest{Run: run}); err != nil {
				t.Fatal(err)
			}
			want := cabinetv1.CommandState_COMMAND_STATE_RUNNING
			if run.GetEnded() {
				want = cabinetv1.CommandState_COMMAND_STATE_FAILED
			}
			state(want)
		}
		if err := stream.Close(); err != nil {
			t.Error(err)
		}
		if _, err := a.Push(t.Context(), &uplinkv1.PushRequest{JournalId: "j", Dictionary: 99, Packed: []byte("x")}); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("a dictionary it does not know: %v", err)
		}
	})
}

// TestFirstPassword: scripts find it in a file that others cannot read.
func TestFirstPassword(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	dir := t.TempDir()
	file := filepath.Join(dir, "password")
	out := &firstLine{done: make(chan struct{})}
	ended := make(chan error, 1)
	go func() {
		ended <- execute(ctx, []string{
			"--data", filepath.Join(dir, "data"), "run", "--listen", "127.0.0.1:0", "--agents", "127.0.0.1:0", "--broker", "127.0.0.1:0",
			"--admin-password-file", file, "--log-level", "error",
		}, out, out)
	}()
	select {
	case <-out.done:
	case err := <-ended:
		t.Fatal(err)
	case <-time.After(patience):
		t.Fatal("not started")
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	text, err := os.ReadFile(file)
	if err != nil || len(strings.TrimSpace(string(text))) < 16 {
		t.Errorf("%q %v", text, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// firstLine waits for the addresses to be printed.
type firstLine struct {
	done chan struct{}
	text strings.Builder
}

func (l *firstLine) Write(p []byte) (int, error) {
	before := strings.Contains(l.text.String(), "MQTT")
	l.text.Write(p)
	if !before && strings.Contains(l.text.String(), "MQTT") {
		close(l.done)
	}
	return len(p), nil
}
