package documents

import (
	"context"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

const (
	maxJournal = 64
	maxKey     = 128 // docs/guarantees.md: a key has 1 to 128 bytes
	maxFN      = 32
	// rowsAtOnce is how much goes into one transaction when much is waiting.
	rowsAtOnce = 16_000
	// writeLimit ends a transaction that the database does not finish.
	writeLimit = time.Minute
	// cachedJournals bounds the memory of journal ids.
	cachedJournals = 10_000
)

// job is a push that waits for the writer.
type job struct {
	push   store.Push
	cursor int64
	err    error
	done   chan struct{}
}

// journals remembers our ids of journals.
type journals struct {
	mu  sync.Mutex
	ids map[[2]string]string
}

func (d *Documents) journal(ctx context.Context, organisation, identity string) (string, error) {
	key := [2]string{organisation, identity}
	d.journals.mu.Lock()
	id := d.journals.ids[key]
	d.journals.mu.Unlock()
	if id != "" {
		return id, nil
	}
	id, err := d.store.Write().PutJournal(ctx, db.PutJournalParams{
		ID: store.NewID(), OrganisationID: organisation, Identity: identity, CreatedAt: store.Micros(d.now()),
	})
	if err != nil {
		return "", fmt.Errorf("store journal: %w", err)
	}
	d.journals.mu.Lock()
	if d.journals.ids == nil || len(d.journals.ids) >= cachedJournals {
		d.journals.ids = map[[2]string]string{}
	}
	d.journals.ids[key] = id
	d.journals.mu.Unlock()
	return id, nil
}

func checkJournal(identity string) error {
	if identity == "" || len(identity) > maxJournal || !store.Keeps(identity) {
		return fmt.Errorf("identity of the journal has 1 to %d bytes: %w", maxJournal, ErrInvalid)
	}
	return nil
}

// Cursor gives how far our copy of an agent's journal goes.
func (d *Documents) Cursor(ctx context.Context, agent *access.Agent, identity string) (uint64, error) {
	if err := checkJournal(identity); err != nil {
		return 0, err
	}
	position, err := d.store.Read().GetCursor(ctx, db.GetCursorParams{AgentID: agent.ID, OrganisationID: agent.OrganisationID, Identity: identity})
	if err != nil && !store.NotFound(err) {
		return 0, fmt.Errorf("read cursor: %w", err)
	}
	return uint64(position), nil
}

// Push stores a batch and gives the cursor up to which everything of this agent's journal is stored, after it is durable.
func (d *Documents) Push(ctx context.Context, agent *access.Agent, identity string, batch *uplinkv1.Batch) (uint64, error) {
	if err := checkJournal(identity); err != nil {
		return 0, err
	}
	if len(batch.GetEntries()) == 0 {
		return d.Cursor(ctx, agent, identity)
	}
	journal, err := d.journal(ctx, agent.OrganisationID, identity)
	if err != nil {
		return 0, err
	}
	j := &job{done: make(chan struct{})}
	if j.push, err = d.rows(ctx, agent, journal, batch); err != nil {
		return 0, err
	}
	select {
	case d.queue <- j:
	case <-d.done:
		return 0, ErrClosed
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	select {
	case <-j.done:
	case <-d.done: // the writer has stopped; this one may have come in right behind its last look
		select {
		case <-j.done:
		default:
			return 0, ErrClosed
		}
	case <-ctx.Done(): // it may be stored all the same; the agent asks again and nothing doubles
		return 0, context.Cause(ctx)
	}
	if j.err != nil {
		return 0, fmt.Errorf("store batch: %w", j.err)
	}
	d.publish(&j.push)
	return uint64(j.cursor), nil
}

// publish tells those who watch.
func (d *Documents) publish(p *store.Push) {
	changes := make([]fleet.Change, 0, len(p.Operations)+1)
	tills := map[string]bool{}
	for i := range p.Copies { // the till may have made a document that nobody asked us for
		if till := p.Copies[i].TillID; !tills[till] {
			tills[till] = true
			changes = append(changes, fleet.Change{What: fleet.TillChanged, TillID: till})
		}
	}
	for i := range p.Operations {
		o := &p.Operations[i]
		changes = append(changes, fleet.Change{What: fleet.OperationChanged, TillID: o.TillID, JournalID: o.JournalID, ID: o.Key})
		if !tills[o.TillID] { // its revenue has changed
			tills[o.TillID] = true
			changes = append(changes, fleet.Change{What: fleet.TillChanged, TillID: o.TillID})
		}
	}
	d.hub.Publish(p.OrganisationID, changes...)
}

// rows checks a batch and turns it into rows: the last revision of each key, each document once, copies as they are.
func (d *Documents) rows(ctx context.Context, agent *access.Agent, journal string, batch *uplinkv1.Batch) (store.Push, error) {
	push := store.Push{OrganisationID: agent.OrganisationID, AgentID: agent.ID, JournalID: journal}
	type number struct {
		fn string
		fd int64
	}
	var (
		now       = store.Micros(d.now())
		tills     = map[string]string{}
		at        = make(map[string]int, len(batch.GetEntries()))
		documents = make(map[number]int, len(batch.GetEntries()))
		last      uint64
	)
	fact := func(row store.Document) {
		i, twice := documents[number{row.FN, row.FD}]
		if !twice {
			documents[number{row.FN, row.FD}] = len(push.Documents)
			push.Documents = append(push.Documents, row)
			return
		}
		push.Documents[i], _ = store.Join(push.Documents[i], row)
	}
	push.Operations = make([]db.Operation, 0, len(batch.GetEntries()))
	push.Documents = make([]store.Document, 0, len(batch.GetEntries()))
	for i, e := range batch.GetEntries() {
		op, copied := e.GetOperation(), e.GetCopy()
		if err := checkEntry(e); err != nil {
			return push, fmt.Errorf("entry %d: %w", e.GetCursor(), err)
		}
		if copied == nil { // a copy is not of the journal and moves no cursor
			if e.GetCursor() <= last && i > 0 || e.GetCursor() == 0 || e.GetCursor() > 1<<62 {
				return push, fmt.Errorf("entry %d after %d: cursors grow: %w", e.GetCursor(), last, ErrInvalid)
			}
			last = e.GetCursor()
		}
		name := op.GetTill()
		if copied != nil {
			name = copied.GetTill()
		}
		till, known := tills[name] // an agent has tills of its own only, whatever it calls them
		if !known {
			var err error
			if till, err = d.tills.TillID(ctx, agent, name); err != nil {
				return push, err
			}
			tills[name] = till
		}
		if copied != nil {
			row, of := copyRows(agent.OrganisationID, till, copied, now)
			push.Copies = append(push.Copies, row)
			fact(of)
			continue
		}
		if doc := op.GetDocument(); doc.GetFn() != "" && doc.GetFd() != 0 {
			row := documentRow(agent.OrganisationID, till, doc, now)
			if op.GetKey() != "" {
				row.JournalID, row.Key = journal, op.GetKey()
			}
			readOperation(&row, op)
			fact(row)
		}
		if op.GetKey() == "" {
			continue // a document of somebody else, told as a fact
		}
		j, twice := at[op.GetKey()]
		if twice && int64(op.GetRevision()) <= push.Operations[j].Revision {
			continue
		}
		body, err := proto.Marshal(op)
		if err != nil {
			return push, fmt.Errorf("encode operation: %w", err)
		}
		row := db.Operation{
			OrganisationID: agent.OrganisationID, JournalID: journal, Key: op.GetKey(), TillID: till, Revision: int64(op.GetRevision()),
			AcceptedAt: op.GetAcceptedMs() * 1000, StoredAt: now, Body: body, Stage: int32(op.GetStage()),
		}
		if twice {
			push.Operations[j] = row
			continue
		}
		at[op.GetKey()] = len(push.Operations)
		push.Operations = append(push.Operations, row)
	}
	for i := range push.Documents {
		push.Documents[i].Identify()
	}
	push.Cursor = int64(last)
	return push, nil
}

func documentRow(organisation, till string, doc *fiscalv1.Document, now int64) store.Document {
	return store.Document{Document: db.Document{
		OrganisationID: organisation, FN: doc.GetFn(), FD: int64(doc.GetFd()), TillID: till,
		FP: int64(doc.GetFp()), Type: int32(doc.GetType()), Kind: int32(doc.GetKind()), At: doc.GetAt(), Total: doc.GetTotal(),
		Shift: int64(doc.GetShift()), Receipt: int64(doc.GetReceipt()), StoredAt: now,
	}}
}

// checkEntry says why an entry can be stored by nobody; it holds one thing.
func checkEntry(e *uplinkv1.Entry) error {
	switch op, copied := e.GetOperation(), e.GetCopy(); {
	case op == nil && copied == nil:
		return fmt.Errorf("neither operation nor copy: %w", ErrInvalid)
	case op != nil && copied != nil:
		return fmt.Errorf("operation and copy at once: %w", ErrInvalid)
	case copied != nil:
		return checkCopy(copied)
	default:
		return check(op)
	}
}

func check(op *fiscalv1.Operation) error {
	doc := op.GetDocument()
	switch {
	case op.GetKey() == "" && doc == nil:
		return fmt.Errorf("neither key nor document: %w", ErrInvalid)
	case len(op.GetKey()) > maxKey || !store.Keeps(op.GetKey()):
		return fmt.Errorf("key: %w", ErrInvalid)
	case checkTill(op.GetTill()) != nil:
		return checkTill(op.GetTill())
	case op.GetAcceptedMs() < 0 || op.GetAcceptedMs() > 1<<50:
		return fmt.Errorf("accepted_ms: %w", ErrInvalid)
	}
	return checkDocument(doc)
}

func checkTill(name string) error {
	if name == "" || len(name) > 200 || !store.Keeps(name) {
		return fmt.Errorf("till: %w", ErrInvalid)
	}
	return nil
}

func checkDocument(doc *fiscalv1.Document) error {
	switch {
	case len(doc.GetFn()) > maxFN || !store.Keeps(doc.GetFn()):
		return fmt.Errorf("document.fn: %w", ErrInvalid)
	case len(doc.GetAt()) > 40 || !store.Keeps(doc.GetAt()):
		return fmt.Errorf("document.at: %w", ErrInvalid)
	case doc.GetType() > 1<<16:
		return fmt.Errorf("document.type: %w", ErrInvalid)
	}
	return nil
}

// Run writes what is pushed until ctx ends; then it finishes what it has taken.
func (d *Documents) Run(ctx context.Context) error {
	defer close(d.done)
	var wg sync.WaitGroup
	for range d.store.Writers() {
		wg.Go(func() { d.writeQueued(ctx) })
	}
	wg.Wait()
	for {
		select {
		case j := <-d.queue:
			j.err = ErrClosed
			close(j.done)
		default:
			return nil
		}
	}
}

// writeQueued is one writer.
func (d *Documents) writeQueued(ctx context.Context) {
	for {
		var first *job
		select {
		case first = <-d.queue:
		case <-ctx.Done():
			return
		}
		jobs := []*job{first}
		rows := len(first.push.Operations) + len(first.push.Copies)
	more:
		for rows < rowsAtOnce {
			select {
			case j := <-d.queue:
				jobs = append(jobs, j)
				rows += len(j.push.Operations) + len(j.push.Copies)
			default:
				break more
			}
		}
		d.write(context.WithoutCancel(ctx), jobs)
	}
}

// write stores the jobs in one transaction; if that fails, each by itself, so that none suffers for another.
func (d *Documents) write(ctx context.Context, jobs []*job) {
	defer func() {
		for _, j := range jobs {
			close(j.done)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	pushes := make([]store.Push, len(jobs))
	for i, j := range jobs {
		pushes[i] = j.push
	}
	cursors, err := d.store.Ingest(ctx, pushes)
	if err == nil {
		for i, j := range jobs {
			j.cursor = cursors[i]
		}
		return
	}
	if len(jobs) == 1 {
		jobs[0].err = err
		return
	}
	d.log.WarnContext(ctx, "batches stored one by one", "error", err)
	for _, j := range jobs {
		var one []int64
		if one, j.err = d.store.Ingest(ctx, []store.Push{j.push}); j.err == nil {
			j.cursor = one[0]
		}
	}
}
