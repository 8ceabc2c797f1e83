package config

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write puts a file of settings whose data folder is beside it.
func write(t *testing.T, dir, tills string) (path string) {
	t.Helper()
	path = filepath.Join(dir, "agent.toml")
	if err := os.WriteFile(path, []byte("data = '"+filepath.Join(dir, "data")+"'\n"+tills), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAdopt(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "[[till]]\nname = \"own\"\nwire = \"tcp://127.0.0.1:1\"\n")
	adopt := func(till Till) error {
		c, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		return c.Adopt(till)
	}
	first := Till{Name: "Зал", Driver: DriverShtrih, Wire: "serial:///dev/ttyACM0?baud=115200", Serial: "0001234567"}
	second := Till{Name: "бар", Driver: DriverFNPrint, Wire: WireAuto, Serial: "7", Printer: NoPrinter}
	for _, till := range []Till{first, second} {
		if err := adopt(till); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range []*Till{&first, &second} {
		c.Tills[i+1].FinishPrint, c.Tills[i+1].Link = "", "" // the usual ones are put in place of nothing
	}
	if diff := cmp.Diff([]Till{first, second}, c.Tills[1:]); diff != "" || c.Tills[0].Name != "own" {
		t.Error(diff)
	}
	if st, err := os.Stat(c.AdoptedPath()); err != nil || st.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("the list is readable by others: %v %v", st.Mode(), err)
	}
	before, err := os.ReadFile(c.AdoptedPath())
	if err != nil {
		t.Fatal(err)
	}
	for what, till := range map[string]Till{
		"a name of the person's list": {Name: "own", Driver: DriverShtrih, Wire: "tcp://127.0.0.1:2"},
		"a name of the agent's list":  {Name: "бар", Driver: DriverShtrih, Wire: "tcp://127.0.0.1:2"},
		"a name with spaces":          {Name: "a b", Driver: DriverShtrih, Wire: "tcp://127.0.0.1:2"},
		"a wire that is taken":        {Name: "x", Driver: DriverShtrih, Wire: first.Wire},
		"no driver of ours":           {Name: "x", Driver: "atol", Wire: "tcp://127.0.0.1:2"},
		"half a till":                 {Name: "x", Driver: DriverFNPrint, Wire: "tcp://127.0.0.1:2"},
		"a number that is none":       {Name: "x", Driver: DriverShtrih, Wire: "tcp://127.0.0.1:2", Serial: "\"\n[data]"},
	} {
		if err := adopt(till); err == nil {
			t.Errorf("%s is taken over", what)
		}
	}
	if after, err := os.ReadFile(c.AdoptedPath()); err != nil || string(after) != string(before) {
		t.Errorf("a refusal changed the list: %s %v", after, err)
	}
}

func TestLoad_adopted(t *testing.T) {
	for _, c := range []struct{ name, main, adopted, want string }{
		{"a name in both", "[[till]]\nname = \"k\"\nwire = \"tcp://127.0.0.1:1\"\n", "[[till]]\nname = \"k\"\nwire = \"tcp://127.0.0.1:2\"\n", `касса "k" есть и в`},
		{"a wire in both", "[[till]]\nname = \"k\"\nwire = \"tcp://127.0.0.1:1\"\n", "[[till]]\nname = \"m\"\nwire = \"tcp://127.0.0.1:1\"\n", "на одном проводе"},
		{"more than tills", "", "listen = \"127.0.0.1:1\"\n", "бывают только разделы [[till]]"},
		{"a misspelt key", "", "[[till]]\nname = \"k\"\nwir = \"auto\"\n", "возможно, имелся в виду wire"},
		{"broken text", "", "[[till\n", "строка 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := write(t, dir, c.main)
			list := filepath.Join(dir, "data", AdoptedFile)
			if err := ReplaceFile(list, []byte(c.adopted)); err != nil {
				t.Fatal(err)
			}
			_, err := Load(path)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), list) {
				t.Errorf("got %v, want %q and the name of the file", err, c.want)
			}
			if c.main != "" && err != nil && !strings.Contains(err.Error(), path) {
				t.Errorf("the person's own file is not named: %v", err)
			}
		})
	}
}

// adoptChild is the environment of the process that TestAdopt_killed kills.
const adoptChild = "CHEKAN_TEST_ADOPT"

// The agent dies while it writes: what was answered is in the list, and the list
// is whole.
func TestAdopt_killed(t *testing.T) {
	if path := os.Getenv(adoptChild); path != "" {
		for {
			c, err := Load(path)
			if err != nil {
				t.Fatal(err)
			}
			n := len(c.Tills) + 1
			if err := c.Adopt(Till{Name: fmt.Sprintf("k-%d", n), Driver: DriverShtrih, Wire: WireAuto, Serial: fmt.Sprint(n)}); err != nil {
				t.Fatal(err)
			}
			fmt.Println("adopted", n)
		}
	}
	path := write(t, t.TempDir(), "")
	acknowledged := 0
	const deaths = 25
	for death := range deaths {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAdopt_killed$")
		child.Env = append(os.Environ(), adoptChild+"="+path)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for range 1 + death%3 { // somewhere in the one after these
			if !lines.Scan() {
				t.Fatal("the child ended by itself")
			}
			if _, err := fmt.Sscanf(lines.Text(), "adopted %d", &acknowledged); err != nil {
				t.Fatalf("the child says %q", lines.Text())
			}
		}
		_ = child.Process.Kill()
		for lines.Scan() {
			_, _ = fmt.Sscanf(lines.Text(), "adopted %d", &acknowledged)
		}
		_ = child.Wait()
		c, err := Load(path)
		if err != nil {
			t.Fatalf("after death %d: %v", death, err)
		}
		if n := len(c.Tills); n < acknowledged || n > acknowledged+1 {
			t.Fatalf("after death %d: %d tills, %d were answered", death, n, acknowledged)
		}
		for i, till := range c.Tills {
			if till.Name != fmt.Sprintf("k-%d", i+1) {
				t.Fatalf("till %d is called %s", i+1, till.Name)
			}
		}
	}
}
