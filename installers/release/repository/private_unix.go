//go:build unix

package repository

import (
	"errors"
	"fmt"
	"os"
)

// private refuses a key that others can read.
func private(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("read key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("read key: others can read %s (mode %o): chmod 600", path, info.Mode().Perm())
	}
	return nil
}

// settle makes the names of a folder outlast a power cut: without it a later file could be there and an earlier one not (fsync(2)).
func settle(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
