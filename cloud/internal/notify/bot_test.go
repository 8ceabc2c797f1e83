package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/post"
)

// A bot is asked on from where the last answer ended; who fails is asked ever more seldom, who answers nothing at once no faster than
// a second, and who holds the question open, as Telegram does, is asked again without a pause. The clock is the bubble's own.
func TestHearOn(t *testing.T) {
	down := errors.New("no answer")
	type step struct {
		// takes is how long the question is open, then comes the next number or the error.
		takes time.Duration
		next  int64
		err   error
		// from is what is expected to be asked for, after a pause of so long.
		from  int64
		after time.Duration
	}
	for name, steps := range map[string][]step{
		"messages one after another": {{next: 5}, {from: 5, next: 9}, {from: 9, next: 10, takes: time.Minute}, {from: 10}},
		"nothing for long": {
			{takes: 50 * time.Second}, {takes: 50 * time.Second}, {next: 3, takes: time.Second}, {from: 3},
		},
		"nothing, at once":              {{}, {after: time.Second}, {after: time.Second, takes: 400 * time.Millisecond}, {after: 600 * time.Millisecond}},
		"the same again, at once":       {{next: 5}, {from: 5, next: 5}, {from: 5, after: time.Second, next: 6}, {from: 6}},
		"nothing, then any number goes": {{next: 900}, {from: 900, next: 0, takes: 50 * time.Second}, {from: 0, next: 12}, {from: 12}},
		"down and up again": {
			{next: 7},
			{from: 7, err: down},
			{from: 7, after: time.Second, err: down},
			{from: 7, after: 2 * time.Second, err: down},
			{from: 7, after: 4 * time.Second, next: 8},
			{from: 8, err: down},
			{from: 8, after: time.Second},
		},
		"down for good": {
			{err: down},
			{after: time.Second, err: down},
			{after: 2 * time.Second, err: down},
			{after: 4 * time.Second, err: down},
			{after: 8 * time.Second, err: down},
			{after: 16 * time.Second, err: down},
			{after: 32 * time.Second, err: down},
			{after: 64 * time.Second, err: down},
			{after: 2 * time.Minute, err: down},
			{after: 2 * time.Minute, err: down},
			{after: 2 * time.Minute},
		},
		"told to wait":          {{err: fmt.Errorf("poll: %w", &post.TooFast{After: 30 * time.Second})}, {after: 30 * time.Second, next: 1}, {from: 1}},
		"told to wait for ever": {{err: &post.TooFast{After: 24 * time.Hour}}, {after: 2 * time.Minute}},
		"told to wait no time":  {{err: &post.TooFast{}}, {after: time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				ended, asked := time.Now(), 0
				hearOn(ctx, slog.New(slog.DiscardHandler), func(_ context.Context, from int64) (int64, error) {
					s := steps[asked]
					if waited := time.Since(ended); from != s.from || waited != s.after {
						t.Errorf("question %d: from %d after %v, want from %d after %v", asked, from, waited, s.from, s.after)
					}
					if asked++; asked == len(steps) {
						stop()
					}
					time.Sleep(s.takes) //nolint:forbidigo // the bubble's clock
					ended = time.Now()
					if s.err != nil {
						return from, s.err
					}
					return s.next, nil
				})
				if asked != len(steps) {
					t.Errorf("asked %d times", asked)
				}
			})
		})
	}
}

// A cabinet that stops waits for no pause.
func TestHearOn_stopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, stop := context.WithTimeout(t.Context(), 90*time.Second)
		defer stop()
		hearOn(ctx, slog.New(slog.DiscardHandler), func(_ context.Context, from int64) (int64, error) { return from, errors.New("no answer") })
		if lasted := time.Since(began); lasted != 90*time.Second {
			t.Errorf("went on for %v", lasted)
		}
	})
}

// telegram answers as the Bot API does: what was asked beyond is forgotten, and a wrong token is nobody's.
type telegram struct {
	mu      sync.Mutex
	updates []map[string]any
	said    []string
	asked   []int64
	// stale gives everything, whatever was asked beyond.
	stale bool
	// raw is an answer of another kind.
	raw string
	// held says that a question is open; it stays so until who asked goes.
	held chan struct{}
}

const botToken = "123:s3cret"

