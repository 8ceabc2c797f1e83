package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/gen/uplink/v1/uplinkv1connect"
	"github.com/chekan-io/chekan/proto/pack"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// spot is a till with one of everything that belongs to it.
type spot struct {
	organisation, department, outlet, till, agent string
	departmentName, outletName, name              string
	fn                                            string
	fd, shift                                     uint32
	command, bundle, ticket, rollout              string
	key, product, cashier, buyer                  string
	total                                         int64

	door *agent
}

// path is where the till stands, from the top down.
func (s *spot) path() []string { return []string{s.department, s.outlet, s.till} }

// plant makes a till with one of everything, in an outlet of an organisation.
func plant(t *testing.T, c *cabinet, n int, organisation, department, outletName string) *spot {
	t.Helper()
	ctx := t.Context()
	s := &spot{
		organisation: organisation, department: store.NewID(), departmentName: department, outletName: outletName, name: fmt.Sprintf("kassa-%c%c", 'p'+n, 'q'+n),
		fn: fmt.Sprintf("99990789000%05d", 70_000+n), fd: uint32(4100 + n), shift: uint32(610 + n), key: fmt.Sprintf("key-%d-%s", n, store.NewID()),
		product: fmt.Sprintf("Каравай%cский", 'а'+n), cashier: fmt.Sprintf("Кассирова%cна", 'а'+n), buyer: fmt.Sprintf("+7916555%04d", 4321+n),
		total: 734_519_00 + int64(n)*1_000_00 + 68,
	}
	code, _, err := c.access.NewCode(ctx, organisation, outletName)
	if err != nil {
		t.Fatal(err)
	}
	key, csr := newKey(t)
	res, err := uplinkv1connect.NewEnrolmentServiceClient(http.DefaultClient, c.addresses.Cabinet).Enroll(ctx, &uplinkv1.EnrollRequest{
		Code: code, Csr: csr, Host: "pc-" + s.name, Version: "1",
	})
	if err != nil {
		t.Fatal(err)
	}
	authority, err := x509.ParseCertificate(res.GetAuthority())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(authority)
	s.door = &agent{id: res.GetAgentId(), info: res, tls: &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: pool, Certificates: []tls.Certificate{{Certificate: [][]byte{res.GetCertificate()}, PrivateKey: key}},
	}}
	s.door.UplinkServiceClient = uplinkClient(t, s.door.tls, res.GetUplinkUrl())
	s.agent = res.GetAgentId()
	outlet, err := c.store.Read().FindOutletByName(ctx, db.FindOutletByNameParams{OrganisationID: organisation, Name: outletName})
	if err != nil {
		t.Fatal(err)
	}
	s.outlet = outlet.ID
	if err := c.store.Tx(ctx, func(q *db.Queries) error {
		if err := q.CreateDepartment(ctx, db.CreateDepartmentParams{ID: s.department, OrganisationID: organisation, Name: department}); err != nil {
			return err
		}
		return q.PlaceOutlet(ctx, db.PlaceOutletParams{ID: s.outlet, DepartmentID: s.department})
	}); err != nil {
		t.Fatal(err)
	}
	s.furnish(t, c)
	return s
}

// sums writes an amount the ways texts do.
func sums(total int64) (plain, spaced, grouped string) {
	rub, kop := total/100, total%100
	return fmt.Sprintf("%d,%02d", rub, kop), fmt.Sprintf("%d %03d,%02d ₽", rub/1000, rub%1000, kop), fmt.Sprintf("%d\u00a0%03d,%02d", rub/1000, rub%1000, kop)
}

