// Program agent is what the tests of package update install and update: the
// launcher, the updater, and nothing else of an agent. The linker gives it a
// version and a way to behave.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/update"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// version and behaviour are set by the linker.
var version, behaviour = "dev", "good"

// Arguments: data folder, address of the cabinet, anchor, "child" or "become",
// the step to die before.
func main() {
	if code, ok := update.RunSentinel(os.Args); ok {
		os.Exit(code)
	}
	data := os.Args[1]
	say(data, "starts")
	switch behaviour {
	case "crash":
		panic("as built")
	case "hang":
		select {
		case <-time.After(time.Hour):
		}
	}
	err := run(data)
	var code interface{ ExitCode() int }
	switch {
	case errors.As(err, &code):
		os.Exit(code.ExitCode())
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// say leaves word for the test.
func say(data, what string) {
	f, err := os.OpenFile(filepath.Join(data, "said"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, _ = fmt.Fprintf(f, "%s %s\n", version, what)
		_ = f.Close()
	}
}

// die kills this very process before a step; the count goes on from process to
// process.
func die(data string) func(update.Step, string) error {
	at, _ := strconv.Atoi(os.Args[5])
	return func(update.Step, string) error {
		file := filepath.Join(data, "steps")
		text, _ := os.ReadFile(file)
		n, _ := strconv.Atoi(string(text))
		_ = os.WriteFile(file, []byte(strconv.Itoa(n+1)), 0o600)
		if n == at {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	}
}

// deadline is what the test allows a version on trial for its start.
func deadline(data string) time.Duration {
	text, _ := os.ReadFile(filepath.Join(data, "deadline"))
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return time.Hour
	}
	return d
}

type exitCode int

func (e exitCode) Error() string { return fmt.Sprint("exit code ", int(e)) }
func (e exitCode) ExitCode() int { return int(e) }

func run(data string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	exe, err := update.Exe()
	if err != nil {
		return err
	}
	l := &update.Launcher{
		Data: data, Version: version, Exe: exe, Args: os.Args[1:], Out: os.Stdout, Err: os.Stderr, Log: log,
		StartDeadline: deadline(data), Fault: die(data),
	}
	if update.Launched() {
		if update.IsChild() {
			var cancel context.CancelFunc
			ctx, cancel = update.UntilStdinEnds(ctx, os.Stdin)
			defer cancel()
		}
		err := own(ctx, func() { update.Serves(os.Stdout) })
		switch {
		case !errors.Is(err, update.ErrRelaunch):
			return err
		case update.IsChild():
			return exitCode(update.ExitRelaunch)
		}
		return l.Relaunch()
	}
	if slices.Contains(os.Args, "child") {
		return l.Supervise(ctx, func() {}, own)
	}
	l.Exec()
	if err := own(ctx, func() {}); !errors.Is(err, update.ErrRelaunch) {
		return err
	}
	return l.Relaunch()
}

// own is the agent of these tests.
func own(ctx context.Context, ready func()) error {
	data := os.Args[1]
	u, err := update.New(update.Options{
		Data: data, Version: version, Packaged: !update.Launched(), Settings: config.Update{Channel: "stable", Root: os.Args[3]},
		Cabinet: line{os.Args[2], make(chan struct{})}, Tills: shop{}, Journal: update.Formats{Writes: 1, Reads: [2]int{1, 1}},
		Rate: 1 << 30, Spare: 1, Fault: die(data), Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return err
	}
	ready()
	say(data, "serves")
	return u.Run(ctx)
}

type shop struct{}

func (shop) States() []*fiscalv1.TillState {
	return []*fiscalv1.TillState{{Till: "kassa-1", Online: behaviour != "notill"}}
}
func (shop) Quiet(context.Context) (func(), string) { return func() {}, "" }

// line is a cabinet in plain HTTP.
type line struct {
	url   string
	asked chan struct{}
}

func (l line) call(ctx context.Context, path string, in, out proto.Message) error {
	if behaviour == "nocloud" {
		return errors.New("as built")
	}
	body, err := proto.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if body, err = io.ReadAll(answer.Body); err != nil {
		return err
	}
	return proto.Unmarshal(body, out)
}

func (l line) Offer(ctx context.Context, r *uplinkv1.FetchUpdateRequest) (*uplinkv1.FetchUpdateResponse, error) {
	out := new(uplinkv1.FetchUpdateResponse)
	return out, l.call(ctx, "/offer", r, out)
}

func (l line) Report(ctx context.Context, r *uplinkv1.ReportUpdateRequest) error {
	return l.call(ctx, "/report", r, new(uplinkv1.ReportUpdateResponse))
}

func (l line) Get(ctx context.Context, path string, offset int64) (io.ReadCloser, int64, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.url+"/releases/"+path, nil)
	if err != nil {
		return nil, 0, err
	}
	r.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, 0, err
	}
	switch answer.StatusCode {
	case http.StatusPartialContent:
		return answer.Body, offset, nil
	case http.StatusNotFound:
		_ = answer.Body.Close()
		return nil, 0, update.ErrAbsent
	}
	return answer.Body, 0, nil
}

func (l line) Answers() bool          { return behaviour != "nocloud" }
func (l line) Asked() <-chan struct{} { return l.asked }
