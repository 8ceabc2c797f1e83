package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// States of a message.
const (
	waiting int32 = iota // for its time
	going                // it may have been sent
	sent
	failed
	dropped // overtaken by events, or not for this reader any more
)

// StateName is a state as it is shown.
func StateName(state int32) string {
	return [...]string{"waiting", "waiting", "sent", "failed", "dropped"}[min(max(state, 0), dropped)]
}

// router finds who is told of notices of one organisation.
type router struct {
	n            *Notify
	organisation string
	now          time.Time

	rules   []db.NotifyRule
	members map[string][]db.ListPeopleOfRolesRow // of each organisation whose rules count
	read    bool
	reaches map[string]access.Reach
	people  map[string]*personWays
	hooks   []hooked
}

// hooked is a webhook of the owner, or of a service centre, with the tills it is told of.
type hooked struct {
	db.NotifyChannel
	reach access.Reach
}

// personWays is a person who may be told, at work in one organisation.
type personWays struct {
	reach    access.Reach
	settings Settings
	channels []db.NotifyChannel
}

// route gives the messages of a notice, and those that it overtakes.
func (r *router) route(ctx context.Context, notice Notice) (list []db.CreateNotifyOutboxParams, drop []string, err error) {
	if err := r.load(ctx); err != nil {
		return nil, nil, err
	}
	s := storyOf(notice)
	if notice.Kind == Ended {
		list, drop, err = r.toSame(ctx, notice)
	} else {
		list, err = r.byRules(ctx, notice, s)
	}
	if err != nil {
		return nil, nil, err
	}
	hooks, err := r.toHooks(ctx, notice, s)
	return append(list, hooks...), drop, err
}

// load reads the rules once: the owner's, and those of service centres that may see something of it.
func (r *router) load(ctx context.Context) error {
	if r.read {
		return nil
	}
	q := r.n.store.Read()
	organisations := []string{r.organisation}
	centres, err := q.ListServiceCentres(ctx, db.ListServiceCentresParams{OrganisationID: r.organisation, Now: store.Micros(r.now)})
	if err != nil {
		return fmt.Errorf("list service centres: %w", err)
	}
	r.members = map[string][]db.ListPeopleOfRolesRow{}
	for _, organisation := range append(organisations, centres...) {
		members, err := q.ListPeopleOfRoles(ctx, organisation)
		if err != nil {
			return fmt.Errorf("list people: %w", err)
		}
		r.members[organisation] = members
		rules, err := q.ListNotifyRules(ctx, organisation)
		if err != nil {
			return fmt.Errorf("list rules: %w", err)
		}
		if len(rules) == 0 {
			if rules, err = r.usual(ctx, organisation); err != nil {
				return err
			}
		}
		r.rules = append(r.rules, rules...)
		if err := r.loadHooks(ctx, organisation); err != nil {
			return err
		}
	}
	r.read = true
	return nil
}

// loadHooks reads the webhooks of the owner or of a service centre.
func (r *router) loadHooks(ctx context.Context, organisation string) error {
	hooks, err := r.n.store.Read().ListWebhooks(ctx, organisation)
	if err != nil {
		return fmt.Errorf("list webhooks: %w", err)
	}
	if len(hooks) == 0 {
		return nil
	}
	reach := access.Whole(organisation)
	if organisation != r.organisation {
		if reach, err = r.n.access.ServiceReach(ctx, organisation); err != nil {
			return err
		}
	}
	for _, hook := range hooks {
		r.hooks = append(r.hooks, hooked{hook, reach})
	}
	return nil
}

// usual is what holds until somebody makes a rule: who may manage them is told of everything.
func (r *router) usual(ctx context.Context, organisation string) (rules []db.NotifyRule, err error) {
	seen := map[string]bool{}
	for _, m := range r.members[organisation] {
		if seen[m.PersonID] {
			continue
		}
		seen[m.PersonID] = true
		p, err := r.n.access.PersonIn(ctx, &access.Person{ID: m.PersonID}, organisation, "")
		if errors.Is(err, access.ErrForbidden) {
			continue
		} else if err != nil {
			return nil, err
		}
		if p.CanAt(access.NotifyManage, access.Place{OrganisationID: organisation}) {
			rules = append(rules, db.NotifyRule{OrganisationID: organisation, PersonID: m.PersonID})
		}
	}
	return rules, nil
}

// ways reads a person once; nil for one who does not work there any more.
func (r *router) ways(ctx context.Context, organisation, person string) (*personWays, error) {
	key := organisation + "/" + person
	if w, ok := r.people[key]; ok {
		return w, nil
	}
	w, err := r.n.ways(ctx, organisation, person)
	if err != nil {
		return nil, err
	}
	r.people[key] = w
	return w, nil
}

func (n *Notify) ways(ctx context.Context, organisation, person string) (*personWays, error) {
	p, err := n.access.PersonIn(ctx, &access.Person{ID: person}, organisation, "")
	if errors.Is(err, access.ErrForbidden) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	w := new(personWays)
	if p.OrganisationID != organisation {
		return nil, nil
	}
	if w.reach, err = n.access.Reach(ctx, p, access.TillsView); err != nil {
		return nil, err
	}
	if w.settings, err = n.settings(ctx, person, p.Country); err != nil {
		return nil, err
	}
	w.channels, err = n.channels(ctx, person)
	return w, err
}

