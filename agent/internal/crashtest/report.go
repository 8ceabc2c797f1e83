package crashtest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Format of the certificate; it grows with each change of meaning.
const Format = 1

// Certificate is what a crash test has found.
type Certificate struct {
	Format        int           `json:"format"`
	Verdict       Verdict       `json:"verdict"`
	Points        []string      `json:"points"` // the journal of points, see Point.Line
	Circumstances Circumstances `json:"circumstances"`
}

// Verdict is the part that the same seed on the same till gives again, letter
// by letter.
type Verdict struct {
	Driver   string `json:"driver"`
	Maker    string `json:"maker"`
	Model    string `json:"model"`
	Serial   string `json:"serial"`
	Firmware string `json:"firmware"`
	FN       string `json:"fn"`
	DebugFN  bool   `json:"debug_fn"`
	FFD      string `json:"ffd"`
	Agent    string `json:"agent"`

	Seed         uint64   `json:"seed"`
	Lengths      []Length `json:"lengths"`
	Cells        []Cell   `json:"cells"`
	Total        Cell     `json:"total"`
	Missed       int      `json:"missed"` // points beyond the end of the exchange, not counted
	PointsSHA256 string   `json:"points_sha256"`

	Complete bool `json:"complete"` // nothing broke the test off
	Archive  bool `json:"archive"`  // the last reading of the whole archive agrees with everything said and seen
	Passed   bool `json:"passed"`
}

// Length is how long the exchange of a kind is.
type Length struct {
	Kind    string `json:"kind"`
	Writes  int    `json:"writes"`
	Effects int    `json:"effects"` // writes and commits of the journal
}

// Cell adds up points of one kind and trouble, or all.
type Cell struct {
	Kind      string `json:"kind,omitempty"`
	Trouble   string `json:"trouble,omitempty"`
	Points    int    `json:"points"`
	Lost      int    `json:"lost"`
	Doubled   int    `json:"doubled"`
	Wrong     int    `json:"wrong"`
	Unsettled int    `json:"unsettled"`
}

func (c *Cell) add(p Point) {
	c.Points++
	for _, m := range []struct {
		is bool
		n  *int
	}{{p.Lost, &c.Lost}, {p.Doubled, &c.Doubled}, {p.Wrong, &c.Wrong}, {p.Unsettled, &c.Unsettled}} {
		if m.is {
			*m.n++
		}
	}
}

func (c Cell) clean() bool { return c.Lost+c.Doubled+c.Wrong+c.Unsettled == 0 }

// Circumstances are what differs from run to run.
type Circumstances struct {
	Started  time.Time `json:"started"`
	Ended    time.Time `json:"ended"`
	FirstFD  uint32    `json:"first_fd"` // of the test; LastFD before FirstFD says none
	LastFD   uint32    `json:"last_fd"`
	Answered int       `json:"answered"` // documents the agent said were done
	Held     int       `json:"held"`     // documents in the archive since FirstFD

	Settled        int   `json:"settled"` // points after which there was doubt
	SettleMedianMS int64 `json:"settle_median_ms"`
	SettleWorstMS  int64 `json:"settle_worst_ms"`

	Broken  string     `json:"broken,omitempty"`  // why the test was broken off
	Stories [][]string `json:"stories,omitempty"` // of bad points, the shortest first
}

func (r *run) certify(lengths map[string]length, tried []Point, held []fiscal.Document, broken error, started time.Time) Certificate {
	id := r.till
	v := Verdict{
		Driver: r.o.Driver, Maker: id.Maker, Model: id.Model, Serial: id.Serial, Firmware: id.Firmware, FN: id.FN, DebugFN: r.debug, FFD: id.FFD,
		Agent: r.o.Version, Seed: r.o.Seed, Complete: broken == nil, Archive: r.agrees(held),
	}
	c := Certificate{Format: Format, Circumstances: Circumstances{
		Started: started.UTC(), Ended: time.Now().UTC(), FirstFD: r.first + 1, LastFD: r.now.LastFD, Answered: len(r.done), Held: len(held),
	}}
	for _, k := range kinds {
		if l, ok := lengths[k.name]; ok {
			v.Lengths = append(v.Lengths, Length{k.name, l.writes, l.effects})
		}
		for _, t := range troubles {
			cell := Cell{Kind: k.name, Trouble: t.name}
			for _, p := range tried {
				if p.Kind == k.name && p.Trouble == t.name && !p.Missed {
					cell.add(p)
				}
			}
			if cell.Points > 0 {
				v.Cells = append(v.Cells, cell)
			}
		}
	}
	for _, p := range tried {
		c.Points = append(c.Points, p.Line())
		if p.Missed && !p.Bad() {
			v.Missed++
			continue
		}
		v.Total.add(p)
	}
	v.PointsSHA256 = hashOf(c.Points)
	v.Passed = v.Complete && v.Archive && v.Total.Points > 0 && v.Total.clean()
	c.Verdict = v
	r.explain(&c.Circumstances, tried, broken)
	return c
}

