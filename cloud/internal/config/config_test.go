package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

// TestLoad_example: the example is valid and names every key there is.
func TestLoad_example(t *testing.T) {
	c, err := Load("example.toml")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	meta, err := toml.DecodeFile("example.toml", new(Config))
	if err != nil {
		t.Fatal(err)
	}
	var walk func(prefix []string, of reflect.Type)
	walk = func(prefix []string, of reflect.Type) {
		for field := range of.Fields() {
			key := append(prefix[:len(prefix):len(prefix)], field.Tag.Get("toml"))
			if !meta.IsDefined(key...) {
				t.Errorf("example.toml does not show %s", strings.Join(key, "."))
			}
			if field.Type.Kind() == reflect.Struct {
				walk(key, field.Type)
			}
		}
	}
	walk(nil, reflect.TypeFor[Config]())
}

func TestLoad_unknown(t *testing.T) {
	name := filepath.Join(t.TempDir(), "cloud.toml")
	if err := os.WriteFile(name, []byte("lisen = \"127.0.0.1:1\"\n[log]\ncolour = \"info\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load(name)
	if err == nil || !strings.Contains(err.Error(), "lisen") || !strings.Contains(err.Error(), "log.colour") {
		t.Errorf("got %v", err)
	}
}

func TestCheck(t *testing.T) {
	for name, change := range map[string]func(c *Config){
		"passwords readable on the network": func(c *Config) { c.Listen = "0.0.0.0:80" },
		"half a certificate":                func(c *Config) { c.TLS.Certificate = "x.pem" },
		"two certificates":                  func(c *Config) { c.TLS = TLS{Certificate: "x.pem", Key: "y.pem", Own: true} },
		"an address without a port":         func(c *Config) { c.Agents = "127.0.0.1" },
		"a public address that is none":     func(c *Config) { c.PublicURL = "kassa.example.ru" },
		"metrics for everyone":              func(c *Config) { c.Metrics = "0.0.0.0:9178" },
		"metrics without a port":            func(c *Config) { c.Metrics = "127.0.0.1" },
		"a way to sign up there is not":     func(c *Config) { c.SignUp = "perhaps" },
		"a sign-in elsewhere, unencrypted": func(c *Config) {
			c.PublicURL, c.OIDC = "https://x.ru", OIDC{Issuer: "http://id.example.ru", ClientID: "x", Name: "x"}
		},
		"a sign-in elsewhere with no way back": func(c *Config) { c.OIDC = OIDC{Issuer: "https://id.example.ru", ClientID: "x", Name: "x"} },
		"a format there is not":                func(c *Config) { c.Log.Format = "xml" },
	} {
		t.Run(name, func(t *testing.T) {
			c := Default()
			change(&c)
			if c.Check() == nil {
				t.Error("accepted")
			}
		})
	}
	c := Default()
	if err := c.Check(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
}
