package pack

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// A third of a receipt's bytes say again what its other bytes have said: the QR text repeats the document, the sums
// repeat price times quantity. An entry is folded before compression: what follows exactly from the rest is left out and
// a bit remembers that. What does not follow exactly stays as it is, so that folding loses nothing, whoever made the
// receipt. The bits and the short form of a key travel as two more fields of an entry, numbers that uplink.proto leaves free.
const (
	foldedBits protowire.Number = 15 // varint: the bits below
	foldedKey  protowire.Number = 14 // bytes: a UUID key in its 16 bytes
)

const (
	qrFolded    = 1 << iota // document.qr follows from the document
	keyFolded               // key is a UUID in lower case, in field foldedKey
	sumsFolded              // every item.sum is price × quantity, halves up
	totalFolded             // document.total is the sum of the items less the rounding, and document.kind the operation's
	endedFolded             // ended_ms counts from accepted_ms
	allFolds    = 1<<iota - 1
)

// Encode gives the bytes of a batch as they are before compression: folded. The dictionary is trained on them.
func Encode(batch *uplinkv1.Batch) ([]byte, error) {
	folded := proto.CloneOf(batch)
	for _, e := range folded.GetEntries() {
		fold(e)
	}
	raw, err := proto.Marshal(folded)
	if err != nil {
		return nil, fmt.Errorf("encode batch: %w", err)
	}
	return raw, nil
}

func decode(raw []byte) (*uplinkv1.Batch, error) {
	batch := new(uplinkv1.Batch)
	if err := proto.Unmarshal(raw, batch); err != nil {
		return nil, fmt.Errorf("open batch: %w: %w", ErrDamaged, err)
	}
	for _, e := range batch.GetEntries() {
		if err := unfold(e); err != nil {
			return nil, fmt.Errorf("open entry %d: %w", e.GetCursor(), err)
		}
	}
	return batch, nil
}

func fold(e *uplinkv1.Entry) {
	op, bits := e.GetOperation(), uint64(0)
	if op == nil || len(e.ProtoReflect().GetUnknown()) > 0 { // written by a later version: leave it alone
		return
	}
	doc := op.GetDocument()
	if doc != nil && doc.GetQr() != "" && doc.GetQr() == qrText(doc) {
		doc.Qr = ""
		bits |= qrFolded
	}
	if sum, ok := itemsSum(op.GetReceipt()); ok && doc != nil && doc.GetTotal() != 0 && doc.GetTotal() == sum-op.GetReceipt().GetRounding() && doc.GetKind() == op.GetKind() {
		doc.Total, doc.Kind = 0, 0
		bits |= totalFolded
	}
	if sumsFollow(op.GetReceipt()) {
		for _, item := range op.GetReceipt().GetItems() {
			item.Sum = 0
		}
		bits |= sumsFolded
	}
	if ended, accepted := op.GetEndedMs(), op.GetAcceptedMs(); accepted > 0 && ended >= accepted {
		op.EndedMs = ended - accepted
		bits |= endedFolded
	}
	var more []byte
	if id, err := uuid.Parse(op.GetKey()); err == nil && id.String() == op.GetKey() {
		op.Key = ""
		bits |= keyFolded
		more = protowire.AppendTag(more, foldedKey, protowire.BytesType)
		more = protowire.AppendBytes(more, id[:])
	}
	if bits != 0 {
		more = protowire.AppendTag(more, foldedBits, protowire.VarintType)
		more = protowire.AppendVarint(more, bits)
		e.ProtoReflect().SetUnknown(more)
	}
}

func unfold(e *uplinkv1.Entry) error {
	more := e.ProtoReflect().GetUnknown()
	if len(more) == 0 {
		return nil
	}
	bits, key, rest, err := foldFields(more)
	if err != nil {
		return err
	}
	if bits == 0 {
		return nil
	}
	e.ProtoReflect().SetUnknown(rest)
	op := e.GetOperation()
	if op == nil || bits&^allFolds != 0 {
		return fmt.Errorf("folds %#x: %w", bits, ErrDamaged)
	}
	doc := op.GetDocument()
	if bits&keyFolded != 0 {
		id, err := uuid.FromBytes(key)
		if err != nil {
			return fmt.Errorf("key: %w", ErrDamaged)
		}
		op.Key = id.String()
	}
	if bits&endedFolded != 0 {
		op.EndedMs += op.GetAcceptedMs()
	}
	if bits&sumsFolded != 0 {
		for _, item := range op.GetReceipt().GetItems() {
			sum, ok := lineSum(item)
			if !ok {
				return fmt.Errorf("sum of a line: %w", ErrDamaged)
			}
			item.Sum = sum
		}
	}
	if bits&totalFolded != 0 {
		sum, ok := itemsSum(op.GetReceipt())
		if !ok || doc == nil {
			return fmt.Errorf("total: %w", ErrDamaged)
		}
		doc.Total, doc.Kind = sum-op.GetReceipt().GetRounding(), op.GetKind()
	}
	if bits&qrFolded != 0 {
		if doc == nil {
			return fmt.Errorf("QR text: %w", ErrDamaged)
		}
		doc.Qr = qrText(doc)
	}
	return nil
}

