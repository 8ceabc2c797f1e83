package flash

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"
)

const (
	magic = "CHKFLSH1"
	// headSize is the length and the checksum in front of a payload.
	headSize = 8
	// maxRecord bounds a length field, so that garbage in it is recognised
	// instead of being allocated.
	maxRecord = 16 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// File is a Log in a file. Only one process at a time may hold it open for
// writing.
type File struct {
	mu      sync.Mutex
	path    string
	f       *os.File
	lock    *os.File
	size    int64
	records [][]byte
	cut     int64
}

var _ Log = (*File)(nil)

// OpenFile opens the log at path, creating it when absent, cuts off a torn
// tail and takes an exclusive lock.
func OpenFile(path string) (*File, error) {
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("open flash %s: %w", path, err)
	}
	l, err := openLocked(path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open flash %s: %w", path, err), lock.Close())
	}
	l.lock = lock
	return l, nil
}

func openLocked(path string) (*File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	l := &File{path: path, f: f}
	if err := l.load(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return l, nil
}

func (l *File) load() error {
	data, err := io.ReadAll(l.f)
	if err != nil {
		return err
	}
	if len(data) < len(magic) {
		// Death before the first eight bytes were down: nothing was ever
		// acknowledged from this file.
		if err := l.f.Truncate(0); err != nil {
			return err
		}
		if _, err := l.f.WriteAt([]byte(magic), 0); err != nil {
			return err
		}
		if err := l.f.Sync(); err != nil {
			return err
		}
		l.size = int64(len(magic))
		return syncDir(filepath.Dir(l.path))
	}
	records, good, err := scan(data)
	if err != nil {
		return err
	}
	l.records, l.size, l.cut = records, good, int64(len(data))-good
	if l.cut == 0 {
		return nil
	}
	if err := l.f.Truncate(good); err != nil {
		return err
	}
	return l.f.Sync()
}

// scan splits data into records and says how many bytes of it are good.
func scan(data []byte) (records [][]byte, good int64, err error) {
	if string(data[:len(magic)]) != magic {
		return nil, 0, errors.New("not a flash file")
	}
	at := len(magic)
	for at < len(data) {
		if len(data)-at < headSize {
			return records, int64(at), nil
		}
		n := int(binary.LittleEndian.Uint32(data[at:]))
		sum := binary.LittleEndian.Uint32(data[at+4:])
		end := at + headSize + n
		if n > maxRecord || end > len(data) {
			return records, int64(at), nil
		}
		payload := data[at+headSize : end : end]
		if crc32.Checksum(payload, castagnoli) != sum {
			if end < len(data) {
				return nil, 0, fmt.Errorf("%w at offset %d", ErrDamaged, at)
			}
			return records, int64(at), nil
		}
		records = append(records, payload)
		at = end
	}
	return records, int64(at), nil
}

// ReadFile returns the records of the file at path without locking or changing
// it, so that a running simulator can be looked at. A torn tail is left out.
func ReadFile(path string) ([][]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(data) < len(magic) {
		return nil, nil
	}
	records, _, err := scan(data)
	if err != nil {
		return nil, fmt.Errorf("read flash %s: %w", path, err)
	}
	return records, nil
}

// Cut returns how many bytes of a torn tail were dropped when the file was
// opened.
func (l *File) Cut() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut
}

// Records returns every record, oldest first.
func (l *File) Records() ([][]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.records[:len(l.records):len(l.records)], nil
}

func frame(dst, payload []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(payload)))
	dst = binary.LittleEndian.AppendUint32(dst, crc32.Checksum(payload, castagnoli))
	return append(dst, payload...)
}

// Append adds a record and syncs it to the disk.
func (l *File) Append(record []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f == nil {
		return ErrClosed
	}
	b := frame(make([]byte, 0, headSize+len(record)), record)
	if _, err := l.f.WriteAt(b, l.size); err != nil {
		return fmt.Errorf("append to flash: %w", err)
	}
	if err := l.f.Sync(); err != nil {
		return fmt.Errorf("append to flash: %w", err)
	}
	l.size += int64(len(b))
	l.records = append(l.records, b[headSize:])
	return nil
}

// Replace writes the given records to a new file and renames it over the old.
func (l *File) Replace(records ...[]byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f == nil {
		return ErrClosed
	}
	b := []byte(magic)
	kept := make([][]byte, 0, len(records))
	for _, r := range records {
		at := len(b) + headSize
		b = frame(b, r)
		kept = append(kept, b[at:len(b):len(b)])
	}
	tmp := l.path + ".new"
	f, err := os.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("replace flash: %w", err)
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(tmp, l.path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(l.path))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("replace flash: %w", err), f.Close())
	}
	old := l.f
	l.f, l.size, l.records = f, int64(len(b)), kept
	return old.Close()
}

// Close closes the file and gives up the lock.
func (l *File) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f == nil {
		return nil
	}
	err := l.f.Close()
	l.f = nil
	return errors.Join(err, l.lock.Close())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
