package repository

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

const (
	// window bounds the memory that unpacking takes on a till's computer, bytes.
	window = 8 << 20
	// maxNotes bounds what is said of a release: every agent fetches it with the metadata.
	maxNotes = 4 << 10
)

// Target is what is signed of one binary beside the hash and length of its file.
type Target struct {
	// Version is a semantic version: 1.4.0, 1.5.0-beta.2.
	Version string `json:"version"`
	// Channel is stable or beta.
	Channel string `json:"channel"`
	// Platform is goos-goarch.
	Platform string `json:"platform"`
	// Writes is the number of the journal format it writes; Reads are the oldest and the newest it reads.
	Writes int    `json:"journal_writes"`
	Reads  [2]int `json:"journal_reads"`
	// SHA256 and Size are of the unpacked binary.
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
	// Notes say what is new, in Russian.
	Notes string `json:"notes"`
	// ReleasedMS is when it was signed, Unix ms.
	ReleasedMS int64 `json:"released_ms"`
}

// Release is what Add brings.
type Release struct {
	// Version, Channel, Notes, Writes and Reads are as in [Target].
	Version, Channel, Notes string
	Writes                  int
	Reads                   [2]int
	// Binaries are files by platform: linux-amd64, windows-amd64.
	Binaries map[string]string
}

