//go:build !windows

package main

import "os"

// ensurePrivate makes a folder that only its owner enters. One that exists
// keeps its mode: an administrator may have let the shop's software in.
func ensurePrivate(dir string) error { return os.MkdirAll(dir, 0o700) }
