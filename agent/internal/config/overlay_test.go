package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A wish is taken whole or refused whole, with a sentence that names the value.
func TestOverlay_With(t *testing.T) {
	had := Overlay{RushHours: "08:00-22:00", Tills: []Wish{{Till: "k", Version: 3, Title: "Касса у входа", OFD: "ofd.example.ru:7779"}}}
	for name, c := range map[string]struct {
		wish  Wish
		fresh bool
		want  string // part of the refusal, or the till's wish afterwards
	}{
		"a new address":             {Wish{Till: "k", Version: 4, OFD: "127.0.0.1:21101"}, true, "Касса у входа|127.0.0.1:21101|||08:00-22:00"},
		"nothing said, all stays":   {Wish{Till: "k", Version: 4}, true, "Касса у входа|ofd.example.ru:7779|||08:00-22:00"},
		"every value":               {Wish{Till: "k", Version: 9, Title: "Бар", OFD: "off", OFDINN: "7704211201", FinishPrint: "ask", RushHours: "-"}, true, "Бар|off|7704211201|ask|-"},
		"another till":              {Wish{Till: "m", Version: 1, OFD: "auto"}, true, "|auto|||08:00-22:00"},
		"hours, blanks between":     {Wish{Till: "k", Version: 4, RushHours: "08:00-12:00, 22:00-02:00"}, true, "Касса у входа|ofd.example.ru:7779|||08:00-12:00, 22:00-02:00"},
		"an operator of Kazakhstan": {Wish{Till: "k", Version: 4, OFDINN: "120240013111"}, true, "Касса у входа|ofd.example.ru:7779|120240013111||08:00-22:00"},
		"the same once more":        {Wish{Till: "k", Version: 3, Title: "Касса у входа"}, false, "Касса у входа|ofd.example.ru:7779|||08:00-22:00"},
		"the same number, others":   {Wish{Till: "k", Version: 3, Title: "Другая"}, false, "под этим номером другие"},
		"an older one":              {Wish{Till: "k", Version: 2}, false, "более новая"},
		"no version":                {Wish{Till: "k", OFD: "auto"}, false, "нет номера"},
		"an address without port":   {Wish{Till: "k", Version: 4, OFD: "ofd.example.ru"}, false, "ofd = "},
		"an address with a blank":   {Wish{Till: "k", Version: 4, OFD: "ofd .ru:1"}, false, "пробелов"},
		"an address with a line":    {Wish{Till: "k", Version: 4, OFD: "a\n[[till]]:1"}, false, "ofd = "},
		"port none":                 {Wish{Till: "k", Version: 4, OFD: "ofd.ru:0"}, false, "ofd = "},
		"a wrong number":            {Wish{Till: "k", Version: 4, OFDINN: "7704211202"}, false, "ИНН оператора"},
		"a number in letters":       {Wish{Till: "k", Version: 4, OFDINN: "77042112o1"}, false, "ИНН оператора"},
		"a word for printing":       {Wish{Till: "k", Version: 4, FinishPrint: "never"}, false, "finish_print"},
		"hours that are none":       {Wish{Till: "k", Version: 4, RushHours: "25:00-26:00"}, false, "часы без обновлений"},
		"a day of crumbs":           {Wish{Till: "k", Version: 4, RushHours: strings.Repeat("08:00-09:00,", 12) + "10:00-11:00"}, false, "не больше 12"},
		"a long title":              {Wish{Till: "k", Version: 4, Title: strings.Repeat("я", 101)}, false, "название"},
		"a title of two lines":      {Wish{Till: "k", Version: 4, Title: "a\nb"}, false, "название"},
	} {
		next, fresh, err := had.With(c.wish)
		w := next.Of(c.wish.Till)
		got := strings.Join([]string{w.Title, w.OFD, w.OFDINN, w.FinishPrint, w.RushHours}, "|")
		if err != nil {
			if fresh || !strings.Contains(err.Error(), c.want) || next.Of("k") != had.Of("k") || len(next.Tills) != 1 {
				t.Errorf("%s: refused %v, now %v", name, err, next)
			}
			continue
		}
		if got != c.want || fresh != c.fresh || w.Version != max(c.wish.Version, 1) {
			t.Errorf("%s: %s fresh %v version %d, want %s", name, got, fresh, w.Version, c.want)
		}
	}
	if w := had.Of("k"); w.Title != "Касса у входа" || w.Version != 3 || len(had.Tills) != 1 {
		t.Errorf("changed in place: %v", had)
	}
}

// What is kept holds after a restart, over the person's own file; what was before stays beside it; what cannot be read keeps no shop from
// selling.
func TestOverlay_kept(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "[[till]]\nname = \"k\"\nwire = \"tcp://127.0.0.1:1\"\nfinish_print = \"ask\"\n")
	load := func() Config {
		t.Helper()
		c, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	want := func(version uint64, ofd string, spoilt bool) Config {
		t.Helper()
		c := load()
		w := c.Holding(c.Tills[0])
		if w.Version != version || w.OFD != ofd || w.FinishPrint != "ask" || (c.Spoilt != nil) != spoilt {
			t.Errorf("version %d, ofd %s, %s, spoilt %v; want %d %s %v", w.Version, w.OFD, w.FinishPrint, c.Spoilt, version, ofd, spoilt)
		}
		return c
	}
	keep := func(w Wish) {
		t.Helper()
		c := load()
		next, _, err := c.Wished.With(w)
		if err == nil {
			err = c.Keep(next)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	want(0, OFDOff, false)
	keep(Wish{Till: "k", Version: 1, OFD: "127.0.0.1:1", RushHours: "08:00-22:00"})
	if c := want(1, "127.0.0.1:1", false); len(c.Update.RushHours) != 1 || c.Update.RushHours[0] != "08:00-22:00" {
		t.Errorf("rush hours %v", c.Update.RushHours)
	}
	keep(Wish{Till: "k", Version: 2, OFD: OFDAuto})
	keep(Wish{Till: "gone", Version: 7, Title: "Касса, которой нет"})
	want(2, OFDAuto, false)
	file := filepath.Join(dir, "data", OverlayFile)
	if st, err := os.Stat(file); err != nil || st.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("readable by others: %v %v", st, err)
	}
	keep(Wish{Till: "k", Version: 3, OFD: OFDOff})
	put := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, bad := range []string{"[[till", "cloud = \"https://other.example\"\n", "[[till]]\nname = \"k\"\nversion = 4\nofd = \"nowhere\"\n", "[[till]]\nname = \"k\"\nwire = \"auto\"\n"} {
		put(file, bad)
		want(2, OFDAuto, true) // what was before
	}
	put(file+overlayBefore, "[[till")
	want(0, OFDOff, true)
}
