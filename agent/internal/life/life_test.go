package life

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/agent/internal/ofdlink"
	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/drivers"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/flash"
	"github.com/chekan-io/chekan/sim/fn"
	"github.com/chekan-io/chekan/sim/ofd"
)

var today = time.Date(2026, time.March, 4, 9, 0, 0, 0, time.Local)

const (
	tillName = "касса"
	month    = 31 * 24 * time.Hour
)

// shop is one till with its agent and its operator.
type shop struct {
	*testing.T
	machine  tilltest.Machine
	fleet    *till.Fleet
	link     *ofdlink.Link
	operator *ofd.Server
	keys     int
}

func open(t *testing.T, m tilltest.Maker) *shop {
	t.Helper()
	var aged atomic.Int64
	s := &shop{T: t}
	var err error
	if s.machine, err = m.Make(flash.NewBank(), true); err != nil {
		t.Fatal(err)
	}
	s.machine = aging{s.machine, &aged}
	dir, err := os.MkdirTemp("", "chekan-life-")
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(context.Background(), dir, journal.Options{Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.DiscardHandler)
	device := s.machine.Driver(tilltest.Between{}, quiet)
	if s.fleet, err = till.NewFleet([]till.Config{{Name: tillName, Driver: m.Driver, Device: device}}, j, quiet); err != nil {
		t.Fatal(err)
	}
	s.operator, err = ofd.New(ofd.Options{Strict: true, Now: func() time.Time { return time.Now().Add(time.Duration(aged.Load())) }})
	if err != nil {
		t.Fatal(err)
	}
	s.link = ofdlink.New(ofdlink.Options{Tills: s.fleet, Settings: map[string]string{tillName: "ofd.example:7777"}, Dial: s.operator.Dial})
	ctx, stop := context.WithCancel(context.Background())
	tills, carrier := make(chan error, 1), make(chan error, 1)
	go func() { tills <- s.fleet.Run(ctx) }()
	go func() { carrier <- s.link.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		<-carrier
		if err := <-tills; err != nil {
			t.Error(err)
		}
		findings, _, err := j.Check(context.Background())
		if err != nil || len(findings) > 0 {
			t.Errorf("journal: %v %v", findings, err)
		}
		_ = j.Close()
		if err := s.machine.Close(); err != nil {
			t.Error(err)
		}
		_ = os.RemoveAll(dir)
	})
	return s
}

// aging moves the operator's clock with the till's.
type aging struct {
	tilltest.Machine
	by *atomic.Int64
}

func (a aging) Age(d time.Duration) {
	a.by.Add(int64(d))
	a.Machine.Age(d)
}

// ask asks for an operation as a well-behaved program does.
func (s *shop) ask(op *fiscalv1.Operation) *fiscalv1.Operation {
	s.Helper()
	s.keys++
	op.Key, op.Till = fmt.Sprint("life-", s.keys), tillName
	op.Cashier = &fiscalv1.Cashier{Name: "Иванова", Inn: "500100732259"}
	got, err := s.fleet.Submit(s.Context(), op, 10*time.Minute)
	if err != nil {
		s.Fatalf("%s: %v", op.GetKind(), err)
	}
	return got
}

// do asks for what must be done.
func (s *shop) do(op *fiscalv1.Operation) *fiscalv1.Document {
	s.Helper()
	got := s.ask(op)
	if got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
		s.Fatalf("%s: %s (%s) %v", op.GetKind(), got.GetText(), got.GetReason(), got.GetEvidence())
	}
	return got.GetDocument()
}

// refused asks for what must not be done, for the reason.
func (s *shop) refused(op *fiscalv1.Operation, reason string) {
	s.Helper()
	before := len(s.machine.FN().List())
	got := s.ask(op)
	if got.GetOutcome() != fiscalv1.Outcome_OUTCOME_NOT_DONE || got.GetReason() != reason {
		s.Errorf("%s: %s for %q, want %q: %s", op.GetKind(), got.GetOutcome(), got.GetReason(), reason, got.GetText())
	}
	if after := len(s.machine.FN().List()); after != before {
		s.Errorf("%s refused and left %d documents", op.GetKind(), after-before)
	}
}

