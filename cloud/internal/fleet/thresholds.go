package fleet

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/light"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// Node is where limits of the traffic light are set: the organisation (no id), a department, an outlet or a till.
type Node struct {
	Level light.Level
	ID    string
}

// settings are what people have set for the traffic light of an organisation.
type settings struct {
	limits map[Node][]light.Override
	hours  map[Node]light.Hours
	shape  shape
	rates  map[string]span // by fiscal memory
	// operators are the taxpayer numbers of those chosen, by till
	operators   map[string]string
	maintenance map[string]Maintenance // by till
}

// shape is the tree that limits are handed down by.
type shape struct {
	above map[string]string // of a department and of an outlet the department above; "" at the top
	names map[Node]string
}

// departments gives the tree without outlets: who reads tills has theirs with them, and of outlets there may be thousands.
func (f *Fleet) departments(ctx context.Context, organisation string) (shape, error) {
	t := shape{above: map[string]string{}, names: map[Node]string{}}
	departments, err := f.store.Read().ListDepartments(ctx, organisation)
	if err != nil {
		return t, fmt.Errorf("list departments: %w", err)
	}
	for _, d := range departments {
		t.above[d.ID], t.names[Node{light.OfDepartment, d.ID}] = d.ParentID, d.Name
	}
	return t, nil
}

// put puts an outlet into the tree.
func (t shape) put(id, department, name string) {
	if _, known := t.above[id]; !known {
		t.above[id], t.names[Node{light.OfOutlet, id}] = department, name
	}
}

// shape gives the tree with its outlets.
func (f *Fleet) shape(ctx context.Context, organisation string) (shape, error) {
	t, err := f.departments(ctx, organisation)
	if err != nil {
		return t, err
	}
	outlets, err := f.store.Read().ListTreeOutlets(ctx, organisation)
	if err != nil {
		return t, fmt.Errorf("list outlets: %w", err)
	}
	for _, o := range outlets {
		t.put(o.ID, o.DepartmentID, o.Name)
	}
	return t, nil
}

// over gives the departments above a node, from far to near.
func (t shape) over(id string) []Node {
	var list []Node
	for _, above := range access.Way(t.above, t.above[id]) {
		list = append(list, Node{light.OfDepartment, above})
	}
	return list
}

// settings gives what is set, and the tree without outlets.
func (f *Fleet) settings(ctx context.Context, organisation string) (settings, error) {
	s := settings{limits: map[Node][]light.Override{}, hours: map[Node]light.Hours{}}
	var err error
	if s.shape, err = f.departments(ctx, organisation); err != nil {
		return s, err
	}
	rows, err := f.store.Read().ListThresholds(ctx, organisation)
	if err != nil {
		return s, fmt.Errorf("list thresholds: %w", err)
	}
	for _, r := range rows {
		n := Node{light.Level(r.Level), r.NodeID}
		s.limits[n] = append(s.limits[n], light.Override{
			Level: n.Level, Metric: light.Metric(r.Metric), Limit: light.Limit{Warn: r.Warn, Critical: r.Critical},
		})
	}
	if s.rates, err = f.ratesOf(ctx, organisation); err != nil {
		return s, err
	}
	if s.operators, err = f.wantedOf(ctx, organisation); err != nil {
		return s, err
	}
	if s.maintenance, err = f.maintenanceOf(ctx, organisation); err != nil {
		return s, err
	}
	hours, err := f.store.Read().ListWorkingHours(ctx, organisation)
	if err != nil {
		return s, fmt.Errorf("list working hours: %w", err)
	}
	for _, r := range hours {
		s.hours[Node{light.Level(r.Level), r.NodeID}] = light.Hours{From: int(r.Begins), To: int(r.Ends)}
	}
	return s, nil
}

// way lists the nodes above a till and itself, from far to near.
func (t shape) way(outletID, tillID string) []Node {
	return append(t.wayTo(Node{light.OfOutlet, outletID}), Node{light.OfTill, tillID})
}

// wayTo lists the nodes above a department or an outlet and itself, from far to near.
func (t shape) wayTo(n Node) []Node {
	return append(append([]Node{{Level: light.OfOrganisation}}, t.over(n.ID)...), n)
}

func (s settings) limitsOf(nodes []Node) light.Limits {
	var l light.Limits
	for _, n := range nodes {
		for _, o := range s.limits[n] {
			o.Name = s.shape.names[n]
			l = append(l, o)
		}
	}
	return l
}

func (s settings) hoursOf(nodes []Node) (h light.Hours, level light.Level, name string) {
	for _, n := range nodes {
		if set, ok := s.hours[n]; ok {
			h, level, name = set, n.Level, s.shape.names[n]
		}
	}
	return h, level, name
}

