package contact

import (
	"errors"
	"testing"
)

func TestMobile(t *testing.T) {
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
		if got, err := Mobile(text); got != want || err != nil {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for text, want := range map[string]error{
		"": ErrPhone, "admin": ErrPhone, "+375291234567": ErrPhone, "+8 916 123 45 67": ErrPhone, "+9161234567": ErrPhone,
		"916123456": ErrPhone, "891612345678": ErrPhone, "8916123456a": ErrPhone, "8916+1234567": ErrPhone, "+": ErrPhone,
		"8 495 123-45-67": ErrMobile, "+7 727 250-00-00": ErrMobile, "8 800 555-35-35": ErrMobile,
	} {
		if got, err := Mobile(text); !errors.Is(err, want) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestEmail(t *testing.T) {
	for text, want := range map[string]string{
		"name@example.ru": "name@example.ru", " Name@Example.RU ": "name@example.ru", "пётр@почта.рф": "пётр@почта.рф", "a+b@x.kz": "a+b@x.kz",
	} {
		if got, err := Email(text); got != want || err != nil {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "name", "name@", "@example.ru", "name@localhost", "Name <name@example.ru>", "a@b.ru, c@d.ru", "a@b.ru\r\nBcc: c@d.ru", "a@[127.0.0.1]", "a b@c.ru", "a@b.",
	} {
		if got, err := Email(text); !errors.Is(err, ErrEmail) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestPhone(t *testing.T) {
	for in, want := range map[string]string{
		"+7 495 123-45-67": "+74951234567", "8 (495) 123-45-67": "+74951234567", "4951234567": "+74951234567", "87172123456": "+77172123456",
		"+998 71 123 45 67": "+998711234567", "+49 30 1234567": "+49301234567", "12345": "", "+0 123 456 78 90": "", "phone": "", "": "", "+7495123456": "", "+84951234567": "+84951234567",
	} {
		got, err := Phone(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
}
