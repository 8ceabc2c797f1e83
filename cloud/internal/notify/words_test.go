package notify

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What the traffic light and agents tell is told in every language.
func TestWords_problems(t *testing.T) {
	for lang, w := range languages {
		for code := range languages["ru"].problems {
			if w.problems[code].Text == "" {
				t.Errorf("%s: no words for %s", lang, code)
			}
		}
		if len(w.problems) < 60 {
			t.Errorf("%s: %d codes", lang, len(w.problems))
		}
	}
}

// Every language says everything that Russian does, with the same holes.
func TestWords_complete(t *testing.T) {
	read := func(lang string) map[string]any {
		text, err := files.ReadFile("words/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var words map[string]any
		if err := json.Unmarshal(text, &words); err != nil {
			t.Fatal(err)
		}
		return words
	}
	var flat func(under string, words map[string]any, into map[string]string)
	flat = func(under string, words map[string]any, into map[string]string) {
		for key, value := range words {
			switch v := value.(type) {
			case string:
				var holes []string
				for _, part := range strings.Split(v, "{")[1:] {
					hole, _, _ := strings.Cut(part, "}")
					holes = append(holes, hole)
				}
				slices.Sort(holes)
				into[under+key] = strings.Join(holes, " ")
				if v == "" {
					t.Errorf("%s%s is empty", under, key)
				}
			case map[string]any:
				flat(under+key+".", v, into)
			}
		}
	}
	all := map[string]map[string]string{}
	for lang := range languages {
		all[lang] = map[string]string{}
		flat("", read(lang), all[lang])
	}
	for _, lang := range []string{"kk", "en"} {
		if diff := cmp.Diff(all["ru"], all[lang]); diff != "" {
			t.Errorf("%s: %s", lang, diff)
		}
	}
	for _, k := range kinds {
		for lang, w := range languages {
			if w.Events[string(k.event)] == "" || w.Todos[string(k.event)] == "" {
				t.Errorf("%s: no words for %s", lang, k.event)
			}
		}
	}
	if got := slices.Sorted(maps.Keys(languages["ru"].Actions)); len(got) != len(repairs) {
		t.Errorf("actions with words: %v", got)
	}
}

func TestTitle(t *testing.T) {
	one := []Member{{ID: "t1", Name: "Касса 1", Outlet: "Мира, 5"}}
	many := append(slices.Clone(one), Member{ID: "t2", Name: "Касса 2", Outlet: "Мира, 5"})
	for _, c := range []struct {
		lang string
		s    story
		want string
	}{
		{"ru", story{Event: Device, Kind: Began, Common: ByTill, Code: "no_paper", Tills: one}, "Касса 1 (Мира, 5): в кассе нет бумаги"},
		{"ru", story{Event: Device, Kind: Began, Common: ByAgent, Name: "PC", Code: "no_paper", Tills: many}, "Компьютер PC, 2 кассы: в кассе нет бумаги"},
		{"ru", story{Event: OFDLink, Kind: Began, Common: ByOperator, Name: "Такском", Code: "ofd_silent", Args: map[string]string{"address": "ofd.example:21101"}, Tills: many}, "ОФД Такском, 2 кассы: ОФД по адресу ofd.example:21101 принимает соединение и не отвечает"},
		{"ru", story{Event: OFDLink, Kind: Began, Common: ByOperator, Name: "Такском", Code: "ofd_silent", Tills: one}, "Касса 1 (Мира, 5): связь с ОФД"},
		{"ru", story{Event: Device, Kind: Began, Common: ByTill, Code: "code of tomorrow", Tills: one}, "Касса 1 (Мира, 5): касса и бумага"},
		{"kk", story{Event: Silence, Kind: Ended, Common: ByOutlet, Name: "Мира, 5", Tills: many}, "Мира, 5, 2 касса: құжаттар қайтадан келіп жатыр"},
		{"ru", story{Event: Device, Kind: Ended, Common: ByTill, Code: "cover_open", Said: "no_paper", Tills: one}, "Касса 1 (Мира, 5): бумага снова есть"},
		{"ru", story{Event: Device, Kind: Ended, Common: ByTill, Code: "no_paper", Tills: one}, "Касса 1 (Мира, 5): касса и бумага снова в порядке"},
		{"ru", story{Event: OFDQueue, Kind: Ended, Common: ByTill, Said: "autonomous", Tills: one}.of(one), "Касса 1 (Мира, 5): связь с ОФД восстановлена"},
		{"ru", story{Event: OFDQueue, Kind: Ended, Common: ByOperator, Name: "Такском", Said: "autonomous", Tills: many}.of(one), "Касса 1 (Мира, 5): документы снова уходят в ОФД вовремя"},
		{"en", story{Event: Silence, Kind: Began, Common: ByOutlet, Name: "Мира, 5", Code: "silence", Args: map[string]string{"seconds": "90000"}, Tills: many}, "Мира, 5, 2 tills: no documents for 25 h of working time"},
	} {
		if got := wordsIn(c.lang).title(c.s); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// That it is well again is said in a phrase of its own for every event, and in every language: never by the event's name, which is what
// was wrong. With -v it prints them all, to be read at once.
func TestWords_ended(t *testing.T) {
	one := []Member{{ID: "t1", Name: "Касса 1", Outlet: "Мира, 5"}}
	for _, lang := range []string{"ru", "kk", "en"} {
		w, said := wordsIn(lang), map[string]Event{}
		for _, k := range kinds {
			phrase := w.Ended[string(k.event)]
			if other, twice := said[phrase]; phrase == "" || twice {
				t.Errorf("%s: %s says %q, as %s does", lang, k.event, phrase, other)
			}
			said[phrase] = k.event
			s := story{Event: k.event, Kind: Ended, Common: ByTill, Tills: one}
			if k.whole {
				s.Common, s.Name = ByAgent, "KASSA-PC"
			}
			t.Logf("%s %-12s %s", lang, k.event, upper(w.title(s)))
		}
		for _, code := range slices.Sorted(maps.Keys(w.EndedCodes)) {
			if w.problems[code].Text == "" {
				t.Errorf("%s: no problem has the code %s", lang, code)
			}
			t.Logf("%s %-12s %s | %s", lang, code, w.problems[code].Text, w.EndedCodes[code])
		}
		if len(w.Ended) != len(kinds) {
			t.Errorf("%s: %d phrases for %d events", lang, len(w.Ended), len(kinds))
		}
	}
}

func TestSettings_When(t *testing.T) {
	moscow := func(s string) time.Time {
		zone, err := time.LoadLocation("Europe/Moscow")
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	night := Usual("ru", "ru")
	with := func(change func(s *Settings)) Settings { s := night; change(&s); return s }
	for _, c := range []struct {
		name, now string
		s         Settings
		urgent    bool
		due       string
		digest    bool
	}{
		{"by day", "2026-03-10 12:34", night, false, "2026-03-10 12:34", false},
		{"in the evening", "2026-03-10 23:10", night, false, "2026-03-11 08:00", false},
		{"early", "2026-03-10 05:00", night, false, "2026-03-10 08:00", false},
		{"the first minute", "2026-03-10 22:00", night, false, "2026-03-11 08:00", false},
		{"the last", "2026-03-10 08:00", night, false, "2026-03-10 08:00", false},
		{"urgent", "2026-03-10 23:10", night, true, "2026-03-10 23:10", false},
		{"urgent, and never at night", "2026-03-10 23:10", with(func(s *Settings) { s.UrgentPasses = false }), true, "2026-03-11 08:00", false},
		{"no quiet hours", "2026-03-10 03:00", with(func(s *Settings) { s.QuietFrom = s.QuietTo }), false, "2026-03-10 03:00", false},
		{"quiet by day", "2026-03-10 13:00", with(func(s *Settings) { s.QuietFrom, s.QuietTo = 12*60, 14*60 }), false, "2026-03-10 14:00", false},
		{"hourly", "2026-03-10 12:34", with(func(s *Settings) { s.Digest = Hourly }), false, "2026-03-10 13:00", true},
		{"hourly, at night", "2026-03-10 21:34", with(func(s *Settings) { s.Digest = Hourly }), false, "2026-03-11 08:00", true},
		{"daily", "2026-03-10 12:34", with(func(s *Settings) { s.Digest = Daily }), false, "2026-03-11 09:00", true},
		{"daily, urgent", "2026-03-10 12:34", with(func(s *Settings) { s.Digest = Daily }), true, "2026-03-10 12:34", false},
	} {
		due, digest := c.s.When(moscow(c.now), c.urgent)
		if !due.Equal(moscow(c.due)) || digest != c.digest {
			t.Errorf("%s: got %v %v, want %s %v", c.name, due, digest, c.due, c.digest)
		}
	}
	for _, bad := range []Settings{{}, with(func(s *Settings) { s.Zone = "Nowhere/City" }), with(func(s *Settings) { s.Language = "de" }), with(func(s *Settings) { s.QuietTo = 1440 }), with(func(s *Settings) { s.Digest = 3 })} {
		if bad.Check() == nil {
			t.Errorf("taken: %+v", bad)
		}
	}
}

// Who sees some of the tills is told what these have, and nothing of the others.
func TestStory_of(t *testing.T) {
	tills := []Member{{ID: "a"}, {ID: "b"}, {ID: "c"}}
	s := story{
		Event: OFDQueue, Kind: Began, Code: "ofd_age", Args: map[string]string{"count": "99"}, Red: true, Tills: tills,
		Each: map[string]Problem{
			"a": {Code: "ofd_age", Step: 1, Args: map[string]string{"count": "5"}},
			"b": {Code: "ofd_age", Step: 2, Red: true, Args: map[string]string{"count": "99"}},
		},
	}
	for _, c := range []struct {
		sees  []Member
		count string
		red   bool
	}{
		{tills, "99", true},
		{tills[:2], "99", true},
		{tills[:1], "5", false},
		{tills[2:], "", true}, // its agent is silent: nobody knows
	} {
		got := s.of(c.sees)
		if got.Args["count"] != c.count || got.Red != c.red || got.Code != "ofd_age" || len(got.Tills) != len(c.sees) {
			t.Errorf("of %d tills: %+v", len(c.sees), got)
		}
	}
	if s.Args["count"] != "99" || len(s.Tills) != 3 {
		t.Errorf("the story itself was changed: %+v", s)
	}
}
