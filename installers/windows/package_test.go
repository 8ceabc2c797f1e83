package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var sometime = time.Unix(1_700_000_000, 0)

// standIn is a program (PE) to sign and pack that takes no time to build.
func standIn(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chekan-agent.exe")
	if err := os.WriteFile(path, append(forwarder("chekan.dll", "Chekan", "kernel32.Sleep"), make([]byte, 4096)...), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestProductVersion(t *testing.T) {
	for version, want := range map[string]string{
		"v1.4.0": "1.4.0", "1.4.12": "1.4.12", "v1.4.0-3-gabcdef-dirty": "1.4.0", "1.5.0-beta.2": "1.5.0", "0.0.0-dev.20260304050607": "0.0.0",
		"abcdef0": "0.0.1", "256.0.0": "", "1.2.65536": "",
	} {
		if got, err := productVersion(version); got != want || (err != nil) != (want == "") {
			t.Errorf("%s: %q, %v", version, got, err)
		}
	}
}

// table gives the rows of a table of a package, without its three lines of form.
func table(t *testing.T, msi, name string) string {
	t.Helper()
	out, err := output(tool(t.Context(), "", "msiinfo", "export", msi, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestBuild: the same sources give the same package, signed and unsigned; others
// do not. For both processors.
func TestBuild(t *testing.T) {
	need(t, "wixl", "msibuild", "msiinfo", "osslsigncode")
	signer, err := development(filepath.Join(t.TempDir(), "key"), sometime)
	if err != nil {
		t.Fatal(err)
	}
	exe := standIn(t)
	root := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(root, []byte(`{"signed":{}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for arch, template := range map[string]string{"amd64": "x64;1049", "386": "Intel;1049"} {
		t.Run(arch, func(t *testing.T) {
			build := func(version string, o Options) Package {
				t.Helper()
				o.Version, o.Arch, o.Dir, o.Agent, o.Root, o.Time = version, arch, t.TempDir(), exe, root, sometime
				p, err := Build(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				return p
			}
			one := build("v1.2.3", Options{Signer: signer})
			for range 2 {
				if again := build("v1.2.3", Options{Signer: signer}); again.Sum != one.Sum || again.Content != one.Content {
					t.Errorf("not the same twice: %+v %+v", one, again)
				}
			}
			if plain := build("v1.2.3", Options{}); plain.Sum != one.Content {
				t.Errorf("unsigned: %s, said before %s", plain.Sum, one.Content)
			}
			other := build("v1.2.4", Options{Signer: signer})
			if other.Content == one.Content || other.Product != "1.2.4" {
				t.Errorf("%+v %+v", one, other)
			}
			product := func(p Package) string {
				for line := range strings.Lines(table(t, p.Path, "Property")) {
					if code, ok := strings.CutPrefix(line, "ProductCode\t"); ok {
						return strings.TrimSpace(code)
					}
				}
				t.Fatal("no product code")
				return ""
			}
			if product(one) == product(other) {
				t.Error("another version has the same product code: Windows would not replace it")
			}
			if out, err := output(tool(t.Context(), "", "msiinfo", "suminfo", one.Path)); err != nil || !strings.Contains(string(out), "Template: "+template) || !strings.Contains(string(out), title) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestTables: what Wine cannot show by doing.
func TestTables(t *testing.T) {
	need(t, "wixl", "msibuild", "msiinfo")
	p, err := Build(t.Context(), Options{Version: "v1.2.3", Arch: "amd64", Dir: t.TempDir(), Agent: standIn(t), Time: sometime})
	if err != nil {
		t.Fatal(err)
	}
	for name, rows := range map[string][]string{
		"_ForceCodepage": {"1251\t"},
		"Property": {
			"ALLUSERS\t1", "MsiHiddenProperties\tCODE\r\n", "SecureCustomProperties\tWIX_UPGRADE_DETECTED;WIX_DOWNGRADE_DETECTED;CLOUD;CODE",
			"ProductName\tChekan: агент кассы", "ProductLanguage\t1049",
		},
		// 0x2000 hides the command with the code in it, 0x800 is as the system, 0x400 deferred.
		"CustomAction":   {"Prepare\t11282\tagent.exe"},
		"Upgrade":        {upgradeCode + "\t\t1.2.3\t\t513\t\tWIX_UPGRADE_DETECTED", upgradeCode + "\t1.2.3\t\t\t2\t\tWIX_DOWNGRADE_DETECTED"},
		"ServiceInstall": {"NT SERVICE\\chekan-agent\t\trun --service --config \"[CommonAppDataFolder]Chekan\\chekan-agent.toml\""},
		// 1 start at installation; 2+32+128 stop at both, delete at removal.
		"ServiceControl": {"ServiceStart\tchekan-agent\t1\t\t0\t", "ServiceStop\tchekan-agent\t162\t\t1\t"},
		"InstallExecuteSequence": {
			"InstallInitialize\t\t1500", "RemoveExistingProducts\t\t1501", "InstallServices\tVersionNT\t5800", "Prepare\tNOT (REMOVE=\"ALL\")\t5850", "StartServices\tVersionNT\t5900",
		},
		"Environment":     {"=-*PATH\t[~];[ProgramFolder]"},
		"LaunchCondition": {"Installed OR WINDOWSMAJOR\tНужна Windows 10"},
		"Shortcut":        {"Chekan — касса", "page --open"},
	} {
		got := table(t, p.Path, name)
		for _, row := range rows {
			if !strings.Contains(got, row) {
				t.Errorf("%s has no %q:\n%s", name, row, got)
			}
		}
	}
}

// TestSign: both signatures are good, and one changed byte anywhere is refused.
func TestSign(t *testing.T) {
	need(t, "wixl", "msibuild", "msiextract", "osslsigncode")
	signer, err := development(filepath.Join(t.TempDir(), "key"), sometime)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Build(t.Context(), Options{Version: "v1.2.3", Arch: "amd64", Dir: t.TempDir(), Agent: standIn(t), Time: sometime, Signer: signer})
	if err != nil {
		t.Fatal(err)
	}
	inside := t.TempDir()
	if _, err := output(exec.CommandContext(t.Context(), "msiextract", "-C", inside, p.Path)); err != nil {
		t.Fatal(err)
	}
	exe := find(t, inside, "chekan-agent.exe")
	for _, path := range []string{p.Path, exe} {
		name := filepath.Base(path)
		t.Run(filepath.Ext(name), func(t *testing.T) {
			if err := signer.Verify(t.Context(), path); err != nil {
				t.Fatal(err)
			}
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			// In the signed bytes: of the program its section, of the package what
			// the cabinet holds and what the tables say.
			places := []int{0x210}
			if name != "chekan-agent.exe" {
				places = nil
				for _, mark := range []string{"MSCF", "page --open", "NT SERVICE"} {
					at := bytes.Index(whole, []byte(mark))
					if at < 0 {
						t.Fatalf("%q is not there to be changed", mark)
					}
					places = append(places, at+len(mark)-1)
				}
			}
			for _, at := range places {
				changed := bytes.Clone(whole)
				changed[at] ^= 1
				other := filepath.Join(t.TempDir(), name)
				if err := os.WriteFile(other, changed, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := signer.Verify(t.Context(), other); !errors.Is(err, ErrNotSigned) {
					t.Errorf("byte %#x changed: %v", at, err)
				}
			}
			stranger, err := development(filepath.Join(t.TempDir(), "key"), sometime)
			if err != nil {
				t.Fatal(err)
			}
			if err := stranger.Verify(t.Context(), path); !errors.Is(err, ErrNotSigned) {
				t.Errorf("by the key of somebody else: %v", err)
			}
		})
	}
}

// TestNewSigner: the environment's key goes before a development one.
func TestNewSigner(t *testing.T) {
	need(t, "osslsigncode", "openssl")
	dir := t.TempDir()
	made, err := development(dir, sometime)
	if err != nil {
		t.Fatal(err)
	}
	p12 := filepath.Join(dir, "key.p12")
	if _, err := output(exec.CommandContext(t.Context(), "openssl", "pkcs12", "-export", "-in", made.cert, "-inkey", made.key, "-passout", "pass:слово", "-out", p12)); err != nil {
		t.Fatal(err)
	}
	exe := standIn(t)
	for _, env := range []map[string]string{
		{"SIGN_CERT": made.cert, "SIGN_KEY": made.key},
		{"SIGN_PKCS12": p12, "SIGN_PASSWORD": "слово"},
	} {
		for _, name := range []string{"SIGN_CERT", "SIGN_KEY", "SIGN_PKCS12", "SIGN_PASSWORD", "SIGN_TSA"} {
			t.Setenv(name, env[name])
		}
		t.Setenv("SIGN_CA", made.Authority)
		s, err := NewSigner(t.Context(), sometime)
		if err != nil {
			t.Fatal(err)
		}
		signed := filepath.Join(t.TempDir(), "signed.exe")
		if err := s.Sign(t.Context(), exe, signed); err != nil {
			t.Fatal(err)
		}
		if err := made.Verify(t.Context(), signed); err != nil {
			t.Error(err)
		}
	}
	t.Setenv("SIGN_PKCS12", "")
	t.Setenv("SIGN_CERT", made.cert)
	t.Setenv("SIGN_KEY", "")
	if _, err := NewSigner(context.WithoutCancel(t.Context()), sometime); err == nil {
		t.Error("half a key was taken")
	}
}

func find(t *testing.T, dir, name string) (found string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if filepath.Base(path) == name {
			found = path
		}
		return err
	})
	if err != nil || found == "" {
		t.Fatalf("no %s: %v", name, err)
	}
	return found
}
