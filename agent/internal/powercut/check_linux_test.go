package powercut

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/agent/internal/pos"
	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/drivers/shtrih"
	"github.com/chekan-io/chekan/drivers/wire/wiretest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/fn"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// moment is the whole world at one event of the drive.
type moment struct {
	at      event
	durable blocks
	pending []pendingWrite
	tills   map[string]*chips
	ledger  []asked
}

// image is one drive that a cut at this moment can leave.
func (m *moment) image(rng *rand.Rand) blocks { return cutImage(m.durable, m.pending, rng) }

// verdict is what became of one image.
type verdict struct {
	lost    bool     // what was acknowledged is not there, or has no document
	doubled bool     // an operation has two documents, or a document nobody asked for
	damaged bool     // file system or journal were not whole
	stuck   bool     // an operation did not come to an end
	notes   []string // what exactly

	repaired bool // the superblock was torn, see boot: no fault of the agent
	doubtful bool // the journal woke up with an operation whose fate it did not know
}

func (v *verdict) bad() bool { return v.lost || v.doubled || v.damaged || v.stuck }

// merge adds what another look has found.
func (v *verdict) merge(o verdict) {
	v.lost, v.doubled, v.damaged, v.stuck = v.lost || o.lost, v.doubled || o.doubled, v.damaged || o.damaged, v.stuck || o.stuck
	v.repaired, v.doubtful = v.repaired || o.repaired, v.doubtful || o.doubtful
	v.notes = append(v.notes, o.notes...)
}

func (v *verdict) note(flag *bool, format string, args ...any) {
	*flag = true
	if len(v.notes) < 8 {
		v.notes = append(v.notes, fmt.Sprintf(format, args...))
	}
}

// settleLimit is how long the operations of an image may take to come to an
// end (guarantees.md, invariant 5), start included.
const settleLimit = 15 * time.Second

