package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/documents"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/post"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

const linkFN, linkFD, linkFP = "9999078900000042", 7, 3141592653

// TestReceiptLink leads a link through its life: made, opened by anybody, ended by its time or by the shop; nothing else opens.
func TestReceiptLink(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		clock := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
		now := func() time.Time { return clock }
		log := slog.New(slog.DiscardHandler)
		f := fleet.New(s, log, now, func(string) {})
		docs := documents.New(s, f, f.Hub(), log, now)
		folder := t.TempDir()
		server := &Server{
			Documents: docs, Fleet: f, Log: log, Now: now, PublicURL: "https://cabinet.example",
			Post: &post.Post{Mail: post.Folder{Dir: folder, Way: "mail"}, SMS: post.Folder{Dir: folder, Way: "sms"}},
		}
		agent := &access.Agent{ID: store.NewID(), OrganisationID: store.NewID(), OutletID: store.NewID()}
		ctx := context.WithoutCancel(t.Context())
		err := s.Write().CreateOrganisation(ctx, db.CreateOrganisationParams{ID: agent.OrganisationID, Name: "Ромашка"})
		if err == nil {
			_, err = s.Write().PutOutlet(ctx, db.PutOutletParams{ID: agent.OutletID, OrganisationID: agent.OrganisationID, Name: "Мира, 5"})
		}
		if err := errors.Join(err, s.Write().CreateAgent(ctx, db.CreateAgentParams{ID: agent.ID, OrganisationID: agent.OrganisationID, OutletID: agent.OutletID})); err != nil {
			t.Fatal(err)
		}
		ctx = access.WithPerson(ctx, &access.Person{ID: "p1", Login: "owner", OrganisationID: agent.OrganisationID, Rights: []access.Right{access.Accountant.In(agent.OrganisationID, "")}})
		running, stop := context.WithCancel(context.WithoutCancel(t.Context()))
		ended := make(chan error, 1)
		go func() { ended <- docs.Run(running) }()
		defer func() {
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}()
		receipt := &fiscalv1.Operation{
			Key: "k1", Till: "kassa-1", Kind: fiscalv1.Kind_KIND_SALE, Stage: fiscalv1.Stage_STAGE_ENDED, Outcome: fiscalv1.Outcome_OUTCOME_DONE,
			Document: &fiscalv1.Document{Fn: linkFN, Fd: linkFD, Fp: linkFP, Type: 3, At: "2026-03-04T11:58", Kind: fiscalv1.Kind_KIND_SALE, Total: 12_345, Shift: 1, Receipt: 3},
		}
		if _, err := docs.Push(ctx, agent, "j", &uplinkv1.Batch{Entries: []*uplinkv1.Entry{{Cursor: 1, Operation: receipt}}}); err != nil {
			t.Fatal(err)
		}
		links := &linksService{server}
		pages := newReceiptPages(server)
		mux := http.NewServeMux()
		mux.HandleFunc("GET /r/{word}", pages.page)
		mux.HandleFunc("GET /r/{word}/receipt.pdf", pages.pdf)
		get := func(path string) (int, string, http.Header) {
			rec := httptest.NewRecorder()
			mux.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
			body, _ := io.ReadAll(rec.Body)
			return rec.Code, string(body), rec.Header()
		}
		made, err := links.CreateLink(ctx, &cabinetv1.CreateLinkRequest{Fn: linkFN, Fd: linkFD})
		if err != nil {
			t.Fatal(err)
		}
		path, ok := strings.CutPrefix(made.GetUrl(), "https://cabinet.example")
		if !ok || made.GetQrSize() == 0 || made.GetLink().GetExpiresMs() != clock.AddDate(0, 0, 30).UnixMilli() {
			t.Fatalf("made %v", made)
		}
		code, body, head := get(path)
		if code != http.StatusOK || !strings.Contains(body, ">3141592653<") || !strings.Contains(body, ">7<") || !strings.Contains(body, linkFN) || !strings.Contains(body, ">123,45<") || !strings.Contains(body, ">04.03.2026 11:58<") {
			t.Errorf("%d %s", code, body)
		}
		if head.Get("Set-Cookie") != "" || !strings.Contains(head.Get("X-Robots-Tag"), "noindex") || head.Get("Cache-Control") != "no-store" || strings.Contains(body, "<script") {
			t.Errorf("headers %v", head)
		}
		// The word itself is nowhere in the database.
		row, err := s.Read().ListReceiptLinks(ctx, db.ListReceiptLinksParams{OrganisationID: agent.OrganisationID, FN: linkFN, FD: linkFD})
		if err != nil || len(row) != 1 || strings.Contains(string(row[0].Hash), strings.TrimPrefix(path, "/r/")) || row[0].Opened != 1 {
			t.Errorf("%v: %v", row, err)
		}
		// Another last letter than the word's own, which may be any.
		near := path[:len(path)-1] + "A"
		if near == path {
			near = path[:len(path)-1] + "B"
		}
		for _, guess := range []string{"/r/x", "/r/" + strings.Repeat("A", 36), near, path + "A"} {
			if code, body, _ := get(guess); code != http.StatusNotFound || strings.Contains(body, linkFN) {
				t.Errorf("guess %q gives %d", guess, code)
			}
		}
		// Without its copy there is no slip to take along.
		if code, _, _ := get(path + "/receipt.pdf"); code != http.StatusNotFound {
			t.Errorf("a file of a receipt whose copy is not here: %d", code)
		}
		if _, err := links.RevokeLink(ctx, &cabinetv1.RevokeLinkRequest{Id: made.GetLink().GetId(), Fn: linkFN, Fd: linkFD}); err != nil {
			t.Fatal(err)
		}
		if code, body, _ := get(path); code != http.StatusGone || !strings.Contains(body, "Магазин закрыл") || strings.Contains(body, linkFN) {
			t.Errorf("revoked: %d %s", code, body)
		}
		sends(ctx, t, links, folder)
		made, err = links.CreateLink(ctx, &cabinetv1.CreateLinkRequest{Fn: linkFN, Fd: linkFD, Days: 1})
		if err != nil {
			t.Fatal(err)
		}
		clock = clock.Add(24*time.Hour + time.Second)
		if code, body, _ := get(strings.TrimPrefix(made.GetUrl(), "https://cabinet.example")); code != http.StatusGone || !strings.Contains(body, "Срок ссылки вышел") {
			t.Errorf("ended: %d %s", code, body)
		}
		for range asksAMinute {
			code, _, _ = get("/r/x")
		}
		if code != http.StatusTooManyRequests {
			t.Errorf("after %d guesses: %d", asksAMinute, code)
		}
		for _, bad := range []*cabinetv1.CreateLinkRequest{{Fn: linkFN, Fd: 8}, {Fn: "x", Fd: linkFD}, {Fn: linkFN, Fd: linkFD, Days: 1000}} {
			if _, err := links.CreateLink(ctx, bad); err == nil {
				t.Errorf("made a link to %v", bad)
			}
		}
	})
}

