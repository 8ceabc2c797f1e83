//go:build !unix

package repository

// private trusts the folder's access list.
func private(string) error { return nil }

// settle has nothing to do: the file system keeps the order of names by itself.
func settle(string) error { return nil }
