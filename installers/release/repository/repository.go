// Package repository makes and signs the folder that releases of the agent are
// given out from, in the manner of The Update Framework (specification 1.0.31,
// theupdateframework.github.io/specification).
//
// # The folder
//
//	metadata/1.root.json                   which keys count; one file a rotation, never removed
//	metadata/7.targets.json                every binary with its hash, length and [Target]
//	metadata/9.snapshot.json               which targets metadata goes with it
//	metadata/timestamp.json                which snapshot is the newest; the only file that is replaced
//	targets/agent/1.4.0/linux-amd64/<sha256>.chekan-agent.zst
//
// Names carry versions and hashes (§6.2, consistent snapshots), so that whoever
// copies the folder while it grows has either the old state or the new one. Files are
// written whole, and in the order in which a reader believes them: binaries first,
// the timestamp last.
//
// # Keys
//
// Root keys say which keys count and are needed once in years: they lie offline, with
// a passphrase, in different hands, and a threshold of them has to sign. One release
// key signs everything else and is online where releases are built. Whoever
// steals it can sign a release until the root is rotated ([Repository.Rotate]),
// but can not lock out the owners of the root. docs/releases.md tells the ceremony.
//
// # What it does not do
//
// It does not verify for a reader: agent and cabinet do that each by themselves,
// and what is made here is tested against the library's client. It does not
// build binaries and sends nothing anywhere.
package repository

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

const (
	metadataDir = "metadata"
	targetsDir  = "targets"
	// pendingRoot is a root that waits for signatures; it is beside metadata and not given out.
	pendingRoot = "pending.root.json"
	timestampJS = "timestamp.json"
	snapshotJS  = "snapshot.json"
	targetsJS   = "targets.json"
	rootJS      = "root.json"
)

// Terms are how long signatures hold.
type Terms struct {
	// Root is renewed by the ceremony.
	Root time.Duration
	// Targets and Snapshot are renewed with each release, or by Refresh when more than half of the term has passed.
	Targets, Snapshot time.Duration
	// Timestamp is how long somebody between us and an agent can hide a newer release from it.
	Timestamp time.Duration
}

// DefaultTerms suit a team that refreshes weekly and a cabinet that imports as
// seldom as once a month.
func DefaultTerms() Terms {
	const day = 24 * time.Hour
	return Terms{Root: 3 * 365 * day, Targets: 365 * day, Snapshot: 180 * day, Timestamp: 45 * day}
}

// Errors of this package that callers tell apart.
var (
	// ErrExists says that there is a repository already.
	ErrExists = errors.New("there is a repository already")
	// ErrPending says that a root waits for more signatures.
	ErrPending = errors.New("the root waits for signatures")
	// ErrKey says that a key is none of those the root names for this.
	ErrKey = errors.New("the root does not name this key for this")
)

// Repository is the folder, opened for signing by one process.
type Repository struct {
	dir   string
	terms Terms
	now   func() time.Time

	root      *metadata.Metadata[metadata.RootType]
	targets   *metadata.Metadata[metadata.TargetsType]
	snapshot  *metadata.Metadata[metadata.SnapshotType]
	timestamp *metadata.Metadata[metadata.TimestampType]
}

// Option changes how a repository is opened.
type Option func(*Repository)

// WithTerms gives other terms than [DefaultTerms].
func WithTerms(t Terms) Option { return func(r *Repository) { r.terms = t } }

// WithClock gives another clock.
func WithClock(now func() time.Time) Option { return func(r *Repository) { r.now = now } }

func newRepository(dir string, opts []Option) *Repository {
	r := &Repository{dir: dir, terms: DefaultTerms(), now: time.Now}
	for _, o := range opts {
		o(r)
	}
	return r
}

func (r *Repository) expires(term time.Duration) time.Time {
	return r.now().UTC().Add(term).Truncate(time.Second)
}

