// Package flash is the non-volatile memory of the simulated devices: an
// append-only log of records, durable when Append returns.
//
// There are two kinds of it. [Memory] lives in the process and outlives the
// simulated device, as a chip outlives a power cut: in-process tests use it by
// the thousand. [File] lives on disk and outlives the death of the process at
// any instant: the program uses it.
//
// # File format
//
// The file begins with eight bytes of magic. Each record is a little-endian
// length (4 bytes), a CRC-32C of the payload (4 bytes) and the payload. A
// record cut short by death in the middle of a write is dropped when the file
// is next opened; a damaged record with more records behind it is an error,
// because a log that silently loses its middle is no oracle.
//
// The package does not know what the records mean and does not compact them;
// an owner who keeps snapshots calls Replace.
package flash

import (
	"errors"
	"sync"
)

// ErrDamaged reports a record that fails its checksum although more data
// follows it, so it cannot be the torn tail of an interrupted write.
var ErrDamaged = errors.New("flash: damaged record inside the log")

// ErrClosed reports use of a log after Close.
var ErrClosed = errors.New("flash: log is closed")

// Log is an ordered list of durable records. A Log is safe for use by several
// goroutines at once.
type Log interface {
	// Records returns every record, oldest first. The caller must not change
	// the returned slices.
	Records() ([][]byte, error)
	// Append adds a record. It is durable when Append returns nil; when it
	// returns an error the record may or may not be there after reopening.
	Append(record []byte) error
	// Replace puts the given records in place of all others, atomically.
	Replace(records ...[]byte) error
	// Close releases what the log holds. Records already written stay.
	Close() error
}

// Memory is a Log in the memory of the process. The zero value is empty and
// ready. Closing it changes nothing, so that a device powered on again finds
// what it wrote.
type Memory struct {
	mu      sync.Mutex
	records [][]byte
	fail    error
}

var _ Log = (*Memory)(nil)

// Records returns every record, oldest first.
func (m *Memory) Records() ([][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.records[:len(m.records):len(m.records)], nil
}

// Append adds a copy of the record.
func (m *Memory) Append(record []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.records = append(m.records, append([]byte(nil), record...))
	return nil
}

// Replace puts copies of the given records in place of all others.
func (m *Memory) Replace(records ...[]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	kept := make([][]byte, 0, len(records))
	for _, r := range records {
		kept = append(kept, append([]byte(nil), r...))
	}
	m.records = kept
	return nil
}

// FailWrites makes every later write return err, as worn-out memory does; nil
// makes it work again.
func (m *Memory) FailWrites(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// Close does nothing.
func (m *Memory) Close() error { return nil }
