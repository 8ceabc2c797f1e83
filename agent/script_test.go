package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/sim/vacant"
)

func TestMain(m *testing.M) {
	// The journal's child process is this very program, which is the test.
	if code, ok := journal.RunChildCheck(os.Args); ok {
		os.Exit(code)
	}
	testscript.Main(m, map[string]func(){"chekan-agent": main})
}

// TestScript runs whole-program stories: testdata/script/*.txtar. Each has an
// agent (this program), a simulator and a cabinet (built once) of its own.
func TestScript(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"sim", "cloud"} {
		if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "chekan-"+name), "../"+name).CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", name, err, out)
		}
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", dir+string(os.PathListSeparator)+env.Getenv("PATH"))
			for _, name := range []string{"TILL", "TILL2", "CABINET", "UPLINK", "MQTT", "OFD"} {
				env.Setenv(name, vacant.Address(env.T().(testing.TB)))
			}
			env.Setenv("CHEKAN_AGENT_CONFIG", filepath.Join(env.WorkDir, "agent.toml"))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"await": await, "expand": expand, "take": take, "ask": ask,
		},
	})
}

// patience is how long a story waits for something to happen.
const patience = 2 * time.Minute

// await runs a command again and again until its output matches:
//
//	await 'РАБОТАЕТ' chekan-agent till list
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: await pattern command args...")
	}
	pattern := regexp.MustCompile(args[0])
	late := time.Now().Add(patience)
	for {
		_ = ts.Exec(args[1], args[2:]...) // what counts is what it says
		said := ts.ReadFile("stdout") + ts.ReadFile("stderr")
		if pattern.MatchString(said) {
			return
		}
		if time.Now().After(late) {
			ts.Fatalf("%v never says %s; the last words were:\n%s", args[1:], args[0], said)
		}
		<-time.After(50 * time.Millisecond)
	}
}

// expand replaces $VARIABLES in files.
func expand(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: expand files...")
	}
	for _, name := range args {
		text := os.Expand(ts.ReadFile(name), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}

// take keeps a part of the last output in a variable:
//
//	take CODE 'code: (.*)'
func take(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: take NAME 'pattern with (one group)'")
	}
	m := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) != 2 {
		ts.Fatalf("the last output has no %s", args[1])
	}
	ts.Setenv(args[0], m[1])
}

// ask calls the cabinet as its administrator, again and again until the answer
// matches:
//
//	ask FleetService/ListTills {} '"till":"k"'
func ask(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: ask Service/Method JSON pattern")
	}
	call := func(method, body string) (string, *http.Response) {
		req, err := http.NewRequest(http.MethodPost, "http://"+ts.Getenv("CABINET")+"/cabinet.v1."+method, strings.NewReader(body))
		ts.Check(err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Cookie", ts.Getenv("COOKIE"))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err.Error(), nil
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		ts.Check(err)
		return string(text), res
	}
	pattern := regexp.MustCompile(args[2])
	late := time.Now().Add(patience)
	for {
		if ts.Getenv("COOKIE") == "" {
			password := strings.TrimSpace(ts.ReadFile("password"))
			if _, res := call("AccessService/SignIn", fmt.Sprintf(`{"login":"admin","password":%q}`, password)); res != nil && len(res.Cookies()) > 0 {
				ts.Setenv("COOKIE", res.Cookies()[0].String())
			}
		}
		answer, _ := call(args[0], args[1])
		if pattern.MatchString(answer) {
			_, err := io.WriteString(ts.Stdout(), answer+"\n")
			ts.Check(err)
			return
		}
		if time.Now().After(late) {
			ts.Fatalf("%s never answers %s; its last words were:\n%s", args[0], args[2], answer)
		}
		<-time.After(50 * time.Millisecond)
	}
}