// under tells which tills stand below a node.
func (r *router) under(ctx context.Context, node string, tills []Member) ([]Member, error) {
	if node == "" {
		return tills, nil
	}
	reach, ok := r.reaches[node]
	if !ok {
		right := access.Right{OrganisationID: r.organisation, Node: node, May: access.SetOf(access.TillsView)}
		var err error
		if reach, err = r.n.access.Reach(ctx, &access.Person{Rights: []access.Right{right}}, access.TillsView); err != nil {
			return nil, err
		}
		r.reaches[node] = reach
	}
	return within(reach, r.organisation, tills), nil
}

// within gives the tills that are within reach.
func within(reach access.Reach, organisation string, tills []Member) (list []Member) {
	for _, m := range tills {
		if reach.Has(organisation, m.OutletID, m.ID) {
			list = append(list, m)
		}
	}
	return list
}

func has(list, one string) bool {
	return list == "" || slices.Contains(strings.Fields(list), one)
}

func (r *router) byRules(ctx context.Context, notice Notice, s story) (list []db.CreateNotifyOutboxParams, err error) {
	told := map[string]bool{} // channels
	for _, rule := range r.rules {
		if !has(rule.Events, string(s.Event)) {
			continue
		}
		tills, err := r.under(ctx, rule.NodeID, s.Tills)
		if err != nil {
			return nil, err
		}
		for _, person := range r.who(rule) {
			w, err := r.ways(ctx, rule.OrganisationID, person)
			if err != nil {
				return nil, err
			}
			if w == nil || len(within(w.reach, r.organisation, tills)) == 0 {
				continue
			}
			for _, c := range w.channels {
				if c.ConfirmedAt == 0 || told[c.ID] || !has(rule.Kinds, c.Kind) {
					continue
				}
				told[c.ID] = true
				due, digest := w.settings.When(r.now, notice.Urgent)
				list = append(list, r.message(notice, c, rule.OrganisationID, person, due, digest))
			}
		}
	}
	return list, nil
}

// who gives the people of a rule.
func (r *router) who(rule db.NotifyRule) (people []string) {
	if rule.PersonID != "" {
		return []string{rule.PersonID}
	}
	for _, m := range r.members[rule.OrganisationID] {
		if m.Role == rule.Role && !slices.Contains(people, m.PersonID) {
			people = append(people, m.PersonID)
		}
	}
	return people
}

func (r *router) message(notice Notice, c db.NotifyChannel, organisation, person string, due time.Time, digest bool) db.CreateNotifyOutboxParams {
	return db.CreateNotifyOutboxParams{
		ID: store.NewID(), NoticeID: noticeID(notice), ChannelID: c.ID, OrganisationID: organisation, PersonID: person, Kind: c.Kind, State: waiting, Digest: digest,
		CreatedAt: store.Micros(r.now), DueAt: store.Micros(due), Event: string(notice.Cause.Event),
	}
}

// toSame tells that all is well to those who were told that it was not. Who is still to hear of the one, and not as part of a
// summary, need not hear of either.
func (r *router) toSame(ctx context.Context, notice Notice) (list []db.CreateNotifyOutboxParams, drop []string, err error) {
	rows, err := r.n.store.Read().ListOutboxOfCause(ctx, notice.Cause.ID)
	if err != nil {
		return nil, nil, fmt.Errorf("list messages of cause: %w", err)
	}
	heard := map[string]bool{}
	var order []db.ListOutboxOfCauseRow
	for _, row := range rows {
		if row.PersonID == "" {
			continue
		}
		if _, seen := heard[row.ChannelID]; !seen {
			order = append(order, row)
			heard[row.ChannelID] = false
		}
		if row.State == waiting && !row.Digest {
			drop = append(drop, row.ID)
		} else if row.State == going || row.State == sent || row.State == waiting {
			heard[row.ChannelID] = true
		}
	}
	for _, row := range order {
		if !heard[row.ChannelID] {
			continue
		}
		w, err := r.ways(ctx, row.OrganisationID, row.PersonID)
		if err != nil {
			return nil, nil, err
		}
		if w == nil {
			continue
		}
		for _, c := range w.channels {
			if c.ID == row.ChannelID {
				due, digest := w.settings.When(r.now, false)
				list = append(list, r.message(notice, c, row.OrganisationID, row.PersonID, due, digest))
			}
		}
	}
	return list, drop, nil
}

// toHooks makes the messages of webhooks; their bodies are made now, for what is resent later has to be what was told.
func (r *router) toHooks(ctx context.Context, notice Notice, s story) (list []db.CreateNotifyOutboxParams, err error) {
	for _, hook := range r.hooks {
		if hook.Off || !has(hook.Events, string(s.Event)) {
			continue
		}
		tills, err := r.under(ctx, hook.NodeID, within(hook.reach, r.organisation, s.Tills))
		if err != nil {
			return nil, err
		}
		if len(tills) == 0 {
			continue
		}
		m := r.message(notice, hook.NotifyChannel, hook.OrganisationID, "", r.now, false)
		body := hookBody{
			ID: m.ID, Event: string(s.Event), Kind: kindNames[s.Kind], Cause: notice.Cause.ID, Urgent: notice.Urgent,
			At: stamp(r.now), Since: stamp(s.Began), Organisation: r.organisation, Common: string(s.Common), CommonName: s.Name,
		}
		if m.Body, err = r.n.fill(body, s.of(tills)); err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}
