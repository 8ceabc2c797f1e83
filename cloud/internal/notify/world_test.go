package notify

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/config"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/post"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
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

type senderFunc func(ctx context.Context, m post.Message) error

func (f senderFunc) Send(ctx context.Context, m post.Message) error { return f(ctx, m) }

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

// rows are all messages to anna.
func (w *world) rows() []db.NotifyOutbox {
	w.t.Helper()
	rows, err := w.store.Read().ListOutboxOfChannel(w.t.Context(), db.ListOutboxOfChannelParams{ChannelID: "mail-anna", Before: 1 << 62, AllStates: true, Most: 100})
	if err != nil {
		w.t.Fatal(err)
	}
	return rows
}

func declare(code string, s fiscalv1.Severity) func(w *world) {
	return func(w *world) {
		w.shops[0].state.Problems = []*fiscalv1.Problem{{Code: code, Severity: s, Text: "Кассир Иванова приняла 1 500 ₽", Todo: "д", Args: map[string]string{"what": "Иванова", "sum": "1500"}}}
	}
}

var ids = regexp.MustCompile(`\b[0-9a-z]{16}\b`)

// spoken is a text without ids: these are random letters and digits, and any figure stands in one of them by chance.
func spoken(text string) string { return ids.ReplaceAllString(text, "…") }
