package config

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/chekan-io/chekan/cloud/internal/contact"
)

// maxSupport bounds a text of Support, in characters.
const maxSupport = 200

// Support is who keeps this cabinet and helps the people who use it; the pages show it to everybody, before sign-in too. With
// neither an e-mail nor a phone nobody is named.
type Support struct {
	Name  string `toml:"name"`
	Email string `toml:"email"`
	Phone string `toml:"phone"`
	// Hours says when somebody answers, in their own words.
	Hours string `toml:"hours"`
}

// Checked gives the contacts as they are kept and compared, or says what is wrong with them.
func (s Support) Checked() (Support, error) {
	var err error
	if s.Email != "" {
		if s.Email, err = contact.Email(s.Email); err != nil {
			return s, fmt.Errorf("support.email: %w", err)
		}
	}
	if s.Phone != "" {
		if s.Phone, err = contact.Phone(s.Phone); err != nil {
			return s, fmt.Errorf("support.phone: %w", err)
		}
	}
	s.Name, s.Hours = strings.TrimSpace(s.Name), strings.TrimSpace(s.Hours)
	for _, t := range []struct{ key, text string }{{"name", s.Name}, {"hours", s.Hours}} {
		if n := utf8.RuneCountInString(t.text); n > maxSupport {
			return s, fmt.Errorf("support.%s: %d characters, %d at most", t.key, n, maxSupport)
		}
		if strings.ContainsFunc(t.text, func(r rune) bool { return !unicode.IsGraphic(r) }) {
			return s, fmt.Errorf("support.%s: has characters that cannot be shown; it is one line", t.key)
		}
		if t.text != "" && s.Email == "" && s.Phone == "" {
			return s, fmt.Errorf("support.%s: needs an email or a phone beside it", t.key)
		}
	}
	return s, nil
}