// versionForm is a semantic version without build metadata (semver.org 2.0.0): it becomes the name of a folder.
var versionForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})(-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?$`)

var platformForm = regexp.MustCompile(`^[a-z0-9]+-[a-z0-9]+$`)

func (a *Release) check() error {
	switch {
	case len(a.Version) > 64 || !versionForm.MatchString(a.Version):
		return fmt.Errorf("add: %q is no semantic version", a.Version)
	case a.Channel != "stable" && a.Channel != "beta":
		return fmt.Errorf("add: channel %q is neither stable nor beta", a.Channel)
	case a.Channel == "stable" && strings.Contains(a.Version, "-"):
		return fmt.Errorf("add: %s is a pre-release; channel stable takes releases", a.Version)
	case a.Writes < 1 || a.Reads[0] < 1 || a.Writes < a.Reads[0] || a.Writes > a.Reads[1]:
		return fmt.Errorf("add: it writes journal format %d and reads %d to %d: it must read what it writes", a.Writes, a.Reads[0], a.Reads[1])
	case len(a.Notes) > maxNotes:
		return fmt.Errorf("add: notes of %d bytes; at most %d", len(a.Notes), maxNotes)
	case len(a.Binaries) == 0:
		return errors.New("add: no binary")
	}
	for platform := range a.Binaries {
		if !platformForm.MatchString(platform) {
			return fmt.Errorf("add: %q is no platform like linux-amd64", platform)
		}
	}
	return nil
}

// TargetPath is the name of a binary in the metadata.
func TargetPath(version, platform string) string {
	file := "chekan-agent"
	if strings.HasPrefix(platform, "windows-") {
		file += ".exe"
	}
	return path.Join("agent", version, platform, file+".zst")
}

// Add packs the binaries of a release, and signs. What was added is never replaced, not even after
// it was withdrawn: a version stands for one set of bytes. A platform that was built later joins under the same terms.
func (r *Repository) Add(release ed25519.PrivateKey, a Release) error {
	if err := a.check(); err != nil {
		return err
	}
	if err := r.ready(release); err != nil {
		return err
	}
	before, err := r.history(a.Version)
	if err != nil {
		return err
	}
	added := map[string]*metadata.TargetFiles{}
	for platform, file := range a.Binaries {
		name := TargetPath(a.Version, platform)
		if r.targets != nil && r.targets.Signed.Targets[name] != nil {
			return fmt.Errorf("add: %s for %s is released already", a.Version, platform)
		}
		binary, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("add: %w", err)
		}
		if len(binary) == 0 {
			return fmt.Errorf("add: %s is empty", file)
		}
		sum := sha256.Sum256(binary)
		target := Target{
			Version: a.Version, Channel: a.Channel, Platform: platform, Writes: a.Writes, Reads: a.Reads, Notes: a.Notes,
			SHA256: hex.EncodeToString(sum[:]), Size: int64(len(binary)), ReleasedMS: r.now().UnixMilli(),
		}
		if err := target.joins(before); err != nil {
			return err
		}
		if added[name], err = r.pack(name, target, binary); err != nil {
			return err
		}
	}
	if r.targets == nil {
		r.targets = metadata.Targets()
		r.targets.Signed.Version = 0
	}
	for name, t := range added {
		r.targets.Signed.Targets[name] = t
	}
	return r.publish(release, true)
}

// history gives whatever was ever signed of a version. Targets that no timestamp named, left by a run that was cut, do not count.
func (r *Repository) history(version string) ([]Target, error) {
	var list []Target
	if r.targets == nil {
		return nil, nil
	}
	for n := int64(1); n <= r.targets.Signed.Version; n++ {
		old := metadata.Targets()
		if _, err := old.FromFile(r.meta(versioned(n, targetsJS))); errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, fmt.Errorf("add: targets %d: %w", n, err)
		}
		for name, file := range old.Signed.Targets {
			if !strings.HasPrefix(name, "agent/"+version+"/") || file.Custom == nil {
				continue
			}
			var t Target
			if err := json.Unmarshal(*file.Custom, &t); err != nil {
				return nil, fmt.Errorf("add: targets %d: %s: %w", n, name, err)
			}
			list = append(list, t)
		}
	}
	return list, nil
}

// joins refuses a binary that would give a version a second meaning.
func (t *Target) joins(before []Target) error {
	for _, old := range before {
		switch {
		case old.Channel != t.Channel || old.Writes != t.Writes || old.Reads != t.Reads:
			return fmt.Errorf("add: %s was released on channel %s, writing journal format %d and reading %d to %d: a platform joins under the same terms",
				t.Version, old.Channel, old.Writes, old.Reads[0], old.Reads[1])
		case old.Platform == t.Platform && old.SHA256 != t.SHA256:
			return fmt.Errorf("add: %s for %s was released with other bytes: a version is never given out twice", t.Version, t.Platform)
		}
	}
	return nil
}

// pack writes the file of a target.
func (r *Repository) pack(name string, target Target, binary []byte) (*metadata.TargetFiles, error) {
	var packed bytes.Buffer
	// One thread and a fixed window: the same binary gives the same file everywhere.
	w, err := zstd.NewWriter(&packed, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(window), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", name, err)
	}
	_, err = w.Write(binary)
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("pack %s: %w", name, err)
	}
	file, err := metadata.TargetFile().FromBytes(name, packed.Bytes(), "sha256")
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", name, err)
	}
	text, err := json.Marshal(target)
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", name, err)
	}
	file.Custom = (*json.RawMessage)(&text)
	place := filepath.Join(r.dir, targetsDir, filepath.FromSlash(path.Dir(name)), file.Hashes["sha256"].String()+"."+path.Base(name))
	if err := write(place, packed.Bytes()); err != nil {
		return nil, fmt.Errorf("pack %s: %w", name, err)
	}
	return file, nil
}

// Withdraw takes a version out of the metadata; its files stay. Agents that run it keep it, nobody is given it any more.
func (r *Repository) Withdraw(release ed25519.PrivateKey, version string) error {
	if err := r.ready(release); err != nil {
		return err
	}
	if !versionForm.MatchString(version) {
		return fmt.Errorf("withdraw: %q is no semantic version", version)
	}
	found := false
	if r.targets != nil {
		for name := range r.targets.Signed.Targets {
			if strings.HasPrefix(name, "agent/"+version+"/") {
				delete(r.targets.Signed.Targets, name)
				found = true
			}
		}
	}
	if !found {
		return fmt.Errorf("withdraw: %s is not released", version)
	}
	return r.publish(release, true)
}

// Refresh signs a new timestamp, and whatever else is past half of its term or
// was signed by a key that counts no more.
func (r *Repository) Refresh(release ed25519.PrivateKey) error {
	if err := r.ready(release); err != nil {
		return err
	}
	if r.targets == nil {
		return errors.New("refresh: nothing is released yet")
	}
	return r.publish(release, false)
}

// ready tells whether the key may sign.
func (r *Repository) ready(release ed25519.PrivateKey) error {
	if r.root == nil {
		return ErrPending
	}
	if !r.now().Before(r.root.Signed.Expires) {
		return fmt.Errorf("root %d held until %s: rotate, nobody believes what is signed under it", r.root.Signed.Version, r.root.Signed.Expires.Format(time.DateOnly))
	}
	for _, role := range []string{metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP} {
		if !names(r.root, role, Public(release)) {
			return fmt.Errorf("%s: %w", role, ErrKey)
		}
	}
	return nil
}

// stale tells whether signatures should be renewed.
func (r *Repository) stale(role string, m any, expires time.Time, term time.Duration) bool {
	return r.now().Add(term/2).After(expires) || r.root.VerifyDelegate(role, m) != nil
}

// publish signs what is needed. What could not be written is forgotten: the folder is what counts.
func (r *Repository) publish(k ed25519.PrivateKey, changed bool) error {
	err := r.renew(k, changed)
	if err != nil {
		return errors.Join(err, r.load())
	}
	return nil
}

// renew signs targets when they changed or are stale, and everything that stands above them.
func (r *Repository) renew(k ed25519.PrivateKey, changed bool) error {
	if changed || r.stale(metadata.TARGETS, r.targets, r.targets.Signed.Expires, r.terms.Targets) {
		changed = true
		r.targets.Signed.Version++
		r.targets.Signed.Expires = r.expires(r.terms.Targets)
		if err := put(r.targets, k, r.meta(versioned(r.targets.Signed.Version, targetsJS))); err != nil {
			return err
		}
	}
	if r.snapshot == nil {
		r.snapshot = metadata.Snapshot()
		r.snapshot.Signed.Version = 0
	}
	if changed || r.stale(metadata.SNAPSHOT, r.snapshot, r.snapshot.Signed.Expires, r.terms.Snapshot) {
		r.snapshot.Signed.Version++
		r.snapshot.Signed.Expires = r.expires(r.terms.Snapshot)
		meta, err := r.weigh(targetsJS, r.targets.Signed.Version)
		if err != nil {
			return err
		}
		r.snapshot.Signed.Meta = map[string]*metadata.MetaFiles{targetsJS: meta}
		if err := put(r.snapshot, k, r.meta(versioned(r.snapshot.Signed.Version, snapshotJS))); err != nil {
			return err
		}
	}
	if r.timestamp == nil {
		r.timestamp = metadata.Timestamp()
		r.timestamp.Signed.Version = 0
	}
	r.timestamp.Signed.Version++
	r.timestamp.Signed.Expires = r.expires(r.terms.Timestamp)
	meta, err := r.weigh(snapshotJS, r.snapshot.Signed.Version)
	if err != nil {
		return err
	}
	r.timestamp.Signed.Meta = map[string]*metadata.MetaFiles{snapshotJS: meta}
	return put(r.timestamp, k, r.meta(timestampJS))
}

// weigh says version, length and hash of metadata, so that a reader refuses an endless or a changed file before it believes a word of it.
func (r *Repository) weigh(file string, version int64) (*metadata.MetaFiles, error) {
	text, err := os.ReadFile(r.meta(versioned(version, file)))
	if err != nil {
		return nil, fmt.Errorf("weigh metadata: %w", err)
	}
	sum := sha256.Sum256(text)
	meta := metadata.MetaFile(version)
	meta.Length, meta.Hashes = int64(len(text)), metadata.Hashes{"sha256": sum[:]}
	return meta, nil
}

// put signs metadata by one key and writes it. A version that no timestamp names
// yet, left by a run that was cut, is written over: nobody believes it.
func put[T metadata.Roles](m *metadata.Metadata[T], k ed25519.PrivateKey, file string) error {
	m.ClearSignatures()
	if err := sign(m, k); err != nil {
		return err
	}
	text, err := m.ToBytes(true)
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if err := write(file, text); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}
