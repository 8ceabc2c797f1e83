package flash

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func records(t *testing.T, l Log) []string {
	t.Helper()
	list, err := l.Records()
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, r := range list {
		out = append(out, string(r))
	}
	return out
}

func open(t *testing.T, path string) *File {
	t.Helper()
	l, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func add(t *testing.T, l Log, list ...string) {
	t.Helper()
	for _, r := range list {
		if err := l.Append([]byte(r)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLog(t *testing.T) {
	for name, bank := range map[string]Bank{"memory": NewBank(), "file": Dir(t.TempDir())} {
		t.Run(name, func(t *testing.T) {
			l, err := bank.Open("fn")
			if err != nil {
				t.Fatal(err)
			}
			add(t, l, "one", "", "three")
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if l, err = bank.Open("fn"); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"one", "", "three"}, records(t, l)); diff != "" {
				t.Error(diff)
			}
			if err := l.Replace([]byte("snapshot")); err != nil {
				t.Fatal(err)
			}
			add(t, l, "after")
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if l, err = bank.Open("fn"); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"snapshot", "after"}, records(t, l)); diff != "" {
				t.Error(diff)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// Whatever byte the last write stopped at, everything acknowledged before is
// there, nothing else is, and the log can be written again.
func TestFile_tornTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l := open(t, path)
	add(t, l, "first", "second")
	whole := l.size
	add(t, l, "the third one")
	full := l.size
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for size := whole; size < full; size++ {
		if err := os.WriteFile(path, data[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		l := open(t, path)
		if diff := cmp.Diff([]string{"first", "second"}, records(t, l)); diff != "" {
			t.Fatalf("cut at %d: %s", size, diff)
		}
		if l.Cut() != size-whole {
			t.Errorf("cut at %d: %d bytes dropped", size, l.Cut())
		}
		add(t, l, "again")
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l = open(t, path)
		if diff := cmp.Diff([]string{"first", "second", "again"}, records(t, l)); diff != "" {
			t.Fatalf("cut at %d: %s", size, diff)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for size := range int64(len(magic)) {
		if err := os.WriteFile(path, data[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		l := open(t, path)
		if n := len(records(t, l)); n != 0 {
			t.Errorf("%d records in a file of %d bytes", n, size)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFile_damage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l := open(t, path)
	add(t, l, "first", "second")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(magic)+headSize] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFile(path); !errors.Is(err, ErrDamaged) {
		t.Errorf("error %v", err)
	}
	if _, err := ReadFile(path); !errors.Is(err, ErrDamaged) {
		t.Errorf("error %v", err)
	}
}

func TestFile_lock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l := open(t, path)
	if _, err := OpenFile(path); err == nil {
		t.Error("opened twice")
	}
	add(t, l, "one")
	got, err := ReadFile(path)
	if err != nil || len(got) != 1 {
		t.Errorf("%q, %v", got, err)
	}
}
