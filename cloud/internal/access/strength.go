package access

import (
	_ "embed"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a password has to be. The length is the first thing that counts (NIST SP 800-63B, 5.1.1.2); there are no rules of the kind "a digit
// and a capital", for they make passwords worse.
const (
	// MinLength is in characters.
	MinLength = 10
	// MaxLength too.
	MaxLength = 200
	// MinStrength is from which strength on a password is taken.
	MinStrength = 3
)

// Lack is what a password lacks.
type Lack string

// Lacks.
const (
	TooShort Lack = "short"
	TooLong  Lack = "long"
	// TooPlain has too few different characters.
	TooPlain Lack = "plain"
	// TooCommon is a usual password, or one a little changed.
	TooCommon Lack = "common"
	// OfOwn is made of the person's own name, login or phone.
	OfOwn Lack = "own"
	// OfRows is made of rows of keys, letters or digits, or of one thing again and again.
	OfRows Lack = "row"
)

// Strength says how hard a password is to guess.
type Strength struct {
	// Score is 0 (guessed at once) to 4 (not in a lifetime).
	Score int
	// Lacks say what is wrong, the worst first; of a good password none.
	Lacks []Lack
}

// Good tells whether a password is taken.
func (s Strength) Good() bool { return s.Score >= MinStrength && len(s.Lacks) == 0 }

// steps are the bits from which on the scores 1 to 4 begin. 40 bits are ten years of guessing for who has stolen the database: a
// check costs 40 ms of one core (see hashPassword), and a thousand cores are bought for a secret worth it.
var steps = [...]float64{15, 28, 40, 55}

//go:embed common.txt
var commonText string

// common are usual passwords and words with their rank.
var common = func() map[string]int {
	ranks := map[string]int{}
	for i, word := range strings.Fields(commonText) {
		if _, there := ranks[word]; !there {
			ranks[word] = i + 1
		}
	}
	return ranks
}()

// rows are keys beside one another, and what is counted off.
var rows = []string{
	"1234567890", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю", "qazwsxedcrfvtgbyhnujm", "1qaz2wsx3edc4rfv5tgb",
	"1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "abcdefghijklmnopqrstuvwxyz", "абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "147258369", "0123456789",
}

// typed are letters that are written as digits and signs.
var typed = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")

type cover struct {
	bits  float64
	lack  Lack // empty: nobody can foresee it
	since int
}

// Estimate says how hard a password is to guess for who knows what it must not be made of: names, logins, phones. It reads the
// password as the cheapest row of pieces a guesser would try: usual words, own words, rows of keys, repetitions, years, and single
// characters where nothing else fits.
func Estimate(password string, own []string) Strength {
	if n := utf8.RuneCountInString(password); n > MaxLength {
		return Strength{Lacks: []Lack{TooLong}}
	}
	written := []rune(password)
	folded := []rune(strings.ToLower(password))
	if len(folded) != len(written) { // a letter whose small form is of another length
		folded = written
	}
	n := len(written)
	char := alphabet(written)
	mine := pieces(own)
	best := make([]cover, n+1)
	for end := 1; end <= n; end++ {
		best[end] = cover{best[end-1].bits + char, "", end - 1}
		for begin := max(0, end-40); begin <= end-3; begin++ {
			bits, lack := piece(folded[begin:end], mine, char)
			if lack == "" {
				continue
			}
			bits += spelling(written[begin:end], folded[begin:end])
			if total := best[begin].bits + bits; total < best[end].bits {
				best[end] = cover{total, lack, begin}
			}
		}
	}
	s := Strength{}
	for _, step := range steps {
		if best[n].bits >= step {
			s.Score++
		}
	}
	if n < MinLength {
		s.Lacks = append(s.Lacks, TooShort)
		s.Score = min(s.Score, MinStrength-1)
	}
	if s.Score < MinStrength {
		s.Lacks = append(s.Lacks, causes(best, n)...)
	}
	return s
}

// causes are what most of a weak password is made of.
func causes(best []cover, n int) (list []Lack) {
	length := map[Lack]int{}
	for at := n; at > 0; at = best[at].since {
		length[best[at].lack] += at - best[at].since
	}
	for _, lack := range []Lack{TooCommon, OfOwn, OfRows} {
		if length[lack]*3 >= n && n > 0 {
			list = append(list, lack)
		}
	}
	if len(list) == 0 && n >= MinLength {
		list = []Lack{TooPlain}
	}
	return list
}

// alphabet is what one character is worth that nobody can foresee: the bits of the kinds there are, less where few differ.
func alphabet(password []rune) float64 {
	var size float64
	kinds, seen := map[int]bool{}, map[rune]bool{}
	for _, r := range password {
		seen[r] = true
		kind, letters := 0, 33.0
		switch {
		case '0' <= r && r <= '9':
			kind, letters = 1, 10
		case 'a' <= r && r <= 'z':
			kind, letters = 2, 26
		case 'A' <= r && r <= 'Z':
			kind, letters = 3, 26
		case unicode.IsLower(r):
			kind = 4
		case unicode.IsUpper(r):
			kind = 5
		}
		if !kinds[kind] {
			kinds[kind] = true
			size += letters
		}
	}
	return min(math.Log2(max(size, 1)), math.Log2(float64(len(seen)))+1)
}

// pieces are the words of what is the person's own.
func pieces(own []string) map[string]bool {
	words := map[string]bool{}
	for _, text := range own {
		text = strings.ToLower(text)
		for _, word := range append(strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), text) {
			if utf8.RuneCountInString(word) >= 3 {
				words[word] = true
			}
		}
		if digits := strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, text); len(digits) >= 6 { // a phone, whole and as it is said
			words[digits], words[digits[1:]], words["8"+digits[1:]], words[digits[len(digits)-6:]] = true, true, true, true
		}
	}
	return words
}