// foldFields takes our two fields out of an entry's unknown ones.
func foldFields(more []byte) (bits uint64, key, rest []byte, err error) {
	for len(more) > 0 {
		num, typ, n := protowire.ConsumeTag(more)
		if n < 0 {
			return 0, nil, nil, fmt.Errorf("fields: %w", ErrDamaged)
		}
		size := protowire.ConsumeFieldValue(num, typ, more[n:])
		if size < 0 {
			return 0, nil, nil, fmt.Errorf("fields: %w", ErrDamaged)
		}
		value, field := more[n:n+size], more[:n+size]
		more = more[n+size:]
		switch {
		case num == foldedBits && typ == protowire.VarintType:
			bits, _ = protowire.ConsumeVarint(value)
		case num == foldedKey && typ == protowire.BytesType:
			key, _ = protowire.ConsumeBytes(value)
		default:
			rest = append(rest, field...)
		}
	}
	return bits, key, rest, nil
}

// qrText is the text of a receipt's QR code as the tax service defines it:
// t=20260304T0506&s=123.45&fn=…&i=<FD>&fp=<sign>&n=<kind>.
func qrText(doc *fiscalv1.Document) string {
	at := doc.GetAt()
	if len(at) != len("2026-03-04T05:06") || doc.GetTotal() < 0 {
		return ""
	}
	b := make([]byte, 0, 96)
	b = append(b, "t="...)
	b = append(b, at[:4]...)
	b = append(b, at[5:7]...)
	b = append(b, at[8:13]...)
	b = append(b, at[14:]...)
	b = append(b, "&s="...)
	b = strconv.AppendInt(b, doc.GetTotal()/100, 10)
	b = append(b, '.', byte('0'+doc.GetTotal()/10%10), byte('0'+doc.GetTotal()%10))
	b = append(b, "&fn="...)
	b = append(b, doc.GetFn()...)
	b = append(b, "&i="...)
	b = strconv.AppendUint(b, uint64(doc.GetFd()), 10)
	b = append(b, "&fp="...)
	b = strconv.AppendUint(b, uint64(doc.GetFp()), 10)
	b = append(b, "&n="...)
	b = strconv.AppendInt(b, int64(doc.GetKind()), 10)
	return string(b)
}

// itemsSum adds up the sums of the lines.
func itemsSum(r *fiscalv1.Receipt) (int64, bool) {
	total := int64(0)
	for _, item := range r.GetItems() {
		sum := item.GetSum()
		if sum < 0 || total > math.MaxInt64-sum {
			return 0, false
		}
		total += sum
	}
	return total, len(r.GetItems()) > 0
}

// sumsFollow tells whether every line's sum is given and equals price times quantity.
func sumsFollow(r *fiscalv1.Receipt) bool {
	for _, item := range r.GetItems() {
		sum, ok := lineSum(item)
		if !ok || sum != item.GetSum() || sum == 0 {
			return false
		}
	}
	return len(r.GetItems()) > 0
}

// lineSum is price times quantity, halves up; false when the figures are not such as a receipt has.
func lineSum(item *fiscalv1.Item) (int64, bool) {
	const million = 1_000_000
	whole, frac, _ := strings.Cut(item.GetQuantity(), ".")
	if len(whole) == 0 || len(whole) > 6 || len(frac) > 6 || item.GetPrice() < 0 {
		return 0, false
	}
	micros := int64(0)
	for i := range len(whole) {
		if whole[i] < '0' || whole[i] > '9' {
			return 0, false
		}
		micros = micros*10 + int64(whole[i]-'0')
	}
	for i := range 6 {
		digit := byte('0')
		if i < len(frac) {
			digit = frac[i]
		}
		if digit < '0' || digit > '9' {
			return 0, false
		}
		micros = micros*10 + int64(digit-'0')
	}
	if micros > 0 && item.GetPrice() > (math.MaxInt64-million)/micros {
		return 0, false
	}
	return (item.GetPrice()*micros + million/2) / million, true
}
