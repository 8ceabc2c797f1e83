package light

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// noon is the cabinet's clock in these tests; in the shop, five hours to the
// east, it is 17:00 of the same day.
var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// well is a till of which nothing is to be said.
func well() Facts {
	return Facts{
		Now: noon, Fresh: true, Heard: noon, Reported: noon, CertificateUntil: noon.Add(10 * 24 * time.Hour),
		State: &fiscalv1.TillState{
			Online: true, ShiftOpen: true, Shift: 7, LastFd: 100, LastAt: "2026-03-10T16:30", Clock: "2026-03-10T17:00", ReadMs: noon.UnixMilli(), FnExpiry: "2027-05-01",
		},
		ShiftOpened: time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC), Contract: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), Room: 100_000, Rate: 300,
	}
}

func declare(code string, s fiscalv1.Severity) func(*Facts) {
	return func(f *Facts) {
		f.State.Problems = append(f.State.Problems, &fiscalv1.Problem{Code: code, Severity: s, Text: "т", Todo: "д", SinceMs: noon.Add(-time.Minute).UnixMilli()})
	}
}

const (
	info     = fiscalv1.Severity_SEVERITY_INFO
	warning  = fiscalv1.Severity_SEVERITY_WARNING
	critical = fiscalv1.Severity_SEVERITY_CRITICAL
)

