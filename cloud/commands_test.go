package main

import (
	"net/http"
	"strings"
	"testing"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// TestAimed: who repairs a till may have its agent check the network it is set up for, and aim it at an address only where they may configure:
// else anybody could look around in a shop's network.
func TestAimed(t *testing.T) {
	storetest.Addresses(t, func(t *testing.T, address string) {
		w := newRightsWorld(t, address)
		w.assign(t, w.serviceman, grantWhole, string(access.Administrator), "")
		if _, err := w.a.door.Hello(t.Context(), &uplinkv1.HelloRequest{JournalId: "journal-" + w.a.name, Host: "pc", Version: "1", Capability: 9}); err != nil {
			t.Fatal(err)
		}
		centre := cabinetv1connect.NewFleetServiceClient(&http.Client{Jar: w.serviceman.http.Jar, Transport: working{grantWhole}}, w.c.addresses.Cabinet, connect.WithProtoJSON())
		n := 0
		ask := func(fleet cabinetv1connect.FleetServiceClient, address string) error {
			n++
			_, err := fleet.StartCommand(t.Context(), &cabinetv1.StartCommandRequest{
				Id: "aimed-" + string(rune('a'+n)), TillId: w.a.till, Action: fiscalv1.Action_ACTION_CHECK_NETWORK, Address: address,
			})
			return err
		}
		for _, c := range []struct {
			name, role, node string
			fleet            cabinetv1connect.FleetServiceClient
			aims             bool
		}{
			{"technician", string(access.Technician), "", w.walker.fleet, false},
			{"technician of the till", string(access.Technician), w.a.till, w.walker.fleet, false},
			{"administrator of a service centre", "", "", centre, false},
			{"who configures the till", w.custom, w.a.till, w.walker.fleet, true},
		} {
			if c.role != "" {
				w.assign(t, w.walker, w.owner, c.role, c.node)
			}
			if err := ask(c.fleet, "192.168.0.10:22"); (err == nil) != c.aims || err != nil && connect.CodeOf(err) != connect.CodePermissionDenied {
				t.Errorf("%s aims: %v", c.name, err)
			}
			if err := ask(c.fleet, ""); err != nil {
				t.Errorf("%s checks: %v", c.name, err)
			}
		}
		w.assign(t, w.walker, w.owner, w.custom, w.a.till)
		for _, bad := range []string{"192.168.0.10", "shop:0", "shop:65536", ":22", "a b:22", "http://shop:22", strings.Repeat("a", 300) + ":22"} {
			if err := ask(w.walker.fleet, bad); connect.CodeOf(err) != connect.CodeInvalidArgument {
				t.Errorf("an address that is none, %.20q: %v", bad, err)
			}
		}
	})
}
