package update

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

var rewrite = flag.Bool("update", false, "write the tables into docs/updates.md")

// decisions is the specification of the launcher, printed into docs/updates.md.
var decisions = []struct {
	name  string
	state State
	facts Facts
	// want: what runs ("" is the packaged one), and what the state is then.
	want     string
	chosen   string
	previous string
	starts   int // of the trial; -1 is no trial
	stage    string
	text     string // a part of it
}{
	{name: "nothing was ever installed", facts: facts("1.0.0"), starts: -1},
	{name: "a version that stays", state: on("1.1.0", "", -1), facts: facts("1.0.0", "1.1.0"), want: "1.1.0", chosen: "1.1.0", starts: -1},
	{name: "first start of a version on trial", state: on("1.1.0", "", 0), facts: facts("1.0.0", "1.1.0"), want: "1.1.0", chosen: "1.1.0", starts: 1},
	{name: "third start of a version on trial", state: on("1.1.0", "", 2), facts: facts("1.0.0", "1.1.0"), want: "1.1.0", chosen: "1.1.0", starts: 3},
	{
		name: "it used its starts up; before it the package ran", state: on("1.1.0", "", 3), facts: facts("1.0.0", "1.1.0"),
		starts: -1, stage: "ROLLED_BACK", text: "не запустилась или упала",
	},
	{
		name: "it used its starts up; before it another version ran", state: on("1.2.0", "1.1.0", 3), facts: facts("1.0.0", "1.2.0", "1.1.0"),
		want: "1.1.0", chosen: "1.1.0", starts: -1, stage: "ROLLED_BACK", text: "вернулась версия 1.1.0",
	},
	{
		name: "it used its starts up, and the one before is gone", state: on("1.2.0", "1.1.0", 3), facts: facts("1.0.0", "1.2.0"),
		starts: -1, stage: "ROLLED_BACK", text: "версия из пакета",
	},
	{
		name: "its file is not what was signed", state: on("1.2.0", "1.1.0", 0), facts: facts("1.0.0", "1.1.0"),
		want: "1.1.0", chosen: "1.1.0", starts: -1, stage: "ROLLED_BACK", text: "пропал или повреждён",
	},
	{
		name: "its start cannot be counted: the disk is full", state: on("1.2.0", "1.1.0", 1), facts: frozen(facts("1.0.0", "1.2.0", "1.1.0")),
		want: "1.1.0", chosen: "1.2.0", previous: "1.1.0", starts: 1, text: "нечем отсчитать",
	},
	{
		name: "a full disk is nothing to a version that stays", state: on("1.2.0", "1.1.0", -1), facts: frozen(facts("1.0.0", "1.2.0", "1.1.0")),
		want: "1.2.0", chosen: "1.2.0", previous: "1.1.0", starts: -1,
	},
	{
		name: "the file of a version that stays is gone", state: on("1.2.0", "1.1.0", -1), facts: facts("1.0.0", "1.1.0"),
		want: "1.1.0", chosen: "1.1.0", starts: -1, text: "пропал или повреждён",
	},
	{
		name: "all files are gone", state: on("1.2.0", "1.1.0", -1), facts: facts("1.0.0"),
		starts: -1, text: "версия из пакета",
	},
	{
		name: "the state is damaged", state: State{}, facts: broken(facts("1.0.0", "1.1.0")),
		starts: -1, text: "повреждена",
	},
	{
		name: "a package was installed that is newer", state: on("1.1.0", "", -1), facts: facts("1.2.0", "1.1.0"),
		starts: -1, text: "Пакет принёс версию 1.2.0",
	},
	{
		name: "a package brought the very version", state: on("1.1.0", "", -1), facts: facts("1.1.0", "1.1.0"),
		starts: -1, text: "Пакет принёс",
	},
	{
		name: "a package brought the version on trial", state: on("1.1.0", "", 1), facts: facts("1.1.0", "1.1.0"),
		starts: -1, stage: "HEALTHY", text: "Пакет принёс",
	},
	{
		name: "a package overtook the version on trial", state: on("1.1.0", "", 1), facts: facts("1.2.0", "1.1.0"),
		starts: -1, stage: "ROLLED_BACK", text: "Пакет принёс",
	},
	{
		name: "the package is older, of a test: -beta.10 stays over -beta.9", state: on("1.2.0-beta.10", "", -1), facts: facts("1.2.0-beta.9", "1.2.0-beta.10"),
		want: "1.2.0-beta.10", chosen: "1.2.0-beta.10", starts: -1,
	},
	{
		name: "the way back is older than the package by now", state: on("1.3.0", "1.1.0", 3), facts: facts("1.2.0", "1.3.0", "1.1.0"),
		starts: -1, stage: "ROLLED_BACK", text: "версия из пакета, 1.2.0",
	},
	{
		name: "a build without a version is somebody's own", state: on("1.1.0", "", -1), facts: facts("dev", "1.1.0"),
		chosen: "1.1.0", starts: -1, text: "нет номера версии",
	},
}

