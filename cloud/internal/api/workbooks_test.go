package api

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// inOffice opens workbooks in a program that people open them with, and gives their rows as it sees them, by the workbooks' names.
func inOffice(t *testing.T, books map[string][]byte) map[string][]map[string]string {
	t.Helper()
	office, err := exec.LookPath("libreoffice")
	if err != nil {
		t.Fatal("libreoffice is not installed: tools/deps.sh installs what the tests need")
	}
	dir := t.TempDir()
	args := []string{
		"--headless", "-env:UserInstallation=file://" + dir + "/profile", "--convert-to",
		"csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false", "--outdir", dir, // 44,34,76: comma, quote, UTF-8
	}
	for name, file := range books {
		path := filepath.Join(dir, name+".xlsx")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	cmd := exec.CommandContext(t.Context(), office, args...)
	cmd.Env = append(os.Environ(), "HOME="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("libreoffice: %v\n%s", err, out)
	}
	rows := map[string][]map[string]string{}
	for name := range books {
		text, err := os.ReadFile(filepath.Join(dir, name+".csv"))
		if err != nil {
			t.Fatal(err)
		}
		rows[name] = rowsOf(t, text)
	}
	return rows
}

// workbooks: the workbooks of shifts, tills, the history and goods open, and hold what their comma separated files do.
func (m *month) workbooks(t *testing.T) {
	fleet, past := &fleetService{m.service.s}, &historyService{m.service.s}
	var tills []string
	for _, id := range m.tills {
		tills = append(tills, id)
	}
	slices.Sort(tills)
	export := func(format cabinetv1.TableFormat) map[string][]byte {
		t.Helper()
		shifts, err := m.service.ExportShifts(m.owner, &cabinetv1.ExportShiftsRequest{Format: format})
		if err != nil {
			t.Fatal(err)
		}
		list, err := fleet.ExportTills(m.owner, &cabinetv1.ExportTillsRequest{TillIds: tills, Format: format})
		if err != nil {
			t.Fatal(err)
		}
		done, err := past.ExportHistory(m.owner, &cabinetv1.ExportHistoryRequest{Format: format, Filter: &cabinetv1.HistoryFilter{TillId: tills[0]}})
		if err != nil {
			t.Fatal(err)
		}
		goods, err := m.service.ExportProducts(m.owner, &cabinetv1.ExportProductsRequest{
			Format: format, Filter: &cabinetv1.ListProductsRequest{From: "2026-03-01", To: "2026-03-31"},
		})
		if err != nil {
			t.Fatal(err)
		}
		return map[string][]byte{"shifts": shifts.GetFile(), "tills": list.GetFile(), "history": done.GetFile(), "goods": goods.GetFile()}
	}
	opened := inOffice(t, export(cabinetv1.TableFormat_TABLE_FORMAT_XLSX))
	for name, file := range export(cabinetv1.TableFormat_TABLE_FORMAT_CSV) {
		want, got := rowsOf(t, file), opened[name]
		if len(want) == 0 || len(got) != len(want) {
			t.Fatalf("%s: libreoffice reads %d rows, want %d", name, len(got), len(want))
		}
		for i := range want {
			for column, text := range want[i] {
				if got[i][column] != text && got[i][column] != plain(text) {
					t.Errorf("%s, row %d, %s: %q in the workbook, %q comma separated", name, i, column, got[i][column], text)
				}
			}
		}
		t.Logf("XLSX-CHECK %s rows=%d", name, len(got))
	}
}

// hundredths is a number as tables have sums.
var hundredths = regexp.MustCompile(`^-?[0-9]+\.[0-9]{2}$`)

// plain is a sum as a workbook's cell holds it: a number, whose zeros at the end are a matter of how it is shown.
func plain(text string) string {
	if !hundredths.MatchString(text) {
		return text
	}
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
