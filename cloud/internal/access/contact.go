package access

import (
	"strings"

	"github.com/chekan-io/chekan/cloud/internal/contact"
)

// login is what somebody typed to say who they are, in all the ways it may be meant.
type login struct{ folded, email, phone string }

// nobody is a login that nobody has: logins are trimmed.
const nobody = " "

func parseLogin(text string) login {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "") // PostgreSQL keeps neither
	l := login{folded: foldLogin(text)}
	if email, err := contact.Email(text); err == nil {
		l.email = email
	} else if phone, err := contact.Mobile(text); err == nil {
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
func hidden(address string) string {
	if at := strings.LastIndexByte(address, '@'); at > 0 {
		first := []rune(address[:at])
		return string(first[:1]) + "•••" + address[at:]
	}
	if len(address) == len("+79161234567") {
		return address[:2] + " " + address[2:5] + " •••-••-" + address[10:]
	}
	return "•••"
}
