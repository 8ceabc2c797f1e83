// Package guest is a small computer for tests: Debian's kernel, a first file
// system of a few programs, and QEMU. Nothing of it is installed on the computer
// that runs the tests.
//
// It needs Linux on amd64, apt-get, dpkg, a static busybox and
// qemu-system-x86_64, and neither KVM nor rights. What the computer does is its
// init's business; a machine with a network card reaches this computer's
// loopback at [Host].
package guest

import (
	"bufio"
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// Host is the address of the computer around the machine.
const Host = "10.0.2.2"

// NetworkModules bring up a card of QEMU; what a kernel does not have as a file
// is built into it.
var NetworkModules = []string{"virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "failover", "net_failover", "virtio_net"}

// Archive is a cpio archive as the kernel unpacks it into its first file system
// (Documentation/driver-api/early-userspace/buffer-format.rst).
type Archive struct {
	bytes.Buffer
	inode int
}

func (a *Archive) add(name string, mode int, content []byte) {
	a.inode++
	fmt.Fprintf(a, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		a.inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name)+1, 0)
	a.WriteString(name + "\x00")
	a.pad()
	a.Write(content)
	a.pad()
}

func (a *Archive) pad() {
	for a.Len()%4 != 0 {
		a.WriteByte(0)
	}
}

// Folder adds folders; those above them come first.
func (a *Archive) Folder(names ...string) {
	for _, name := range names {
		a.add(name, 0o040755, nil)
	}
}

// Link adds a symbolic link.
func (a *Archive) Link(name, to string) { a.add(name, 0o120777, []byte(to)) }

// Program adds a file that can be run.
func (a *Archive) Program(name string, content []byte) { a.add(name, 0o100755, content) }

// Text adds a file.
func (a *Archive) Text(name, content string) { a.add(name, 0o100644, []byte(content)) }

// Copy adds a program of this computer.
func (a *Archive) Copy(name, from string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	a.Program(name, content)
	return nil
}

// Busybox adds the static busybox as a shell with all its names to come.
func (a *Archive) Busybox() error {
	a.Link("bin/sh", "busybox")
	return a.Copy("bin/busybox", "/bin/busybox")
}

// Close ends the archive and writes it to a file.
func (a *Archive) Close(path string) error {
	a.add("TRAILER!!!", 0, nil)
	return os.WriteFile(path, a.Bytes(), 0o600)
}

// Dynamic tells whether a program needs a dynamic linker.
func Dynamic(path string) (bool, error) {
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

// Machine is what to switch on.
type Machine struct {
	Kernel  string // file: vmlinuz or vmlinux
	Initial string // file of an Archive
	Memory  string // megabytes
	// Ready is what the machine says when it is up.
	Ready string
	// Args are QEMU's besides those of a bare computer with a console.
	Args []string
}

// Running is a machine with its power on.
type Running struct {
	// Console takes what is typed.
	Console io.WriteCloser
	// Ready is closed when the machine has said so, Ended when it is off.
	Ready, Ended chan struct{}

	cmd  *exec.Cmd
	mu   sync.Mutex
	said strings.Builder
}

// NetworkArgs are the arguments of a card; forward is an address of this
// computer that leads to a port of the machine, "" for none.
func NetworkArgs(forward string, port int) []string {
	user := "user,id=n,restrict=off"
	if forward != "" {
		user += fmt.Sprintf(",hostfwd=tcp:%s-:%d", forward, port)
	}
	return []string{"-netdev", user, "-device", "virtio-net-pci,netdev=n,romfile="}
}

// Start switches the machine on.
func (m *Machine) Start() (*Running, error) {
	args := append([]string{
		"-accel", "tcg", "-cpu", "max", "-m", m.Memory, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-kernel", m.Kernel, "-initrd", m.Initial, "-append", "console=ttyS0 quiet panic=-1 mitigations=off",
		"-serial", "stdio",
	}, m.Args...)
	r := &Running{cmd: exec.Command("qemu-system-x86_64", args...), Ready: make(chan struct{}), Ended: make(chan struct{})} //nolint:noctx // lives until Cut
	var err error
	if r.Console, err = r.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.cmd.Stderr = r
	if err := r.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start qemu: %w", err)
	}
	go r.listen(out, m.Ready)
	return r, nil
}

// Write takes what QEMU complains of.
func (r *Running) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.Write(p)
}

// Text is all that the machine and QEMU have said.
func (r *Running) Text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.String()
}

// listen reads the console.
func (r *Running) listen(out io.Reader, word string) {
	defer close(r.Ended)
	ready := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		_, _ = r.Write(append(lines.Bytes(), '\n'))
		if !ready && strings.Contains(lines.Text(), word) {
			ready = true
			close(r.Ready)
		}
	}
}

// Cut takes the power away.
func (r *Running) Cut() {
	_ = r.cmd.Process.Kill()
	<-r.Ended
	_ = r.cmd.Wait()
}

// FreePort is an address of the loopback that nobody listens on now.
func FreePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // ends at once
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
