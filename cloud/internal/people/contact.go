package people

import (
	"strings"
	"unicode"

	"github.com/chekan-io/chekan/cloud/internal/access"
)

// email gives an organisation's e-mail address as it is kept.
func email(text string) (string, error) {
	address, err := access.NormalEmail(text)
	if err != nil {
		return "", refuse(ErrInvalid, "email", "email")
	}
	return address, nil
}

// phone gives an organisation's phone number as it is kept, +74951234567. It is for people to call, so a number of a city will do, and
// one of another country with its plus; messages go to [access.NormalPhone].
func phone(text string) (string, error) {
	text = strings.TrimSpace(text)
	plus := strings.HasPrefix(text, "+")
	var digits strings.Builder
	for _, r := range strings.TrimPrefix(text, "+") {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		case unicode.IsSpace(r) || strings.ContainsRune("()-‐‑–.", r):
		default:
			return "", refuse(ErrInvalid, "phone", "phone")
		}
	}
	d := digits.String()
	switch {
	case len(d) == 11 && (d[0] == '7' || d[0] == '8' && !plus):
		d = "7" + d[1:]
	case len(d) == 10 && !plus:
		d = "7" + d
	case plus && len(d) >= 8 && len(d) <= 15 && d[0] != '0' && d[0] != '7':
	default:
		return "", refuse(ErrInvalid, "phone", "phone")
	}
	return "+" + d, nil
}

// recipient gives the e-mail address or mobile number of an invited person, as they will sign in by it.
func recipient(text string) (string, error) {
	normal := access.NormalPhone
	if strings.Contains(text, "@") {
		normal = access.NormalEmail
	}
	address, err := normal(text)
	if err != nil {
		return "", refuse(ErrInvalid, "recipient", "recipient")
	}
	return address, nil
}
