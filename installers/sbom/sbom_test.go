package sbom

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

const lock = `{"lockfileVersion": 3, "packages": {
	"": {"name": "web", "dependencies": {"react": "19.0.0"}},
	"node_modules/react": {"version": "19.0.0", "integrity": "sha512-AQID"},
	"node_modules/@scope/a": {"version": "1.0.0"},
	"node_modules/react/node_modules/@scope/a": {"version": "0.9.0"},
	"node_modules/vite": {"version": "8.0.0", "dev": true}
}}`

// TestDocument_JSON lists this test itself: a Go program with modules.
func TestDocument_JSON(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	d := Document{Name: "chekan-agent", Version: "1.2.3~beta.1", Time: time.Unix(1772600767, 0), Binary: exe, Lock: []byte(lock)}
	text, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	again, err := d.JSON()
	if err != nil || !bytes.Equal(text, again) {
		t.Errorf("not the same twice (%v)", err)
	}
	var got bom
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.Format != "CycloneDX" || got.Spec != "1.5" || got.Metadata.Timestamp != "2026-03-04T05:06:07Z" || got.Metadata.Component.Name != "chekan-agent" {
		t.Errorf("got %+v", got.Metadata)
	}
	var refs []string
	for _, c := range got.Components {
		refs = append(refs, c.Ref)
		if c.Ref == "pkg:npm/react@19.0.0" && (len(c.Hashes) != 1 || c.Hashes[0].Content != "010203") {
			t.Errorf("react: %+v", c.Hashes)
		}
	}
	for _, want := range []string{"pkg:npm/react@19.0.0", "pkg:npm/%40scope/a@1.0.0", "pkg:npm/%40scope/a@0.9.0"} {
		if !slices.Contains(refs, want) {
			t.Errorf("no %s in %v", want, refs)
		}
	}
	if !slices.ContainsFunc(refs, func(r string) bool { return strings.HasPrefix(r, "pkg:golang/std@1.") }) {
		t.Errorf("no standard library in %v", refs)
	}
	if slices.ContainsFunc(refs, func(r string) bool { return strings.Contains(r, "vite") }) {
		t.Error("what only builds the pages is listed")
	}
	if !slices.Equal(got.Dependencies[0].On, refs) {
		t.Error("the program does not depend on all of its parts")
	}
}

func TestDocument_JSON_refuses(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]Document{
		"no program":       {Binary: "sbom_test.go"},
		"a torn lock file": {Binary: exe, Lock: []byte("{")},
		"an unknown lock":  {Binary: exe, Lock: []byte(`{"lockfileVersion": 1}`)},
		"a bad sum":        {Binary: exe, Lock: []byte(`{"lockfileVersion": 3, "packages": {"node_modules/a": {"integrity": "sha512-!"}}}`)},
	} {
		if _, err := d.JSON(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
