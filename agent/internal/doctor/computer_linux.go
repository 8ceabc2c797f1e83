package doctor

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// filesystems are names of the numbers of statfs(2); linux/magic.h has them.
var filesystems = map[int64]string{
	0x01021994: "tmpfs", 0x858458f6: "ramfs", 0x794c7630: "overlay", 0x6969: "nfs", 0xff534d42: "cifs", 0xfe534d42: "smb", 0x517b: "smb",
	0x01021997: "9p", 0x65735546: "fuse", 0x4d44: "vfat", 0x2011bab0: "exfat",
	0xef53: "ext4", 0x58465342: "xfs", 0x9123683e: "btrfs", 0xf2f52010: "f2fs", 0x2fc12fc1: "zfs", 0x7366746e: "ntfs", 0x24051905: "ubifs",
}

// Filesystem implements Computer.
func (thisComputer) Filesystem(dir string) (string, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return "", err
	}
	if name := filesystems[int64(uint32(s.Type))]; name != "" {
		return name, nil
	}
	return fmt.Sprintf("0x%x", uint32(s.Type)), nil
}

// Sync implements Computer by writing over one block and fdatasync(2), as the
// journal does.
func (thisComputer) Sync(dir string, times int) (took []time.Duration, err error) {
	f, err := os.CreateTemp(dir, "doctor-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	block := make([]byte, 4096)
	for i := range times + 1 {
		block[0] = byte(i)
		if _, err := f.WriteAt(block, 0); err != nil {
			return nil, err
		}
		began := time.Now()
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			return nil, err
		}
		if i > 0 { // the first gives the file its place
			took = append(took, time.Since(began))
		}
	}
	return took, nil
}

// Holders implements Computer. Without the right to look into others' processes
// it sees our own user's.
func (thisComputer) Holders(port string) ([]string, error) {
	var device unix.Stat_t
	if err := unix.Stat(port, &device); err != nil {
		return nil, err
	}
	list, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, entry := range list {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() || !holds(pid, device.Rdev) {
			continue
		}
		comm, _ := os.ReadFile(filepath.Join("/proc", entry.Name(), "comm"))
		name := strings.TrimSpace(string(comm))
		if strings.HasPrefix(name, "chekan-agent") {
			continue
		}
		out = append(out, fmt.Sprintf("%s (%d)", name, pid))
	}
	slices.Sort(out)
	return out, nil
}

// holds tells whether a process has the device open. One that has the other end
// of a pseudo-terminal as well is the till itself: a simulator.
func holds(pid int, device uint64) bool {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	files, err := os.ReadDir(dir)
	if err != nil {
		return false // gone, or somebody else's
	}
	found := false
	for _, f := range files {
		name := filepath.Join(dir, f.Name())
		target, err := os.Readlink(name)
		if err != nil || !strings.HasPrefix(target, "/dev/") {
			continue
		}
		var st unix.Stat_t
		if unix.Stat(name, &st) != nil {
			continue
		}
		if target == "/dev/ptmx" || target == "/dev/pts/ptmx" {
			return false
		}
		found = found || st.Rdev == device && st.Mode&unix.S_IFMT == unix.S_IFCHR
	}
	return found
}

// Memory implements Computer by /proc/meminfo (proc_meminfo(5)).
func (thisComputer) Memory() (available, total int64, err error) {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var n int64
		switch line := lines.Text(); {
		case strings.HasPrefix(line, "MemTotal:"):
			_, _ = fmt.Sscanf(line, "MemTotal: %d kB", &n)
			total = n << 10
		case strings.HasPrefix(line, "MemAvailable:"):
			_, _ = fmt.Sscanf(line, "MemAvailable: %d kB", &n)
			available = n << 10
		}
	}
	if total == 0 {
		return 0, 0, errors.New("/proc/meminfo is not understood")
	}
	return available, total, nil
}
