package notify

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/light"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

const (
	warning  = fiscalv1.Severity_SEVERITY_WARNING
	critical = fiscalv1.Severity_SEVERITY_CRITICAL
)

// cases are every event through the whole way: what breaks a till, and the subject of the letter.
var cases = []struct {
	event   Event
	subject string
	// ends is what is said when it is well again.
	ends   string
	breaks func(w *world)
	// mends is how it gets well; nil: the problem is no more.
	mends func(w *world)
}{
	{event: NeedsPerson, subject: "Касса 0 (Магазин 0): не удалось выяснить, пробит ли последний документ", ends: "решение человека больше не нужно", breaks: declare("needs_person", critical)},
	{event: Unfinished, subject: "Касса 0 (Магазин 0): выясняется, пробит ли последний документ", ends: "что стало с документом, выяснено", breaks: declare("unfinished", critical)},
	{event: Device, subject: "Касса 0 (Магазин 0): в кассе нет бумаги", ends: "бумага снова есть", breaks: declare("no_paper", critical)},
	{event: Shift, subject: "Касса 0 (Магазин 0): смена длится больше 24 часов", ends: "долгая смена закрыта", breaks: declare("shift_expired", critical)},
	{
		event: Silence, subject: "Касса 0 (Магазин 0): документов нет 24 ч рабочего времени", ends: "документы снова идут",
		breaks: func(w *world) { w.shops[0].state.LastAt = w.civil(24 * time.Hour) }, mends: func(w *world) { w.shops[0].state.LastAt = w.civil(0) },
	},
	{
		event: OFDQueue, subject: "Касса 0 (Магазин 0): не передано в ОФД: 3, самый старый документ ждёт 24 ч", ends: "документы снова уходят в ОФД вовремя",
		breaks: func(w *world) { w.shops[0].state.Unsent, w.shops[0].state.UnsentFrom = 3, w.civil(24*time.Hour) },
		mends:  func(w *world) { w.shops[0].state.Unsent, w.shops[0].state.UnsentFrom = 0, "" },
	},
	{event: OFDLink, subject: "Касса 0 (Магазин 0): связь с ОФД", ends: "ОФД снова принимает документы", breaks: declare("ofd_notice", warning)},
	{
		event: OFDContract, subject: "Касса 0 (Магазин 0): договор с ОФД: осталось 20 дн.", ends: "срок договора с ОФД больше не подходит к концу",
		breaks: func(w *world) { w.contract(w.day(20)) }, mends: func(w *world) { w.contract("2027-03-30") },
	},
	{event: FNFault, subject: "Касса 0 (Магазин 0): фискальный накопитель заблокирован", ends: "накопитель снова работает", breaks: declare("fn_blocked", critical)},
	{
		event: FNTerm, subject: "Касса 0 (Магазин 0): срок фискального накопителя: осталось 29 дн.", ends: "срок накопителя больше не подходит к концу",
		breaks: func(w *world) { w.shops[0].state.FnExpiry = w.day(29) }, mends: func(w *world) { w.shops[0].state.FnExpiry = "2029-01-01" },
	},
	{event: FNRoom, subject: "Касса 0 (Магазин 0): память фискального накопителя почти заполнена", ends: "памяти накопителя снова хватает", breaks: declare("fn_memory", warning)},
	{
		event: AgentAway, subject: "Компьютер PC0, 1 касса: агент не на связи", ends: "агент снова на связи",
		breaks: func(w *world) { w.shops[0].dead = true }, mends: func(w *world) { w.shops[0].dead = false },
	},
	{event: AgentFault, subject: "Компьютер PC0, 1 касса: на диске нет места для журнала", ends: "на диске снова есть место для журнала", breaks: declare("journal_full", critical)},
	{event: Clock, subject: "Касса 0 (Магазин 0): касса потеряла время или ждёт его подтверждения", ends: "часы кассы снова идут верно", breaks: declare("clock", critical)},
	{
		event: Certificate, subject: "Компьютер PC0, 1 касса: сертификат агента: осталось 2 дн.", ends: "срок сертификата агента больше не подходит к концу",
		breaks: func(w *world) { w.certificate(60 * time.Hour) }, mends: func(w *world) { w.certificate(14 * day) },
	},
	{event: Conflict, subject: "Компьютер PC0, 1 касса: два компьютера под одним именем", ends: "под этим именем снова один компьютер", breaks: declare("agent_twins", warning)},
	{
		event: Recovery, subject: "Касса 0 (Магазин 0): восстановление не помогло, касса ждёт человека", ends: "касса больше не ждёт человека",
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
					if all := spoken(m.Subject + m.Text); strings.Contains(all, "Иванова") || strings.Contains(all, "500") {
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
				who, _, _ := strings.Cut(c.subject, ":")
				want(t, w.mail.take(), who+": "+c.ends)
			})
		}
	})
	for _, k := range kinds {
		if !seen[k.event] && k.event != Gap { // TestNotify_gap
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
		want(t, w.mail.take(), "ОФД Такском, 40 касс: документы снова уходят в ОФД вовремя")
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
