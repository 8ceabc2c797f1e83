package light

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Metric names a number a rule looks at. The names are stable: thresholds are
// stored under them.
type Metric string

// Metrics. Ages grow and are bad when great; what is left shrinks and is bad
// when small.
const (
	Silence     Metric = "silence"      // seconds of working time since the last document
	ShiftAge    Metric = "shift_age"    // seconds since the shift was opened
	OFDAge      Metric = "ofd_age"      // seconds since the oldest document the operator has not confirmed
	Contract    Metric = "ofd_contract" // seconds left of the contract with the operator
	FNTerm      Metric = "fn_term"      // seconds left of the fiscal memory's term
	FNRoom      Metric = "fn_room"      // seconds until it is full, at the rate of late
	ClockSkew   Metric = "clock_skew"   // seconds between the till's clock and its computer's
	Certificate Metric = "certificate"  // seconds left of the agent's certificate
	Autonomous  Metric = "autonomous"   // seconds a till in Kazakhstan has worked without its operator
)

const (
	minute = int64(60)
	hour   = 60 * minute
	day    = 24 * hour
)

// Limit are the two limits of a rule, in the rule's unit; 0 is never.
type Limit struct{ Warn, Critical int64 }

// Level is whose limit it is. The numbers are stored.
type Level uint8

// Levels.
const (
	Usual Level = iota // ours: nobody set anything
	OfOrganisation
	OfOutlet
	OfTill
	OfDepartment // between organisation and outlet
)

// near orders levels from far to near.
func (l Level) near() int {
	switch l {
	case OfOrganisation:
		return 1
	case OfDepartment:
		return 2
	case OfOutlet:
		return 3
	case OfTill:
		return 4
	case Usual:
	}
	return 0
}

// Override is a limit somebody set.
type Override struct {
	Level  Level
	Metric Metric
	Limit  Limit
	// Name of the node that has it, for people; empty for the organisation.
	Name string
}

// Limits are the overrides that concern one till: of several departments the nearest comes last, else in any order.
type Limits []Override

// Of gives the limit that holds for a metric, whose it is, and what that node is called.
func (l Limits) Of(m Metric) (Limit, Level, string) {
	var limit Limit
	var level Level
	var name string
	for i := range rules {
		if r := &rules[i]; r.Metric == m {
			limit = r.Usual
		}
	}
	for _, o := range l {
		if o.Metric == m && o.Level.near() >= level.near() {
			limit, level, name = o.Limit, o.Level, o.Name
		}
	}
	return limit, level, name
}

// Rule is one number with its limits.
type Rule struct {
	Metric Metric
	Aspect Aspect
	// Usual are the limits nobody has changed.
	Usual Limit
	// Below says that small is bad: the number is what is left.
	Below bool
	// Most bounds what may be set.
	Most int64
	// band is how far back over a limit the number has to come before the colour follows.
	band int64
	// calendar says that the number goes on while the agent is silent.
	calendar bool
	text     string
	todo     string
	measure  func(Facts) (value int64, known bool)
}

// Rules gives every rule there is. The limits are the usual ones of the trade:
// the memory itself refuses a clock off by five minutes, a shift over a day and
// documents older than thirty days (Federal law 54-FZ and the FN's own format).
func Rules() []Rule { return rules }

