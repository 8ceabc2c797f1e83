package notify

import (
	"cmp"
	"embed"
	"encoding/json"
	neturl "net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	pages "github.com/chekan-io/chekan/cloud/web/src/words"
)

//go:embed words/*.json
var files embed.FS

// plural is a word with its number.
type plural struct{ One, Few, Many string }

// words are everything a message can say in a language.
type words struct {
	lang string

	Events, Who, Recovery, Actions, Todos, Lengths map[string]string

	Tills plural
	// Many and One put a title together.
	Many, One string
	// Ended says of every event that it is well again, EndedCodes of causes that people have a word of their own for.
	Ended, EndedCodes map[string]string

	Since, TillsAre, More, Todo, Open, Help string

	Digest struct {
		Subject, Open string
		Events        plural
	}
	// Gap says that documents are missing, and that they came.
	Gap                     struct{ Began, Ended string }
	Test, Code              struct{ Subject, Text string }
	Linked, Unlinked, Hello string

	problems map[string]pages.Problem
}

var languages = func() map[string]*words {
	all := map[string]*words{}
	for _, lang := range []string{"ru", "kk", "en"} {
		w := &words{lang: lang}
		text, err := files.ReadFile("words/" + lang + ".json")
		if err == nil {
			err = json.Unmarshal(text, w)
		}
		if err == nil {
			w.problems, err = pages.Problems(lang)
		}
		if err != nil {
			panic("notify: words of " + lang + ": " + err.Error()) // built in: every test would see it
		}
		all[lang] = w
	}
	return all
}()

func wordsIn(lang string) *words {
	if w := languages[lang]; w != nil {
		return w
	}
	return languages["ru"]
}