func facts(packaged string, whole ...string) Facts {
	f := Facts{Packaged: packaged, Whole: map[string]bool{}, Now: time.UnixMilli(1)}
	for _, v := range whole {
		f.Whole[v] = true
	}
	return f
}

func frozen(f Facts) Facts { f.Frozen = true; return f }
func broken(f Facts) Facts { f.Damaged = true; return f }

// on is a state; starts below zero is a version that stays.
func on(chosen, previous string, starts int) State {
	s := State{Format: stateFormat, Chosen: chosen, Previous: previous}
	if starts >= 0 {
		s.Trial = &Trial{Rollout: "r", From: "1.0.0", Starts: starts}
	}
	return s
}

func TestDecide(t *testing.T) {
	var b strings.Builder
	b.WriteString("| what is found | state | package | runs | state then |\n|---|---|---|---|---|\n")
	for _, c := range decisions {
		t.Run(c.name, func(t *testing.T) {
			d := Decide(c.state, c.facts)
			starts, stage := -1, ""
			if d.Next.Trial != nil {
				starts = d.Next.Trial.Starts
			}
			if d.Next.Reports != nil {
				stage = strings.TrimPrefix(d.Next.newest().Stage.String(), "UPDATE_STAGE_")
			}
			if d.Run != c.want || d.Next.Chosen != c.chosen || d.Next.Previous != c.previous || starts != c.starts || stage != c.stage {
				t.Errorf("runs %q, state %+v, starts %d, report %q", d.Run, d.Next, starts, stage)
			}
			if !strings.Contains(d.Text, c.text) || c.text == "" && d.Text != "" {
				t.Errorf("says %q", d.Text)
			}
			if c.facts.Frozen && d.Write {
				t.Error("writes to a disk that takes no writes")
			}
			if d.Run != "" && !c.facts.Whole[d.Run] {
				t.Error("runs what is not there")
			}
			// Deciding again over what was decided must not end elsewhere, but for the count.
			if again := Decide(d.Next, c.facts); again.Run != d.Run && d.Next.Trial == nil {
				t.Errorf("then it runs %q", again.Run)
			}
		})
		d := Decide(c.state, c.facts)
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", c.name, told(c.state, c.facts.Damaged), c.facts.Packaged, run(d.Run), told(d.Next, false))
	}
	writeTable(t, "launcher table", b.String())
}

func run(v string) string {
	if v == "" {
		return "package"
	}
	return v
}

func told(s State, damaged bool) string {
	if damaged {
		return "?"
	}
	text := run(s.Chosen)
	if s.Trial != nil {
		text += fmt.Sprintf(" on trial, starts %d", s.Trial.Starts)
	}
	if s.Previous != "" {
		text += ", before " + s.Previous
	}
	if s.Reports != nil {
		text += "; report " + strings.TrimPrefix(s.newest().Stage.String(), "UPDATE_STAGE_")
	}
	return text
}

// writeTable keeps a table of docs/updates.md what the code does.
func writeTable(t *testing.T, mark, table string) {
	t.Helper()
	const path = "../../../docs/updates.md"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+mark+" -->\n", "<!-- end of "+mark+" -->"
	head, rest, ok := strings.Cut(string(page), begin)
	old, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("docs/updates.md has no place for the %s", mark)
	}
	if *rewrite {
		if err := os.WriteFile(path, []byte(head+begin+table+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if old != table {
		t.Errorf("docs/updates.md is not current: go test ./agent/internal/update -update")
	}
}
