package repository

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// name puts the keys into a root in place of those it named.
func name(root *metadata.Metadata[metadata.RootType], roots Roots, release ed25519.PublicKey) error {
	if roots.Threshold < 1 || roots.Threshold > len(roots.Keys) {
		return fmt.Errorf("root: %d of %d keys can not sign", roots.Threshold, len(roots.Keys))
	}
	root.Signed.Keys = map[string]*metadata.Key{}
	root.Signed.Roles = map[string]*metadata.Role{}
	for _, role := range metadata.TOP_LEVEL_ROLE_NAMES {
		root.Signed.Roles[role] = &metadata.Role{KeyIDs: []string{}, Threshold: 1}
	}
	root.Signed.Roles[metadata.ROOT].Threshold = roots.Threshold
	for _, k := range roots.Keys {
		if k.Equal(release) {
			return errors.New("root: the release key is online, a root key is not: they must be different keys")
		}
		if err := add(root, k, metadata.ROOT); err != nil {
			return err
		}
	}
	if n := len(root.Signed.Roles[metadata.ROOT].KeyIDs); n != len(roots.Keys) {
		return errors.New("root: a key is named twice")
	}
	for _, role := range []string{metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP} {
		if err := add(root, release, role); err != nil {
			return err
		}
	}
	return nil
}

func add(root *metadata.Metadata[metadata.RootType], k ed25519.PublicKey, role string) error {
	key, err := metadata.KeyFromPublicKey(k)
	if err != nil {
		return fmt.Errorf("root: name a key: %w", err)
	}
	if err := root.Signed.AddKey(key, role); err != nil {
		return fmt.Errorf("root: name a key: %w", err)
	}
	return nil
}

// Rotate begins the next root with other keys, or the same ones for a longer
// term. It waits for the signatures of a threshold of the old root's keys and of
// the new one's (§6.1), given by [Repository.SignRoot]. When the release key changed,
// Refresh with the new one signs the rest anew.
func (r *Repository) Rotate(roots Roots, release ed25519.PublicKey) error {
	if r.root == nil {
		return ErrPending
	}
	text, err := r.root.ToBytes(false)
	if err != nil {
		return fmt.Errorf("rotate: %w", err)
	}
	next, err := metadata.Root().FromBytes(text)
	if err != nil {
		return fmt.Errorf("rotate: %w", err)
	}
	next.ClearSignatures()
	next.Signed.Version++
	next.Signed.Expires = r.expires(r.terms.Root)
	if err := name(next, roots, release); err != nil {
		return err
	}
	return r.put(next)
}

// put keeps a root that waits for signatures.
func (r *Repository) put(root *metadata.Metadata[metadata.RootType]) error {
	text, err := root.ToBytes(true)
	if err != nil {
		return fmt.Errorf("root: %w", err)
	}
	if err := write(filepath.Join(r.dir, pendingRoot), text); err != nil {
		return fmt.Errorf("root: %w", err)
	}
	return nil
}

// SignRoot adds signatures to the root that waits for them. When there are enough,
// it counts from now on; until then the error is [ErrPending].
func (r *Repository) SignRoot(keys ...ed25519.PrivateKey) error {
	file := filepath.Join(r.dir, pendingRoot)
	pending, err := metadata.Root().FromFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("sign root: no root waits for signatures")
	}
	if err != nil {
		return fmt.Errorf("sign root: %w", err)
	}
	if r.root != nil && pending.Signed.Version == r.root.Signed.Version && r.enough(pending) == nil {
		return os.Remove(file) // published by a run that was cut before this line
	}
	if next := r.version() + 1; pending.Signed.Version != next {
		return fmt.Errorf("sign root: root %d waits, and the next here is %d: the roots before it have to lie here too", pending.Signed.Version, next)
	}
	for _, k := range keys {
		id, err := KeyID(Public(k))
		if err != nil {
			return fmt.Errorf("sign root: %w", err)
		}
		if !signs(pending, id) && (r.root == nil || !signs(r.root, id)) {
			return fmt.Errorf("sign root: %w", ErrKey)
		}
		if err := sign(pending, k); err != nil {
			return err
		}
	}
	if err := r.put(pending); err != nil {
		return err
	}
	if err := r.enough(pending); err != nil {
		return fmt.Errorf("%w: %w", ErrPending, err)
	}
	text, err := pending.ToBytes(true)
	if err != nil {
		return fmt.Errorf("sign root: %w", err)
	}
	if err := writeNew(r.meta(versioned(pending.Signed.Version, rootJS)), text); err != nil {
		return fmt.Errorf("publish root: %w", err)
	}
	r.root = pending
	return os.Remove(file)
}

// version is the number of the newest root that counts.
func (r *Repository) version() int64 {
	if r.root == nil {
		return 0
	}
	return r.root.Signed.Version
}

// signs tells whether the root names a key as one of its own.
func signs(root *metadata.Metadata[metadata.RootType], id string) bool {
	for _, known := range root.Signed.Roles[metadata.ROOT].KeyIDs {
		if known == id {
			return true
		}
	}
	return false
}

// enough tells whether a root has the signatures it needs.
func (r *Repository) enough(pending *metadata.Metadata[metadata.RootType]) error {
	if r.root != nil {
		if err := r.root.VerifyDelegate(metadata.ROOT, pending); err != nil {
			return err
		}
	}
	return pending.VerifyDelegate(metadata.ROOT, pending)
}

// names tells whether the root names a key for a role.
func names(root *metadata.Metadata[metadata.RootType], role string, k ed25519.PublicKey) bool {
	for _, id := range root.Signed.Roles[role].KeyIDs {
		public, err := root.Signed.Keys[id].ToPublicKey()
		if err != nil {
			continue
		}
		if known, ok := public.(ed25519.PublicKey); ok && bytes.Equal(known, k) {
			return true
		}
	}
	return false
}
