package access

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestDocs: the table of docs/rights.md says what the code does.
func TestDocs(t *testing.T) {
	raw, err := os.ReadFile("../../../docs/rights.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), "<!-- table -->\n")
	table, _, found := strings.Cut(rest, "<!-- end -->")
	if !found {
		t.Fatal("docs/rights.md has no table")
	}
	lines := strings.Split(strings.TrimSpace(table), "\n")
	if want := len(Permissions()) + 2; len(lines) != want {
		t.Fatalf("%d lines, want %d", len(lines), want)
	}
	word := func(yes bool) string {
		if yes {
			return "yes"
		}
		return ""
	}
	for i, g := range Permissions() {
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(lines[i+2], "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		want := []string{"`" + string(g.Permission) + "`"}
		for _, role := range []Role{Administrator, Accountant, Manager, Technician, Viewer} {
			want = append(want, word(role.Permissions()[g.Permission]))
		}
		want = append(want, word(g.Service), word(g.Key))
		if got := append(cells[:1:1], cells[2:]...); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("docs/rights.md says %q, the code %q", got, want)
		}
		if whole := strings.Contains(cells[1], "whole organisation only"); whole != g.Whole {
			t.Errorf("%s: for the whole organisation only: %v in the document, %v in the code", g.Permission, whole, g.Whole)
		}
		if g.Money && (g.Service || Technician.Permissions()[g.Permission] || Viewer.Permissions()[g.Permission]) {
			t.Errorf("%s is money and in hands without", g.Permission)
		}
	}
	if len(Roles()) != 5 {
		t.Errorf("the table has five roles, the code %d", len(Roles()))
	}
}
