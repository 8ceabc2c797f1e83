//go:build bench

package documents

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	simfleet "github.com/chekan-io/chekan/sim/fleet"
)

var benchReceipts = flag.Int("receipts", 1_000_000, "receipts to measure with")

// Goals of issue «the cabinet», per database.
type goals struct{ search, ingest string }

// TestBenchFigures fills a cabinet with receipts of 500 tills and measures: storing them with every sum, searching them by each
// attribute, and the owner's first page.
func TestBenchFigures(t *testing.T) {
	storetest.Addresses(t, func(t *testing.T, address string) {
		name, goal := "postgres", goals{"50", "15000"}
		if strings.HasPrefix(address, "sqlite:") {
			name, goal = "sqlite", goals{"100", "8000"}
		}
		const outlets, tills, days = 100, 5, 31
		w := newWorld(t, storetest.Open(t, address))
		var plain *store.Store
		if name == "sqlite" {
			plain = storetest.Open(t, storetest.SQLite(t))
		} else {
			plain = storetest.Open(t, storetest.Postgres(t))
		}
		b := &bench{world: w, plain: plain, rng: rand.New(rand.NewPCG(1, 1))}
		b.fill(t, simfleet.Options{Seed: 3, Organisations: 1, Outlets: outlets, Tills: tills, Days: days, Receipts: *benchReceipts / outlets / tills / days})
		fmt.Fprintf(t.Output(), "BENCH ingest-%s %.0f receipts/s >=%s\n", name, float64(b.receipts)/b.took.Seconds(), goal.ingest)
		fmt.Fprintf(t.Output(), "BENCH ingest-ratio-%s %.2f of-plain-insert >=0.5\n", name, b.beside.Seconds()/b.besideIngest.Seconds())
		fmt.Fprintf(t.Output(), "%d receipts, %d positions\n", b.receipts, b.positions)
		if err := w.store.Analyze(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
		worst := time.Duration(0)
		for _, attribute := range b.attributes() {
			p95 := b.measure(t, func() error {
				_, err := b.page(t, attribute)
				return err
			})
			worst = max(worst, p95)
			fmt.Fprintf(t.Output(), "BENCH search-%s-%s %.1f ms <=%s\n", attribute.name, name, p95.Seconds()*1000, goal.search)
		}
		fmt.Fprintf(t.Output(), "BENCH search-worst-%s %.1f ms <=%s\n", name, worst.Seconds()*1000, goal.search)
		for place, scope := range map[string]access.Scope{"dashboard": access.Whole(b.organisation)[0], "dashboard-department": b.department(len(b.outlets))} {
			dashboard := b.measure(t, func() error { return b.dashboard(t, scope) })
			fmt.Fprintf(t.Output(), "BENCH %s-%s %.1f ms <=100\n", place, name, dashboard.Seconds()*1000)
		}
	})
}

type bench struct {
	*world
	plain        *store.Store
	rng          *rand.Rand
	organisation string
	receipts     int
	positions    int
	took         time.Duration
	// beside and besideIngest are of the rounds that were stored both ways.
	beside, besideIngest time.Duration
	samples              []*fiscalv1.Operation
	tills                map[string]string
	outlets              []string
}

// department is so many outlets, the first of those there are and then some in which nothing was ever made.
func (b *bench) department(there int) access.Scope {
	s := access.Scope{OrganisationID: b.organisation, Outlets: map[string]bool{}}
	for i, id := range b.outlets {
		if i >= there {
			id = fmt.Sprint("quiet", i)
		}
		s.Outlets[id] = true
	}
	return s
}

// besideEach is of how many rounds one is stored both ways; agents push batches of so many entries, as ours do.
const besideEach, batchEntries = 4, 500

// fill lets all agents send what their tills do as time goes by, round by round: making receipts is not measured, storing them is.
func (b *bench) fill(t *testing.T, o simfleet.Options) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	fleet := simfleet.New(o)[0]
	b.organisation, b.tills = store.NewID(), map[string]string{}
	if err := b.store.Write().CreateOrganisation(ctx, db.CreateOrganisationParams{ID: b.organisation, Name: fleet.Name}); err != nil {
		t.Fatal(err)
	}
	agents := make([]*pusher, 0, len(fleet.Outlets))
	for _, outlet := range fleet.Outlets {
		agent := &access.Agent{ID: store.NewID(), OrganisationID: b.organisation, OutletID: store.NewID()}
		if _, err := b.store.Write().PutOutlet(ctx, db.PutOutletParams{ID: agent.OutletID, OrganisationID: b.organisation, Name: outlet.Name}); err != nil {
			t.Fatal(err)
		}
		if err := b.store.Write().CreateAgent(ctx, db.CreateAgentParams{ID: agent.ID, OrganisationID: b.organisation, OutletID: agent.OutletID}); err != nil {
			t.Fatal(err)
		}
		b.outlets = append(b.outlets, agent.OutletID)
		p := &pusher{agent: agent}
		for k, till := range outlet.Tills {
			next, stop := iter.Pull2(func(yield func(*uplinkv1.Entry, error) bool) {
				errStopped := errors.New("stopped")
				if err := till.Quick(func(e *uplinkv1.Entry) error {
					e.GetOperation().Till = fmt.Sprint("kassa-", k+1)
					if !yield(e, nil) {
						return errStopped
					}
					return nil
				}); err != nil && !errors.Is(err, errStopped) {
					yield(nil, err)
				}
			})
			defer stop()
			p.tills = append(p.tills, &source{next: next})
			id, err := b.fleet.TillID(ctx, agent, till.Name)
			if err != nil {
				t.Fatal(err)
			}
			b.tills[till.FN] = id
		}
		agents = append(agents, p)
	}
	for n := 0; ; n++ {
		going := false
		for _, a := range agents {
			if err := a.take(batchEntries); err != nil {
				t.Fatal(err)
			}
			b.count(a.batch)
			going = going || len(a.batch) > 0
		}
		if !going {
			return
		}
		b.round(t, agents, n%besideEach == 0)
		runtime.GC()
	}
}

