package people

import (
	"strings"

	"github.com/chekan-io/chekan/cloud/internal/contact"
)

// email gives an organisation's e-mail address as it is kept.
func email(text string) (string, error) {
	address, err := contact.Email(text)
	if err != nil {
		return "", refuse(ErrInvalid, "email", "email")
	}
	return address, nil
}

// phone gives an organisation's phone number as it is kept: it is for people to call.
func phone(text string) (string, error) {
	number, err := contact.Phone(text)
	if err != nil {
		return "", refuse(ErrInvalid, "phone", "phone")
	}
	return number, nil
}

// recipient gives the e-mail address or mobile number of an invited person, as they will sign in by it.
func recipient(text string) (string, error) {
	normal := contact.Mobile
	if strings.Contains(text, "@") {
		normal = contact.Email
	}
	address, err := normal(text)
	if err != nil {
		return "", refuse(ErrInvalid, "recipient", "recipient")
	}
	return address, nil
}