// check looks into an image: mounts it, opens the journal, looks for what was
// acknowledged, lets the agent settle with the tills as they were, and compares
// with their fiscal memories. Thorough goes on after a finding.
func check(dir, exe string, content blocks, m *moment, thorough bool) (v verdict) {
	file, mnt := filepath.Join(dir, "image"), filepath.Join(dir, "mnt")
	err := os.MkdirAll(mnt, 0o700)
	if err == nil {
		content, v.repaired, err = boot(dir, content)
	}
	if err == nil {
		err = content.save(file)
	}
	if err != nil {
		v.note(&v.damaged, "%v", err)
		v.lost = v.lost || anyHeard(m.ledger)
		return v
	}
	defer os.Remove(file)
	if err := mountFile(file, mnt, false, ""); err != nil {
		v.note(&v.damaged, "%v", err)
		v.lost = v.lost || anyHeard(m.ledger)
		return v
	}
	defer func() {
		if err := unmount(mnt); err != nil {
			v.note(&v.damaged, "%v", err)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	j, err := journal.Open(ctx, filepath.Join(mnt, "journal"), journal.Options{Verify: journal.VerifyInChild(exe), Reserve: rigReserve, Retention: rigRetention})
	if err != nil {
		v.note(&v.damaged, "%v", err)
		v.lost = v.lost || anyHeard(m.ledger)
		return v
	}
	defer func() {
		if err := j.Close(); err != nil {
			v.note(&v.damaged, "close the journal: %v", err)
		}
	}()
	v.whole(ctx, j)
	v.remembers(j, m.ledger)
	if thorough || !v.bad() {
		v.settles(ctx, j, m)
	}
	return v
}

func anyHeard(list []asked) bool {
	return slices.ContainsFunc(list, func(a asked) bool { return a.heard != nil })
}

// whole asks the journal for contradictions.
func (v *verdict) whole(ctx context.Context, j *journal.Journal) {
	for _, p := range j.Problems() {
		v.note(&v.damaged, "%s: %s", p.Code, p.Detail)
	}
	findings, _, err := j.Check(ctx)
	if err != nil || len(findings) > 0 {
		v.note(&v.damaged, "check: %v %s", err, strings.Join(findings, "; "))
	}
}

// remembers looks for everything the shop has heard.
func (v *verdict) remembers(j *journal.Journal, list []asked) {
	unfinished, err := j.Unfinished()
	if err != nil {
		v.note(&v.damaged, "%v", err)
	}
	v.doubtful = slices.ContainsFunc(unfinished, func(rec *journalv1.Record) bool {
		return rec.GetOperation().GetOutcome() == fiscalv1.Outcome_OUTCOME_UNKNOWN
	})
	for _, a := range list {
		if a.heard == nil {
			continue
		}
		key := a.op.GetKey()
		rec, err := j.Get(key)
		if err != nil {
			v.note(&v.lost, "%s was answered %s: %v", key, a.heard.GetOutcome(), err)
			continue
		}
		got := rec.GetOperation()
		if got.GetOutcome() != a.heard.GetOutcome() || got.GetDocument().GetFd() != a.heard.GetDocument().GetFd() || got.GetDocument().GetFp() != a.heard.GetDocument().GetFp() {
			v.note(&v.lost, "%s was answered %s with document %d, the journal has %s with %d", key, a.heard.GetOutcome(), a.heard.GetDocument().GetFd(), got.GetOutcome(), got.GetDocument().GetFd())
		}
	}
}

// settles starts the agent on the journal, with the tills as they were, asks
// again for what had no answer, and compares.
func (v *verdict) settles(ctx context.Context, j *journal.Journal, m *moment) {
	devices := map[string]*sim.Device{}
	var tills []till.Config
	for name, memory := range m.tills {
		device, err := sim.New(sim.Options{Name: name, Bank: memory.copy()})
		if err != nil {
			v.note(&v.stuck, "till %s: %v", name, err)
			return
		}
		defer device.Close()
		devices[name] = device
		cable := &wiretest.Cable{Serve: func(end io.ReadWriteCloser) {
			go func() { _ = device.Serve(context.Background(), end) }()
		}}
		tills = append(tills, till.Config{Name: name, Driver: "shtrih", Device: shtrih.New(cable.Dial, shtrih.Options{})})
	}
	fleet, err := till.NewFleet(tills, j, slog.New(slog.DiscardHandler))
	if err != nil {
		v.note(&v.damaged, "%v", err)
		return
	}
	run, stop := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = fleet.Run(run)
	}()
	server := httptest.NewServer(pos.NewHandler(fleet, j, nil, pos.Options{Token: token, Log: slog.New(slog.DiscardHandler)}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	list := slices.Clone(m.ledger)
	for i, err := range resolveAll(ctx, knock(server.Listener.Addr().String()), list) {
		if err != nil {
			v.note(&v.stuck, "%s: %v", list[i].op.GetKey(), err)
		}
	}
	stop()
	<-stopped
	for name, device := range devices {
		v.compare(name, device, list)
	}
}

// resolveAll asks for everything that has no final answer, till by till, and
// puts the answers into the list.
func resolveAll(ctx context.Context, d door, list []asked) []error {
	errs := make([]error, len(list))
	var tills []string
	for _, a := range list {
		if !slices.Contains(tills, a.op.GetTill()) {
			tills = append(tills, a.op.GetTill())
		}
	}
	var all sync.WaitGroup
	for _, name := range tills {
		all.Go(func() {
			for i := range list {
				if list[i].op.GetTill() == name && list[i].heard == nil {
					list[i].heard, errs[i] = resolve(ctx, d, list[i])
				}
			}
		})
	}
	all.Wait()
	return errs
}

// compare holds the fiscal memory of a till against what the shop knows in the
// end: every operation has its one document, and every document its operation.
func (v *verdict) compare(name string, device *sim.Device, list []asked) {
	if err := device.FN().Verify(); err != nil {
		v.note(&v.doubled, "till %s: %v", name, err)
	}
	owner := map[uint32]string{}
	docs := map[uint32]fn.Document{}
	for _, d := range device.FN().List() {
		docs[d.FD] = d
	}
	var cashIns, cashOuts uint32
	for _, a := range list {
		if a.op.GetTill() != name || a.heard.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
			continue
		}
		switch a.op.GetKind() {
		case fiscalv1.Kind_KIND_CASH_IN:
			cashIns++
			continue
		case fiscalv1.Kind_KIND_CASH_OUT:
			cashOuts++
			continue
		case fiscalv1.Kind_KIND_CLOSE_SHIFT:
			cashIns, cashOuts = 0, 0 // so does the till
		default:
		}
		fd, key := a.heard.GetDocument().GetFd(), a.op.GetKey()
		d, there := docs[fd]
		switch {
		case !there:
			v.note(&v.lost, "%s is done with document %d, which is not there", key, fd)
		case d.FP != a.heard.GetDocument().GetFp() || !madeBy(d, a.op):
			v.note(&v.lost, "%s is done with document %d, which is another one", key, fd)
		case owner[fd] != "":
			v.note(&v.lost, "%s and %s are done with the same document %d", key, owner[fd], fd)
		}
		owner[fd] = key
	}
	for _, d := range docs {
		if d.Type != fiscal.DocRegistration && owner[d.FD] == "" {
			v.note(&v.doubled, "till %s: document %d (type %d, %s) belongs to no operation", name, d.FD, d.Type, d.Sum)
		}
	}
	// Cash movements leave no fiscal document: the till counts them (Shtrih
	// protocol 1.17, §7).
	for _, c := range []struct {
		register uint16
		want     uint32
	}{{153, cashIns}, {154, cashOuts}} {
		got := device.Count(c.register)
		if got < c.want {
			v.note(&v.lost, "till %s: register %d is %d, the shop knows of %d", name, c.register, got, c.want)
		}
		if got > c.want {
			v.note(&v.doubled, "till %s: register %d is %d, the shop knows of %d", name, c.register, got, c.want)
		}
	}
}

// madeBy tells whether a document is what the operation has to leave.
func madeBy(d fn.Document, op *fiscalv1.Operation) bool {
	switch op.GetKind() {
	case fiscalv1.Kind_KIND_OPEN_SHIFT:
		return d.Type == fiscal.DocShiftOpened
	case fiscalv1.Kind_KIND_CLOSE_SHIFT:
		return d.Type == fiscal.DocShiftClosed
	default:
	}
	want := fiscal.DocReceipt
	if op.GetReceipt().GetCorrection() != nil {
		want = fiscal.DocCorrection
	}
	return d.Type == want && int(d.Op) == int(op.GetKind()) && int64(d.Sum) == sumOf(op)
}
