package update

import (
	"fmt"
	"time"
)

// MaxStarts is how often a version on trial may start without ending in an
// orderly way before it is given up.
const MaxStarts = 3

// Facts are what the launcher found beside the state.
type Facts struct {
	// Packaged is the version of the launcher itself, which is the fall-back.
	Packaged string
	// Damaged is that the state cannot be understood.
	Damaged bool
	// Whole are the versions whose binary is there and is what it has to be.
	Whole map[string]bool
	// Frozen is that the state cannot be written: a full disk, or one that takes
	// no writes.
	Frozen bool
	// Now is the time.
	Now time.Time
}

// Decision is what to run next.
type Decision struct {
	// Run is the version; the empty name is the packaged one.
	Run string
	// Next is the state that has to be durable before the start.
	Next State
	// Write is that Next differs from what is on the disk.
	Write bool
	// Text says why, when it is not the usual: one sentence in Russian.
	Text string
}

// Decide says what to run. It is the whole of the launcher's judgement: a
// version that was never counted is not started, one that used its starts up is
// not started again, and whatever is wrong, something that has run before is.
func Decide(s State, f Facts) Decision {
	if f.Damaged {
		text := "Запись об обновлениях повреждена: работает версия из пакета."
		return Decision{Next: State{Format: stateFormat, Notice: text}, Write: true, Text: text}
	}
	if s.Chosen == "" {
		return Decision{Next: s}
	}
	if _, ok := name(f.Packaged); !ok {
		// A build without a version is somebody's own: it was started on purpose.
		return Decision{Next: s, Text: "У этой сборки нет номера версии: обновления её не заменяют."}
	}
	if !newer(s.Chosen, f.Packaged) {
		return packageWins(s, f)
	}
	if s.Trial != nil {
		return tryOut(s, f)
	}
	if f.Whole[s.Chosen] {
		return Decision{Run: s.Chosen, Next: s}
	}
	next := s
	next.Notice = fmt.Sprintf("Файл версии %s пропал или повреждён", s.Chosen)
	next.Chosen, next.Previous = backTo(s, f), ""
	next.Notice += ": работает " + called(next.Chosen, f) + "."
	return Decision{Run: next.Chosen, Next: next, Write: true, Text: next.Notice}
}

// packageWins: somebody installed a package that is not older than the chosen version.
func packageWins(s State, f Facts) Decision {
	text := fmt.Sprintf("Пакет принёс версию %s: она не старше версии %s, работает она.", f.Packaged, s.Chosen)
	next := s
	if s.Trial != nil {
		if newer(f.Packaged, s.Chosen) {
			next = s.back(text, f.Now)
		} else {
			next = s.stay()
		}
	}
	next.Chosen, next.Previous, next.Trial, next.Notice = "", "", nil, ""
	return Decision{Next: next, Write: true, Text: text}
}

// tryOut starts a version on trial, counted, or gives it up.
func tryOut(s State, f Facts) Decision {
	s.Previous = backTo(s, f)
	giveUp := func(text string) Decision {
		next := s.back(text, f.Now)
		return Decision{Run: next.Chosen, Next: next, Write: true, Text: text}
	}
	switch {
	case !f.Whole[s.Chosen]:
		return giveUp(fmt.Sprintf("Файл версии %s пропал или повреждён: вернулась %s.", s.Chosen, called(s.Previous, f)))
	case s.Trial.Starts >= MaxStarts:
		return giveUp(fmt.Sprintf("Версия %s не запустилась или упала %d раза подряд: вернулась %s.", s.Chosen, MaxStarts, called(s.Previous, f)))
	case f.Frozen:
		// What cannot be counted could be started for ever.
		return Decision{Run: s.Previous, Next: s, Text: fmt.Sprintf("Запуск версии %s нечем отсчитать, диск не принимает записи: работает %s.", s.Chosen, called(s.Previous, f))}
	}
	next, trial := s, *s.Trial
	trial.Starts++
	next.Trial = &trial
	return Decision{Run: s.Chosen, Next: next, Write: true}
}

// backTo is the best version to go back to: the previous one while it is there
// and later than the packaged one.
func backTo(s State, f Facts) string {
	if s.Previous != "" && f.Whole[s.Previous] && newer(s.Previous, f.Packaged) {
		return s.Previous
	}
	return ""
}

func called(version string, f Facts) string {
	if version == "" {
		return "версия из пакета, " + f.Packaged
	}
	return "версия " + version
}
