package flash

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// Bank is the set of non-volatile memories of one device, by name.
type Bank interface {
	// Open returns the log of the given name, empty when it is new.
	Open(name string) (Log, error)
}

// NewBank returns a Bank in the memory of the process. The same Bank opened
// again has what was written before, which is how a test replaces a device and
// keeps its memory.
func NewBank() Bank { return &bank{logs: map[string]*Memory{}} }

type bank struct {
	mu   sync.Mutex
	logs map[string]*Memory
}

func (b *bank) Open(name string) (Log, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.logs[name]
	if l == nil {
		l = &Memory{}
		b.logs[name] = l
	}
	return l, nil
}

// Dir is a Bank of files name.flash in a directory, which is created when
// absent.
type Dir string

// Open opens the file of the given name.
func (d Dir) Open(name string) (Log, error) {
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return nil, fmt.Errorf("open flash: %w", err)
	}
	return OpenFile(d.Path(name))
}

// Path is the file of the given name.
func (d Dir) Path(name string) string { return filepath.Join(string(d), name+".flash") }
