// Package sample invents what a shop's till does in a day: operations with receipts as the agent keeps them, varied in
// goods, sums, ways to pay and people, and the same for the same seed. The uplink's dictionary is trained on them, sizes
// are measured on them, and the cabinet is loaded with them.
//
// A shop for training and a hold-out shop differ in their goods, makers, people and tills: half of what a hold-out shop
// sells has a name no training shop has, so that a dictionary which merely remembers its lessons shows up as large
// receipts. Nothing here comes from a real shop.
package sample

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// Shop is one till with its stock, customers and counters. Not safe for concurrent use.
type Shop struct {
	rng      *rand.Rand
	holdOut  bool
	till     string
	cashiers []string
	inn      []string
	fn       string
	fd       uint32
	shift    uint32
	receipt  uint32
	vat      string
	system   uint32
	keys     int // how this shop's software makes keys
	now      time.Time
	stock    []product
	since    int
}

type product struct {
	name  string
	price int64
	byKg  bool
	vat   string
}

// New makes a shop of the given seed. A hold-out shop has people, tills and half of its goods that no training shop has.
func New(seed uint64, holdOut bool) *Shop {
	salt := uint64(0x5eed)
	if holdOut {
		salt = 0x401d
	}
	s := &Shop{rng: rand.New(rand.NewPCG(seed, salt)), holdOut: holdOut}
	people := shops
	if holdOut {
		people = unseenShops
	}
	who := people[s.rng.IntN(len(people))]
	s.till, s.cashiers = who.till, who.cashiers
	for range s.cashiers {
		inn := ""
		if s.rng.IntN(3) > 0 {
			inn = s.digits(12)
		}
		s.inn = append(s.inn, inn)
	}
	s.fn = fmt.Sprintf("73%02d4400%s", 80+s.rng.IntN(20), s.digits(8))
	s.fd = uint32(1 + s.rng.IntN(180_000))
	s.shift = uint32(1 + s.rng.IntN(900))
	s.receipt = uint32(s.rng.IntN(200))
	s.system = []uint32{0, 1, 2, 4, 32}[s.rng.IntN(5)]
	s.vat = []string{"none", "22", "5", "7"}[s.rng.IntN(4)]
	s.keys = s.rng.IntN(3)
	s.now = time.Date(2026, time.Month(1+s.rng.IntN(12)), 1+s.rng.IntN(28), 8, s.rng.IntN(60), 0, 0, time.UTC)
	for range 60 + s.rng.IntN(400) {
		s.stock = append(s.stock, s.invent())
	}
	return s
}

// digits gives n random decimal digits.
func (s *Shop) digits(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + s.rng.IntN(10))
	}
	return string(b)
}

func pick[T any](s *Shop, from []T) T { return from[s.rng.IntN(len(from))] }

// invent makes a product: what it is, who made it, how much of it.
func (s *Shop) invent() product {
	words := &seen
	if s.holdOut && s.rng.IntN(2) == 0 {
		words = &unseen
	}
	parts := []string{pick(s, words.things)}
	if maker := pick(s, words.makers); maker != "" {
		parts = append(parts, maker)
	}
	p := product{vat: s.vat, byKg: s.rng.IntN(8) == 0}
	if size := pick(s, words.sizes); size != "" && !p.byKg {
		parts = append(parts, size)
	}
	p.name = strings.Join(parts, " ")
	if s.rng.IntN(6) == 0 {
		p.name = strings.ToUpper(p.name)
	}
	if s.rng.IntN(5) == 0 { // some shops put their own article before the name
		p.name = fmt.Sprintf("%d %s", 1000+s.rng.IntN(900_000), p.name)
	}
	if p.vat == "22" && s.rng.IntN(3) > 0 {
		p.vat = "10"
	}
	p.price = int64(20+s.rng.IntN(900)) * 100
	switch s.rng.IntN(4) {
	case 0:
		p.price += 99
	case 1:
		p.price += 90
	case 2:
		p.price += int64(s.rng.IntN(100))
	}
	return p
}

// key makes an operation's key as one of the usual programs of a shop would.
func (s *Shop) key() string {
	var id uuid.UUID
	for i := range id {
		id[i] = byte(s.rng.Uint32())
	}
	switch s.keys {
	case 0: // random
		id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
		return id.String()
	case 1: // by time
		var ms [8]byte
		binary.BigEndian.PutUint64(ms[:], uint64(s.now.UnixMilli())<<16)
		copy(id[:6], ms[:6])
		id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
		return id.String()
	default:
		return fmt.Sprintf("%s-%06d-%04d", s.now.Format("20060102"), s.fd, s.rng.IntN(10_000))
	}
}

