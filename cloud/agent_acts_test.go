package main

import (
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// TestAgentActs: what an agent did stands in the journal of acts under the name of its computer and with the address it called from, once; it
// is found by that name; people's acts stand under their logins; no agent writes into the journal of somebody else.
func TestAgentActs(t *testing.T) {
	each(t, func(t *testing.T, c *cabinet, admin *person) {
		ctx := t.Context()
		journal := func(p *person) cabinetv1connect.AuditServiceClient {
			return cabinetv1connect.NewAuditServiceClient(p.http, c.addresses.Cabinet, connect.WithProtoJSON())
		}
		lines := func(p *person, f *cabinetv1.AuditFilter) (list []*cabinetv1.AuditLine) {
			t.Helper()
			res, err := journal(p).ListAudit(ctx, &cabinetv1.ListAuditRequest{Filter: f})
			if err != nil {
				t.Fatal(err)
			}
			return res.GetLines()
		}
		a := enrol(t, c, admin)
		a.report(t, "kassa")
		till := admin.till(t).GetId()
		run := &fiscalv1.Run{
			Id: "act-1", Till: "kassa", Action: fiscalv1.Action_ACTION_FINISH_PRINT, Rule: "finish_print", Actor: "правило: после бумаги продолжать печать",
			Ended: true, Ok: true, Steps: []*fiscalv1.Step{{Code: "finish_print", State: fiscalv1.StepState_STEP_STATE_DONE, BeganMs: time.Now().UnixMilli()}},
		}
		for range 2 { // the agent lost the first answer
			if _, err := a.ReportRun(ctx, &uplinkv1.ReportRunRequest{Run: run}); err != nil {
				t.Fatal(err)
			}
		}
		told := func(f *cabinetv1.AuditFilter) (list [][5]string) {
			t.Helper()
			for _, l := range lines(admin, f) {
				list = append(list, [5]string{l.GetActor(), l.GetAct(), l.GetObject(), l.GetName(), l.GetNew()})
				if l.GetActor() == "pc" && l.GetAddress() != "127.0.0.1" {
					t.Errorf("%s from %q", l.GetAct(), l.GetAddress())
				}
			}
			return list
		}
		acted := [5]string{"pc", "rule.acted", till, "kassa", run.GetActor()}
		joined := [5]string{"pc", "agent.enrolled", a.id, "pc", ""}
		if diff := cmp.Diff([][5]string{acted, joined}, told(&cabinetv1.AuditFilter{Actor: "pc"})); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([][5]string{acted}, told(&cabinetv1.AuditFilter{Object: till})); diff != "" {
			t.Error(diff)
		}
		if _, err := admin.fleet.RevokeAgent(ctx, &cabinetv1.RevokeAgentRequest{AgentId: a.id}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([][5]string{{"admin", "agent.revoked", a.id, "pc", ""}, joined}, told(&cabinetv1.AuditFilter{Object: a.id})); diff != "" {
			t.Error(diff)
		}

		// Neither an agent that was revoked nor one of another organisation leaves a line here.
		other := stranger(t, c)
		before := len(lines(admin, nil))
		again := &fiscalv1.Run{Id: "act-2", Till: "kassa", Rule: "finish_print", Actor: "чужое", Ended: true, Ok: true}
		if _, err := a.ReportRun(ctx, &uplinkv1.ReportRunRequest{Run: again}); connect.CodeOf(err) != connect.CodeUnauthenticated {
			t.Errorf("a revoked agent: %v", err)
		}
		b := enrol(t, c, other)
		b.report(t, "kassa") // their own, called the same
		if _, err := b.ReportRun(ctx, &uplinkv1.ReportRunRequest{Run: again}); err != nil {
			t.Error(err)
		}
		if after := len(lines(admin, nil)); after != before {
			t.Errorf("%d lines more of what others did", after-before)
		}
		if theirs := lines(other, &cabinetv1.AuditFilter{Act: "rule.acted"}); len(theirs) != 1 || theirs[0].GetActor() != "pc" || theirs[0].GetObject() == till {
			t.Errorf("their own journal: %v", theirs)
		}
		if v, err := journal(admin).VerifyAudit(ctx, &cabinetv1.VerifyAuditRequest{}); err != nil || v.GetBroken() != 0 || v.GetLines() == 0 {
			t.Errorf("%v %v", v, err)
		}
	})
}
