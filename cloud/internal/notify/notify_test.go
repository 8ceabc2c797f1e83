package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
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
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/config"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/light"
	"github.com/chekan-io/chekan/cloud/internal/post"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// box keeps what was sent.
type box struct {
	mu   sync.Mutex
	sent []post.Message
	fail error
}

func (b *box) Send(_ context.Context, m post.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent = append(b.sent, m)
	return b.fail
}

// take gives the subjects of what was sent since, in no order but of sending.
func (b *box) take() (list []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.sent {
		list = append(list, m.Subject)
	}
	b.sent = nil
	return list
}

// shop is a till with its agent.
type shop struct {
	agent *access.Agent
	state *fiscalv1.TillState
	// dead agents report nothing.
	dead bool
}

// world is an organisation with shops, and people of it; its clock is moved by hand.
type world struct {
	t     *testing.T
	store *store.Store
	now   time.Time
	fleet *fleet.Fleet
	n     *Notify
	post  *post.Post
	mail  *box
	sms   *box
	shops []*shop
}

const owner = "owner"

// both runs a body with a world of some shops on both databases.
func both(t *testing.T, shops int, body func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w := &world{t: t, store: s, now: noon, mail: new(box), sms: new(box)}
		hooks, err := post.NewWebhooks(config.Webhooks{Allow: []string{"127.0.0.0/8"}, AllowHTTP: true})
		if err != nil {
			t.Fatal(err)
		}
		w.post = &post.Post{Mail: w.mail, SMS: w.sms, Webhooks: hooks}
		w.do(func(ctx context.Context, q *db.Queries) error {
			return q.CreateOrganisation(ctx, db.CreateOrganisationParams{ID: owner, Name: "ООО «Ромашка»", CreatedAt: 1})
		})
		for i := range shops {
			w.shop(i)
		}
		w.person(owner, "anna", access.Administrator, "")
		w.start()
		w.pass(0)
		body(t, w)
	})
}

func (w *world) do(change func(ctx context.Context, q *db.Queries) error) {
	w.t.Helper()
	ctx := w.t.Context()
	if err := w.store.Tx(ctx, func(q *db.Queries) error { return change(ctx, q) }); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) shop(i int) {
	a := &access.Agent{ID: fmt.Sprint("agent", i), OrganisationID: owner, OutletID: fmt.Sprint("outlet", i)}
	w.do(func(ctx context.Context, q *db.Queries) error {
		if _, err := q.PutOutlet(ctx, db.PutOutletParams{ID: a.OutletID, OrganisationID: owner, Name: fmt.Sprint("Магазин ", i), CreatedAt: 1}); err != nil {
			return err
		}
		return q.CreateAgent(ctx, db.CreateAgentParams{ID: a.ID, OrganisationID: owner, OutletID: a.OutletID, Host: fmt.Sprint("PC", i), CreatedAt: 1})
	})
	w.shops = append(w.shops, &shop{agent: a, state: &fiscalv1.TillState{
		Till: fmt.Sprint("Касса ", i), Driver: "shtrih", Serial: fmt.Sprint("000", i), Model: fmt.Sprint("M", i), Online: true, LastFd: 100, FnExpiry: "2028-01-01",
	}})
}

// person makes one with a mail channel.
func (w *world) person(organisation, id string, role access.Role, node string) *access.Person {
	w.t.Helper()
	w.do(func(ctx context.Context, q *db.Queries) error {
		if err := q.CreatePerson(ctx, db.CreatePersonParams{ID: id, Login: id, Folded: id, Name: id, Password: "x", CreatedAt: 1}); err != nil {
			return err
		}
		if err := q.CreateMembership(ctx, db.CreateMembershipParams{OrganisationID: organisation, PersonID: id, CreatedAt: 1}); err != nil {
			return err
		}
		if err := q.Assign(ctx, db.AssignParams{OrganisationID: organisation, PersonID: id, Role: string(role), NodeID: node, CreatedAt: 1}); err != nil {
			return err
		}
		w.channel(ctx, q, id, "mail", id+"@example.ru")
		s := Usual("ru", "ru")
		s.QuietFrom, s.QuietTo = 0, 0
		return putSettings(ctx, q, id, s)
	})
	return &access.Person{ID: id, Login: id, OrganisationID: organisation, Rights: []access.Right{role.In(organisation, node)}}
}

