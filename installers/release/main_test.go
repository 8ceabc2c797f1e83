package main

import (
	"bytes"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/klauspost/compress/zstd"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/fetcher"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"

	"github.com/chekan-io/chekan/installers/release/repository"
)

// asCommand makes the program of the tests be the command itself: what is tried is main, with its exit code.
const asCommand = "CHEKAN_TEST_RELEASE"

// noWait: a program under the race detector sleeps for a second before it ends (go.dev/doc/articles/race_detector).
const noWait = "GORACE=atexit_sleep_ms=0"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// desk is a folder in which somebody works; the test works there too.
type desk struct{ dir string }

func newDesk(t *testing.T) *desk {
	d := &desk{dir: t.TempDir()}
	t.Chdir(d.dir)
	t.Setenv(passphrase, "")
	return d
}

// passphrase is where the command finds one that is in no file.
const passphrase = "CHEKAN_PASSPHRASE"

func (d *desk) write(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(d.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// release runs the command in this process.
func release(args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	err = execute(args, &out, &errs)
	return out.String(), errs.String(), err
}

// process is the command as a program.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self, args...)
	c.Env = append(os.Environ(), asCommand+"=1", noWait)
	return c
}

// must runs the command, which succeeds.
func (d *desk) must(t *testing.T, line string) string {
	t.Helper()
	stdout, stderr, err := release(strings.Fields(line)...)
	if err != nil || stderr != "" {
		t.Fatalf("%s: %v, %s", line, err, stderr)
	}
	return stdout
}

// program is a stand-in for the agent.
var program = strings.Repeat("a program\n", 5000)

// begun is a desk with a development repository and a program.
func begun(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t)
	d.must(t, "dev-root --out dev")
	d.write(t, "agent", program)
	return d
}

// fetch is a reader of a repository who has a root of it: the client of the library.
func (d *desk) fetch(t *testing.T, repo, root, version string) (string, error) {
	t.Helper()
	anchor, err := os.ReadFile(filepath.Join(d.dir, root))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServerFS(os.DirFS(filepath.Join(d.dir, repo))))
	defer server.Close()
	settings, err := config.New(server.URL+"/metadata", anchor)
	if err != nil {
		t.Fatal(err)
	}
	direct := fetcher.NewDefaultFetcher()
	direct.SetHTTPClient(server.Client())
	settings.Fetcher = direct
	settings.RemoteTargetsURL, settings.LocalMetadataDir, settings.LocalTargetsDir = server.URL+"/targets", t.TempDir(), t.TempDir()
	client, err := updater.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	info, err := client.GetTargetInfo(repository.TargetPath(version, "linux-amd64"))
	if err != nil {
		return "", err
	}
	_, packed, err := client.DownloadTarget(info, "", "")
	if err != nil {
		return "", err
	}
	r, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := r.DecodeAll(packed, nil)
	return string(text), err
}

// document gives the commands of docs/releases.md by the heading they stand under.
func document(t *testing.T) (commands map[string]string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/releases.md")
	if err != nil {
		t.Fatal(err)
	}
	commands = map[string]string{}
	for _, part := range strings.Split(string(text), "\n## ")[1:] {
		heading, rest, _ := strings.Cut(part, "\n")
		for _, block := range regexp.MustCompile("(?s)\n```sh\n(.*?)```\n").FindAllStringSubmatch(rest, -1) {
			commands[heading] += block[1]
		}
	}
	return commands
}