func plain(kind fiscalv1.Kind) *fiscalv1.Operation { return &fiscalv1.Operation{Kind: kind} }

func receipt(kind fiscalv1.Kind, price int64, correction bool) *fiscalv1.Operation {
	r := &fiscalv1.Receipt{
		TaxSystem: 1,
		Items: []*fiscalv1.Item{
			{Name: "Кофе", Quantity: "2", Price: price, Vat: "20"},
			{Name: "Яблоки", Quantity: "0.345", Price: 19990, Vat: "10"},
		},
	}
	r.Payments = &fiscalv1.Payments{Cash: 2*price + 6897 - 1000, Electronic: 1000}
	if correction {
		r.Correction = &fiscalv1.Correction{Date: "2026-03-03T00:00", Reason: "пропущен чек"}
	}
	return &fiscalv1.Operation{Kind: kind, Receipt: r}
}

func registration(kind fiscalv1.Kind, ffdVersion, address string, reasons uint32) *fiscalv1.Operation {
	op := plain(kind)
	op.Registration = &fiscalv1.Registration{
		Inn: tilltest.INN, Rnm: tilltest.RNM, Serial: tilltest.Serial, User: "Ромашка", Address: address, Place: "Магазин",
		TaxSystems: 1, Ffd: ffdVersion, OfdInn: ofd.Platforma, OfdName: "Платформа ОФД", Reasons: reasons,
	}
	return op
}

// delivered waits until the operator has everything.
func (s *shop) delivered() {
	s.Helper()
	deadline := time.Now().Add(2 * time.Hour)
	for s.machine.FN().Unconfirmed() > 0 {
		if time.Now().After(deadline) {
			state, _ := s.link.State(tillName)
			s.Fatalf("two hours, and %d documents wait: %+v", s.machine.FN().Unconfirmed(), state)
		}
		<-time.After(10 * time.Second)
	}
}

func (s *shop) day() {
	s.Helper()
	s.do(plain(fiscalv1.Kind_KIND_OPEN_SHIFT))
	s.do(&fiscalv1.Operation{Kind: fiscalv1.Kind_KIND_CASH_IN, Amount: 500000})
	s.do(receipt(fiscalv1.Kind_KIND_SALE, 15000, false))
	s.do(receipt(fiscalv1.Kind_KIND_SALE_RETURN, 15000, false))
	s.do(receipt(fiscalv1.Kind_KIND_PURCHASE, 10000, false))
	s.do(receipt(fiscalv1.Kind_KIND_PURCHASE_RETURN, 10000, false))
	s.do(receipt(fiscalv1.Kind_KIND_SALE, 7000, true))
	s.do(&fiscalv1.Operation{Kind: fiscalv1.Kind_KIND_CASH_OUT, Amount: 100000})
	s.do(plain(fiscalv1.Kind_KIND_X_REPORT))
	s.do(plain(fiscalv1.Kind_KIND_CLOSE_SHIFT))
}

func TestLife(t *testing.T) {
	for _, m := range tilltest.Makers() {
		t.Run(m.Driver, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { live(t, m) })
		})
	}
}

