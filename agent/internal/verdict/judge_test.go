package verdict

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/agent/internal/health"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

const (
	done    = fiscalv1.Outcome_OUTCOME_DONE
	notDone = fiscalv1.Outcome_OUTCOME_NOT_DONE
	unknown = fiscalv1.Outcome_OUTCOME_UNKNOWN

	accepted = fiscalv1.Stage_STAGE_ACCEPTED
	intent   = fiscalv1.Stage_STAGE_INTENT
	settling = fiscalv1.Stage_STAGE_SETTLING
	person   = fiscalv1.Stage_STAGE_NEEDS_PERSON
	ended    = fiscalv1.Stage_STAGE_ENDED
)

// sale is a sale by card that ended, if it did, at 1000 ms.
func sale(stage fiscalv1.Stage, outcome fiscalv1.Outcome, change ...func(*fiscalv1.Operation)) *fiscalv1.Operation {
	op := &fiscalv1.Operation{
		Key: "k", Kind: fiscalv1.Kind_KIND_SALE, Stage: stage, Outcome: outcome, EndedMs: 1000,
		Receipt: &fiscalv1.Receipt{
			Items:    []*fiscalv1.Item{{Name: "Кофе", Quantity: "2", Price: 15000, Vat: "20"}},
			Payments: &fiscalv1.Payments{Electronic: 30000},
		},
	}
	for _, f := range change {
		f(op)
	}
	return op
}

func because(reason string) func(*fiscalv1.Operation) {
	return func(op *fiscalv1.Operation) { op.Reason = reason }
}

func asked(op *fiscalv1.Operation) { op.Evidence = []string{"до операции: …"} }

func byCash(op *fiscalv1.Operation) { op.Receipt.Payments = &fiscalv1.Payments{Cash: 30000} }

func of(kind fiscalv1.Kind) func(*fiscalv1.Operation) {
	return func(op *fiscalv1.Operation) {
		op.Kind = kind
		if kind > fiscalv1.Kind_KIND_PURCHASE_RETURN {
			op.Receipt = nil
		}
	}
}

func track(paper fiscalv1.PaperTrack) func(*fiscalv1.Operation) {
	return func(op *fiscalv1.Operation) { op.Paper = paper }
}

// fine is a till that works, read at 2000 ms: after the operation.
func fine(change ...func(*fiscalv1.TillState)) *fiscalv1.TillState {
	s := &fiscalv1.TillState{Till: "касса", Online: true, ReadMs: 2000, ShiftOpen: true, Paper: fiscalv1.Paper_PAPER_READY, LastFd: 12}
	for _, f := range change {
		f(s)
	}
	return s
}

func with(codes ...string) func(*fiscalv1.TillState) {
	return func(s *fiscalv1.TillState) {
		for _, code := range codes {
			s.Problems = append(s.Problems, &fiscalv1.Problem{Code: code, Severity: fiscalv1.Severity(health.Table[code].Severity)})
		}
	}
}

func paper(p fiscalv1.Paper, code string) func(*fiscalv1.TillState) {
	return func(s *fiscalv1.TillState) { s.Paper = p; with(code)(s) }
}

func silentSince(ms int64) func(*fiscalv1.TillState) {
	return func(s *fiscalv1.TillState) { s.Online, s.ReadMs = false, ms; with("offline")(s) }
}

func unfinished(s *fiscalv1.TillState) { s.Unfinished = 1; with("unfinished")(s) }

func closed(s *fiscalv1.TillState) { s.ShiftOpen = false }

