package remote

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/light"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

const (
	// understands is the capability from which on agents go by rules.
	understands = 6
	// triedDays is on how many days a rule is tried.
	triedDays = 7
	// maxFirings bounds what is listed of a trial.
	maxFirings = 100
)

// forest is an organisation's tree and rules, read at once.
type forest struct {
	book    book
	changed map[string]map[string]db.NodeRule
	above   map[string]string // department to the one above
	names   map[string]string // of every node
	tills   []db.ListTillPlacesRow
}

func (r *Remote) forest(ctx context.Context, organisation string) (*forest, error) {
	q := r.store.Read()
	f := &forest{book: book{}, changed: map[string]map[string]db.NodeRule{}, above: map[string]string{}, names: map[string]string{}}
	rows, err := q.ListNodeRules(ctx, organisation)
	if err != nil {
		return nil, fmt.Errorf("list rules: %w", err)
	}
	for _, row := range rows {
		if f.book[row.NodeID] == nil {
			f.book[row.NodeID], f.changed[row.NodeID] = map[string]Setting{}, map[string]db.NodeRule{}
		}
		f.book[row.NodeID][row.Name] = Setting{row.SwitchedOn, int(row.AtMinute), int(row.IdleMinutes), int(row.Seconds)}
		f.changed[row.NodeID][row.Name] = row
	}
	departments, err := q.ListDepartmentTree(ctx, organisation)
	if err != nil {
		return nil, fmt.Errorf("list departments: %w", err)
	}
	for _, d := range departments {
		f.above[d.ID], f.names[d.ID] = d.ParentID, d.Name
	}
	if f.tills, err = q.ListTillPlaces(ctx, organisation); err != nil {
		return nil, fmt.Errorf("list tills: %w", err)
	}
	for _, t := range f.tills {
		f.names[t.ID], f.names[t.OutletID] = t.Name, t.Outlet
	}
	return f, nil
}

// path is the way to a till, from the organisation down.
func (f *forest) path(t db.ListTillPlacesRow) []string {
	return slices.Concat([]string{""}, access.Way(f.above, t.DepartmentID), []string{t.OutletID, t.ID})
}

// under gives the tills at or below a node.
func (f *forest) under(node string) (list []db.ListTillPlacesRow) {
	for _, t := range f.tills {
		if slices.Contains(f.path(t), node) {
			list = append(list, t)
		}
	}
	return list
}

// messages gives what each agent of the organisation is to go by.
func (f *forest) messages() (map[string]*uplinkv1.Rules, error) {
	seats := map[string][]seat{}
	for _, t := range f.tills {
		if t.AgentID != "" {
			seats[t.AgentID] = append(seats[t.AgentID], seat{t.Name, f.path(t)})
		}
	}
	list := make(map[string]*uplinkv1.Rules, len(seats))
	for agent, tills := range seats {
		m, err := f.book.message(tills)
		if err != nil {
			return nil, err
		}
		list[agent] = m
	}
	return list, nil
}

// RulesOf gives the rules an agent is to go by.
func (r *Remote) RulesOf(ctx context.Context, agent *access.Agent) (*uplinkv1.Rules, error) {
	rows, err := r.store.Read().ListNodeRules(ctx, agent.OrganisationID)
	if err != nil {
		return nil, fmt.Errorf("list rules: %w", err)
	}
	if len(rows) == 0 {
		return new(uplinkv1.Rules), nil
	}
	// One that does not know rules would never say that it has them, and be told again at once.
	if ability, err := r.store.Read().GetAgentAbility(ctx, agent.ID); err != nil {
		return nil, fmt.Errorf("read agent: %w", err)
	} else if ability.Capability < understands {
		return new(uplinkv1.Rules), nil
	}
	f, err := r.forest(ctx, agent.OrganisationID)
	if err != nil {
		return nil, err
	}
	all, err := f.messages()
	if err != nil {
		return nil, err
	}
	if m := all[agent.ID]; m != nil {
		return m, nil
	}
	return new(uplinkv1.Rules), nil
}

// Told notes which rules an agent goes by.
func (r *Remote) Told(ctx context.Context, agent *access.Agent, version string) error {
	if len(version) > maxID || !store.Keeps(version) {
		return fmt.Errorf("version of rules: %w", ErrInvalid)
	}
	r.mu.Lock()
	known, same := r.told[agent.ID]
	same = same && known == version
	r.told[agent.ID] = version
	r.mu.Unlock()
	if same {
		return nil
	}
	if err := r.store.Write().SetAgentRules(ctx, db.SetAgentRulesParams{ID: agent.ID, RulesVersion: version}); err != nil {
		return fmt.Errorf("note rules of an agent: %w", err)
	}
	return nil
}

// Node is a place where rules are set, with the way to it.
type Node struct {
	OrganisationID string
	// Path is the ids from the organisation, which has none, down to the node.
	Path []string
}

// ID is the node's own.
func (n Node) ID() string { return n.Path[len(n.Path)-1] }

// NodeAt is the node of a place.
func NodeAt(p access.Place) Node {
	return Node{p.OrganisationID, append([]string{""}, p.Path...)}
}

