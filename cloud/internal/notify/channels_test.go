package notify

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/post"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

var anna = &access.Person{ID: "anna", Login: "anna", OrganisationID: owner, Country: "ru", Rights: []access.Right{access.Administrator.In(owner, "")}}

// A way is confirmed by what was sent to it, in time and within a few tries, and belongs to one person.
func TestChannels(t *testing.T) {
	both(t, 1, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, err := w.n.AddChannel(ctx, anna, "sms", "8 (916) 123-45-67")
		if err != nil || a.Channel.Address != "+79161234567" || a.Code != "" {
			t.Fatalf("%+v, %v", a, err)
		}
		code := regexp.MustCompile(`\d{6}`).FindString(w.sms.sent[0].Text)
		if code == "" || w.sms.sent[0].To != "+79161234567" {
			t.Fatalf("%+v", w.sms.sent)
		}
		id := a.Channel.ID
		if _, err := w.n.AddChannel(ctx, anna, "sms", "+79161234567"); !errors.Is(err, ErrTooOften) {
			t.Errorf("another code at once: %v", err)
		}
		if _, err := w.n.ConfirmChannel(ctx, &access.Person{ID: "boris"}, id, code); !errors.Is(err, ErrNotFound) {
			t.Errorf("confirmed by another: %v", err)
		}
		if _, err := w.n.TestChannel(ctx, anna, id); !errors.Is(err, ErrInvalid) {
			t.Errorf("tested before it was confirmed: %v", err)
		}
		for range codeTries {
			if _, err := w.n.ConfirmChannel(ctx, anna, id, "wrong"); !errors.Is(err, ErrCode) {
				t.Errorf("wrong code: %v", err)
			}
		}
		if _, err := w.n.ConfirmChannel(ctx, anna, id, code); !errors.Is(err, ErrTooOften) {
			t.Errorf("after too many tries: %v", err)
		}
		w.now = w.now.Add(2 * time.Minute)
		if _, err := w.n.AddChannel(ctx, anna, "sms", "+79161234567"); err != nil {
			t.Fatal(err)
		}
		code = regexp.MustCompile(`\d{6}`).FindString(w.sms.sent[1].Text)
		w.now = w.now.Add(codeFor + time.Second)
		if _, err := w.n.ConfirmChannel(ctx, anna, id, code); !errors.Is(err, ErrCode) {
			t.Errorf("too late: %v", err)
		}
		w.now = w.now.Add(-time.Minute)
		if c, err := w.n.ConfirmChannel(ctx, anna, id, code); err != nil || c.ConfirmedAt == 0 {
			t.Fatalf("%+v, %v", c, err)
		}
		if refusal, err := w.n.TestChannel(ctx, anna, id); err != nil || refusal != "" || len(w.sms.sent) != 3 {
			t.Errorf("test: %q %v", refusal, err)
		}
		if _, err := w.n.TestChannel(ctx, anna, id); !errors.Is(err, ErrTooOften) {
			t.Errorf("test at once: %v", err)
		}
		w.now = w.now.Add(time.Minute)
		w.sms.fail = errors.New("gateway answered 503")
		if refusal, err := w.n.TestChannel(ctx, anna, id); err != nil || !strings.Contains(refusal, "503") {
			t.Errorf("test that fails: %q %v", refusal, err)
		}
		for _, bad := range [][2]string{{"mail", "x"}, {"mail", "a@b.ru\r\nBcc: c@d.ru"}, {"sms", "12"}, {"pigeon", "x"}} {
			if _, err := w.n.AddChannel(ctx, anna, bad[0], bad[1]); !errors.Is(err, ErrInvalid) {
				t.Errorf("%v: %v", bad, err)
			}
		}
		if _, err := w.n.AddChannel(ctx, anna, "telegram", ""); !errors.Is(err, ErrNoWay) {
			t.Errorf("no bot: %v", err)
		}
		if _, err := w.n.AddChannel(ctx, &access.Person{ID: "key", Key: true}, "mail", "a@b.ru"); !errors.Is(err, ErrInvalid) {
			t.Errorf("of a key: %v", err)
		}
	})
}

// The address a person comes in by is their first channel, until they take it away.
func TestChannels_first(t *testing.T) {
	both(t, 1, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.do(func(ctx context.Context, q *db.Queries) error {
			if err := q.CreatePerson(ctx, db.CreatePersonParams{ID: "new", Login: "new", Folded: "new", Password: "x", CreatedAt: 1}); err != nil {
				return err
			}
			return q.SetEmail(ctx, db.SetEmailParams{ID: "new", Email: "new@example.ru"})
		})
		p := &access.Person{ID: "new", Login: "new", OrganisationID: owner}
		list, err := w.n.Channels(ctx, p)
		if err != nil || len(list) != 1 || list[0].Address != "new@example.ru" || list[0].ConfirmedAt == 0 {
			t.Fatalf("%+v, %v", list, err)
		}
		if err := w.n.DeleteChannel(ctx, p, list[0].ID); err != nil {
			t.Fatal(err)
		}
		if list, err := w.n.Channels(ctx, p); err != nil || len(list) != 0 {
			t.Errorf("it came back: %+v, %v", list, err)
		}
	})
}

