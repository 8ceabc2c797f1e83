package pack

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/pack/sample"
)

// batch gives n receipts of one shop.
func batch(shop *sample.Shop, n int) *uplinkv1.Batch {
	b := new(uplinkv1.Batch)
	for i := range n {
		b.Entries = append(b.Entries, &uplinkv1.Entry{Cursor: uint64(41_000 + i), Operation: shop.Receipt()})
	}
	return b
}

func TestPack(t *testing.T) {
	for _, n := range []int{0, 1, 2, 100, 1000} {
		want := batch(sample.New(7, true), n)
		number, packed, err := Pack(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Unpack(number, packed)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
			t.Errorf("%d receipts came back changed:\n%s", n, diff)
		}
	}
}

// TestPack_odd packs what does not follow the usual pattern: nothing may be folded away that does not come back.
func TestPack_odd(t *testing.T) {
	odd := map[string]func(op *fiscalv1.Operation){
		"a QR text of another make":        func(op *fiscalv1.Operation) { op.Document.Qr = "t=20260304T050607&s=1" },
		"no QR text":                       func(op *fiscalv1.Operation) { op.Document.Qr = "" },
		"a key in capitals":                func(op *fiscalv1.Operation) { op.Key = "0190D4E5-9C1B-7CC4-A3B0-0A1B2C3D4E5F" },
		"a key of another kind":            func(op *fiscalv1.Operation) { op.Key = "чек №1" },
		"no key":                           func(op *fiscalv1.Operation) { op.Key = "" },
		"a line with a discount":           func(op *fiscalv1.Operation) { op.Receipt.Items[0].Sum-- },
		"a line without a sum":             func(op *fiscalv1.Operation) { op.Receipt.Items[0].Sum = 0 },
		"a free line":                      func(op *fiscalv1.Operation) { op.Receipt.Items[0].Price, op.Receipt.Items[0].Sum = 0, 0 },
		"a quantity with needless zeros":   func(op *fiscalv1.Operation) { op.Receipt.Items[0].Quantity = "001.500" },
		"a quantity that is no number":     func(op *fiscalv1.Operation) { op.Receipt.Items[0].Quantity = "1e3" },
		"a price beyond reason":            func(op *fiscalv1.Operation) { op.Receipt.Items[0].Price = 1 << 62 },
		"a total that is not the sum":      func(op *fiscalv1.Operation) { op.Document.Total++ },
		"kopecks dropped":                  func(op *fiscalv1.Operation) { op.Receipt.Rounding = 13; op.Document.Total -= 13 },
		"a document of another kind":       func(op *fiscalv1.Operation) { op.Document.Kind = fiscalv1.Kind_KIND_PURCHASE },
		"ended before it was accepted":     func(op *fiscalv1.Operation) { op.EndedMs = op.AcceptedMs - 1 },
		"not ended":                        func(op *fiscalv1.Operation) { op.EndedMs = 0 },
		"no document":                      func(op *fiscalv1.Operation) { op.Document = nil },
		"no receipt":                       func(op *fiscalv1.Operation) { op.Receipt = nil },
		"a clock of the till without time": func(op *fiscalv1.Operation) { op.Document.At = "2026-03-04" },
		"fields of a later version": func(op *fiscalv1.Operation) {
			op.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 900, protowire.VarintType), 5))
		},
	}
	for name, change := range odd {
		t.Run(name, func(t *testing.T) {
			want := batch(sample.New(11, true), 3)
			for _, e := range want.GetEntries() {
				change(e.GetOperation())
			}
			number, packed, err := Pack(want)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Unpack(number, packed)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
				t.Errorf("came back changed:\n%s", diff)
			}
		})
	}
}

