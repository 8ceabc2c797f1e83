package notify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// mostRules bounds those of one person, and those of one organisation.
const mostRules = 50

// Rule says who is told of what, where and how.
type Rule struct {
	ID     string
	Events []string
	// Kinds are the ways: mail, sms, telegram; none is all.
	Kinds []string
	Node  string
	// Role is who is told; empty is the person it belongs to.
	Role string
	// Own says that it is a person's own.
	Own bool
}

// Rules gives the caller's own, and those of the organisation to who may manage them. usual says that nobody in the organisation
// has made one.
func (n *Notify) Rules(ctx context.Context, p *access.Person) (list []Rule, usual bool, err error) {
	rows, err := n.store.Read().ListNotifyRules(ctx, p.OrganisationID)
	if err != nil {
		return nil, false, fmt.Errorf("list rules: %w", err)
	}
	for _, r := range rows {
		if r.PersonID == p.ID && !p.Key || r.PersonID == "" && p.Can(access.NotifyManage) {
			list = append(list, Rule{ID: r.ID, Events: strings.Fields(r.Events), Kinds: strings.Fields(r.Kinds), Node: r.NodeID, Role: r.Role, Own: r.PersonID != ""})
		}
	}
	return list, len(rows) == 0, nil
}

// checked is a list of words of ours, in order, without repeats.
func checked(list []string, what string, known func(string) bool) (string, error) {
	list = slices.Compact(slices.Sorted(slices.Values(list)))
	for _, one := range list {
		if !known(one) {
			return "", invalid("%s %q is not one", what, bounded(one, 40))
		}
	}
	return strings.Join(list, " "), nil
}

func knownEvent(e string) bool { _, ok := kindOf(Event(e)); return ok }

func knownKind(k string) bool { return k == "mail" || k == "sms" || k == "telegram" }

// PutRule makes or changes a rule: one's own, or one of the organisation for a role.
func (n *Notify) PutRule(ctx context.Context, p *access.Person, r Rule) (Rule, error) {
	row := db.CreateNotifyRuleParams{ID: r.ID, OrganisationID: p.OrganisationID, Role: r.Role, NodeID: r.Node, CreatedAt: store.Micros(n.now())}
	if p.OrganisationID == "" {
		return r, invalid("rules belong to an organisation")
	}
	if r.Own {
		if err := human(p); err != nil {
			return r, err
		}
		row.PersonID, row.Role = p.ID, ""
	} else if r.Role == "" {
		return r, invalid("a rule of the organisation names a role")
	}
	var err error
	if row.Events, err = checked(r.Events, "event", knownEvent); err != nil {
		return r, err
	}
	if row.Kinds, err = checked(r.Kinds, "way", knownKind); err != nil {
		return r, err
	}
	if row.Role != "" {
		if err := n.checkRole(ctx, p.OrganisationID, row.Role); err != nil {
			return r, err
		}
	}
	if err := n.checkNode(ctx, p, r.Node); err != nil {
		return r, err
	}
	list, err := n.store.Read().ListNotifyRules(ctx, p.OrganisationID)
	if err != nil {
		return r, fmt.Errorf("list rules: %w", err)
	}
	same := 0
	for _, l := range list {
		if l.PersonID == row.PersonID {
			same++
		}
	}
	if row.ID == "" && same >= mostRules {
		return r, invalid("there are %d rules already", mostRules)
	}
	err = n.store.Tx(ctx, func(q *db.Queries) error {
		act, old := "notify.rule.added", ""
		if row.ID == "" {
			row.ID = store.NewID()
			if err := q.CreateNotifyRule(ctx, row); err != nil {
				return fmt.Errorf("store rule: %w", err)
			}
		} else {
			was, err := q.GetNotifyRule(ctx, db.GetNotifyRuleParams{ID: row.ID, OrganisationID: row.OrganisationID, PersonID: row.PersonID})
			if store.NotFound(err) {
				return ErrNotFound
			} else if err != nil {
				return fmt.Errorf("find rule: %w", err)
			}
			act, old = "notify.rule.changed", ruleText(was)
			if _, err := q.SetNotifyRule(ctx, db.SetNotifyRuleParams{
				ID: row.ID, OrganisationID: row.OrganisationID, PersonID: row.PersonID, Role: row.Role, Events: row.Events, Kinds: row.Kinds, NodeID: row.NodeID,
			}); err != nil {
				return fmt.Errorf("store rule: %w", err)
			}
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: act, Object: row.ID, Name: ruleName(p, row.Role), Old: old, New: ruleText(db.NotifyRule(row))})
	})
	r.ID, r.Role, r.Events, r.Kinds = row.ID, row.Role, strings.Fields(row.Events), strings.Fields(row.Kinds)
	return r, err
}

func ruleName(p *access.Person, role string) string {
	if role == "" {
		return p.Login
	}
	return role
}

func ruleText(r db.NotifyRule) string {
	all := func(s string) string {
		if s == "" {
			return "*"
		}
		return s
	}
	return all(r.Events) + " → " + all(r.Kinds) + " @ " + all(r.NodeID)
}

// checkRole says whether an organisation has a role.
func (n *Notify) checkRole(ctx context.Context, organisation, role string) error {
	if slices.Contains(access.Roles(), access.Role(role)) {
		return nil
	}
	roles, err := n.store.Read().ListCustomRoles(ctx, organisation)
	if err != nil {
		return fmt.Errorf("list roles: %w", err)
	}
	for _, r := range roles {
		if r.ID == role {
			return nil
		}
	}
	return invalid("there is no such role")
}

// checkNode says whether a node is one the caller sees something at; of a service centre it may stand in an owner's tree.
func (n *Notify) checkNode(ctx context.Context, p *access.Person, node string) error {
	if node == "" {
		return nil
	}
	_, known, err := n.access.FindNode(ctx, p, access.TillsView, node)
	if err == nil && !known {
		err = fmt.Errorf("node: %w", ErrNotFound)
	}
	return err
}

// DeleteRule takes a rule away: one's own, or one of the organisation.
func (n *Notify) DeleteRule(ctx context.Context, p *access.Person, id string, own bool) error {
	person := ""
	if own {
		if err := human(p); err != nil {
			return err
		}
		person = p.ID
	}
	return n.store.Tx(ctx, func(q *db.Queries) error {
		was, err := q.GetNotifyRule(ctx, db.GetNotifyRuleParams{ID: id, OrganisationID: p.OrganisationID, PersonID: person})
		if store.NotFound(err) {
			return ErrNotFound
		} else if err != nil {
			return fmt.Errorf("find rule: %w", err)
		}
		if _, err := q.DeleteNotifyRule(ctx, db.DeleteNotifyRuleParams{ID: id, OrganisationID: p.OrganisationID, PersonID: person}); err != nil {
			return fmt.Errorf("delete rule: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: "notify.rule.deleted", Object: id, Name: ruleName(p, was.Role), Old: ruleText(was)})
	})
}
