package update

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// ErrRelaunch is how a running agent says that another version has to run now.
// Whoever runs it ends it in an orderly way and calls [Launcher.Exec] again, or
// exits with [ExitRelaunch] when it is a child.
var ErrRelaunch = errors.New("another version has to run now")

// ExitRelaunch is the exit code by which a child asks its launcher to choose anew.
const ExitRelaunch = 75

// Names in the environment of a launched version.
const (
	// envLauncher is the path of the launcher; its presence says that the choice
	// has been made.
	envLauncher = "CHEKAN_AGENT_LAUNCHER"
	// envChild says that the launcher waits beside us: the end of standard input
	// is the wish to stop, and readiness is a line of standard output.
	envChild = "CHEKAN_AGENT_CHILD"
)

// readyLine is what a child prints when it serves.
const readyLine = "chekan-agent-ready"

const (
	// startDeadline is how long a version on trial may take to serve.
	startDeadline = time.Minute
	// stopGrace is longer than an orderly stop of the agent takes.
	stopGrace = 20 * time.Second
	// crashPause keeps a version that crashes at once from using its starts up
	// within one bad moment of the computer.
	crashPause = time.Second
)

// Launcher is the packaged program in the part of choosing which version runs.
// It is the oldest code of an installation, so it does little: reads the state,
// decides ([Decide]), counts, hands over.
type Launcher struct {
	// Data is the agent's data folder; empty when it is not known: then nothing
	// but this program runs.
	Data string
	// Version is this program's.
	Version string
	// Exe is this program's file.
	Exe string
	// Args are the arguments for the chosen version, without its name.
	Args []string
	// Out and Err are where a child writes.
	Out, Err io.Writer
	// Log hears of everything unusual; nil is silence.
	Log *slog.Logger
	// StartDeadline is how long a version on trial may take to serve; 0 is a minute.
	StartDeadline time.Duration
	// Fault is asked before each durable step, for tests.
	Fault func(step Step, path string) error

	broken map[string]bool // could not be executed
}

// Launched tells whether a launcher has chosen this process already.
func Launched() bool { return os.Getenv(envLauncher) != "" }

// IsChild tells whether the launcher waits beside this process.
func IsChild() bool { return os.Getenv(envChild) != "" }

// Exe is the file of this program, as it can be started again after a package
// manager has put another one in its place.
func Exe() (string, error) {
	exe, err := os.Executable()
	return strings.TrimSuffix(exe, " (deleted)"), err
}

// Exec becomes the chosen version, under the same process id. It returns when
// this program is the one to run, and says so in note when that is not the usual.
func (l *Launcher) Exec() (note string) {
	for {
		d := l.choose()
		if d.Run == "" {
			return d.Text
		}
		exe := binaryPath(l.Data, d.Run)
		if err := l.disk().step(StepStart, exe); err != nil {
			return err.Error()
		}
		env := l.environ(false)
		if d.Next.Trial != nil {
			watched, err := l.sentinel()
			if err != nil {
				l.log().Error("nobody watches the start", "error", err)
			} else {
				env = append(env, watched)
			}
		}
		err := replaceProcess(exe, append([]string{exe}, l.Args...), env)
		// Only a failure comes back.
		l.failed(d, err)
	}
}

// Relaunch ends this process by becoming the launcher again. It returns only
// when that failed.
func (l *Launcher) Relaunch() error {
	exe := os.Getenv(envLauncher)
	if exe == "" {
		exe = l.Exe
	}
	return fmt.Errorf("start %s: %w", exe, replaceProcess(exe, append([]string{exe}, l.Args...), without(os.Environ(), envLauncher, envChild, envSentinel)))
}

// failed learns from a version that could not be executed. One on trial is
// counted; another is as good as gone.
func (l *Launcher) failed(d Decision, err error) {
	l.log().Error("version does not start", "version", d.Run, "error", err)
	if d.Next.Trial == nil {
		if l.broken == nil {
			l.broken = map[string]bool{}
		}
		l.broken[d.Run] = true
	}
}

func (l *Launcher) disk() *disk { return &disk{fault: l.Fault} }

func (l *Launcher) log() *slog.Logger {
	if l.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l.Log
}

func (l *Launcher) environ(child bool) []string {
	env := append(without(os.Environ(), envLauncher, envChild, envSentinel), envLauncher+"="+l.Exe)
	if child {
		env = append(env, envChild+"=1")
	}
	return env
}

func without(env []string, names ...string) []string {
	var out []string
	for _, e := range env {
		key, _, _ := strings.Cut(e, "=")
		drop := false
		for _, n := range names {
			drop = drop || key == n
		}
		if !drop {
			out = append(out, e)
		}
	}
	return out
}