func (w *world) channel(ctx context.Context, q *db.Queries, person, kind, address string) {
	w.t.Helper()
	if err := q.CreateNotifyChannel(ctx, db.CreateNotifyChannelParams{
		ID: kind + "-" + person, PersonID: person, Kind: kind, Address: address, Secret: []byte{}, CodeHash: []byte{}, ConfirmedAt: 1, CreatedAt: 1,
	}); err != nil {
		w.t.Fatal(err)
	}
}

// start is a cabinet that begins: nothing is left of the one before but the database.
func (w *world) start() {
	w.t.Helper()
	log, clock := slog.New(slog.DiscardHandler), func() time.Time { return w.now }
	authority, err := access.OpenAuthority(w.t.TempDir(), clock)
	if err != nil {
		w.t.Fatal(err)
	}
	a, err := access.New(w.store, authority, log, clock)
	if err != nil {
		w.t.Fatal(err)
	}
	w.fleet = fleet.New(w.store, log, clock, func(string) {})
	w.n = New(w.store, a, w.fleet, w.post, log, clock, "https://kassa.example")
}

// civil is the shops' own time: five hours ahead of the cabinet's.
func (w *world) civil(before time.Duration) string {
	return w.now.Add(5*time.Hour - before).Format("2006-01-02T15:04")
}

