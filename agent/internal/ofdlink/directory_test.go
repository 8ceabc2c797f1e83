package ofdlink

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDirectory(t *testing.T) {
	d, err := LoadDirectory(filepath.Join(t.TempDir(), DirectoryFile))
	if err != nil {
		t.Fatal(err)
	}
	for inn, want := range map[string]string{
		"9715260691": "ofdp.platformaofd.ru:21101", "7704211201": "f1.taxcom.ru:7777", "7709364346": "k-server.1-ofd.ru:7777",
		"7709364346  ": "k-server.1-ofd.ru:7777", // as in tag 1017
		"007709364346": "k-server.1-ofd.ru:7777", // as some tills write it
		"6663003127":   "ofd.kontur.ru:7777",     // an INN the operator had before
	} {
		if o, ok := d.ByINN(inn); !ok || o.Address != want {
			t.Errorf("INN %q is %+v, want %s", inn, o, want)
		}
	}
	for _, inn := range []string{"", "7702203276"} {
		if o, ok := d.ByINN(inn); ok {
			t.Errorf("INN %q is %+v", inn, o)
		}
	}
	if n := len(d.Operators()); n != 11 {
		t.Errorf("%d operators", n)
	}
}

func TestDirectory_override(t *testing.T) {
	path := filepath.Join(t.TempDir(), DirectoryFile)
	text := `
[[operator]]
inn = "7709364346"
name = "Первый ОФД, новый адрес"
address = "new.example.ru:7000"

[[operator]]
inn = "7702203276"
name = "Свой"
address = "127.0.0.1:7777"

[[redirect]]
from = "F1.taxcom.ru:7777"
to = "a.example.ru:1"

[[redirect]]
from = "a.example.ru:1"
to = "b.example.ru:2"

[[redirect]]
from = "b.example.ru:2"
to = "a.example.ru:1"
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := LoadDirectory(path)
	if err != nil {
		t.Fatal(err)
	}
	for inn, want := range map[string]string{"7709364346": "new.example.ru:7000", "7702203276": "127.0.0.1:7777", "9715260691": "ofdp.platformaofd.ru:21101"} {
		if o, _ := d.ByINN(inn); o.Address != want {
			t.Errorf("INN %s is at %s, want %s", inn, o.Address, want)
		}
	}
	if got := d.Redirected("f1.taxcom.ru:7777"); got == "f1.taxcom.ru:7777" || !strings.Contains(got, "example.ru") {
		t.Errorf("redirected to %s", got)
	}
	if got := d.Redirected("ofd.kontur.ru:7777"); got != "ofd.kontur.ru:7777" {
		t.Errorf("redirected to %s", got)
	}
}

func TestDirectory_errors(t *testing.T) {
	operator := func(inn, address string) string {
		return "[[operator]]\ninn = \"" + inn + "\"\nname = \"X\"\naddress = \"" + address + "\"\n"
	}
	for name, tt := range map[string]struct{ text, want string }{
		"not TOML":       {"[[operator", "не разобрать"},
		"misspelt":       {operator("7709364346", "a.ru:1") + "adr = \"b.ru:1\"\n", "adr"},
		"INN":            {operator("7709364347", "a.ru:1"), "7709364347"},
		"no port":        {operator("7709364346", "a.ru"), "узел:порт"},
		"port zero":      {operator("7709364346", "a.ru:0"), "порт"},
		"redirect":       {"[[redirect]]\nfrom = \"a.ru:1\"\nto = \"nowhere\"\n", "nowhere"},
		"no host at all": {operator("7709364346", ":7777"), "узел:порт"},
	} {
		if _, err := ParseDirectory(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q in it", name, err, tt.want)
		}
	}
	// A broken file does not take the embedded directory along.
	path := filepath.Join(t.TempDir(), DirectoryFile)
	if err := os.WriteFile(path, []byte("[[operator"), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := LoadDirectory(path)
	if _, ok := d.ByINN("9715260691"); err == nil || !ok {
		t.Errorf("a broken file: %v, the embedded directory is there: %t", err, ok)
	}
}
