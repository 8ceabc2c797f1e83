package health

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/fn"
)

func codes(problems []Problem) (out []string) {
	for _, p := range problems {
		out = append(out, p.Code)
	}
	return out
}

func TestOf(t *testing.T) {
	noon := fiscal.DateTime{Year: 2026, Month: 3, Day: 4, Hour: 12}
	yesterday := fiscal.DateTime{Year: 2026, Month: 3, Day: 3, Hour: 11}
	ready := drivers.Status{Clock: noon}
	with := func(change func(*drivers.Status)) drivers.Status { s := ready; change(&s); return s }
	for _, c := range []struct {
		name    string
		picture Picture
		want    []string
	}{
		{"never read", Picture{}, nil},
		{"works", Picture{Known: true, Status: ready, Now: noon}, nil},
		{"does not answer", Picture{Failure: &drivers.Error{Code: drivers.CodeLink}}, []string{CodeOffline}},
		{"port vanished", Picture{Known: true, Failure: &drivers.Error{Code: drivers.CodeGone}, Status: ready}, []string{drivers.CodeGone}},
		{"no paper", Picture{Known: true, Status: with(func(s *drivers.Status) { s.Paper = drivers.PaperOut })}, []string{drivers.CodeNoPaper}},
		{"cover", Picture{Known: true, Status: with(func(s *drivers.Status) { s.Paper = drivers.PaperCover })}, []string{drivers.CodeCoverOpen}},
		{"paper is back, a slip is owed", Picture{Known: true, PaperOwed: true, Status: with(func(s *drivers.Status) { s.Paper = drivers.PaperContinue })}, []string{drivers.CodeContinue, CodePaperOwed}},
		{"shift over a day", Picture{Known: true, Status: with(func(s *drivers.Status) { s.Mode = drivers.ModeShiftExpired })}, []string{drivers.CodeShiftExpired}},
		{"stuck", Picture{Known: true, Status: with(func(s *drivers.Status) { s.Mode = drivers.ModeStuck })}, []string{drivers.CodeStuck}},
		{"clock lost", Picture{Known: true, Status: with(func(s *drivers.Status) { s.Mode = drivers.ModeClock })}, []string{drivers.CodeClock}},
		{"fiscal memory blocked", Picture{Known: true, Status: with(func(s *drivers.Status) { s.Mode = drivers.ModeBlocked })}, []string{drivers.CodeFNBlocked}},
		{"fiscal memory almost full", Picture{Known: true, Status: with(func(s *drivers.Status) { s.FNWarnings = uint8(fn.WarnMemory) })}, []string{CodeFNMemory}},
		{"fiscal memory failing", Picture{Known: true, Status: with(func(s *drivers.Status) { s.FNWarnings = uint8(fn.WarnMemory | fn.WarnCritical) })}, []string{CodeFNFailed}},
		{"somebody's receipt is open", Picture{Known: true, Status: with(func(s *drivers.Status) { s.Mode, s.Open = drivers.ModeOpenDocument, drivers.OpenReceipt })}, []string{drivers.CodeOpenDocument}},
		{"ours is open and being settled", Picture{Known: true, Unfinished: "k", Status: with(func(s *drivers.Status) { s.Mode, s.Open = drivers.ModeOpenDocument, drivers.OpenReceipt })}, []string{CodeUnfinished}},
		{"a document open only in the fiscal memory", Picture{Known: true, Status: with(func(s *drivers.Status) { s.Open = drivers.OpenFNDocument })}, []string{drivers.CodeOpenDocument}},
		{"needs a person", Picture{Known: true, Status: ready, Unfinished: "k", NeedsPerson: "candidates"}, []string{"candidates", CodeNeedsPerson}},
		{"operator silent for a day", Picture{Known: true, Now: noon, Status: with(func(s *drivers.Status) { s.Unsent, s.UnsentFrom = 3, yesterday })}, []string{CodeOFDQueue}},
		{"operator silent for an hour", Picture{Known: true, Now: noon, Status: with(func(s *drivers.Status) {
			s.Unsent, s.UnsentFrom = 3, fiscal.DateTime{Year: 2026, Month: 3, Day: 4, Hour: 11}
		})}, nil},
		{"fiscal memory ends in ten days", Picture{Known: true, Status: ready, Now: noon, FNUntil: fiscal.DateTime{Year: 2026, Month: 3, Day: 14}}, []string{CodeFNExpiring}},
		{"clock ten minutes fast", Picture{Known: true, Status: ready, Skew: 600}, []string{CodeClockSkew}},
		{"clock four minutes slow", Picture{Known: true, Status: ready, Skew: -240}, nil},
		{"another till on the port", Picture{Known: true, Status: ready, Stranger: &Problem{Code: CodeSwapped}}, []string{CodeSwapped}},
		{"the worst comes first", Picture{Known: true, PaperOwed: true, Skew: 600, Status: with(func(s *drivers.Status) { s.Paper = drivers.PaperOut })}, []string{drivers.CodeNoPaper, CodePaperOwed, CodeClockSkew}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := codes(Of(c.picture))
			slices.Sort(got[min(1, len(got)):]) // the first is the worst; equals have no order worth a test
			want := slices.Clone(c.want)
			slices.Sort(want[min(1, len(want)):])
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestWords(t *testing.T) {
	for code, w := range Table {
		if w.Severity < Info || w.Severity > Critical || !strings.HasSuffix(w.Text, ".") || !strings.HasSuffix(w.Todo, ".") {
			t.Errorf("%s: %+v", code, w)
		}
	}
	w := Problem{Code: drivers.CodeRefused, Vendor: 0x99}.Words()
	if !strings.Contains(w.Text, "153, 99h") {
		t.Errorf("an unknown code of the device lost its number: %q", w.Text)
	}
	if w := (Problem{Code: "from_the_future"}).Words(); !strings.Contains(w.Text, "from_the_future") || w.Severity != Critical {
		t.Errorf("a code without words: %+v", w)
	}
	if w := (Problem{Code: CodeForeign, Args: map[string]string{"fd": "17"}}).Words(); !strings.Contains(w.Text, "ФД 17") {
		t.Errorf("argument not put in: %q", w.Text)
	}
}

func TestSentence(t *testing.T) {
	for _, c := range []struct {
		kind    fiscal.Kind
		outcome fiscal.Outcome
		reason  Problem
		want    string
	}{
		{fiscal.Sale, fiscal.Done, Problem{}, "Чек пробит."},
		{fiscal.Sale, fiscal.NotDone, Problem{Code: CodeDuplicate}, "Второй раз не пробито. " + Table[CodeDuplicate].Text + " " + Table[CodeDuplicate].Todo},
		{fiscal.Sale, fiscal.Unknown, Problem{Code: CodeUnfinished}, "Выясняем, пробит ли чек. Не бейте ещё раз."},
		{fiscal.Sale, fiscal.NotDone, Problem{Code: drivers.CodeNoPaper}, "Чек НЕ пробит. В кассе нет бумаги. Вставьте рулон и закройте крышку."},
		{fiscal.CloseShift, fiscal.NotDone, Problem{Code: drivers.CodeShiftClosed}, "Смена уже закрыта. Закрывать нечего."},
	} {
		if got := Sentence(c.kind, c.outcome, c.reason); got != c.want {
			t.Errorf("%s %s %s: %q", c.kind, c.outcome, c.reason.Code, got)
		}
	}
}

func TestSet(t *testing.T) {
	var s Set
	t0 := time.UnixMilli(1000)
	if !s.Update(t0, []Problem{{Code: drivers.CodeNoPaper}}) {
		t.Error("a new problem is a change")
	}
	if s.Update(t0.Add(time.Second), []Problem{{Code: drivers.CodeNoPaper}}) {
		t.Error("the same problem is none")
	}
	if got := s.Proto(); len(got) != 1 || got[0].GetSinceMs() != 1000 {
		t.Errorf("since when: %v", got)
	}
	if !s.Update(t0.Add(time.Minute), nil) || len(s.Proto()) != 0 {
		t.Error("its end is a change")
	}
	s.Update(t0.Add(time.Hour), []Problem{{Code: drivers.CodeRefused, Vendor: 7}})
	if got := s.Proto()[0]; got.GetSinceMs() != t0.Add(time.Hour).UnixMilli() || got.GetArgs()["vendor"] != "7" {
		t.Errorf("when it comes back: %v", got)
	}
}
