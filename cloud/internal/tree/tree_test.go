package tree

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/light"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// of makes a tree of lines "kind id parent".
func of(lines ...string) *Tree {
	kinds := map[string]Kind{"dep": Department, "out": Outlet, "till": Till}
	nodes := []Node{{Kind: Organisation, ID: "org", Name: "Компания"}}
	for i, line := range lines {
		f := strings.Fields(line)
		nodes = append(nodes, Node{Kind: kinds[f[0]], ID: f[1], Parent: f[2], Name: f[1], Position: int64(i)})
	}
	return New("org", nodes)
}

func reason(err error) Reason {
	if r, ok := errors.AsType[*Refused](err); ok {
		return r.Reason
	}
	if errors.Is(err, ErrNotFound) {
		return "not found"
	}
	return ""
}

func TestCheckMove(t *testing.T) {
	lines := []string{"dep south org", "dep sochi south", "out market sochi", "till t1 market", "till t2 market", "out depot org", "dep north org"}
	deep := "org"
	for i := range MaxDepth - 2 { // with an outlet and a till beneath them there is no room for one more
		id := fmt.Sprint("d", i)
		lines = append(lines, "dep "+id+" "+deep)
		deep = id
	}
	tree := of(lines...)
	for name, c := range map[string]struct {
		id, parent string
		want       Reason
	}{
		"a till into another outlet":           {"t1", "depot", ""},
		"a till where it stands":               {"t1", "market", ""},
		"a till right under the organisation":  {"t1", "org", ReasonKind},
		"a till into a department":             {"t1", "south", ReasonKind},
		"a till beneath a till":                {"t1", "t2", ReasonKind},
		"an outlet to the top":                 {"market", "org", ""},
		"an outlet into an outlet":             {"market", "depot", ReasonKind},
		"a department into another":            {"south", "north", ""},
		"a department into itself":             {"south", "south", ReasonCycle},
		"a department beneath itself":          {"south", "sochi", ReasonCycle},
		"a department into an outlet":          {"south", "depot", ReasonKind},
		"an outlet into the deepest":           {"depot", deep, ""},
		"an empty department into the deepest": {"north", deep, ReasonDepth},
		"a full department near the deepest":   {"south", "d12", ReasonDepth},
		"a department with room left":          {"sochi", "d12", ""},
		"the organisation":                     {"org", "north", "not found"},
		"a node there is not":                  {"t9", "market", "not found"},
		"to a place there is not":              {"t1", "shop9", "not found"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := reason(tree.CheckMove(c.id, c.parent)); got != c.want {
				t.Errorf("%q, not %q", got, c.want)
			}
		})
	}
	if got := reason(tree.CheckNew(Department, deep)); got != ReasonDepth {
		t.Errorf("a department beneath the deepest: %q", got)
	}
	if err := tree.CheckNew(Outlet, deep); err != nil {
		t.Errorf("an outlet in the deepest: %v", err)
	}
	for _, kind := range []Kind{Till, Organisation, 0, 9} {
		if got := reason(tree.CheckNew(kind, "org")); got != ReasonKind {
			t.Errorf("a new %d: %q", kind, got)
		}
	}
}

// Counts of a node are the sum of those beneath it, and the worst colour wins.
func TestCount(t *testing.T) {
	tree := of("dep south org", "dep sochi south", "out market sochi", "out depot south", "out empty org", "till t1 market", "till t2 market", "till t3 depot", "till t4 depot")
	counts := tree.Count(map[string]light.Colour{"t1": light.Red, "t2": light.Green, "t3": light.Yellow, "t4": light.Grey, "t9": light.Red, "south": light.Red})
	for id, want := range map[string]Counts{
		"org": {light.Green: 1, light.Grey: 1, light.Yellow: 1, light.Red: 1}, "south": {light.Green: 1, light.Grey: 1, light.Yellow: 1, light.Red: 1},
		"sochi": {light.Green: 1, light.Red: 1}, "market": {light.Green: 1, light.Red: 1}, "depot": {light.Grey: 1, light.Yellow: 1}, "t3": {light.Yellow: 1}, "empty": {},
	} {
		if counts[id] != want {
			t.Errorf("%s: %v, not %v", id, counts[id], want)
		}
	}
	for _, n := range tree.All() {
		if n.Kind == Till {
			continue
		}
		var sum Counts
		for _, c := range tree.Children(n.ID) {
			for colour, many := range counts[c.ID] {
				sum[colour] += many
			}
		}
		if sum != counts[n.ID] {
			t.Errorf("%s counts %v, its children %v", n.ID, counts[n.ID], sum)
		}
	}
	for id, want := range map[string]light.Colour{"org": light.Red, "depot": light.Yellow} {
		if got, ok := counts[id].Worst(); !ok || got != want {
			t.Errorf("%s is of colour %v", id, got)
		}
	}
	if _, ok := counts["empty"].Worst(); ok {
		t.Error("an outlet without tills has a colour")
	}
}

