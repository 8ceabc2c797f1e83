package documents

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/light"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// TestShiftSpans: where every memory of an organisation stood at the first shift of the days asked for; a shift whose opening nobody has seen says
// nothing, and a memory of another organisation neither. The rate that comes of it tells when a memory will be full.
func TestShiftSpans(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		ctx, today := t.Context(), time.Now().UTC().Truncate(24*time.Hour)
		own, other := w.agents[0], w.agents[1]
		cursor := uint64(0)
		entry := func(kind fiscalv1.Kind, fn string, fd, shift uint32, day int) *uplinkv1.Entry {
			cursor++
			doc := &fiscalv1.Document{Fn: fn, Fd: fd, Fp: 7 * fd, Type: 2, Shift: shift, At: today.AddDate(0, 0, day).Add(9 * time.Hour).Format("2006-01-02T15:04")}
			if kind == fiscalv1.Kind_KIND_SALE {
				doc.Type, doc.Kind, doc.Total, doc.Receipt = 3, kind, 100, 1
			}
			return &uplinkv1.Entry{Cursor: cursor, Operation: &fiscalv1.Operation{
				Key: fmt.Sprintf("%s-%d", fn, fd), Till: "kassa", Kind: kind, Stage: fiscalv1.Stage_STAGE_ENDED, Outcome: fiscalv1.Outcome_OUTCOME_DONE, Revision: 3, Document: doc,
			}}
		}
		const open, sale = fiscalv1.Kind_KIND_OPEN_SHIFT, fiscalv1.Kind_KIND_SALE
		const long, lately, unseen, foreign = "9999078900000001", "9999078900000002", "9999078900000003", "9999078900000004"
		for _, push := range []struct {
			agent   int
			entries []*uplinkv1.Entry
		}{
			{0, []*uplinkv1.Entry{
				// The later day is told first: the least number and the earliest day count, not what came first.
				entry(open, long, 501, 5, -5), entry(sale, long, 502, 5, -5), entry(open, long, 101, 3, -10), entry(open, long, 1, 1, -40),
				entry(open, lately, 7, 1, -2), entry(sale, lately, 8, 1, -2),
				entry(sale, unseen, 33, 2, -3),
			}},
			{1, []*uplinkv1.Entry{entry(open, foreign, 9, 1, -4)}},
		} {
			if _, err := w.Push(ctx, w.agents[push.agent], "j", &uplinkv1.Batch{Entries: push.entries}); err != nil {
				t.Fatal(err)
			}
		}
		type span struct {
			FN  string
			FD  int64
			Day int
		}
		spans := func(organisation string, since int) (list []span) {
			t.Helper()
			rows, err := w.store.Read().ListShiftSpans(ctx, db.ListShiftSpansParams{OrganisationID: organisation, Since: today.AddDate(0, 0, since).Format(time.DateOnly)})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				day, err := time.Parse(time.DateOnly, r.FirstDay)
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, span{r.FN, r.FirstFD, int(day.Sub(today).Hours()) / 24})
			}
			slices.SortFunc(list, func(a, b span) int { return cmp.Compare(a.FN, b.FN) })
			return list
		}
		for since, want := range map[int][]span{
			-14: {{long, 101, -10}, {lately, 7, -2}},
			-40: {{long, 1, -40}, {lately, 7, -2}},
			-10: {{long, 101, -10}, {lately, 7, -2}},
			-9:  {{long, 501, -5}, {lately, 7, -2}},
			-1:  nil,
		} {
			if diff := gocmp.Diff(want, spans(own.OrganisationID, since)); diff != "" {
				t.Errorf("since %d: %s", since, diff)
			}
		}
		if diff := gocmp.Diff([]span{{foreign, 9, -4}}, spans(other.OrganisationID, -14)); diff != "" {
			t.Errorf("of the other organisation: %s", diff)
		}

		// A hundred documents a day since the first shift of two weeks: room for five hundred more ends in five days.
		if err := w.fleet.Report(ctx, own, &uplinkv1.ReportStateRequest{Tills: []*fiscalv1.TillState{{
			Till: "kassa", Driver: "fnprint", Serial: "1", Online: true, Fn: long, FnExpiry: today.AddDate(1, 0, 0).Format(time.DateOnly), LastFd: 1101,
			LastAt: today.Format("2006-01-02T15:04"), FnRoom: 500, ReadMs: time.Now().UnixMilli(),
		}}}); err != nil {
			t.Fatal(err)
		}
		id, err := w.fleet.TillID(ctx, own, "kassa")
		if err != nil {
			t.Fatal(err)
		}
		till, err := w.fleet.Till(ctx, own.OrganisationID, id)
		if err != nil {
			t.Fatal(err)
		}
		if days := till.Stop.At.Sub(today).Hours() / 24; till.Stop.Cause != light.ByFNRoom || days < 4 || days > 7 {
			t.Errorf("stops by %q in %.1f days, want %q in about 5", till.Stop.Cause, days, light.ByFNRoom)
		}
	})
}
