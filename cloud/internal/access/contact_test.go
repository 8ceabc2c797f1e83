package access

import "testing"

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
	for address, want := range map[string]string{
		"+79161234567": "+7 916 •••-••-67", "name@example.ru": "n•••@example.ru", "пётр@почта.рф": "п•••@почта.рф", "admin": "•••", "": "•••",
	} {
		if got := hidden(address); got != want {
			t.Errorf("%q: %q", address, got)
		}
	}
}
