package main

import (
	"testing"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// TestDoor_revoked: an agent that was shut out is told so by every method of its door, and no other agent is; but for asking for a
// certificate, which it may do with a new code only.
func TestDoor_revoked(t *testing.T) {
	c, password := launch(t, settings(t, storetest.SQLite(t)))
	admin := signIn(t, c, "admin", password)
	out, in := enrol(t, c, admin), enrol(t, c, admin)
	if _, err := admin.fleet.RevokeAgent(t.Context(), &cabinetv1.RevokeAgentRequest{AgentId: out.id}); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	_, csr := newKey(t)
	doors := map[string]func(a *agent) error{
		"Hello":       func(a *agent) error { _, err := a.Hello(ctx, &uplinkv1.HelloRequest{JournalId: "j"}); return err },
		"Push":        func(a *agent) error { _, err := a.Push(ctx, &uplinkv1.PushRequest{JournalId: "j"}); return err },
		"ReportState": func(a *agent) error { _, err := a.ReportState(ctx, &uplinkv1.ReportStateRequest{}); return err },
		"FetchCommands": func(a *agent) error {
			_, err := a.FetchCommands(ctx, &uplinkv1.FetchCommandsRequest{})
			return err
		},
		"ReportRun": func(a *agent) error { _, err := a.ReportRun(ctx, &uplinkv1.ReportRunRequest{}); return err },
		"ReportCertificate": func(a *agent) error {
			_, err := a.ReportCertificate(ctx, &uplinkv1.ReportCertificateRequest{})
			return err
		},
		"Renew":        func(a *agent) error { _, err := a.Renew(ctx, &uplinkv1.RenewRequest{Csr: csr}); return err },
		"OpenTicket":   func(a *agent) error { _, err := a.OpenTicket(ctx, &uplinkv1.OpenTicketRequest{}); return err },
		"FetchUpdate":  func(a *agent) error { _, err := a.FetchUpdate(ctx, &uplinkv1.FetchUpdateRequest{}); return err },
		"ReportUpdate": func(a *agent) error { _, err := a.ReportUpdate(ctx, &uplinkv1.ReportUpdateRequest{}); return err },
		"GiveBundle":   func(a *agent) error { _, err := a.GiveBundle(ctx, &uplinkv1.GiveBundleRequest{}); return err },
	}
	methods := uplinkv1.File_uplink_v1_uplink_proto.Services().ByName("UplinkService").Methods()
	for i := range methods.Len() {
		name := string(methods.Get(i).Name())
		door, known := doors[name]
		if !known {
			t.Errorf("%s has no line here: say how it is asked", name)
			continue
		}
		if err := door(out); connect.CodeOf(err) != connect.CodeUnauthenticated || reason(err) != "revoked" {
			t.Errorf("%s, shut out: %v, reason %q", name, err, reason(err))
		}
		if err := door(in); connect.CodeOf(err) == connect.CodeUnauthenticated || reason(err) == "revoked" {
			t.Errorf("%s of another agent: %v", name, err)
		}
		if need, _ := access.Needs("/uplink.v1.UplinkService/" + name); need != access.TheAgent {
			t.Errorf("%s is open to others: %q", name, need)
		}
	}
}
