package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen: only a failure takes so long.
const patience = 3 * time.Minute

// until asks again and again until it is so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for !so() {
		select {
		case <-again.C:
		case <-deadline.C:
			t.Fatalf("in %v not so: %s", patience, what)
		}
	}
}

// need skips a test without the tools it is about; tools/deps.sh installs them.
func need(t *testing.T, tools ...string) {
	t.Helper()
	for _, name := range tools {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("no %s here: tools/deps.sh test installs it", name)
		}
	}
}

// wine is a computer with Windows, as Wine plays it: a folder with drive C, and
// a server that holds registry and processes together.
type wine struct {
	t      *testing.T
	dir    string // the folder
	loader string
	server string
	env    []string
}

// newWine makes a computer that says it is Windows 7, which is what Debian's Wine says unasked.
func newWine(t *testing.T) *wine {
	t.Helper()
	w := &wine{t: t}
	for _, dir := range []string{"/usr/lib/wine", "/usr/lib64/wine", "/usr/bin"} {
		if _, err := os.Stat(filepath.Join(dir, "wine64")); err == nil && w.loader == "" {
			w.loader = filepath.Join(dir, "wine64")
			w.server = filepath.Join(dir, "wineserver64")
			if _, err := os.Stat(w.server); err != nil {
				w.server = filepath.Join(dir, "wineserver")
			}
		}
	}
	if w.loader == "" {
		t.Skip("no Wine here: tools/deps.sh test installs it")
	}
	// Its path is short: the server's socket is near it.
	home, err := os.MkdirTemp("", "wine")
	if err != nil {
		t.Fatal(err)
	}
	w.dir = filepath.Join(home, "p")
	// Without a browser engine and .NET, which it would like to install, and with
	// nothing of this user's folders.
	w.env = append(os.Environ(), "WINEPREFIX="+w.dir, "HOME="+home, "TMPDIR="+home, "WINEDEBUG=-all", "WINEDLLOVERRIDES=mscoree,mshtml,winemenubuilder.exe=", "DISPLAY=", "LC_ALL=C.UTF-8")
	t.Cleanup(func() {
		kill := exec.Command(w.server, "-k")
		kill.Env = w.env
		_ = kill.Run()
		wait := exec.Command(w.server, "-w")
		wait.Env = w.env
		_ = wait.Run()
		_ = os.RemoveAll(home)
	})
	if err := os.Mkdir(w.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	// The server stays between commands: services live in it.
	server := exec.Command(w.server, "-p")
	server.Env = w.env
	if err := server.Run(); err != nil { // it goes on in the background, so nothing may wait for its words
		t.Fatalf("wineserver: %v", err)
	}
	// The first program makes the computer. Asked for by name (wineboot) it would
	// be made twice, and have two service managers.
	w.must("cmd", "/c", "exit")
	// Go takes random numbers from this library, which Wine 8 has not; the same
	// function of old is behind it. Go looks at the lowest byte of the answer.
	library := forwarder("bcryptprimitives.dll", "ProcessPrng", "advapi32.SystemFunction036")
	if err := os.WriteFile(w.path(`C:\windows\system32\bcryptprimitives.dll`), library, 0o644); err != nil {
		t.Fatal(err)
	}
	return w
}

// path is a file of the computer as this system sees it.
func (w *wine) path(windows string) string {
	drive, rest, _ := strings.Cut(windows, ":")
	return filepath.Join(w.dir, "dosdevices", strings.ToLower(drive)+":", filepath.FromSlash(strings.ReplaceAll(rest, `\`, "/")))
}

// exists tells whether there is such a file.
func (w *wine) exists(windows string) bool {
	_, err := os.Lstat(w.path(windows))
	return err == nil
}

// outside is a file of this system as the computer sees it.
func outside(path string) string { return `Z:` + strings.ReplaceAll(path, "/", `\`) }

// run runs a program of the computer to its end.
func (w *wine) run(name string, args ...string) (out string, code int) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, w.loader, append([]string{name}, args...)...)
	cmd.Env, cmd.Dir = w.env, w.dir
	// Not a pipe: what the program leaves running would hold it open.
	said, err := os.CreateTemp(w.t.TempDir(), "said")
	if err != nil {
		w.t.Fatal(err)
	}
	defer said.Close()
	cmd.Stdout, cmd.Stderr = said, said
	err = cmd.Run()
	text, readErr := os.ReadFile(said.Name())
	if readErr != nil {
		w.t.Fatal(readErr)
	}
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		w.t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, text)
		return string(text), -1
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// must runs a program that has to do well.
func (w *wine) must(name string, args ...string) string {
	w.t.Helper()
	out, code := w.run(name, args...)
	if code != 0 {
		w.t.Fatalf("%s %s: exit code %d\n%s", name, strings.Join(args, " "), code, out)
	}
	return out
}

// Endings of msiexec. An exit code has eight bits here, Windows' has more.
const (
	installed    = 0
	refusedByMSI = 1603 & 0xff
)

// msiexec installs or removes silently and leaves a whole log.
func (w *wine) msiexec(args ...string) (log string, code int) {
	w.t.Helper()
	file := filepath.Join(w.t.TempDir(), "msi.log")
	out, code := w.run("msiexec", append(args, "/qn", "/l*v", outside(file))...)
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		w.t.Fatal(err)
	}
	return out + string(text), code
}

// forwarder is a library (PE32+) whose one function is another library's: an
// export whose address lies within the export directory names where it is
// (Microsoft, PE Format, "Export Address Table").
func forwarder(library, function, to string) []byte {
	const (
		headers = 0x200 // of the file, and where its only section begins
		section = 0x1000
		size    = 0x200
	)
	le := binary.LittleEndian
	data := make([]byte, size)
	at := 40 // behind the directory
	put := func(text string) uint32 {
		rva := uint32(section + at)
		at += copy(data[at:], text) + 1
		return rva
	}
	libraryAt, functionAt, toAt := put(library), put(function), put(to)
	at = (at + 3) &^ 3
	addresses := at
	le.PutUint32(data[addresses:], toAt)
	le.PutUint32(data[addresses+4:], functionAt) // names; then one ordinal, 0
	end := addresses + 10
	for i, v := range map[int]uint32{12: libraryAt, 16: 1, 20: 1, 24: 1, 28: uint32(section + addresses), 32: uint32(section + addresses + 4), 36: uint32(section + addresses + 8)} {
		le.PutUint32(data[i:], v)
	}

	var b bytes.Buffer
	write := func(values ...any) {
		for _, v := range values {
			_ = binary.Write(&b, le, v)
		}
	}
	dos := make([]byte, 64)
	copy(dos, "MZ")
	le.PutUint32(dos[60:], 64)
	write(dos, []byte("PE\x00\x00"))
	write(uint16(0x8664), uint16(1), uint32(0), uint32(0), uint32(0), uint16(240), uint16(0x2022)) // executable, large addresses, library
	write(uint16(0x20b), uint16(0), uint32(0), uint32(size), uint32(0), uint32(0), uint32(0), uint64(0x180000000), uint32(0x1000), uint32(0x200),
		uint16(6), uint16(0), uint16(0), uint16(0), uint16(6), uint16(0), uint32(0), uint32(2*section), uint32(headers), uint32(0),
		uint16(3), uint16(0x160), uint64(0x100000), uint64(0x1000), uint64(0x100000), uint64(0x1000), uint32(0), uint32(16))
	write(uint32(section), uint32(end), make([]byte, 15*8)) // directories: the export's is the first
	name := [8]byte{'.', 'r', 'd', 'a', 't', 'a'}
	write(name, uint32(size), uint32(section), uint32(size), uint32(headers), uint32(0), uint32(0), uint32(0), uint32(0x40000040))
	write(make([]byte, headers-b.Len()), data)
	return b.Bytes()
}

// goBuild compiles a package of ours, or its tests when what is "test".
func goBuild(t *testing.T, goos, what, out, pkg, version string) {
	t.Helper()
	args := []string{"build", "-trimpath", "-ldflags", "-s -w -X main.version=" + version}
	if what == "test" {
		args = []string{"test", "-c"}
	}
	cmd := exec.CommandContext(t.Context(), "go", append(args, "-o", out, pkg)...)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH=amd64", "GOFLAGS=-buildvcs=false")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s for %s: %v\n%s", pkg, goos, err, text)
	}
}

// service asks the manager how the agent's service is: "RUNNING", "STOPPED"; ""
// when there is none.
func (w *wine) service() string {
	w.t.Helper()
	out, code := w.run("sc", "query", "chekan-agent")
	if code != 0 {
		return ""
	}
	for line := range strings.Lines(out) {
		var number int
		var state string
		if _, err := fmt.Sscanf(strings.TrimSpace(line), "STATE : %d %s", &number, &state); err == nil {
			return state
		}
	}
	w.t.Fatalf("sc query said:\n%s", out)
	return ""
}
