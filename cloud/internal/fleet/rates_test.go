package fleet

import (
	"fmt"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/light"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

func TestSpan(t *testing.T) {
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		from   span
		fd     uint32
		at     time.Time
		perDay float64
	}{
		"two days":              {span{100, day}, 300, day.AddDate(0, 0, 2), 100},
		"half a day is too few": {span{100, day}, 300, day.Add(12 * time.Hour), 0},
		"nothing made since":    {span{100, day}, 100, day.AddDate(0, 0, 2), 0},
		"another memory":        {span{100, day}, 5, day.AddDate(0, 0, 2), 0},
		"nobody knows":          {span{}, 5, day, 0},
		"a clock that is off":   {span{100, day}, 300, day.AddDate(0, 0, -2), 0},
	} {
		if got := c.from.perDay(c.fd, c.at); got != c.perDay {
			t.Errorf("%s: %v, want %v", name, got, c.perDay)
		}
	}
}

// TestStop_room: a memory that fills up at the rate of late stops the till, and says so before its term does.
func TestStop_room(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		now := w.clock.Now()
		// Ten days of trade, a hundred documents each.
		w.rates.put("o1", now, map[string]span{"fn": {1, now.AddDate(0, 0, -10).Truncate(24 * time.Hour)}})
		if err := w.Report(t.Context(), w.agents[0], &uplinkv1.ReportStateRequest{Tills: []*fiscalv1.TillState{{
			Till: "kassa", Driver: "fnprint", Serial: "1", Online: true, Fn: "fn", FnExpiry: now.AddDate(1, 0, 0).Format(time.DateOnly),
			LastFd: 1001, LastAt: now.Format("2006-01-02T15:04"), FnRoom: 500, ReadMs: now.UnixMilli(),
		}}}); err != nil {
			t.Fatal(err)
		}
		id, err := w.TillID(t.Context(), w.agents[0], "kassa")
		if err != nil {
			t.Fatal(err)
		}
		till, err := w.Till(t.Context(), "o1", id)
		if err != nil {
			t.Fatal(err)
		}
		days := till.Stop.At.Sub(now).Hours() / 24
		if till.Stop.Cause != light.ByFNRoom || days < 4.8 || days > 5.3 {
			t.Errorf("stops by %q in %.1f days, want %q in about 5", till.Stop.Cause, days, light.ByFNRoom)
		}
		if got := fmt.Sprint(till.Light); got != "LIGHT_YELLOW" {
			t.Errorf("five days before its memory is full the till is %s", got)
		}
	})
}