func (s *telegram) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var ask struct {
		Offset int64  `json:"offset"`
		Chat   string `json:"chat_id"`
		Text   string `json:"text"`
	}
	_ = json.Unmarshal(body, &ask)
	answer := func(status int, v any) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	method, ok := strings.CutPrefix(r.URL.Path, "/bot"+botToken+"/")
	if !ok {
		answer(http.StatusUnauthorized, map[string]any{"ok": false, "error_code": 401, "description": "Unauthorized"})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case method == "sendMessage":
		s.said = append(s.said, ask.Chat+": "+ask.Text)
		answer(http.StatusOK, map[string]any{"ok": true, "result": map[string]any{}})
	case s.held != nil:
		s.held <- struct{}{}
		<-r.Context().Done()
	case s.raw != "":
		_, _ = io.WriteString(w, s.raw)
	default:
		s.asked = append(s.asked, ask.Offset)
		given := []map[string]any{}
		for _, u := range s.updates {
			if id, _ := u["update_id"].(int); s.stale || int64(id) >= ask.Offset {
				given = append(given, u)
			}
		}
		if !s.stale {
			s.updates = given
		}
		answer(http.StatusOK, map[string]any{"ok": true, "result": given})
	}
}

func (s *telegram) write(id, chat int, kind, text string) {
	s.updates = append(s.updates, map[string]any{"update_id": id, "message": map[string]any{
		"text": text, "chat": map[string]any{"id": chat, "type": kind}, "from": map[string]any{"first_name": "Анна"},
	}})
}

// bot is a notify that has one, with no database: nobody in these tests gives a code.
func bot(t *testing.T, token string) (*Notify, *telegram) {
	t.Helper()
	s := new(telegram)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return &Notify{post: &post.Post{Telegram: post.NewTelegram(server.URL, token)}, log: slog.New(slog.DiscardHandler), now: time.Now}, s
}

func TestHear(t *testing.T) {
	n, s := bot(t, botToken)
	hello := "42: " + wordsIn("ru").Hello
	hear := func(from, want int64, said ...string) {
		t.Helper()
		s.said = nil
		next, err := n.Hear(t.Context(), from)
		if err != nil || next != want {
			t.Errorf("from %d: next %d, %v", from, next, err)
		}
		if diff := cmp.Diff(said, s.said); diff != "" {
			t.Errorf("from %d: %s", from, diff)
		}
	}
	s.write(901, 42, "private", "здравствуйте")
	hear(0, 902, hello)
	hear(902, 0)
	// After a week without a message Telegram takes a number at random, here a smaller one.
	s.write(17, 42, "private", "/start")
	hear(0, 18, hello)
	hear(18, 0)
	// A group talks; whoever is no message, or says nothing, is passed over, and does not come again.
	s.write(20, -7, "group", "у кого ключи?")
	s.write(21, 42, "private", "")
	s.updates = append(s.updates, map[string]any{"update_id": 22, "edited_message": map[string]any{"text": "x"}}, map[string]any{"update_id": 23})
	hear(18, 24)
	hear(24, 0)
	// A server that gives again what was answered, and one message twice, in no order.
	s.stale = true
	s.write(31, 42, "private", "b")
	s.write(30, 42, "private", "a")
	s.write(31, 42, "private", "b")
	hear(30, 32, hello, hello)
	hear(32, 32)
	hear(32, 32)
	s.mu.Lock()
	defer s.mu.Unlock()
	if diff := cmp.Diff([]int64{0, 902, 0, 18, 18, 24, 30, 32, 32}, s.asked); diff != "" {
		t.Error(diff)
	}
}

// Of what is no answer the place is kept, and neither the error nor the log holds the token.
func TestHear_refused(t *testing.T) {
	for name, c := range map[string]struct{ token, raw, want string }{
		"a wrong token":  {"123:wr0ng", "", "answered 401: Unauthorized"},
		"no JSON":        {botToken, "<html>busy " + botToken, "no JSON"},
		"another shape":  {botToken, `{"ok": true, "result": {"update_id": 7}}`, "cannot unmarshal"},
		"no result":      {botToken, `{"ok": true}`, "unexpected end"},
		"nothing":        {botToken, " ", "no JSON"},
		"its token back": {botToken, `{"ok": false, "description": "` + botToken + ` is busy"}`, "*** is busy"},
	} {
		t.Run(name, func(t *testing.T) {
			n, s := bot(t, c.token)
			s.raw = c.raw
			next, err := n.Hear(t.Context(), 7)
			if err == nil || next != 7 || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "wr0ng") {
				t.Errorf("next %d, %v", next, err)
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		n, _ := bot(t, botToken)
		n.post.Telegram = post.NewTelegram("http://127.0.0.1:1", botToken)
		if next, err := n.Hear(t.Context(), 7); err == nil || next != 7 || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("next %d, %v", next, err)
		}
	})
}

// A cabinet that stops does not wait for the question that is open.
func TestListen_stopped(t *testing.T) {
	n, s := bot(t, botToken)
	s.held = make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); n.listen(ctx) }()
	<-s.held
	stop()
	<-ended
}
