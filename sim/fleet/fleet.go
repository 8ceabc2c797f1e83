// Package fleet invents organisations with outlets and tills, and months of what their tills did: the same for the same seed. The
// cabinet is loaded with them, and its sums are checked against them.
//
// # What is in it
//
// Outlets stand in the time zones of Russia and keep their own hours; some close at two in the night, so that a shift holds
// receipts of two days of the calendar. Tills sell, give back, correct and are paid in every way. Journals tell late, twice and
// out of order; some documents are made by somebody else's program, and only the fiscal memory knows of them.
//
// # Two ways to play
//
// [Till.Play] puts every document through a simulated fiscal memory ([sim/fn]), whose file is then the oracle: what the cabinet adds up
// must be what stands there. [Till.Quick] makes operations alone, fast enough for millions.
//
// # What it does not do
//
// It sends nothing: what it gives are entries of the uplink, for a file or for a test to push.
package fleet

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Options say how much to invent. Zero values are replaced by small ones.
type Options struct {
	Seed          uint64
	Organisations int
	// Outlets of an organisation, Tills of an outlet.
	Outlets, Tills int
	// Days there are, from the first one on.
	Days  int
	First time.Time
	// Receipts of a till in a day, on average.
	Receipts int
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		to *int
		of int
	}{{&o.Organisations, 2}, {&o.Outlets, 3}, {&o.Tills, 2}, {&o.Days, 31}, {&o.Receipts, 20}} {
		if *d.to == 0 {
			*d.to = d.of
		}
	}
	if o.First.IsZero() {
		o.First = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	}
	return o
}

// Organisation owns outlets.
type Organisation struct {
	Name    string    `json:"name"`
	INN     string    `json:"inn"`
	Outlets []*Outlet `json:"outlets"`
}

// Outlet is a place with an agent.
type Outlet struct {
	Name string `json:"name"`
	// Zone is hours ahead of UTC.
	Zone int `json:"zone"`
	// Opens and Closes are hours of the day the shift begins; after 24 it is the next one.
	Opens  int     `json:"opens"`
	Closes int     `json:"closes"`
	Tills  []*Till `json:"tills"`
}

// Till is a till with its fiscal memory.
type Till struct {
	Name   string `json:"name"`
	Serial string `json:"serial"`
	RNM    string `json:"rnm"`
	FN     string `json:"fn"`

	seed    uint64
	options Options
	outlet  *Outlet
	reg     fiscal.Registration
	people  []string
}

var (
	cities  = []string{"Калининград", "Москва", "Казань", "Самара", "Екатеринбург", "Омск", "Новосибирск", "Иркутск", "Якутск", "Владивосток"}
	zones   = []int{2, 3, 3, 4, 5, 6, 7, 8, 9, 10}
	streets = []string{"Мира", "Ленина", "Садовая", "Лесная", "Школьная", "Набережная", "Советская", "Молодёжная"}
	owners  = []string{"ООО «Ромашка»", "ООО «Продукты у дома»", "ИП Щукин", "АО «Северный ветер»", "ООО «Кофе и хлеб»", "ООО «Домовой»"}
	names   = []string{
		"Иванова Мария", "Петрова Анна", "Сидоренко Ольга", "Кузнецова Елена", "Смирнов Денис", "Волкова Юлия", "Абдуллина Гузель", "Тимофеев Пётр",
		"Цветков Илья", "Юсупова Алия", "Морозова Татьяна", "Лебедев Артём",
	}
)

// New invents organisations.
func New(o Options) []*Organisation {
	o = o.withDefaults()
	rng := rand.New(rand.NewPCG(o.Seed, 0xf1ee7))
	list := make([]*Organisation, 0, o.Organisations)
	serial := uint64(0)
	for i := range o.Organisations {
		org := &Organisation{Name: fmt.Sprintf("%s %d", owners[i%len(owners)], i+1), INN: inn(rng)}
		for j := range o.Outlets {
			city := rng.IntN(len(cities))
			out := &Outlet{
				Name: fmt.Sprintf("%s, %s, %d", cities[city], streets[rng.IntN(len(streets))], 10*j+1+rng.IntN(9)), Zone: zones[city],
				Opens: 7 + rng.IntN(4), Closes: 20 + rng.IntN(3),
			}
			if j%5 == 2 { // a bar
				out.Opens, out.Closes = 15, 26
			}
			for k := range o.Tills {
				serial++
				t := &Till{
					Name: fmt.Sprintf("kassa-%d", k+1), Serial: fmt.Sprintf("%016d", o.Seed%1000*1_000_000+serial), FN: fmt.Sprintf("9999%04d%08d", o.Seed%10_000, serial),
					seed: rng.Uint64(), options: o, outlet: out,
				}
				t.RNM = fiscal.MakeRNM(fmt.Sprintf("%010d", serial), org.INN, t.Serial)
				for range 2 + rng.IntN(2) {
					t.people = append(t.people, "Кассир "+names[rng.IntN(len(names))])
				}
				t.reg = fiscal.Registration{
					INN: org.INN, RNM: t.RNM, Serial: t.Serial, User: org.Name, Address: out.Name, Place: "Магазин", TaxSystems: fiscal.TaxOSN | fiscal.TaxUSN,
					FFD: "1.2", OFDINN: "7709364346", OFDName: "Оператор", Cashier: fiscal.Cashier{Name: t.people[0]}, Site: "nalog.gov.ru",
					Sender: "check@example.com",
				}
				out.Tills = append(out.Tills, t)
			}
			org.Outlets = append(org.Outlets, out)
		}
		list = append(list, org)
	}
	return list
}

// inn makes a number of an organisation that its control digit fits.
func inn(rng *rand.Rand) string {
	weights := [9]int{2, 4, 10, 3, 5, 9, 4, 6, 8}
	digits := fmt.Sprintf("77%07d", rng.IntN(10_000_000))
	sum := 0
	for i, w := range weights {
		sum += w * int(digits[i]-'0')
	}
	return digits + fmt.Sprint(sum%11%10)
}