// sends looks at what a buyer gets, and at what is not sent.
func sends(ctx context.Context, t *testing.T, links *linksService, folder string) {
	t.Helper()
	for _, bad := range []*cabinetv1.SendLinkRequest{
		{Fn: linkFN, Fd: linkFD, To: "ivan@example.com"},
		{Fn: linkFN, Fd: linkFD, To: "ivan@", Consent: true},
		{Fn: linkFN, Fd: linkFD, To: "12", Consent: true},
		{Fn: linkFN, Fd: linkFD, To: "Ivan <ivan@example.com>", Consent: true},
	} {
		if _, err := links.SendLink(ctx, bad); !errors.Is(err, documents.ErrInvalid) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	for to, masked := range map[string]string{"ivan@example.com": "i…@example.com", "8 (916) 123-45-67": "+7…4567"} {
		res, err := links.SendLink(ctx, &cabinetv1.SendLinkRequest{Fn: linkFN, Fd: linkFD, To: to, Consent: true, Language: "ru"})
		if err != nil || res.GetLink().GetSentTo() != masked {
			t.Errorf("%q: %v %v", to, res, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) != 2 {
		t.Fatalf("sent %q: %v", files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		var m post.Message
		if err = errors.Join(err, json.Unmarshal(text, &m)); err != nil || !strings.Contains(m.Text, "https://cabinet.example/r/") {
			t.Errorf("%s: %v", text, err)
		}
	}

	// A letter that cannot be sent leaves no link that opens: nobody has its address.
	mail := links.s.Post.Mail
	links.s.Post.Mail = deaf{}
	if res, err := links.SendLink(ctx, &cabinetv1.SendLinkRequest{Fn: linkFN, Fd: linkFD, To: "olga@example.com", Consent: true, Language: "ru"}); !errors.Is(err, errDeaf) {
		t.Errorf("%v %v", res, err)
	}
	links.s.Post.Mail = mail
	list, err := links.ListLinks(ctx, &cabinetv1.ListLinksRequest{Fn: linkFN, Fd: linkFD})
	if err != nil {
		t.Fatal(err)
	}
	open := 0
	for _, l := range list.GetLinks() {
		switch {
		case l.GetSentTo() == "o…@example.com" && l.GetRevokedMs() == 0:
			t.Errorf("the link of a letter that was not sent opens: %v", l)
		case l.GetSentTo() != "" && l.GetRevokedMs() == 0:
			open++
		}
	}
	if open != 2 {
		t.Errorf("%d links that were sent open, want 2", open)
	}
	// One person sends so many and no more.
	for range links.s.sends.most {
		if _, err = links.SendLink(ctx, &cabinetv1.SendLinkRequest{Fn: linkFN, Fd: linkFD, To: "anna@example.com", Consent: true, Language: "ru"}); err != nil {
			break
		}
	}
	if !errors.Is(err, access.ErrTooOften) {
		t.Errorf("after as many as one may send: %v", err)
	}
}

// deaf is a mail server that takes nothing.
type deaf struct{}

var errDeaf = errors.New("the server takes no letters")

func (deaf) Send(context.Context, post.Message) error { return errDeaf }

func TestSpokenSum(t *testing.T) {
	for minor, want := range map[int64]string{0: "0,00", 5: "0,05", 249_900: "2\u00a0499,00", 123_456_789: "1\u00a0234\u00a0567,89", 100_000_00: "100\u00a0000,00", -249_900: "-2\u00a0499,00"} {
		if got := spokenSum(minor); got != want {
			t.Errorf("%d: %q, want %q", minor, got, want)
		}
	}
}
