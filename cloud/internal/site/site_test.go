package site

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func TestServe(t *testing.T) {
	pages, err := serve(fstest.MapFS{
		"index.html":          {Data: []byte("<title>cabinet</title>")},
		"assets/main-4f1c.js": {Data: []byte(strings.Repeat("console.log(1);", 100))},
		"sw.js":               {Data: []byte("1")},
		".built":              {Data: []byte("stamp")},
	})
	if err != nil {
		t.Fatal(err)
	}
	const immutable, anew = "public, max-age=31536000, immutable", "no-cache"
	for _, c := range []struct {
		path   string
		status int
		cache  string
		kind   string
	}{
		{"/", 200, anew, "text/html; charset=utf-8"},
		{"/tills/abc", 200, anew, "text/html; charset=utf-8"},
		{"/assets/main-4f1c.js", 200, immutable, "text/javascript; charset=utf-8"},
		{"/sw.js", 200, anew, "text/javascript; charset=utf-8"},
		{"/assets/main-0000.js", 404, "", ""},
		{"/favicon.png", 404, "", ""},
		{"/.built", 404, "", ""},
		{"/cabinet.v1.FleetService/Nothing", 404, "", ""},
	} {
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, httptest.NewRequest(http.MethodGet, c.path, nil))
		if w.Code != c.status {
			t.Errorf("%s: status %d, want %d", c.path, w.Code, c.status)
			continue
		}
		if c.status == 200 && (w.Header().Get("Cache-Control") != c.cache || w.Header().Get("Content-Type") != c.kind) {
			t.Errorf("%s: %v", c.path, w.Header())
		}
	}
	t.Run("packed for those who take it", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodGet, "/assets/main-4f1c.js", nil)
		r.Header.Set("Accept-Encoding", "gzip, br")
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, r)
		if w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() > 200 {
			t.Errorf("%v, %d bytes", w.Header(), w.Body.Len())
		}
	})
	t.Run("only reading", func(t *testing.T) {
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
		if w.Code != http.StatusMethodNotAllowed {
			t.Errorf("status %d", w.Code)
		}
	})
}

func TestServe_notBuilt(t *testing.T) {
	pages, err := serve(fstest.MapFS{".keep": {}})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	pages.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "make build") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestNew(t *testing.T) {
	if _, err := New(); err != nil {
		t.Fatal(err)
	}
}