// put fills {holes}.
func put(text string, values ...string) string {
	pairs := make([]string, 0, len(values))
	for i := 0; i+1 < len(values); i += 2 {
		pairs = append(pairs, "{"+values[i]+"}", values[i+1])
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// count says a number with its word.
func (w *words) count(p plural, n int) string {
	form := p.Many
	switch {
	case w.lang == "ru" && n%10 == 1 && n%100 != 11, w.lang == "en" && n == 1:
		form = p.One
	case w.lang == "ru" && n%10 >= 2 && n%10 <= 4 && (n%100 < 12 || n%100 > 14):
		form = p.Few
	}
	return put(form, "n", strconv.Itoa(n))
}

// length says a length of time in its greatest unit.
func (w *words) length(d time.Duration) string {
	unit, n := "seconds", d/time.Second
	switch {
	case d >= 2*day:
		unit, n = "days", d/day
	case d >= time.Hour:
		unit, n = "hours", d/time.Hour
	case d >= time.Minute:
		unit, n = "minutes", d/time.Minute
	}
	return put(w.Lengths[unit], "n", strconv.FormatInt(max(int64(n), 0), 10))
}

// harmless are the values that may stand in a text: none holds a sum, a name of a person or the words of others.
var harmless = []string{"count", "minutes", "date", "from", "address", "inn", "fd", "serial", "was", "fn"}

// problem says what is wrong by its code; false when this language has no words for it.
func (w *words) problem(code string, args map[string]string) (string, bool) {
	text := w.problems[code].Text
	if seconds, err := strconv.ParseInt(args["seconds"], 10, 64); err == nil {
		text = strings.ReplaceAll(text, "{{value}}", w.length(time.Duration(seconds)*time.Second))
	}
	for _, name := range harmless {
		if value, ok := args[name]; ok {
			text = strings.ReplaceAll(text, "{{"+name+"}}", bounded(value, 100))
		}
	}
	return text, text != "" && !strings.Contains(text, "{{")
}

// bounded is a value of somebody else's as one short line.
func bounded(s string, most int) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if r := []rune(s); len(r) > most {
		s = string(r[:most-1]) + "…"
	}
	return s
}

// story is a notice as it is stored: everything its texts are made of.
type story struct {
	Event  Event             `json:"event"`
	Kind   NoticeKind        `json:"kind"`
	Common Common            `json:"common"`
	Value  string            `json:"value"`
	Name   string            `json:"name"`
	Code   string            `json:"code"`
	Args   map[string]string `json:"args,omitempty"`
	// Said is the code this reader was told last.
	Said  string    `json:"said,omitempty"`
	Red   bool      `json:"red"`
	Tills []Member  `json:"tills"`
	Began time.Time `json:"began"`
	// Each is what each of several tills has.
	Each map[string]Problem `json:"each,omitempty"`
}

func storyOf(n Notice) story {
	c := n.Cause
	s := story{Event: c.Event, Kind: n.Kind, Common: c.Common, Value: c.Value, Name: c.Name, Code: c.Code, Args: c.Args, Said: c.Said, Red: c.Red, Began: c.Began}
	for _, m := range c.Tills {
		if n.Kind == Ended && !m.Bad || n.Kind != Ended && m.Bad || c.Event == Recovery {
			s.Tills = append(s.Tills, m)
		}
	}
	if n.Kind != Ended && len(s.Tills) > 1 {
		s.Each = c.Each
	}
	return s
}

// of is the story for who is told of some of its tills: it says what the worst of these has, and nothing of the others.
func (s story) of(tills []Member) story {
	if len(tills) < len(s.Tills) {
		s.Args, s.Said = nil, ""
		if worst := worstOf(tills, s.Each); worst.Step > 0 {
			s.Code, s.Args, s.Red = worst.Code, worst.Args, worst.Red
		}
	}
	s.Tills = tills
	return s
}

// what says what happened, without whom.
func (w *words) what(s story) string {
	name := w.Events[string(s.Event)]
	switch {
	case s.Event == Gap && s.Kind == Ended:
		return put(w.Gap.Ended, "fd", s.Args["fd"], "fn", s.Args["fn"])
	case s.Event == Gap:
		return put(w.Gap.Began, "fd", s.Args["fd"], "fn", s.Args["fn"])
	case s.Kind == Ended:
		return cmp.Or(w.EndedCodes[s.Said], w.Ended[string(s.Event)], lower(name))
	case s.Event == Recovery:
		if text := w.Recovery[s.Code]; text != "" {
			return put(text, "action", w.Actions[s.Args["action"]])
		}
	}
	if text, ok := w.problem(s.Code, s.Args); ok {
		return lower(strings.TrimSuffix(text, "."))
	}
	return lower(name)
}

// lower begins a sentence in the middle of another; initialisms stay.
func lower(s string) string {
	r := []rune(s)
	if len(r) > 1 && unicode.IsUpper(r[1]) {
		return s
	}
	if len(r) == 0 {
		return s
	}
	return string(unicode.ToLower(r[0])) + string(r[1:])
}

// title is one line: who and what.
func (w *words) title(s story) string {
	form, outlet := w.One, ""
	if len(s.Tills) == 1 && s.Common != ByAgent || s.Common == ByTill || s.Common == byMemory {
		if len(s.Tills) > 0 { // of a greater cause this reader sees one till
			s.Common, s.Name, outlet = ByTill, s.Tills[0].Name, s.Tills[0].Outlet
		}
	} else {
		form = w.Many
	}
	who := put(w.Who[string(s.Common)], "name", bounded(s.Name, 80), "outlet", bounded(outlet, 80))
	return put(form, "who", strings.TrimSuffix(who, " ()"), "tills", w.count(w.Tills, len(s.Tills)), "what", w.what(s))
}

// todo says what to do; nothing when all is well.
func (w *words) todo(s story) string {
	if s.Kind == Ended || s.Event == Recovery && !s.Red {
		return ""
	}
	return cmp.Or(w.problems[s.Code].Todo, w.Todos[string(s.Event)])
}

// mostTills is how many tills a text names.
const mostTills = 10

// details is everything under the title, without links.
func (w *words) details(s story, zone *time.Location) string {
	var b strings.Builder
	if s.Kind != Ended && s.Event != Recovery {
		b.WriteString(put(w.Since, "time", s.Began.In(zone).Format("02.01.2006 15:04")) + "\n")
	}
	if todo := w.todo(s); todo != "" && !strings.Contains(todo, "{{") {
		b.WriteString(put(w.Todo, "todo", todo) + "\n")
	}
	if len(s.Tills) > 1 {
		b.WriteString(w.TillsAre + "\n")
		for _, m := range s.Tills[:min(len(s.Tills), mostTills)] {
			b.WriteString("- " + bounded(m.Name, 80) + ", " + bounded(m.Outlet, 80) + "\n")
		}
		if more := len(s.Tills) - mostTills; more > 0 {
			b.WriteString(put(w.More, "n", strconv.Itoa(more)) + "\n")
		}
	}
	return b.String()
}

// links are the till's page, or the feed for more than one, and the page of help.
func (w *words) links(s story, url string) string {
	at := url + "/notifications"
	if len(s.Tills) == 1 {
		at = url + "/tills/" + s.Tills[0].ID
	}
	text := put(w.Open, "url", at) + "\n"
	if s.Kind != Ended && s.Code != "" && s.Event != Gap {
		text += put(w.Help, "url", url+"/help#"+neturl.PathEscape(helpOf(s))) + "\n"
	}
	return text
}

// helpOf is where the page of help speaks of it.
func helpOf(s story) string {
	if s.Event == Recovery {
		return string(Recovery)
	}
	return s.Code
}
