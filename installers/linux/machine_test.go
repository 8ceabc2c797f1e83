package linux_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The Debian that packages are tried in: what its installer leaves on a small
// computer, and curl to play the shop's software.
const (
	suite   = "bookworm"
	mirror  = "http://deb.debian.org/debian"
	include = "systemd,systemd-sysv,udev,dbus,ca-certificates,curl,tzdata"
	// tree names the cached tree; another list above needs another name.
	tree = "debian-" + suite + "-2"
)

// needs skips the test where no machine can be started.
func needs(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("boots a machine")
	}
	if runtime.GOARCH != "amd64" {
		t.Skip("the tree is Debian's for amd64")
	}
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
	for _, tool := range []string{"debootstrap", "systemd-nspawn", "nsenter"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s on this computer: see tools/deps.sh", tool)
		}
	}
}

// base is a Debian that nothing was done to, made once for this user.
func base(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "chekan", tree)
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	fresh := dir + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "debootstrap", "--variant=minbase", "--include="+include, suite, fresh, mirror).CombinedOutput()
	if err != nil {
		t.Fatalf("debootstrap: %v\n%s", err, tail(out))
	}
	if err := os.Rename(fresh, dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// machine is a Debian that has booted: its own processes, network and files.
type machine struct {
	root   string // its files
	leader int    // its first process
}

// boot starts a machine that begins as base and keeps nothing.
func boot(t *testing.T) *machine {
	t.Helper()
	lower, dir := base(t), t.TempDir()
	m := &machine{root: filepath.Join(dir, "root")}
	for _, d := range []string{"upper", "work", "root"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s/upper,workdir=%s/work", lower, dir, dir)
	if err := syscall.Mount("overlay", m.root, "overlay", 0, options); err == nil {
		t.Cleanup(func() {
			if err := syscall.Unmount(m.root, syscall.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
	} else if out, err := exec.CommandContext(t.Context(), "cp", "-a", lower+"/.", m.root).CombinedOutput(); err != nil {
		t.Fatalf("copy the tree: %v\n%s", err, tail(out))
	}
	cmd := exec.Command("systemd-nspawn", "--boot", "--quiet", "--directory="+m.root, "--machine=chekan-"+strconv.Itoa(os.Getpid()),
		"--register=no", "--keep-unit", "--private-network", "--link-journal=no", "--console=pipe") // ended below
	var console bytes.Buffer
	cmd.Stdout, cmd.Stderr = &console, &console
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // an orderly power off
		select {
		case <-ended:
		case <-time.After(30 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
	})
	up := func() error {
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", cmd.Process.Pid, cmd.Process.Pid))
		if err != nil {
			return err
		}
		first, _, _ := strings.Cut(string(children), " ")
		if m.leader, err = strconv.Atoi(first); err != nil {
			return errors.New("has no process yet")
		}
		// A unit of the tree that fails is not ours: degraded is up too.
		state, err := m.try(t, "systemctl is-system-running || true")
		if s := strings.TrimSpace(state); s != "running" && s != "degraded" {
			return fmt.Errorf("is %q: %w", s, err)
		}
		return nil
	}
	if err := within(time.Minute, ended, up); err != nil {
		t.Fatalf("the machine %v\n%s", err, tail(console.Bytes()))
	}
	return m
}

// within asks until the answer is nil.
func within(limit time.Duration, ended <-chan struct{}, ask func() error) error {
	deadline := time.After(limit)
	often := time.NewTicker(20 * time.Millisecond)
	defer often.Stop()
	for {
		err := ask()
		if err == nil {
			return nil
		}
		select {
		case <-often.C:
		case <-ended:
			return fmt.Errorf("has ended: %w", err)
		case <-deadline:
			return fmt.Errorf("in %v: %w", limit, err)
		}
	}
}

// eventually fails the test when ask has no nil answer in a long time.
func eventually(t *testing.T, ask func() error) {
	t.Helper()
	if err := within(time.Minute, nil, ask); err != nil {
		t.Fatal(err)
	}
}

// try runs a script of the shell in the machine as root and returns what it printed.
func (m *machine) try(t *testing.T, script string, env ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	args := []string{
		"--target", strconv.Itoa(m.leader), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--",
		"/usr/bin/env", "-i", "-C", "/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive",
	}
	args = append(append(args, env...), "/bin/sh", "-euc", script)
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, "nsenter", args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	return out.String(), err
}

// run is try for what has to succeed.
func (m *machine) run(t *testing.T, script string, env ...string) string {
	t.Helper()
	out, err := m.try(t, script, env...)
	if err != nil {
		logs, _ := m.try(t, "journalctl --no-pager --lines=30 --unit='chekan-*'")
		t.Fatalf("%s\n%v\n%s\n%s", script, err, out, logs)
	}
	return out
}

// refused is try for what must not succeed.
func (m *machine) refused(t *testing.T, script string) string {
	t.Helper()
	out, err := m.try(t, script)
	if err == nil {
		t.Errorf("%s\nwas allowed, and printed:\n%s", script, out)
	}
	return out
}

// put copies files into the machine's /root.
func (m *machine) put(t *testing.T, files ...string) {
	t.Helper()
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		m.write(t, "/root/"+filepath.Base(f), string(b))
	}
}

func (m *machine) write(t *testing.T, path, text string) {
	t.Helper()
	// Through the machine's own view: an overlay must not be changed beneath.
	if err := os.WriteFile(filepath.Join(fmt.Sprintf("/proc/%d/root", m.leader), path), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// tail is the end of a long output.
func tail(out []byte) []byte {
	const enough = 4000
	return out[max(0, len(out)-enough):]
}
