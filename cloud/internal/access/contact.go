package access

import (
	"errors"
	"net/mail"
	"strings"
	"unicode"
)

// Reasons for which a contact is none. They are shown beside the field.
var (
	errPhone  = errors.New("not a phone number of Russia or Kazakhstan: write it like +7 916 123-45-67")
	errMobile = errors.New("messages reach mobile numbers only: +7 9xx of Russia, +7 70x, 74x to 78x of Kazakhstan")
	errEmail  = errors.New("not an e-mail address: write it like name@example.ru")
)

// digitsOfPhone is a number after +7: the numbering plan that Russia and Kazakhstan share (ITU-T E.164, country code 7).
const digitsOfPhone = 10

// NormalPhone gives a mobile number of Russia or Kazakhstan as E.164, +79161234567, however people write it: with 8 or +7 or
// neither in front, with blanks, brackets, dashes and dots.
func NormalPhone(text string) (string, error) {
	text = strings.TrimSpace(text)
	plus := strings.HasPrefix(text, "+")
	var digits strings.Builder
	for _, r := range strings.TrimPrefix(text, "+") {
		switch {
		case '0' <= r && r <= '9':
			digits.WriteRune(r)
		case unicode.IsSpace(r) || strings.ContainsRune("()-‐‑–.", r):
		default:
			return "", errPhone
		}
	}
	number := digits.String()
	switch {
	case len(number) == digitsOfPhone+1 && (number[0] == '7' || number[0] == '8' && !plus):
		number = number[1:]
	case len(number) == digitsOfPhone && !plus:
	default:
		return "", errPhone
	}
	if number[0] != '9' && (number[0] != '7' || !strings.ContainsRune("045678", rune(number[1]))) {
		return "", errMobile
	}
	return "+7" + number, nil
}

// NormalEmail gives an address as it is compared and kept.
func NormalEmail(text string) (string, error) {
	text = strings.TrimSpace(text)
	address, err := mail.ParseAddress(text)
	if err != nil || address.Address != text || len(text) > 254 {
		return "", errEmail
	}
	at := strings.LastIndexByte(text, '@')
	if host := text[at+1:]; !strings.Contains(host, ".") || strings.HasSuffix(host, ".") || strings.HasPrefix(host, "[") ||
		strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return "", errEmail
	}
	return foldLogin(text), nil
}

// login is what somebody typed to say who they are, in all the ways it may be meant.
type login struct{ folded, email, phone string }

// nobody is a login that nobody has: logins are trimmed.
const nobody = " "

func parseLogin(text string) login {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "") // PostgreSQL keeps neither
	l := login{folded: foldLogin(text)}
	if email, err := NormalEmail(text); err == nil {
		l.email = email
	} else if phone, err := NormalPhone(text); err == nil {
		l.phone = phone
	}
	return l
}

// key is the same for every way one contact is written: attempts are counted by it.
func (l login) key() string {
	if l.phone != "" {
		return l.phone
	}
	return l.folded
}

// hidden gives a contact half hidden: enough to be recognised by who has it.
func hidden(contact string) string {
	if at := strings.LastIndexByte(contact, '@'); at > 0 {
		first := []rune(contact[:at])
		return string(first[:1]) + "•••" + contact[at:]
	}
	if len(contact) == digitsOfPhone+2 {
		return contact[:2] + " " + contact[2:5] + " •••-••-" + contact[10:]
	}
	return "•••"
}
