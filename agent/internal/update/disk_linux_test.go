package update

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// TestDisk_full fills a real disk while a release comes: refused, nothing half
// done stays, and with room again the update goes through.
func TestDisk_full(t *testing.T) {
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=4m"); errors.Is(err, os.ErrPermission) {
		t.Skip("mounting needs root")
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(disk, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	c := newComputer(t)
	c.data = disk
	binary := noise(1 << 20)
	c.releases.add(t, "1.1.0", binary)
	filler := filepath.Join(disk, "filler")
	c.cabinet.twist = func(path string, text []byte) ([]byte, error) {
		if !strings.HasSuffix(path, ".zst") {
			return text, nil
		}
		f, err := os.Create(filler) // somebody else needs the room just now
		if err != nil {
			return nil, err
		}
		defer f.Close()
		for err == nil {
			_, err = f.Write(make([]byte, 64<<10))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			return nil, err
		}
		return text, nil
	}
	c.cabinet.propose("r1", "1.1.0")
	r := c.start("1.0.0")
	if got := c.cabinet.hear(t, uplinkv1.UpdateStage_UPDATE_STAGE_REFUSED); !strings.Contains(got.GetText(), "кончилось место") {
		t.Errorf("refused: %q", got.GetText())
	}
	if list, _ := filepath.Glob(filepath.Join(downloadDir(disk), "*")); len(list) > 0 {
		t.Errorf("%v stays on the full disk", list)
	}
	if d := c.launcher().choose(); d.Run != "" {
		t.Errorf("runs %q", d.Run)
	}
	c.cabinet.set(func() { c.cabinet.twist = nil })
	must(t, os.Remove(filler))
	if err := r.end(t); !errors.Is(err, ErrRelaunch) {
		t.Fatal(err)
	}
	f, err := os.Open(binaryPath(disk, "1.1.0"))
	must(t, err)
	defer f.Close()
	if text, err := io.ReadAll(f); err != nil || sumOf(text) != sumOf(binary) {
		t.Errorf("then the binary is not whole: %v", err)
	}
}
