//go:build !linux && !windows

package doctor

// Filesystem implements Computer.
func (thisComputer) Filesystem(string) (string, error) { return "", errNotHere }

// Memory implements Computer.
func (thisComputer) Memory() (available, total int64, err error) { return 0, 0, errNotHere }
