package linux_test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRPM holds the rpm of the agent to what it has to contain and to do.
func TestRPM(t *testing.T) {
	if testing.Short() {
		t.Skip("makes packages")
	}
	if _, err := exec.LookPath("rpm"); err != nil {
		t.Skip("no rpm on this computer: see tools/deps.sh")
	}
	file := one(t, packages(t, older), "chekan-agent-*.x86_64.rpm")
	ask := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "rpm", append([]string{"--query", "--package", file}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("rpm %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	want := []string{
		"/etc/chekan/chekan-agent.toml", "/usr/bin/chekan-agent", "/usr/lib/systemd/system/chekan-agent.service", "/usr/lib/sysusers.d/chekan-agent.conf",
		"/usr/lib/tmpfiles.d/chekan-agent.conf", "/usr/lib/udev/rules.d/70-chekan-agent.rules", "/usr/share/doc/chekan-agent/chekan-agent.toml", "/usr/share/doc/chekan-agent/sbom.cdx.json",
	}
	files := strings.Fields(ask("--list"))
	files = slices.DeleteFunc(files, func(f string) bool { return f == rootKeys })
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if got := ask("--configfiles"); got != "/etc/chekan/chekan-agent.toml\n" {
		t.Errorf("settings that an upgrade keeps: %q", got)
	}
	// RPMFILE_CONFIG and RPMFILE_NOREPLACE are shown as "cn".
	if got := ask("--queryformat", "[%{FILENAMES} %{FILEFLAGS:fflags} %{FILEMODES:perms} %{FILEUSERNAME}\n]"); !strings.Contains(got, "/etc/chekan/chekan-agent.toml cn -rw-r--r-- root") || !strings.Contains(got, "/usr/bin/chekan-agent  -rwxr-xr-x root") {
		t.Errorf("flags and modes:\n%s", got)
	}
	if got := ask("--queryformat", "%{NAME} %{VERSION}-%{RELEASE} %{ARCH} %{BUILDHOST}"); got != "chekan-agent "+older+"-1 x86_64 chekan" {
		t.Errorf("got %q", got)
	}
	scripts := ask("--scripts")
	for moment, does := range map[string][]string{
		"postinstall":   {"systemd-sysusers", "systemctl enable chekan-agent.service", "try-restart", "udevadm control --reload"},
		"preuninstall":  {"systemctl --no-reload disable chekan-agent.service", "systemctl stop chekan-agent.service"},
		"postuninstall": {"systemctl daemon-reload"},
	} {
		_, text, found := strings.Cut(scripts, moment+" scriptlet (using /bin/sh):\n")
		text, _, _ = strings.Cut(text, " scriptlet (using")
		for _, d := range does {
			if !found || !strings.Contains(text, d) {
				t.Errorf("%s does not %q:\n%s", moment, d, text)
			}
		}
	}
	if strings.Contains(scripts, "/var/lib/chekan-agent ") && strings.Contains(scripts, "rm -rf") {
		t.Error("a removal would take the journal")
	}
}

// rootKeys come from the makers of releases, and may be absent from a test's packages.
const rootKeys = "/usr/share/chekan-agent/root.json"

// TestAPK holds the apk of the agent to the same.
func TestAPK(t *testing.T) {
	if testing.Short() {
		t.Skip("makes packages")
	}
	files := unpack(t, one(t, packages(t, older), "chekan-agent_*_x86_64.apk"))
	for name, mode := range map[string]int64{
		"usr/bin/chekan-agent": 0o755, "etc/init.d/chekan-agent": 0o755, "etc/chekan/chekan-agent.toml": 0o644, "usr/lib/udev/rules.d/70-chekan-agent.rules": 0o644,
		".pre-install": 0, ".post-install": 0, ".post-upgrade": 0, ".pre-deinstall": 0, ".PKGINFO": 0,
	} {
		f, found := files[name]
		if !found || mode != 0 && f.mode&0o7777 != mode {
			t.Errorf("%s: found %v, mode %o", name, found, f.mode)
		}
	}
	for name := range files {
		if strings.Contains(name, "systemd") || strings.Contains(name, "sysusers") {
			t.Errorf("%s is of no use on Alpine", name)
		}
	}
	for name, want := range map[string]string{
		".PKGINFO": "pkgname = chekan-agent\npkgver = " + older + "-r0\n", ".pre-install": "adduser -S", ".post-install": "rc-update -q add chekan-agent default",
		".post-upgrade": "rc-service --ifstarted chekan-agent restart", ".pre-deinstall": "rc-update -q delete chekan-agent default",
		"etc/init.d/chekan-agent": "supervisor=supervise-daemon",
	} {
		if !strings.Contains(files[name].text, want) {
			t.Errorf("%s has no %q:\n%s", name, want, files[name].text)
		}
	}
	if sh, err := exec.LookPath("sh"); err == nil {
		for name, f := range files {
			if strings.HasPrefix(f.text, "#!/bin/sh") {
				cmd := exec.CommandContext(t.Context(), sh, "-n")
				cmd.Stdin = strings.NewReader(f.text)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%s: %v\n%s", name, err, out)
				}
			}
		}
	}
}

type packed struct {
	mode int64
	size int64
	text string // of a small file
}

// unpack reads an apk: several gzipped tar files, one after the other, of which
// only the last one has an end (apk-package(5)).
func unpack(t *testing.T, path string) map[string]packed {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]packed{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		p := packed{mode: h.Mode, size: h.Size}
		if h.Size < 100_000 {
			text, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			p.text = string(text)
		}
		files[strings.TrimPrefix(h.Name, "./")] = p
	}
}