// TestDocument runs the commands of docs/releases.md word by word, in their order, and reads the repository in between as an agent would.
func TestDocument(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the document is written for a shell")
	}
	scripts := document(t)
	if got, want := slices.Sorted(maps.Keys(scripts)), []string{"Each release", "In the cabinet", "Keys, once", "Rotation"}; !slices.Equal(got, want) {
		t.Fatalf("commands under %q, want %q", got, want)
	}
	d := newDesk(t)
	d.write(t, "notes.txt", "Что нового: всё.\n")
	d.write(t, "bin/chekan-agent", program)
	for _, owner := range []string{"1", "2", "3"} {
		d.write(t, "owner-"+owner+".txt", "passphrase of owner "+owner+"\n")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// In place of the compiler: the document starts the command by go run.
	d.write(t, "path/go", "#!/bin/sh\n[ \"$1 $2\" = 'run ./installers/release' ] || exit 64\nshift 2\nexec env "+asCommand+"=1 "+noWait+" '"+self+"' \"$@\"\n")
	if err := os.Chmod(filepath.Join(d.dir, "path/go"), 0o700); err != nil {
		t.Fatal(err)
	}
	run := func(script string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), "sh", "-eu")
		c.Stdin, c.Dir, c.Env = strings.NewReader(script), d.dir, append(os.Environ(), "PATH="+filepath.Join(d.dir, "path")+":"+os.Getenv("PATH"))
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, script, out)
		}
		return string(out)
	}

	said := run(scripts["Keys, once"])
	for _, want := range []string{"root 1 waits for 2 signatures", "more signatures are needed", "the root counts from now on", "dev/root.json"} {
		if strings.Count(said, want) != 1 {
			t.Errorf("%q is not said once:\n%s", want, said)
		}
	}
	if strings.Count(said, ", sealed by the passphrase\n") != 3 || strings.Count(said, ", not sealed\n") != 1 {
		t.Errorf("keys:\n%s", said)
	}
	for _, key := range []string{"root-1.pem", "root-2.pem", "root-3.pem", "release.pem"} {
		if info, err := os.Stat(filepath.Join(d.dir, key)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", key, info, err)
		}
	}

	// Each release: after each of its commands another thing is so.
	each := splitCommands(scripts["Each release"])
	if len(each) != 3 {
		t.Fatalf("%d commands: %q", len(each), each)
	}
	for i, there := range []bool{true, true, false} {
		run(each[i])
		text, err := d.fetch(t, "repo", "repo/metadata/1.root.json", "1.4.0")
		if there && (err != nil || text != program) || !there && err == nil {
			t.Errorf("after %s: %d bytes, %v", each[i], len(text), err)
		}
	}
	run(each[0]) // given back
	run(scripts["Rotation"])
	for _, root := range []string{"1.root.json", "2.root.json"} {
		if text, err := d.fetch(t, "repo", "repo/metadata/"+root, "1.4.0"); err != nil || text != program {
			t.Errorf("after the rotation, who has %s: %d bytes, %v", root, len(text), err)
		}
	}
	if _, _, err := release(strings.Fields("refresh --repo repo --key release.pem")...); !errors.Is(err, repository.ErrKey) {
		t.Errorf("the old release key: %v", err)
	}
	for _, line := range splitCommands(scripts["In the cabinet"]) {
		if !strings.HasPrefix(line, "chekan-cloud releases ") { // run by the tests of the cabinet
			t.Errorf("nobody runs %q", line)
		}
	}

	parser, err := kong.New(new(struct{ commands }))
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(slices.Collect(maps.Values(scripts)), "")
	for _, child := range parser.Model.Children {
		if !strings.Contains(all, "go run ./installers/release "+child.Name+" ") {
			t.Errorf("the document has no command %s", child.Name)
		}
	}
}

// splitCommands gives the commands of a script: a line, and those it goes on in.
func splitCommands(script string) []string {
	list := strings.Split(strings.TrimSpace(strings.ReplaceAll(script, "\\\n", "\x00")), "\n")
	for i := range list {
		list[i] = strings.ReplaceAll(list[i], "\x00", "\\\n")
	}
	return list
}

// TestProcess: a refusal is one line on stderr and exit code 1.
func TestProcess(t *testing.T) {
	newDesk(t)
	c := process(t, "key")
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := c.Run(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("it ends with %v", err)
	}
	if stdout.Len() != 0 || stderr.String() != "release: expected \"<file>\"\n" {
		t.Errorf("stdout %q, stderr %q", stdout.String(), stderr.String())
	}
	if out, err := process(t, "key", "release.pem").Output(); err != nil || !strings.HasSuffix(string(out), ", not sealed\n") {
		t.Errorf("%q, %v", out, err)
	}
}

