package fleet

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// journal gives what the journal of acts says of a till under maintenance, oldest first.
func (w *world) journal(t *testing.T) (lines []string) {
	t.Helper()
	rows, err := w.store.Read().ListAudit(t.Context(), db.ListAuditParams{OrganisationID: "o1", Before: 1 << 62, Until: 1 << 62, Page: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if strings.HasPrefix(r.Act, "maintenance.") {
			lines = append([]string{strings.Join([]string{r.Act, r.Object, r.Old, r.New}, " | ")}, lines...)
		}
	}
	return lines
}

func TestMaintenance(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		id := w.waiting(t, 0, "a", "1", 30*time.Hour)
		p := &access.Person{ID: "p", Login: "ivanov@example.ru", Name: "Иванов"}
		set := func(until time.Time, reason string) *Till {
			t.Helper()
			tills, err := w.SetMaintenance(t.Context(), p, "o1", []string{id}, until, reason)
			if err != nil {
				t.Fatal(err)
			}
			return tills[0]
		}
		now := func() *Till {
			t.Helper()
			till, err := w.Till(t.Context(), "o1", id)
			if err != nil {
				t.Fatal(err)
			}
			return till
		}
		began := w.clock.Now()
		until := began.Add(2 * time.Hour)
		till := set(until, "замена\nФН")
		m := Maintenance{Since: began, Until: until, Actor: "Иванов", Reason: "замена ФН"}
		same := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })
		if diff := cmp.Diff(m, till.Maintenance, same); diff != "" {
			t.Error(diff)
		}
		if till.Light != cabinetv1.Light_LIGHT_YELLOW {
			t.Errorf("its colour is %v: it has to stay honest", till.Light)
		}
		set(until, "замена ФН") // the same again is nothing
		w.restart()
		w.clock.Pass(time.Hour)
		if diff := cmp.Diff(m, now().Maintenance, same); diff != "" {
			t.Error("after a restart: ", diff)
		}
		later := until.Add(time.Hour)
		if got := set(later, "").Maintenance; !got.Since.Equal(began) || !got.Until.Equal(later) {
			t.Errorf("made longer: %+v", got)
		}
		// It is over when its time has come, whether or not anybody has looked since.
		w.clock.Pass(2 * time.Hour)
		if got := now().Maintenance; got != (Maintenance{}) {
			t.Errorf("after its time: %+v", got)
		}
		for range 2 {
			if err := w.endMaintenance(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		set(w.clock.Now().Add(time.Hour), "ещё раз")
		set(time.Time{}, "")
		set(time.Time{}, "") // nothing goes on that could end
		if got := now().Maintenance; got != (Maintenance{}) {
			t.Errorf("after it was ended: %+v", got)
		}
		of := func(m Maintenance) string { return m.String() }
		again := of(Maintenance{Until: later.Add(time.Hour), Reason: "ещё раз"})
		want := []string{
			"maintenance.begun | " + id + " |  | " + of(m),
			"maintenance.changed | " + id + " | " + of(m) + " | " + of(Maintenance{Until: later}),
			"maintenance.over | " + id + " | " + of(Maintenance{Until: later}) + " | ",
			"maintenance.begun | " + id + " |  | " + again,
			"maintenance.ended | " + id + " | " + again + " | ",
		}
		if diff := cmp.Diff(want, w.journal(t)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestMaintenance_refuse(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		id, foreign := w.waiting(t, 0, "a", "1", 0), w.waiting(t, 2, "c", "3", 0)
		p := &access.Person{ID: "p", Login: "p"}
		for name, c := range map[string]struct {
			ids    []string
			until  time.Duration
			reason string
			want   error
		}{
			"no till":                  {nil, time.Hour, "", ErrInvalid},
			"too many":                 {make([]string, MostMaintained+1), time.Hour, "", ErrInvalid},
			"one of somebody else's":   {[]string{id, foreign}, time.Hour, "", ErrNotFound},
			"one there is not":         {[]string{id, "nobody"}, time.Hour, "", ErrNotFound},
			"now":                      {[]string{id}, 0, "", ErrInvalid},
			"yesterday":                {[]string{id}, -time.Hour, "", ErrInvalid},
			"longer than a month":      {[]string{id}, 31 * 24 * time.Hour, "", ErrInvalid},
			"a reason that has no end": {[]string{id}, time.Hour, strings.Repeat("я", maxWhy+1), ErrInvalid},
		} {
			if _, err := w.SetMaintenance(t.Context(), p, "o1", c.ids, w.clock.Now().Add(c.until), c.reason); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", name, err, c.want)
			}
		}
		if _, err := w.SetMaintenance(t.Context(), p, "o1", []string{id}, w.clock.Now().Add(mostMaintenance), strings.Repeat("я", maxWhy)); err != nil {
			t.Error(err)
		}
		if lines := w.journal(t); len(lines) != 1 {
			t.Errorf("what was refused is in the journal: %q", lines)
		}
	})
}