// piece gives the bits of a run of characters that a guesser foresees, and why; empty when none would.
func piece(run []rune, mine map[string]bool, char float64) (float64, Lack) {
	text := string(run)
	plain := typed.Replace(text)
	for _, word := range []string{text, plain} {
		if mine[word] {
			return 3, OfOwn
		}
		if rank := common[word]; rank > 0 {
			return math.Log2(float64(rank)) + 1, TooCommon
		}
	}
	length := math.Log2(float64(len(run)))
	for _, row := range rows {
		if strings.Contains(row, text) || strings.Contains(row, backward(run)) {
			return 5 + length, OfRows
		}
	}
	for period := 1; period <= len(run)/2; period++ {
		if len(run)%period == 0 && (period > 1 || len(run) >= 3) && repeats(run, period) {
			return float64(period)*char + math.Log2(float64(len(run)/period)), OfRows
		}
	}
	if len(run) == 4 && (strings.HasPrefix(text, "19") || strings.HasPrefix(text, "20")) && digit(run[2]) && digit(run[3]) {
		return 7, OfRows // a year
	}
	return 0, ""
}

// spelling is what capitals and digits for letters add.
func spelling(written, folded []rune) float64 {
	var capitals, signs int
	for i := range written {
		if written[i] != folded[i] {
			capitals++
		}
	}
	for _, r := range folded {
		if s := string(r); unicode.IsLetter([]rune(typed.Replace(s))[0]) && !unicode.IsLetter(r) {
			signs++
		}
	}
	bits := 0.0
	if capitals > 0 {
		bits++
		if capitals > 1 && capitals < len(written) {
			bits += 2
		}
	}
	if signs > 0 && signs < len(written) {
		bits++
	}
	return bits
}

func digit(r rune) bool { return '0' <= r && r <= '9' }

func backward(run []rune) string {
	b := make([]rune, len(run))
	for i, r := range run {
		b[len(run)-1-i] = r
	}
	return string(b)
}

func repeats(run []rune, period int) bool {
	for i := period; i < len(run); i++ {
		if run[i] != run[i-period] {
			return false
		}
	}
	return true
}