func TestName(t *testing.T) {
	for text, want := range map[string]string{" Магазин  у дома\t": "Магазин у дома", "Дүкен №1 «Ақ»": "Дүкен №1 «Ақ»", strings.Repeat("ы", 100): strings.Repeat("ы", 100)} {
		if got, err := Name(text); err != nil || got != want {
			t.Errorf("%q is %q: %v", text, got, err)
		}
	}
	for _, text := range []string{"", "  ", strings.Repeat("ы", 101), "Магазин\x00", "Мага\u202eзин", "\xff", "Мага\u200bзин"} {
		if got, err := Name(text); reason(err) != ReasonName {
			t.Errorf("%q is the name %q", text, got)
		}
	}
}

func TestDetails(t *testing.T) {
	for d, want := range map[Details]Reason{
		{}: "",
		{Address: "г. Сочи, ул. Мира, 1", TimeZone: "Europe/Moscow", Phone: "+7 (862) 123-45-67"}: "",
		{TimeZone: "Asia/Almaty", Phone: "87771234567"}:                                           "",
		{TimeZone: "Local"}:                   ReasonZone,
		{TimeZone: "Moscow"}:                  ReasonZone,
		{TimeZone: "../../etc/passwd"}:        ReasonZone,
		{Phone: "позвоните"}:                  ReasonPhone,
		{Phone: "1234"}:                       ReasonPhone,
		{Phone: "12345678901234567"}:          ReasonPhone,
		{Phone: "7+7771234567"}:               ReasonPhone,
		{Address: strings.Repeat("я", 301)}:   ReasonAddress,
		{Address: "ул. Мира\u202e"}:           ReasonAddress,
		{Phone: "=1+1|'cmd'!A1"}:              ReasonPhone,
		{TimeZone: strings.Repeat("A", 5000)}: ReasonZone,
	} {
		if _, err := d.Check(); reason(err) != want {
			t.Errorf("%+v: %v", d, err)
		}
	}
}

func TestCivil(t *testing.T) {
	now := time.Date(2026, 3, 4, 9, 0, 30, 0, time.UTC)
	for name, c := range map[string]struct {
		state *fiscalv1.TillState
		zone  string
		want  string
	}{
		"the till's clock, and what has passed since":   {&fiscalv1.TillState{Clock: "2026-03-04T11:50:00", ReadMs: now.Add(-10 * time.Minute).UnixMilli()}, "Asia/Almaty", "2026-03-04T12:00"},
		"the zone of the outlet":                        {&fiscalv1.TillState{Clock: "2026-03-04T11:50:00"}, "Asia/Almaty", "2026-03-04T14:00"},
		"the last document":                             {&fiscalv1.TillState{LastAt: "2026-03-04T12:29"}, "", "2026-03-04T12:30"},
		"the cabinet's own":                             {&fiscalv1.TillState{}, "Nowhere", "2026-03-04T09:00"},
		"a clock read in the future is not turned back": {&fiscalv1.TillState{Clock: "2026-03-04T11:50", ReadMs: now.Add(time.Hour).UnixMilli()}, "", "2026-03-04T11:50"},
	} {
		if got := Civil(c.state, c.zone, now); got != c.want {
			t.Errorf("%s: %s, not %s", name, got, c.want)
		}
	}
}
