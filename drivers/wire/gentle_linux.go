package wire

import (
	"bufio"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// beGentle makes sure that no other program has the device, and remembers how a
// serial port was set. undo puts that back; it is called when the port is
// closed again.
func beGentle(a Address) (undo func(), err error) {
	if a.Scheme == "tcp" {
		return func() {}, freeTCP(a.Host)
	}
	path := a.Port
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if pid := lockedByNote(path); pid != 0 {
		return nil, &sorted{ErrBusy, fmt.Errorf("занят процессом %d (файл блокировки)", pid)}
	}
	if pid := holder(path); pid != 0 {
		return nil, &sorted{ErrBusy, fmt.Errorf("открыт процессом %d", pid)}
	}
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err // EBUSY is somebody's TIOCEXCL
	}
	fail := func(err error) (func(), error) {
		_ = unix.Close(fd)
		return nil, err
	}
	// Programs that do not take the port exclusively often lock the file.
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
		return fail(&sorted{ErrBusy, errors.New("файл порта заблокирован другой программой")})
	}
	was, err := unix.IoctlGetTermios(fd, unix.TCGETS2)
	if err != nil {
		return fail(&sorted{ErrAbsent, fmt.Errorf("not a serial port: %w", err)})
	}
	return func() {
		_ = unix.IoctlSetTermios(fd, unix.TCSETS2, was)
		_ = unix.Close(fd)
	}, nil
}

// lockedByNote looks for a lock file of the old kind (FHS 3.0, §5.9.1): ten
// characters of a process number. A dead process locks nothing.
func lockedByNote(path string) int {
	for _, dir := range []string{"/var/lock", "/run/lock"} {
		b, err := os.ReadFile(filepath.Join(dir, "LCK.."+filepath.Base(path)))
		if err != nil {
			continue
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
		if err == nil && pid > 0 && pid != os.Getpid() && !errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
			return pid
		}
	}
	return 0
}

// holder finds another process that has the device open; 0 when there is none
// that this user may see. Of a pseudo-terminal the process with the other end is
// the device itself.
func holder(path string) int {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return 0
	}
	processes, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	for _, p := range processes {
		pid, err := strconv.Atoi(p.Name())
		if err != nil || pid == os.Getpid() { // our own are told apart by our own locks
			continue
		}
		if hasOpen(pid, st.Rdev) && !hasMaster(pid, st.Rdev) {
			return pid
		}
	}
	return 0
}

// links calls f for every open file of a process until it says true.
func links(pid int, f func(dir, fd, target string) bool) bool {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	fds, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		return false
	}
	for _, fd := range fds {
		if target, err := os.Readlink(filepath.Join(dir, "fd", fd.Name())); err == nil && f(dir, fd.Name(), target) {
			return true
		}
	}
	return false
}

func hasOpen(pid int, device uint64) bool {
	return links(pid, func(dir, fd, target string) bool {
		if !strings.HasPrefix(target, "/dev/") {
			return false
		}
		var st unix.Stat_t
		return unix.Stat(filepath.Join(dir, "fd", fd), &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFCHR && st.Rdev == device
	})
}

// Majors of the slaves of pseudo-terminals (devices.txt of the kernel).
const (
	firstSlaves = 136
	lastSlaves  = 143
)

func hasMaster(pid int, device uint64) bool {
	if m := unix.Major(device); m < firstSlaves || m > lastSlaves {
		return false
	}
	index := int(unix.Major(device)-firstSlaves)<<8 + int(unix.Minor(device))
	return links(pid, func(dir, fd, target string) bool {
		if !strings.HasSuffix(target, "/ptmx") {
			return false
		}
		info, err := os.ReadFile(filepath.Join(dir, "fdinfo", fd))
		if err != nil {
			return false
		}
		for line := range strings.Lines(string(info)) {
			if n, ok := strings.CutPrefix(line, "tty-index:"); ok && strings.TrimSpace(n) == strconv.Itoa(index) {
				return true
			}
		}
		return false
	})
}

// freeTCP looks whether a program of this computer is connected there: a till
// takes one at a time. Of other computers nobody can know.
func freeTCP(host string) error {
	want, err := netip.ParseAddrPort(host)
	if err != nil {
		return nil //nolint:nilerr // a name: the system's table has numbers
	}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		if connected(table, netip.AddrPortFrom(want.Addr().Unmap(), want.Port())) {
			return &sorted{ErrBusy, errors.New("с ней соединена другая программа этого компьютера")}
		}
	}
	return nil
}

func connected(table string, to netip.AddrPort) bool {
	f, err := os.Open(table)
	if err != nil {
		return false
	}
	defer f.Close()
	const established = "01" // TCP_ESTABLISHED, proc_net_tcp.txt of the kernel
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || fields[3] != established {
			continue
		}
		if remote, ok := hexAddrPort(fields[2]); ok && remote == to {
			return true
		}
	}
	return false
}

// hexAddrPort reads 0100007F:1E62: words of four bytes in the machine's order,
// which is little-endian wherever this runs.
func hexAddrPort(s string) (netip.AddrPort, bool) {
	host, port, ok := strings.Cut(s, ":")
	p, err := strconv.ParseUint(port, 16, 16)
	if !ok || err != nil || len(host)%8 != 0 {
		return netip.AddrPort{}, false
	}
	var b []byte
	for i := 0; i < len(host); i += 8 {
		w, err := strconv.ParseUint(host[i:i+8], 16, 32)
		if err != nil {
			return netip.AddrPort{}, false
		}
		b = append(b, byte(w), byte(w>>8), byte(w>>16), byte(w>>24))
	}
	a, ok := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(a.Unmap(), uint16(p)), ok
}