// The table is the specification: a state, the colour it has, and the reasons.
func TestLook(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Facts)
		colour Colour
		want   string // "aspect code colour since", of every cell that is not green
	}{
		{"all is well", nil, Green, ""},
		{"no paper", declare("no_paper", critical), Red, "2 no_paper 3 11:59"},
		{"cover open", declare("cover_open", critical), Red, "2 cover_open 3 11:59"},
		{"paper is back, a word is awaited", declare("continue_print", warning), Yellow, "2 continue_print 2 11:59"},
		{"printing", declare("busy", info), Green, ""},
		{"cable out", declare("offline", critical), Red, "2 offline 3 11:59"},
		{"port taken by another program", declare("in_use", critical), Red, "2 in_use 3 11:59"},
		{"another till on the port", declare("swapped", critical), Red, "2 swapped 3 11:59"},
		{"owed on paper", declare("paper_owed", warning), Yellow, "2 paper_owed 2 11:59"},
		{"a code of tomorrow", declare("smoke", critical), Red, "2 smoke 3 11:59"},
		{"a severity of tomorrow", declare("smoke", 9), Red, "2 smoke 3 11:59"},
		{"two computers under one agent", declare("agent_twins", warning), Yellow, "8 agent_twins 2 11:59"},
		{"a document is being settled", declare("unfinished", critical), Red, "1 unfinished 3 11:59"},
		{"a document needs a person", declare("needs_person", critical), Red, "1 needs_person 3 11:59"},
		{"somebody else's document", declare("foreign_document", warning), Yellow, "1 foreign_document 2 11:59"},
		{"the device says that the shift is over 24 h", declare("shift_expired", critical), Red, "3 shift_expired 3 11:59"},
		{"shift closed", func(f *Facts) { f.State.ShiftOpen = false; f.ShiftOpened = time.Time{} }, Green, ""},
		{"shift open for 22 h 59 min", func(f *Facts) { f.ShiftOpened = civil("2026-03-09T18:01") }, Green, ""},
		{"shift open for 23 h", func(f *Facts) { f.ShiftOpened = civil("2026-03-09T18:00") }, Yellow, "3 shift_age 2 12:00"},
		{"shift open for 24 h", func(f *Facts) { f.ShiftOpened = civil("2026-03-09T17:00") }, Red, "3 shift_age 3 12:00"},
		{"no documents for 23 h", func(f *Facts) { f.State.LastAt = "2026-03-09T18:00" }, Green, ""},
		{"no documents for a day", func(f *Facts) { f.State.LastAt = "2026-03-09T17:00" }, Yellow, "4 silence 2 "},
		{"no documents for a night and a morning", func(f *Facts) {
			f.State.LastAt, f.Hours = "2026-03-09T17:00", Hours{9 * 60, 21 * 60}
		}, Green, ""},
		{"no documents for two working days", func(f *Facts) {
			f.State.LastAt, f.Hours = "2026-03-08T17:00", Hours{9 * 60, 21 * 60}
		}, Yellow, "4 silence 2 "},
		{"never a document", func(f *Facts) { f.State.LastFd, f.State.LastAt = 0, "" }, Green, ""},
		{"unsent for 23 h", unsent("2026-03-09T18:00"), Green, ""},
		{"unsent for a day", unsent("2026-03-09T17:00"), Yellow, "5 ofd_age 2 12:00"},
		{"unsent for ten days and an hour", unsent("2026-02-28T16:00"), Red, "5 ofd_age 3 11:00"},
		{"the agent's own limit for the queue gives way", func(f *Facts) { unsent("2026-03-09T18:00")(f); declare("ofd_queue", warning)(f) }, Green, ""},
		{"unless nobody knows how old it is", func(f *Facts) { unsent("")(f); declare("ofd_queue", warning)(f) }, Yellow, "5 ofd_queue 2 11:59"},
		{"the operator refuses", declare("ofd_refused", warning), Yellow, "5 ofd_refused 2 11:59"},
		{"contract for 31 days", func(f *Facts) { f.Contract = civil("2026-04-09") }, Green, ""},
		{"contract for 29 days", func(f *Facts) { f.Contract = civil("2026-04-07") }, Yellow, "5 ofd_contract 2 19:00"},
		{"contract over", func(f *Facts) { f.Contract = civil("2026-03-01") }, Red, "5 ofd_contract 3 19:00"},
		{"fiscal memory for 29 days", func(f *Facts) { f.State.FnExpiry = "2026-04-07" }, Yellow, "6 fn_term 2 19:00"},
		{"fiscal memory for 2 days", func(f *Facts) { f.State.FnExpiry = "2026-03-11" }, Red, "6 fn_term 3 19:00"},
		{"fiscal memory full in 20 days", func(f *Facts) { f.Room = 6000 }, Yellow, "6 fn_room 2 "},
		{"fiscal memory full tomorrow", func(f *Facts) { f.Room = 300 }, Red, "6 fn_room 3 "},
		{"fiscal memory blocked", declare("fn_blocked", critical), Red, "6 fn_blocked 3 11:59"},
		{"clock off by 2 minutes", func(f *Facts) { f.State.Clock = "2026-03-10T17:02" }, Green, ""},
		{"clock off by 3 minutes", func(f *Facts) { f.State.Clock = "2026-03-10T16:57" }, Yellow, "7 clock_skew 2 "},
		{"clock off by 5 minutes", func(f *Facts) { f.State.Clock = "2026-03-10T17:05" }, Red, "7 clock_skew 3 "},
		{"clock off by an hour, as the agent says", func(f *Facts) {
			f.State.Problems = []*fiscalv1.Problem{{Code: "clock_skew", Severity: warning, Args: map[string]string{"minutes": "-60"}}}
		}, Red, "7 clock_skew 3 "},
		{
			"agent away", func(f *Facts) { f.Fresh, f.Heard, f.Reported = false, noon.Add(-time.Hour), noon.Add(-time.Hour) }, Grey,
			"1 stale 1 11:00, 2 stale 1 11:00, 3 stale 1 11:00, 4 stale 1 11:00, 5 stale 1 11:00, 6 stale 1 11:00, 7 stale 1 11:00, 8 away 1 11:00",
		},
		{"agent away and the memory's term over", func(f *Facts) {
			f.Fresh, f.State.FnExpiry = false, "2026-03-01"
		}, Red, "1 stale 1 12:00, 2 stale 1 12:00, 3 stale 1 12:00, 4 stale 1 12:00, 5 stale 1 12:00, 6 fn_term 3 19:00, 7 stale 1 12:00, 8 away 1 12:00"},
		{
			"agent away while there was no paper", func(f *Facts) { f.Fresh = false; declare("no_paper", critical)(f) }, Grey,
			"1 stale 1 12:00, 2 stale 1 12:00, 3 stale 1 12:00, 4 stale 1 12:00, 5 stale 1 12:00, 6 stale 1 12:00, 7 stale 1 12:00, 8 away 1 12:00",
		},
		{"journal full", func(f *Facts) { f.Agent = []*fiscalv1.Problem{{Code: "journal_full", Severity: critical}} }, Red, "8 journal_full 3 "},
		{"certificate for two days", func(f *Facts) { f.CertificateUntil = noon.Add(48 * time.Hour) }, Yellow, "8 certificate 2 12:00"},
		{"certificate over", func(f *Facts) { f.CertificateUntil = noon.Add(-time.Hour) }, Red, "8 certificate 3 11:00"},
		{"Kazakhstan: a day without the operator", func(f *Facts) { f.Autonomous = noon.Add(-24 * time.Hour) }, Yellow, "5 autonomous 2 12:00"},
		{"Kazakhstan: 61 hours without the operator", func(f *Facts) { f.Autonomous = noon.Add(-61 * time.Hour) }, Red, "5 autonomous 3 11:00"},
		{"two things at once", func(f *Facts) { declare("no_paper", critical)(f); unsent("2026-03-09T17:00")(f) }, Red, "2 no_paper 3 11:59, 5 ofd_age 2 12:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := well()
			if c.change != nil {
				c.change(&f)
			}
			cells := Look(f, nil, nil)
			if got := Worst(cells); got != c.colour {
				t.Errorf("colour %d, want %d", got, c.colour)
			}
			var said []string
			for _, cell := range cells {
				if cell.Colour == Green {
					continue
				}
				since := ""
				if !cell.Since.IsZero() {
					since = cell.Since.UTC().Format("15:04")
				}
				said = append(said, string(rune('0'+cell.Aspect))+" "+cell.Code+" "+string(rune('0'+cell.Colour))+" "+since)
				if cell.Rule != "" && (cell.Text == "" || cell.Todo == "" || strings.Contains(cell.Text, "{")) {
					t.Errorf("cell says nothing: %+v", cell)
				}
			}
			if got := strings.Join(said, ", "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func civil(text string) time.Time {
	t, ok := Civil(text)
	if !ok {
		panic(text)
	}
	return t
}

func unsent(from string) func(*Facts) {
	return func(f *Facts) { f.State.Unsent, f.State.UnsentFrom = 3, from }
}

func TestLook_saysWhoseLimit(t *testing.T) {
	f := well()
	unsent("2026-03-10T10:00")(&f) // seven hours
	limits := Limits{
		{Level: OfTill, Metric: OFDAge, Limit: Limit{Warn: 6 * hour}, Name: "Касса 1"},
		{Level: OfOrganisation, Metric: OFDAge, Limit: Limit{Warn: 48 * hour, Critical: 72 * hour}},
		{Level: OfOutlet, Metric: Silence, Limit: Limit{Warn: hour}},
	}
	got := Look(f, limits, nil)[4]
	want := Cell{
		Aspect: OFD, Colour: Yellow, Code: "ofd_age", Text: "Не передано в ОФД: 3, самый старый документ ждёт 7 ч.",
		Todo: "Проверьте интернет кассы и договор с ОФД. Через 30 дней касса остановится.", Args: map[string]string{"seconds": "25200", "count": "3"},
		Since: noon.Add(-time.Hour), Rule: OFDAge, Value: 7 * hour, Limit: 6 * hour, Of: OfTill, OfName: "Касса 1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// The nearest holds even where it says never.
	if c := Look(f, append(limits, Override{Level: OfTill, Metric: OFDAge}), nil)[4]; c.Colour != Green {
		t.Errorf("got %+v", c)
	}
}

// A clock on the edge does not flicker, whichever way it drifts.
func TestLook_band(t *testing.T) {
	f := well()
	var cells []Cell
	var colours []Colour
	for _, off := range []int{170, 181, 175, 160, 149, 175, 181} {
		f.State.ReadMs = noon.Add(time.Duration(off) * time.Second).UnixMilli()
		f.State.Clock = "2026-03-10T17:00"
		cells = Look(f, nil, cells)
		colours = append(colours, cells[6].Colour)
	}
	if want := []Colour{Green, Yellow, Yellow, Yellow, Green, Green, Yellow}; !slices.Equal(colours, want) {
		t.Errorf("got %v, want %v", colours, want)
	}
}

// The days until a memory is full follow the rate of late, which goes up and down: they do not flicker on the edge either.
func TestLook_bandOfRoom(t *testing.T) {
	f := well()
	f.Rate = 100
	var cells []Cell
	var colours []Colour
	for _, room := range []float64{3010, 2990, 3050, 3090, 3110, 3010, 290, 390, 410} {
		f.Room = room
		cells = Look(f, nil, cells)
		colours = append(colours, cells[5].Colour)
	}
	if want := []Colour{Green, Yellow, Yellow, Yellow, Green, Green, Red, Red, Yellow}; !slices.Equal(colours, want) {
		t.Errorf("got %v, want %v", colours, want)
	}
}

func TestStops(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Facts)
		want   string // "cause at", the cabinet's clock
	}{
		{"the shift is the nearest of a working day", nil, "shift 2026-03-11 04:00"},
		{"shift closed: the certificate", closed, "certificate 2026-03-20 12:00"},
		{"documents unsent", func(f *Facts) { closed(f); f.CertificateUntil = time.Time{}; unsent("2026-03-01T10:00")(f) }, "ofd 2026-03-31 05:00"},
		{"they have been unsent for too long", func(f *Facts) { unsent("2026-01-01T10:00")(f) }, "ofd 2026-01-31 05:00"},
		{"memory full before its term", func(f *Facts) { closed(f); f.CertificateUntil = time.Time{}; f.Room = 3000 }, "fn_room 2026-03-20 12:00"},
		{"term of the memory", func(f *Facts) { closed(f); f.CertificateUntil, f.Room, f.Contract = time.Time{}, 0, time.Time{} }, "fn_term 2027-05-01 19:00"},
		{"contract", func(f *Facts) { closed(f); f.CertificateUntil, f.Room = time.Time{}, 0 }, "contract 2027-01-01 19:00"},
		{"Kazakhstan", func(f *Facts) { closed(f); f.Autonomous = noon.Add(-70 * time.Hour) }, "autonomous 2026-03-10 14:00"},
		{"nothing known", func(f *Facts) { *f = Facts{Now: noon, State: &fiscalv1.TillState{}} }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := well()
			if c.change != nil {
				c.change(&f)
			}
			s, got := Stops(f), ""
			if !s.At.IsZero() {
				got = string(s.Cause) + " " + s.At.UTC().Format("2006-01-02 15:04")
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func closed(f *Facts) { f.State.ShiftOpen, f.ShiftOpened = false, time.Time{} }

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		metric Metric
		limit  Limit
		ok     bool
	}{
		{Silence, Limit{Warn: day}, true},
		{Silence, Limit{}, true},
		{Silence, Limit{Warn: 2 * day, Critical: day}, false},
		{Silence, Limit{Warn: -1}, false},
		{Silence, Limit{Warn: 91 * day}, false},
		{FNTerm, Limit{Warn: 15 * day, Critical: day}, true},
		{FNTerm, Limit{Warn: day, Critical: 15 * day}, false},
		{"colour", Limit{}, false},
	} {
		if err := Check(c.metric, c.limit); (err == nil) != c.ok {
			t.Errorf("%s %v: got %v", c.metric, c.limit, err)
		}
	}
	for _, r := range Rules() {
		if err := Check(r.Metric, r.Usual); err != nil {
			t.Errorf("usual limits: %v", err)
		}
	}
}

// Working time is what a clock that ticks only within the hours would count.
func TestHours_Within(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := Hours{rapid.IntRange(0, 1439).Draw(t, "from"), rapid.IntRange(0, 1439).Draw(t, "to")}
		begin := civil("2026-03-01").Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "begin")) * time.Minute)
		end := begin.Add(time.Duration(rapid.IntRange(0, 6000).Draw(t, "length")) * time.Minute)
		var ticks time.Duration
		for at := begin; at.Before(end); at = at.Add(time.Minute) {
			m := at.Hour()*60 + at.Minute()
			open := h.From <= m && m < h.To
			if h.From >= h.To {
				open = m >= h.From || m < h.To
			}
			if open {
				ticks += time.Minute
			}
		}
		if got := h.Within(begin, end); got != ticks {
			t.Fatalf("%v from %v to %v: got %v, want %v", h, begin, end, got, ticks)
		}
	})
}

