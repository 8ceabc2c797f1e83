package update

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/config"
)

// trials is the specification of the trial, printed into docs/updates.md.
var trials = []struct {
	name  string
	trial Trial
	signs signs
	want  conclusion
	text  string
}{
	{"it has just begun", Trial{Tills: []string{"k"}, Cloud: true}, signs{}, undecided, ""},
	{"a till is silent for a minute", Trial{Tills: []string{"k"}}, signs{elapsed: time.Minute}, undecided, ""},
	{"a till that answered before is silent for two", Trial{Tills: []string{"k"}}, signs{elapsed: 2 * time.Minute}, sick, "не видит кассу k"},
	{"one of two tills is silent", Trial{Tills: []string{"k1", "k2"}}, signs{elapsed: 2 * time.Minute, tills: seen("k1")}, sick, "не видит кассу k2"},
	{"both are silent", Trial{Tills: []string{"k2", "k1"}}, signs{elapsed: 2 * time.Minute}, sick, "не видит кассы k1, k2"},
	{"a till was away before the switch already", Trial{}, signs{elapsed: 15 * time.Minute}, healthy, ""},
	{"a till is not in the list any more", Trial{Tills: []string{"k"}}, signs{elapsed: 15 * time.Minute, gone: seen("k")}, healthy, ""},
	{"the cabinet is silent, the time is not over", Trial{Cloud: true}, signs{elapsed: 14 * time.Minute}, undecided, ""},
	{"the cabinet answered before and is silent to the end", Trial{Cloud: true}, signs{elapsed: 15 * time.Minute}, sick, "не достучалась до кабинета"},
	{"the cabinet was away before the switch already", Trial{}, signs{elapsed: 15 * time.Minute}, healthy, ""},
	{"all answered, the time is not over", Trial{Tills: []string{"k"}, Cloud: true}, signs{elapsed: 14 * time.Minute, tills: seen("k"), cloud: true}, undecided, ""},
	{"all answered, the time is over", Trial{Tills: []string{"k"}, Cloud: true}, signs{elapsed: 15 * time.Minute, tills: seen("k"), cloud: true}, healthy, ""},
	{"a short trial of the offer: a till is silent", Trial{Seconds: 30, Tills: []string{"k"}}, signs{elapsed: 30 * time.Second}, sick, "не видит"},
	{"a short trial of the offer is over", Trial{Seconds: 30, Tills: []string{"k"}}, signs{elapsed: 30 * time.Second, tills: seen("k")}, healthy, ""},
}

func seen(names ...string) map[string]bool {
	m := map[string]bool{}
	for _, n := range names {
		m[n] = true
	}
	return m
}

func TestJudge(t *testing.T) {
	var b strings.Builder
	b.WriteString("| sign | verdict |\n|---|---|\n")
	words := map[conclusion]string{undecided: "goes on", healthy: "stays", sick: "gives itself up"}
	for _, c := range trials {
		c.trial.From = "1.0.0"
		got, text := judge(c.trial, "1.1.0", c.signs)
		if got != c.want || !strings.Contains(text, c.text) || c.text == "" && text != "" {
			t.Errorf("%s: %s, %q", c.name, words[got], text)
		}
		fmt.Fprintf(&b, "| %s | %s |\n", c.name, words[got])
	}
	writeTable(t, "trial table", b.String())
}

func TestHours(t *testing.T) {
	at := func(hour, minute int) time.Time { return time.Date(2026, 3, 4, hour, minute, 0, 0, time.Local) }
	rush := []config.Hours{{Begin: 11 * time.Hour, End: 14*time.Hour + 30*time.Minute}}
	for _, c := range []struct {
		name  string
		hours hours
		now   time.Time
		want  string
	}{
		{"no hours", hours{}, at(12, 0), ""},
		{"in rush hours", hours{rush: rush}, at(11, 0), "ждём: часы пик до 14:30"},
		{"at their end", hours{rush: rush}, at(14, 30), ""},
		{"before the window", hours{window: windowOf(120, 300)}, at(1, 59), "ждём: обновляться можно с 02:00 до 05:00"},
		{"in the window", hours{window: windowOf(120, 300)}, at(2, 0), ""},
		{"in a window over midnight", hours{window: windowOf(23*60, 60)}, at(0, 30), ""},
		{"outside of it", hours{window: windowOf(23*60, 60)}, at(1, 0), "ждём: обновляться можно с 23:00 до 01:00"},
		{"any time", hours{window: windowOf(60, 60)}, at(1, 0), ""},
		{"nonsense is any time", hours{window: windowOf(60, 6000)}, at(1, 0), ""},
		{"window and rush hours", hours{rush: rush, window: windowOf(600, 900)}, at(12, 0), "ждём: часы пик до 14:30"},
	} {
		if got := c.hours.wait(c.now); got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}
