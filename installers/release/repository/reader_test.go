package repository

import (
	"bytes"
	"crypto/ed25519"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/fetcher"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

// world is a repository of two root keys out of three, with a clock.
type world struct {
	*Dev
	root []byte
	mu   sync.Mutex
	at   time.Time
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{at: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
	var err error
	if w.Dev, err = OpenDev(t.TempDir(), WithClock(w.now)); err != nil {
		t.Fatal(err)
	}
	if w.root, err = w.Repository.Root(); err != nil {
		t.Fatal(err)
	}
	return w
}

// reopen opens the folder as a next run of the command does.
func (w *world) reopen(t *testing.T) *Repository {
	t.Helper()
	r, err := Open(w.Dir, WithClock(w.now))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func body(version string) []byte {
	return []byte(strings.Repeat("a program of version "+version+"\n", 1000))
}

// releaseOf is a release of one platform that may be added.
func releaseOf(t *testing.T, version string) Release {
	t.Helper()
	file := filepath.Join(t.TempDir(), "chekan-agent")
	if err := os.WriteFile(file, body(version), 0o600); err != nil {
		t.Fatal(err)
	}
	a := Release{Version: version, Channel: "stable", Notes: "Что нового", Writes: 1, Reads: [2]int{1, 1}, Binaries: map[string]string{"linux-amd64": file}}
	if strings.Contains(version, "-") {
		a.Channel = "beta"
	}
	return a
}

func (w *world) add(t *testing.T, version string) {
	t.Helper()
	if err := w.reopen(t).Add(w.Release, releaseOf(t, version)); err != nil {
		t.Fatal(err)
	}
}

// reader is somebody who never heard of this package: the client of the library, with what it has seen kept in a folder.
type reader struct {
	root  []byte
	cache string
	now   func() time.Time
}

func newReader(t *testing.T, w *world) *reader {
	return &reader{root: w.root, cache: t.TempDir(), now: w.now}
}

// refresh follows the metadata of a folder that is given out by HTTP.
func (c *reader) refresh(t *testing.T, dir string) (*updater.Updater, error) {
	t.Helper()
	server := httptest.NewServer(http.FileServerFS(os.DirFS(dir)))
	t.Cleanup(server.Close)
	settings, err := config.New(server.URL+"/metadata", c.root)
	if err != nil {
		t.Fatal(err)
	}
	direct := fetcher.NewDefaultFetcher()
	direct.SetHTTPClient(server.Client())
	settings.Fetcher = direct
	settings.RemoteTargetsURL = server.URL + "/targets"
	settings.LocalMetadataDir, settings.LocalTargetsDir = c.cache, t.TempDir()
	client, err := updater.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	client.UnsafeSetRefTime(c.now())
	return client, client.Refresh()
}

// fetch gives the unpacked bytes of a version.
func (c *reader) fetch(t *testing.T, dir, version string) ([]byte, error) {
	t.Helper()
	client, err := c.refresh(t, dir)
	if err != nil {
		return nil, err
	}
	info, err := client.GetTargetInfo(TargetPath(version, "linux-amd64"))
	if err != nil {
		return nil, err
	}
	_, packed, err := client.DownloadTarget(info, "", "")
	if err != nil {
		return nil, err
	}
	d, err := zstd.NewReader(nil, zstd.WithDecoderMaxWindow(window))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	return d.DecodeAll(packed, nil)
}

// has tells whether the reader gets the bytes of a version; anything but those bytes or a refusal fails the test.
func (c *reader) has(t *testing.T, dir, version string) bool {
	t.Helper()
	got, err := c.fetch(t, dir, version)
	if err == nil && !bytes.Equal(got, body(version)) {
		t.Fatalf("%s: other bytes came", version)
	}
	return err == nil
}

func publicOf(keys ...ed25519.PrivateKey) []ed25519.PublicKey {
	list := make([]ed25519.PublicKey, len(keys))
	for i, k := range keys {
		list[i] = Public(k)
	}
	return list
}

// files are all files under a folder, by their path from it.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		all[name], err = os.ReadFile(filepath.Join(dir, name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestReader: the library's own client takes each release, and gives back the same bytes.
func TestReader(t *testing.T) {
	w := newWorld(t)
	c := newReader(t, w)
	if _, err := c.refresh(t, w.Dir); err == nil {
		t.Error("a repository without a release was taken")
	}
	for _, version := range []string{"1.4.0", "1.5.0-beta.2", "1.5.0"} {
		w.add(t, version)
		if !c.has(t, w.Dir, version) || !newReader(t, w).has(t, w.Dir, version) {
			t.Errorf("%s is not taken", version)
		}
	}
	if !c.has(t, w.Dir, "1.4.0") {
		t.Error("the first release is gone")
	}
	if c.has(t, w.Dir, "9.9.9") {
		t.Error("a release came of nothing")
	}
}

// TestReader_oneByte: whichever file of the newest state has one byte changed, nobody takes it.
func TestReader_oneByte(t *testing.T) {
	w := newWorld(t)
	w.add(t, "1.4.0")
	all := files(t, w.Dir)
	if len(all) != 5 {
		t.Fatalf("%d files", len(all))
	}
	for name, text := range all {
		fresh := newReader(t, w)
		// Without the blank space of the metadata, which the signature does not cover (canonical JSON): a letter of a value.
		place := len(text) / 2
		if strings.HasSuffix(name, ".json") {
			place = bytes.Index(text, []byte(`"expires": "2`)) + len(`"expires": "2`)
		}
		changed := bytes.Clone(text)
		changed[place] ^= 1
		file := filepath.Join(w.Dir, name)
		if err := os.WriteFile(file, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := fresh.fetch(t, w.Dir, "1.4.0")
		// The first root is not fetched: the reader has it of its package.
		if own := name == "metadata/1.root.json"; (err == nil) != own {
			t.Errorf("%s changed at %d: %v", name, place, err)
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if !fresh.has(t, w.Dir, "1.4.0") {
			t.Errorf("%s restored, and not taken", name)
		}
	}
}

// TestReader_old: who has seen a newer state does not take an older one, and nobody takes one that nobody refreshed.
func TestReader_old(t *testing.T) {
	w := newWorld(t)
	w.add(t, "1.4.0")
	before := t.TempDir()
	if err := os.CopyFS(before, os.DirFS(w.Dir)); err != nil {
		t.Fatal(err)
	}
	w.add(t, "1.5.0")
	c := newReader(t, w)
	if !c.has(t, w.Dir, "1.5.0") {
		t.Fatal("not taken")
	}
	if c.has(t, before, "1.4.0") {
		t.Error("an older state was taken")
	}
	w.pass(DefaultTerms().Timestamp - time.Hour)
	if !c.has(t, w.Dir, "1.5.0") {
		t.Error("refused before its time")
	}
	w.pass(2 * time.Hour)
	if c.has(t, w.Dir, "1.5.0") {
		t.Error("taken after its time")
	}
	if err := w.reopen(t).Refresh(w.Release); err != nil {
		t.Fatal(err)
	}
	if !c.has(t, w.Dir, "1.5.0") {
		t.Error("refused though refreshed")
	}
}