// Facts go in and nothing of them changes; whatever they are, every cell can be shown.
func TestLook_pure(t *testing.T) {
	f := well()
	before := proto.Clone(f.State)
	Look(f, nil, nil)
	if !proto.Equal(before, f.State) {
		t.Error("the state was changed")
	}
	for _, c := range Look(Facts{Now: noon, State: new(fiscalv1.TillState)}, nil, nil) {
		if c.Colour == Green && c.Aspect == Agent {
			t.Error("an agent never heard of is green")
		}
	}
}

// The nearest limit holds, and of departments within departments the innermost.
func TestLimits_departments(t *testing.T) {
	all := Limits{
		{Level: OfOrganisation, Metric: OFDAge, Limit: Limit{Warn: 1}},
		{Level: OfDepartment, Metric: OFDAge, Limit: Limit{Warn: 2}, Name: "Юг"},
		{Level: OfDepartment, Metric: OFDAge, Limit: Limit{Warn: 3}, Name: "Сочи"},
		{Level: OfOutlet, Metric: OFDAge, Limit: Limit{Warn: 4}, Name: "Рынок"},
	}
	for n, want := range []struct {
		limit Limit
		level Level
		name  string
	}{{Limit{Warn: day, Critical: 10 * day}, Usual, ""}, {Limit{Warn: 1}, OfOrganisation, ""}, {Limit{Warn: 2}, OfDepartment, "Юг"}, {Limit{Warn: 3}, OfDepartment, "Сочи"}, {Limit{Warn: 4}, OfOutlet, "Рынок"}} {
		limit, level, name := all[:n].Of(OFDAge)
		if limit != want.limit || level != want.level || name != want.name {
			t.Errorf("of %d overrides %v of level %d %q holds, not %v of %d %q", n, limit, level, name, want.limit, want.level, want.name)
		}
	}
	// The outlet's is nearer than its department's, whichever was told last.
	if limit, level, _ := (Limits{all[3], all[1]}).Of(OFDAge); limit.Warn != 4 || level != OfOutlet {
		t.Errorf("%v of level %d holds", limit, level)
	}
}

