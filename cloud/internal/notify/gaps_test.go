package notify

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
)

// One message for a row of missing numbers when it has lasted, and one when the last of them has come.
func TestDecide_gap(t *testing.T) {
	gap := func(first, last uint32) Missing { return Missing{FN: "9999", TillID: "t1", First: first, Last: last} }
	p := play{now: noon, missing: []Missing{gap(7, 8)}}
	want(t, p.run(59*time.Minute, till(1)))
	silent := till(1).with(func(t *Till) { t.Known = false })
	want(t, p.run(3*time.Hour, silent), "began gap/memory/9999/7-8 1")
	p.missing = []Missing{gap(7, 8), gap(20, 30)}
	want(t, p.run(3*time.Hour, till(1)), "began gap/memory/9999/20-30 1")
	p.missing = []Missing{gap(20, 21), gap(30, 30)} // some of it came
	want(t, p.run(3*time.Hour, till(1)), "ended gap/memory/9999/7-8 1")
	p.missing = []Missing{gap(30, 30)}
	want(t, p.run(3*time.Hour, till(1)))
	p.missing = nil
	want(t, p.run(3*time.Hour, till(1)), "ended gap/memory/9999/20-30 1")
	if len(p.open) != 0 {
		t.Errorf("left behind: %+v", p.open)
	}

	// What comes late, but comes, is no news.
	late := play{now: noon, missing: []Missing{gap(7, 8)}}
	want(t, late.run(50*time.Minute, till(1)))
	late.missing = nil
	want(t, late.run(3*time.Hour, till(1)))
	if len(late.open) != 0 {
		t.Errorf("left behind: %+v", late.open)
	}

	// Neither at night nor while somebody works on the till; nor of a till that is not there.
	closed := play{now: noon, missing: []Missing{gap(7, 8), {FN: "1", TillID: "gone", First: 1, Last: 1}}}
	want(t, closed.run(9*time.Hour, till(1).with(func(t *Till) { t.Open = false })))
	want(t, closed.run(9*time.Hour, serviced(1)))
	want(t, closed.run(2*time.Minute, till(1)), "began gap/memory/9999/7-8 1")
	closed.missing = nil
	want(t, closed.run(9*time.Hour, serviced(1)))
	want(t, closed.run(time.Minute, till(1)), "ended gap/memory/9999/7-8 1")
}

func TestMissing_value(t *testing.T) {
	for _, m := range []Missing{{FN: "9999078900001234", First: 7, Last: 8}, {FN: "9999078900001234", First: 7, Last: 7}} {
		if got, ok := missingOf(m.value()); !ok || got != m {
			t.Errorf("%+v comes back as %+v, %v", m, got, ok)
		}
	}
	for _, bad := range []string{"", "9999", "9999/7", "9999/a-b", "9999/-"} {
		if m, ok := missingOf(bad); ok {
			t.Errorf("%q is read as %+v", bad, m)
		}
	}
}

// From missing numbers to a letter, with a cabinet that starts again in the middle.
func TestNotify_gap(t *testing.T) {
	both(t, 2, func(t *testing.T, w *world) {
		list := []Missing{{FN: "9999078900001234", TillID: w.tillID(0), First: 7, Last: 8}, {FN: "9999078900001234", TillID: w.tillID(0), First: 12, Last: 12}}
		start := func() {
			w.start()
			w.n.Missing = func(_ context.Context, organisation string) ([]Missing, error) {
				if organisation != owner {
					t.Errorf("asked for %q", organisation)
				}
				return list, nil
			}
		}
		start()
		w.settle()
		start()
		w.settle()
		for _, m := range w.mail.sent {
			if !strings.Contains(m.Text, "https://kassa.example/tills/"+w.tillID(0)) || strings.Contains(m.Text, "/help#") {
				t.Errorf("links: %s", m.Text)
			}
		}
		letters := w.mail.take()
		slices.Sort(letters) // both began at once: their order means nothing
		want(
			t, letters, "Касса 0 (Магазин 0): нет документов ФД 12 (ФН 9999078900001234), а более поздние пришли",
			"Касса 0 (Магазин 0): нет документов ФД 7–8 (ФН 9999078900001234), а более поздние пришли",
		)
		list = list[1:]
		start()
		w.settle()
		want(t, w.mail.take(), "Касса 0 (Магазин 0): пропуск закрыт: документы ФД 7–8 (ФН 9999078900001234) пришли")
		list = nil
		w.settle()
		want(t, w.mail.take(), "Касса 0 (Магазин 0): пропуск закрыт: документы ФД 12 (ФН 9999078900001234) пришли")
	})
}
