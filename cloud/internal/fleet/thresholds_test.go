package fleet

import (
	"errors"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/light"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// waiting reports a till of an agent whose oldest unsent document is as old as given.
func (w *world) waiting(t *testing.T, agent int, name, serial string, age time.Duration) string {
	t.Helper()
	now := w.clock.Now()
	err := w.Report(t.Context(), w.agents[agent], &uplinkv1.ReportStateRequest{Tills: []*fiscalv1.TillState{{
		Till: name, Driver: "shtrih", Serial: serial, Online: true, Clock: now.Format("2006-01-02T15:04:05"), ReadMs: now.UnixMilli(),
		Unsent: 1, UnsentFrom: now.Add(-age).Format("2006-01-02T15:04"),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	id, err := w.TillID(t.Context(), w.agents[agent], name)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Limits set for one outlet or till hold there and nowhere else, and what is taken back is inherited again.
func TestThresholds_inherit(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		if _, err := w.store.Write().PutOutlet(t.Context(), db.PutOutletParams{ID: "second", OrganisationID: "o1", Name: "second"}); err != nil {
			t.Fatal(err)
		}
		w.agents[1].OutletID = "second"
		here, there := w.waiting(t, 0, "a", "1", 5*time.Hour), w.waiting(t, 1, "b", "2", 5*time.Hour)
		colours := func(want ...cabinetv1.Light) {
			t.Helper()
			for i, id := range []string{here, there} {
				if got := w.light(t, id); got != want[i] {
					t.Errorf("till %d is %v, want %v", i+1, got, want[i])
				}
			}
		}
		set := func(n Node, limit *light.Limit) Threshold {
			t.Helper()
			got, err := w.SetThreshold(t.Context(), "o1", n, light.OFDAge, limit)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		const green, yellow, red = cabinetv1.Light_LIGHT_GREEN, cabinetv1.Light_LIGHT_YELLOW, cabinetv1.Light_LIGHT_RED
		colours(green, green)
		outlet := Node{light.OfOutlet, w.agents[0].OutletID}
		got := set(outlet, &light.Limit{Warn: 3600})
		if got.Level != light.OfOutlet || got.AboveLevel != light.Usual || got.Above.Warn != 24*3600 {
			t.Errorf("got %+v", got)
		}
		colours(yellow, green)
		set(Node{Level: light.OfOrganisation}, &light.Limit{Warn: 3600, Critical: 7200})
		colours(yellow, red)
		set(Node{light.OfTill, there}, &light.Limit{})
		colours(yellow, green)
		w.restart()
		colours(yellow, green)
		set(outlet, nil)
		colours(red, green)
		till, err := w.Till(t.Context(), "o1", here)
		if err != nil {
			t.Fatal(err)
		}
		if c := till.Cells[light.OFD-1]; c.Rule != light.OFDAge || c.Of != light.OfOrganisation || c.Limit != 7200 {
			t.Errorf("got %+v", c)
		}
		set(Node{Level: light.OfOrganisation}, nil)
		set(Node{light.OfTill, there}, nil)
		colours(green, green)
	})
}

func TestThresholds_refuse(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		foreign := w.waiting(t, 2, "c", "3", 0)
		for name, c := range map[string]struct {
			node   Node
			metric light.Metric
			limit  light.Limit
			want   error
		}{
			"a till of somebody else":     {Node{light.OfTill, foreign}, light.Silence, light.Limit{Warn: 60}, ErrNotFound},
			"an outlet of somebody else":  {Node{light.OfOutlet, w.agents[2].OutletID}, light.Silence, light.Limit{Warn: 60}, ErrNotFound},
			"an organisation by its id":   {Node{light.OfOrganisation, "o2"}, light.Silence, light.Limit{Warn: 60}, ErrNotFound},
			"no level":                    {Node{}, light.Silence, light.Limit{Warn: 60}, ErrInvalid},
			"a rule there is not":         {Node{Level: light.OfOrganisation}, "colour", light.Limit{Warn: 60}, ErrInvalid},
			"red before yellow":           {Node{Level: light.OfOrganisation}, light.Silence, light.Limit{Warn: 60, Critical: 30}, ErrInvalid},
			"longer than the rule allows": {Node{Level: light.OfOrganisation}, light.Silence, light.Limit{Warn: 1 << 40}, ErrInvalid},
		} {
			if _, err := w.SetThreshold(t.Context(), "o1", c.node, c.metric, &c.limit); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", name, err, c.want)
			}
			if _, err := w.Thresholds(t.Context(), "o1", c.node); errors.Is(c.want, ErrNotFound) && !errors.Is(err, ErrNotFound) {
				t.Errorf("%s can be read: %v", name, err)
			}
		}
		if _, err := w.SetContract(t.Context(), "o1", foreign, "2027-01-01"); !errors.Is(err, ErrNotFound) {
			t.Errorf("contract of somebody else's till: %v", err)
		}
		if _, _, err := w.SetWorkingHours(t.Context(), "o1", Node{Level: light.OfOrganisation}, &light.Hours{From: 0, To: 24 * 60}); !errors.Is(err, ErrInvalid) {
			t.Errorf("hours of a longer day: %v", err)
		}
	})
}

func TestContract(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		id := w.waiting(t, 0, "a", "1", 0)
		till, err := w.SetContract(t.Context(), "o1", id, "2026-03-20")
		if err != nil {
			t.Fatal(err)
		}
		if till.Light != cabinetv1.Light_LIGHT_YELLOW || till.Stop.Cause != light.ByContract || till.Contract != "2026-03-20" {
			t.Errorf("got %v, stop %+v, contract %q", till.Light, till.Stop, till.Contract)
		}
		if _, err := w.SetContract(t.Context(), "o1", id, "20.03.2026"); !errors.Is(err, ErrInvalid) {
			t.Errorf("a day that is none: %v", err)
		}
		if till, err = w.SetContract(t.Context(), "o1", id, ""); err != nil || till.Light != cabinetv1.Light_LIGHT_GREEN {
			t.Errorf("got %v, %v", till, err)
		}
		h := light.Hours{From: 9 * 60, To: 21 * 60}
		if got, of, err := w.SetWorkingHours(t.Context(), "o1", Node{light.OfTill, id}, &h); err != nil || got != h || of != light.OfTill {
			t.Errorf("got %v of %v, %v", got, of, err)
		}
		if got, of, err := w.SetWorkingHours(t.Context(), "o1", Node{light.OfTill, id}, nil); err != nil || got != (light.Hours{}) || of != light.Usual {
			t.Errorf("got %v of %v, %v", got, of, err)
		}
	})
}