// choose decides and makes the decision durable. Whatever goes wrong in it, this
// program runs: a launcher that fails would be what nobody can update.
func (l *Launcher) choose() (d Decision) {
	if l.Data == "" {
		return Decision{}
	}
	defer func() {
		if p := recover(); p != nil {
			l.log().Error("launcher panicked", "panic", p)
			d = Decision{Text: "Внутренняя ошибка запуска: работает версия из пакета."}
		}
	}()
	s, err := loadState(l.Data)
	if err != nil {
		l.log().Error("state of updates", "error", err)
	}
	f := Facts{Packaged: l.Version, Damaged: err != nil, Whole: l.whole(s), Now: time.Now()}
	d = Decide(s, f)
	if d.Write {
		if err := d.Next.save(l.disk(), l.Data); errors.Is(err, errDied) {
			panic(err)
		} else if err != nil {
			l.log().Error("state of updates is not written", "error", err)
			f.Frozen = true
			d = Decide(s, f)
		}
	}
	if d.Text != "" {
		l.log().Warn("version chosen", "version", d.Run, "why", d.Text)
	}
	return d
}

// whole looks at the binaries the state names. The chosen one is read whole at
// each start: a disk that has gone bad under a version that worked for months
// must not become a crash without end. The previous one is only measured.
func (l *Launcher) whole(s State) map[string]bool {
	out := map[string]bool{}
	for _, v := range []string{s.Chosen, s.Previous} {
		if v == "" || l.broken[v] {
			continue
		}
		want, known := s.Binaries[v]
		path := binaryPath(l.Data, v)
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() || known && info.Size() != want.Size {
			continue
		}
		if v == s.Chosen && known {
			if sum, err := sumFile(path); err != nil || sum != want.SHA256 {
				continue
			}
		}
		out[v] = true
	}
	return out
}

// sumFile is the SHA-256 of a file, hex.
func sumFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Supervise runs the chosen version as a child until ctx ends: where a process
// cannot become another one. ready is called once, when something serves. own
// runs this program in place of a child. It returns what the program that ran
// last ended with; an [exec.ExitError] carries a child's exit code.
func (l *Launcher) Supervise(ctx context.Context, ready func(), own func(ctx context.Context, ready func()) error) error {
	ready = sync.OnceFunc(ready)
	for {
		d := l.choose()
		if d.Run == "" {
			if err := own(ctx, ready); !errors.Is(err, ErrRelaunch) || ctx.Err() != nil {
				return err
			}
			continue
		}
		err := l.child(ctx, d, ready)
		var exit *exec.ExitError
		switch {
		case ctx.Err() != nil:
			return err
		case errors.As(err, &exit) && exit.ExitCode() == ExitRelaunch:
			continue
		case errors.Is(err, errNotStarted):
			l.failed(d, err)
		case d.Next.Trial == nil:
			return err // the service manager begins everything anew
		default:
			l.log().Error("version on trial ended", "version", d.Run, "error", err)
		}
		if !pause(ctx, crashPause) {
			return err
		}
	}
}

// errNotStarted says that no process came to be.
var errNotStarted = errors.New("not started")

// child runs one version to its end.
func (l *Launcher) child(ctx context.Context, d Decision, ready func()) error {
	exe := binaryPath(l.Data, d.Run)
	if err := l.disk().step(StepStart, exe); err != nil {
		return err
	}
	cmd := exec.Command(exe, l.Args...) //nolint:noctx // it is asked to stop first, below
	cmd.Env, cmd.Stderr = l.environ(true), l.Err
	in, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("%w: %w", errNotStarted, err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("%w: %w", errNotStarted, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%w: %w", errNotStarted, err)
	}
	deadline := l.StartDeadline
	if deadline == 0 {
		deadline = startDeadline
	}
	late := time.AfterFunc(deadline, func() {
		if d.Next.Trial != nil {
			l.log().Error("version on trial hangs at start", "version", d.Run)
			_ = cmd.Process.Kill()
		}
	})
	defer late.Stop()
	stopped := make(chan struct{})
	defer close(stopped)
	go func() {
		select {
		case <-ctx.Done():
		case <-stopped:
			return
		}
		_ = in.Close() // the wish to stop
		select {
		case <-stopped:
		case <-time.After(stopGrace):
			_ = cmd.Process.Kill()
		}
	}()
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		switch {
		case strings.TrimSpace(line) == readyLine:
			late.Stop()
			ready()
		case l.Out != nil:
			_, _ = io.WriteString(l.Out, line)
		}
		if err != nil {
			break
		}
	}
	err = cmd.Wait()
	_ = in.Close()
	return err
}

// pause waits d; false when ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
