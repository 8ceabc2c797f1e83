package fiscal

import "fmt"

// DateTime is the civil time of a till: it has no zone, because the fiscal
// memory has none. Seconds are zero where the source gives only minutes.
type DateTime struct {
	Year, Month, Day, Hour, Minute, Second int
}

// IsZero tells whether no time was given.
func (t DateTime) IsZero() bool { return t == DateTime{} }

// String writes 2026-03-04T05:06, with :07 when there are seconds.
func (t DateTime) String() string {
	s := fmt.Sprintf("%04d-%02d-%02dT%02d:%02d", t.Year, t.Month, t.Day, t.Hour, t.Minute)
	if t.Second != 0 {
		s += fmt.Sprintf(":%02d", t.Second)
	}
	return s
}

// ParseDateTime reads what String wrote.
func ParseDateTime(s string) (DateTime, error) {
	var t DateTime
	into := []*int{&t.Year, &t.Month, &t.Day, &t.Hour, &t.Minute, &t.Second}
	part := 0
	const form = "0000-00-00T00:00:00"
	ok := len(s) == len(form) || len(s) == len("0000-00-00T00:00")
	for i := 0; ok && i < len(s); i++ { // by hand: the cabinet reads one for every receipt, and a scanner costs more than storing it
		switch {
		case form[i] != '0':
			ok = s[i] == form[i]
			part++
		case s[i] < '0' || s[i] > '9':
			ok = false
		default:
			*into[part] = *into[part]*10 + int(s[i]-'0')
		}
	}
	if !ok || !t.Valid() || len(s) == len(form) && t.Second == 0 { // String leaves those out
		return DateTime{}, fmt.Errorf("%q is not a time like 2026-03-04T05:06", s)
	}
	return t, nil
}

// Valid tells whether the fields name a real minute of the calendar.
func (t DateTime) Valid() bool {
	return t.Month >= 1 && t.Month <= 12 && t.Day >= 1 && t.Day <= daysIn(t.Year, t.Month) &&
		t.Hour >= 0 && t.Hour < 24 && t.Minute >= 0 && t.Minute < 60 && t.Second >= 0 && t.Second < 60 && t.Year >= 1 && t.Year <= 9999
}

// Sub is t − u in seconds, both taken in the same zone.
func (t DateTime) Sub(u DateTime) int64 { return t.seconds() - u.seconds() }

func (t DateTime) seconds() int64 {
	return int64(t.days())*86400 + int64(t.Hour)*3600 + int64(t.Minute)*60 + int64(t.Second)
}

// days counts from 0000-03-01 in the proleptic Gregorian calendar.
func (t DateTime) days() int {
	y, m := t.Year, t.Month
	if m <= 2 {
		y, m = y-1, m+12
	}
	return 365*y + y/4 - y/100 + y/400 + (153*(m-3)+2)/5 + t.Day - 1
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
