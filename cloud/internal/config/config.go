// Package config reads the cabinet's settings: one small TOML file, every key of which has a default. A key it does not know is an
// error, for a misspelt key would otherwise be a setting that silently does not hold. example.toml documents all keys and a
// test parses it.
package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"
)

// Config is what the cabinet is told.
type Config struct {
	// Data is the folder of everything the cabinet keeps.
	Data string `toml:"data"`
	// Database is sqlite:<path> or postgres://…; empty is an SQLite file in Data.
	Database string `toml:"database"`
	// Listen is the door of people.
	Listen string `toml:"listen"`
	// PublicURL is where people and agents reach that door; empty is made of Listen.
	PublicURL string `toml:"public_url"`
	// BehindProxy says that a proxy of ours stands in front of Listen and ends TLS.
	BehindProxy bool `toml:"behind_proxy"`
	// Agents is the door of agents.
	Agents string `toml:"agents"`
	// Broker is where the embedded MQTT broker listens.
	Broker string `toml:"broker"`
	// Host is the name or address agents reach this computer by.
	Host string `toml:"host"`
	// Metrics is where numbers for Prometheus are told, on loopback; empty is nowhere.
	Metrics string `toml:"metrics"`
	// Organisation is the name given to the first one.
	Organisation string `toml:"organisation"`

	// SignUp is "open" when anybody may make an organisation, or "invited" when people come by invitation only.
	SignUp string `toml:"signup"`

	Terms    Terms    `toml:"terms"`
	OIDC     OIDC     `toml:"oidc"`
	Support  Support  `toml:"support"`
	TLS      TLS      `toml:"tls"`
	External External `toml:"external_broker"`
	Log      Log      `toml:"log"`

	Mail     Mail     `toml:"mail"`
	SMS      SMS      `toml:"sms"`
	Telegram Telegram `toml:"telegram"`
	Webhooks Webhooks `toml:"webhooks"`
}

// Ways to an organisation of one's own.
const (
	SignUpOpen    = "open"
	SignUpInvited = "invited"
)

// Terms are what everybody accepts who uses the cabinet.
type Terms struct {
	// Version is accepted anew when it changes; empty asks for nothing.
	Version string `toml:"version"`
	// URL is where they are read; empty is the cabinet's own page.
	URL string `toml:"url"`
}

// OIDC is the organisation's own sign-in, OpenID Connect.
type OIDC struct {
	// Issuer is https://…; empty is none.
	Issuer   string `toml:"issuer"`
	ClientID string `toml:"client_id"`
	// Secret, or the file it stands in.
	Secret     string `toml:"secret"`
	SecretFile string `toml:"secret_file"`
	// Name stands on the button.
	Name string `toml:"name"`
}

// TLS is for the door of people.
type TLS struct {
	// Certificate and Key are PEM files.
	Certificate string `toml:"certificate"`
	Key         string `toml:"key"`
	// Own shows a certificate of the cabinet's own authority; enrolment codes then carry its fingerprint.
	Own bool `toml:"own"`
}

// External is an MQTT 3.1.1 broker instead of the embedded one.
type External struct {
	// URL is ssl://host:port; empty uses the embedded broker.
	URL string `toml:"url"`
	// AgentsURL is what agents are told; empty is URL.
	AgentsURL string `toml:"agents_url"`
	// Authority is a PEM file of the authority that signed the broker; empty is the cabinet's own.
	Authority string `toml:"authority"`
	// Username and Password, if the broker asks for them besides the certificate.
	Username string `toml:"username"`
	Password string `toml:"password"`
	// ClientID tells cabinets of one broker apart.
	ClientID string `toml:"client_id"`
}

// Log is how the cabinet writes what happens, to standard error.
type Log struct {
	// Format is text or json.
	Format string `toml:"format"`
	// Level is debug, info, warn or error.
	Level string `toml:"level"`
}