// TestRefusals: whoever mistypes is told what is wrong, and nothing is changed.
func TestRefusals(t *testing.T) {
	d := begun(t)
	d.must(t, "key stranger.pem")
	d.write(t, "passphrase.txt", "right\n")
	d.must(t, "key sealed.pem --passphrase-file passphrase.txt")
	d.write(t, "wrong.txt", "wrong\n")
	d.write(t, "garbage.pem", "x")
	d.must(t, "add --repo dev/repository --key dev/keys/release.pem --version 1.0.0 --binary linux-amd64=agent")
	d.must(t, "init --repo waits --root dev/keys/root-1.pem.pub,dev/keys/root-2.pem.pub --release dev/keys/release.pem.pub")
	if err := os.Mkdir(filepath.Join(d.dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(d.dir, "open"), os.DirFS(filepath.Join(d.dir, "dev/keys"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(d.dir, "open/release.pem"), 0o644); err != nil {
		t.Fatal(err)
	}
	before := d.state(t)
	const add = "add --repo dev/repository --key dev/keys/release.pem "
	for line, want := range map[string]string{
		"":                                       "expected one of",
		"sing --repo dev/repository":             "unexpected argument sing",
		"key":                                    "expected \"<file>\"",
		"key stranger.pem":                       "file exists",
		"key new.pem --passphrase-file none.txt": "none.txt",
		"key no/such/folder.pem":                 "no such file",
		"init --repo new":                        "missing flags",
		"init --repo new --root dev/keys/root-1.pem.pub --release none.pub":                                             "none.pub",
		"init --repo new --root dev/keys/root-1.pem --threshold 1 --release dev/keys/release.pem.pub":                   "root-1.pem holds none",
		"init --repo new --root dev/keys/root-1.pem.pub --release dev/keys/release.pem.pub":                             "2 of 1 keys can not sign",
		"init --repo new --root dev/keys/root-1.pem.pub,dev/keys/release.pem.pub --release dev/keys/release.pem.pub":    "must be different keys",
		"init --repo dev/repository --root dev/keys/root-1.pem.pub --threshold 1 --release dev/keys/release.pem.pub":    "there is a repository already",
		"init --repo waits --root dev/keys/root-1.pem.pub --threshold 1 --release dev/keys/release.pem.pub":             "there is a repository already",
		"sign --repo dev/repository --key dev/keys/root-1.pem":                                                          "no root waits for signatures",
		"sign --repo waits --key stranger.pem":                                                                          "does not name this key",
		"sign --repo waits --key dev/keys/release.pem":                                                                  "does not name this key",
		"sign --repo waits --key sealed.pem":                                                                            "passphrase is missing or wrong",
		"sign --repo waits --key sealed.pem --passphrase-file wrong.txt":                                                "passphrase is missing or wrong",
		"sign --repo waits --key garbage.pem":                                                                           "garbage.pem holds none",
		"sign --repo waits --key dev/keys/root-1.pem.pub":                                                               "others can read",
		"sign --repo empty --key dev/keys/root-1.pem":                                                                   "no repository there",
		"sign --repo none --key dev/keys/root-1.pem":                                                                    "none",
		"rotate --repo waits --root dev/keys/root-1.pem.pub,dev/keys/root-2.pem.pub --release dev/keys/release.pem.pub": "the root waits for signatures",
		"rotate --repo dev/repository --root dev/keys/root-1.pem.pub --release dev/keys/release.pem.pub":                "2 of 1 keys can not sign",
		"add --repo waits --key dev/keys/release.pem --version 1.0.0 --binary linux-amd64=agent":                        "the root waits for signatures",
		"add --repo dev/repository --key stranger.pem --version 1.1.0 --binary linux-amd64=agent":                       "does not name this key",
		"add --repo dev/repository --key open/release.pem --version 1.1.0 --binary linux-amd64=agent":                   "open/release.pem (mode 644): chmod 600",
		add + "--binary linux-amd64=agent":                                                                              "--version",
		add + "--version 1.1.0":                                                                                         "--binary",
		add + "--version 1.1.0 --binary linux-amd64":                                                                    "linux-amd64",
		add + "--version 1.1.0 --binary linux-amd64=none":                                                               "no such file",
		add + "--version 1.1.0 --binary linux=agent":                                                                    "no platform like linux-amd64",
		add + "--version 1.1 --binary linux-amd64=agent":                                                                "no semantic version",
		add + "--version 1.0.0 --binary linux-amd64=agent":                                                              "released already",
		add + "--version 1.1.0-rc.1 --binary linux-amd64=agent":                                                         "pre-release",
		add + "--version 1.1.0 --channel nightly --binary linux-amd64=agent":                                            "nightly",
		add + "--version 1.1.0 --journal-read 1 --binary linux-amd64=agent":                                             "the oldest and the newest",
		add + "--version 1.1.0 --journal-read 1,x --binary linux-amd64=agent":                                           "--journal-read",
		add + "--version 1.1.0 --journal-write 2 --binary linux-amd64=agent":                                            "must read what it writes",
		add + "--version 1.1.0 --notes-file none.txt --binary linux-amd64=agent":                                        "none.txt",
		"refresh --repo dev/repository --key dev/keys/root-1.pem":                                                       "does not name this key",
		"refresh --repo waits --key dev/keys/release.pem":                                                               "the root waits for signatures",
		"withdraw --repo dev/repository --key dev/keys/release.pem":                                                     "expected \"<version>\"",
		"withdraw --repo dev/repository --key dev/keys/release.pem 2.0.0":                                               "2.0.0 is not released",
		"dev-root":             "--out",
		"dev-root --out agent": "agent",
	} {
		stdout, stderr, err := release(strings.Fields(line)...)
		if err == nil || stdout+stderr != "" || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("release %s: %v, stdout %q, stderr %q, want %q", line, err, stdout, stderr, want)
		}
	}
	for name, text := range d.state(t) {
		if before[name] != text {
			t.Errorf("a refusal changed %s", name)
		}
		delete(before, name)
	}
	if len(before) > 0 {
		t.Errorf("a refusal removed %q", slices.Sorted(maps.Keys(before)))
	}
}

func (d *desk) state(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(d.dir, func(name string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		all[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestPassphrase: the environment does where there is no file, and a file goes before it.
func TestPassphrase(t *testing.T) {
	d := newDesk(t)
	d.write(t, "right.txt", "right\r\n")
	t.Setenv(passphrase, "right")
	if said := d.must(t, "key root.pem"); !strings.Contains(said, ", sealed by the passphrase") {
		t.Fatal(said)
	}
	t.Setenv(passphrase, "")
	d.must(t, "key release.pem")
	d.must(t, "init --repo repo --root root.pem.pub --threshold 1 --release release.pem.pub")
	sign := strings.Fields("sign --repo repo --key root.pem")
	if _, _, err := release(sign...); !errors.Is(err, repository.ErrPassphrase) {
		t.Errorf("without: %v", err)
	}
	t.Setenv(passphrase, "wrong")
	if _, _, err := release(append(sign, "--passphrase-file", "right.txt")...); err != nil {
		t.Errorf("by a file: %v", err)
	}
	d.must(t, "rotate --repo repo --root root.pem.pub --threshold 1 --release release.pem.pub")
	t.Setenv(passphrase, "right")
	if _, _, err := release(sign...); err != nil {
		t.Errorf("by the environment: %v", err)
	}
}

// TestAdd_platforms: several binaries at once, and one that was built later.
func TestAdd_platforms(t *testing.T) {
	d := begun(t)
	if said := d.must(t, "add --repo dev/repository --key dev/keys/release.pem --version 1.0.0-beta.1 --channel beta --binary linux-amd64=agent --binary windows-amd64=agent"); said != "1.0.0-beta.1 is released on beta for 2 platforms\n" {
		t.Errorf("%q", said)
	}
	d.must(t, "add --repo dev/repository --key dev/keys/release.pem --version 1.0.0-beta.1 --channel beta --binary linux-arm64=agent")
	if text, err := d.fetch(t, "dev/repository", "dev/root.json", "1.0.0-beta.1"); err != nil || text != program {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	again := d.must(t, "dev-root --out dev") // nothing is made anew
	if text, err := d.fetch(t, "dev/repository", "dev/root.json", "1.0.0-beta.1"); err != nil || text != program || again == "" {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}
