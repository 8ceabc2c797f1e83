package linux_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestUdev has udev itself apply our rules to a till that is not there: ATOL's
// virtual serial port, by umockdev. The rules lie where udev looks for them in a
// view of the files that only this test has.
func TestUdev(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root for a view of the files of its own")
	}
	for _, tool := range []string{"umockdev-run", "udevadm", "unshare"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s on this computer: see tools/deps.sh", tool)
		}
	}
	if _, err := os.Stat("/usr/lib/udev/rules.d/60-serial.rules"); err != nil {
		t.Skip("no rules of udev's own on this computer")
	}
	const device = "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-4"
	apply := func(path string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		script := `mkdir -p /run/udev && mount -t tmpfs none /run/udev && mkdir /run/udev/rules.d && cp system/70-chekan-agent.rules /run/udev/rules.d/ &&
			umockdev-run --device testdata/till.umockdev -- udevadm test --action=add ` + path
		out, err := exec.CommandContext(ctx, "unshare", "--mount", "sh", "-euc", script).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, tail(out))
		}
		for l := range strings.Lines(string(out)) {
			if strings.Contains(l, "70-chekan-agent.rules") && (strings.Contains(l, "nvalid") || strings.Contains(l, "Unknown") || strings.Contains(l, "rror")) {
				t.Errorf("udev complains: %s", l)
			}
		}
		return string(out)
	}
	for path, wants := range map[string][]string{
		device + "/1-4:1.0/tty/ttyACM0": {"/dev/chekan/2912-0005-00012345", "MODE 0660", "GROUP 20"},
		device:                          {"ID_MM_DEVICE_IGNORE=1", "power/control' writing 'on'", "70-chekan-agent.rules:25 GROUP 20"},
	} {
		out := apply(path)
		for _, want := range wants {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in\n%s", path, want, tail([]byte(out)))
			}
		}
	}
}
