//go:build !unix

package fnprint

// flushFolder does nothing: a folder cannot be flushed here, and NTFS journals
// its names by itself.
func flushFolder(string) error { return nil }
