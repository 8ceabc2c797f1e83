package verdict_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/agent/internal/verdict"
	"github.com/chekan-io/chekan/protocol/shtrih"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

const window = "the cashier's"

// press presses keys one after another.
func (e *eye) press(t *testing.T, keys ...string) {
	t.Helper()
	for _, key := range keys {
		e.do(t, "key", m{"page": window, "key": key})
	}
}

func (e *eye) says(t *testing.T, what func(sight) string, want string) {
	t.Helper()
	got := ""
	await(t, "the page says "+want, func() bool {
		got = what(e.see(t, window))
		return strings.Contains(got, want)
	})
}

func headline(s sight) string { return s.Headline }
func panel(s sight) string    { return s.Panel }
func notice(s sight) string   { return s.Notice }

// TestBrowser_keys walks the page as a cashier without a mouse.
func TestBrowser_keys(t *testing.T) {
	e := look(t)
	s := serve(t, "Касса 1", "Касса 2", "Бар на втором этаже")
	s.OpenShift(t, "Касса 1")
	s.OpenShift(t, "Касса 2")
	s.Do(t, tilltest.Sale("first", "Касса 1"))

	t.Run("a stranger looks and cannot act", func(t *testing.T) {
		e.do(t, "open", m{"page": window, "url": s.URL})
		e.until(t, window, `d.colour === "green"`, patience)
		got := e.see(t, window)
		if strings.Contains(got.About, "300") || strings.Contains(got.Keys, "F2") || !strings.Contains(got.Age, "chekan-agent page") {
			t.Errorf("%q %q %q", got.About, got.Keys, got.Age)
		}
		e.press(t, "F2")
		e.says(t, notice, "chekan-agent page")
		e.shot(t, window, "stranger")
	})

	t.Run("readable from afar", func(t *testing.T) {
		e.do(t, "open", m{"page": window, "url": s.link(t)})
		e.until(t, window, `d.colour === "green" && d.operation === "first"`, patience)
		got := e.see(t, window)
		if got.Size < 64 || got.AdviceSize < 64 {
			t.Errorf("the verdict is %v and %v px high at 1440", got.Size, got.AdviceSize)
		}
		if got.Headline != "Чек пробит" || got.Advice != "Больше не бейте" || !strings.Contains(got.About, "300,00") {
			t.Errorf("%q %q %q", got.Headline, got.Advice, got.About)
		}
		e.shot(t, window, "three-tills")
	})

	t.Run("tills by number", func(t *testing.T) {
		e.press(t, "3")
		e.until(t, window, `d.till === "Бар на втором этаже" && d.colour === "grey"`, patience)
		e.says(t, headline, "Касса готова")
		if tabs := e.see(t, window).Tabs; len(tabs) != 3 || tabs[0] != tabs[1] || tabs[0] == tabs[2] {
			t.Errorf("two tills are green, one is grey, and the tabs are %v", tabs)
		}
		e.press(t, "1")
		e.until(t, window, `d.till === "Касса 1" && d.colour === "green"`, patience)
		if tabs := e.see(t, window).Tabs; len(tabs) != 3 || tabs[0] == tabs[2] {
			t.Errorf("a grey till beside a green one has the tabs %v", tabs)
		}
	})

	t.Run("languages are remembered", func(t *testing.T) {
		for _, c := range []struct{ name, word string }{{"kk", "Чек соғылды"}, {"en", "The receipt is made"}, {"ru", "Чек пробит"}} {
			e.press(t, "F8")
			e.says(t, headline, c.word)
			e.shot(t, window, "language-"+c.name)
			e.do(t, "open", m{"page": window, "url": s.URL})
			e.until(t, window, `d.colour === "green"`, patience)
			e.says(t, headline, c.word)
		}
	})

	t.Run("paper: pictures, then F2", func(t *testing.T) {
		d := s.Devices["Касса 1"]
		d.InsertPaper(3)
		s.Do(t, tilltest.Sale("torn", "Касса 1"))
		e.until(t, window, `d.operation === "torn" && d.colour === "green"`, patience)
		e.says(t, func(s sight) string { return s.Todo }, "Чек допечатается")
		if got := e.see(t, window); got.Guide != 3 {
			t.Errorf("%d pictures", got.Guide)
		}
		e.shot(t, window, "paper-owed")
		e.press(t, "F2")
		e.says(t, notice, "Не вышло")
		d.InsertPaper(0)
		e.says(t, func(s sight) string { return s.Todo }, "Нажмите F2")
		e.press(t, "F2")
		e.says(t, notice, "Документ допечатан")
		if slips := d.Slips(); !slips[len(slips)-1].Whole {
			t.Error("the slip is torn")
		}
		if got := e.see(t, window); got.Colour != "green" || got.Operation != "torn" {
			t.Errorf("%s of %s", got.Colour, got.Operation)
		}
	})

	t.Run("check, details, help", func(t *testing.T) {
		e.press(t, "F3")
		e.says(t, notice, "Готово")
		e.press(t, "F4")
		e.says(t, panel, "Ключ операции")
		e.shot(t, window, "details")
		e.press(t, "Escape")
		e.press(t, "F1")
		e.says(t, panel, "боковые клавиши 3–5")
		e.shot(t, window, "help")
		e.press(t, "F7")
		// The timer runs down while we look, and a slow computer looks late.
		e.says(t, panel, "Заряжать ещё 2")
		e.press(t, "F7", "Escape")
		if got := e.see(t, window); got.Panel != "" {
			t.Errorf("still open: %s", got.Panel)
		}
	})

	t.Run("a till without power", func(t *testing.T) {
		s.Devices["Касса 2"].PowerCut()
		e.press(t, "2")
		e.until(t, window, `d.till === "Касса 2" && d.colour === "grey"`, patience)
		e.says(t, headline, "Касса не отвечает")
		if got := e.see(t, window); got.Guide != 4 {
			t.Errorf("%d pictures", got.Guide)
		}
		e.shot(t, window, "offline")
		s.Devices["Касса 2"].PowerOn()
		e.until(t, window, `d.colour === "green"`, patience)
	})

	t.Run("a decision", func(t *testing.T) {
		d := s.Devices["Касса 2"]
		d.Plan().Add(sim.Fault{Command: shtrih.CodeCloseReceiptV2, Phase: sim.After, Action: sim.Foreign, Code: 44})
		d.Plan().Add(sim.Fault{Command: shtrih.CodeCloseReceiptV2, Phase: sim.After, Action: sim.ForgetAnswer})
		op := tilltest.Sale("doubt", "Касса 2")
		op.Receipt.Items[0].Quantity, op.Receipt.Items[0].Price = "1", 4400
		go func() { _, _ = s.Fleet.Submit(context.Background(), op, time.Minute) }()
		e.until(t, window, `d.phase === "person"`, patience)
		e.shot(t, window, "person")
		e.press(t, "F4")
		e.says(t, panel, "Требует решения")
		e.shot(t, window, "decide")
		first := e.see(t, window).Focus
		if !strings.Contains(first, "Пробит: это ФД") {
			t.Fatalf("focus on %q", first)
		}
		e.press(t, "ArrowDown", "ArrowDown")
		if got := e.see(t, window).Focus; !strings.Contains(got, "Не пробит") {
			t.Errorf("focus on %q", got)
		}
		e.press(t, "ArrowDown", "Enter")
		e.says(t, panel, "Точно?")
		e.shot(t, window, "confirm")
		if got := e.see(t, window).Focus; got != "Назад" {
			t.Errorf("the safe answer has no focus: %q", got)
		}
		e.press(t, "Enter") // back, nothing decided
		e.says(t, panel, "Требует решения")
		if got := e.see(t, window); got.Phase != "person" {
			t.Fatalf("decided by a mere Enter: %s", got.Colour)
		}
		e.press(t, "Enter")
		e.says(t, panel, "Точно?")
		e.press(t, "ArrowDown", "Enter")
		e.until(t, window, `d.colour === "green" && d.operation === "doubt"`, patience)
	})

	t.Run("narrow, in the longest words", func(t *testing.T) {
		s.Devices["Касса 2"].PowerCut()
		for _, language := range []string{"kk", "en", "ru"} {
			e.press(t, "F8")
			e.until(t, window, `document.documentElement.lang === "`+language+`"`, patience)
			for _, key := range []string{"1", "2", "3"} {
				e.press(t, key)
				e.shot(t, window, "narrow-"+language+"-"+key)
				e.do(t, "shot", m{"page": window, "width": 360, "height": 740, "file": shots + "/narrow.png"})
				if got := e.see(t, window); got.Wide {
					t.Errorf("%s, till %s: wider than 360 px", language, key)
				}
			}
		}
		e.do(t, "shot", m{"page": window, "file": shots + "/narrow.png"})
		s.Devices["Касса 2"].PowerOn()
	})

	t.Run("the agent is gone", func(t *testing.T) {
		e.press(t, "1")
		e.until(t, window, `d.till === "Касса 1" && d.colour === "green"`, patience)
		s.Listener.Close()
		s.CloseClientConnections()
		// By the line that was hung up, at once, and not by silence, which takes seconds.
		e.until(t, window, `d.colour === "grey" && d.phase === "gone"`, patience)
		if why := e.see(t, window).Gone; why != "hung up" {
			t.Errorf("noticed by %q", why)
		}
		e.says(t, headline, "Агент не отвечает")
		e.shot(t, window, "gone")
	})
}

