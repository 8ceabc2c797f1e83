package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/chekan-io/chekan/installers/sbom"
)

// nfpmVersion is the tool that writes the packages.
const nfpmVersion = "github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.0"

// product is one package of every format.
type product struct {
	name    string // for --only
	pkg     string // the package's name
	source  string // folder of the program
	config  string // template in installers/linux; the scripts' names begin with its last word
	usb     bool   // with libusb, which is C
	pages   bool   // the cabinet's pages are inside
	formats []string
}

// There is no apk with USB: Alpine's C library is another one than Debian's, for
// which the C part is compiled.
var products = []product{
	{name: "agent", pkg: "chekan-agent", source: "./agent", config: "chekan-agent", formats: []string{"deb", "rpm", "apk"}},
	{name: "agent-usb", pkg: "chekan-agent-usb", source: "./agent", config: "chekan-agent", usb: true, formats: []string{"deb", "rpm"}},
	{name: "cloud", pkg: "chekan-cloud", source: "./cloud", config: "chekan-cloud", pages: true, formats: []string{"deb", "rpm", "apk"}},
	{name: "sim", pkg: "chekan-sim", source: "./sim", config: "chekan-sim", formats: []string{"deb", "rpm", "apk"}},
}

// architecture is a processor and Debian's cross compiler for it.
type architecture struct {
	name   string // for --only
	env    []string
	nfpm   string
	triple string
}

var architectures = []architecture{
	{"amd64", []string{"GOARCH=amd64", "GOAMD64=v1"}, "amd64", "x86_64-linux-gnu"},
	{"arm64", []string{"GOARCH=arm64"}, "arm64", "aarch64-linux-gnu"},
	{"armv7", []string{"GOARCH=arm", "GOARM=7"}, "arm7", "arm-linux-gnueabihf"},
}

// tool builds nfpm.
func (j *job) tool(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "go", "install", nfpmVersion)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOBIN="+j.work, "GOFLAGS=")
	j.nfpm = filepath.Join(j.work, "nfpm")
	_, err := output(ctx, cmd)
	return err
}

