package powercut

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// kernelPackage is Debian's kernel for virtual machines: small, with ext4 built
// in and virtio in modules.
const kernelPackage = "linux-image-cloud-amd64"

// modules that the machine loads, in this order; what is not there is built in.
var (
	earlyModules = []string{"virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "failover", "net_failover", "virtio_net"}
	driveModules = []string{"virtio_blk"}
)

// debianKernel finds the kernel unpacked by an earlier run, or gets it from
// Debian. Nothing is installed: this computer keeps its own kernel.
func debianKernel(ctx context.Context) (dir string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir = filepath.Join(cache, "chekan-powercut", "kernel")
	if _, err := os.Stat(filepath.Join(dir, "vmlinuz")); err == nil {
		return dir, nil
	}
	work, err := os.MkdirTemp("", "chekan-kernel-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	say("  getting Debian's kernel (%s, 27 MB) for the machine", kernelPackage)
	if err := download(ctx, work); err != nil {
		return "", err
	}
	packages, _ := filepath.Glob(filepath.Join(work, "*.deb"))
	if len(packages) != 1 {
		return "", fmt.Errorf("%d kernel packages came", len(packages))
	}
	tree := filepath.Join(work, "tree")
	if err := command(ctx, work, "dpkg", "-x", packages[0], tree); err != nil {
		return "", err
	}
	return dir, keepKernel(tree, dir)
}

func download(ctx context.Context, work string) error {
	if _, err := exec.LookPath("apt-get"); err != nil {
		return errors.New("the machine boots Debian's kernel, which apt-get brings; there is no apt-get here")
	}
	depends, err := exec.CommandContext(ctx, "apt-cache", "depends", "--no-recommends", "--no-suggests", kernelPackage).Output()
	var name string
	for line := range strings.Lines(string(depends)) {
		if dep, ok := strings.CutPrefix(strings.TrimSpace(line), "Depends: "); ok && strings.HasPrefix(dep, "linux-image-") {
			name = dep
		}
	}
	if err != nil || name == "" {
		return fmt.Errorf("apt knows no %s: run apt-get update (%w)", kernelPackage, err)
	}
	if err := command(ctx, work, "apt-get", "-q", "download", name); err == nil {
		return nil
	}
	// The list of packages may be older than the archive.
	return errors.Join(command(ctx, work, "apt-get", "-q", "update"), command(ctx, work, "apt-get", "-q", "download", name))
}

func command(ctx context.Context, dir, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, bytes.TrimSpace(out))
	}
	return nil
}

// keepKernel copies what the machine needs of an unpacked package; vmlinuz
// comes last and says that all is there.
func keepKernel(tree, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, m := range append(append([]string{}, earlyModules...), driveModules...) {
		wanted[m+".ko"] = true
	}
	kernel := ""
	err := filepath.WalkDir(tree, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(e.Name(), "vmlinuz-"):
			kernel = path
		case wanted[e.Name()]:
			return copyFile(path, filepath.Join(dir, e.Name()))
		}
		return nil
	})
	if err == nil && kernel == "" {
		err = errors.New("the package has no kernel")
	}
	if err != nil {
		return err
	}
	return copyFile(kernel, filepath.Join(dir, "vmlinuz"))
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to+".new", content, 0o644); err != nil {
		return err
	}
	return os.Rename(to+".new", to)
}

// archive is a cpio archive as the kernel unpacks it into its first file system
// (Documentation/driver-api/early-userspace/buffer-format.rst).
type archive struct {
	bytes.Buffer
	inode int
}

func (a *archive) add(name string, mode int, content []byte) {
	a.inode++
	fmt.Fprintf(a, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		a.inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name)+1, 0)
	a.WriteString(name + "\x00")
	a.pad()
	a.Write(content)
	a.pad()
}

func (a *archive) pad() {
	for a.Len()%4 != 0 {
		a.WriteByte(0)
	}
}

func (a *archive) folder(name string)            { a.add(name, 0o040755, nil) }
func (a *archive) link(name, to string)          { a.add(name, 0o120777, []byte(to)) }
func (a *archive) program(name string, b []byte) { a.add(name, 0o100755, b) }
func (a *archive) text(name, content string)     { a.add(name, 0o100644, []byte(content)) }
func (a *archive) end()                          { a.add("TRAILER!!!", 0, nil) }
