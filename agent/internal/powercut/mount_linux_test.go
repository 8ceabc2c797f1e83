package powercut

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// attach makes a disk of a file. The disk goes when the last user closes it;
// the returned file is one.
func attach(path string, direct bool) (*os.File, error) {
	control, err := unix.Open("/dev/loop-control", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/loop-control: %w", err)
	}
	defer unix.Close(control)
	flags := unix.O_RDWR | unix.O_CLOEXEC
	if direct {
		flags |= unix.O_DIRECT
	}
	backing, err := unix.Open(path, flags, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	defer unix.Close(backing)
	config := unix.LoopConfig{Fd: uint32(backing)}
	config.Info.Flags = unix.LO_FLAGS_AUTOCLEAR
	if direct {
		config.Info.Flags |= unix.LO_FLAGS_DIRECT_IO
	}
	for range 100 { // others may be quicker to take a free one
		n, err := unix.IoctlRetInt(control, unix.LOOP_CTL_GET_FREE)
		if err != nil {
			return nil, fmt.Errorf("find a free loop device: %w", err)
		}
		name := fmt.Sprintf("/dev/loop%d", n)
		if _, err := os.Stat(name); err != nil {
			// A container's /dev does not grow by itself.
			if err := unix.Mknod(name, unix.S_IFBLK|0o600, int(unix.Mkdev(7, uint32(n)))); err != nil && !errors.Is(err, unix.EEXIST) {
				return nil, fmt.Errorf("make %s: %w", name, err)
			}
		}
		loop, err := unix.Open(name, unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", name, err)
		}
		if err = unix.IoctlLoopConfigure(loop, &config); err == nil {
			return os.NewFile(uintptr(loop), name), nil
		}
		_ = unix.Close(loop)
		if !errors.Is(err, unix.EBUSY) {
			return nil, fmt.Errorf("configure %s: %w", name, err)
		}
	}
	return nil, errors.New("every loop device is busy")
}

// unbuffered tells whether the disk bypasses the page cache of its file.
func unbuffered(loop *os.File) bool {
	dio, err := os.ReadFile(filepath.Join("/sys/block", filepath.Base(loop.Name()), "loop/dio"))
	return err == nil && strings.TrimSpace(string(dio)) == "1"
}

// mountFile mounts the ext4 inside a file.
func mountFile(path, dir string, direct bool, options string) error {
	loop, err := attach(path, direct)
	if err != nil {
		return err
	}
	defer loop.Close()
	if direct && !unbuffered(loop) {
		return fmt.Errorf("%s takes no direct I/O", loop.Name())
	}
	if err := unix.Mount(loop.Name(), dir, "ext4", unix.MS_NOATIME, options); err != nil {
		return fmt.Errorf("mount ext4: %w", err)
	}
	return nil
}

// unmount waits for users that are about to go, such as a child between fork
// and exec.
func unmount(dir string) error {
	var err error
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); <-time.After(20 * time.Millisecond) {
		if err = unix.Unmount(dir, 0); !errors.Is(err, unix.EBUSY) {
			break
		}
	}
	if err != nil {
		return errors.Join(fmt.Errorf("unmount: %w", err), unix.Unmount(dir, unix.MNT_DETACH))
	}
	return nil
}

// backupAt is the block of the second superblock: small groups give a small
// file system one, as every usual one has.
const backupAt = 4096

// superblockTorn tells whether the first superblock contradicts its own
// checksum (ext4, struct ext4_super_block: s_checksum at 0x3FC). It is two
// sectors long, is written in place and is not in the file system's journal: it
// is the one thing that ext4 does not protect from a torn write.
func superblockTorn(content blocks) bool {
	const sumAt = 0x3FC
	super := make([]byte, 1024)
	content.read(super, 1024)
	return binary.LittleEndian.Uint32(super[sumAt:]) != ^crc32.Checksum(super[:sumAt], crc32.MakeTable(crc32.Castagnoli))
}

// boot does what happens to a disk before anything is mounted from it: a torn
// superblock is restored from its copy.
func boot(dir string, content blocks) (_ blocks, repaired bool, err error) {
	if !superblockTorn(content) {
		return content, false, nil
	}
	path := filepath.Join(dir, "torn")
	defer os.Remove(path)
	if err := content.save(path); err != nil {
		return nil, false, err
	}
	out, err := exec.Command("e2fsck", "-f", "-y", "-b", fmt.Sprint(backupAt), "-B", "4096", path).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() > 1) { // 1: repaired
		return nil, false, fmt.Errorf("e2fsck: %w: %s", err, out)
	}
	content, err = loadBlocks(path)
	return content, true, err
}

// makeExt4 gives the content of a fresh file system.
func makeExt4(dir string, size int64) (blocks, error) {
	path := filepath.Join(dir, "fresh")
	defer os.Remove(path)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return nil, err
	}
	if err := os.Truncate(path, size); err != nil {
		return nil, err
	}
	cmd := exec.Command("mkfs.ext4", "-q", "-F", "-b", "4096", "-g", fmt.Sprint(backupAt), "-m", "0", "-J", "size=4", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", path)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("mkfs.ext4: %w: %s", err, out)
	}
	return loadBlocks(path)
}
