package secret

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows"
)

// rights reads the list of a folder. Where folders lie on a Unix (Wine), it is
// made of the mode: of ours, what the owner may and what the others may not.
func rights(t *testing.T, dir string) string {
	t.Helper()
	sd, err := windows.GetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		t.Fatal(err)
	}
	return sd.String()
}

func scratch(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "secret") //nolint:usetesting // Wine cannot remove folders the way TempDir insists on
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestFolder(t *testing.T) {
	dir := filepath.Join(scratch(t), "Chekan", "agent")
	for range 2 { // the second time it is there
		if err := Folder(dir); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if got := rights(t, d); strings.Contains(got, ";;;WD)") || strings.Contains(got, ";;;BU)") {
			t.Errorf("%s is open to everybody: %s", d, got)
		}
	}
	// What is made inside is the agent's to use.
	file := filepath.Join(dir, "token")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "x" {
		t.Errorf("%q %v", b, err)
	}
}

func TestFolder_open(t *testing.T) {
	// Inside a private one: Wine passes down what is above even if told not to.
	above := filepath.Join(scratch(t), "Chekan")
	if err := Folder(above); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(above, "agent")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	sd, err := windows.SecurityDescriptorFromString("D:(A;OICI;FA;;;OW)(A;OICI;FA;;;WD)")
	if err != nil {
		t.Fatal(err)
	}
	dacl, _, err := sd.DACL()
	if err != nil {
		t.Fatal(err)
	}
	if err := windows.SetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION, nil, nil, dacl, nil); err != nil {
		t.Fatal(err)
	}
	if before := rights(t, dir); !strings.Contains(before, ";;;WD)") {
		t.Fatalf("the folder was to be open: %s", before)
	}
	if err := Folder(dir); err != nil {
		t.Fatal(err)
	}
	if got := rights(t, dir); strings.Contains(got, ";;;WD)") {
		t.Errorf("still open: %s", got)
	}
}
