package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/chekan-io/chekan/cloud/internal/config"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	"github.com/chekan-io/chekan/installers/release/repository"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
)

// publish makes a folder with repository/ and root.json, and a release of a program in it.
func publish(t *testing.T, version string) (dir string, program []byte) {
	t.Helper()
	dir = t.TempDir()
	d, err := repository.OpenDev(dir)
	if err != nil {
		t.Fatal(err)
	}
	program = bytes.Repeat([]byte("a program of version "+version+"\n"), 10_000)
	file := filepath.Join(t.TempDir(), "chekan-agent")
	if err := os.WriteFile(file, program, 0o600); err != nil {
		t.Fatal(err)
	}
	err = d.Repository.Add(d.Release, repository.Release{
		Version: version, Channel: "stable", Notes: "Что нового", Writes: 1, Reads: [2]int{1, 1}, Binaries: map[string]string{"linux-amd64": file},
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir, program
}

// command runs the command line with the data of a cabinet.
func command(t *testing.T, cfg config.Config, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := execute(t.Context(), append([]string{"--data", cfg.Data, "--database", cfg.Database}, args...), &out, io.Discard)
	return out.String(), err
}

// files is an agent's client for plain requests, on a connection of its own.
func (a *agent) files(t *testing.T, certificates ...tls.Certificate) *http.Client {
	t.Helper()
	settings := a.tls.Clone()
	settings.Certificates = certificates
	transport := &http.Transport{TLSClientConfig: settings, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// get asks for a path, as it is written, at the agents' door.
func (a *agent) get(t *testing.T, client *http.Client, path, ranged string) (*http.Response, []byte, error) {
	t.Helper()
	address, err := url.Parse(a.info.GetUplinkUrl())
	if err != nil {
		t.Fatal(err)
	}
	address.Opaque = "//" + address.Host + path // not cleaned on its way
	r := (&http.Request{Method: http.MethodGet, URL: address, Host: address.Host, Header: http.Header{}}).WithContext(t.Context())
	if ranged != "" {
		r.Header.Set("Range", ranged)
	}
	res, err := client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res, text, err
}

// TestReleases: what an import brought is given out at the agents' door of the running cabinet, whole and in ranges, to agents and to nobody else.
func TestReleases(t *testing.T) {
	c, password := launch(t, settings(t, storetest.SQLite(t)))
	admin := signIn(t, c, "admin", password)
	a := enrol(t, c, admin)
	client := a.files(t, a.tls.Certificates...)
	if res, _, err := a.get(t, client, "/releases/metadata/timestamp.json", ""); err != nil || res.StatusCode != http.StatusNotFound {
		t.Errorf("before an import: %v, %v", res, err)
	}
	dir, program := publish(t, "1.4.0")
	repo := filepath.Join(dir, "repository")
	if said, err := command(t, c.config, "releases", "import", repo, "--root", filepath.Join(dir, "root.json")); err != nil {
		t.Fatal(said, err)
	}
	list, err := cabinetv1connect.NewUpdatesServiceClient(admin.http, c.addresses.Cabinet).ListReleases(t.Context(), &cabinetv1.ListReleasesRequest{})
	if err != nil || len(list.GetReleases()) != 1 || list.GetReleases()[0].GetVersion() != "1.4.0" {
		t.Errorf("the running cabinet does not notice: %v, %v", list, err)
	}

	// Every file of the repository, the same bytes.
	var names []string
	err = fs.WalkDir(os.DirFS(repo), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil || len(names) != 5 {
		t.Fatal(names, err)
	}
	binary := names[slices.IndexFunc(names, func(s string) bool { return strings.HasSuffix(s, ".zst") })]
	for _, name := range names {
		want, err := os.ReadFile(filepath.Join(repo, name))
		if err != nil {
			t.Fatal(err)
		}
		res, got, err := a.get(t, client, "/releases/"+name, "")
		if err != nil || res.StatusCode != http.StatusOK || !bytes.Equal(got, want) {
			t.Errorf("%s: %v, %d bytes of %d, %v", name, res, len(got), len(want), err)
		}
	}
	packed, err := os.ReadFile(filepath.Join(repo, binary))
	if err != nil {
		t.Fatal(err)
	}
	d, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if got, err := d.DecodeAll(packed, nil); err != nil || !bytes.Equal(got, program) {
		t.Errorf("unpacked: %d bytes, %v", len(got), err)
	}

	// A download that goes on where it was cut.
	n := len(packed)
	for ranged, want := range map[string]struct {
		status int
		text   []byte
		place  string
	}{
		"bytes=0-9":                        {http.StatusPartialContent, packed[:10], fmt.Sprintf("bytes 0-9/%d", n)},
		fmt.Sprintf("bytes=%d-", n/2):      {http.StatusPartialContent, packed[n/2:], fmt.Sprintf("bytes %d-%d/%d", n/2, n-1, n)},
		"bytes=-5":                         {http.StatusPartialContent, packed[n-5:], fmt.Sprintf("bytes %d-%d/%d", n-5, n-1, n)},
		fmt.Sprintf("bytes=%d-", n):        {http.StatusRequestedRangeNotSatisfiable, nil, fmt.Sprintf("bytes */%d", n)},
		fmt.Sprintf("bytes=%d-%d", n, n+9): {http.StatusRequestedRangeNotSatisfiable, nil, fmt.Sprintf("bytes */%d", n)},
	} {
		res, got, err := a.get(t, client, "/releases/"+binary, ranged)
		if err != nil || res.StatusCode != want.status || res.Header.Get("Content-Range") != want.place || want.text != nil && !bytes.Equal(got, want.text) {
			t.Errorf("%s: %v, %d bytes, %v", ranged, res, len(got), err)
		}
	}

	// Nobody without a certificate of ours even begins; nor does anybody at the door of people.
	for who, certificates := range map[string][]tls.Certificate{"no certificate": nil, "another authority's": {forge(t, a.id)}} {
		if res, _, err := a.get(t, a.files(t, certificates...), "/releases/metadata/timestamp.json", ""); err == nil {
			t.Errorf("%s: %s", who, res.Status)
		}
	}
	own, err := c.authority.Own()
	if err != nil {
		t.Fatal(err)
	}
	if res, _, err := a.get(t, a.files(t, own), "/releases/metadata/timestamp.json", ""); err != nil || res.StatusCode != http.StatusForbidden {
		t.Errorf("the cabinet's own certificate: %v, %v", res, err)
	}
	res, err := admin.http.Get(c.addresses.Cabinet + "/releases/metadata/timestamp.json")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if text, err := io.ReadAll(res.Body); err != nil || bytes.Contains(text, []byte("signatures")) {
		t.Errorf("given out at the door of people: %v", err)
	}

	// A revoked agent is refused, on the connection that it has and on a new one.
	neighbour := enrol(t, c, admin)
	if _, err := admin.fleet.RevokeAgent(t.Context(), &cabinetv1.RevokeAgentRequest{AgentId: a.id}); err != nil {
		t.Fatal(err)
	}
	for on, client := range map[string]*http.Client{"the old connection": client, "a new one": a.files(t, a.tls.Certificates...)} {
		res, text, err := a.get(t, client, "/releases/"+binary, "")
		if err != nil || res.StatusCode != http.StatusForbidden || res.Header.Get("Chekan-Reason") != "revoked" || bytes.Contains(text, packed[:20]) {
			t.Errorf("revoked, on %s: %v, %v", on, res, err)
		}
	}
	if res, got, err := neighbour.get(t, neighbour.files(t, neighbour.tls.Certificates...), "/releases/"+binary, ""); err != nil || res.StatusCode != http.StatusOK || !bytes.Equal(got, packed) {
		t.Errorf("its neighbour: %v, %v", res, err)
	}
}

// TestReleases_paths: no path leads to a file that is not of the releases.
func TestReleases_paths(t *testing.T) {
	c, password := launch(t, settings(t, storetest.SQLite(t)))
	a := enrol(t, c, signIn(t, c, "admin", password))
	dir, _ := publish(t, "1.4.0")
	if _, err := command(t, c.config, "releases", "import", filepath.Join(dir, "repository")); err != nil {
		t.Fatal(err)
	}
	const secret = "a secret of the cabinet"
	releases := releasesDir(c.config.Data)
	for _, file := range []string{
		filepath.Join(c.config.Data, "secret"), filepath.Join(c.config.Data, "timestamp.json"), filepath.Join(filepath.Dir(c.config.Data), "secret"),
		filepath.Join(releases, "secret"), filepath.Join(releases, "timestamp.json"), filepath.Join(releases, "metadata/.new-1"),
		filepath.Join(releases, "metadata/pending.root.json"), filepath.Join(releases, "targets/secret"),
	} {
		if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// A link with a name that is given out.
	if err := os.Symlink(filepath.Join(c.config.Data, "secret"), filepath.Join(releases, "metadata/77.targets.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../../secret", filepath.Join(releases, "metadata/78.targets.json")); err != nil {
		t.Fatal(err)
	}
	client := a.files(t, a.tls.Certificates...)
	if res, _, err := a.get(t, client, "/releases/metadata/timestamp.json", ""); err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res, err)
	}
	for _, path := range []string{
		"/releases", "/releases/", "/releases/metadata", "/releases/metadata/", "/releases/targets/", "/releases/targets/agent/1.4.0/linux-amd64/",
		"/releases/secret", "/releases/timestamp.json", "/releases/metadata/.new-1", "/releases/metadata/pending.root.json", "/releases/targets/secret",
		"/releases/metadata/0.root.json", "/releases/metadata/99.root.json", "/releases/metadata/77.targets.json", "/releases/metadata/78.targets.json",
		"/releases/../secret", "/releases/../../secret", "/releases/metadata/../../secret", "/releases/metadata/../secret",
		"/releases/%2e%2e/secret", "/releases/..%2fsecret", "/releases/metadata/%2e%2e/%2e%2e/secret", "/releases/metadata%2f..%2f..%2fsecret",
		"/releases/%252e%252e/secret", "/releases/metadata/..%5c..%5csecret", `/releases/..\secret`, "/releases/metadata/timestamp.json%00",
		"/releases/metadata/timestamp.json%0a", "/releases/metadata/timestamp.json/", "/releases/metadata/..%2ftimestamp.json", "/releases/.%2e/timestamp.json",
		"/releases/targets/agent/../linux-amd64/" + strings.Repeat("0", 64) + ".chekan-agent.zst",
		"/releases/targets/agent/%2e%2e/linux-amd64/" + strings.Repeat("0", 64) + ".chekan-agent.zst",
		"/releases/" + url.PathEscape(filepath.Join(c.config.Data, "secret")), "/releases/" + filepath.Join(c.config.Data, "secret"),
	} {
		res, text, err := a.get(t, client, path, "")
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if res.StatusCode != http.StatusNotFound && res.StatusCode != http.StatusBadRequest || bytes.Contains(text, []byte(secret)) {
			t.Errorf("%s: %s, %q", path, res.Status, text)
		}
	}
	if res, _, err := a.get(t, client, "/releases/metadata/timestamp.json", ""); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("afterwards: %v, %v", res, err)
	}
}

// TestReleases_document runs the cabinet's commands of docs/releases.md word by word.
func TestReleases_document(t *testing.T) {
	text, err := os.ReadFile("../docs/releases.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(text), "\n## In the cabinet\n")
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(part, -1)
	if len(blocks) != 1 {
		t.Fatalf("%d blocks of commands", len(blocks))
	}
	cfg := settings(t, storetest.SQLite(t))
	dir, _ := publish(t, "1.4.0")
	if err := os.Rename(filepath.Join(dir, "repository"), filepath.Join(dir, "repo")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	wants := []string{"Выпусков: 1, новых файлов: 1.", "1.4.0            stable  linux-amd64\n"}
	lines := strings.Split(strings.TrimSpace(blocks[0][1]), "\n")
	if len(lines) != len(wants) {
		t.Fatalf("commands %q", lines)
	}
	for i, line := range lines {
		words := strings.Fields(line)
		if words[0] != "chekan-cloud" {
			t.Fatalf("nobody runs %q", line)
		}
		if said, err := command(t, cfg, words[1:]...); err != nil || !strings.Contains(said, wants[i]) {
			t.Errorf("%s: %q, %v", line, said, err)
		}
	}
	said, err := command(t, cfg, "--json", "releases", "list")
	var answer struct {
		Releases []struct {
			Version, Channel, Notes string
			Platforms               []string
		}
	}
	if err := errors.Join(err, json.Unmarshal([]byte(said), &answer)); err != nil || len(answer.Releases) != 1 || answer.Releases[0].Notes != "Что нового" {
		t.Errorf("for programs: %q, %v", said, err)
	}

	// A root of somebody else, and a folder that is no repository.
	other, _ := publish(t, "1.4.0")
	fresh := settings(t, storetest.SQLite(t))
	if _, err := command(t, fresh, "releases", "import", "repo", "--root", filepath.Join(other, "root.json")); err == nil {
		t.Error("imported under the root of another publisher")
	}
	if said, err := command(t, fresh, "releases", "list"); err != nil || !strings.Contains(said, "Выпусков нет") {
		t.Errorf("after a refusal: %q, %v", said, err)
	}
	if _, err := command(t, cfg, "releases", "import", filepath.Join(other, "repository")); err == nil {
		t.Error("imported from another publisher")
	}
	for _, args := range [][]string{{"releases", "import", "none"}, {"releases", "import"}, {"releases", "import", "repo", "--root", "none"}, {"releases", "import", t.TempDir()}} {
		if _, err := command(t, cfg, args...); err == nil {
			t.Errorf("%q did", args)
		}
	}
}
