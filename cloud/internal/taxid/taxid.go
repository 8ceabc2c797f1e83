// Package taxid checks the numbers under which tax offices know companies and entrepreneurs: the ИНН of Russia, the БИН and ИИН of
// Kazakhstan. It is pure, and it says which rule a number breaks in words for the person who typed it.
//
// # Russia
//
// An ИНН has 10 digits for a company, the last one a check digit, and 12 for an entrepreneur, the last two check digits (order of the
// Federal Tax Service ММВ-7-6/435@ of 29.06.2012, annex 1; ЕД-7-14/559@ of 26.06.2025 keeps the form). A check digit is the sum of the digits before it, each
// times its weight, modulo 11, modulo 10.
//
// # Kazakhstan
//
// БИН and ИИН have 12 digits, the last one a check digit: the sum of the digits, each times its weight 1, 2 … 11, modulo 11; where that
// is 10, the same with the weights 3, 4 … 11, 1, 2; a number for which that is 10 again is not given out (order of the Minister of
// Justice on forming identification numbers, rules of the ИИН, section 2). An ИИН begins with a date of birth and says by its
// seventh digit the century and sex; a БИН has a month at the third and fourth digit and at the fifth what kind of a legal person it is: 4, 5 or 6.
//
// # What it does not do
//
// It does not know whether a number was given out: only the tax office does.
package taxid

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Country is whose rules a number follows.
type Country string

// Countries.
const (
	Russia     Country = "ru"
	Kazakhstan Country = "kz"
)

// Kind is what a number belongs to.
type Kind string

// Kinds.
const (
	// Company is a legal person.
	Company Kind = "company"
	// Entrepreneur is a natural person.
	Entrepreneur Kind = "entrepreneur"
)

// ErrWrong says that a number is not one; every error of [Check] is a [*WrongError], which is this one too.
var ErrWrong = errors.New("неверный номер налогоплательщика")

// WrongError says which rule a number breaks.
type WrongError struct {
	// Rule is the rule's name, for words in other languages: country, letter, lengthINN, lengthBIN, region, check, kind, month, birth, century, none.
	Rule string
	// Args are the values of its sentence.
	Args map[string]string
	text string
}

// Error is a sentence in Russian for who typed the number.
func (e *WrongError) Error() string { return ErrWrong.Error() + ": " + e.text }

// Is tells that it is [ErrWrong].
func (e *WrongError) Is(target error) bool { return target == ErrWrong }

// wrong makes an error; args are names and values by turns.
func wrong(text, rule string, args ...any) error {
	e := &WrongError{Rule: rule, Args: map[string]string{}, text: text}
	for i := 0; i+1 < len(args); i += 2 {
		e.Args[fmt.Sprint(args[i])] = fmt.Sprint(args[i+1])
		e.text = strings.ReplaceAll(e.text, "{"+fmt.Sprint(args[i])+"}", fmt.Sprint(args[i+1]))
	}
	return e
}

// Clean takes away what people put between digits: blanks, dashes, dots.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\u00a0', '\u2009', '\u202f', '-', '‐', '‑', '–', '—', '.':
			return -1
		}
		return r
	}, text)
}

// Check tells whose number it is, or which rule it breaks. The number must be [Clean].
func Check(country Country, number string) (Kind, error) {
	name := map[Country]string{Russia: "ИНН", Kazakhstan: "БИН или ИИН"}[country]
	if name == "" {
		return "", wrong("выберите страну: Россию или Казахстан", "country")
	}
	digits := make([]int, 0, 12)
	for i, r := range []rune(number) {
		if r < '0' || r > '9' {
			return "", wrong("{name} состоит только из цифр, а на {place}-м месте стоит «{sign}»", "letter", "name", name, "place", i+1, "sign", string(r))
		}
		if len(digits) == 40 {
			break
		}
		digits = append(digits, int(r-'0'))
	}
	if country == Kazakhstan {
		return kazakh(digits)
	}
	return russian(digits, name)
}

