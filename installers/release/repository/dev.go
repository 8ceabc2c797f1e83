package repository

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// devKeys and devThreshold are the roots of a development repository.
const devKeys, devThreshold = 3, 2

// Dev is a repository for development and tests: its keys lie beside it, plain.
type Dev struct {
	// Repository is under dir/repository.
	Repository *Repository
	// Dir is its folder.
	Dir string
	// Release is the release key, Roots are the root keys.
	Release ed25519.PrivateKey
	Roots   []ed25519.PrivateKey
}

// OpenDev opens the development repository of a folder, made at the first time:
// keys/root-1.pem … root-3.pem, keys/release.pem, repository/, root.json.
func OpenDev(dir string, opts ...Option) (*Dev, error) {
	d := &Dev{Dir: filepath.Join(dir, "repository")}
	keys := filepath.Join(dir, "keys")
	if err := os.MkdirAll(keys, 0o700); err != nil {
		return nil, fmt.Errorf("development keys: %w", err)
	}
	one := func(file string) (ed25519.PrivateKey, error) {
		path := filepath.Join(keys, file)
		k, err := ReadKey(path, nil)
		if !errors.Is(err, fs.ErrNotExist) {
			return k, err
		}
		if k, err = NewKey(); err != nil {
			return nil, err
		}
		return k, WriteKey(path, k, nil)
	}
	public := make([]ed25519.PublicKey, 0, devKeys)
	for i := range devKeys {
		k, err := one("root-" + strconv.Itoa(i+1) + ".pem")
		if err != nil {
			return nil, err
		}
		d.Roots = append(d.Roots, k)
		public = append(public, Public(k))
	}
	var err error
	if d.Release, err = one("release.pem"); err != nil {
		return nil, err
	}
	d.Repository, err = Open(d.Dir, opts...)
	if errors.Is(err, fs.ErrNotExist) {
		d.Repository, err = Create(d.Dir, Roots{Keys: public, Threshold: devThreshold}, Public(d.Release), opts...)
	}
	if err != nil {
		return nil, err
	}
	if d.Repository.root == nil {
		if err := d.Repository.SignRoot(d.Roots[:devThreshold]...); err != nil {
			return nil, err
		}
	}
	root, err := d.Repository.Root()
	if err != nil {
		return nil, err
	}
	return d, write(filepath.Join(dir, "root.json"), root)
}
