package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // the source of the package
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/chekan-io/chekan/installers/sbom"
)

// Options of a package.
type Options struct {
	Version string    // as git describes it: "v1.4.0-3-gabcdef"
	Arch    string    // as Go calls it: "amd64", "386"
	Dir     string    // where the package goes
	Root    string    // root.json; "" is none
	Agent   string    // a built chekan-agent.exe; "" builds it
	Time    time.Time // of the sources
	Signer  *Signer   // nil leaves all unsigned
}

// Package is one that was made.
type Package struct {
	Path    string
	Sum     string // SHA-256 of the file
	Content string // SHA-256 of the package with nothing signed: what two builders compare
	Product string // version as Windows compares it
}

// platform is what differs between processors.
type platform struct{ wixl, win64, programFiles, template string }

var platforms = map[string]platform{
	"amd64": {"x64", "yes", "ProgramFiles64Folder", "x64;1049"},
	"386":   {"x86", "no", "ProgramFilesFolder", "Intel;1049"},
}

//go:embed chekan-agent.wxs
var source []byte

// noRoot is in the place of the keys of releases when none were given: with it
// the agent believes no release, and is updated by packages alone.
const noRoot = "{}\n"

// Build makes one package.
func Build(ctx context.Context, o Options) (made Package, err error) {
	p, ok := platforms[o.Arch]
	if !ok {
		return made, fmt.Errorf("no package for %q", o.Arch)
	}
	if made.Product, err = productVersion(o.Version); err != nil {
		return made, err
	}
	work, err := os.MkdirTemp("", "chekan-msi-")
	if err != nil {
		return made, err
	}
	defer os.RemoveAll(work)
	exe := filepath.Join(work, "chekan-agent.exe")
	if o.Agent != "" {
		err = copyFile(o.Agent, exe)
	} else {
		err = compile(ctx, o, exe)
	}
	if err != nil {
		return made, err
	}
	if err := writeRoot(o.Root, filepath.Join(work, "root.json")); err != nil {
		return made, err
	}

	// The unsigned package is what two builders can compare; it is made first,
	// and again around the signed program.
	plain := filepath.Join(work, "plain.msi")
	if err := database(ctx, work, plain, p, o, made.Product); err != nil {
		return made, err
	}
	if made.Content, err = sum(plain); err != nil {
		return made, err
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return made, err
	}
	made.Path = filepath.Join(o.Dir, fmt.Sprintf("chekan-agent_%s_%s.msi", strings.TrimPrefix(o.Version, "v"), p.wixl))
	if o.Agent == "" {
		if err := listParts(exe, o); err != nil {
			return made, err
		}
	}
	last := plain
	if o.Signer != nil {
		signed := filepath.Join(work, "signed.msi")
		if err := o.Signer.Sign(ctx, exe, exe); err != nil {
			return made, err
		}
		if err := database(ctx, work, plain, p, o, made.Product); err != nil {
			return made, err
		}
		if err := o.Signer.Sign(ctx, plain, signed); err != nil {
			return made, err
		}
		last = signed
	}
	if err := copyFile(last, made.Path); err != nil {
		return made, err
	}
	made.Sum, err = sum(made.Path)
	return made, err
}

var versionForm = regexp.MustCompile(`^v?(\d+)\.(\d+)\.(\d+)`)

// productVersion is the version as Windows Installer compares it: three numbers
// (ProductVersion: the first two below 256, the third below 65536). What comes
// after them is told apart by the product code; installing over an equal version
// is allowed.
func productVersion(version string) (string, error) {
	m := versionForm.FindStringSubmatch(version)
	if m == nil {
		return "0.0.1", nil // not a release: a build of whoever works on it
	}
	for i, limit := range []int{255, 255, 65535} {
		var n int
		if _, err := fmt.Sscanf(m[i+1], "%d", &n); err != nil || n > limit {
			return "", fmt.Errorf("version %s: Windows Installer takes numbers up to 255.255.65535", version)
		}
	}
	return strings.Join(m[1:], "."), nil
}

// compile builds the agent.
func compile(ctx context.Context, o Options, exe string) error {
	top, err := output(exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}"))
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w -X main.version="+o.Version, "-o", exe, "./agent")
	cmd.Dir = strings.TrimSpace(string(top))
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=windows", "GOARCH="+o.Arch, "GOAMD64=v1", "GO386=sse2", "GOEXPERIMENT=", "GOFLAGS=-buildvcs=false")
	_, err = output(cmd)
	return err
}

// listParts writes what the program is made of beside the package.
func listParts(exe string, o Options) error {
	version := strings.TrimPrefix(o.Version, "v")
	text, err := sbom.Document{Name: "chekan-agent", Version: version, Time: o.Time, Binary: exe}.JSON()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(o.Dir, fmt.Sprintf("chekan-agent_%s_windows-%s.cdx.json", version, o.Arch)), text, 0o644)
}

func writeRoot(from, to string) error {
	if from == "" {
		return os.WriteFile(to, []byte(noRoot), 0o644)
	}
	return copyFile(from, to)
}

// output runs a tool; its error says what it said.
func output(cmd *exec.Cmd) ([]byte, error) {
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s%s", filepath.Base(cmd.Path), err, complaint.Bytes(), out.Bytes())
	}
	return out.Bytes(), nil
}

func sum(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:]), nil
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