// Weights of check digits of an ИНН: of the tenth of ten, of the eleventh and the twelfth of twelve.
var (
	inn10 = []int{2, 4, 10, 3, 5, 9, 4, 6, 8}
	inn11 = []int{7, 2, 4, 10, 3, 5, 9, 4, 6, 8}
	inn12 = []int{3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8}
)

func russian(digits []int, name string) (Kind, error) {
	kind, checks := Company, [][]int{inn10}
	switch len(digits) {
	case 10:
	case 12:
		kind, checks = Entrepreneur, [][]int{inn11, inn12}
	default:
		return "", wrong("в ИНН компании 10 цифр, предпринимателя — 12, а введено {typed}", "lengthINN", "typed", len(digits))
	}
	if digits[0] == 0 && digits[1] == 0 {
		return "", wrong("ИНН начинается с кода региона, а он не бывает 00", "region")
	}
	for _, weights := range checks {
		if got, want := digits[len(weights)], sum(digits, weights)%11%10; got != want {
			return "", wrong("не сходится контрольная, {place}-я цифра {name}: введена {typed}, а по остальным должна быть {right} — проверьте, нет ли описки",
				"check", "place", len(weights)+1, "name", name, "typed", got, "right", want)
		}
	}
	return kind, nil
}

// Weights of the check digit of a БИН and an ИИН: the first row, and the second for when the first gives 10.
var (
	kzFirst  = []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	kzSecond = []int{3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2}
)

func kazakh(digits []int) (Kind, error) {
	if len(digits) != 12 {
		return "", wrong("в БИН и ИИН 12 цифр, а введено {typed}", "lengthBIN", "typed", len(digits))
	}
	kind := Company
	if digits[4] <= 3 { // the first digit of a day of birth; 4, 5 and 6 are kinds of legal persons
		kind = Entrepreneur
		if err := birth(digits); err != nil {
			return "", err
		}
	} else if digits[4] > 6 {
		return "", wrong("пятая цифра БИН — вид юридического лица: 4, 5 или 6, у ИИН — начало дня рождения: от 0 до 3, а введена {typed}", "kind", "typed", digits[4])
	} else if month := digits[2]*10 + digits[3]; month < 1 || month > 12 {
		return "", wrong("третья и четвёртая цифры БИН — месяц регистрации, а введено {typed}", "month", "typed", fmt.Sprintf("%02d", month))
	}
	want := sum(digits, kzFirst) % 11
	if want == 10 {
		want = sum(digits, kzSecond) % 11
	}
	name := map[Kind]string{Company: "БИН", Entrepreneur: "ИИН"}[kind]
	if want == 10 {
		return "", wrong("такой {name} не присваивают: контрольная цифра не вычисляется — проверьте, нет ли описки", "none", "name", name)
	}
	if digits[11] != want {
		return "", wrong("не сходится контрольная, {place}-я цифра {name}: введена {typed}, а по остальным должна быть {right} — проверьте, нет ли описки",
			"check", "place", 12, "name", name, "typed", digits[11], "right", want)
	}
	return kind, nil
}

// birth checks the date and the century an ИИН begins with.
func birth(digits []int) error {
	century := digits[6]
	if century < 1 || century > 6 {
		return wrong("седьмая цифра ИИН — век рождения и пол: от 1 до 6, а введена {typed}", "century", "typed", century)
	}
	year := 1800 + (century-1)/2*100 + digits[0]*10 + digits[1]
	month, day := digits[2]*10+digits[3], digits[4]*10+digits[5]
	at := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if month < 1 || month > 12 || at.Day() != day || int(at.Month()) != month {
		return wrong("ИИН начинается с даты рождения (год, месяц, день), а {date} — не дата", "birth", "date", fmt.Sprintf("%02d.%02d.%d", day, month, year))
	}
	return nil
}

func sum(digits, weights []int) (total int) {
	for i, w := range weights {
		total += digits[i] * w
	}
	return total
}