// look gives the cells of a till and when it will stop. Its cells as they were last shown are kept, for the band of the rules.
func (f *Fleet) look(t *Till, row db.GetTillRow, fresh bool, s settings) error {
	facts := light.Facts{Now: f.now(), Fresh: fresh, Heard: t.Heard, Reported: t.Reported, State: t.State}
	if row.HeardAt == 0 {
		facts.Heard = time.Time{}
	}
	if row.ReportedAt == 0 {
		facts.Reported = time.Time{}
	}
	if row.CertificateEndsAt != 0 {
		facts.CertificateUntil = time.UnixMicro(row.CertificateEndsAt)
	}
	if len(row.Problems) > 0 {
		var told uplinkv1.ReportStateRequest
		if err := proto.Unmarshal(row.Problems, &told); err != nil {
			return fmt.Errorf("problems of agent %s: %w", t.AgentID, err)
		}
		facts.Agent = told.GetProblems()
	}
	facts.ShiftOpened, _ = light.Civil(row.ShiftOpenedAt)
	facts.Contract, _ = light.Civil(row.OfdContract)
	if last, ok := light.Civil(t.State.GetLastAt()); ok {
		facts.Room, facts.Rate = float64(t.State.GetFnRoom()), s.rates[t.State.GetFn()].perDay(t.State.GetLastFd(), last)
	}
	s.shape.put(row.OutletID, row.DepartmentID, row.Outlet)
	nodes := s.shape.way(row.OutletID, row.ID)
	facts.Hours, _, _ = s.hoursOf(nodes)
	t.Facts, t.limits, t.Stop = facts, s.limitsOf(nodes), light.Stops(facts)
	f.mu.Lock()
	before := f.cells[row.ID]
	f.mu.Unlock()
	t.Reasons, t.Cells = light.Reasons(facts, t.limits, before), allGreen
	if len(t.Reasons) > 0 {
		t.Cells = light.Cells(t.Reasons)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(t.Reasons) > 0 {
		f.cells[row.ID] = t.Cells
	} else {
		delete(f.cells, row.ID)
	}
	return nil
}

// allGreen are the cells of a till that is well, as most are.
var allGreen = light.Cells(nil)

// Threshold is a rule as it holds at a node.
type Threshold struct {
	Rule light.Rule
	// Limit holds here, and Level says whose it is; Above would hold without what is set here.
	Limit, Above      light.Limit
	Level, AboveLevel light.Level
	// LevelName and AboveName are what those nodes are called; empty for the organisation.
	LevelName, AboveName string
}

// node finds a node in the tree of an organisation: the nodes above it and itself, and its name. A node of somebody else is not found.
func (f *Fleet) node(ctx context.Context, organisation string, n Node) (tree shape, nodes []Node, name string, err error) {
	if tree, err = f.shape(ctx, organisation); err != nil {
		return tree, nil, "", err
	}
	switch n.Level {
	case light.OfOrganisation:
		if n.ID == "" {
			return tree, []Node{n}, "", nil
		}
	case light.OfDepartment, light.OfOutlet:
		if name, ok := tree.names[n]; ok {
			return tree, tree.wayTo(n), name, nil
		}
	case light.OfTill:
		t, err := f.Till(ctx, organisation, n.ID)
		if err != nil {
			return tree, nil, "", err
		}
		return tree, tree.way(t.OutletID, t.ID), t.Title, nil
	case light.Usual:
		return tree, nil, "", fmt.Errorf("level of a node: %w", ErrInvalid)
	}
	return tree, nil, "", fmt.Errorf("node %q: %w", n.ID, ErrNotFound)
}

// Rules are the rules of the traffic light as they hold at a node.
type Rules struct {
	// Name is the node's; empty for the organisation.
	Name       string
	Thresholds []Threshold
	// Hours are those in which silence counts, and HoursLevel says whose they are.
	Hours      light.Hours
	HoursLevel light.Level
	// HoursName is what that node is called.
	HoursName string
}

// Thresholds gives every rule as it holds at a node.
func (f *Fleet) Thresholds(ctx context.Context, organisation string, n Node) (Rules, error) {
	tree, nodes, name, err := f.node(ctx, organisation, n)
	if err != nil {
		return Rules{}, err
	}
	s, err := f.settings(ctx, organisation)
	if err != nil {
		return Rules{}, err
	}
	s.shape = tree
	rules := Rules{Name: name}
	rules.Hours, rules.HoursLevel, rules.HoursName = s.hoursOf(nodes)
	here, above := s.limitsOf(nodes), s.limitsOf(nodes[:len(nodes)-1])
	for _, r := range light.Rules() {
		t := Threshold{Rule: r}
		t.Limit, t.Level, t.LevelName = here.Of(r.Metric)
		t.Above, t.AboveLevel, t.AboveName = above.Of(r.Metric)
		rules.Thresholds = append(rules.Thresholds, t)
	}
	return rules, nil
}

// SetThreshold sets the limits of a rule at a node; nil gives them back to the level above.
func (f *Fleet) SetThreshold(ctx context.Context, organisation string, n Node, m light.Metric, limit *light.Limit) (Threshold, error) {
	if _, _, _, err := f.node(ctx, organisation, n); err != nil {
		return Threshold{}, err
	}
	var l light.Limit
	if limit != nil {
		l = *limit
	}
	if err := light.Check(m, l); err != nil {
		return Threshold{}, fmt.Errorf("%w: %w", err, ErrInvalid)
	}
	err := f.store.Tx(ctx, func(q *db.Queries) error {
		what := audit.Entry{OrganisationID: organisation, Act: "threshold.set", Object: n.ID, Name: string(m), New: fmt.Sprintf("%d / %d s", l.Warn, l.Critical)}
		if limit == nil {
			what.Act, what.New = "threshold.cleared", ""
			if err := q.DeleteThreshold(ctx, db.DeleteThresholdParams{OrganisationID: organisation, Level: int32(n.Level), NodeID: n.ID, Metric: string(m)}); err != nil {
				return err
			}
		} else if err := q.PutThreshold(ctx, db.PutThresholdParams{
			OrganisationID: organisation, Level: int32(n.Level), NodeID: n.ID, Metric: string(m), Warn: l.Warn, Critical: l.Critical,
		}); err != nil {
			return err
		}
		return audit.Note(ctx, q, what)
	})
	if err != nil {
		return Threshold{}, fmt.Errorf("store threshold: %w", err)
	}
	f.publishAll(ctx, organisation)
	rules, err := f.Thresholds(ctx, organisation, n)
	if err != nil {
		return Threshold{}, err
	}
	for _, r := range rules.Thresholds {
		if r.Rule.Metric == m {
			return r, nil
		}
	}
	return Threshold{}, ErrNotFound
}

// SetWorkingHours sets the hours in which silence counts at a node; nil gives them back to the level above.
func (f *Fleet) SetWorkingHours(ctx context.Context, organisation string, n Node, h *light.Hours) (hours light.Hours, of light.Level, err error) {
	if _, _, _, err := f.node(ctx, organisation, n); err != nil {
		return hours, of, err
	}
	const day = 24 * 60
	if h != nil && (h.From < 0 || h.From >= day || h.To < 0 || h.To >= day) {
		return hours, of, fmt.Errorf("hours lie within a day: %w", ErrInvalid)
	}
	err = f.store.Tx(ctx, func(q *db.Queries) error {
		what := audit.Entry{OrganisationID: organisation, Act: "hours.set", Object: n.ID}
		if h == nil {
			what.Act = "hours.cleared"
			if err := q.DeleteWorkingHours(ctx, db.DeleteWorkingHoursParams{OrganisationID: organisation, Level: int32(n.Level), NodeID: n.ID}); err != nil {
				return err
			}
		} else {
			what.New = fmt.Sprintf("%02d:%02d–%02d:%02d", h.From/60, h.From%60, h.To/60, h.To%60)
			if err := q.PutWorkingHours(ctx, db.PutWorkingHoursParams{
				OrganisationID: organisation, Level: int32(n.Level), NodeID: n.ID, Begins: int32(h.From), Ends: int32(h.To),
			}); err != nil {
				return err
			}
		}
		return audit.Note(ctx, q, what)
	})
	if err != nil {
		return hours, of, fmt.Errorf("store working hours: %w", err)
	}
	f.publishAll(ctx, organisation)
	rules, err := f.Thresholds(ctx, organisation, n)
	return rules.Hours, rules.HoursLevel, err
}

// SetContract notes the last day of a till's contract with its operator; an empty day forgets it.
func (f *Fleet) SetContract(ctx context.Context, organisation, tillID, until string) (*Till, error) {
	if until != "" {
		if _, err := time.Parse(time.DateOnly, until); err != nil {
			return nil, fmt.Errorf("day %q is not one: %w", limited(until, 20), ErrInvalid)
		}
	}
	before, err := f.Till(ctx, organisation, tillID)
	if err != nil {
		return nil, err
	}
	err = f.store.Tx(ctx, func(q *db.Queries) error {
		n, err := q.SetContract(ctx, db.SetContractParams{OrganisationID: organisation, ID: tillID, OfdContract: until})
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("till %q: %w", tillID, ErrNotFound)
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: organisation, Act: "contract.set", Object: tillID, Name: before.Name, Old: before.Contract, New: until})
	})
	if err != nil {
		return nil, fmt.Errorf("store contract: %w", err)
	}
	f.hub.Publish(organisation, Change{What: TillChanged, TillID: tillID})
	return f.Till(ctx, organisation, tillID)
}

// publishAll says that every till of an organisation may look another way.
func (f *Fleet) publishAll(ctx context.Context, organisation string) {
	tills, err := f.store.Read().ListTreeTills(ctx, organisation)
	if err != nil {
		f.log.WarnContext(ctx, "watchers not told of thresholds", "error", err)
		return
	}
	for _, t := range tills {
		f.hub.Publish(organisation, Change{What: TillChanged, TillID: t.ID})
	}
}
