package guest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Kernel is a kernel of Debian: what to keep of which package, and where.
type Kernel struct {
	// Package depends on the kernel's package: linux-image-cloud-amd64 is small
	// and for virtual machines only, linux-image-amd64 has all drivers.
	Package string
	// Modules to keep, in the order of loading.
	Modules []string
	// Dir keeps them between runs; see [Cache].
	Dir string
	// Unpack also keeps the kernel decompressed, as vmlinux: without KVM it is
	// up some seconds earlier.
	Unpack bool
	// Say tells a person what takes long. May be nil.
	Say func(format string, args ...any)
}

// Cache is a folder of this user that outlives a run.
func Cache(name string) string {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	return filepath.Join(cache, name)
}

func (k *Kernel) file() string {
	if k.Unpack {
		return "vmlinux"
	}
	return "vmlinuz"
}

// Get finds the kernel kept by an earlier run, or gets it from Debian. Nothing
// is installed: this computer keeps its own kernel. It returns the kernel's
// file; the modules are beside it.
func (k *Kernel) Get(ctx context.Context) (file string, err error) {
	file = filepath.Join(k.Dir, k.file())
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	work, err := os.MkdirTemp("", "chekan-kernel-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if k.Say != nil {
		k.Say("  getting Debian's kernel (%s) for the machine", k.Package)
	}
	if err := k.download(ctx, work); err != nil {
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
	return file, k.keep(ctx, tree)
}

func (k *Kernel) download(ctx context.Context, work string) error {
	if _, err := exec.LookPath("apt-get"); err != nil {
		return errors.New("the machine boots Debian's kernel, which apt-get brings; there is no apt-get here")
	}
	depends, err := exec.CommandContext(ctx, "apt-cache", "depends", "--no-recommends", "--no-suggests", k.Package).Output()
	var name string
	for line := range strings.Lines(string(depends)) {
		if dep, ok := strings.CutPrefix(strings.TrimSpace(line), "Depends: "); ok && strings.HasPrefix(dep, "linux-image-") {
			name = dep
		}
	}
	if err != nil || name == "" {
		return fmt.Errorf("apt knows no %s: run apt-get update (%w)", k.Package, err)
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

// keep copies what the machine needs of an unpacked package; the kernel comes
// last and says that all is there.
func (k *Kernel) keep(ctx context.Context, tree string) error {
	if err := os.MkdirAll(k.Dir, 0o755); err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, m := range k.Modules {
		wanted[m+".ko"] = true
	}
	packed := ""
	err := filepath.WalkDir(tree, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(e.Name(), "vmlinuz-"):
			packed = path
		case wanted[e.Name()]:
			return copyFile(path, filepath.Join(k.Dir, e.Name()))
		}
		return nil
	})
	if err == nil && packed == "" {
		err = errors.New("the package has no kernel")
	}
	if err != nil || !k.Unpack {
		return errors.Join(err, copyFile(packed, filepath.Join(k.Dir, "vmlinuz")))
	}
	content, err := unpack(ctx, packed)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(k.Dir, "vmlinux"), content)
}

// unpack takes the kernel proper out of its self-extracting file
// (Documentation/x86/boot.rst: setup_sects, payload_offset, payload_length).
// Debian compresses with xz.
func unpack(ctx context.Context, vmlinuz string) ([]byte, error) {
	b, err := os.ReadFile(vmlinuz)
	if err != nil {
		return nil, err
	}
	if len(b) < 0x250 || string(b[0x202:0x206]) != "HdrS" {
		return nil, errors.New("this is no kernel")
	}
	from := (int(b[0x1F1])+1)*512 + int(binary.LittleEndian.Uint32(b[0x248:]))
	to := from + int(binary.LittleEndian.Uint32(b[0x24C:])) - 4 // the unpacked size stands behind
	if from < 0 || to <= from || to > len(b) || !bytes.HasPrefix(b[from:], []byte("\xFD7zXZ\x00")) {
		return nil, errors.New("the kernel is not compressed with xz")
	}
	cmd := exec.CommandContext(ctx, "xz", "--decompress", "--stdout", "--single-stream")
	cmd.Stdin = bytes.NewReader(b[from:to])
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("unpack the kernel: %w", err)
	}
	return out, nil
}

// AddModules puts the modules into lib/ of the machine's first file system.
func (k *Kernel) AddModules(a *Archive) error {
	for _, m := range k.Modules {
		content, err := os.ReadFile(filepath.Join(k.Dir, m+".ko"))
		if errors.Is(err, fs.ErrNotExist) {
			continue // built in
		}
		if err != nil {
			return err
		}
		a.Text("lib/"+m+".ko", string(content))
	}
	return nil
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return writeFile(to, content)
}

func writeFile(to string, content []byte) error {
	if err := os.WriteFile(to+".new", content, 0o644); err != nil {
		return err
	}
	return os.Rename(to+".new", to)
}
