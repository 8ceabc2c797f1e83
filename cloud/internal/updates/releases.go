package updates

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Channels of releases.
const (
	ChannelStable = "stable"
	ChannelBeta   = "beta"
)

// Release is a version the cabinet can bring.
type Release struct {
	Version, Channel, Notes string
	// Platforms are goos-goarch, in order.
	Platforms []string
	Signed    time.Time
}

// Releases is the folder of the signed releases. Safe for concurrent use; another process may import into the folder meanwhile.
type Releases struct {
	dir string
	now func() time.Time

	mu      sync.Mutex
	stamp   fileStamp
	list    []Release
	expires time.Time
}

// fileStamp tells whether timestamp.json, the only file that is replaced, is the one that was read.
type fileStamp struct {
	size     int64
	modified time.Time
}

// NewReleases gives the releases of a folder, which need not be there yet.
func NewReleases(dir string, now func() time.Time) *Releases {
	return &Releases{dir: dir, now: now}
}

// List gives the releases, newest version first, and until when their signatures hold. Without an import there are none.
func (r *Releases) List() ([]Release, time.Time, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	info, err := os.Stat(filepath.Join(r.dir, metadataDir, timestampJS))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, time.Time{}, nil
	} else if err != nil {
		return nil, time.Time{}, fmt.Errorf("look for releases: %w", err)
	}
	stamp := fileStamp{info.Size(), info.ModTime()}
	if stamp == r.stamp {
		return r.list, r.expires, nil
	}
	// Expired ones are shown too, with their age: nobody is offered them.
	chain, err := verify(r.dir, nil, time.Time{})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read releases: %w", err)
	}
	list, err := releases(chain.targets())
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read releases: %w", err)
	}
	r.stamp, r.list, r.expires = stamp, list, chain.expires()
	return list, r.expires, nil
}

// Find gives one version; false when there is none. It fails when the signatures have expired.
func (r *Releases) Find(version string) (Release, bool, error) {
	list, expires, err := r.List()
	if err != nil {
		return Release{}, false, err
	}
	for _, release := range list {
		if release.Version == version {
			if !r.now().Before(expires) {
				return release, true, ErrExpired
			}
			return release, true, nil
		}
	}
	return Release{}, false, nil
}

// custom is what is signed of a binary beside its length and hash.
type custom struct {
	Version    string `json:"version"`
	Channel    string `json:"channel"`
	Platform   string `json:"platform"`
	Notes      string `json:"notes"`
	ReleasedMS int64  `json:"released_ms"`
}

var targetForm = regexp.MustCompile(`^agent/([0-9A-Za-z.-]{1,64})/([a-z0-9]+-[a-z0-9]+)/chekan-agent(\.exe)?\.zst$`)

// releases makes the list of what the metadata names.
func releases(targets map[string]*metadata.TargetFiles) ([]Release, error) {
	byVersion := map[string]*Release{}
	for _, name := range slices.Sorted(sortedKeys(targets)) {
		parts := targetForm.FindStringSubmatch(name)
		if parts == nil {
			continue // not of agents
		}
		var c custom
		if t := targets[name]; t.Custom != nil {
			if err := json.Unmarshal(*t.Custom, &c); err != nil {
				return nil, &Refusal{Text: "Сведения о выпуске " + name + " испорчены.", Err: err}
			}
		}
		version, platform := parts[1], parts[2]
		if c.Version != version || c.Platform != platform || !form.MatchString(version) || c.Channel != ChannelStable && c.Channel != ChannelBeta {
			return nil, &Refusal{Text: fmt.Sprintf("Выпуск %s подписан как версия %q для %q в канале %q: так не бывает.", name, c.Version, c.Platform, c.Channel)}
		}
		release := byVersion[version]
		if release == nil {
			release = &Release{Version: version, Channel: c.Channel, Notes: c.Notes, Signed: time.UnixMilli(c.ReleasedMS)}
			byVersion[version] = release
		}
		if release.Channel != c.Channel {
			return nil, &Refusal{Text: fmt.Sprintf("Версия %s выпущена в двух каналах сразу.", version)}
		}
		release.Platforms = append(release.Platforms, platform)
	}
	list := make([]Release, 0, len(byVersion))
	for _, release := range byVersion {
		list = append(list, *release)
	}
	sort.Slice(list, func(i, j int) bool { return newer(list[i].Version, list[j].Version) })
	return list, nil
}

func sortedKeys(targets map[string]*metadata.TargetFiles) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for name := range targets {
			if !yield(name) {
				return
			}
		}
	}
}

// served are the names that are given out; nothing else of the folder is.
var served = regexp.MustCompile(`^(metadata/(timestamp|[1-9][0-9]*\.(root|targets|snapshot))\.json|targets/agent/[0-9A-Za-z.-]{1,64}/[a-z0-9]+-[a-z0-9]+/[0-9a-f]{64}\.chekan-agent(\.exe)?\.zst)$`)

// ServeHTTP gives a file of the folder: metadata/… and targets/…, whole or in ranges. Whoever may ask was looked at before.
func (r *Releases) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	name := strings.TrimPrefix(req.URL.Path, "/")
	if !served.MatchString(name) || path.Clean(name) != name {
		http.NotFound(w, req)
		return
	}
	root, err := os.OpenRoot(r.dir) // nothing leads out of it, not even a link
	if err != nil {
		http.NotFound(w, req)
		return
	}
	defer root.Close()
	f, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		http.NotFound(w, req)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		http.NotFound(w, req)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(w, req, "", info.ModTime(), f)
}