// Default gives the settings of a cabinet that was told nothing.
func Default() Config {
	return Config{
		Data: "chekan-cloud-data", Listen: "127.0.0.1:8090", Agents: "127.0.0.1:8443", Broker: "127.0.0.1:8883",
		Host: "127.0.0.1", Organisation: "Моя компания", SignUp: SignUpInvited, Log: Log{Format: "text", Level: "info"},
	}
}

// Load reads a file over the defaults; an empty name gives the defaults.
func Load(name string) (Config, error) {
	c := Default()
	if name == "" {
		return c, nil
	}
	meta, err := toml.DecodeFile(name, &c)
	if err != nil {
		return c, fmt.Errorf("read settings: %w", err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		names := make([]string, len(unknown))
		for i, key := range unknown {
			names[i] = key.String()
		}
		return c, fmt.Errorf("read settings: %s: unknown keys: %s", name, strings.Join(names, ", "))
	}
	return c, nil
}

// Check says what cannot be right.
func (c *Config) Check() error {
	var errs []error
	for _, a := range []struct{ key, address string }{{"listen", c.Listen}, {"agents", c.Agents}, {"broker", c.Broker}} {
		if _, _, err := net.SplitHostPort(a.address); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", a.key, err))
		}
	}
	if host, _, err := net.SplitHostPort(c.Metrics); c.Metrics != "" && (err != nil || !loopback(host)) {
		errs = append(errs, fmt.Errorf("metrics: %q is not a loopback address like 127.0.0.1:9178", c.Metrics))
	}
	if c.Data == "" {
		errs = append(errs, errors.New("data: needs a folder"))
	}
	if c.Host == "" {
		errs = append(errs, errors.New("host: needs a name or an address"))
	}
	if (c.TLS.Certificate == "") != (c.TLS.Key == "") {
		errs = append(errs, errors.New("tls: certificate and key go together"))
	}
	if c.TLS.Own && c.TLS.Certificate != "" {
		errs = append(errs, errors.New("tls: own, or a certificate, not both"))
	}
	if host, _, err := net.SplitHostPort(c.Listen); err == nil && !c.Encrypted() && !c.BehindProxy && !loopback(host) {
		errs = append(errs, fmt.Errorf("listen: %s is reachable from outside, and passwords would cross the network readable: set [tls], or behind_proxy if a proxy of yours ends TLS", c.Listen))
	}
	if c.PublicURL != "" {
		if u, err := url.Parse(c.PublicURL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			errs = append(errs, fmt.Errorf("public_url: %q is not http(s)://host", c.PublicURL))
		}
	}
	errs = append(errs, c.checkPost()...)
	if _, err := c.Support.Checked(); err != nil {
		errs = append(errs, err)
	}
	if c.SignUp != SignUpOpen && c.SignUp != SignUpInvited {
		errs = append(errs, fmt.Errorf("signup: %q is not open or invited", c.SignUp))
	}
	if o := c.OIDC; o.Issuer != "" {
		if u, err := url.Parse(o.Issuer); err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
			errs = append(errs, fmt.Errorf("oidc.issuer: %q is not https://host", o.Issuer))
		}
		if o.ClientID == "" || o.Name == "" {
			errs = append(errs, errors.New("oidc: needs client_id and name"))
		}
		if c.PublicURL == "" {
			errs = append(errs, errors.New("oidc: needs public_url, which the other side sends people back to"))
		}
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		errs = append(errs, fmt.Errorf("log.format: %q is not text or json", c.Log.Format))
	}
	return errors.Join(errs...)
}

// Encrypted tells whether the door of people itself speaks TLS.
func (c *Config) Encrypted() bool { return c.TLS.Own || c.TLS.Certificate != "" }

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// DatabaseAddress is Database, or the default one in the data folder.
func (c *Config) DatabaseAddress() string {
	if c.Database != "" {
		return c.Database
	}
	return "sqlite:" + filepath.Join(c.Data, "cabinet.db")
}
