package taxid

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestCheck: valid numbers are published ones of large companies, or made by hand from the rules.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		country Country
		number  string
		kind    Kind
		says    string // part of the sentence; empty when valid
	}{
		{Russia, "7707083893", Company, ""},        // Сбербанк
		{Russia, "7736050003", Company, ""},        // Газпром
		{Russia, "9715260691", Company, ""},        // Эвотор ОФД
		{Russia, "7728168971", Company, ""},        // Альфа-Банк
		{Russia, "500100732259", Entrepreneur, ""}, // the tax service's own sample
		{Russia, "7707083894", "", "10-я цифра ИНН: введена 4, а по остальным должна быть 3"},
		{Russia, "7707803893", "", "10-я цифра"}, // two digits swapped
		{Russia, "500100732269", "", "11-я цифра ИНН: введена 6, а по остальным должна быть 5"},
		{Russia, "500100732258", "", "12-я цифра ИНН: введена 8, а по остальным должна быть 9"},
		{Russia, "770708389", "", "10 цифр, предпринимателя — 12, а введено 9"},
		{Russia, "77070838930", "", "введено 11"},
		{Russia, "", "", "введено 0"},
		{Russia, "0000000000", "", "не бывает 00"},
		{Russia, "77070838O3", "", "на 9-м месте стоит «O»"},
		{Russia, "٧٧٠٧٠٨٣٨٩٣", "", "на 1-м месте"}, // digits of another script
		{Kazakhstan, "971240001315", Company, ""},  // Kaspi Bank,
		{Kazakhstan, "940140000385", Company, ""},
		{Kazakhstan, "971240001316", "", "12-я цифра БИН: введена 6, а по остальным должна быть 5"},
		{Kazakhstan, "900101300007", Entrepreneur, ""},
		{Kazakhstan, "900101300006", "", "12-я цифра ИИН: введена 6, а по остальным должна быть 7"},
		{Kazakhstan, "97124000131", "", "12 цифр, а введено 11"},
		{Kazakhstan, "971340001315", "", "месяц регистрации, а введено 13"},
		{Kazakhstan, "971270001315", "", "пятая цифра БИН"},
		{Kazakhstan, "900230300007", "", "30.02.1990 — не дата"},
		{Kazakhstan, "900101000007", "", "седьмая цифра ИИН"},
		{Kazakhstan, "900101700007", "", "седьмая цифра ИИН"},
		{"by", "7707083893", "", "выберите страну"},
		{"", "7707083893", "", "Россию или Казахстан"},
	} {
		t.Run(fmt.Sprintf("%s %s", c.country, c.number), func(t *testing.T) {
			kind, err := Check(c.country, c.number)
			if c.says == "" {
				if err != nil || kind != c.kind {
					t.Errorf("%q, %v; want %q", kind, err, c.kind)
				}
				return
			}
			if !errors.Is(err, ErrWrong) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%q, %v; want a sentence with %q", kind, err, c.says)
			}
		})
	}
}

// TestCheck_secondRow: both rows of weights are used, and a number for which both give ten is never one.
func TestCheck_secondRow(t *testing.T) {
	var second, none int
	for serial := range 2000 {
		base := fmt.Sprintf("0708400%04d", serial)
		first := 0
		for i, r := range base {
			first += int(r-'0') * (i + 1)
		}
		var valid []string
		for check := range 10 {
			if _, err := Check(Kazakhstan, fmt.Sprintf("%s%d", base, check)); err == nil {
				valid = append(valid, fmt.Sprint(check))
			}
		}
		if first%11 != 10 {
			if len(valid) != 1 || valid[0] != fmt.Sprint(first%11) {
				t.Fatalf("%s: check digits %v, want %d", base, valid, first%11)
			}
			continue
		}
		again := 0
		for i, r := range base {
			again += int(r-'0') * []int{3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2}[i]
		}
		if again%11 == 10 {
			none++
			if len(valid) != 0 {
				t.Fatalf("%s: check digits %v, want none", base, valid)
			}
			continue
		}
		second++
		if len(valid) != 1 || valid[0] != fmt.Sprint(again%11) {
			t.Fatalf("%s: check digits %v, want %d by the second row", base, valid, again%11)
		}
	}
	if second < 50 || none < 5 {
		t.Errorf("second row used %d times, no digit %d times: the numbers prove nothing", second, none)
	}
}

// TestCheck_oneDigit: a single digit typed wrongly is noticed nearly always, which is what check digits are for. The weight 11 of the
// eleventh digit of a БИН weighs nothing modulo 11, and the remainders 0 and 10 share the digit 0 in an ИНН.
func TestCheck_oneDigit(t *testing.T) {
	for _, c := range []struct {
		country Country
		number  string
	}{{Russia, "7707083893"}, {Russia, "500100732259"}, {Kazakhstan, "971240001315"}, {Kazakhstan, "900101300007"}} {
		typos, missed := 0, 0
		for i := range c.number {
			for d := '0'; d <= '9'; d++ {
				typo := c.number[:i] + string(d) + c.number[i+1:]
				if typo == c.number {
					continue
				}
				typos++
				if _, err := Check(c.country, typo); err == nil {
					missed++
				}
			}
		}
		if missed*100 > typos*14 {
			t.Errorf("%s: %d of %d wrong numbers pass", c.number, missed, typos)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"7707083893": "7707083893", " 77 07 083893 ": "7707083893", "7707-083-893": "7707083893", "9712\u00a04000\u00a01315": "971240001315", "77a": "77a",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}
