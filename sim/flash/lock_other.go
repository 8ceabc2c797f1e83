//go:build !unix

package flash

import "os"

// lockFile opens the lock file without locking it: sharing a directory between
// two simulators is the caller's mistake to avoid on these systems.
func lockFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
}
