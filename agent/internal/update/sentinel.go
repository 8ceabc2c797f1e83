package update

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// sentinelArg makes this program the sentinel of a version on trial:
// exe sentinelArg pid seconds, with one end of a pipe as standard input.
const sentinelArg = "update-sentinel"

// envSentinel is fd:pid, the other end of the pipe and the sentinel's own id.
const envSentinel = "CHEKAN_AGENT_SENTINEL"

// RunSentinel does the sentinel's part when args (os.Args) ask for it: then it
// returns true and the exit code to end with. It must come first in main.
//
// A process that has become a version on trial has nobody beside it that could
// end it when it hangs before it serves: systemd counts its start as long over,
// and a version that hangs may well feed the watchdog. So the launcher leaves
// an old, known program beside it. It ends when it hears that the version
// serves, when the version dies, which closes the pipe, or after killing it.
func RunSentinel(args []string) (code int, ok bool) {
	if len(args) != 4 || args[1] != sentinelArg {
		return 0, false
	}
	pid, errPID := strconv.Atoi(args[2])
	seconds, errWait := strconv.Atoi(args[3])
	if errPID != nil || errWait != nil || pid <= 1 {
		return 2, true
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		var b [1]byte
		_, _ = os.Stdin.Read(b[:]) // a byte is readiness, the end is death
	}()
	select {
	case <-over:
	case <-time.After(time.Duration(seconds) * time.Second):
		if p, err := os.FindProcess(pid); err == nil {
			_ = p.Kill()
		}
	}
	return 0, true
}

// sentinel starts the sentinel of this process, and gives what the environment
// of the version on trial has to hold.
func (l *Launcher) sentinel() (env string, err error) {
	deadline := l.StartDeadline
	if deadline == 0 {
		deadline = startDeadline
	}
	in, out, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer in.Close()
	fd, err := inheritable(out)
	if err != nil {
		_ = out.Close()
		return "", err
	}
	cmd := exec.Command(l.Exe, sentinelArg, strconv.Itoa(os.Getpid()), strconv.Itoa(int(deadline.Seconds()))) //nolint:noctx // it outlives this program
	cmd.Stdin = in
	if err := cmd.Start(); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s=%d:%d", envSentinel, fd, cmd.Process.Pid), nil
}

// Serves tells whoever started this version that it serves: the sentinel beside
// it, or the launcher it is a child of. out is standard output.
func Serves(out io.Writer) {
	if IsChild() {
		_, _ = fmt.Fprintln(out, readyLine)
	}
	fdText, pidText, ok := strings.Cut(os.Getenv(envSentinel), ":")
	if !ok {
		return
	}
	_ = os.Unsetenv(envSentinel) // once
	fd, errFD := strconv.ParseUint(fdText, 10, 31)
	pid, errPID := strconv.Atoi(pidText)
	if errFD != nil || errPID != nil {
		return
	}
	pipe := os.NewFile(uintptr(fd), "sentinel")
	_, _ = pipe.Write([]byte{1})
	_ = pipe.Close()
	if p, err := os.FindProcess(pid); err == nil {
		go func() { _, _ = p.Wait() }() // it is our child by now
	}
}

// UntilStdinEnds gives a context that ends with standard input, for a child.
func UntilStdinEnds(ctx context.Context, in io.Reader) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	return ctx, cancel
}