func live(t *testing.T, m tilltest.Maker) {
	<-time.After(time.Until(today)) // before 2016 there was no FFD
	s := open(t, m)
	s.refused(plain(fiscalv1.Kind_KIND_OPEN_SHIFT), drivers.CodeNotRegistered)
	first := s.do(registration(fiscalv1.Kind_KIND_REGISTER, "1.05", "г. Орёл, ул. Ленина, 1", 0))
	if first.GetFd() != 1 || first.GetFp() == 0 || first.GetAt() == "" {
		t.Errorf("what the tax service asks for: %v", first)
	}
	s.refused(registration(fiscalv1.Kind_KIND_REGISTER, "1.05", "г. Орёл, ул. Ленина, 1", 0), drivers.CodeRegistered)
	s.day()
	s.do(plain(fiscalv1.Kind_KIND_SETTLEMENT))
	s.do(registration(fiscalv1.Kind_KIND_REREGISTER, "1.05", "г. Орёл, ул. Московская, 2", 1<<3))
	s.day()
	s.delivered()

	// A month without the operator.
	s.operator.Behave(ofd.Conduct{Behaviour: ofd.Down})
	s.do(plain(fiscalv1.Kind_KIND_OPEN_SHIFT))
	s.do(receipt(fiscalv1.Kind_KIND_SALE, 15000, false))
	s.do(plain(fiscalv1.Kind_KIND_CLOSE_SHIFT))
	s.machine.Age(month)
	s.refused(plain(fiscalv1.Kind_KIND_OPEN_SHIFT), drivers.CodeFNBlocked)
	s.operator.Behave(ofd.Conduct{})
	s.link.Wake(tillName)
	s.delivered()
	s.day()

	s.do(plain(fiscalv1.Kind_KIND_CLOSE_ARCHIVE))
	s.delivered()
	if got := s.machine.FN().Status(time.Now()).Phase; got != fn.PhaseArchive {
		t.Errorf("phase %d at the end", got)
	}
	s.refused(plain(fiscalv1.Kind_KIND_OPEN_SHIFT), drivers.CodeFNBlocked)
	s.compare()
	s.read()
}

// compare holds the operator's ledger against the fiscal memory.
func (s *shop) compare() {
	s.Helper()
	if err := s.machine.FN().Verify(); err != nil {
		s.Error(err)
	}
	if err := s.operator.Verify(); err != nil {
		s.Error(err)
	}
	held, known := s.machine.FN().List(), s.operator.Ledger(s.machine.FN().Number())
	if len(held) != len(known) {
		s.Fatalf("the memory has %d documents, the operator %d", len(held), len(known))
	}
	for i, d := range held {
		k := known[i]
		if k.FD != d.FD || k.Type != d.Type || k.Times != 1 || k.Code != 0 || len(k.Problems) > 0 {
			s.Errorf("document %d: %s at the operator, %d times, code %d, %v", d.FD, fmt.Sprint(k.FD, " of form ", k.Type), k.Times, k.Code, k.Problems)
		}
		if !bytes.Equal(k.TLV, d.TLV) {
			s.Errorf("document %d differs at the operator", d.FD)
		}
	}
	s.Logf("%d documents in the memory and at the operator", len(held))
}

// read has the archive of the closed memory tell its story through the agent.
func (s *shop) read() {
	s.Helper()
	held := s.machine.FN().List()
	var copies []*uplinkv1.DocumentCopy
	for deadline := time.Now().Add(time.Hour); ; {
		// A till that prints, or that is being read, is passed over.
		if copies = s.fleet.Copies(s.Context(), map[string]uint32{}, len(held)); len(copies) == len(held) {
			break
		}
		if time.Now().After(deadline) {
			s.Fatalf("an hour, and %d of %d documents can be read", len(copies), len(held))
		}
		<-time.After(700 * time.Millisecond)
	}
	whole := 0
	for i, c := range copies {
		d := held[i]
		if c.GetDocument().GetFd() != d.FD || c.GetDocument().GetFp() != d.FP || fiscal.DocumentType(c.GetDocument().GetType()) != d.Type || !c.GetDocument().GetTicket() {
			s.Errorf("document %d reads as %v", d.FD, c.GetDocument())
		}
		if len(c.GetTlv()) == 0 {
			continue // older than the month for which the memory keeps the tags
		}
		whole++
		doc, err := ffd.ParseDocument(c.GetTlv())
		if err != nil || doc.Fact().FD != d.FD || doc.Fact().FP != d.FP || doc.Fact().Total != d.Sum {
			s.Errorf("document %d: %+v, %v", d.FD, doc.Fact(), err)
		}
	}
	if whole == 0 || whole == len(held) {
		s.Errorf("%d of %d documents still have their tags", whole, len(held))
	}
}
