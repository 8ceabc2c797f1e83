package ffd

import (
	"fmt"
	"testing"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// longReceipt is a receipt of 20 lines.
func longReceipt() fiscal.Receipt {
	r := fiscal.Receipt{
		Kind: fiscal.Sale, TaxSystem: fiscal.TaxOSN, Cashier: fiscal.Cashier{Name: "Иванова Мария Петровна", INN: "500100732259"}, Marker: "0192f0c1a2b3",
	}
	for i := range 20 {
		r.Items = append(r.Items, fiscal.Item{
			Name:     fmt.Sprintf("Молоко пастеризованное 2,5 %% 930 мл, позиция %d", i),
			Quantity: fiscal.Quantity(i+1) * fiscal.One / 4, Price: fiscal.Money(8990 + 100*i), VAT: []fiscal.VAT{fiscal.VAT22, fiscal.VAT10, fiscal.VATNone}[i%3],
		})
	}
	r.Payments.Cash = r.Total()
	return r
}

func longHead(r fiscal.Receipt, reg fiscal.Registration) Head {
	return Head{
		Form: fiscal.DocReceipt, Format: V12, FN: testFN, RNM: reg.RNM, INN: reg.INN, FD: 77, FP: 3456789012, At: at(4, 12, 30), Shift: 5,
		Kind: fiscal.Sale, Total: r.Total(), Receipt: 6,
	}
}

// speeds are the pieces of work whose speed is promised. Encoding is the way
// from the shop's receipt to the bytes of the till's part, without the check.
func speeds(tb testing.TB) (encode, appending, decode, check func()) {
	tb.Helper()
	r, reg := longReceipt(), testRegistration(V12)
	given, err := Receipt(r, reg)
	if err != nil {
		tb.Fatal(err)
	}
	d := longHead(r, reg).Document(given)
	if err := d.Check(); err != nil {
		tb.Fatal(err)
	}
	raw := d.Append(nil)
	buf := make([]byte, 0, len(raw))
	encode = func() {
		b, err := composeReceipt(&r, reg)
		if err != nil {
			tb.Fatal(err)
		}
		buf = Append(buf[:0], b.open...)
	}
	appending = func() { buf = d.Append(buf[:0]) }
	decode = func() {
		if _, err := ParseDocument(raw); err != nil {
			tb.Fatal(err)
		}
	}
	check = func() {
		if err := d.Check(); err != nil {
			tb.Fatal(err)
		}
	}
	return encode, appending, decode, check
}

// maxAllocations is what a receipt of 20 lines may cost either way.
const maxAllocations = 20

func TestReceipt_allocations(t *testing.T) {
	encode, appending, decode, check := speeds(t)
	for _, c := range []struct {
		name string
		f    func()
	}{{"encode", encode}, {"append", appending}, {"decode", decode}, {"check", check}} {
		if n := testing.AllocsPerRun(100, c.f); n > maxAllocations {
			t.Errorf("%s allocates %v times, at most %d are promised", c.name, n, maxAllocations)
		}
	}
}

func run(b *testing.B, f func()) {
	b.ReportAllocs()
	for b.Loop() {
		f()
	}
}

func BenchmarkReceipt_encode(b *testing.B) { f, _, _, _ := speeds(b); run(b, f) }

func BenchmarkReceipt_append(b *testing.B) { _, f, _, _ := speeds(b); run(b, f) }

func BenchmarkReceipt_decode(b *testing.B) { _, _, f, _ := speeds(b); run(b, f) }

func BenchmarkReceipt_check(b *testing.B) { _, _, _, f := speeds(b); run(b, f) }