// explain adds what a person wants to know.
func (r *run) explain(c *Circumstances, tried []Point, broken error) {
	if broken != nil {
		c.Broken = broken.Error()
	}
	if n := len(r.settles); n > 0 {
		slices.Sort(r.settles)
		c.Settled, c.SettleMedianMS, c.SettleWorstMS = n, r.settles[n/2].Milliseconds(), r.settles[n-1].Milliseconds()
	}
	bad := slices.DeleteFunc(slices.Clone(tried), func(p Point) bool { return !p.Bad() })
	slices.SortStableFunc(bad, func(a, b Point) int {
		if d := len(a.Story) - len(b.Story); d != 0 {
			return d
		}
		return a.At - b.At
	})
	for _, p := range bad[:min(len(bad), 20)] {
		c.Stories = append(c.Stories, p.Story)
	}
}

// agrees compares the last reading of the whole archive with what was seen
// point by point and with what was answered.
func (r *run) agrees(held []fiscal.Document) bool {
	same := func(a, b fiscal.Document) bool {
		return a.FN == b.FN && a.FD == b.FD && a.FP == b.FP && a.Type == b.Type && a.Kind == b.Kind && a.Total == b.Total
	}
	if !slices.EqualFunc(held, r.seen, same) || len(held) != len(r.done) {
		return false
	}
	for _, d := range r.done {
		if !slices.ContainsFunc(held, func(h fiscal.Document) bool { return h.FN == d.FN && h.FD == d.FD && h.FP == d.FP }) {
			return false
		}
	}
	return true
}

func hashOf(points []string) string {
	sum := sha256.Sum256([]byte(strings.Join(points, "\n") + "\n"))
	return hex.EncodeToString(sum[:])
}

// Summary says the certificate to a person, in Russian.
func (c Certificate) Summary() string {
	v, at := c.Verdict, c.Circumstances
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	memory := "отладочный ФН"
	if !v.DebugFN {
		memory = "ФН НЕ отладочный"
	}
	line("%s %s, № %s, прошивка %s, ФФД %s, %s %s", v.Maker, v.Model, v.Serial, v.Firmware, v.FFD, memory, v.FN)
	line("Драйвер %s, агент %s, зерно %d, %s — %s", v.Driver, v.Agent, v.Seed, at.Started.Format("02.01.2006 15:04"), at.Ended.Format("02.01.2006 15:04 MST"))
	t := v.Total
	line("Точек %d: потеряно %d, задвоено %d, неверных ответов %d, не выяснено %d", t.Points, t.Lost, t.Doubled, t.Wrong, t.Unsettled)
	for _, k := range kinds {
		var sum Cell
		for _, cell := range v.Cells {
			if cell.Kind == k.name {
				sum.Points += cell.Points
				sum.Lost, sum.Doubled = sum.Lost+cell.Lost, sum.Doubled+cell.Doubled
				sum.Wrong, sum.Unsettled = sum.Wrong+cell.Wrong, sum.Unsettled+cell.Unsettled
			}
		}
		if sum.Points > 0 {
			mark := "цело"
			if !sum.clean() {
				mark = fmt.Sprintf("потеряно %d, задвоено %d, неверно %d, не выяснено %d", sum.Lost, sum.Doubled, sum.Wrong, sum.Unsettled)
			}
			line("  %-16s %4d  %s", k.words, sum.Points, mark)
		}
	}
	if at.Settled > 0 {
		line("Выяснение: %d раз, обычно %s, дольше всего %s", at.Settled, seconds(at.SettleMedianMS), seconds(at.SettleWorstMS))
	}
	agrees := "сходится с ответами"
	if !v.Archive {
		agrees = "НЕ сходится с ответами"
	}
	line("Архив ФН перечитан: документов %d, ответов «пробит» %d, %s", at.Held, at.Answered, agrees)
	if at.Broken != "" {
		line("Проверка не закончена: %s", at.Broken)
	}
	for i, story := range at.Stories {
		if i == 3 {
			line("… и ещё %d", len(at.Stories)-i)
			break
		}
		line("Случай %d:", i+1)
		for _, s := range story {
			line("    %s", s)
		}
	}
	if v.Passed {
		line("ПРОЙДЕНО: ни один чек не потерян и не задвоен.")
	} else {
		line("НЕ ПРОЙДЕНО.")
	}
	return b.String()
}

func seconds(ms int64) string { return fmt.Sprintf("%d,%d с", ms/1000, ms%1000/100) }
