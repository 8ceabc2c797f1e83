package crashtest

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The newest report is the last by name, and no half is left.
func TestKeep(t *testing.T) {
	data := t.TempDir()
	for _, day := range []int{4, 3} {
		c := Certificate{Circumstances: Circumstances{Ended: time.Date(2026, 3, day, 5, 6, 7, 0, time.FixedZone("", 3*3600))}}
		if err := Keep(data, c, []byte{byte('0' + day)}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := os.ReadDir(filepath.Join(data, Folder))
	if err != nil || len(list) != 2 || list[1].Name() != "20260304T020607Z.json" {
		t.Fatalf("%v %v", list, err)
	}
	if file, err := os.ReadFile(filepath.Join(data, Folder, list[1].Name())); err != nil || string(file) != "4" {
		t.Errorf("%q %v", file, err)
	}
}
