package notify

import (
	"time"
	_ "time/tzdata" // zones of people, on computers that have none
)

// Digest is how often a summary comes instead of single messages.
type Digest int

// Summaries.
const (
	NoDigest Digest = iota
	Hourly
	Daily
)

// Settings say when a person is told, and in which language.
type Settings struct {
	// Language is ru, kk or en.
	Language string
	// Zone is the person's: Asia/Almaty.
	Zone string
	// QuietFrom and QuietTo are minutes since midnight; equal: no quiet hours.
	QuietFrom, QuietTo int
	// UrgentPasses lets urgent messages through quiet hours.
	UrgentPasses bool
	Digest       Digest
	// DigestAt is when the daily one comes, minutes since midnight.
	DigestAt int
}

// Usual are the settings of a person who has made none.
func Usual(language, country string) Settings {
	s := Settings{Language: "ru", Zone: "Europe/Moscow", QuietFrom: 22 * 60, QuietTo: 8 * 60, UrgentPasses: true, DigestAt: 9 * 60}
	if country == "kz" {
		s.Zone = "Asia/Almaty"
	}
	if language == "kk" || language == "en" {
		s.Language = language
	}
	return s
}

// Check says what is wrong with settings; nil when nothing is.
func (s Settings) Check() error {
	const minutes = 24 * 60
	if s.Language != "ru" && s.Language != "kk" && s.Language != "en" {
		return invalid("language is ru, kk or en")
	}
	if _, err := time.LoadLocation(s.Zone); err != nil || s.Zone == "" || s.Zone == "Local" || len(s.Zone) > 60 {
		return invalid("time zone is not one: Asia/Almaty is")
	}
	if s.Digest < NoDigest || s.Digest > Daily {
		return invalid("summary is none, hourly or daily")
	}
	for _, m := range []int{s.QuietFrom, s.QuietTo, s.DigestAt} {
		if m < 0 || m >= minutes {
			return invalid("hours lie within a day")
		}
	}
	return nil
}

// When gives the moment at which a person is to be told of something, and whether it goes into a summary.
func (s Settings) When(now time.Time, urgent bool) (due time.Time, digest bool) {
	if urgent && s.UrgentPasses {
		return now, false
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		zone = time.UTC
	}
	due = now
	local := now.In(zone)
	if !urgent {
		switch s.Digest {
		case Hourly:
			due, digest = local.Truncate(time.Hour).Add(time.Hour), true
		case Daily:
			due, digest = next(local, s.DigestAt), true
		case NoDigest:
		}
	}
	if s.quiet(due.In(zone)) {
		due = next(due.In(zone), s.QuietTo)
	}
	return due, digest
}

func (s Settings) quiet(local time.Time) bool {
	m := local.Hour()*60 + local.Minute()
	switch {
	case s.QuietFrom < s.QuietTo:
		return s.QuietFrom <= m && m < s.QuietTo
	case s.QuietFrom > s.QuietTo:
		return m >= s.QuietFrom || m < s.QuietTo
	}
	return false
}

// next is the next time a clock shows some minutes since midnight.
func next(local time.Time, minutes int) time.Time {
	y, m, d := local.Date()
	at := time.Date(y, m, d, minutes/60, minutes%60, 0, 0, local.Location())
	if !at.After(local) {
		at = time.Date(y, m, d+1, minutes/60, minutes%60, 0, 0, local.Location())
	}
	return at
}
