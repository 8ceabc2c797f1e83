package notify

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/light"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// Look looks at the tills of every organisation once, decides, and writes down what is to be sent.
func (n *Notify) Look(ctx context.Context) error {
	n.looking.Lock()
	defer n.looking.Unlock()
	owners, err := n.store.Read().ListOwners(ctx)
	if err != nil {
		return fmt.Errorf("list organisations: %w", err)
	}
	var errs []error
	for _, o := range owners {
		if err := n.look(ctx, o.ID); err != nil { // one organisation's trouble is not the others'
			errs = append(errs, fmt.Errorf("organisation %s: %w", o.ID, err))
		}
	}
	return errors.Join(errs...)
}

func (n *Notify) look(ctx context.Context, organisation string) error {
	in := Input{Now: n.now().UTC().Truncate(time.Microsecond), NewID: store.NewID}
	var before map[string]db.NotifyCause
	var err error
	if in.Tills, err = n.tills(ctx, organisation); err != nil {
		return err
	}
	if in.Open, in.Late, before, err = n.causes(ctx, organisation, in.Now); err != nil {
		return err
	}
	if in.Outcomes, err = n.outcomes(ctx, organisation, in.Now); err != nil {
		return err
	}
	if in.Missing, err = n.missing(ctx, organisation, in.Now); err != nil {
		return err
	}
	out := Decide(in)
	var messages []db.CreateNotifyOutboxParams
	var overtaken []string
	r := &router{n: n, organisation: organisation, now: in.Now, reaches: map[string]access.Reach{}, people: map[string]*personWays{}}
	for _, notice := range out.Notices {
		list, drop, err := r.route(ctx, notice)
		if err != nil {
			return err
		}
		messages, overtaken = append(messages, list...), append(overtaken, drop...)
	}
	for i := range messages { // in the order in which it was told
		messages[i].CreatedAt += int64(i)
	}
	return n.write(ctx, organisation, out, before, messages, overtaken)
}

