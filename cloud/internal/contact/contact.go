// Package contact turns phone numbers and e-mail addresses, however people write them, into the one form in which they are kept and
// compared. It is pure: whether anybody answers there is found out by a code that is sent.
//
// A [Mobile] gets messages, so it is a mobile number of the countries the cabinet sends them to: Russia and Kazakhstan, which share
// a numbering plan (ITU-T E.164, country code 7). A [Phone] is for people to call: a number of a city will do, and one of another
// country with its plus.
package contact

import (
	"errors"
	"net/mail"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
)

// Reasons for which a contact is none. They are shown beside the field.
var (
	ErrPhone  = errors.New("not a phone number of Russia or Kazakhstan: write it like +7 916 123-45-67")
	ErrMobile = errors.New("messages reach mobile numbers only: +7 9xx of Russia, +7 70x, 74x to 78x of Kazakhstan")
	ErrEmail  = errors.New("not an e-mail address: write it like name@example.ru")
)

const (
	// digits is how many a number has after +7.
	digits = 10
	// shortest and longest are the digits of a number with the code of its country (E.164, 6.2.1; the shortest in use have eight).
	shortest, longest = 8, 15
	// longestEmail is what SMTP carries (RFC 5321, 4.5.3.1.3, without the brackets).
	longestEmail = 254
)

// read gives the digits of a number, and whether it was written with a plus; false when something else stands among them.
func read(text string) (number string, plus, ok bool) {
	text = strings.TrimSpace(text)
	plus = strings.HasPrefix(text, "+")
	var b strings.Builder
	for _, r := range strings.TrimPrefix(text, "+") {
		switch {
		case '0' <= r && r <= '9':
			b.WriteRune(r)
		case unicode.IsSpace(r) || strings.ContainsRune("()-‐‑–.", r):
		default:
			return "", plus, false
		}
	}
	return b.String(), plus, true
}

// seven gives what stands after +7 in a number of Russia or Kazakhstan, which may be written with 8 or +7 or neither in front.
func seven(number string, plus bool) (string, bool) {
	switch {
	case len(number) == digits+1 && (number[0] == '7' || number[0] == '8' && !plus):
		return number[1:], true
	case len(number) == digits && !plus:
		return number, true
	}
	return "", false
}

// Mobile gives a mobile number of Russia or Kazakhstan as E.164, +79161234567, however people write it: with blanks, brackets,
// dashes and dots. The error is [ErrPhone] or [ErrMobile].
func Mobile(text string) (string, error) {
	number, plus, ok := read(text)
	if !ok {
		return "", ErrPhone
	}
	if number, ok = seven(number, plus); !ok {
		return "", ErrPhone
	}
	if number[0] != '9' && (number[0] != '7' || !strings.ContainsRune("045678", rune(number[1]))) {
		return "", ErrMobile
	}
	return "+7" + number, nil
}

// Phone gives any number that people can call as E.164. The error is [ErrPhone].
func Phone(text string) (string, error) {
	number, plus, ok := read(text)
	if !ok {
		return "", ErrPhone
	}
	if home, ok := seven(number, plus); ok {
		return "+7" + home, nil
	}
	if plus && len(number) >= shortest && len(number) <= longest && number[0] != '0' && number[0] != '7' {
		return "+" + number, nil
	}
	return "", ErrPhone
}

// Email gives an address as it is compared and kept. The error is [ErrEmail].
func Email(text string) (string, error) {
	text = strings.TrimSpace(text)
	address, err := mail.ParseAddress(text)
	if err != nil || address.Address != text || len(text) > longestEmail {
		return "", ErrEmail
	}
	at := strings.LastIndexByte(text, '@')
	if host := text[at+1:]; !strings.Contains(host, ".") || strings.HasSuffix(host, ".") || strings.HasPrefix(host, "[") ||
		strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return "", ErrEmail
	}
	return cases.Fold().String(text), nil
}
