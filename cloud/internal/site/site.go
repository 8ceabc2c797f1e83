// Package site serves the cabinet's pages, which are built from cloud/web into the folder dist and travel inside the
// program. In git that folder is empty, so that the program builds without Node: it then shows a placeholder page that says how
// to build the real ones.
//
// Files under assets/ have a hash in their names and never change: browsers keep them for ever. Everything else is asked for
// anew each time. An address that is no file belongs to the application, which shows its page by itself.
//
// It does not know who is signed in: the pages are the same for everybody, and what they show comes through package api.
package site

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// The folder's .keep lets it be embedded while it is empty.
//
//go:embed all:dist
var dist embed.FS

//go:embed placeholder.html
var placeholder []byte

// file is a page or asset ready to be sent.
type file struct {
	plain, packed []byte
	kind, cache   string
}

// New gives a handler of the pages that were built in.
func New() (http.Handler, error) {
	root, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, fmt.Errorf("open pages: %w", err)
	}
	return serve(root)
}

func serve(root fs.FS) (http.Handler, error) {
	files := map[string]*file{}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(path.Base(name), ".") {
			return err
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		files["/"+name] = prepare(name, text)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read pages: %w", err)
	}
	index := files["/index.html"]
	if index == nil {
		index = prepare("index.html", placeholder)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, ".v1.") { // a method that does not exist must not look like a page
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		f := files[r.URL.Path]
		if f == nil {
			if strings.HasPrefix(r.URL.Path, "/assets/") || path.Ext(r.URL.Path) != "" { // nor must a missing file
				http.NotFound(w, r)
				return
			}
			f = index
		}
		f.send(w, r)
	}), nil
}

func prepare(name string, text []byte) *file {
	f := &file{plain: text, kind: mime.TypeByExtension(path.Ext(name)), cache: "no-cache"}
	switch path.Ext(name) { // a system's own table may lack these
	case ".webmanifest":
		f.kind = "application/manifest+json"
	case ".js":
		f.kind = "text/javascript; charset=utf-8"
	case ".woff2":
		f.kind = "font/woff2"
	case "":
		f.kind = "application/octet-stream"
	}
	if strings.HasPrefix(name, "assets/") {
		f.cache = "public, max-age=31536000, immutable"
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write(text)
	if err == nil && z.Close() == nil && packed.Len() < len(text)*9/10 {
		f.packed = packed.Bytes()
	}
	return f
}

func (f *file) send(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", f.cache)
	text := f.plain
	if f.packed != nil {
		h.Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			text = f.packed
		}
	}
	h.Set("Content-Length", fmt.Sprint(len(text)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(text) // a reader that has left need not be told
	}
}