// count notes what is pushed, and some of it to look for later.
func (b *bench) count(batch []*uplinkv1.Entry) {
	for _, e := range batch {
		if op := e.GetOperation(); op.GetReceipt() != nil {
			b.receipts++
			b.positions += len(op.GetReceipt().GetItems())
			if b.rng.IntN(2000) == 0 {
				b.samples = append(b.samples, op)
			}
		}
	}
}

// round pushes one batch of each agent at the same time; beside also stores the same rows plainly.
func (b *bench) round(t *testing.T, agents []*pusher, beside bool) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	began := time.Now()
	var wg sync.WaitGroup
	for _, a := range agents {
		if len(a.batch) > 0 {
			wg.Go(func() {
				if _, err := b.Push(ctx, a.agent, "j", &uplinkv1.Batch{Entries: a.batch}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	took := time.Since(began)
	b.took += took
	if !beside {
		return
	}
	var waiting [][]store.Push
	rows := rowsAtOnce
	for _, a := range agents {
		push, err := b.rows(ctx, a.agent, "j"+a.agent.ID, &uplinkv1.Batch{Entries: a.batch})
		if err != nil {
			t.Fatal(err)
		}
		if rows >= rowsAtOnce {
			waiting, rows = append(waiting, nil), 0
		}
		waiting[len(waiting)-1] = append(waiting[len(waiting)-1], push)
		rows += len(a.batch)
	}
	began = time.Now()
	for _, pushes := range waiting {
		if err := b.plain.InsertPlain(ctx, pushes); err != nil {
			t.Fatal(err)
		}
	}
	b.beside += time.Since(began)
	b.besideIngest += took
}

// pusher is an agent with what it sends next.
type pusher struct {
	agent  *access.Agent
	tills  []*source
	cursor uint64
	batch  []*uplinkv1.Entry
}

// source gives what a till did, in order.
type source struct {
	next func() (*uplinkv1.Entry, error, bool)
	head *uplinkv1.Entry
}

// take fills the batch with what the agent's tills did next, by time.
func (p *pusher) take(n int) error {
	p.batch = p.batch[:0:0]
	for len(p.batch) < n {
		var first *source
		for _, s := range p.tills {
			if s.head == nil {
				e, err, _ := s.next()
				if err != nil {
					return err
				}
				s.head = e
			}
			if s.head != nil && (first == nil || s.at() < first.at()) {
				first = s
			}
		}
		if first == nil {
			return nil
		}
		p.cursor++
		first.head.Cursor = p.cursor
		p.batch, first.head = append(p.batch, first.head), nil
	}
	return nil
}

func (s *source) at() string { return s.head.GetOperation().GetDocument().GetAt() }

type attribute struct {
	name   string
	filter func() *cabinetv1.DocumentFilter
	// within is where; the whole organisation, when it is empty.
	within access.Scope
}

// attributes are filters by each single attribute, made like documents there are, and some that find little or nothing.
func (b *bench) attributes() []attribute {
	one := func() *fiscalv1.Operation { return b.samples[b.rng.IntN(len(b.samples))] }
	with := func(name string, set func(f *cabinetv1.DocumentFilter, op *fiscalv1.Operation)) attribute {
		return attribute{name: name, filter: func() *cabinetv1.DocumentFilter {
			f := &cabinetv1.DocumentFilter{}
			set(f, one())
			return f
		}}
	}
	at := func(within access.Scope, name string, set func(f *cabinetv1.DocumentFilter, op *fiscalv1.Operation)) attribute {
		a := with(name, set)
		a.within = within
		return a
	}
	day := func(f *cabinetv1.DocumentFilter, op *fiscalv1.Operation) {
		f.From, f.To, f.Types = op.GetDocument().GetAt()[:10], op.GetDocument().GetAt()[:10], []uint32{3, 4, 31, 41} // as the page asks
	}
	type F = cabinetv1.DocumentFilter
	type O = fiscalv1.Operation
	return []attribute{
		with("all", func(*F, *O) {}),
		with("period", func(f *F, op *O) { f.From, f.To = op.GetDocument().GetAt()[:10], op.GetDocument().GetAt()[:10] }),
		with("till", func(f *F, op *O) { f.TillIds = []string{b.tills[op.GetDocument().GetFn()]} }),
		with("till-period", func(f *F, op *O) {
			f.TillIds = []string{b.tills[op.GetDocument().GetFn()]}
			f.From, f.To = op.GetDocument().GetAt()[:10], op.GetDocument().GetAt()[:10]
		}),
		with("fd", func(f *F, op *O) { f.Fd = op.GetDocument().GetFd() }),
		with("fp", func(f *F, op *O) { f.Fp = op.GetDocument().GetFp() }),
		with("fn", func(f *F, op *O) { f.Fn = op.GetDocument().GetFn() }),
		with("sum", func(f *F, op *O) { sum := op.GetDocument().GetTotal(); f.SumFrom, f.SumTo = &sum, &sum }),
		with("sum-range", func(f *F, op *O) {
			from := op.GetDocument().GetTotal()
			to := from + 10_000
			f.SumFrom, f.SumTo = &from, &to
		}),
		with("sum-rare", func(f *F, op *O) { from := int64(1_000_000); f.SumFrom = &from }),
		with("cashier", func(f *F, op *O) { f.Cashier = strings.Fields(op.GetCashier().GetName())[1] }),
		with("product", func(f *F, op *O) { f.Product = op.GetReceipt().GetItems()[0].GetName() }),
		with("product-word", func(f *F, op *O) { f.Product = strings.Fields(op.GetReceipt().GetItems()[0].GetName())[0] }),
		with("kind", func(f *F, op *O) { f.Kinds = []fiscalv1.Kind{op.GetKind()} }),
		with("kind-rare", func(f *F, op *O) { f.Kinds = []fiscalv1.Kind{fiscalv1.Kind_KIND_PURCHASE_RETURN} }),
		with("payment", func(f *F, op *O) { f.Payments = []cabinetv1.Payment{cabinetv1.Payment(1 + b.rng.IntN(5))} }),
		with("buyer", func(f *F, op *O) { f.Buyer = fmt.Sprintf("+79%09d", b.rng.IntN(1_000_000)) }),
		with("paper", func(f *F, op *O) { f.Paper = fiscalv1.PaperTrack(1 + b.rng.IntN(2)) }),
		with("ofd-queued", func(f *F, op *O) { f.Ofd = fiscalv1.OFDTrack_OFD_TRACK_QUEUED }),
		with("key", func(f *F, op *O) { f.Key = op.GetKey() }),
		at(b.department(len(b.outlets)), "department-period", day),
		at(b.department(len(b.outlets)/3), "department-part-period", day),
		at(b.department(1), "department-quiet", func(f *F, op *O) { f.Types = []uint32{3, 4, 31, 41} }),
		at(b.department(len(b.outlets)/2), "department-rare", func(f *F, op *O) { f.Kinds = []fiscalv1.Kind{fiscalv1.Kind_KIND_PURCHASE_RETURN} }),
	}
}

func (b *bench) page(t *testing.T, a attribute) ([]Found, error) {
	reach := access.Whole(b.organisation)
	if a.within.OrganisationID != "" {
		reach = access.Reach{a.within}
	}
	q, err := b.NewQuery(t.Context(), reach, a.filter(), nil, func(d Document) fiscalv1.OFDTrack { return d.Operation.GetOfd() })
	if err != nil {
		return nil, err
	}
	list, _, err := b.Documents.Search(t.Context(), q, "", 50)
	return list, err
}

// dashboard is the owner's first page: today and yesterday by hour, the month by day, each with what was before.
func (b *bench) dashboard(t *testing.T, scope access.Scope) error {
	for _, r := range []*cabinetv1.GetRevenueRequest{
		{From: "2026-03-20", To: "2026-03-20", Span: cabinetv1.Span_SPAN_HOUR},
		{From: "2026-03-19", To: "2026-03-19", Span: cabinetv1.Span_SPAN_HOUR},
		{From: "2026-03-01", To: "2026-03-31", Span: cabinetv1.Span_SPAN_DAY},
	} {
		if _, err := b.Revenue(t.Context(), scope, r); err != nil {
			return err
		}
	}
	return nil
}

// measure does something often and gives the time that 95 of 100 stay under; the first time warms.
func (b *bench) measure(t *testing.T, do func() error) time.Duration {
	t.Helper()
	var took []time.Duration
	for i := range 41 {
		began := time.Now()
		if err := do(); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	return took[len(took)*95/100]
}