// NodeRules are the rules as they hold at a node.
type NodeRules struct {
	Name                string
	Rules               []*cabinetv1.NodeRule
	Tills, Told, TooOld uint32
}

// At gives every rule as it holds at a node, and how many of its tills go by it.
func (r *Remote) At(ctx context.Context, n Node) (NodeRules, error) {
	f, err := r.forest(ctx, n.OrganisationID)
	if err != nil {
		return NodeRules{}, err
	}
	res := NodeRules{Name: f.names[n.ID()]}
	for _, name := range Rules {
		res.Rules = append(res.Rules, f.view(n, name))
	}
	agents, err := r.store.Read().ListAgentRules(ctx, n.OrganisationID)
	if err != nil {
		return NodeRules{}, fmt.Errorf("list agents: %w", err)
	}
	of := map[string]db.ListAgentRulesRow{}
	for _, a := range agents {
		of[a.ID] = a
	}
	messages, err := f.messages()
	if err != nil {
		return NodeRules{}, err
	}
	for _, t := range f.under(n.ID()) {
		res.Tills++
		a, held := of[t.AgentID]
		switch {
		case !held:
		case a.Capability < understands:
			res.TooOld++
		case a.RulesVersion == messages[t.AgentID].GetVersion():
			res.Told++
		}
	}
	return res, nil
}

func settingView(s Setting) *cabinetv1.RuleSetting {
	return &cabinetv1.RuleSetting{On: s.On, AtMinute: uint32(s.AtMinute), IdleMinutes: uint32(s.IdleMinutes), Seconds: uint32(s.Seconds)}
}

func (f *forest) view(n Node, name string) *cabinetv1.NodeRule {
	v := &cabinetv1.NodeRule{Name: name, Usual: settingView(Usual(name))}
	if s, set := f.book[n.ID()][name]; set {
		row := f.changed[n.ID()][name]
		v.Here, v.ChangedBy, v.ChangedMs = settingView(s), row.ChangedBy, row.ChangedAt/1000
	}
	if s, from, set := f.book.holds(n.Path, name); set {
		v.Holds, v.From = settingView(s), &cabinetv1.RuleNode{Id: from, Name: f.names[from]}
	}
	if s, from, set := f.book.holds(n.Path[:len(n.Path)-1], name); set {
		v.Above, v.AboveFrom = settingView(s), &cabinetv1.RuleNode{Id: from, Name: f.names[from]}
	}
	return v
}

// said is a setting as the journal of acts keeps it.
func said(s Setting, set bool) string {
	switch {
	case !set:
		return "—"
	case !s.On:
		return "выключено"
	case s.AtMinute > 0:
		return fmt.Sprintf("включено, %02d:%02d, без чеков %d мин", s.AtMinute/60, s.AtMinute%60, s.IdleMinutes)
	case s.IdleMinutes > 0:
		return fmt.Sprintf("включено, %d мин", s.IdleMinutes)
	case s.Seconds > 0:
		return fmt.Sprintf("включено, %d с", s.Seconds)
	}
	return "включено"
}

// Set sets a rule at a node; nil gives it back to the node above. Agents below are told.
func (r *Remote) Set(ctx context.Context, p *access.Person, n Node, name string, setting *Setting) (*cabinetv1.NodeRule, error) {
	var s Setting
	if setting != nil {
		s = *setting
	} else {
		s = Usual(name)
	}
	s, err := tidied(name, s)
	if err != nil {
		return nil, err
	}
	before, err := r.forest(ctx, n.OrganisationID)
	if err != nil {
		return nil, err
	}
	was, had := before.book[n.ID()][name]
	err = r.store.Tx(ctx, func(q *db.Queries) error {
		if setting == nil {
			err = q.DeleteNodeRule(ctx, db.DeleteNodeRuleParams{OrganisationID: n.OrganisationID, NodeID: n.ID(), Name: name})
		} else {
			err = q.PutNodeRule(ctx, db.PutNodeRuleParams{
				OrganisationID: n.OrganisationID, NodeID: n.ID(), Name: name, SwitchedOn: s.On, AtMinute: int32(s.AtMinute), IdleMinutes: int32(s.IdleMinutes),
				Seconds: int32(s.Seconds), ChangedBy: p.Login, ChangedAt: store.Micros(r.now()),
			})
		}
		if err != nil {
			return err
		}
		return audit.Note(ctx, q, audit.Entry{
			OrganisationID: n.OrganisationID, Act: "rule." + name, Object: n.ID(), Name: before.names[n.ID()], Old: said(was, had), New: said(s, setting != nil),
		})
	})
	if err != nil {
		return nil, fmt.Errorf("store rule: %w", err)
	}
	now, err := r.forest(ctx, n.OrganisationID)
	if err != nil {
		return nil, err
	}
	roused := map[string]bool{}
	for _, t := range now.under(n.ID()) {
		if t.AgentID != "" && !roused[t.AgentID] {
			roused[t.AgentID] = true
			r.fleet.Rouse(t.AgentID)
		}
	}
	return now.view(n, name), nil
}

