package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// pastOf reads all pages of a filter, and the file of it, which has to be as long. A page may have fewer rows than it could, or none: its reader
// goes on while there is a mark.
func pastOf(t *testing.T, service cabinetv1connect.HistoryServiceClient, f *cabinetv1.HistoryFilter, limit uint32) (rows []*cabinetv1.HistoryRow, pages int) {
	t.Helper()
	for mark := ""; ; pages++ {
		res, err := service.ListHistory(t.Context(), &cabinetv1.ListHistoryRequest{Filter: f, Limit: limit, Page: mark})
		if err != nil {
			t.Fatal(err)
		}
		if len(res.GetRows()) > int(limit) || pages > 1000 {
			t.Fatalf("%d rows on page %d of %d", len(res.GetRows()), pages, limit)
		}
		rows = append(rows, res.GetRows()...)
		if mark = res.GetNextPage(); mark == "" {
			break
		}
	}
	file, err := service.ExportHistory(t.Context(), &cabinetv1.ExportHistoryRequest{Filter: f, Format: cabinetv1.TableFormat_TABLE_FORMAT_CSV})
	if err != nil || int(file.GetRows()) != len(rows) {
		t.Errorf("%v: a file of %d rows, a list of %d: %v", f, file.GetRows(), len(rows), err)
	}
	return rows, pages + 1
}

// rowID names a row of a list.
func rowID(r *cabinetv1.HistoryRow) string {
	if c := r.GetCommand(); c != nil {
		return "command " + c.GetId()
	}
	return "operation " + r.GetOperation().GetOperation().GetKey()
}

