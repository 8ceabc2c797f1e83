package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// database compiles the package of what lies in folder work.
func database(ctx context.Context, work, msi string, p platform, o Options, version string) error {
	wxs := filepath.Join(work, "chekan-agent.wxs")
	if err := os.WriteFile(wxs, source, 0o600); err != nil {
		return err
	}
	// The time of files is in the cabinet.
	content := sha256.New()
	for _, name := range []string{"chekan-agent.exe", "root.json"} {
		path := filepath.Join(work, name)
		if err := os.Chtimes(path, o.Time, o.Time); err != nil {
			return err
		}
		s, err := sum(path)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintln(content, name, s)
	}
	_, _ = fmt.Fprintf(content, "%s\n%s\n%s\n%s\n", o.Version, o.Arch, o.Time.UTC(), source)
	this := hex.EncodeToString(content.Sum(nil))

	_ = os.Remove(msi)
	compiler := tool(ctx, work, "wixl", "--arch", p.wixl, "--output", msi)
	for name, value := range map[string]string{
		"ProductCode": guid("product", this), "ProductVersion": version, "Version": o.Version,
		"Win64": p.win64, "ProgramFiles": p.programFiles,
		// Of a component Windows thinks that it is the same wherever it has the
		// same code and place.
		"ProgramGuid": guid("program", p.wixl), "RootGuid": guid("root", p.wixl), "EventsGuid": guid("events", p.wixl),
		"MenuGuid": guid("menu", p.wixl), "PathGuid": guid("path", p.wixl),
	} {
		compiler.Args = append(compiler.Args, "-D", name+"="+value)
	}
	compiler.Args = append(compiler.Args, wxs)
	if _, err := output(compiler); err != nil {
		return err
	}

	// Rows wixl has no words for.
	for _, q := range []string{
		// Old and new have the same service, so the old one goes first, within
		// the transaction: when the new one cannot be installed, it comes back.
		"UPDATE `InstallExecuteSequence` SET `Sequence` = 1501 WHERE `Action` = 'RemoveExistingProducts'",
		// An equal version is replaced as well: bit 0x200 makes the upper bound inclusive.
		"DELETE FROM `Upgrade` WHERE `ActionProperty` = 'WIX_UPGRADE_DETECTED'",
		"INSERT INTO `Upgrade` (`UpgradeCode`, `VersionMin`, `VersionMax`, `Attributes`, `ActionProperty`) VALUES ('" + upgradeCode + "', '', '" + version + "', 513, 'WIX_UPGRADE_DETECTED')",
		// CODE must not be in a log: neither as a property nor in the command
		// of the action it is given to (0x2000, msidbCustomActionTypeHideTarget).
		"INSERT INTO `Property` (`Property`, `Value`) VALUES ('MsiHiddenProperties', 'CODE')",
		"UPDATE `CustomAction` SET `Type` = 11282 WHERE `Action` = 'Prepare'",
		// Properties that get from whoever asks to the service that installs.
		"UPDATE `Property` SET `Value` = 'WIX_UPGRADE_DETECTED;WIX_DOWNGRADE_DETECTED;CLOUD;CODE' WHERE `Property` = 'SecureCustomProperties'",
		// The agent is a program of the console; its window stays small (SW_SHOWMINNOACTIVE).
		"UPDATE `Shortcut` SET `ShowCmd` = 7 WHERE `Shortcut` = 'Page'",
	} {
		if _, err := output(tool(ctx, work, "msibuild", msi, "-q", q)); err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
	}
	for _, table := range []struct{ name, text string }{
		// The folder of the program in PATH of the computer, taken out at removal (=-*).
		{"Environment", "Environment\tName\tValue\tComponent_\r\ns72\tl255\tL255\ts72\r\nEnvironment\tEnvironment\r\n" +
			"Path\t=-*PATH\t[~];[ProgramFolder]\tPath\r\n"},
		{"_ForceCodepage", "\r\n\r\n1251\t_ForceCodepage\r\n"},
		{"_SummaryInformation", summary(map[int]string{
			1: "1251", 2: "Installation Database", 3: title, 4: "Chekan", 5: "Installer",
			6: "Агент кассы " + o.Version + ": чеки пробиваются ровно один раз.", 7: p.template, 9: guid("package", this),
			12: stamp(o.Time), 13: stamp(o.Time), 14: "500", 15: "2", 18: "msitools", 19: "2",
		})},
	} {
		idt := filepath.Join(work, table.name+".idt")
		if err := os.WriteFile(idt, []byte(table.text), 0o600); err != nil {
			return err
		}
		if _, err := output(tool(ctx, work, "msibuild", msi, "-i", idt)); err != nil {
			return err
		}
	}
	return nil
}

// upgradeCode is the product through all its versions. It never changes.
const upgradeCode = "{6C1E3B0A-6B0B-5B53-9B0E-6D9F0C9F2D11}"

const title = "Chekan: агент кассы"

func stamp(t time.Time) string { return t.UTC().Format("2006/01/02 15:04:05") }

// summary is the summary of the file as a table to import.
func summary(fields map[int]string) string {
	var text strings.Builder
	text.WriteString("PropertyId\tValue\r\ni2\tl255\r\n_SummaryInformation\tPropertyId\r\n")
	for id := range 20 {
		if value, ok := fields[id]; ok {
			_, _ = fmt.Fprintf(&text, "%d\t%s\r\n", id, value)
		}
	}
	return text.String()
}

// guid makes an identifier of words, the same for the same words (RFC 9562,
// version 8: by our own rule).
func guid(words ...string) string {
	s := sha256.Sum256([]byte("chekan-agent\n" + strings.Join(words, "\n")))
	b := s[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	h := strings.ToUpper(hex.EncodeToString(b))
	return "{" + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:] + "}"
}

// tool is one of msitools, which write letters by the language of this variable.
func tool(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "WINDOWS_LANGUAGE=ru_RU", "LC_ALL=C.UTF-8", "TZ=UTC")
	return cmd
}
