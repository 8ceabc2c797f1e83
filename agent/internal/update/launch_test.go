package update

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A version that worked for months is not started once its file has gone bad,
// though it is as long as ever: the packaged one comes back, and says why.
func TestLaunch_fileGoneBad(t *testing.T) {
	data := t.TempDir()
	path := binaryPath(data, "1.1.0")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("program"), 0o700); err != nil {
		t.Fatal(err)
	}
	sum, err := sumFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := State{Chosen: "1.1.0", Binaries: map[string]Binary{"1.1.0": {SHA256: sum, Size: 7}}}
	if err := s.save(new(disk), data); err != nil {
		t.Fatal(err)
	}
	l := Launcher{Data: data, Version: "1.0.0"}
	if d := l.choose(); d.Run != "1.1.0" || d.Text != "" {
		t.Fatalf("got %+v", d)
	}
	if err := os.WriteFile(path, []byte("pr0gram"), 0o700); err != nil {
		t.Fatal(err)
	}
	if d := l.choose(); d.Run != "" || !strings.Contains(d.Text, "1.1.0 пропал или повреждён") {
		t.Errorf("got %+v", d)
	}
	if after, err := loadState(data); err != nil || after.Chosen != "" || after.Notice == "" {
		t.Errorf("state %+v, %v", after, err)
	}
}