// TestHistory_filters: by stage, outcome and state the list is what the whole list has of it, on pages of any size; what is told of operations
// leaves out commands and the other way round.
func TestHistory_filters(t *testing.T) {
	each(t, func(t *testing.T, c *cabinet, admin *person) {
		ctx := t.Context()
		service := cabinetv1connect.NewHistoryServiceClient(admin.http, c.addresses.Cabinet, connect.WithProtoJSON())
		a := enrol(t, c, admin)
		a.report(t, "kassa")
		till := admin.till(t).GetId()
		// Operations in every stage with every outcome, and many that are done before the one that is not.
		var ops []*fiscalv1.Operation
		began := time.Now().Add(-time.Hour).UnixMilli()
		add := func(stage fiscalv1.Stage, outcome fiscalv1.Outcome, kind fiscalv1.Kind) {
			n := len(ops)
			ops = append(ops, &fiscalv1.Operation{
				Key: fmt.Sprintf("op-%03d", n), Till: "kassa", Kind: kind, Stage: stage, Outcome: outcome, Revision: 1, AcceptedMs: began + int64(n),
			})
		}
		for stage := fiscalv1.Stage_STAGE_ACCEPTED; stage <= fiscalv1.Stage_STAGE_ENDED; stage++ {
			for outcome := fiscalv1.Outcome_OUTCOME_UNKNOWN; outcome <= fiscalv1.Outcome_OUTCOME_DONE; outcome++ {
				add(stage, outcome, fiscalv1.Kind_KIND_SALE)
				add(stage, outcome, fiscalv1.Kind_KIND_OPEN_SHIFT)
			}
		}
		for range 150 {
			add(fiscalv1.Stage_STAGE_ENDED, fiscalv1.Outcome_OUTCOME_DONE, fiscalv1.Kind_KIND_SALE)
		}
		a.push(t, 1, ops...)
		order := func(id string) {
			t.Helper()
			if _, err := admin.fleet.StartCommand(ctx, &cabinetv1.StartCommandRequest{Id: id, TillId: till, Action: fiscalv1.Action_ACTION_CHECK}); err != nil {
				t.Fatal(err)
			}
		}
		for _, id := range []string{"delivered", "running", "done", "failed"} {
			order(id)
		}
		if got, err := a.FetchCommands(ctx, &uplinkv1.FetchCommandsRequest{}); err != nil || len(got.GetCommands()) != 4 {
			t.Fatalf("%v %v", got, err)
		}
		for _, run := range []*fiscalv1.Run{{Id: "running"}, {Id: "done", Ended: true, Ok: true}, {Id: "failed", Ended: true}} {
			if _, err := a.ReportRun(ctx, &uplinkv1.ReportRunRequest{Run: run}); err != nil {
				t.Fatal(err)
			}
		}
		order("queued")

		all, _ := pastOf(t, service, nil, 500)
		if len(all) != len(ops)+5 {
			t.Fatalf("%d rows of %d operations and 5 commands", len(all), len(ops))
		}
		op := func(keep func(*fiscalv1.Operation) bool) func(*cabinetv1.HistoryRow) bool {
			return func(r *cabinetv1.HistoryRow) bool {
				return r.GetOperation() != nil && keep(r.GetOperation().GetOperation())
			}
		}
		never := func(*cabinetv1.HistoryRow) bool { return false }
		type filter = cabinetv1.HistoryFilter
		type asked struct {
			name   string
			filter *filter
			keep   func(*cabinetv1.HistoryRow) bool
		}
		cases := []asked{
			{"a stage and an outcome", &filter{Stage: fiscalv1.Stage_STAGE_ENDED, Outcome: fiscalv1.Outcome_OUTCOME_NOT_DONE}, op(func(o *fiscalv1.Operation) bool {
				return o.GetStage() == fiscalv1.Stage_STAGE_ENDED && o.GetOutcome() == fiscalv1.Outcome_OUTCOME_NOT_DONE
			})},
			{"a stage, a kind, a till", &filter{Stage: fiscalv1.Stage_STAGE_SETTLING, Kinds: []fiscalv1.Kind{fiscalv1.Kind_KIND_OPEN_SHIFT}, TillId: till}, op(func(o *fiscalv1.Operation) bool {
				return o.GetStage() == fiscalv1.Stage_STAGE_SETTLING && o.GetKind() == fiscalv1.Kind_KIND_OPEN_SHIFT
			})},
			{"a state and its action", &filter{State: cabinetv1.CommandState_COMMAND_STATE_DONE, Actions: []fiscalv1.Action{fiscalv1.Action_ACTION_CHECK}}, func(r *cabinetv1.HistoryRow) bool {
				return r.GetCommand().GetId() == "done"
			}},
			{"a state and another action", &filter{State: cabinetv1.CommandState_COMMAND_STATE_DONE, Actions: []fiscalv1.Action{fiscalv1.Action_ACTION_REBOOT}}, never},
			{"a state and a kind", &filter{State: cabinetv1.CommandState_COMMAND_STATE_DONE, Kinds: []fiscalv1.Kind{fiscalv1.Kind_KIND_SALE}}, never},
			{"a stage of commands", &filter{Stage: fiscalv1.Stage_STAGE_ENDED, What: cabinetv1.HistoryKind_HISTORY_KIND_COMMANDS}, never},
			{"a state of operations", &filter{State: cabinetv1.CommandState_COMMAND_STATE_DONE, What: cabinetv1.HistoryKind_HISTORY_KIND_OPERATIONS}, never},
			{"a stage and a state", &filter{Stage: fiscalv1.Stage_STAGE_ENDED, State: cabinetv1.CommandState_COMMAND_STATE_DONE}, never},
			{"an outcome and a state", &filter{Outcome: fiscalv1.Outcome_OUTCOME_DONE, State: cabinetv1.CommandState_COMMAND_STATE_DONE}, never},
		}
		for stage := fiscalv1.Stage_STAGE_ACCEPTED; stage <= fiscalv1.Stage_STAGE_ENDED; stage++ {
			cases = append(cases, asked{stage.String(), &filter{Stage: stage}, op(func(o *fiscalv1.Operation) bool { return o.GetStage() == stage })})
		}
		for outcome := fiscalv1.Outcome_OUTCOME_UNKNOWN; outcome <= fiscalv1.Outcome_OUTCOME_DONE; outcome++ {
			cases = append(cases, asked{outcome.String(), &filter{Outcome: outcome}, op(func(o *fiscalv1.Operation) bool { return o.GetOutcome() == outcome })})
		}
		for id, state := range map[string]cabinetv1.CommandState{
			"queued": cabinetv1.CommandState_COMMAND_STATE_QUEUED, "delivered": cabinetv1.CommandState_COMMAND_STATE_DELIVERED,
			"running": cabinetv1.CommandState_COMMAND_STATE_RUNNING, "done": cabinetv1.CommandState_COMMAND_STATE_DONE,
			"failed": cabinetv1.CommandState_COMMAND_STATE_FAILED, "none": cabinetv1.CommandState_COMMAND_STATE_EXPIRED,
		} {
			cases = append(cases, asked{state.String(), &filter{State: state}, func(r *cabinetv1.HistoryRow) bool { return r.GetCommand().GetId() == id }})
		}
		for _, c := range cases {
			want := []string{}
			for _, r := range all {
				if c.keep(r) {
					want = append(want, rowID(r))
				}
			}
			for _, limit := range []uint32{500, 7} {
				rows, _ := pastOf(t, service, c.filter, limit)
				got := make([]string, 0, len(rows))
				for _, r := range rows {
					got = append(got, rowID(r))
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s, pages of %d: %s", c.name, limit, diff)
				}
			}
		}
		// What is rare is found behind what is not asked for: a page with nothing on it is not the end.
		rare := &filter{Outcome: fiscalv1.Outcome_OUTCOME_UNKNOWN}
		first, err := service.ListHistory(ctx, &cabinetv1.ListHistoryRequest{Filter: rare, Limit: 1})
		if err != nil || len(first.GetRows()) != 0 || first.GetNextPage() == "" {
			t.Errorf("the first page of what is rare: %v %v", first, err)
		}
		rows, pages := pastOf(t, service, rare, 1)
		if unknown := slices.DeleteFunc(slices.Clone(ops), func(o *fiscalv1.Operation) bool { return o.GetOutcome() != fiscalv1.Outcome_OUTCOME_UNKNOWN }); len(rows) != len(unknown) || pages <= len(unknown) {
			t.Errorf("%d rows on %d pages, want %d", len(rows), pages, len(unknown))
		}
	})
}