// Roots are who may rotate keys.
type Roots struct {
	// Keys are the public ones.
	Keys []ed25519.PublicKey
	// Threshold is how many of them have to sign.
	Threshold int
}

// Create begins a repository: a root that waits for the signatures of its own
// keys, given by [Repository.SignRoot].
func Create(dir string, roots Roots, release ed25519.PublicKey, opts ...Option) (*Repository, error) {
	r := newRepository(dir, opts)
	for _, file := range []string{r.meta(versioned(1, rootJS)), filepath.Join(dir, pendingRoot)} {
		if _, err := os.Lstat(file); err == nil {
			return nil, fmt.Errorf("create %s: %w", dir, ErrExists)
		}
	}
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, metadataDir), 0o755), os.MkdirAll(filepath.Join(dir, targetsDir), 0o755)); err != nil {
		return nil, fmt.Errorf("create repository: %w", err)
	}
	root := metadata.Root(r.expires(r.terms.Root))
	root.Signed.ConsistentSnapshot = true
	if err := name(root, roots, release); err != nil {
		return nil, err
	}
	return r, r.put(root)
}

// Open opens a repository that was created.
func Open(dir string, opts ...Option) (*Repository, error) {
	r := newRepository(dir, opts)
	for version := int64(1); ; version++ {
		root := metadata.Root()
		_, err := root.FromFile(r.meta(versioned(version, rootJS)))
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("open %s: root %d: %w", dir, version, err)
		}
		r.root = root
	}
	if r.root == nil {
		if _, err := os.Stat(filepath.Join(dir, pendingRoot)); err != nil {
			return nil, fmt.Errorf("open %s: no repository there: %w", dir, fs.ErrNotExist)
		}
		return r, nil
	}
	if err := r.load(); err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, err)
	}
	return r, nil
}

// load takes what is released from the folder: what the timestamp names, as a reader would.
func (r *Repository) load() error {
	r.timestamp, r.snapshot, r.targets = nil, nil, nil
	timestamp := metadata.Timestamp()
	if _, err := timestamp.FromFile(r.meta(timestampJS)); errors.Is(err, fs.ErrNotExist) {
		return nil // nothing released yet
	} else if err != nil {
		return fmt.Errorf("timestamp: %w", err)
	}
	snapshot, targets := metadata.Snapshot(), metadata.Targets()
	if err := named(snapshot, r, timestamp.Signed.Meta, snapshotJS); err != nil {
		return err
	}
	if err := named(targets, r, snapshot.Signed.Meta, targetsJS); err != nil {
		return err
	}
	r.timestamp, r.snapshot, r.targets = timestamp, snapshot, targets
	return nil
}

// named reads metadata of the version that the one above it names.
func named[T metadata.Roles](m *metadata.Metadata[T], r *Repository, above map[string]*metadata.MetaFiles, file string) error {
	if above[file] == nil {
		return fmt.Errorf("%s: nothing names it", file)
	}
	if _, err := m.FromFile(r.meta(versioned(above[file].Version, file))); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// Root is the newest root that counts, as it is given to agents with their package.
func (r *Repository) Root() ([]byte, error) {
	if r.root == nil {
		return nil, ErrPending
	}
	return os.ReadFile(r.meta(versioned(r.root.Signed.Version, rootJS)))
}

func versioned(version int64, file string) string { return strconv.FormatInt(version, 10) + "." + file }

func (r *Repository) meta(file string) string { return filepath.Join(r.dir, metadataDir, file) }

// write leaves a file whole or not at all.
func write(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.Write(text)
	if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return settle(filepath.Dir(path))
}

// writeNew is write for a file that is never replaced; the same text again is no error.
func writeNew(path string, text []byte) error {
	if old, err := os.ReadFile(path); err == nil {
		if bytes.Equal(old, text) {
			return nil
		}
		return fmt.Errorf("%s is there already, with another text", path)
	}
	return write(path, text)
}