// furnish has the agent tell everything there is to tell of a till, with its sum in the forms agents write it.
func (s *spot) furnish(t *testing.T, c *cabinet) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	plain, spaced, grouped := sums(s.total)
	state := &fiscalv1.TillState{
		Till: s.name, Driver: "shtrih", Serial: "SN" + s.name, Fn: s.fn, Shift: s.shift, ShiftOpen: true, Online: true, ReadMs: time.Now().UnixMilli(), LastFd: s.fd,
		Problems: []*fiscalv1.Problem{{Code: "paper_owed", Severity: fiscalv1.Severity_SEVERITY_WARNING, Text: "Чек на " + spaced + " не напечатан", Todo: "Вставьте бумагу."}},
	}
	_, err := s.door.Hello(ctx, &uplinkv1.HelloRequest{JournalId: "journal-" + s.name, Host: "pc-" + s.name, Version: "1", Capability: 5, Tills: []*fiscalv1.TillState{state}})
	must(err)
	_, err = s.door.ReportState(ctx, &uplinkv1.ReportStateRequest{Tills: []*fiscalv1.TillState{state}})
	must(err)
	rows, err := c.store.Read().ListTillsOfAgent(ctx, s.agent)
	must(err)
	s.till = rows[0].ID

	doc := &fiscalv1.Document{
		Fn: s.fn, Fd: s.fd, Fp: 3_000_000_000 + s.fd, Type: 3, At: "2026-03-04T05:06", Kind: fiscalv1.Kind_KIND_SALE, Total: s.total, Shift: s.shift, Receipt: 1,
		Qr: "t=20260304T0506&s=" + fmt.Sprintf("%d.%02d", s.total/100, s.total%100) + "&fn=" + s.fn,
	}
	sale := &fiscalv1.Operation{
		Key: s.key, Till: s.name, Kind: fiscalv1.Kind_KIND_SALE, Stage: fiscalv1.Stage_STAGE_ENDED, Outcome: fiscalv1.Outcome_OUTCOME_DONE, Document: doc, Amount: s.total,
		Text: "Чек на " + plain + " руб. принят", Revision: 1, AcceptedMs: time.Now().UnixMilli(), EndedMs: time.Now().UnixMilli(), InCloud: true,
		Cashier: &fiscalv1.Cashier{Name: s.cashier}, Change: 0,
		Receipt: &fiscalv1.Receipt{
			Currency: "RUB", TaxSystem: 1, Customer: s.buyer, Items: []*fiscalv1.Item{{Name: s.product, Quantity: "1", Price: s.total, Sum: s.total, Vat: "none", Method: 4, Subject: 1}},
			Payments: &fiscalv1.Payments{Cash: s.total},
		},
	}
	stuck := proto.CloneOf(sale)
	stuck.Key, stuck.Document, stuck.Stage, stuck.Outcome = s.key+"-stuck", nil, fiscalv1.Stage_STAGE_NEEDS_PERSON, fiscalv1.Outcome_OUTCOME_UNKNOWN
	stuck.Evidence = []string{"На счётчике было " + grouped + " ₽", "Кассир " + s.cashier, "Позиция «" + s.product + "»", fmt.Sprintf("Регистр: %d", s.total), "Чек отправлен на " + s.buyer}
	stuck.Candidates = []*fiscalv1.Document{doc}
	at, err := fiscal.ParseDateTime(doc.GetAt())
	must(err)
	body := ffd.Document{Type: 3, Fields: []ffd.Field{
		ffd.Text(ffd.TagFN, s.fn), ffd.Uint(ffd.TagFD, uint64(s.fd)), ffd.Time(ffd.TagTime, at), ffd.Sign(doc.GetFp()), ffd.Uint(ffd.TagShift, uint64(s.shift)),
		ffd.Uint(ffd.TagFormat, uint64(ffd.V12)), ffd.Uint(ffd.TagSettlement, 1), ffd.Sum(ffd.TagTotal, fiscal.Money(s.total)), ffd.Uint(ffd.TagReceiptNumber, 1),
	}}.Append(nil)
	dictionary, packed, err := pack.Pack(&uplinkv1.Batch{Entries: []*uplinkv1.Entry{
		{Cursor: 1, Operation: sale}, {Cursor: 2, Operation: stuck}, {Copy: &uplinkv1.DocumentCopy{Till: s.name, Document: doc, Tlv: body}},
	}})
	must(err)
	_, err = s.door.Push(ctx, &uplinkv1.PushRequest{JournalId: "journal-" + s.name, Dictionary: dictionary, Packed: packed})
	must(err)

	run := &fiscalv1.Run{Till: s.name, Ended: true, Ok: true, Text: "Чек на " + spaced + " напечатан", Steps: []*fiscalv1.Step{
		{Code: "print", Title: "Печать", Result: "Напечатан чек на " + plain + " руб., кассир " + s.cashier, State: fiscalv1.StepState_STEP_STATE_DONE},
		{Code: "look", Title: "Проверка", Result: fmt.Sprintf("Итог %d, товар %s, покупатель %s", s.total, s.product, s.buyer), State: fiscalv1.StepState_STEP_STATE_DONE},
	}}
	order := func(action fiscalv1.Action) string {
		id := store.NewID()
		who := &access.Person{ID: "tester", Login: "tester", OrganisationID: s.organisation}
		_, err := c.fleet.Take(ctx, who, fleet.Order{ID: id, OrganisationID: s.organisation, TillID: s.till, Action: action})
		must(err)
		mine := proto.CloneOf(run)
		if fleet.OfAgent(action) { // which holds no sums: the agent has seen to it
			mine = &fiscalv1.Run{Till: s.name, Ended: true, Ok: true, Text: "Собрано."}
		}
		mine.Id, mine.Action = id, action
		_, err = s.door.ReportRun(ctx, &uplinkv1.ReportRunRequest{Run: mine})
		must(err)
		return id
	}
	s.command, s.bundle = order(fiscalv1.Action_ACTION_CHECK), order(fiscalv1.Action_ACTION_COLLECT_BUNDLE)
	_, err = s.door.GiveBundle(ctx, &uplinkv1.GiveBundleRequest{CommandId: s.bundle, Bundle: []byte("PK cut at its source " + s.till)})
	must(err)
	s.ticket = store.NewID()
	_, err = s.door.OpenTicket(ctx, &uplinkv1.OpenTicketRequest{
		Id: s.ticket, Till: s.name, Text: "Не печатает чек на " + spaced + ", покупатель " + s.buyer + ", кассир " + s.cashier, Run: run, Bundle: []byte("PK " + s.till),
		OpenedMs: time.Now().UnixMilli(),
	})
	must(err)
	s.rollout = store.NewID()
	plan, err := proto.Marshal(planOf(s.outlet))
	must(err)
	must(c.store.Tx(ctx, func(q *db.Queries) error {
		_, err := q.CreateRollout(ctx, db.CreateRolloutParams{OrganisationID: s.organisation, ID: s.rollout, Version: "9.9.9", Channel: "stable", Plan: plan, State: 5, StartedBy: "tester"})
		return err
	}))
}