// Telegram: a code from the page, sent to the bot, links the chat; then messages go there.
func TestBot(t *testing.T) {
	both(t, 1, func(t *testing.T, w *world) {
		var updates []map[string]any
		var said []map[string]any
		s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			var ask map[string]any
			_ = json.Unmarshal(body, &ask)
			var result any = true
			switch {
			case strings.HasSuffix(r.URL.Path, "/getMe"):
				result = map[string]any{"username": "chekan_bot"}
			case strings.HasSuffix(r.URL.Path, "/getUpdates"):
				result = updates
			case strings.HasSuffix(r.URL.Path, "/sendMessage"):
				said = append(said, ask)
			}
			_ = json.NewEncoder(rw).Encode(map[string]any{"ok": true, "result": result})
		}))
		t.Cleanup(s.Close)
		w.post.Telegram = post.NewTelegram(s.URL, "1:token")
		ctx := t.Context()
		a, err := w.n.AddChannel(ctx, anna, "telegram", "")
		if err != nil || a.Link != "https://t.me/chekan_bot?start="+a.Code || len(a.Code) != 16 {
			t.Fatalf("%+v, %v", a, err)
		}
		write := func(id int, text string) {
			updates = append(updates, map[string]any{"update_id": id, "message": map[string]any{
				"text": text, "chat": map[string]any{"id": 42, "type": "private"}, "from": map[string]any{"username": "anna"},
			}})
		}
		write(1, "hello")
		write(2, "/start 0000000000000000")
		write(3, "/start "+a.Code)
		next, err := w.n.Hear(ctx, 0)
		if err != nil || next != 4 || len(said) != 3 {
			t.Fatalf("next %d, said %v, %v", next, said, err)
		}
		ru := wordsIn("ru")
		for i, want := range []string{ru.Hello, ru.Unlinked, ru.Linked} {
			if said[i]["text"] != want {
				t.Errorf("said %v", said[i])
			}
		}
		list, err := w.n.Channels(ctx, anna)
		if err != nil {
			t.Fatal(err)
		}
		linked := false
		for _, c := range list {
			linked = linked || c.Kind == "telegram" && c.Address == "42" && c.Name == "@anna" && c.ConfirmedAt != 0
		}
		if !linked {
			t.Fatalf("%+v", list)
		}
		updates = nil
		write(5, "/start "+a.Code)
		if _, err := w.n.Hear(ctx, 4); err != nil || said[3]["text"] != ru.Unlinked {
			t.Errorf("a code was taken twice: %v, %v", said, err)
		}
		declare("no_paper", critical)(w)
		w.settle()
		if last := said[len(said)-1]; last["chat_id"] != "42" || !strings.HasPrefix(last["text"].(string), "Касса 0 (Магазин 0): в кассе нет бумаги\n") { //nolint:forcetypeassert // of a test
			t.Errorf("said %v", last)
		}
	})
}

// The feed shows a reader the tills they may see, and pages.
func TestFeed(t *testing.T) {
	both(t, 3, func(t *testing.T, w *world) {
		ctx := t.Context()
		boris := w.person(owner, "boris", access.Viewer, "outlet1")
		for i := range w.shops {
			w.shops[i].state.Problems = nil
		}
		declare("no_paper", critical)(w)
		w.shops[1].state.Problems = w.shops[0].state.Problems
		w.settle()
		w.shops[0].state.Problems = nil
		w.settle()
		read := func(p *access.Person, f Filter, cursor string, limit int) ([]Told, string) {
			t.Helper()
			reach, err := w.n.access.Reach(ctx, p, access.TillsView)
			if err != nil {
				t.Fatal(err)
			}
			list, next, err := w.n.Feed(ctx, p, reach, f, cursor, limit)
			if err != nil {
				t.Fatal(err)
			}
			return list, next
		}
		all, next := read(anna, Filter{}, "", 0)
		if len(all) != 3 || next != "" || all[0].Kind != Ended || len(all[0].Deliveries) != 1 || all[0].Deliveries[0].State != stateSent {
			t.Errorf("%+v", all)
		}
		mine, _ := read(boris, Filter{}, "", 0)
		if len(mine) != 1 || mine[0].Tills[0].OutletID != "outlet1" || len(mine[0].Deliveries) != 0 {
			t.Errorf("boris sees %+v", mine)
		}
		if lasts, _ := read(anna, Filter{Open: true}, "", 0); len(lasts) != 1 {
			t.Errorf("what lasts: %+v", lasts)
		}
		if of, _ := read(anna, Filter{TillID: w.tillID(0)}, "", 0); len(of) != 2 {
			t.Errorf("of one till: %+v", of)
		}
		if of, _ := read(boris, Filter{TillID: w.tillID(0)}, "", 0); len(of) != 0 {
			t.Errorf("of a till boris may not see: %+v", of)
		}
		var paged []string
		for cursor, first := "", true; first || cursor != ""; first = false {
			var page []Told
			page, cursor = read(anna, Filter{}, cursor, 1)
			for _, n := range page {
				paged = append(paged, n.ID)
			}
		}
		if len(paged) != 3 {
			t.Errorf("page by page: %q", paged)
		}
		if _, _, err := w.n.Feed(ctx, anna, access.Whole(owner), Filter{}, "x", 0); !errors.Is(err, ErrInvalid) {
			t.Errorf("a cursor of nobody's: %v", err)
		}
		titles := map[string]bool{}
		for _, language := range []string{"ru", "kk", "en"} {
			page, _ := read(anna, Filter{Language: language}, "", 0)
			titles[page[0].Title] = true
		}
		if own, _ := read(anna, Filter{}, "", 0); len(titles) != 3 || !titles[own[0].Title] {
			t.Errorf("in the language of the page: %v, in that of the messages: %q", titles, own[0].Title)
		}
		if _, _, err := w.n.Feed(ctx, anna, access.Whole(owner), Filter{Language: "de"}, "", 0); !errors.Is(err, ErrInvalid) {
			t.Errorf("a language of nobody's: %v", err)
		}
	})
}
