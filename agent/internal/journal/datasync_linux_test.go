//go:build bench

package journal

import (
	"os"

	"golang.org/x/sys/unix"
)

// datasync is what bbolt does to its file.
func datasync(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }
