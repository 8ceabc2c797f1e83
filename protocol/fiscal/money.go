package fiscal

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Money is a sum in minor units: kopecks or tiyn. The currency stands beside
// it where it can differ ([Receipt.Currency]).
type Money int64

// MaxMoney is the greatest sum a Russian till takes: five bytes of kopecks on
// the Shtrih wire (protocol 1.17, §5), ten digits in practice.
const MaxMoney Money = 1<<40 - 2

// ErrNumber wraps every complaint about a number written by a person.
var ErrNumber = errors.New("not a number of the expected form")

// String writes roubles and kopecks: 1234.05.
func (m Money) String() string {
	sign := ""
	u := uint64(m)
	if m < 0 {
		sign, u = "-", uint64(-m)
	}
	return fmt.Sprintf("%s%d.%02d", sign, u/100, u%100)
}

// ParseMoney reads what people type: "10", "10.5", "10,50", with ordinary or
// no-break spaces between thousands. More than two decimals are refused.
func ParseMoney(s string) (Money, error) {
	v, err := parseDecimal(s, 2)
	return Money(v), err
}

// Quantity is an exact amount in millionths of its unit: 1 piece is 1_000_000.
type Quantity int64

// One is a single piece, kilogram, litre.
const One Quantity = 1_000_000

// String writes the shortest exact form: 2, 0.345.
func (q Quantity) String() string {
	sign := ""
	u := uint64(q)
	if q < 0 {
		sign, u = "-", uint64(-q)
	}
	s := fmt.Sprintf("%s%d", sign, u/1e6)
	if f := u % 1e6; f != 0 {
		s += "." + strings.TrimRight(fmt.Sprintf("%06d", f), "0")
	}
	return s
}

// ParseQuantity reads a decimal with at most six places.
func ParseQuantity(s string) (Quantity, error) {
	v, err := parseDecimal(s, 6)
	return Quantity(v), err
}

// Cost is price × quantity rounded half up to a minor unit, as tills do it.
// The second result is false when the product leaves the range of [Money].
func Cost(price Money, q Quantity) (Money, bool) {
	if price < 0 || q < 0 {
		return 0, false
	}
	hi, lo := bits.Mul64(uint64(price), uint64(q))
	lo, carry := bits.Add64(lo, uint64(One)/2, 0)
	hi += carry
	if hi >= uint64(One) {
		return 0, false
	}
	v, _ := bits.Div64(hi, lo, uint64(One))
	if v > uint64(MaxMoney) {
		return 0, false
	}
	return Money(v), true
}

// typed are digits as people and programs write them.
var typed = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", ",", ".")

// parseDecimal reads a decimal with at most places digits after the point and
// returns it multiplied by 10^places.
func parseDecimal(s string, places int) (int64, error) {
	t := typed.Replace(s)
	neg := strings.HasPrefix(t, "-")
	t = strings.TrimPrefix(t, "-")
	whole, frac, _ := strings.Cut(t, ".")
	if len(frac) > places {
		return 0, fmt.Errorf("%q has more than %d decimals: %w", s, places, ErrNumber)
	}
	for _, r := range whole + frac {
		if r < '0' || r > '9' {
			return 0, fmt.Errorf("%q: %w", s, ErrNumber)
		}
	}
	if whole+frac == "" {
		return 0, fmt.Errorf("%q: %w", s, ErrNumber)
	}
	v, err := strconv.ParseInt(whole+frac+strings.Repeat("0", places-len(frac)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is too large: %w", s, ErrNumber)
	}
	if neg {
		v = -v
	}
	return v, nil
}