// report lets the agents that live tell their state.
func (w *world) report() {
	w.t.Helper()
	for _, s := range w.shops {
		if s.dead {
			continue
		}
		s.state.Clock, s.state.ReadMs = w.civil(0), w.now.UnixMilli()
		if s.state.GetLastAt() == "" {
			s.state.LastAt = w.civil(time.Minute)
		}
		if err := w.fleet.Report(w.t.Context(), s.agent, &uplinkv1.ReportStateRequest{Tills: []*fiscalv1.TillState{s.state}}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// pass lets time pass, then agents report, and the cabinet looks and sends.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	w.now = w.now.Add(d)
	w.report()
	w.look()
}

func (w *world) look() {
	w.t.Helper()
	if err := w.n.Look(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if err := w.n.Send(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// settle is long enough for every delay.
func (w *world) settle() {
	w.t.Helper()
	for _, d := range []time.Duration{0, 31 * time.Minute, 31 * time.Minute} {
		w.pass(d)
	}
}

func (w *world) tillID(i int) string {
	w.t.Helper()
	id, err := w.fleet.TillID(w.t.Context(), w.shops[i].agent, w.shops[i].state.GetTill())
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func declare(code string, s fiscalv1.Severity) func(w *world) {
	return func(w *world) {
		w.shops[0].state.Problems = []*fiscalv1.Problem{{Code: code, Severity: s, Text: "Кассир Иванова приняла 1 500 ₽", Todo: "д", Args: map[string]string{"what": "Иванова", "sum": "1500"}}}
	}
}

const (
	warning  = fiscalv1.Severity_SEVERITY_WARNING
	critical = fiscalv1.Severity_SEVERITY_CRITICAL
)

// cases are every event through the whole way: what breaks a till, and the subject of the letter.
var cases = []struct {
	event   Event
	subject string
	breaks  func(w *world)
	// mends is how it gets well; nil: the problem is no more.
	mends func(w *world)
}{
	{event: NeedsPerson, subject: "Касса 0 (Магазин 0): не удалось выяснить, пробит ли последний документ", breaks: declare("needs_person", critical)},
	{event: Unfinished, subject: "Касса 0 (Магазин 0): выясняется, пробит ли последний документ", breaks: declare("unfinished", critical)},
	{event: Device, subject: "Касса 0 (Магазин 0): в кассе нет бумаги", breaks: declare("no_paper", critical)},
	{event: Shift, subject: "Касса 0 (Магазин 0): смена длится больше 24 часов", breaks: declare("shift_expired", critical)},
	{
		event: Silence, subject: "Касса 0 (Магазин 0): документов нет 24 ч рабочего времени",
		breaks: func(w *world) { w.shops[0].state.LastAt = w.civil(24 * time.Hour) }, mends: func(w *world) { w.shops[0].state.LastAt = w.civil(0) },
	},
	{
		event: OFDQueue, subject: "Касса 0 (Магазин 0): не передано в ОФД: 3, самый старый документ ждёт 24 ч",
		breaks: func(w *world) { w.shops[0].state.Unsent, w.shops[0].state.UnsentFrom = 3, w.civil(24*time.Hour) },
		mends:  func(w *world) { w.shops[0].state.Unsent, w.shops[0].state.UnsentFrom = 0, "" },
	},
	{event: OFDLink, subject: "Касса 0 (Магазин 0): связь с ОФД", breaks: declare("ofd_notice", warning)},
	{
		event: OFDContract, subject: "Касса 0 (Магазин 0): договор с ОФД: осталось 20 дн.",
		breaks: func(w *world) { w.contract(w.day(20)) }, mends: func(w *world) { w.contract("2027-03-30") },
	},
	{event: FNFault, subject: "Касса 0 (Магазин 0): фискальный накопитель заблокирован", breaks: declare("fn_blocked", critical)},
	{
		event: FNTerm, subject: "Касса 0 (Магазин 0): срок фискального накопителя: осталось 29 дн.",
		breaks: func(w *world) { w.shops[0].state.FnExpiry = w.day(29) }, mends: func(w *world) { w.shops[0].state.FnExpiry = "2029-01-01" },
	},
	{event: FNRoom, subject: "Касса 0 (Магазин 0): память фискального накопителя почти заполнена", breaks: declare("fn_memory", warning)},
	{
		event: AgentAway, subject: "Компьютер PC0, 1 касса: агент не на связи",
		breaks: func(w *world) { w.shops[0].dead = true }, mends: func(w *world) { w.shops[0].dead = false },
	},
	{event: AgentFault, subject: "Компьютер PC0, 1 касса: на диске нет места для журнала", breaks: declare("journal_full", critical)},
	{event: Clock, subject: "Касса 0 (Магазин 0): касса потеряла время или ждёт его подтверждения", breaks: declare("clock", critical)},
	{
		event: Certificate, subject: "Компьютер PC0, 1 касса: сертификат агента: осталось 2 дн.",
		breaks: func(w *world) { w.certificate(60 * time.Hour) }, mends: func(w *world) { w.certificate(14 * day) },
	},
	{event: Conflict, subject: "Компьютер PC0, 1 касса: два компьютера под одним именем", breaks: declare("agent_twins", warning)},
	{
		event: Recovery, subject: "Касса 0 (Магазин 0): восстановление не помогло, касса ждёт человека",
		breaks: func(w *world) {
			if err := w.fleet.OpenTicket(w.t.Context(), w.shops[0].agent, &uplinkv1.OpenTicketRequest{Id: "ticket", Till: w.shops[0].state.GetTill(), Text: "Кассир Иванова"}); err != nil {
				w.t.Fatal(err)
			}
		},
		mends: func(w *world) {
			w.do(func(ctx context.Context, q *db.Queries) error {
				_, err := q.CloseTicket(ctx, db.CloseTicketParams{OrganisationID: owner, ID: "ticket", ClosedAt: store.Micros(w.now), ClosedBy: "anna", Resolution: "готово"})
				return err
			})
		},
	},
}

// day is the shops' own day some days from now.
func (w *world) day(after int) string {
	return w.now.Add(5*time.Hour).AddDate(0, 0, after).Format(time.DateOnly)
}

func (w *world) contract(until string) {
	w.do(func(ctx context.Context, q *db.Queries) error {
		_, err := q.SetContract(ctx, db.SetContractParams{OrganisationID: owner, ID: w.tillID(0), OfdContract: until})
		return err
	})
}

func (w *world) certificate(left time.Duration) {
	w.do(func(ctx context.Context, q *db.Queries) error {
		return q.SetCertificate(ctx, db.SetCertificateParams{ID: w.shops[0].agent.ID, CertificateEndsAt: store.Micros(w.now.Add(left))})
	})
}

// Every event, from what an agent says to a letter: one when it begins, one when it ends, none besides, and no word of an agent's
// that may hold a name or a sum.
func TestNotify_every(t *testing.T) {
	seen := map[Event]bool{}
	both(t, 1, func(t *testing.T, w *world) {
		for _, c := range cases {
			seen[c.event] = true
			t.Run(string(c.event), func(t *testing.T) {
				w.t = t
				for _, s := range w.shops {
					s.state.LastAt = w.civil(0)
				}
				c.breaks(w)
				w.settle()
				for _, m := range w.mail.sent {
					if all := m.Subject + m.Text; strings.Contains(all, "Иванова") || strings.Contains(all, "500") {
						t.Errorf("an agent's own words were sent: %s", all)
					}
					if !strings.Contains(m.Text, "https://kassa.example/tills/"+w.tillID(0)) {
						t.Errorf("no link to the till: %s", m.Text)
					}
				}
				want(t, w.mail.take(), c.subject)
				if c.mends == nil {
					w.shops[0].state.Problems = nil
				} else {
					c.mends(w)
				}
				w.settle()
				name := wordsIn("ru").Events[string(c.event)]
				who, _, _ := strings.Cut(c.subject, ":")
				want(t, w.mail.take(), who+": снова в норме — "+lower(name))
			})
		}
	})
	for _, k := range kinds {
		if !seen[k.event] {
			t.Errorf("%s was never sent", k.event)
		}
	}
}

// At night the shop is closed: what is wrong is told when it opens.
func TestNotify_night(t *testing.T) {
	both(t, 1, func(t *testing.T, w *world) {
		// 9 to 21 in the shop is 4 to 16 of the cabinet's clock.
		w.do(func(ctx context.Context, q *db.Queries) error {
			return q.PutWorkingHours(ctx, db.PutWorkingHoursParams{OrganisationID: owner, Level: int32(light.OfOrganisation), Begins: 9 * 60, Ends: 21 * 60})
		})
		w.pass(5 * time.Hour)
		declare("no_paper", critical)(w)
		w.shops[0].state.FnExpiry = "2026-04-01"
		w.settle()
		w.shops[0].dead = true // the computer is switched off for the night
		w.pass(6 * time.Hour)
		w.settle()
		want(t, w.mail.take())
		w.shops[0].dead = false
		w.pass(w.now.Truncate(day).Add(28 * time.Hour).Sub(w.now))
		w.settle()
		if got := w.mail.take(); len(got) != 2 {
			t.Errorf("in the morning: %q", got)
		}
	})
}

// The threshold of one shop does not touch another's.
func TestNotify_threshold(t *testing.T) {
	both(t, 2, func(t *testing.T, w *world) {
		w.do(func(ctx context.Context, q *db.Queries) error {
			return q.PutThreshold(ctx, db.PutThresholdParams{
				OrganisationID: owner, Level: int32(light.OfOutlet), NodeID: "outlet0", Metric: string(light.Silence), Warn: int64(2 * time.Hour / time.Second),
			})
		})
		for _, s := range w.shops {
			s.state.LastAt = w.civil(3 * time.Hour)
		}
		w.settle()
		want(t, w.mail.take(), "Касса 0 (Магазин 0): документов нет 3 ч рабочего времени")
		w.pass(20 * time.Hour)
		want(t, w.mail.take())
		w.settle()
		w.settle()
		want(t, w.mail.take(), "Касса 1 (Магазин 1): документов нет 24 ч рабочего времени")
	})
}

// Forty tills of one operator: one letter, which names it.
func TestNotify_forty(t *testing.T) {
	both(t, 41, func(t *testing.T, w *world) {
		for i, s := range w.shops[:40] {
			s.state.Delivery = &fiscalv1.Delivery{Operator: "Такском"}
			s.state.Unsent, s.state.UnsentFrom = 5, w.civil(24*time.Hour-time.Duration(i)*time.Minute)
		}
		w.settle()
		w.settle()
		sent := w.mail.sent
		want(t, w.mail.take(), "ОФД Такском, 40 касс: не передано в ОФД: 5, самый старый документ ждёт 24 ч")
		if text := sent[0].Text; !strings.Contains(text, "- Касса 0, Магазин 0\n") || !strings.Contains(text, "и ещё 30") || !strings.Contains(text, "/help#ofd_age") {
			t.Error(text)
		}
		for _, s := range w.shops {
			s.state.Unsent, s.state.UnsentFrom = 0, ""
		}
		w.settle()
		want(t, w.mail.take(), "ОФД Такском, 40 касс: снова в норме — очередь в ОФД")
	})
}

// The cabinet dies between deciding and sending, and between sending and noting it: one row, one id.
func TestNotify_restart(t *testing.T) {
	both(t, 1, func(t *testing.T, w *world) {
		declare("no_paper", critical)(w)
		w.pass(0)
		w.now = w.now.Add(10 * time.Minute)
		w.report()
		if err := w.n.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.start()
		w.look() // nothing is known yet of the new cabinet's agents
		w.pass(time.Minute)
		want(t, w.mail.take(), "Касса 0 (Магазин 0): в кассе нет бумаги")
		w.settle()
		want(t, w.mail.take())

		// It went, and nobody noted that it did.
		dying, die := context.WithCancel(t.Context())
		w.post.Mail = senderFunc(func(ctx context.Context, m post.Message) error {
			die()
			return w.mail.Send(ctx, m)
		})
		w.shops[0].state.Problems = nil
		w.pass(0)
		w.now = w.now.Add(10 * time.Minute)
		w.report()
		if err := w.n.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		_ = w.n.Send(dying) // was killed
		w.post.Mail = w.mail
		w.start()
		w.settle()
		sent := w.mail.sent
		if len(sent) != 2 || sent[0].ID == "" || sent[0].ID != sent[1].ID {
			t.Errorf("sent again under another id: %+v", sent)
		}
		var rows int
		for _, c := range w.rows() {
			if c.State == stateSent {
				rows++
			}
		}
		if rows != 2 {
			t.Errorf("%d messages are noted as sent", rows)
		}
	})
}

// stateSent is the state under a name that no local one hides.
const stateSent = sent

type senderFunc func(ctx context.Context, m post.Message) error

func (f senderFunc) Send(ctx context.Context, m post.Message) error { return f(ctx, m) }

// rows are all messages to anna.
func (w *world) rows() []db.NotifyOutbox {
	w.t.Helper()
	rows, err := w.store.Read().ListOutboxOfChannel(w.t.Context(), db.ListOutboxOfChannelParams{ChannelID: "mail-anna", Before: 1 << 62, AllStates: true, Most: 100})
	if err != nil {
		w.t.Fatal(err)
	}
	return rows
}

// Who is told: by rules, of what they may see when it is sent.
func TestNotify_people(t *testing.T) {
	both(t, 2, func(t *testing.T, w *world) {
		boris := w.person(owner, "boris", access.Viewer, "outlet1")
		w.person(owner, "vera", access.Viewer, "outlet0")
		for _, r := range []struct {
			who  *access.Person
			rule Rule
		}{
			{anna, Rule{Role: string(access.Viewer), Events: []string{"device"}, Kinds: []string{"mail"}}},
			{boris, Rule{Own: true, Events: []string{"silence"}}},
			{anna, Rule{Own: true, Node: "outlet1"}},
		} {
			if _, err := w.n.PutRule(t.Context(), r.who, r.rule); err != nil {
				t.Fatal(err)
			}
		}
		declare("no_paper", critical)(w)
		w.settle()
		if len(w.mail.sent) != 1 || w.mail.sent[0].To != "vera@example.ru" {
			t.Errorf("of the first shop: %+v", w.mail.sent)
		}
		w.mail.take()
		w.shops[0].state.Problems = nil
		w.settle()
		w.mail.take()

		// Vera leaves before a message in her quiet hours is sent.
		w.do(func(ctx context.Context, q *db.Queries) error {
			s := Usual("ru", "ru")
			s.Zone, s.QuietFrom, s.QuietTo, s.UrgentPasses = "UTC", 0, 23*60, false
			return putSettings(ctx, q, "vera", s)
		})
		declare("cover_open", critical)(w)
		w.settle()
		want(t, w.mail.take())
		w.do(func(ctx context.Context, q *db.Queries) error {
			return q.UnassignAll(ctx, db.UnassignAllParams{OrganisationID: owner, PersonID: "vera"})
		})
		w.pass(12 * time.Hour)
		want(t, w.mail.take())
	})
}

// A service centre hears of the tills handed to it and of no others, by rules of its own, without money or names.
func TestNotify_service(t *testing.T) {
	both(t, 2, func(t *testing.T, w *world) {
		w.do(func(ctx context.Context, q *db.Queries) error {
			if err := q.AddOrganisation(ctx, db.AddOrganisationParams{ID: "centre", Name: "ЦТО", Kind: access.KindService}); err != nil {
				return err
			}
			return q.CreateGrant(ctx, db.CreateGrantParams{ID: "g", OrganisationID: owner, ServiceID: "centre", NodeID: "outlet0", GivenAt: 1, GivenBy: "anna"})
		})
		w.person("centre", "gleb", access.Administrator, "")
		w.shops[1].state.Problems = []*fiscalv1.Problem{{Code: "no_paper", Severity: critical}}
		declare("no_paper", critical)(w)
		w.settle()
		to := map[string]int{}
		for _, m := range w.mail.sent {
			to[m.To]++
			if m.To == "gleb@example.ru" && !strings.Contains(m.Subject, "Магазин 0") {
				t.Errorf("told the centre: %s", m.Subject)
			}
		}
		if diff := cmp.Diff(map[string]int{"anna@example.ru": 2, "gleb@example.ru": 1}, to); diff != "" {
			t.Error(diff)
		}
		w.mail.take()
		w.do(func(ctx context.Context, q *db.Queries) error {
			_, err := q.RevokeGrant(ctx, db.RevokeGrantParams{ID: "g", OrganisationID: owner, RevokedAt: store.Micros(w.now), RevokedBy: "anna"})
			return err
		})
		w.shops[0].state.Problems = nil
		w.settle()
		for _, m := range w.mail.sent {
			if m.To == "gleb@example.ru" {
				t.Errorf("told a centre whose grant was taken back: %s", m.Subject)
			}
		}
	})
}

// Quiet hours hold back, what is over by then is not told at all, and a bad night comes as one letter.
func TestNotify_quiet(t *testing.T) {
	both(t, 6, func(t *testing.T, w *world) {
		w.do(func(ctx context.Context, q *db.Queries) error {
			s := Usual("ru", "ru")
			s.Zone, s.QuietFrom, s.QuietTo = "UTC", 12*60, 20*60
			return putSettings(ctx, q, "anna", s)
		})
		for i := range 4 {
			w.shops[i+1].state.Problems = []*fiscalv1.Problem{{Code: "clock", Severity: warning}}
		}
		w.shops[5].state.Problems = []*fiscalv1.Problem{{Code: "paper_owed", Severity: warning}}
		w.settle()
		w.shops[5].state.Problems = nil
		w.settle()
		want(t, w.mail.take())
		declare("needs_person", critical)(w) // red: it passes
		w.settle()
		want(t, w.mail.take(), "Касса 0 (Магазин 0): не удалось выяснить, пробит ли последний документ")
		w.pass(w.now.Truncate(day).Add(20 * time.Hour).Sub(w.now))
		text := ""
		for _, m := range w.mail.sent {
			text += m.Text
		}
		got := w.mail.take()
		if len(got) == 0 || !strings.HasPrefix(got[0], "Чекан: сводка, ") || strings.Count(text, "касса потеряла время") != 4 || strings.Contains(text, "не допечатан") {
			t.Errorf("at the end of quiet hours: %q\n%s", got, text)
		}
	})
}

func TestNotify_digest(t *testing.T) {
	both(t, 2, func(t *testing.T, w *world) {
		w.do(func(ctx context.Context, q *db.Queries) error {
			s := Usual("en", "ru")
			s.Zone, s.QuietFrom, s.QuietTo, s.Digest, s.DigestAt = "UTC", 0, 0, Daily, 18*60
			return putSettings(ctx, q, "anna", s)
		})
		for _, s := range w.shops {
			s.state.Problems = []*fiscalv1.Problem{{Code: "clock", Severity: warning}}
		}
		w.settle()
		want(t, w.mail.take())
		w.pass(w.now.Truncate(day).Add(18 * time.Hour).Sub(w.now))
		want(t, w.mail.take(), "Chekan: summary, 2 events")
	})
}

// What a way does not take is tried again later under the same id, and given up when it is refused for good.
func TestNotify_tries(t *testing.T) {
	both(t, 1, func(t *testing.T, w *world) {
		w.mail.fail = errors.New("no way out")
		declare("no_paper", critical)(w)
		w.settle()
		w.settle()
		ids := map[string]bool{}
		for _, m := range w.mail.sent {
			ids[m.ID] = true
		}
		if len(w.mail.sent) < 3 || len(ids) != 1 {
			t.Errorf("%d tries under %d ids", len(w.mail.sent), len(ids))
		}
		w.mail.fail = fmt.Errorf("no such mailbox: %w", post.ErrRefused)
		for range 8 {
			w.pass(time.Hour)
		}
		if rows := w.rows(); len(rows) != 1 || rows[0].State != failed || !strings.Contains(rows[0].Error, "no such mailbox") {
			t.Errorf("%+v", rows)
		}
	})
}

// A command that ended is told once, also when it is read again.
func TestNotify_command(t *testing.T) {
	both(t, 1, func(t *testing.T, w *world) {
		till := w.tillID(0)
		for i, state := range []cabinetv1.CommandState{cabinetv1.CommandState_COMMAND_STATE_DONE, cabinetv1.CommandState_COMMAND_STATE_FAILED} {
			w.do(func(ctx context.Context, q *db.Queries) error {
				id := fmt.Sprint("command", i)
				if _, err := q.CreateCommand(ctx, db.CreateCommandParams{
					OrganisationID: owner, ID: id, TillID: till, AgentID: "agent0", Action: int32(fiscalv1.Action_ACTION_RECOVER), Actor: "anna", CreatedAt: store.Micros(w.now), Decision: []byte{},
				}); err != nil {
					return err
				}
				_, err := q.SetCommandRun(ctx, db.SetCommandRunParams{OrganisationID: owner, ID: id, State: int32(state), Run: []byte{}, EndedAt: store.Micros(w.now.Add(time.Duration(i)))})
				return err
			})
		}
		w.settle()
		w.start()
		w.settle()
		want(t, w.mail.take(), "Касса 0 (Магазин 0): Восстановить работу: выполнено", "Касса 0 (Магазин 0): Восстановить работу: не удалось")
	})
}

// Webhooks: signed, tried again with pauses, written down, sent again by hand under the same id; nothing of other organisations.
func TestNotify_webhook(t *testing.T) {
	both(t, 2, func(t *testing.T, w *world) {
		var got []*http.Request
		var bodies []string
		status := http.StatusInternalServerError
		s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			got, bodies = append(got, r), append(bodies, string(body))
			rw.WriteHeader(status)
		}))
		t.Cleanup(s.Close)
		hook, secret, err := w.n.PutWebhook(t.Context(), anna, Webhook{Name: "Учёт", URL: s.URL + "/hook", Events: []string{"device"}, Node: "outlet0"}, false)
		if err != nil {
			t.Fatal(err)
		}
		w.shops[1].state.Problems = []*fiscalv1.Problem{{Code: "no_paper", Severity: critical}} // not under its node
		declare("no_paper", critical)(w)
		w.settle()
		w.settle()
		if len(got) < 3 {
			t.Fatalf("asked %d times", len(got))
		}
		for i, r := range got {
			mac := hmac.New(sha256.New, []byte(secret))
			mac.Write([]byte(r.Header.Get(post.TimestampHeader) + "." + bodies[i]))
			if r.Header.Get(post.SignatureHeader) != "v1="+hex.EncodeToString(mac.Sum(nil)) || r.Header.Get(post.DeliveryHeader) != got[0].Header.Get(post.DeliveryHeader) || bodies[i] != bodies[0] {
				t.Errorf("attempt %d: %v", i, r.Header)
			}
		}
		var body hookBody
		if err := json.Unmarshal([]byte(bodies[0]), &body); err != nil || body.Event != "device" || body.Kind != "began" || len(body.Tills) != 1 || body.Tills[0].Name != "Касса 0" || strings.Contains(bodies[0], "Иванова") {
			t.Errorf("%v: %s", err, bodies[0])
		}
		list, _, err := w.n.Deliveries(t.Context(), anna, hook.ID, false, "")
		if err != nil || len(list) != 1 || len(list[0].Attempts) != len(got) || list[0].Attempts[0].Status != 500 {
			t.Fatalf("%v: %+v", err, list)
		}
		before := len(got)
		status = http.StatusNoContent
		d, err := w.n.ResendDelivery(t.Context(), anna, list[0].Row.ID)
		if err != nil || d.Row.State != sent || len(got) != before+1 || got[before].Header.Get(post.DeliveryHeader) != got[0].Header.Get(post.DeliveryHeader) {
			t.Errorf("resent: %v %+v", err, d.Row)
		}
		stranger := &access.Person{ID: "x", OrganisationID: "other", Rights: []access.Right{access.Administrator.In("other", "")}}
		if _, err := w.n.ResendDelivery(t.Context(), stranger, list[0].Row.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("a stranger resends: %v", err)
		}
		if _, _, err := w.n.Deliveries(t.Context(), stranger, hook.ID, false, ""); !errors.Is(err, ErrNotFound) {
			t.Errorf("a stranger reads: %v", err)
		}
		for _, address := range []string{"http://10.0.0.1/", "ftp://example.ru", "http://169.254.169.254/latest"} {
			if _, _, err := w.n.PutWebhook(t.Context(), anna, Webhook{Name: "x", URL: address}, false); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: %v", address, err)
			}
		}
	})
}
