package powercut

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/chekan-io/chekan/drivers/wire/guest"
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

// driveModules are loaded when the machine is told to find its disk, after
// those of the network.
var driveModules = []string{"virtio_blk"}

// debianKernel is Debian's kernel for virtual machines: small, with ext4 built
// in and virtio in modules.
func debianKernel() *guest.Kernel {
	return &guest.Kernel{
		Package: "linux-image-cloud-amd64",
		Modules: slices.Concat(guest.NetworkModules, driveModules),
		Dir:     filepath.Join(guest.Cache("chekan-powercut"), "kernel"),
		Say:     say,
	}
}

// buildMachine boots a machine up to where it waits for orders, and keeps it.
func buildMachine(ctx context.Context, dir string) (*machine, error) {
	kernel := debianKernel()
	file, err := kernel.Get(ctx)
	if err != nil {
		return nil, fmt.Errorf("get a kernel: %w", err)
	}
	m := &machine{dir: dir, kernel: file, initial: filepath.Join(dir, "initial"), kept: filepath.Join(dir, "kept")}
	if err := m.pack(ctx, kernel); err != nil {
		return nil, fmt.Errorf("make the machine's programs: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	return m, m.keep(ctx)
}

// pack makes the machine's first file system.
func (m *machine) pack(ctx context.Context, kernel *guest.Kernel) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	if linked, err := guest.Dynamic(exe); err != nil || linked {
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
	var a guest.Archive
	a.Folder("bin", "lib", "etc", "proc", "sys", "dev", "data", "run", "tmp", "root")
	if err := errors.Join(a.Busybox(), a.Copy("bin/chekan-agent", agent), a.Copy("bin/rig", exe), kernel.AddModules(&a)); err != nil {
		return err
	}
	a.Program("init", fmt.Appendf(nil, machineInit, strings.Join(guest.NetworkModules, " "), strings.Join(driveModules, " ")))
	a.Text("etc/agent.toml", machineConfig)
	a.Text("etc/order.json", string(order))
	return a.Close(m.initial)
}

// running is a machine with its power on.
type running struct {
	*guest.Running
	disk    net.Listener
	door    string // address of the agent's door, on this computer
	monitor string
}

// start switches a machine on with a drive; kept lets it go on where it was
// kept.
func (m *machine) start(d *drive, kept bool) (*running, error) {
	disk, err := net.Listen("unix", filepath.Join(m.dir, "disk"))
	if err != nil {
		return nil, err
	}
	go serveNBD(disk, d)
	r := &running{disk: disk, monitor: filepath.Join(m.dir, "monitor")}
	if r.door, err = guest.FreePort(); err != nil {
		return nil, errors.Join(err, disk.Close())
	}
	args := append(guest.NetworkArgs(r.door, 8777),
		"-monitor", "unix:"+r.monitor+",server=on,wait=off",
		"-drive", "if=none,id=d,format=raw,cache=writeback,file=nbd:unix:"+disk.Addr().String(), "-device", "virtio-blk-pci,drive=d")
	if kept {
		args = append(args, "-incoming", "exec:cat "+m.kept)
	}
	box := guest.Machine{Kernel: m.kernel, Initial: m.initial, Memory: machineMemory, Ready: machineReady, Args: args}
	if r.Running, err = box.Start(); err != nil {
		return nil, errors.Join(err, disk.Close())
	}
	return r, nil
}

// cut takes the power away.
func (r *running) cut() {
	r.Cut()
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
	case <-r.Ready:
	case <-r.Ended:
		return fmt.Errorf("the machine did not come up: %s", r.Text())
	case <-ctx.Done():
		return fmt.Errorf("the machine did not come up: %w: %s", ctx.Err(), r.Text())
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
	case <-r.Ended:
	case <-ctx.Done():
		return fmt.Errorf("save the machine: %w", ctx.Err())
	}
	if strings.Contains(r.Text(), machineFailed) {
		return errors.New(r.Text())
	}
	info, err := os.Stat(m.kept)
	if err != nil || info.Size() < 1<<20 {
		return fmt.Errorf("the machine was not saved: %w: %s", err, r.Text())
	}
	return nil
}
