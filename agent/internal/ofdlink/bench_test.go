//go:build bench

package ofdlink

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/flash"
	"github.com/chekan-io/chekan/sim/fn"
	simofd "github.com/chekan-io/chekan/sim/ofd"
)

// memories is a fleet of bare fiscal memories, without wires: what is measured
// is the link.
type memories struct {
	names []string
	of    map[string]*memory
}

type memory struct {
	mu  sync.Mutex
	acc *fn.Accumulator
}

func (m *memories) Names() []string { return m.names }

func (m *memories) Relay(ctx context.Context, till string, do func(context.Context, drivers.Relay) error) error {
	k := m.of[till]
	k.mu.Lock()
	defer k.mu.Unlock()
	return do(ctx, k)
}

func (k *memory) OFDQueue(context.Context) (drivers.OFDQueue, error) {
	q := k.acc.Queue()
	return drivers.OFDQueue{Count: uint32(q.Count), FirstFD: q.FirstFD, First: fn.Civil(q.First), Waiting: q.Flags&fn.WaitingTicket != 0}, nil
}

func (k *memory) TakeMessage(context.Context) (drivers.OFDMessage, error) {
	q := k.acc.Queue()
	if q.Count == 0 {
		return drivers.OFDMessage{}, drivers.ErrNoMessage
	}
	k.acc.Connect(true)
	b, err := k.acc.Message()
	if err != nil {
		return drivers.OFDMessage{}, err
	}
	return drivers.OFDMessage{FN: k.acc.Number(), FD: q.FirstFD, Bytes: b}, k.acc.EndRead()
}

func (k *memory) GiveAnswer(_ context.Context, answer []byte) error {
	_, err := k.acc.Answer(answer)
	return err
}

func (k *memory) DropMessage(context.Context) error { k.acc.Connect(false); return nil }

// filled is a registered memory with n documents for the operator.
func filled(number string, n int) (*memory, error) {
	now := time.Date(2026, 7, 20, 9, 0, 0, 0, time.UTC)
	acc, err := fn.Open(new(flash.Memory), fn.Options{Number: number}, now)
	if err != nil {
		return nil, err
	}
	inn, serial := "7702203276", "0000000000000002"
	reg := fiscal.Registration{
		RNM: fiscal.MakeRNM("0000000005", inn, serial), INN: inn, Serial: serial, TaxSystems: fiscal.TaxOSN,
		User: "ООО «Ромашка»", Address: "302028, г. Орёл, ул. Ленина, 1", Place: "Магазин", OFDINN: "7709364346", OFDName: "Первый ОФД",
		FFD: "1.2", Sender: "check@example.ru", Cashier: fiscal.Cashier{Name: "Иванова А. П."},
	}
	if _, err := acc.Fiscalise(now, reg); err != nil {
		return nil, fmt.Errorf("register: %w", err)
	}
	receipt := fiscal.Receipt{
		Kind: fiscal.Sale, TaxSystem: fiscal.TaxOSN, Payments: fiscal.Payments{Cash: 20 * 4500}, Cashier: reg.Cashier,
	}
	for i := range 20 {
		receipt.Items = append(receipt.Items, fiscal.Item{Name: fmt.Sprintf("Хлеб № %d", i), Quantity: fiscal.One, Price: 4500, VAT: fiscal.VAT10})
	}
	opening, err := ffd.ShiftOpening(reg.Cashier, reg)
	if err != nil {
		return nil, err
	}
	selling, err := ffd.Receipt(receipt, reg)
	if err != nil {
		return nil, err
	}
	make := func(kind fn.Current, fields []ffd.Field, form func() error) error {
		if err := acc.Begin(kind, now); err != nil {
			return err
		}
		rows, err := ffd.Messages(fields)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := acc.Add(row); err != nil {
				return err
			}
		}
		return form()
	}
	if err := make(fn.CurrentOpenShift, opening, func() error { _, err := acc.OpenShift(); return err }); err != nil {
		return nil, fmt.Errorf("open shift: %w", err)
	}
	for range n - 2 {
		err := make(fn.CurrentReceipt, selling, func() error { _, err := acc.Receipt(now, 1, 20*4500); return err })
		if err != nil {
			return nil, fmt.Errorf("sell: %w", err)
		}
	}
	return &memory{acc: acc}, nil
}

// TestBenchDelivery: 10 000 documents of 50 fiscal memories through one link to
// an operator on this computer that answers at once.
func TestBenchDelivery(t *testing.T) {
	const tills, each, goal = 50, 200, 500
	fleet := &memories{of: map[string]*memory{}}
	settings := map[string]string{}
	server, err := simofd.New(simofd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- server.Listen(ctx, "127.0.0.1:0", func(a string) { ready <- a }) }()
	address := <-ready
	for i := range tills {
		name := fmt.Sprintf("kassa-%d", i)
		m, err := filled(fmt.Sprintf("99990789020%05d", i+1), each)
		if err != nil {
			t.Fatal(err)
		}
		fleet.names, fleet.of[name], settings[name] = append(fleet.names, name), m, address
	}
	done := make(chan struct{})
	var once sync.Once
	l := New(Options{Tills: fleet, Settings: settings, Changed: func(State) {
		if server.Count() == tills*each {
			once.Do(func() { close(done) })
		}
	}})
	began := time.Now()
	var running sync.WaitGroup
	running.Go(func() { _ = l.Run(ctx) })
	select {
	case <-done:
	case <-time.After(5 * time.Minute):
		t.Fatalf("%d of %d documents delivered", server.Count(), tills*each)
	}
	rate := tills * each / time.Since(began).Seconds()
	cancel()
	running.Wait()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := server.Verify(); err != nil {
		t.Error(err)
	}
	_, _ = fmt.Fprintf(t.Output(), "BENCH ofd_delivery %.4g documents/s >=%d\n", rate, goal)
	if rate < goal {
		t.Errorf("%.0f documents a second, want %d", rate, goal)
	}
}
