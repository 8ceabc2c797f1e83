package config

import (
	"strings"
	"testing"
)

func TestStarter(t *testing.T) {
	for _, cloud := range []string{"", "https://cabinet.example:8443"} {
		c, err := Parse(Starter(cloud))
		if err != nil {
			t.Fatal(err)
		}
		if c.Cloud != cloud || len(c.Tills) != 0 || c.Data != DefaultData() || c.Listen != DefaultListen {
			t.Errorf("%q: %+v", cloud, c)
		}
	}
	// The commented till is a good one too.
	text := Starter("")
	for _, line := range []string{"[[till]]", `name = "kassa-1"`, `driver = "shtrih"`, `wire = "serial:COM3?baud=115200"`} {
		text = replaceOnce(t, text, "# "+line, line)
	}
	if c, err := Parse(text); err != nil || len(c.Tills) != 1 {
		t.Errorf("%+v %v", c.Tills, err)
	}
}

func replaceOnce(t *testing.T, text, from, to string) string {
	t.Helper()
	if strings.Count(text, from) != 1 {
		t.Fatalf("%q is there %d times", from, strings.Count(text, from))
	}
	return strings.Replace(text, from, to, 1)
}
