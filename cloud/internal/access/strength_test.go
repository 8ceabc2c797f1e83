package access

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEstimate(t *testing.T) {
	own := []string{"Пётр Ромашкин", "romashkin@example.ru", "+79161234567", "ООО «Лютик»"}
	for password, want := range map[string][]Lack{
		"":                 {TooShort},
		"Kx9#":             {TooShort},
		"password":         {TooShort, TooCommon},
		"password12":       {TooCommon},
		"P@ssw0rd2024":     {TooCommon, OfRows},
		"пароль12345":      {TooCommon},
		"парольпароль":     {TooCommon},
		"qwertyuiop123":    {TooCommon},
		"zxcvbnm,./":       {OfRows},
		"абвгдеёжзий":      {OfRows},
		"aaaaaaaaaaaaaaa":  {OfRows},
		"abababababababab": {OfRows},
		"romashkin1987":    {OfOwn},
		"Ромашкин77":       {OfOwn},
		"89161234567":      {OfOwn},
		"лютик-лютик":      {OfOwn},
		"1029384756":       {TooPlain},
		"long enough now":  nil,
		"Кассовый дождь над рекой":     nil,
		"k7mq-2wzp-tt4n-9hxe":          nil,
		"корректныйлошадьбатареяскоба": nil,
		"9f$Kq!7bZp": nil,
	} {
		got := Estimate(password, own)
		if diff := cmp.Diff(want, got.Lacks); diff != "" {
			t.Errorf("%q, score %d (-want +got):\n%s", password, got.Score, diff)
		}
		if got.Good() != (want == nil) {
			t.Errorf("%q: good is %v, score %d", password, got.Good(), got.Score)
		}
	}
	if got := Estimate(string(make([]byte, MaxLength+1)), nil); got.Good() {
		t.Error("a password without an end")
	}
}

// TestEstimate_generated: what the cabinet makes up is as strong as can be said.
func TestEstimate_generated(t *testing.T) {
	seen := map[string]bool{}
	for range 50 {
		password := randomPassword()
		if got := Estimate(password, nil); got.Score != 4 || seen[password] {
			t.Errorf("%d, again %v", got.Score, seen[password])
		}
		seen[password] = true
	}
}

// FuzzEstimate: no text breaks the estimate.
func FuzzEstimate(f *testing.F) {
	for _, seed := range []string{"", "password", "İİİİ", "\xff\xfe", "ﬀ ﬁ", "пароль"} {
		f.Add(seed, "own")
	}
	f.Fuzz(func(t *testing.T, password, own string) {
		got := Estimate(password, []string{own})
		if got.Score < 0 || got.Score > 4 || got.Good() && len(got.Lacks) > 0 {
			t.Errorf("%+v", got)
		}
	})
}
