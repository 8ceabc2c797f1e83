package demo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// patience is how long a program may take to stop when asked to: the agent
// gives an operation in progress ten seconds.
const patience = 12 * time.Second

// child is a program the demo has started.
type child struct {
	name    string
	path    string
	args    []string
	logFile string
	cmd     *exec.Cmd
	ended   chan struct{}
	err     error // of the end; to be read after ended
}

// launch starts a program whose words go to the file logs/<name>.log.
func (d *demo) launch(name, path string, args ...string) (*child, error) {
	c := &child{name: name, path: path, args: args, logFile: filepath.Join(d.Dir, "logs", name+".log"), ended: make(chan struct{})}
	return c, c.start()
}

// again starts a program that has died with the same arguments.
func (c *child) again() (*child, error) {
	n := &child{name: c.name, path: c.path, args: c.args, logFile: c.logFile, ended: make(chan struct{})}
	return n, n.start()
}

func (c *child) start() error {
	log, err := os.OpenFile(c.logFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	c.cmd = exec.Command(c.path, c.args...) //nolint:noctx // it is stopped gently, by stop
	c.cmd.Stdout, c.cmd.Stderr = log, log
	c.cmd.SysProcAttr = apart()
	started := make(chan error)
	go func() {
		// A child that dies with its parent dies with the thread that made it:
		// the thread has to live as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.cmd.Start()
		started <- err
		if err == nil {
			c.err = c.cmd.Wait()
			close(c.ended)
		}
		_ = log.Close()
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start %s: %w", c.name, err)
	}
	return nil
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// dead tells whether the program has ended by itself.
func (c *child) dead() bool {
	if c == nil {
		return false
	}
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// stop asks the program to end, and insists when it does not.
func (c *child) stop() error {
	if c == nil || c.dead() {
		return nil
	}
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		if c.err = c.cmd.Process.Kill(); c.err != nil && !errors.Is(c.err, os.ErrProcessDone) {
			return fmt.Errorf("stop %s: %w", c.name, err)
		}
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-c.ended:
		return nil
	case <-timer.C:
	}
	_ = c.cmd.Process.Kill()
	<-c.ended
	return fmt.Errorf("%s не остановился за %v и был прерван; журнал: %s", c.name, patience, c.logFile)
}

// obituary says how the program ended and what its last words were.
func (c *child) obituary() string {
	text := c.name + " завершился"
	if c.err != nil {
		text += " (" + c.err.Error() + ")"
	}
	if words := tail(c.logFile, 12); words != "" {
		return text + ". Последнее в " + c.logFile + ":\n" + words
	}
	return text + "."
}

// tail gives the last lines of a file, indented.
func tail(path string, lines int) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	all := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	all = all[max(0, len(all)-lines):]
	for i := range all {
		all[i] = "    " + all[i]
	}
	return strings.TrimRight(strings.Join(all, "\n"), " ")
}

// Spare ports lie below those that systems give to outgoing connections: one of
// theirs could be gone again before the program listens on it.
const (
	firstSpare = 20_000
	spares     = 10_000
)

// port gives a port of loopback that is free now: the one used before, the
// preferred one, or a spare one. fixed says that nothing but the one used before
// will do, because others have written it down.
func (d *demo) port(ctx context.Context, name string, preferred int, fixed bool) (string, error) {
	before := d.memory.Ports[name]
	tries := []int{before}
	if before == 0 || !fixed {
		tries = append(tries, preferred)
		for i := range 100 { // other demos on this computer begin elsewhere
			tries = append(tries, firstSpare+(os.Getpid()*7+i)%spares)
		}
	}
	var failure error
	for _, p := range tries {
		if p == 0 || p != before && slices.Contains(slices.Collect(maps.Values(d.memory.Ports)), p) {
			continue
		}
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p)))
		if err != nil {
			failure = err
			continue
		}
		address := l.Addr().(*net.TCPAddr) //nolint:errcheck,forcetypeassert // a TCP listener has no other
		if err := l.Close(); err != nil {
			return "", err
		}
		d.memory.Ports[name] = address.Port
		return address.String(), nil
	}
	return "", fmt.Errorf("порт %d, по которому агент знает кабинет, занят: освободите его или начните заново в другой папке (%w)", before, failure)
}