// TestBrowser_counts: the page counts between events, says that it takes longer,
// and takes silence for what it is.
func TestBrowser_counts(t *testing.T) {
	e := look(t)
	page := verdict.New(tilltest.Open(t, name).Fleet, nil, verdict.Options{Token: token}).Beside(http.NotFoundHandler())
	var spoken atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/page/events" {
			page.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		if !spoken.Swap(true) { // from then on a dead agent whose port still answers
			_, _ = io.WriteString(w, `data: {"tills":[{"till":"касса","online":true,"age_ms":0,"colour":"amber","phase":"settling",`+
				`"headline":"unknown","advice":"wait.receipt","left_ms":2900,"facts":{}}]}`+"\n\n")
		}
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	defer s.Close()
	defer s.CloseClientConnections()
	e.do(t, "open", m{"page": window, "url": s.URL})
	e.until(t, window, `d.colour === "grey" && d.phase === "gone" && d.gone === "silence"`, patience)
	got := e.see(t, window)
	if got.Headline != "Агент не отвечает" || got.Count != "" {
		t.Errorf("%q %q", got.Headline, got.Count)
	}
	// All of it came of one event. A look from here would come too late for what stands there a second.
	var counted []int
	longer := 0
	for _, g := range got.Seen {
		var left int
		if n, _ := fmt.Sscanf(g.Count, "Осталось %d с", &left); n == 1 {
			counted = append(counted, left)
		}
		if g.Count == "Ещё выясняю" {
			longer = len(counted)
		}
	}
	if len(counted) < 2 || counted[0] > 3 || !slices.IsSortedFunc(counted, func(a, b int) int { return b - a }) || longer != len(counted) {
		t.Errorf("counted %v, longer after %d of them", counted, longer)
	}
}