var rules = []Rule{
	{
		Metric: Silence, Aspect: Flow, Usual: Limit{Warn: day}, Most: 90 * day,
		text: "Документов нет {value} рабочего времени.", todo: "Если магазин работает, проверьте кассу и кассовую программу.",
		measure: func(f Facts) (int64, bool) {
			now, ok := civilNow(f)
			at, made := Civil(f.State.GetLastAt())
			if !ok || !made || f.State.GetLastFd() == 0 {
				return 0, false
			}
			return seconds(f.Hours.Within(at, now)), true
		},
	},
	{
		Metric: ShiftAge, Aspect: Shift, Usual: Limit{Warn: 23 * hour, Critical: day}, Most: 30 * day,
		text: "Смена открыта {value}.", todo: "Закройте смену: после 24 часов касса не пробьёт ни чека.",
		measure: func(f Facts) (int64, bool) {
			now, ok := civilNow(f)
			if !ok || !f.State.GetShiftOpen() || f.ShiftOpened.IsZero() {
				return 0, false
			}
			return seconds(now.Sub(f.ShiftOpened)), true
		},
	},
	{
		Metric: OFDAge, Aspect: OFD, Usual: Limit{Warn: day, Critical: 10 * day}, Most: 30 * day,
		text: "Не передано в ОФД: {count}, самый старый документ ждёт {value}.", todo: "Проверьте интернет кассы и договор с ОФД. Через 30 дней касса остановится.",
		measure: func(f Facts) (int64, bool) {
			if f.State.GetUnsent() == 0 {
				return 0, f.State.GetReadMs() != 0
			}
			now, ok := civilNow(f)
			from, since := Civil(f.State.GetUnsentFrom())
			if !ok || !since {
				return 0, false
			}
			return seconds(now.Sub(from)), true
		},
	},
	{
		Metric: Contract, Aspect: OFD, Usual: Limit{Warn: 30 * day, Critical: 3 * day}, Most: 365 * day, Below: true, calendar: true,
		text: "Договор с ОФД: осталось {value}.", todo: "Продлите договор: без него ОФД перестанет принимать документы.",
		measure: func(f Facts) (int64, bool) { return left(f, f.Contract) },
	},
	{
		Metric: FNTerm, Aspect: FN, Usual: Limit{Warn: 30 * day, Critical: 3 * day}, Most: 365 * day, Below: true, calendar: true,
		text: "Срок фискального накопителя: осталось {value}.", todo: "Закажите замену накопителя и закройте его архив до конца срока.",
		measure: func(f Facts) (int64, bool) {
			until, ok := Civil(f.State.GetFnExpiry())
			if !ok {
				return 0, false
			}
			return left(f, until)
		},
	},
	{
		Metric: FNRoom, Aspect: FN, Usual: Limit{Warn: 30 * day, Critical: 3 * day}, Most: 365 * day, Below: true, calendar: true, band: day,
		text: "Память фискального накопителя кончится через {value}, если продавать как сейчас.", todo: "Закажите замену накопителя.",
		measure: func(f Facts) (int64, bool) {
			if f.Room <= 0 || f.Rate <= 0 {
				return 0, false
			}
			return int64(math.Min(f.Room/f.Rate*float64(day), math.MaxInt32*100)), true
		},
	},
	{
		Metric: ClockSkew, Aspect: Clock, Usual: Limit{Warn: 3 * minute, Critical: 5 * minute}, Most: day, band: 30,
		text: "Часы кассы расходятся с часами компьютера на {value}.", todo: "Закройте смену и выполните «Установить время».",
		measure: func(f Facts) (int64, bool) {
			clock, ok := Civil(f.State.GetClock())
			if !ok || f.State.GetReadMs() == 0 {
				return 0, false
			}
			// A time zone is whole quarters of an hour: what is left over is the error.
			const quarter = 15 * minute
			off := (clock.Unix() - f.State.GetReadMs()/1000) % quarter
			off = min((off+quarter)%quarter, (quarter-off)%quarter)
			// Greater ones the agent tells, which knows the zone of its computer.
			for _, p := range f.State.GetProblems() {
				if told, err := strconv.ParseInt(p.GetArgs()["minutes"], 10, 32); p.GetCode() == "clock_skew" && err == nil {
					off = max(off, told*minute, -told*minute)
				}
			}
			return off, true
		},
	},
	{
		Metric: Certificate, Aspect: Agent, Usual: Limit{Warn: 3 * day, Critical: day}, Most: 90 * day, Below: true, calendar: true,
		text: "Сертификат агента: осталось {value}.", todo: "Агент обновляет его сам; раз не обновил, проверьте его связь с кабинетом.",
		measure: func(f Facts) (int64, bool) {
			if f.CertificateUntil.IsZero() {
				return 0, false
			}
			return seconds(f.CertificateUntil.Sub(f.Now)), true
		},
	},
	{
		Metric: Autonomous, Aspect: OFD, Usual: Limit{Warn: day, Critical: 60 * hour}, Most: 72 * hour,
		text: "Касса работает без связи с ОФД {value}.", todo: "Восстановите связь: через 72 часа касса заблокируется.",
		measure: func(f Facts) (int64, bool) {
			if f.Autonomous.IsZero() {
				return 0, false
			}
			return seconds(f.Now.Sub(f.Autonomous)), true
		},
	},
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// left is how long until the end of a civil day. Without the shop's clock the
// cabinet's does: a day more or less is no matter to a term.
func left(f Facts, until time.Time) (int64, bool) {
	if until.IsZero() {
		return 0, false
	}
	now, ok := civilNow(f)
	if !ok {
		now = f.Now.UTC()
	}
	return seconds(until.AddDate(0, 0, 1).Sub(now)), true
}

// crossed tells whether a value is beyond a limit; slack widens it for a cell that
// is beyond already.
func (r *Rule) crossed(value, limit, slack int64) bool {
	switch {
	case limit == 0:
		return false
	case r.Below:
		return value < limit+slack
	}
	return value >= limit-slack
}

// judge gives the cell of a rule; green when no limit is crossed.
func (r *Rule) judge(f Facts, value int64, limits Limits, before Cell) Cell {
	h, level, name := limits.Of(r.Metric)
	slack := func(c Colour) int64 {
		if before.Rule == r.Metric && before.Colour >= c {
			return r.band
		}
		return 0
	}
	c := Cell{Rule: r.Metric, Value: value, Of: level, OfName: name}
	switch {
	case r.crossed(value, h.Critical, slack(Red)):
		c.Colour, c.Limit = Red, h.Critical
	case r.crossed(value, h.Warn, slack(Yellow)):
		c.Colour, c.Limit = Yellow, h.Warn
	default:
		return Cell{}
	}
	c.Code, c.Todo = string(r.Metric), r.todo
	c.Args = map[string]string{"seconds": strconv.FormatInt(value, 10)}
	if n := f.State.GetUnsent(); r.Metric == OFDAge {
		c.Args["count"] = strconv.FormatUint(uint64(n), 10)
	}
	c.Text = fill(r.text, value, c.Args["count"])
	// Of a number that only time moves, when it crossed is known exactly.
	if r.Metric != ClockSkew && r.Metric != FNRoom && r.Metric != Silence {
		past := value - c.Limit
		if r.Below {
			past = -past
		}
		c.Since = f.Now.Add(-time.Duration(past) * time.Second)
	}
	return c
}

// Near gives the ages that have come half way to their first limit, of what is
// known now: what has not happened yet, and will to many at once when they share
// its cause.
func Near(f Facts, limits Limits) (list []Metric) {
	for i := range rules {
		r := &rules[i]
		if r.Below || !f.Fresh {
			continue
		}
		limit, _, _ := limits.Of(r.Metric)
		first := limit.Warn
		if first == 0 {
			first = limit.Critical
		}
		if value, known := r.measure(f); known && first > 0 && 2*value >= first {
			list = append(list, r.Metric)
		}
	}
	return list
}

// Check says what is wrong with limits for a metric; nil when nothing is.
func Check(m Metric, l Limit) error {
	for _, r := range Rules() {
		if r.Metric != m {
			continue
		}
		switch {
		case l.Warn < 0 || l.Critical < 0 || l.Warn > r.Most || l.Critical > r.Most:
			return fmt.Errorf("limits of %s lie between 0 and %d", m, r.Most)
		case l.Warn == 0 || l.Critical == 0:
		case r.Below && l.Critical > l.Warn:
			return fmt.Errorf("of %s, which is what is left, red comes after yellow: at less", m)
		case !r.Below && l.Critical < l.Warn:
			return fmt.Errorf("of %s red comes after yellow: at more", m)
		}
		return nil
	}
	return fmt.Errorf("there is no rule %q", m)
}
