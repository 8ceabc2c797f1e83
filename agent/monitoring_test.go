package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func readJSON(t *testing.T, name string, to any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", "monitoring", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, to); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// TestMonitoring_grafana holds the dashboards to what Grafana needs to load one
// (dashboard JSON model): an own uid, a schema it migrates from, panels with
// ids of their own, a place within 24 columns, and questions with a letter.
func TestMonitoring_grafana(t *testing.T) {
	kinds := []string{"stat", "timeseries", "table"}
	uids := map[string]bool{}
	for _, name := range []string{"grafana-agents.json", "grafana-cabinet.json"} {
		var d struct {
			UID, Title    string
			SchemaVersion int
			Panels        []struct {
				ID          int
				Title, Type string
				Place       struct{ X, Y, W, H int } `json:"gridPos"`
				Datasource  struct{ Type, UID string }
				Targets     []struct{ RefID, Expr string }
			}
			Templating struct {
				List []struct{ Name, Type string }
			}
		}
		readJSON(t, name, &d)
		if d.UID == "" || uids[d.UID] || d.Title == "" || d.SchemaVersion < 36 || len(d.Panels) == 0 {
			t.Errorf("%s: uid %q, title %q, schema %d, %d panels", name, d.UID, d.Title, d.SchemaVersion, len(d.Panels))
		}
		uids[d.UID] = true
		variables := map[string]bool{"datasource": false}
		for _, v := range d.Templating.List {
			variables[v.Name] = true
		}
		ids, places := map[int]bool{}, map[[2]int]string{}
		for _, p := range d.Panels {
			if p.ID == 0 || ids[p.ID] || p.Title == "" || !slices.Contains(kinds, p.Type) || len(p.Targets) == 0 {
				t.Errorf("%s: panel %+v", name, p)
			}
			ids[p.ID] = true
			if p.Datasource.Type != "prometheus" || p.Datasource.UID != "${datasource}" || !variables["datasource"] {
				t.Errorf("%s: %q asks %+v", name, p.Title, p.Datasource)
			}
			g := p.Place
			if g.W < 1 || g.H < 1 || g.X < 0 || g.X+g.W > 24 {
				t.Errorf("%s: %q stands at %+v", name, p.Title, g)
			}
			for x := g.X; x < g.X+g.W; x++ {
				for y := g.Y; y < g.Y+g.H; y++ {
					if other := places[[2]int{x, y}]; other != "" {
						t.Fatalf("%s: %q stands on %q", name, p.Title, other)
					}
					places[[2]int{x, y}] = p.Title
				}
			}
			letters := map[string]bool{}
			for _, q := range p.Targets {
				if q.RefID == "" || letters[q.RefID] || !balanced(q.Expr) {
					t.Errorf("%s: %q asks %q", name, p.Title, q.Expr)
				}
				letters[q.RefID] = true
				for _, m := range regexp.MustCompile(`\$([a-z]+)`).FindAllStringSubmatch(q.Expr, -1) {
					if !variables[m[1]] && m[1] != "__rate_interval" {
						t.Errorf("%s: %q knows no $%s", name, p.Title, m[1])
					}
				}
			}
		}
	}
}

// balanced tells whether every bracket and quote of a question is closed.
func balanced(expr string) bool {
	return expr != "" && strings.Count(expr, "(") == strings.Count(expr, ")") && strings.Count(expr, "{") == strings.Count(expr, "}") &&
		strings.Count(expr, "[") == strings.Count(expr, "]") && strings.Count(expr, `"`)%2 == 0
}

// zabbixItem is an item, or a prototype of one.
type zabbixItem struct {
	UUID, Name, Type, Key, Delay string
	MasterItem                   struct{ Key string } `json:"master_item"`
	Preprocessing                []struct {
		Type       string
		Parameters []string
	}
	Triggers          []zabbixTrigger
	TriggerPrototypes []zabbixTrigger `json:"trigger_prototypes"`
}

type zabbixTrigger struct{ UUID, Expression, Name, Priority string }

// TestMonitoring_zabbix holds the template to what Zabbix 6.0 needs to import
// it: versions 4 of UUIDs, each once, masters that are there, triggers on items
// of the same template.
func TestMonitoring_zabbix(t *testing.T) {
	var file struct {
		Export struct {
			Version   string
			Groups    []struct{ UUID, Name string }
			Templates []struct {
				UUID, Template, Name string
				Groups               []struct{ Name string }
				Macros               []struct{ Macro, Value string }
				Items                []zabbixItem
				Rules                []struct {
					UUID, Name, Type, Key string
					MasterItem            struct{ Key string } `json:"master_item"`
					Prototypes            []zabbixItem         `json:"item_prototypes"`
				} `json:"discovery_rules"`
			}
		} `json:"zabbix_export"`
	}
	readJSON(t, "zabbix.json", &file)
	z := file.Export
	if z.Version != "6.0" || len(z.Groups) != 1 || len(z.Templates) != 2 {
		t.Fatalf("version %s, %d groups, %d templates", z.Version, len(z.Groups), len(z.Templates))
	}
	v4 := regexp.MustCompile(`^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$`)
	seen := map[string]bool{}
	uuid := func(what, id string) {
		t.Helper()
		if !v4.MatchString(id) || seen[id] {
			t.Errorf("%s: uuid %q", what, id)
		}
		seen[id] = true
	}
	uuid(z.Groups[0].Name, z.Groups[0].UUID)
	steps := []string{"REGEX", "PROMETHEUS_PATTERN", "CHANGE_PER_SECOND"}
	keyIn := regexp.MustCompile(`/([^/]+)/([a-z.]+(?:\[[^\]]*\])?)`)
	for _, template := range z.Templates {
		uuid(template.Name, template.UUID)
		if len(template.Groups) != 1 || template.Groups[0].Name != z.Groups[0].Name {
			t.Errorf("%s: groups %v", template.Name, template.Groups)
		}
		keys := map[string]bool{}
		all := template.Items
		for _, rule := range template.Rules {
			uuid(rule.Name, rule.UUID)
			if rule.Type != "DEPENDENT" || len(rule.Prototypes) == 0 {
				t.Errorf("%s: %+v", template.Name, rule)
			}
			all = append(all, rule.Prototypes...)
		}
		for _, item := range all {
			uuid(item.Name, item.UUID)
			if keys[item.Key] || item.Name == "" || len(item.Preprocessing) == 0 {
				t.Errorf("%s: item %q", template.Name, item.Key)
			}
			keys[item.Key] = true
			for _, p := range item.Preprocessing {
				if !slices.Contains(steps, p.Type) || len(p.Parameters) == 0 {
					t.Errorf("%s: %q does %+v", template.Name, item.Key, p)
				}
			}
		}
		for _, rule := range template.Rules {
			if !keys[rule.MasterItem.Key] {
				t.Errorf("%s: %q has no master", template.Name, rule.Key)
			}
		}
		for _, item := range all {
			if item.Type == "DEPENDENT" && (!keys[item.MasterItem.Key] || item.Delay != "0") {
				t.Errorf("%s: %q has no master", template.Name, item.Key)
			}
			for _, trigger := range slices.Concat(item.Triggers, item.TriggerPrototypes) {
				uuid(trigger.Name, trigger.UUID)
				m := keyIn.FindStringSubmatch(trigger.Expression)
				if m == nil || m[1] != template.Template || !keys[strings.SplitN(m[2], ",", 2)[0]] || trigger.Priority == "" {
					t.Errorf("%s: trigger %q: %s", template.Name, trigger.Name, trigger.Expression)
				}
			}
		}
		for _, macro := range template.Macros {
			if macro.Macro == "" || macro.Value == "" {
				t.Errorf("%s: macro %+v", template.Name, macro)
			}
		}
	}
}
