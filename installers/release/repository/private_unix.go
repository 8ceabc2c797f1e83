//go:build unix

package repository

import (
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