// Receipt gives the next sale, or now and then its return, as the agent keeps it after the end.
func (s *Shop) Receipt() *fiscalv1.Operation {
	s.now = s.now.Add(time.Duration(20+s.rng.IntN(240)) * time.Second)
	if s.since++; s.since > 250 {
		s.since, s.receipt = 0, 0
		s.shift++
		s.fd += 2
		s.now = s.now.Add(10 * time.Hour)
	}
	s.fd++
	s.receipt++
	who := s.rng.IntN(len(s.cashiers))
	op := &fiscalv1.Operation{
		Key:     s.key(),
		Till:    s.till,
		Kind:    fiscalv1.Kind_KIND_SALE,
		Receipt: &fiscalv1.Receipt{TaxSystem: s.system, Payments: &fiscalv1.Payments{}},
		Cashier: &fiscalv1.Cashier{Name: s.cashiers[who], Inn: s.inn[who]},
		Stage:   fiscalv1.Stage_STAGE_ENDED,
		Outcome: fiscalv1.Outcome_OUTCOME_DONE,
		Paper:   fiscalv1.PaperTrack_PAPER_TRACK_PRINTED,
		Ofd:     fiscalv1.OFDTrack_OFD_TRACK_QUEUED,
	}
	if s.rng.IntN(40) == 0 {
		op.Kind = fiscalv1.Kind_KIND_SALE_RETURN
	}
	r := op.Receipt
	if s.rng.IntN(12) == 0 {
		if s.rng.IntN(2) == 0 {
			r.Customer = "+79" + s.digits(9)
		} else {
			b := make([]byte, 5+s.rng.IntN(8))
			for i := range b {
				b[i] = byte('a' + s.rng.IntN(26))
			}
			r.Customer = string(b) + "@" + pick(s, domains)
		}
	}
	// Half of the receipts have one or two lines, a few have a full trolley.
	lines := 1 + int(s.rng.ExpFloat64()*2.5)
	total := int64(0)
	for range min(lines, 40) {
		p := pick(s, s.stock)
		item := &fiscalv1.Item{Name: p.name, Quantity: "1", Price: p.price, Vat: p.vat}
		switch {
		case p.byKg:
			grams := int64(80 + s.rng.IntN(2400))
			item.Quantity = strings.TrimRight(fmt.Sprintf("%d.%03d", grams/1000, grams%1000), "0")
			item.Quantity = strings.TrimSuffix(item.Quantity, ".")
			item.Sum = (p.price*grams + 500) / 1000
		case s.rng.IntN(5) == 0:
			n := int64(2 + s.rng.IntN(5))
			item.Quantity = fmt.Sprint(n)
			item.Sum = p.price * n
		default:
			item.Sum = p.price
		}
		total += item.Sum
		r.Items = append(r.Items, item)
	}
	switch s.rng.IntN(10) {
	case 0, 1, 2:
		r.Payments.Cash = total
		if s.rng.IntN(2) == 0 {
			note := int64(50_000)
			r.Payments.Cash = (total + note - 1) / note * note
			op.Change = r.Payments.Cash - total
		}
	case 3:
		r.Payments.Cash = total / 200 * 100
		r.Payments.Electronic = total - r.Payments.Cash
	default:
		r.Payments.Electronic = total
	}
	at := s.now.Add(3 * time.Hour)
	doc := &fiscalv1.Document{
		Fn: s.fn, Fd: s.fd, Fp: s.rng.Uint32(), Type: 3, At: at.Format("2006-01-02T15:04"), Kind: op.Kind, Total: total,
		Shift: s.shift, Receipt: s.receipt,
	}
	doc.Qr = fmt.Sprintf("t=%s&s=%d.%02d&fn=%s&i=%d&fp=%d&n=%d", at.Format("20060102T1504"), total/100, total%100, doc.Fn, doc.Fd, doc.Fp, op.Kind)
	op.Document = doc
	op.AcceptedMs = s.now.UnixMilli() + int64(s.rng.IntN(1000))
	op.EndedMs = op.AcceptedMs + 350 + int64(s.rng.IntN(1500))
	op.Revision = uint32(3 + s.rng.IntN(3))
	op.Attempt = 0
	return op
}
