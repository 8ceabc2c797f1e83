//go:build bench

package slip_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/slip"
)

// goal is what laying out a receipt of 20 items may take.
const goal = time.Millisecond

func twenty(t testing.TB) ffd.Document {
	t.Helper()
	r := fiscal.Receipt{Kind: fiscal.Sale, TaxSystem: fiscal.TaxOSN, Cashier: fiscal.Cashier{Name: "Иванова Мария"}}
	for i := range 20 {
		r.Items = append(r.Items, fiscal.Item{Name: fmt.Sprintf("Сыр твёрдый выдержанный двенадцать месяцев, упаковка %d", i), Quantity: 345000, Price: 19990, VAT: fiscal.VAT22})
	}
	r.Payments.Cash = r.Total()
	fields, err := ffd.Receipt(r, registration)
	if err != nil {
		t.Fatal(err)
	}
	d, err := ffd.ParseDocument(ffd.Document{Type: fiscal.DocReceipt, Fields: append(fields, receipt().Fields...)}.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestBenchLayout(t *testing.T) {
	d := twenty(t)
	var lines int
	r := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			lines = len(slip.Layout(d, slip.Options{Columns: slip.Columns32, Registration: registration}).Lines)
		}
	})
	if lines < 60 {
		t.Fatalf("20 items took %d lines", lines)
	}
	took := float64(r.NsPerOp()) / 1e3
	_, _ = fmt.Fprintf(t.Output(), "BENCH slip_layout_20_items %.4g us <=%d\n", took, goal.Microseconds())
	if took > float64(goal.Microseconds()) {
		t.Errorf("laying out takes %.1f µs", took)
	}
}
