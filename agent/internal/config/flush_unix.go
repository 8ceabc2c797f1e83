//go:build unix

package config

import (
	"errors"
	"os"
)

// flushFolder makes the names in a folder durable.
func flushFolder(dir string) (err error) {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return d.Sync()
}