func TestUnpack_refuses(t *testing.T) {
	number, packed, err := Pack(batch(sample.New(1, true), 3))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a dictionary it does not know", func(t *testing.T) {
		if _, err := Unpack(number+1, packed); !errors.Is(err, ErrDictionary) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("bytes that are cut short", func(t *testing.T) {
		if _, err := Unpack(number, packed[:len(packed)-5]); !errors.Is(err, ErrDamaged) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the dictionary left out", func(t *testing.T) {
		if _, err := Unpack(0, packed); !errors.Is(err, ErrDamaged) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("what is no batch", func(t *testing.T) {
		enc, err := zstd.NewWriter(nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Unpack(0, enc.EncodeAll([]byte{0xff, 0xff, 0xff}, nil)); !errors.Is(err, ErrDamaged) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a small frame that grows without end", func(t *testing.T) {
		enc, err := zstd.NewWriter(nil)
		if err != nil {
			t.Fatal(err)
		}
		bomb := enc.EncodeAll(make([]byte, 2*MaxUnpacked), nil)
		if len(bomb) > MaxPacked {
			t.Fatalf("the bomb is %d bytes", len(bomb))
		}
		if _, err := Unpack(0, bomb); !errors.Is(err, ErrTooLarge) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("more than it takes", func(t *testing.T) {
		if _, err := Unpack(0, make([]byte, MaxPacked+1)); !errors.Is(err, ErrTooLarge) {
			t.Errorf("got %v", err)
		}
		huge := &uplinkv1.Batch{Entries: []*uplinkv1.Entry{{Operation: &fiscalv1.Operation{Text: strings.Repeat("x", MaxUnpacked)}}}}
		if _, _, err := Pack(huge); !errors.Is(err, ErrTooLarge) {
			t.Errorf("got %v", err)
		}
	})
}

// sizes gives the mean packed bytes of a receipt of hold-out shops, sent singly and by the hundred.
func sizes(tb testing.TB) (single, hundred, raw float64) {
	tb.Helper()
	const shops, each = 40, 100
	var singles, hundreds, raws int
	for seed := range uint64(shops) {
		all := batch(sample.New(seed, true), each)
		for _, e := range all.GetEntries() {
			one := &uplinkv1.Batch{Entries: []*uplinkv1.Entry{e}}
			_, packed, err := Pack(one)
			if err != nil {
				tb.Fatal(err)
			}
			singles += len(packed)
			raws += proto.Size(one)
		}
		_, packed, err := Pack(all)
		if err != nil {
			tb.Fatal(err)
		}
		hundreds += len(packed)
	}
	n := float64(shops * each)
	return float64(singles) / n, float64(hundreds) / n, float64(raws) / n
}

// TestSizes holds the goals of the uplink on receipts of shops and goods the dictionary has not seen.
func TestSizes(t *testing.T) {
	single, hundred, raw := sizes(t)
	t.Logf("a receipt: %.0f B encoded, %.0f B packed alone, %.0f B packed by the hundred", raw, single, hundred)
	if single > 260 {
		t.Errorf("a receipt sent singly takes %.0f B, the goal is 260", single)
	}
	if hundred > 150 {
		t.Errorf("a receipt of a batch of 100 takes %.0f B, the goal is 150", hundred)
	}
}

// FuzzUnpack: never panics; what opens packs and opens again to the same batch.
func FuzzUnpack(f *testing.F) {
	_, packed, err := Pack(batch(sample.New(3, true), 2))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(1), packed)
	f.Add(uint32(0), []byte{})
	f.Fuzz(func(t *testing.T, number uint32, packed []byte) {
		first, err := Unpack(number, packed)
		if err != nil {
			return
		}
		number, again, err := Pack(first)
		if err != nil {
			t.Fatal(err)
		}
		second, err := Unpack(number, again)
		if err != nil {
			t.Fatal(err)
		}
		a, errA := proto.MarshalOptions{Deterministic: true}.Marshal(first)
		b, errB := proto.MarshalOptions{Deterministic: true}.Marshal(second)
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("came back changed: %v %v", errA, errB)
		}
	})
}
