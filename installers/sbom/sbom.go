// Package sbom lists what a program is made of, as CycloneDX 1.5 in JSON
// (https://cyclonedx.org/docs/1.5/json/), so that a shop or its auditors can
// hold it against lists of known weaknesses.
//
// The list is not made of what go.mod allows but of what the linker wrote into
// the finished program (runtime/debug.BuildInfo), and of package-lock.json for
// the pages inside the cabinet. The same program gives the same bytes: there is
// no random serial number, and the time is the commit's.
//
// It says nothing of licences and nothing of C libraries that a program loads
// when it starts; those are dependencies of the package.
package sbom

import (
	"bytes"
	"cmp"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// Document is what is listed.
type Document struct {
	// Name and Version are the package's.
	Name, Version string
	// Time is when what it was made of was made.
	Time time.Time
	// Binary is the file of the program.
	Binary string
	// Lock is the text of package-lock.json, for a program with pages inside.
	Lock []byte
}

type bom struct {
	Schema       string       `json:"$schema"`
	Format       string       `json:"bomFormat"`
	Spec         string       `json:"specVersion"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Timestamp string    `json:"timestamp"`
	Component component `json:"component"`
}

type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Group      string     `json:"group,omitempty"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	Hashes     []hash     `json:"hashes,omitempty"`
	PURL       string     `json:"purl,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref string   `json:"ref"`
	On  []string `json:"dependsOn"`
}

// JSON makes the list.
func (d Document) JSON() ([]byte, error) {
	info, err := buildinfo.ReadFile(d.Binary)
	if err != nil {
		return nil, fmt.Errorf("read what %s is made of: %w", d.Binary, err)
	}
	parts := modules(info)
	if d.Lock != nil {
		pages, err := npm(d.Lock)
		if err != nil {
			return nil, err
		}
		parts = append(parts, pages...)
	}
	slices.SortFunc(parts, func(a, b component) int { return cmp.Compare(a.Ref, b.Ref) })
	parts = slices.CompactFunc(parts, func(a, b component) bool { return a.Ref == b.Ref })
	whole := component{Type: "application", Ref: "pkg:generic/" + d.Name + "@" + url.PathEscape(d.Version), Name: d.Name, Version: d.Version}
	whole.PURL = whole.Ref
	for _, s := range info.Settings {
		switch s.Key {
		case "GOOS", "GOARCH", "GOARM", "GOAMD64", "CGO_ENABLED", "-tags":
			whole.Properties = append(whole.Properties, property{"cdx:gomod:build:env:" + s.Key, s.Value})
		}
	}
	on := make([]string, len(parts))
	for i := range parts {
		on[i] = parts[i].Ref
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err = e.Encode(bom{
		Schema: "http://cyclonedx.org/schema/bom-1.5.schema.json", Format: "CycloneDX", Spec: "1.5", Version: 1,
		Metadata:     metadata{d.Time.UTC().Format(time.RFC3339), whole},
		Components:   parts,
		Dependencies: []dependency{{whole.Ref, on}},
	})
	return out.Bytes(), err
}

// modules are the Go modules linked in, and the standard library.
func modules(info *debug.BuildInfo) []component {
	std := strings.TrimPrefix(info.GoVersion, "go")
	if version, _, found := strings.Cut(std, " "); found { // "1.26.0 X:experiment"
		std = version
	}
	out := []component{{Type: "library", Ref: "pkg:golang/std@" + std, Name: "std", Version: std, PURL: "pkg:golang/std@" + std}}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		ref := "pkg:golang/" + m.Path + "@" + m.Version
		c := component{Type: "library", Ref: ref, Name: m.Path, Version: m.Version, PURL: ref}
		// A module's sum is that of a list of its files, not of one file, so it
		// must not stand among the hashes.
		if m.Sum != "" {
			c.Properties = []property{{"cdx:gomod:sum", m.Sum}}
		}
		out = append(out, c)
	}
	return out
}

// npm are the packages that pages are built of; those that only build or test
// them stay outside.
func npm(lock []byte) ([]component, error) {
	var file struct {
		Version  int `json:"lockfileVersion"`
		Packages map[string]struct {
			Version   string `json:"version"`
			Integrity string `json:"integrity"`
			Dev       bool   `json:"dev"`
			DevOpt    bool   `json:"devOptional"`
		} `json:"packages"`
	}
	if err := json.Unmarshal(lock, &file); err != nil {
		return nil, fmt.Errorf("read package-lock.json: %w", err)
	}
	if file.Version != 2 && file.Version != 3 {
		return nil, fmt.Errorf("read package-lock.json: format %d is not known", file.Version)
	}
	var out []component
	for place, p := range file.Packages {
		if place == "" || p.Dev || p.DevOpt {
			continue
		}
		name := place[strings.LastIndex(place, "node_modules/")+len("node_modules/"):]
		c := component{Type: "library", Name: name, Version: p.Version}
		if group, base, scoped := strings.Cut(name, "/"); scoped {
			c.Group, c.Name = group, base
			c.Ref = "pkg:npm/" + strings.Replace(group, "@", "%40", 1) + "/" + base + "@" + p.Version
		} else {
			c.Ref = "pkg:npm/" + name + "@" + p.Version
		}
		c.PURL = c.Ref
		if text, found := strings.CutPrefix(p.Integrity, "sha512-"); found {
			sum, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return nil, fmt.Errorf("read package-lock.json: integrity of %s: %w", name, err)
			}
			c.Hashes = []hash{{"SHA-512", hex.EncodeToString(sum)}}
		}
		out = append(out, c)
	}
	return out, nil
}