// TestJudge is the specification of the page, as a person would say it.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name  string
		op    *fiscalv1.Operation
		state *fiscalv1.TillState
		want  string // colour/phase headline advice | todo … | guide
	}{
		{"done", sale(ended, done, byCash), fine(), "green done.receipt stop.receipt"},
		{"done and printed", sale(ended, done, byCash, track(fiscalv1.PaperTrack_PAPER_TRACK_PRINTED)), fine(), "green done.receipt stop.receipt | paper.give"},
		{"done by card", sale(ended, done), fine(), "green done.receipt stop.receipt | card.done.pay"},
		{
			"done, the roll ended inside", sale(ended, done, byCash, track(fiscalv1.PaperTrack_PAPER_TRACK_OWED)), fine(paper(fiscalv1.Paper_PAPER_OUT, "no_paper")),
			"green done.receipt stop.receipt | paper.owed, problem.no_paper | paper",
		},
		{
			"done, the cover was opened", sale(ended, done, byCash, track(fiscalv1.PaperTrack_PAPER_TRACK_OWED)), fine(paper(fiscalv1.Paper_PAPER_COVER, "cover_open")),
			"green done.receipt stop.receipt | paper.owed, problem.cover_open | cover",
		},
		{
			"done, paper is back", sale(ended, done, byCash, track(fiscalv1.PaperTrack_PAPER_TRACK_OWED)), fine(paper(fiscalv1.Paper_PAPER_CONTINUE, "continue")),
			"green done.receipt stop.receipt | paper.continue",
		},
		{"done, then silent at once", sale(ended, done, byCash), fine(silentSince(900)), "green done.receipt stop.receipt | problem.offline | reboot"},
		{"done, seen well, silent later", sale(ended, done, byCash), fine(silentSince(2000)), "grey offline | problem.offline | reboot"},
		{"done, but something else of ours is open", sale(ended, done, byCash), fine(unfinished), "amber/settling unknown wait.receipt | paper.hold"},
		{"done, not yet durable", sale(intent, done, byCash), fine(), "amber/working working.receipt wait.receipt"},
		{"done, nothing known of the till", sale(ended, done, byCash), nil, "green done.receipt stop.receipt"},

		{"not done", sale(ended, notDone, byCash, because("not_fiscalised"), asked), fine(), "red not_done.receipt again.receipt | paper.scrap"},
		{"not done by card", sale(ended, notDone, because("not_fiscalised"), asked), fine(), "red not_done.receipt again.receipt | card.not_done.pay, paper.scrap"},
		{"a refund not done", sale(ended, notDone, because("not_fiscalised"), of(fiscalv1.Kind_KIND_SALE_RETURN)), fine(), "red not_done.return again.receipt | card.not_done.back"},
		{"refused, no paper", sale(ended, notDone, byCash, because("no_paper")), fine(paper(fiscalv1.Paper_PAPER_OUT, "no_paper")), "red not_done.receipt fix.receipt | problem.no_paper | paper"},
		{"refused, paper is in since", sale(ended, notDone, byCash, because("no_paper")), fine(), "red not_done.receipt again.receipt"},
		{"refused, paper waits to go on", sale(ended, notDone, byCash, because("no_paper")), fine(paper(fiscalv1.Paper_PAPER_CONTINUE, "continue")), "red not_done.receipt fix.receipt | paper.continue"},
		{"refused, not read since", sale(ended, notDone, byCash, because("no_paper")), fine(func(s *fiscalv1.TillState) { s.ReadMs = 900 }), "red not_done.receipt fix.receipt | problem.no_paper | paper"},
		{"refused, cover open", sale(ended, notDone, byCash, because("cover_open")), fine(paper(fiscalv1.Paper_PAPER_COVER, "cover_open")), "red not_done.receipt fix.receipt | problem.cover_open | cover"},
		{"refused, shift closed", sale(ended, notDone, byCash, because("shift_closed")), fine(closed), "red not_done.receipt fix.receipt | problem.shift_closed"},
		{"refused, shift opened since", sale(ended, notDone, byCash, because("shift_closed")), fine(), "red not_done.receipt again.receipt"},
		{"refused, shift expired", sale(ended, notDone, byCash, because("shift_expired")), fine(with("shift_expired")), "red not_done.receipt fix.receipt | problem.shift_expired"},
		{"refused by the device", sale(ended, notDone, byCash, because("refused"), asked), fine(), "red not_done.receipt again.receipt | problem.refused, paper.scrap"},
		{"the till was silent", sale(ended, notDone, byCash, because("link")), fine(silentSince(900)), "red not_done.receipt fix.receipt | problem.link | reboot"},
		{"the till was silent, seen since", sale(ended, notDone, byCash, because("link")), fine(), "red not_done.receipt again.receipt"},
		{"not done, silent later", sale(ended, notDone, byCash, because("not_fiscalised")), fine(silentSince(2000)), "grey offline | problem.offline | reboot"},
		{"somebody's receipt stands open", sale(ended, notDone, byCash, because("foreign_open"), asked), fine(with("open_document")), "red not_done.receipt fix.receipt | problem.foreign_open, paper.scrap"},
		{"not done and a second trouble", sale(ended, notDone, byCash, because("no_paper")), fine(paper(fiscalv1.Paper_PAPER_OUT, "no_paper"), with("fn_blocked")), "red not_done.receipt fix.receipt | problem.no_paper, problem.fn_blocked | paper"},

		{"taken", sale(accepted, unknown, byCash), fine(), "amber/working working.receipt wait.receipt"},
		{"taken, the till is silent", sale(accepted, unknown, byCash), fine(silentSince(900)), "amber/working working.receipt wait.receipt"},
		{"on its way", sale(intent, unknown), fine(), "amber/working working.receipt wait.receipt"},
		{"found after a restart", sale(intent, unknown), fine(unfinished), "amber/settling unknown wait.receipt | card.unknown, paper.hold"},
		{"found after a restart, silent", sale(intent, unknown, byCash), fine(unfinished, silentSince(900)), "amber/silent unknown wait.receipt | problem.offline, paper.hold | reboot"},
		{"settling", sale(settling, unknown, byCash), fine(), "amber/settling unknown wait.receipt | paper.hold"},
		{"settling without paper", sale(settling, unknown, byCash), fine(paper(fiscalv1.Paper_PAPER_OUT, "no_paper")), "amber/settling unknown wait.receipt | problem.no_paper, paper.hold | paper"},
		{"settling, silent", sale(settling, unknown, byCash), fine(silentSince(900)), "amber/silent unknown wait.receipt | problem.offline, paper.hold | reboot"},
		{"an end without an outcome", sale(ended, unknown, byCash), fine(), "amber/settling unknown wait.receipt | paper.hold"},
		{"needs a person", sale(person, unknown, byCash, because("candidates")), fine(unfinished, with("candidates", "needs_person")), "amber/person person wait.receipt | problem.candidates, person.call, paper.hold"},

		{"nothing yet", nil, fine(), "grey ready"},
		{"nothing yet, no paper", nil, fine(paper(fiscalv1.Paper_PAPER_OUT, "no_paper")), "grey not_ready | problem.no_paper | paper"},
		{"nothing yet, silent", nil, fine(silentSince(2000)), "grey offline | problem.offline | reboot"},
		{"never seen", nil, &fiscalv1.TillState{}, "grey never_seen"},
		{"something unfinished that we do not know", nil, fine(unfinished), "amber/settling unknown wait.receipt"},

		{"shift opened", sale(ended, done, of(fiscalv1.Kind_KIND_OPEN_SHIFT)), fine(), "green done.open_shift stop.other"},
		{"shift not closed", sale(ended, notDone, of(fiscalv1.Kind_KIND_CLOSE_SHIFT), because("shift_closed")), fine(closed), "red not_done.close_shift fix.other | problem.shift_closed"},
		{"cash going in", sale(intent, unknown, of(fiscalv1.Kind_KIND_CASH_IN)), fine(), "amber/working working.cash_in wait.other"},
		{"a correction", sale(ended, done, byCash, func(op *fiscalv1.Operation) { op.Receipt.Correction = &fiscalv1.Correction{} }), fine(), "green done.correction stop.receipt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, brief(Judge(c.op, c.state))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func brief(v Verdict) string {
	s := string(v.Colour)
	if v.Phase != "" {
		s += "/" + string(v.Phase)
	}
	s = strings.TrimSpace(s + " " + v.Headline + " " + v.Advice)
	var keys []string
	for _, l := range v.Todo {
		keys = append(keys, l.Key)
	}
	if len(keys) > 0 {
		s += " | " + strings.Join(keys, ", ")
	}
	if v.Guide != "" {
		s += " | " + v.Guide
	}
	return s
}

// every calls f with each outcome, stage, paper, problem, line state, kind and
// reason there is, together.
func every(f func(op *fiscalv1.Operation, state *fiscalv1.TillState)) (n int) {
	codes := []string{""}
	for code := range health.Table {
		codes = append(codes, code)
	}
	kinds := []fiscalv1.Kind{fiscalv1.Kind_KIND_SALE, fiscalv1.Kind_KIND_SALE_RETURN, fiscalv1.Kind_KIND_CASH_OUT, fiscalv1.Kind_KIND_X_REPORT}
	for outcome := range fiscalv1.Outcome_name {
		for stage := range fiscalv1.Stage_name {
			for p := range fiscalv1.Paper_name {
				for _, code := range codes {
					for _, kind := range kinds {
						for _, mode := range []func(*fiscalv1.TillState){func(*fiscalv1.TillState) {}, silentSince(900), silentSince(2000), unfinished} {
							for _, reason := range []string{"", code} {
								s := fine(paper(fiscalv1.Paper(p), code), mode)
								if code == "" {
									s.Problems = s.GetProblems()[1:]
								}
								f(sale(fiscalv1.Stage(stage), fiscalv1.Outcome(outcome), of(kind), because(reason)), s)
								n++
							}
						}
					}
				}
			}
		}
	}
	return n
}

// TestJudge_every walks everything that can meet: whatever else is wrong, a
// colour of certainty is given only for a durable end, and the page has words
// for what it says.
func TestJudge_every(t *testing.T) {
	words := allWords(t)
	n := every(func(op *fiscalv1.Operation, s *fiscalv1.TillState) {
		v := Judge(op, s)
		certain := op.GetStage() == ended && s.GetUnfinished() == 0
		bad := func(why string) {
			t.Helper()
			if !t.Failed() {
				t.Errorf("%s: %s\n%v\n%v", why, brief(v), op, s)
			}
		}
		switch v.Colour {
		case Green:
			if !certain || op.GetOutcome() != done || !strings.HasPrefix(v.Headline, "done.") || !strings.HasPrefix(v.Advice, "stop.") {
				bad("green")
			}
		case Red:
			if !certain || op.GetOutcome() != notDone || !strings.HasPrefix(v.Headline, "not_done.") || strings.HasPrefix(v.Advice, "stop.") {
				bad("red")
			}
		case Amber:
			if certain && (op.GetOutcome() == done || op.GetOutcome() == notDone) || !strings.HasPrefix(v.Advice, "wait.") || v.Phase == "" {
				bad("amber")
			}
		case Grey:
			if s.GetOnline() || !certain || s.GetReadMs() <= op.GetEndedMs() {
				bad("grey")
			}
		default:
			bad("no colour")
		}
		if (v.Phase != "") != (v.Colour == Amber) {
			bad("phase")
		}
		keys := []string{v.Headline}
		if v.Advice != "" {
			keys = append(keys, v.Advice)
		}
		seen := map[string]bool{}
		for _, l := range v.Todo {
			keys = append(keys, l.Key)
			if seen[l.Key] {
				bad("said twice: " + l.Key)
			}
			seen[l.Key] = true
		}
		for _, key := range keys {
			for language, w := range words {
				if w[key] == "" {
					bad(fmt.Sprintf("no words for %q in %s", key, language))
				}
			}
		}
	})
	t.Logf("%d verdicts", n)
}

func allWords(t *testing.T) map[string]map[string]string {
	t.Helper()
	all := map[string]map[string]string{}
	for _, language := range []string{"ru", "kk", "en"} {
		b, err := files.ReadFile("page/words/" + language + ".json")
		if err != nil {
			t.Fatal(err)
		}
		w := map[string]string{}
		if err := json.Unmarshal(b, &w); err != nil {
			t.Fatalf("%s: %v", language, err)
		}
		all[language] = w
	}
	return all
}

// TestWords: three languages say the same things, every problem the agent can
// declare has words, and so has every key of the script.
func TestWords(t *testing.T) {
	all := allWords(t)
	for language, w := range all {
		for key, text := range all["ru"] {
			if w[key] == "" {
				t.Errorf("%s has no %q", language, key)
			}
			for _, arg := range arguments(text) {
				if !strings.Contains(w[key], arg) {
					t.Errorf("%s: %q does not say %s", language, key, arg)
				}
			}
		}
		if len(w) != len(all["ru"]) {
			t.Errorf("%s has %d words, ru has %d", language, len(w), len(all["ru"]))
		}
		for code := range health.Table {
			if w["problem."+code] == "" {
				t.Errorf("%s has no words for the problem %q", language, code)
			}
		}
	}
	for _, c := range []struct{ key, text string }{ // the promise of the page, word by word
		{"done.receipt", "Чек пробит"},
		{"stop.receipt", "Больше не бейте"},
		{"not_done.receipt", "Чек НЕ пробит"},
		{"again.receipt", "Можно бить снова"},
		{"unknown", "Выясняю"},
		{"wait.receipt", "Не бейте"},
		{"gone", "Агент не отвечает"},
		{"card.not_done.pay", "Оплату картой отмените или пробейте чек тем же ключом."},
	} {
		if got := all["ru"][c.key]; got != c.text {
			t.Errorf("%s: %q, want %q", c.key, got, c.text)
		}
	}
	script, err := files.ReadFile("page/page.js")
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(string(script), `say("`) {
		key, rest, _ := strings.Cut(part, `"`)
		if strings.Contains(key, "\n") || strings.HasSuffix(key, ".") || strings.HasPrefix(strings.TrimSpace(rest), "+") {
			continue // the head of the file, or a key that is put together
		}
		if all["ru"][key] == "" {
			t.Errorf("the script says %q, for which there are no words", key)
		}
	}
}

func arguments(text string) (out []string) {
	for {
		_, rest, ok := strings.Cut(text, "{")
		if !ok {
			return out
		}
		name, tail, _ := strings.Cut(rest, "}")
		out, text = append(out, "{"+name+"}"), tail
	}
}

// TestSize keeps the page small: it is loaded on the weakest computer of the
// shop. A third of the bound are words of the largest language, and every new
// act of the program brings some: suspending a till and sending what waits
// for the operator were the last to raise it.
func TestSize(t *testing.T) {
	const most = 53 << 10
	sizes := map[string]int{}
	total, words := 0, 0
	for _, name := range []string{"index.html", "style.css", "page.js", "icon.svg", "words/ru.json", "words/kk.json", "words/en.json"} {
		b, err := files.ReadFile("page/" + name)
		if err != nil {
			t.Fatal(err)
		}
		sizes[name] = len(b)
		if strings.HasPrefix(name, "words/") {
			words = max(words, len(b))
		} else {
			total += len(b)
		}
	}
	if total+words > most {
		t.Errorf("the page and its words take %d bytes, more than %d: %v", total+words, most, sizes)
	}
}

func TestChoices(t *testing.T) {
	found := func(op *fiscalv1.Operation) {
		op.Candidates = []*fiscalv1.Document{
			{Fd: 11, Fp: 7, Total: 30000, At: "2026-03-04T05:06"},
			{Fd: 15, Fp: 4_000_000_000, Total: 30000, At: "2026-03-04T05:07"},
		}
	}
	for _, c := range []struct {
		name string
		op   *fiscalv1.Operation
		want []uint32
	}{
		{"candidates", sale(person, unknown, because("candidates"), found), []uint32{11, 15, 0}},
		{"candidates of a registration", sale(person, unknown, because("candidates"), found, of(fiscalv1.Kind_KIND_REGISTER)), []uint32{11, 15, 0}},
		{"too many to read", sale(person, unknown, because("candidates")), nil},
		{"another fiscal memory", sale(person, unknown, because("fn_replaced"), found), nil},
		{"numbers went back", sale(person, unknown, because("counter_back"), found), nil},
		{"a cash movement", sale(person, unknown, because("counters"), of(fiscalv1.Kind_KIND_CASH_IN)), []uint32{12, 0}},
		{"still settling", sale(settling, unknown, because("candidates"), found), nil},
		{"ended", sale(ended, done, because("candidates"), found), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []uint32
			for _, choice := range Choices(c.op, fine()) {
				got = append(got, choice.FD)
				if allWords(t)["ru"][choice.Key] == "" || allWords(t)["ru"][strings.Replace(choice.Key, "choose.", "confirm.", 1)] == "" {
					t.Errorf("no words for %s", choice.Key)
				}
				if choice.FD == 15 && choice.Line != "04.03.2026 05:07 · 300.00 · 4000000000" {
					t.Errorf("line %q", choice.Line)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
