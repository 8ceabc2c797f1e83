package people

import (
	"net/mail"
	"strings"
)

// Email gives an e-mail address as it is kept, or says that it is none.
func Email(text string) (string, error) {
	text = strings.TrimSpace(text)
	address, err := mail.ParseAddress(text)
	if err != nil || address.Address != text || len(text) > 254 || strings.ContainsAny(text, "\"<> ") {
		return "", refuse(ErrInvalid, "email", "email")
	}
	local, domain, _ := strings.Cut(text, "@")
	if !strings.Contains(domain, ".") || strings.HasSuffix(domain, ".") || strings.Contains(domain, "[") {
		return "", refuse(ErrInvalid, "email", "email")
	}
	return local + "@" + strings.ToLower(domain), nil
}

// Phone gives a phone number as it is kept, +79161234567: +7, 8 and no prefix at all are one number of Russia and Kazakhstan; others
// are written with their plus. Blanks, dashes and brackets do not matter.
func Phone(text string) (string, error) {
	text = strings.TrimSpace(text)
	plus := strings.HasPrefix(text, "+")
	var digits strings.Builder
	for _, r := range strings.TrimPrefix(text, "+") {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		case strings.ContainsRune(" \t\u00a0\u202f-‐‑–.()", r):
		default:
			return "", refuse(ErrInvalid, "phone", "phone")
		}
	}
	d := digits.String()
	switch {
	case len(d) == 11 && d[0] == '8' && !plus:
		d = "7" + d[1:]
	case len(d) == 10 && !plus:
		d = "7" + d
	case len(d) == 11 && d[0] == '7':
	case plus && len(d) >= 8 && len(d) <= 15 && d[0] != '0' && d[0] != '7':
	default:
		return "", refuse(ErrInvalid, "phone", "phone")
	}
	return "+" + d, nil
}

// Recipient gives an e-mail address or a phone number as it is kept.
func Recipient(text string) (string, error) {
	if strings.Contains(text, "@") {
		return Email(text)
	}
	return Phone(text)
}
