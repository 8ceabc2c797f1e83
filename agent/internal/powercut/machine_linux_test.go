package powercut

import (
	"bufio"
	"context"
	"debug/elf"
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
	"time"
)

// machineInit is the first program of the machine. It comes up without having
// touched the disk, waits for an order on the console, and only then finds and
// mounts the disk and becomes the agent: the machine is kept at the point where
// it waits, and every life begins there.
const machineInit = `#!/bin/sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for m in %s; do [ ! -f /lib/$m.ko ] || insmod /lib/$m.ko || { echo ` + machineFailed + ` $m; dmesg | tail -n 5; }; done
ip link set lo up
ip addr add 10.0.2.15/24 dev eth0 && ip link set eth0 up && ip route add default via 10.0.2.2
echo; echo ` + machineReady + `
while read what one two && [ -z "$two" ]; do :; done # the first byte after a pause may be lost
for m in %s; do [ ! -f /lib/$m.ko ] || insmod /lib/$m.ko || { echo ` + machineFailed + ` $m; dmesg | tail -n 5; }; done
while [ ! -b /dev/vda ]; do usleep 20000; done
mount -t ext4 -o noatime /dev/vda /data || { echo ` + machineFailed + ` mount; poweroff -f; }
case $what in
agent)
	sed "s/@1@/$one/;s/@2@/$two/" /etc/agent.toml >/run/agent.toml
	/bin/chekan-agent run --config /run/agent.toml;;
nosync)
	sed "s/@1@/$one/;s/@2@/$two/" /etc/order.json >/run/order.json
	/bin/rig ` + agentArg + ` "$(cat /run/order.json)";;
esac
echo ` + machineFailed + ` agent ended
poweroff -f
`

const (
	machineReady  = "MACHINE READY"
	machineFailed = "MACHINE FAILED:"
	machineMemory = "384"
)

const machineConfig = `data = "/data"
listen = "0.0.0.0:8777"
listen_remote = true
log_level = "error"

[[till]]
name = "kassa-1"
driver = "shtrih"
wire = "tcp://10.0.2.2:@1@"

[[till]]
name = "kassa-2"
driver = "shtrih"
wire = "tcp://10.0.2.2:@2@"
`

// machine is a virtual machine kept at the moment before it finds its disk.
type machine struct {
	dir, kernel, initial, kept string
}

// buildMachine boots a machine up to where it waits for orders, and keeps it.
func buildMachine(ctx context.Context, dir string) (*machine, error) {
	kernel, err := debianKernel(ctx)
	if err != nil {
		return nil, fmt.Errorf("get a kernel: %w", err)
	}
	m := &machine{dir: dir, kernel: filepath.Join(kernel, "vmlinuz"), initial: filepath.Join(dir, "initial"), kept: filepath.Join(dir, "kept")}
	if err := m.pack(ctx, kernel); err != nil {
		return nil, fmt.Errorf("make the machine's programs: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	return m, m.keep(ctx)
}

// pack makes the machine's first file system.
func (m *machine) pack(ctx context.Context, modules string) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	if linked, err := dynamic(exe); err != nil || linked {
		return fmt.Errorf("the test program needs libraries that the machine does not have: build it with CGO_ENABLED=0 (%w)", err)
	}
	agent := filepath.Join(m.dir, "chekan-agent")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", agent, "github.com/chekan-io/chekan/agent")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the agent: %w: %s", err, out)
	}
	order, err := json.Marshal(agentOrder{
		Dir: "/data/journal", Listen: "0.0.0.0:8777", NoSync: true,
		Tills: map[string]string{tillNames[0]: "tcp://10.0.2.2:@1@", tillNames[1]: "tcp://10.0.2.2:@2@"},
	})
	if err != nil {
		return err
	}
	var a archive
	for _, name := range []string{"bin", "lib", "etc", "proc", "sys", "dev", "data", "run", "tmp", "root"} {
		a.folder(name)
	}
	for name, from := range map[string]string{"bin/busybox": "/bin/busybox", "bin/chekan-agent": agent, "bin/rig": exe} {
		content, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		a.program(name, content)
	}
	a.link("bin/sh", "busybox")
	a.program("init", fmt.Appendf(nil, machineInit, strings.Join(earlyModules, " "), strings.Join(driveModules, " ")))
	a.text("etc/agent.toml", machineConfig)
	a.text("etc/order.json", string(order))
	found, err := filepath.Glob(filepath.Join(modules, "*.ko"))
	if err != nil {
		return err
	}
	for _, path := range found {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		a.text("lib/"+filepath.Base(path), string(content))
	}
	a.end()
	return os.WriteFile(m.initial, a.Bytes(), 0o600)
}

