package update

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// defaultTrial is how long a new version has to show that it works when the
	// offer does not say.
	defaultTrial = 15 * time.Minute
	// tillsLimit is how long it may take to reach the tills the version before
	// reached: a shop that cannot sell does not wait for the end of the trial.
	tillsLimit = 2 * time.Minute
	// lookEvery is how often the signs are looked at.
	lookEvery = time.Second
)

// signs are what a version on trial has shown so far.
type signs struct {
	// elapsed is how long it has served.
	elapsed time.Duration
	// tills are those that have answered it, gone those that are not its any more.
	tills, gone map[string]bool
	// cloud is that the cabinet has answered it.
	cloud bool
}

// conclusion is the judgement of a trial.
type conclusion uint8

const (
	undecided conclusion = iota
	healthy
	sick
)

// judge decides a trial: pure. What was away before the switch does not count
// against the new version; what was there has to have answered it once. A till
// that answered and is silent later was switched off by somebody.
func judge(t Trial, version string, s signs) (c conclusion, text string) {
	window := t.window()
	var silent []string
	for _, name := range t.Tills {
		if !s.tills[name] && !s.gone[name] {
			silent = append(silent, name)
		}
	}
	if len(silent) > 0 && s.elapsed >= min(window, tillsLimit) {
		slices.Sort(silent)
		noun := "кассу"
		if len(silent) > 1 {
			noun = "кассы"
		}
		return sick, fmt.Sprintf("Версия %s не видит %s %s, которую версия %s видела: вернулась версия %s.", version, noun, strings.Join(silent, ", "), t.From, t.From)
	}
	switch {
	case s.elapsed < window:
		return undecided, ""
	case t.Cloud && !s.cloud:
		return sick, fmt.Sprintf("Версия %s за %s не достучалась до кабинета, версия %s была на связи: вернулась версия %s.", version, spoken(window), t.From, t.From)
	}
	return healthy, ""
}

func (t Trial) window() time.Duration {
	if t.Seconds <= 0 {
		return defaultTrial
	}
	return time.Duration(t.Seconds) * time.Second
}

// spoken is a duration as people say it.
func spoken(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%d с", int(d.Seconds()))
	}
	return fmt.Sprintf("%d мин", int(d.Minutes()))
}

// trial watches this version until the trial is decided: true when it stays.
func (u *Updater) trial(ctx context.Context, t Trial) (stays bool, text string) {
	began := time.Now()
	s := signs{tills: map[string]bool{}}
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		s.elapsed = time.Since(began)
		s.gone = map[string]bool{}
		for _, name := range t.Tills {
			s.gone[name] = true
		}
		for _, state := range u.o.Tills.States() {
			delete(s.gone, state.GetTill())
			if state.GetOnline() {
				s.tills[state.GetTill()] = true
			}
		}
		s.cloud = s.cloud || u.o.Cabinet.Answers()
		switch c, text := judge(t, u.me, s); c {
		case healthy:
			return true, ""
		case sick:
			return false, text
		case undecided:
		}
		select {
		case <-ctx.Done():
			return false, ""
		case <-ticker.C:
		}
	}
}
