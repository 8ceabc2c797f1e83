package updates

import (
	"crypto/ed25519"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	"github.com/chekan-io/chekan/installers/release/repository"
)

func copied(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

func publicOf(keys []ed25519.PrivateKey) []ed25519.PublicKey {
	list := make([]ed25519.PublicKey, len(keys))
	for i, k := range keys {
		list[i] = repository.Public(k)
	}
	return list
}

func rewrite(t *testing.T, file, old, with string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s has no %q", file, old)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), old, with, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func binary(t *testing.T, dir, version string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "targets/agent", version, "linux-amd64/*.zst"))
	if err != nil || len(found) != 1 {
		t.Fatalf("binaries of %s: %v, %v", version, found, err)
	}
	return found[0]
}

// What is not signed as it should be is refused with a sentence, and what was there stays.
func TestImport_refusals(t *testing.T) {
	c := storetest.NewClock()
	d := publisher(t, c.Now)
	first := copied(t, d.Dir)
	add(t, d, "1.6.0", repository.Release{Channel: ChannelBeta})
	stranger := publisher(t, c.Now)
	for _, bad := range []struct {
		name string
		make func(dir string) string
		late time.Duration
		want string
	}{
		{name: "a changed word in the metadata", want: "изменено после подписи", make: func(dir string) string {
			rewrite(t, filepath.Join(dir, "metadata/timestamp.json"), `"version": 3`, `"version": 4`)
			return dir
		}},
		{name: "changed targets", want: "не подходят друг к другу", make: func(dir string) string {
			rewrite(t, filepath.Join(dir, "metadata/3.targets.json"), "Что нового", "Что ново!")
			return dir
		}},
		{name: "no metadata at all", want: "испорчены", make: func(dir string) string {
			rewrite(t, filepath.Join(dir, "metadata/timestamp.json"), "{", "")
			return dir
		}},
		{name: "a changed binary", want: "не тот, что подписан", make: func(dir string) string {
			if err := os.WriteFile(binary(t, dir, "1.6.0"), []byte("something else"), 0o600); err != nil {
				t.Fatal(err)
			}
			return dir
		}},
		{name: "a missing binary", want: "нет подписанного файла", make: func(dir string) string {
			if err := os.Remove(binary(t, dir, "1.6.0")); err != nil {
				t.Fatal(err)
			}
			return dir
		}},
		{name: "expired", want: "просрочены", late: 60 * 24 * time.Hour, make: func(dir string) string { return dir }},
		{name: "an older state", want: "старше", make: func(string) string { return first }},
		{name: "another publisher", want: "другого издателя", make: func(string) string { return stranger.Dir }},
		{name: "mixed with an older state", want: "не подходят друг к другу", make: func(dir string) string {
			text, err := os.ReadFile(filepath.Join(dir, "metadata/2.snapshot.json"))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "metadata/3.snapshot.json"), text, 0o600); err != nil {
				t.Fatal(err)
			}
			return dir
		}},
		{name: "an empty folder", want: "нет хранилища", make: func(string) string { return t.TempDir() }},
	} {
		t.Run(bad.name, func(t *testing.T) {
			now := storetest.NewClock()
			r := NewReleases(t.TempDir(), now.Now)
			before := first
			if bad.name == "an older state" {
				before = d.Dir
			}
			if _, err := r.Import(t.Context(), before, nil); err != nil {
				t.Fatal(err)
			}
			list, _, err := r.List()
			if err != nil {
				t.Fatal(err)
			}
			now.Pass(bad.late)
			_, err = r.Import(t.Context(), bad.make(copied(t, d.Dir)), nil)
			var refusal *Refusal
			if !errors.As(err, &refusal) || !strings.Contains(refusal.Text, bad.want) {
				t.Errorf("got %v, want a sentence with %q", err, bad.want)
			}
			after, _, err := r.List()
			if err != nil || len(after) != len(list) {
				t.Errorf("afterwards: %v, %v", after, err)
			}
		})
	}
}

func TestImport(t *testing.T) {
	c := storetest.NewClock()
	d := publisher(t, c.Now)
	r := NewReleases(t.TempDir(), c.Now)
	if list, _, err := r.List(); err != nil || len(list) != 0 {
		t.Fatalf("before the import: %v, %v", list, err)
	}
	root, err := os.ReadFile(filepath.Join(d.Dir, "metadata/1.root.json"))
	if err != nil {
		t.Fatal(err)
	}
	var refusal *Refusal
	if _, err := r.Import(t.Context(), d.Dir, []byte("another root")); !errors.As(err, &refusal) {
		t.Errorf("another root than was said: %v", err)
	}
	for range 2 { // the second time there is nothing new
		if _, err := r.Import(t.Context(), d.Dir, root); err != nil {
			t.Fatal(err)
		}
	}
	add(t, d, "1.10.0-beta.1", repository.Release{Channel: ChannelBeta})
	// Rotated keys are followed.
	key, err := repository.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Repository.Rotate(repository.Roots{Keys: publicOf(d.Roots), Threshold: 2}, repository.Public(key)); err != nil {
		t.Fatal(err)
	}
	if err := d.Repository.SignRoot(d.Roots[0]); !errors.Is(err, repository.ErrPending) {
		t.Errorf("one signature of two: %v", err)
	}
	if err := d.Repository.SignRoot(d.Roots[2]); err != nil {
		t.Fatal(err)
	}
	if err := d.Repository.Refresh(d.Release); !errors.Is(err, repository.ErrKey) {
		t.Errorf("the old release key signs: %v", err)
	}
	if err := d.Repository.Refresh(key); err != nil {
		t.Fatal(err)
	}
	done, err := r.Import(t.Context(), d.Dir, nil)
	if err != nil || done.Binaries != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	list, until, err := r.List()
	if err != nil || len(list) != 3 || list[0].Version != "1.10.0-beta.1" || list[0].Channel != ChannelBeta || list[2].Notes != "Что нового в 1.4.0" || !until.After(c.Now()) {
		t.Errorf("releases %+v until %v, %v", list, until, err)
	}
	c.Pass(400 * 24 * time.Hour)
	if _, found, err := r.Find("1.5.0"); !found || !errors.Is(err, ErrExpired) {
		t.Errorf("a year later: %v, %v", found, err)
	}
}

// Files are given out in ranges, and nothing but files of releases is.
func TestServe(t *testing.T) {
	c := storetest.NewClock()
	d := publisher(t, c.Now)
	dir := t.TempDir()
	r := NewReleases(dir, c.Now)
	if _, err := r.Import(t.Context(), d.Dir, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "metadata/secret.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	get := func(path, span string) *httptest.ResponseRecorder {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/x", nil)
		req.URL.Path = path // as it came, not cleaned
		req.Header.Set("Range", span)
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		return w
	}
	file, err := filepath.Rel(dir, binary(t, dir, "1.4.0"))
	if err != nil {
		t.Fatal(err)
	}
	whole := get("/"+file, "").Body.String()
	if part := get("/"+file, "bytes=5-"); part.Code != http.StatusPartialContent || part.Body.String() != whole[5:] {
		t.Errorf("a range: %d %q of %q", part.Code, part.Body, whole)
	}
	if w := get("/metadata/timestamp.json", ""); w.Code != http.StatusOK {
		t.Errorf("timestamp: %d", w.Code)
	}
	for _, path := range []string{"/", "/metadata", "/metadata/", "/metadata/secret.json", "/targets/../metadata/timestamp.json", "/../cabinet.db", "/metadata/../../cabinet.db", "/metadata/0.root.json", "/metadata/9.root.json", "//etc/passwd"} {
		if w := get(path, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
