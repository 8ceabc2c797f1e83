package config

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Mail is how e-mail is sent; without a host each letter is a file in the data folder.
type Mail struct {
	// Host and Port of the SMTP server; port 0 is the usual one of Encryption.
	Host string `toml:"host"`
	Port int    `toml:"port"`
	// Encryption is starttls (the default), tls or none.
	Encryption string `toml:"encryption"`
	// From is what letters come from: Чекан <kassa@example.ru>.
	From string `toml:"from"`
	// Username and Password, when the server asks for them.
	Username string `toml:"username"`
	Password string `toml:"password"`
	// PasswordFile holds the password instead.
	PasswordFile string `toml:"password_file"`
	// Authority is a PEM file of the authority that signed the server; empty is those of the system.
	Authority string `toml:"authority"`
}

// SMS is how text messages are sent: a gateway over HTTP; without a URL each message is a file in the data folder. In URL, Body
// and Authorization the words {phone}, {text}, {id} and {token} are replaced, escaped as their place needs.
type SMS struct {
	URL string `toml:"url"`
	// Body is JSON for POST; empty asks by GET.
	Body string `toml:"body"`
	// Authorization is the header of that name.
	Authorization string `toml:"authorization"`
	Token         string `toml:"token"`
	// TokenFile holds the token instead.
	TokenFile string `toml:"token_file"`
	// Expect must stand in the answer: many gateways say 200 to what they refuse.
	Expect string `toml:"expect"`
}

// Telegram is the bot that speaks to people; without a token there is none.
type Telegram struct {
	Token string `toml:"token"`
	// TokenFile holds the token instead.
	TokenFile string `toml:"token_file"`
	// API is the address of the Bot API; empty is Telegram's own.
	API string `toml:"api"`
}

// Webhooks says where webhooks may go besides the public internet over HTTPS.
type Webhooks struct {
	// Allow lists networks that are private and yet allowed: 10.1.0.0/16.
	Allow []string `toml:"allow"`
	// AllowHTTP lets them go without encryption.
	AllowHTTP bool `toml:"allow_http"`
}

// PostFolder is where messages are kept for which no way out is set.
func (c *Config) PostFolder() string { return filepath.Join(c.Data, "post") }

// Secret gives a secret of the settings: the value itself, or what stands in the file.
func Secret(value, file string) (string, error) {
	if value != "" || file == "" {
		return value, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	if value = strings.TrimSpace(string(text)); value == "" {
		return "", fmt.Errorf("read secret: %s is empty", file)
	}
	return value, nil
}

// checkPost says what of the ways out cannot be right.
func (c *Config) checkPost() (errs []error) {
	if m := c.Mail; m.Host != "" {
		switch cmp.Or(m.Encryption, "starttls") {
		case "starttls", "tls", "none":
		default:
			errs = append(errs, fmt.Errorf("mail.encryption: %q is not starttls, tls or none", m.Encryption))
		}
		if m.From == "" {
			errs = append(errs, errors.New("mail.from: needs an address: servers refuse letters from nobody"))
		}
		if m.Encryption == "none" && m.Username != "" && !loopback(m.Host) {
			errs = append(errs, errors.New("mail.encryption: a password would cross the network readable"))
		}
	}
	for _, u := range []struct{ key, address string }{{"sms.url", c.SMS.URL}, {"telegram.api", c.Telegram.API}} {
		if u.address == "" {
			continue
		}
		if at, err := url.Parse(u.address); err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" {
			errs = append(errs, fmt.Errorf("%s: is not http(s)://host", u.key))
		}
	}
	for _, s := range []struct{ key, value, file string }{
		{"mail.password", c.Mail.Password, c.Mail.PasswordFile}, {"sms.token", c.SMS.Token, c.SMS.TokenFile}, {"telegram.token", c.Telegram.Token, c.Telegram.TokenFile},
	} {
		if s.value != "" && s.file != "" {
			errs = append(errs, fmt.Errorf("%s: a value, or a file of it, not both", s.key))
		}
	}
	for _, network := range c.Webhooks.Allow {
		if _, err := netip.ParsePrefix(network); err != nil {
			errs = append(errs, fmt.Errorf("webhooks.allow: %q is not a network like 10.1.0.0/16", network))
		}
	}
	return errs
}