// Trial is what a rule would have done.
type Trial struct {
	Firings []*cabinetv1.RuleFiring
	Total   int
	Tills   int
	Since   time.Time
}

// Try tells what a rule would have done at a node in the last seven days. Nothing is set.
func (r *Remote) Try(ctx context.Context, n Node, name string, s Setting) (Trial, error) {
	s, err := tidied(name, s)
	if err != nil {
		return Trial{}, err
	}
	f, err := r.forest(ctx, n.OrganisationID)
	if err != nil {
		return Trial{}, err
	}
	now := r.now().UTC()
	since := now.AddDate(0, 0, -triedDays)
	q := r.store.Read()
	first, err := q.FirstProblemTime(ctx, n.OrganisationID)
	if err != nil {
		return Trial{}, fmt.Errorf("find the first problem: %w", err)
	}
	trial := Trial{Since: since}
	if known := time.UnixMicro(first); name != RuleCloseShift && (first == 0 || known.After(since)) {
		if trial.Since = known.UTC(); first == 0 {
			trial.Since = now
		}
	}
	pasts, err := r.pasts(ctx, n.OrganisationID, name, s, since, now)
	if err != nil {
		return Trial{}, err
	}
	type hit struct {
		till db.ListTillPlacesRow
		firing
	}
	var hits []hit
	for _, t := range f.under(n.ID()) {
		trial.Tills++
		p := pasts[t.ID]
		if p == nil {
			continue
		}
		for _, x := range try(name, s, *p, since, now) {
			hits = append(hits, hit{t, x})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return b.at.Compare(a.at) })
	trial.Total = len(hits)
	for _, h := range hits[:min(len(hits), maxFirings)] {
		trial.Firings = append(trial.Firings, &cabinetv1.RuleFiring{
			TillId: h.till.ID, Till: h.till.Name, AtMs: h.at.UnixMilli(), Evidence: h.by, LastedMs: h.lasted.Milliseconds(),
		})
	}
	return trial, nil
}

// pasts reads what a rule is tried on, by till.
func (r *Remote) pasts(ctx context.Context, organisation, name string, s Setting, since, now time.Time) (map[string]*past, error) {
	q := r.store.Read()
	list := map[string]*past{}
	of := func(till string) *past {
		if list[till] == nil {
			list[till] = &past{busy: func(time.Time, time.Time) bool { return false }}
		}
		return list[till]
	}
	problems, err := q.ListProblemTimes(ctx, db.ListProblemTimesParams{OrganisationID: organisation, Since: store.Micros(since)})
	if err != nil {
		return nil, fmt.Errorf("list problems: %w", err)
	}
	for _, row := range problems {
		x := stretch{code: row.Code, begin: time.UnixMicro(row.BeganAt).UTC()}
		if row.EndedAt != 0 {
			x.end = time.UnixMicro(row.EndedAt).UTC()
		}
		of(row.TillID).problems = append(of(row.TillID).problems, x)
	}
	commands, err := q.ListCommandTimes(ctx, db.ListCommandTimesParams{OrganisationID: organisation, CreatedAt: store.Micros(since)})
	if err != nil {
		return nil, fmt.Errorf("list commands: %w", err)
	}
	for _, row := range commands {
		if row.Rule == "" && row.State == int32(cabinetv1.CommandState_COMMAND_STATE_DONE) {
			of(row.TillID).deeds = append(of(row.TillID).deeds, deed{fiscalv1.Action(row.Action), time.UnixMicro(row.CreatedAt).UTC()})
		}
	}
	if name != RuleCloseShift {
		return list, nil
	}
	const civil = "2006-01-02T15:04"
	shifts, err := q.ListShiftTimes(ctx, db.ListShiftTimesParams{OrganisationID: organisation, Since: since.Format(civil)})
	if err != nil {
		return nil, fmt.Errorf("list shifts: %w", err)
	}
	for _, row := range shifts {
		opened, ok := light.Civil(row.OpenedAt)
		if !ok {
			continue // its opening never came
		}
		closed, _ := light.Civil(row.ClosedAt)
		of(row.TillID).shifts = append(of(row.TillID).shifts, shiftTime{opened, closed})
	}
	// Which tills were busy before the time is asked once an evening for all of them.
	type evening struct {
		day  string
		till string
	}
	busy := map[evening]bool{}
	for day := since.Truncate(24 * time.Hour); !day.After(now); day = day.AddDate(0, 0, 1) {
		at := day.Add(time.Duration(s.AtMinute) * time.Minute)
		tills, err := q.ListBusyTills(ctx, db.ListBusyTillsParams{
			OrganisationID: organisation, Since: at.Add(-time.Duration(s.IdleMinutes) * time.Minute).Format(civil), Until: at.Format(civil),
		})
		if err != nil {
			return nil, fmt.Errorf("list documents: %w", err)
		}
		for _, till := range tills {
			busy[evening{at.Format(civil), till}] = true
		}
	}
	for till, p := range list {
		p.busy = func(_, to time.Time) bool { return busy[evening{to.Format(civil), till}] }
	}
	return list, nil
}
