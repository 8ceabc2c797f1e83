package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSupport(t *testing.T) {
	got, err := Support{Name: " Поддержка ", Email: "Help@Example.RU", Phone: "8 (843) 200-10-20", Hours: "пн–пт 9:00–18:00 "}.Checked()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Support{Name: "Поддержка", Email: "help@example.ru", Phone: "+78432001020", Hours: "пн–пт 9:00–18:00"}, got); diff != "" {
		t.Error(diff)
	}
	if got, err := (Support{}).Checked(); err != nil || got != (Support{}) {
		t.Errorf("nobody: %+v, %v", got, err)
	}
	for key, s := range map[string]Support{
		"support.email": {Email: "nobody"},
		"support.phone": {Phone: "12"},
		"support.name":  {Name: strings.Repeat("я", maxSupport+1), Email: "help@example.ru"},
		"support.hours": {Hours: "пн–пт\nсб", Email: "help@example.ru"},
		// Hours of nobody help nobody.
		"support.hours: needs": {Hours: "пн–пт"},
	} {
		t.Run(key, func(t *testing.T) {
			c := Default()
			c.Support = s
			if err := c.Check(); err == nil || !strings.Contains(err.Error(), key) {
				t.Errorf("%v does not name it", err)
			}
		})
	}
}