// write keeps a decision, all of it or nothing.
func (n *Notify) write(ctx context.Context, organisation string, out Output, before map[string]db.NotifyCause, messages []db.CreateNotifyOutboxParams, overtaken []string) error {
	var changed []db.PutCauseParams
	for _, c := range out.Causes {
		body, err := json.Marshal(c)
		if err != nil {
			return fmt.Errorf("encode cause: %w", err)
		}
		row := db.PutCauseParams{
			ID: c.ID, OrganisationID: organisation, Key: c.Key(), Event: string(c.Event), Body: string(body), BeganAt: store.Micros(c.Began), ToldAt: store.Micros(c.Told),
			EndedAt: store.Micros(c.Ended),
		}
		if db.NotifyCause(row) != before[c.ID] {
			changed = append(changed, row)
		}
	}
	if len(changed)+len(out.Gone)+len(out.Notices) == 0 {
		return nil
	}
	// What ends goes first: one that lasts may take over its key.
	slices.SortStableFunc(changed, func(a, b db.PutCauseParams) int { return cmp.Compare(min(b.EndedAt, 1), min(a.EndedAt, 1)) })
	now := store.Micros(n.now())
	err := n.store.Tx(ctx, func(q *db.Queries) error {
		for _, id := range out.Gone {
			if err := q.DeleteCause(ctx, id); err != nil {
				return err
			}
		}
		for _, row := range changed {
			if err := q.PutCause(ctx, row); err != nil {
				return err
			}
		}
		for _, notice := range out.Notices {
			s := storyOf(notice)
			body, err := json.Marshal(s)
			if err != nil {
				return err
			}
			id := noticeID(notice)
			if err := q.CreateNotice(ctx, db.CreateNoticeParams{
				ID: id, OrganisationID: organisation, CauseID: notice.Cause.ID, Event: string(s.Event), Kind: int32(s.Kind), Urgent: notice.Urgent, Body: string(body), CreatedAt: now,
			}); err != nil {
				return err
			}
			for _, m := range s.Tills {
				if err := q.CreateNoticeTill(ctx, db.CreateNoticeTillParams{NoticeID: id, TillID: m.ID, OutletID: m.OutletID}); err != nil {
					return err
				}
			}
		}
		for _, m := range messages {
			if _, err := q.CreateNotifyOutbox(ctx, m); err != nil {
				return err
			}
		}
		for _, id := range overtaken {
			if _, err := q.SetOutbox(ctx, db.SetOutboxParams{ID: id, State: dropped}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write decision: %w", err)
	}
	n.wake()
	return nil
}

// wake says that there may be something to send.
func (n *Notify) wake() {
	select {
	case n.due <- struct{}{}:
	default:
	}
}

// noticeID is made of what is told: a second cabinet on the same database that decides the same cannot write it again.
func noticeID(n Notice) string {
	id := n.Cause.ID + "-" + strconv.Itoa(int(n.Kind))
	if n.Kind == Worse {
		id += "-" + strconv.Itoa(n.Cause.Step)
	}
	return id
}

// tills gives the tills of an organisation as decisions are made of.
func (n *Notify) tills(ctx context.Context, organisation string) ([]Till, error) {
	rows, err := n.fleet.Tills(ctx, access.Whole(organisation))
	if err != nil {
		return nil, err
	}
	calling, err := n.store.Read().ListTillsCalling(ctx, organisation)
	if err != nil {
		return nil, fmt.Errorf("list calls for help: %w", err)
	}
	tills := make([]Till, 0, len(rows))
	for _, row := range rows {
		tills = append(tills, n.till(row, slices.Contains(calling, row.ID)))
	}
	return tills, nil
}

func (n *Notify) till(row *fleet.Till, calls bool) Till {
	t := Till{
		ID: row.ID, Name: row.Name, OutletID: row.OutletID, Outlet: row.Outlet, AgentID: row.AgentID, Host: row.Host, Operator: operatorOf(row.State),
		Known: row.Facts.Fresh, Open: light.Open(row.Facts), Problems: Problems(row.Reasons, row.Near()),
		Serviced: !row.Maintenance.Until.IsZero(),
	}
	if s := row.State; s.GetModel() != "" {
		t.Model = strings.TrimSpace(s.GetModel() + " " + s.GetFirmware())
	}
	// Before this cabinet listened it could hear nobody.
	if !row.Facts.Fresh && row.AgentID != "" && !row.Facts.Heard.IsZero() && light.Away(row.Facts, n.began) >= awayFor {
		t.Problems = append(t.Problems, Problem{Event: AgentAway, Code: "away", Step: 1})
	}
	if calls {
		t.Problems = append(t.Problems, Problem{Event: Recovery, Code: "ticket", Step: 2, Red: true})
	}
	return t
}

func operatorOf(s *fiscalv1.TillState) string {
	return cmp.Or(s.GetDelivery().GetOperator(), s.GetDelivery().GetAddress())
}

// causes gives those that last, those that ended lately, and their rows.
func (n *Notify) causes(ctx context.Context, organisation string, now time.Time) (open, late []Cause, rows map[string]db.NotifyCause, err error) {
	rows = map[string]db.NotifyCause{}
	read := func(list []db.NotifyCause, err error) ([]Cause, error) {
		if err != nil {
			return nil, fmt.Errorf("list causes: %w", err)
		}
		var causes []Cause
		for _, row := range list {
			c := Cause{ID: row.ID, Event: Event(row.Event), Began: at(row.BeganAt), Told: at(row.ToldAt), Ended: at(row.EndedAt)}
			if err := json.Unmarshal([]byte(row.Body), &c); err != nil {
				return nil, fmt.Errorf("read cause %s: %w", row.ID, err)
			}
			rows[row.ID] = row
			causes = append(causes, c)
		}
		return causes, nil
	}
	q := n.store.Read()
	if open, err = read(q.ListOpenCauses(ctx, organisation)); err != nil {
		return nil, nil, nil, err
	}
	late, err = read(q.ListLateCauses(ctx, db.ListLateCausesParams{OrganisationID: organisation, Since: store.Micros(now.Add(-day))}))
	return open, late, rows, err
}

// at is a time of the database; 0 is none.
func at(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros)
}

// lookBack is how far back commands are looked for that ended. They end while a cabinet runs, so that a short while is enough.
const lookBack = time.Hour

// repairs are the commands whose end is news to others than who gave them.
var repairs = map[fiscalv1.Action]bool{
	fiscalv1.Action_ACTION_FINISH_PRINT: true, fiscalv1.Action_ACTION_CLOSE_SHIFT: true, fiscalv1.Action_ACTION_REOPEN_PORT: true, fiscalv1.Action_ACTION_REBOOT: true,
	fiscalv1.Action_ACTION_RECOVER: true, fiscalv1.Action_ACTION_DECIDE: true, fiscalv1.Action_ACTION_RESEND_OFD: true,
}

func (n *Notify) outcomes(ctx context.Context, organisation string, now time.Time) ([]Outcome, error) {
	rows, err := n.store.Read().ListEndedCommands(ctx, db.ListEndedCommandsParams{OrganisationID: organisation, Since: store.Micros(now.Add(-lookBack))})
	if err != nil {
		return nil, fmt.Errorf("list commands: %w", err)
	}
	var list []Outcome
	for _, row := range rows {
		if !repairs[fiscalv1.Action(row.Action)] {
			continue
		}
		o := Outcome{ID: "command-" + row.ID, TillID: row.TillID, Args: map[string]string{"action": strconv.Itoa(int(row.Action))}}
		switch cabinetv1.CommandState(row.State) { //nolint:exhaustive // the others have not ended
		case cabinetv1.CommandState_COMMAND_STATE_DONE:
			o.Code = "done"
		case cabinetv1.CommandState_COMMAND_STATE_FAILED:
			o.Code, o.Failed = "failed", true
		case cabinetv1.CommandState_COMMAND_STATE_EXPIRED:
			o.Code, o.Failed = "expired", true
		default:
			continue
		}
		list = append(list, o)
	}
	return list, nil
}