// world is a cabinet with everything planted, and who calls it.
type rightsWorld struct {
	c          *cabinet
	owner      string // organisation
	a, b, f    *spot  // two outlets of the owner, and one of a foreign owner
	absent     *spot
	walker     *person // works at the owner, with rights that change from caller to caller
	serviceman *person // works at the service centres
	foreigner  *person // administrator of the foreign owner
	custom     string  // a role of the owner's own

	ids map[*person]string
}

// service centres of the test, by what they were granted.
const (
	grantWhole, grantOutlet, grantTill, grantEnded, grantRevoked, grantOffered = "cto-whole", "cto-outlet", "cto-till", "cto-ended", "cto-revoked", "cto-offered"
)

// customPermissions are what the owner's own role may: recovers and sees documents, and no money.
var customPermissions = access.SetOf(access.TillsRecover, access.TillsView, access.DocumentsView, access.TillsConfigure)

func newRightsWorld(t *testing.T, address string) *rightsWorld {
	t.Helper()
	ctx := t.Context()
	c, password := launch(t, settings(t, address))
	w := &rightsWorld{c: c, ids: map[*person]string{}, custom: store.NewID()}
	w.walker = signIn(t, c, "admin", password)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	first, err := c.store.Read().FirstOrganisation(ctx)
	must(err)
	w.owner = first.ID
	foreign := store.NewID()
	now := store.Micros(time.Now())
	must(c.store.Tx(ctx, func(q *db.Queries) error {
		if err := q.AddOrganisation(ctx, db.AddOrganisationParams{ID: foreign, Name: "Чужая компания", CreatedAt: now + 1, Kind: access.KindOwner}); err != nil {
			return err
		}
		if err := q.CreateRole(ctx, db.CreateRoleParams{ID: w.custom, OrganisationID: w.owner, Name: "Мастер", Permissions: customPermissions.String(), CreatedAt: now}); err != nil {
			return err
		}
		for _, id := range []string{grantWhole, grantOutlet, grantTill, grantEnded, grantRevoked, grantOffered} {
			if err := q.AddOrganisation(ctx, db.AddOrganisationParams{ID: id, Name: "Сервис " + id, CreatedAt: now + 2, Kind: access.KindService}); err != nil {
				return err
			}
		}
		return nil
	}))
	w.a, w.b = plant(t, c, 0, w.owner, "Северный отдел", "Лавка Альфа"), plant(t, c, 1, w.owner, "Южный отдел", "Лавка Бета")
	w.f = plant(t, c, 2, foreign, "Чужой отдел", "Чужая лавка")
	w.absent = &spot{
		organisation: w.owner, department: "nodepartment0000", outlet: "nooutlet00000000", till: "notill0000000000", agent: "noagent000000000", outletName: "Нет такой лавки",
		name: "kassa-none", fn: "9999078900099999", fd: 77, shift: 99, command: "nocommand0000000", bundle: "nobundle00000000", ticket: "noticket00000000",
		rollout: "norollout0000000", key: "nokey",
	}
	hire := func(login string, organisations ...string) *person {
		made, err := c.access.AddPerson(ctx, login, login, "", access.Viewer)
		must(err)
		p := signIn(t, c, login, made)
		id := personID(t, c, p)
		w.ids[p] = id
		must(c.store.Tx(ctx, func(q *db.Queries) error {
			if err := q.UnassignAll(ctx, db.UnassignAllParams{OrganisationID: w.owner, PersonID: id}); err != nil {
				return err
			}
			if err := q.DeleteMembership(ctx, db.DeleteMembershipParams{OrganisationID: w.owner, PersonID: id}); err != nil {
				return err
			}
			for _, o := range organisations {
				if err := q.CreateMembership(ctx, db.CreateMembershipParams{OrganisationID: o, PersonID: id}); err != nil {
					return err
				}
			}
			return nil
		}))
		return p
	}
	w.foreigner = hire("foreigner", foreign)
	w.assign(t, w.foreigner, foreign, string(access.Administrator), "")
	w.serviceman = hire("serviceman", grantWhole, grantOutlet, grantTill, grantEnded, grantRevoked, grantOffered)
	w.ids[w.walker] = personID(t, c, w.walker)
	grant := func(service, node string, given, ends int64, revoked bool) {
		id := store.NewID()
		must(c.store.Tx(ctx, func(q *db.Queries) error {
			if err := q.CreateGrant(ctx, db.CreateGrantParams{ID: id, OrganisationID: w.owner, ServiceID: service, NodeID: node, OfferedAt: 1, GivenAt: given, GivenBy: "x", EndsAt: ends}); err != nil || !revoked {
				return err
			}
			_, err := q.RevokeGrant(ctx, db.RevokeGrantParams{OrganisationID: w.owner, ID: id, RevokedAt: now, RevokedBy: "x"})
			return err
		}))
	}
	grant(grantWhole, "", 1, 0, false)
	grant(grantOutlet, w.a.outlet, 1, now+time.Hour.Microseconds(), false)
	grant(grantTill, w.a.till, 1, 0, false)
	grant(grantEnded, "", 1, now-time.Minute.Microseconds(), false)
	grant(grantRevoked, "", 1, 0, true)
	grant(grantOffered, "", 0, 0, false)
	return w
}

// assign makes an assignment the only one of a person in an organisation.
func (w *rightsWorld) assign(t *testing.T, p *person, organisation, role, node string) {
	t.Helper()
	err := w.c.store.Tx(t.Context(), func(q *db.Queries) error {
		if err := q.UnassignAll(t.Context(), db.UnassignAllParams{OrganisationID: organisation, PersonID: w.ids[p]}); err != nil {
			return err
		}
		return q.Assign(t.Context(), db.AssignParams{OrganisationID: organisation, PersonID: w.ids[p], Role: role, NodeID: node})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func personID(t *testing.T, c *cabinet, p *person) string {
	t.Helper()
	res, err := p.http.Post(c.addresses.Cabinet+"/cabinet.v1.AccessService/WhoAmI", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var me struct{ Person struct{ ID string } }
	if err := json.NewDecoder(res.Body).Decode(&me); err != nil || me.Person.ID == "" {
		t.Fatalf("who am I: %v %d", err, res.StatusCode)
	}
	return me.Person.ID
}
