package access

import (
	"net/url"
	"testing"
	"time"
)

// TestHOTP: the values of RFC 4226, appendix D.
func TestHOTP(t *testing.T) {
	for counter, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} {
		if got := hotp([]byte("12345678901234567890"), uint64(counter), 6); got != want {
			t.Errorf("%d: %s, want %s", counter, got, want)
		}
	}
}

// TestTOTP: the values of RFC 6238, appendix B, SHA-1.
func TestTOTP(t *testing.T) {
	for at, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		if got := hotp([]byte("12345678901234567890"), uint64(at/30), 8); got != want {
			t.Errorf("%d: %s, want %s", at, got, want)
		}
		if step := totpStepOf([]byte("12345678901234567890"), want[2:], 0, time.Unix(at, 0)); step != at/30 {
			t.Errorf("%d: step %d", at, step)
		}
	}
}

func TestTOTPStepOf(t *testing.T) {
	secret, now := []byte("12345678901234567890"), time.Unix(1111111111, 0)
	present := now.Unix() / 30
	code := func(step int64) string { return hotp(secret, uint64(step), 6) }
	for name, c := range map[string]struct {
		code       string
		last, want int64
	}{
		"now":                  {code(present), 0, present},
		"typed in two parts":   {code(present)[:3] + " " + code(present)[3:], 0, present},
		"a step behind":        {code(present - 1), 0, present - 1},
		"a step ahead":         {code(present + 1), 0, present + 1},
		"two steps behind":     {code(present - 2), 0, 0},
		"two steps ahead":      {code(present + 2), 0, 0},
		"the same again":       {code(present), present, 0},
		"one before the taken": {code(present - 1), present, 0},
		"none":                 {"", 0, 0},
		"of eight digits":      {"14050471", 0, 0},
	} {
		if got := totpStepOf(secret, c.code, c.last, now); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestTOTPURI(t *testing.T) {
	u, err := url.Parse(totpURI("Чекан", "a b@example.ru", []byte("12345678901234567890")))
	if err != nil {
		t.Fatal(err)
	}
	if u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/Чекан:a b@example.ru" ||
		u.Query().Get("secret") != "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" || u.Query().Get("issuer") != "Чекан" {
		t.Errorf("%s", u)
	}
}
