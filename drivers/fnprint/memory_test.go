package fnprint

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

func fullState() State {
	return State{
		FN: "9999078902000001", Through: 41, Printed: 40, Drawer: 1_234_56, CashIns: 65535, CashOuts: 3, XReports: 7,
		Moved: Moved{Shift: 5, Ins: 2, InSum: 100_00},
		Owed: &Note{
			Kind: fiscal.XReport, At: fiscal.DateTime{Year: 2026, Month: 3, Day: 4, Hour: 5, Minute: 6, Second: 7}, Shift: 5, Drawer: 1,
			Totals: []NoteTotal{{Kind: fiscal.Sale, Count: 2, Sum: 3}},
		},
		Serial: "0000000000004239", Model: "Чекан-ФН",
	}
}

func TestFile(t *testing.T) {
	f := File{Path: filepath.Join(t.TempDir(), "tills", "касса.memory")}
	if _, err := f.Load(); !errors.Is(err, ErrNoMemory) {
		t.Fatalf("before the first save: %v", err)
	}
	for _, want := range []State{{}, fullState(), {FN: "1"}} {
		if err := f.Save(want); err != nil {
			t.Fatal(err)
		}
		got, err := f.Load()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("saved and loaded differ (-saved +loaded):\n%s", diff)
		}
	}
}

// Whatever part of the new file a power cut leaves, the old state is read: the
// new file has another name until it is whole.
func TestFile_cutBeforeTheRename(t *testing.T) {
	f := File{Path: filepath.Join(t.TempDir(), "memory")}
	old := State{FN: "1", CashIns: 1}
	if err := f.Save(old); err != nil {
		t.Fatal(err)
	}
	text, err := encodeState(fullState())
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(text) + 1 {
		if err := os.WriteFile(f.Path+".new", text[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := f.Load()
		if err != nil || cmp.Diff(old, got) != "" {
			t.Fatalf("with %d bytes of a new file: %+v, %v", n, got, err)
		}
	}
	// What was left lies in nobody's way.
	if err := f.Save(fullState()); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Load(); err != nil || cmp.Diff(fullState(), got) != "" {
		t.Fatalf("%+v, %v", got, err)
	}
}

// A file that was damaged in its place is never taken for a state.
func TestFile_damaged(t *testing.T) {
	f := File{Path: filepath.Join(t.TempDir(), "memory")}
	text, err := encodeState(fullState())
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, at int, b []byte) {
		t.Helper()
		if err := os.WriteFile(f.Path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := f.Load(); !errors.Is(err, ErrTornMemory) {
			t.Fatalf("%s at %d: %+v, %v", what, at, got, err)
		}
	}
	for n := range len(text) {
		check("cut off", n, text[:n])
	}
	for i := range text {
		b := append([]byte(nil), text...)
		b[i] ^= 0x10
		check("changed byte", i, b)
	}
	for n := 1; n < len(text); n++ {
		b := append([]byte(nil), text...)
		clear(b[n:])
		check("zeroes", n, b)
	}
}

func TestFile_unwritable(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := File{Path: filepath.Join(folder, "memory")}
	if err := f.Save(State{}); err == nil {
		t.Error("saved into a file instead of a folder")
	}
	if _, err := f.Load(); err == nil || errors.Is(err, ErrNoMemory) {
		t.Errorf("a place that cannot be read is no empty one: %v", err)
	}
}