// make builds one program and packs it in every format wanted.
func (j *job) make(ctx context.Context, p product, a architecture, w wanted) error {
	binary := filepath.Join(j.work, p.pkg+"-"+a.name)
	if err := j.build(ctx, p, a, binary); err != nil {
		return err
	}
	list := sbom.Document{Name: p.pkg, Version: j.version.String(), Time: j.version.at, Binary: binary}
	if p.pages {
		var err error
		if list.Lock, err = os.ReadFile(filepath.Join(j.root, "cloud", "web", "package-lock.json")); err != nil {
			return err
		}
	}
	parts, err := list.JSON()
	if err != nil {
		return err
	}
	partsFile := filepath.Join(j.out, fmt.Sprintf("%s_%s_%s.cdx.json", p.pkg, j.version, a.name))
	if err := os.WriteFile(partsFile, parts, 0o644); err != nil {
		return err
	}
	for _, format := range p.formats {
		if !w.has(format) {
			continue
		}
		if err := j.pack(ctx, p, a, format, binary, partsFile); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(j.log, "%s %s %s\n", p.pkg, j.version, a.name)
	return err
}

// build compiles the program the same everywhere: without paths, without the
// state of the repository, and for the least processor of its kind.
func (j *job) build(ctx context.Context, p product, a architecture, binary string) error {
	if p.pages {
		if _, err := os.Stat(filepath.Join(j.root, "cloud", "internal", "site", "dist", "index.html")); err != nil {
			return fmt.Errorf("the cabinet's pages are not built, run `make web` first: %w", err)
		}
	}
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X main.version=" + j.version.String(), "-o", binary}
	if p.usb {
		args = append(args, "-tags", "usb")
	}
	cmd := exec.CommandContext(ctx, "go", append(args, p.source)...)
	cmd.Dir = j.root
	cmd.Env = append(os.Environ(), append([]string{"GOOS=linux", "GOFLAGS=", "GOEXPERIMENT=", "CGO_ENABLED=0"}, a.env...)...)
	if p.usb {
		compiler := a.triple + "-gcc"
		if _, err := exec.LookPath(compiler); err != nil {
			return fmt.Errorf("no C compiler for it, see tools/deps.sh packages: %w", err)
		}
		cmd.Env = append(cmd.Env, "CGO_ENABLED=1", "CC="+compiler, "CGO_CFLAGS=-O2", "CGO_LDFLAGS=-O2",
			"PKG_CONFIG_PATH=", "PKG_CONFIG_LIBDIR=/usr/lib/"+a.triple+"/pkgconfig")
	}
	_, err := output(ctx, cmd)
	return err
}

// script is where nfpm wants what installers/linux/scripts calls by the names of
// each format.
var script = map[string]string{
	"postinst": "postinstall", "prerm": "preremove", "postrm": "postremove",
	"post": "postinstall", "preun": "preremove", "postun": "postremove",
	"pre-install": "preinstall", "post-install": "postinstall", "pre-deinstall": "preremove",
}

// scripts is the part of the configuration about a product's scripts: the files
// <product>-<format>-<name>.
func (j *job) scripts(p product, format string) (string, error) {
	prefix := strings.TrimPrefix(p.config, "chekan-") + "-" + format + "-"
	files, err := filepath.Glob(filepath.Join(j.root, "installers", "linux", "scripts", prefix+"*"))
	if err != nil {
		return "", err
	}
	slices.Sort(files)
	var common, own strings.Builder
	for _, f := range files {
		name := strings.TrimPrefix(filepath.Base(f), prefix)
		if f, err = j.dated(f); err != nil {
			return "", err
		}
		if key, found := script[name]; found {
			fmt.Fprintf(&common, "  %s: %q\n", key, f)
		} else if name == "post-upgrade" {
			fmt.Fprintf(&own, "    postupgrade: %q\n", f)
		} else {
			return "", fmt.Errorf("script %s: there is no moment of that name", f)
		}
	}
	text := "rpm:\n  buildhost: chekan\n  group: Applications/System\n"
	if common.Len() > 0 {
		text += "scripts:\n" + common.String()
	}
	if own.Len() > 0 {
		text += "apk:\n  scripts:\n" + own.String()
	}
	return text + "mtime: " + j.version.at.Format("2006-01-02T15:04:05Z") + "\n", nil
}

// dated copies a file and gives it the commit's time: an apk keeps that of its
// scripts' files.
func (j *job) dated(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	copied := filepath.Join(j.work, filepath.Base(file))
	if err := os.WriteFile(copied, text, 0o755); err != nil {
		return "", err
	}
	return copied, os.Chtimes(copied, j.version.at, j.version.at)
}

// pack writes one package.
func (j *job) pack(ctx context.Context, p product, a architecture, format, binary, parts string) error {
	number, err := j.version.of(format)
	if err != nil {
		return err
	}
	linux := filepath.Join(j.root, "installers", "linux")
	t, err := template.ParseFiles(filepath.Join(linux, p.config+".yaml"))
	if err != nil {
		return err
	}
	common, err := j.scripts(p, format)
	if err != nil {
		return err
	}
	release := "1"
	switch format {
	case "deb":
		release = `""`
	case "apk":
		release = "0"
	}
	var config strings.Builder
	err = t.Option("missingkey=error").Execute(&config, struct {
		Name, Arch, Version, Release, Format, Binary, SBOM, RootKeys, Root, Linux, Common string
		USB                                                                               bool
	}{p.pkg, a.nfpm, number, release, format, binary, parts, j.rootKeys, j.root, linux, common, p.usb})
	if err != nil {
		return err
	}
	file := filepath.Join(j.work, p.pkg+"-"+a.name+"-"+format+".yaml")
	if err := os.WriteFile(file, []byte(config.String()), 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, j.nfpm, "package", "--config", file, "--packager", format, "--target", j.out+string(filepath.Separator))
	cmd.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", j.version.at.Unix()))
	_, err = output(ctx, cmd)
	return err
}
