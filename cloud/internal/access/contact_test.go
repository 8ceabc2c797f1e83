package access

import (
	"errors"
	"testing"
)

func TestNormalPhone(t *testing.T) {
	for text, want := range map[string]string{
		"+79161234567":          "+79161234567",
		"89161234567":           "+79161234567",
		"79161234567":           "+79161234567",
		"9161234567":            "+79161234567",
		" 8 (916) 123-45-67 ":   "+79161234567",
		"+7 916 123 45 67":      "+79161234567",
		"+7 916\u00a0123–45–67": "+79161234567",
		"8.916.123.45.67":       "+79161234567",
		"+7 (701) 234-56-78":    "+77012345678",
		"8 777 234 56 78":       "+77772345678",
		"7012345678":            "+77012345678",
	} {
		if got, err := NormalPhone(text); got != want || err != nil {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for text, want := range map[string]error{
		"": errPhone, "admin": errPhone, "+375291234567": errPhone, "+8 916 123 45 67": errPhone, "+9161234567": errPhone,
		"916123456": errPhone, "891612345678": errPhone, "8916123456a": errPhone, "8916+1234567": errPhone, "+": errPhone,
		"8 495 123-45-67": errMobile, "+7 727 250-00-00": errMobile, "8 800 555-35-35": errMobile,
	} {
		if got, err := NormalPhone(text); !errors.Is(err, want) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestNormalEmail(t *testing.T) {
	for text, want := range map[string]string{
		"name@example.ru": "name@example.ru", " Name@Example.RU ": "name@example.ru", "пётр@почта.рф": "пётр@почта.рф", "a+b@x.kz": "a+b@x.kz",
	} {
		if got, err := NormalEmail(text); got != want || err != nil {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "name", "name@", "@example.ru", "name@localhost", "Name <name@example.ru>", "a@b.ru, c@d.ru", "a@b.ru\r\nBcc: c@d.ru", "a@[127.0.0.1]", "a b@c.ru", "a@b.",
	} {
		if got, err := NormalEmail(text); err == nil {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestParseLogin(t *testing.T) {
	for text, want := range map[string]login{
		" Admin ":         {folded: "admin"},
		"Name@Example.ru": {folded: "name@example.ru", email: "name@example.ru"},
		"8 916 123-45-67": {folded: "8 916 123-45-67", phone: "+79161234567"},
	} {
		if got := parseLogin(text); got != want {
			t.Errorf("%q: %+v", text, got)
		}
	}
	if a, b := parseLogin("8 916 1234567").key(), parseLogin("+7 (916) 123-45-67").key(); a != b {
		t.Errorf("one phone is counted as %q and %q", a, b)
	}
}

func TestHidden(t *testing.T) {
	for contact, want := range map[string]string{
		"+79161234567": "+7 916 •••-••-67", "name@example.ru": "n•••@example.ru", "пётр@почта.рф": "п•••@почта.рф", "admin": "•••", "": "•••",
	} {
		if got := hidden(contact); got != want {
			t.Errorf("%q: %q", contact, got)
		}
	}
}
