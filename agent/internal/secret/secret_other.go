//go:build !windows

package secret

import (
	"bytes"
	"os"
)

// Sealed tells whether [Seal] changes anything on this system.
const Sealed = false

// Seal gives back what it got: files of mode 0600 are the protection here.
func Seal(plain []byte) ([]byte, error) { return bytes.Clone(plain), nil }

// Open gives back what [Seal] got.
func Open(sealed []byte) ([]byte, error) { return bytes.Clone(sealed), nil }

// Folder makes a folder that only its owner enters. One that exists keeps its
// mode: an administrator may have let the shop's software in.
func Folder(dir string) error { return os.MkdirAll(dir, 0o700) }

// Share has nothing to give: services run as root, or own their folder.
func Share(string) error { return nil }
