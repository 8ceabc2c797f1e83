//go:build unix

package whole

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nobodyEnv names a function of this program that is to run as another user.
const nobodyEnv = "CHEKAN_TEST_AS_NOBODY"

// nobody is the user of that name on every Unix.
const nobody = 65534

var asNobody = map[string]func() int{"intrude": intrude}

// TestNobody: another user of the computer reads neither key nor journal nor token of a running agent, and the door answers him
// nothing but that he is refused.
func TestNobody(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become another user")
	}
	dir, err := os.MkdirTemp("", "chekan-nobody-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	// Everything above the data folder is open: what holds has to be the agent's own.
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	c := newCabinet(t)
	a := newAgent(t, filepath.Join(dir, "data"), simulate(t, 4239))
	a.ready(t)
	a.enrol(t, c)
	a.sell(t, "a sale")
	self := filepath.Join(dir, "intruder")
	text, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(self, text, 0o755); err != nil {
		t.Fatal(err)
	}
	token, err := os.ReadFile(filepath.Join(a.data, "token"))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	err = filepath.WalkDir(a.data, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, must := range []string{"identity/agent.pem", "identity/token", "token", "journal"} {
		if !strings.Contains(strings.Join(files, "\n"), filepath.Join(a.data, must)) {
			t.Errorf("the agent has no %s: the test looks past it; %v", must, files)
		}
	}
	as := func(user uint32) (string, error) {
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = []string{nobodyEnv + "=intrude", "DATA=" + a.data, "DOOR=" + a.door, "FILES=" + strings.Join(files, "\n")}
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		err := cmd.Run()
		return said.String(), err
	}
	if said, err := as(nobody); err != nil || !strings.Contains(said, "tried") {
		t.Errorf("nobody: %v\n%s", err, said)
	} else {
		t.Log(strings.TrimSpace(said))
	}
	// The intruder is able to succeed: as the owner it gets in by the files.
	if said, err := as(0); err == nil || !strings.Contains(said, "read "+filepath.Join(a.data, "identity", "agent.pem")) {
		t.Errorf("as root nothing was read, so the test proves nothing: %v\n%s", err, said)
	}
	if after, err := os.ReadFile(filepath.Join(a.data, "token")); err != nil || !bytes.Equal(after, token) {
		t.Errorf("the token is another: %v", err)
	}
	a.sell(t, "a sale after the intruder")
}

// intrude tries to get at an agent, and fails the process for whatever it gets.
func intrude() int {
	data, door := os.Getenv("DATA"), os.Getenv("DOOR")
	got, tries := 0, 0
	check := func(what string, in bool) {
		tries++
		if in {
			got++
			fmt.Println(what)
		}
	}
	for _, path := range strings.Split(os.Getenv("FILES"), "\n") {
		f, err := os.Open(path)
		check("read "+path, err == nil)
		_ = f.Close()
		f, err = os.OpenFile(path, os.O_WRONLY, 0)
		check("wrote "+path, err == nil)
		_ = f.Close()
		check("moved "+path, os.Rename(path, path+".gone") == nil && errors.Join(os.Rename(path+".gone", path)) == nil)
	}
	_, err := os.ReadDir(data)
	check("listed "+data, err == nil)
	check("put a file into "+data, os.WriteFile(filepath.Join(data, "mine"), nil, 0o600) == nil)
	client := &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(method, path, token, host, body string) (int, string) {
		req, err := http.NewRequest(method, "http://"+door+path, strings.NewReader(body))
		if err != nil {
			return 0, err.Error()
		}
		req.Header.Set("Content-Type", "application/json")
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
			req.AddCookie(&http.Cookie{Name: "chekan_page", Value: token})
		}
		if host != "" {
			req.Host = host
		}
		res, err := client.Do(req)
		if err != nil {
			return 0, err.Error()
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		return res.StatusCode, string(text)
	}
	guesses := []string{"", "0", "token", strings.Repeat("0", 64), strings.Repeat("A", 26), "null", "Bearer"}
	sale := `{"key":"stolen","kind":"KIND_SALE","receipt":{"items":[{"name":"x","quantity":"1","price":100,"vat":"none"}],"payments":{"cash":100}}}`
	for _, guess := range guesses {
		for path, body := range map[string]string{
			"/pos.v1.PosService/Submit": sale, "/pos.v1.PosService/ListTills": "{}", "/pos.v1.PosService/ListOperations": "{}",
			"/pos.v1.TechnicianService/Enroll": `{"code":"AAAA-BBBB-CCCC"}`, "/pos.v1.TechnicianService/AgentStatus": "{}", "/page/link": `{}`,
			"/page/join": `{"code":"AAAA-BBBB-CCCC","cloud":""}`, "/page/act": `{"till":"k","act":"check"}`,
		} {
			status, text := ask(http.MethodPost, path, guess, "", body)
			check(fmt.Sprintf("%s with %q: %d %s", path, guess, status, text), status == http.StatusOK || status == 0)
		}
		for _, path := range []string{"/pos.v1.PosService/ListTills?encoding=json&message={}", "/page/cabinet", "/metrics", "/debug/pprof/", "/token", "/../token", "/identity/agent.pem"} {
			status, text := ask(http.MethodGet, path, guess, "", "")
			check(fmt.Sprintf("GET %s with %q: %d %s", path, guess, status, text), status == http.StatusOK)
		}
	}
	status, text := ask(http.MethodGet, "/", "", "", "")
	check("the page tells of tills: "+text, status == http.StatusOK && (strings.Contains(text, "00004239") || strings.Contains(text, "Иванова")))
	fmt.Printf("tried %d ways, %d let in\n", tries, got)
	if got > 0 {
		return 1
	}
	return 0
}
