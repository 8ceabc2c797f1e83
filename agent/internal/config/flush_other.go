//go:build !unix

package config

// flushFolder does nothing: a folder cannot be flushed here, and NTFS journals
// its names by itself.
func flushFolder(string) error { return nil }