// dynamic tells whether a program needs a dynamic linker.
func dynamic(path string) (bool, error) {
	f, err := elf.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return true, nil
		}
	}
	return false, nil
}

// running is a machine with its power on.
type running struct {
	cmd     *exec.Cmd
	console io.WriteCloser
	disk    net.Listener
	door    string // address of the agent's door, on this computer
	monitor string

	ready, ended chan struct{}
	mu           sync.Mutex
	said         strings.Builder
}

// start switches a machine on with a drive; kept lets it go on where it was
// kept.
func (m *machine) start(d *drive, kept bool) (*running, error) {
	disk, err := net.Listen("unix", filepath.Join(m.dir, "disk"))
	if err != nil {
		return nil, err
	}
	go serveNBD(disk, d)
	r := &running{
		disk: disk, monitor: filepath.Join(m.dir, "monitor"),
		ready: make(chan struct{}), ended: make(chan struct{}),
	}
	if r.door, err = freePort(); err != nil {
		return nil, errors.Join(err, disk.Close())
	}
	args := []string{
		"-accel", "tcg", "-cpu", "max", "-m", machineMemory, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-kernel", m.kernel, "-initrd", m.initial, "-append", "console=ttyS0 quiet panic=-1 mitigations=off",
		"-serial", "stdio", "-monitor", "unix:" + r.monitor + ",server=on,wait=off",
		"-drive", "if=none,id=d,format=raw,cache=writeback,file=nbd:unix:" + disk.Addr().String(), "-device", "virtio-blk-pci,drive=d",
		"-netdev", "user,id=n,restrict=off,hostfwd=tcp:" + r.door + "-:8777", "-device", "virtio-net-pci,netdev=n,romfile=",
	}
	if kept {
		args = append(args, "-incoming", "exec:cat "+m.kept)
	}
	r.cmd = exec.Command("qemu-system-x86_64", args...)
	r.console, err = r.cmd.StdinPipe()
	if err != nil {
		return nil, errors.Join(err, disk.Close())
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Join(err, disk.Close())
	}
	r.cmd.Stderr = r
	if err := r.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start qemu: %w", err), disk.Close())
	}
	go r.listen(out)
	return r, nil
}

// Write takes what QEMU complains of.
func (r *running) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.Write(p)
}

func (r *running) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.String()
}

// listen reads the console.
func (r *running) listen(out io.Reader) {
	defer close(r.ended)
	ready := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		_, _ = r.Write(append(lines.Bytes(), '\n'))
		if !ready && strings.Contains(lines.Text(), machineReady) {
			ready = true
			close(r.ready)
		}
	}
}

// cut takes the power away.
func (r *running) cut() {
	_ = r.cmd.Process.Kill()
	<-r.ended
	_ = r.cmd.Wait()
	_ = r.disk.Close()
}

// keep boots the machine and saves it where it waits for orders.
func (m *machine) keep(ctx context.Context) error {
	r, err := m.start(newDrive(make(blocks, machineDrive/blockSize)), false)
	if err != nil {
		return err
	}
	defer r.cut()
	select {
	case <-r.ready:
	case <-r.ended:
		return fmt.Errorf("the machine did not come up: %s", r.text())
	case <-ctx.Done():
		return fmt.Errorf("the machine did not come up: %w: %s", ctx.Err(), r.text())
	}
	var dialer net.Dialer
	monitor, err := dialer.DialContext(ctx, "unix", r.monitor)
	if err != nil {
		return fmt.Errorf("reach QEMU: %w", err)
	}
	defer monitor.Close()
	// The monitor answers when the machine is saved.
	if _, err := fmt.Fprintf(monitor, "migrate \"exec:cat > %s\"\nquit\n", m.kept); err != nil {
		return err
	}
	select {
	case <-r.ended:
	case <-ctx.Done():
		return fmt.Errorf("save the machine: %w", ctx.Err())
	}
	if strings.Contains(r.text(), machineFailed) {
		return errors.New(r.text())
	}
	info, err := os.Stat(m.kept)
	if err != nil || info.Size() < 1<<20 {
		return fmt.Errorf("the machine was not saved: %w: %s", err, r.text())
	}
	return nil
}

// freePort is an address that nobody listens on now.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