// Of one aspect everything that is wrong is told, the cell shows the worst.
func TestReasons(t *testing.T) {
	f := well()
	unsent("2026-03-09T17:00")(&f)
	f.Contract = civil("2026-03-01")
	var codes []string
	for _, c := range Reasons(f, nil, nil) {
		codes = append(codes, c.Code)
	}
	if diff := cmp.Diff([]string{"ofd_age", "ofd_contract"}, codes); diff != "" {
		t.Error(diff)
	}
	if c := Cells(Reasons(f, nil, nil))[4]; c.Code != "ofd_contract" || c.Aspect != OFD {
		t.Errorf("cell of the operator: %+v", c)
	}
}

// What the cabinet could not have heard, and the hours the shop sleeps, are no absence.
func TestAway(t *testing.T) {
	f := well() // 17:00 in the shop
	f.Heard = noon.Add(-10 * time.Hour)
	f.Hours = Hours{9 * 60, 18 * 60}
	for _, c := range []struct {
		since time.Time
		want  time.Duration
	}{
		{time.Time{}, 8 * time.Hour}, {noon.Add(-time.Hour), time.Hour}, {noon.Add(time.Hour), 0},
	} {
		if got := Away(f, c.since); got != c.want {
			t.Errorf("since %v: got %v, want %v", c.since, got, c.want)
		}
	}
	if !Open(f) {
		t.Error("closed at five")
	}
	f.Hours = Hours{20 * 60, 8 * 60}
	if Open(f) {
		t.Error("a night shop is open at five")
	}
	f.State.Clock = ""
	if !Open(f) {
		t.Error("closed at an hour nobody knows")
	}
}

func TestNear(t *testing.T) {
	f := well()
	if got := Near(f, nil); len(got) != 0 {
		t.Errorf("of a till that is well: %v", got)
	}
	unsent("2026-03-10T05:00")(&f)
	if diff := cmp.Diff([]Metric{OFDAge}, Near(f, nil)); diff != "" {
		t.Error(diff)
	}
	if got := Near(f, Limits{{Level: OfTill, Metric: OFDAge}}); len(got) != 0 {
		t.Errorf("of a rule that was switched off: %v", got)
	}
}

func TestCivil(t *testing.T) {
	for text, want := range map[string]time.Time{
		"2026-03-04T05:06":    time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC),
		"2026-03-04T05:06:07": time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
		"2026-03-04":          time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC),
		"":                    {},
		"2026-03-04T5:06":     {},
		"2026-02-30":          {},
		"2026-03-04 05:06":    {},
		"2026-03-04T05:06:0Z": {},
		"не время, а":         {},
	} {
		if got, ok := Civil(text); got != want || ok == want.IsZero() {
			t.Errorf("%q: %v %v", text, got, ok)
		}
	}
}
