//go:build unix

package whole

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

// within is what the cabinet promises of a revocation (docs/identity.md).
const within = time.Minute

// TestRevocation revokes an agent at work: within a minute it is off every line and says why, its till sells on, and a new code brings
// it back with everything it has done meanwhile.
func TestRevocation(t *testing.T) {
	c := newCabinet(t)
	a := newAgent(t, filepath.Join(t.TempDir(), "data"), simulate(t, 4239))
	a.ready(t)
	first := a.enrol(t, c)
	a.sell(t, "before")
	until(t, "the cabinet has the sale, and the broker the agent", func() bool {
		return len(c.has(t, "before")) == 1 && a.status(t).GetBrokerOnline()
	})
	till := c.tillOf(t, 4239).GetId()

	began := time.Now()
	revoked, err := c.fleet.RevokeAgent(t.Context(), &cabinetv1.RevokeAgentRequest{AgentId: first})
	if err != nil {
		t.Fatal(err)
	}
	if revoked.GetAgent().GetRevokedMs() == 0 || revoked.GetAgent().GetOnline() {
		t.Errorf("the cabinet answers %v", revoked)
	}
	until(t, "the agent says that it was revoked, and is off the broker", func() bool {
		return a.problem(t, "cloud_revoked") && !a.status(t).GetBrokerOnline()
	})
	took := time.Since(began)
	t.Logf("shut out after %v", took.Round(time.Millisecond))
	if took > within {
		t.Errorf("it took %v", took)
	}
	a.sell(t, "meanwhile")
	if list := c.has(t, "meanwhile"); len(list) != 0 {
		t.Errorf("revoked, and the cabinet took a sale: %v", list)
	}
	if _, err := c.fleet.RevokeAgent(t.Context(), &cabinetv1.RevokeAgentRequest{AgentId: first}); err != nil {
		t.Errorf("revoked twice: %v", err)
	}
	// A restart does not help it.
	a.stop()
	a.start(t)
	until(t, "the agent says so after a restart", func() bool { return a.problem(t, "cloud_revoked") })

	second := a.enrol(t, c)
	if second == first {
		t.Fatal("enrolled anew, and the same agent")
	}
	until(t, "what was sold meanwhile is in the cabinet", func() bool { return len(c.has(t, "meanwhile")) == 1 })
	if now := c.tillOf(t, 4239); now.GetId() != till || now.GetAgentId() != second || len(c.has(t, "before")) != 1 {
		t.Errorf("till %s of %s; it was %s of %s, and is to be of %s", now.GetId(), now.GetAgentId(), till, first, second)
	}
	if a.problem(t, "cloud_revoked") {
		t.Error("enrolled anew, and still told of")
	}
	list := c.agents(t)
	if len(list) != 2 || list[0].GetId() != second || list[1].GetId() != first || list[1].GetRevokedMs() == 0 || len(list[1].GetTills()) != 0 {
		t.Errorf("agents: %v", list)
	}
}

// TestClone runs two agents from copies of one folder, each with a till of its own: the cabinet shows both, takes one's word and nothing
// of the other's under its name, and is at peace when one of them is enrolled anew.
func TestClone(t *testing.T) {
	c := newCabinet(t)
	dir := t.TempDir()
	a := newAgent(t, filepath.Join(dir, "a"), simulate(t, 1001))
	a.ready(t)
	id := a.enrol(t, c)
	a.sell(t, "before")
	until(t, "the cabinet has the sale", func() bool { return len(c.has(t, "before")) == 1 })
	// A restart and a crash are not a second program.
	a.stop()
	a.start(t)
	until(t, "the agent is back", func() bool { return a.status(t).GetCloudOnline() })
	if list := c.agents(t); len(list) != 1 || len(list[0].GetTwins()) != 0 {
		t.Fatalf("a restart: %v", list)
	}
	a.stop()
	copyFolder(t, filepath.Join(dir, "a"), filepath.Join(dir, "b"))
	a.start(t)
	b := newAgent(t, filepath.Join(dir, "b"), simulate(t, 1002))

	until(t, "the cabinet shows both", func() bool {
		list := c.agents(t)
		return len(list) == 1 && len(list[0].GetTwins()) == 2
	})
	for _, twin := range c.agents(t)[0].GetTwins() {
		if twin.GetAddress() != "127.0.0.1" || twin.GetHost() == "" || twin.GetHeardMs() == 0 {
			t.Errorf("%v", twin)
		}
	}
	// Which of two copies is the first nobody knows: the one that spoke first goes on.
	var good, bad *agent
	var goodSerial int
	until(t, "one of them says that another speaks under its name", func() bool {
		switch {
		case b.problem(t, "cloud_twin"):
			good, bad, goodSerial = a, b, 1001
		case a.problem(t, "cloud_twin"):
			good, bad, goodSerial = b, a, 1002
		}
		return bad != nil
	})
	// The copy knows the other one's till; a person says that this one is its own.
	until(t, "the copy takes its own till", func() bool {
		_, err := b.technician.AcceptTill(t.Context(), &posv1.AcceptTillRequest{Till: "k"})
		return err == nil
	})
	b.ready(t)
	good.sell(t, "of the good")
	bad.sell(t, "of the bad")
	until(t, "the cabinet has the good one's sale", func() bool { return len(c.has(t, "of the good")) == 1 })
	till := c.tillOf(t, goodSerial)
	if got := c.has(t, "of the good"); got[0] != till.GetId() {
		t.Errorf("the good one's sale is with %v, its till is %s", got, till.GetId())
	}
	if good.problem(t, "cloud_twin") {
		t.Error("both are shut out")
	}
	conflict := func(serial int) bool {
		for _, p := range c.tillOf(t, serial).GetState().GetProblems() {
			if p.GetCode() == "agent_twins" {
				return strings.Contains(p.GetText(), "127.0.0.1")
			}
		}
		return false
	}
	until(t, "the till shows the conflict", func() bool { return conflict(goodSerial) })
	if got := c.has(t, "of the bad"); len(got) != 0 {
		t.Errorf("the copy's sale came in under a name that is not its own: %v", got)
	}

	other := bad.enrol(t, c)
	if other == id {
		t.Fatal("the same agent again")
	}
	until(t, "what the copy sold is with its own till", func() bool {
		got, own := c.has(t, "of the bad"), c.tillOf(t, 1001+1002-goodSerial)
		return len(got) == 1 && own != nil && got[0] == own.GetId() && own.GetAgentId() == other
	})
	until(t, "the conflict is over", func() bool {
		for _, agent := range c.agents(t) {
			if len(agent.GetTwins()) != 0 {
				return false
			}
		}
		return !conflict(goodSerial) && !good.problem(t, "cloud_twin") && !bad.problem(t, "cloud_twin")
	})
	if got := c.tillOf(t, goodSerial); got.GetAgentId() != id || len(c.has(t, "before")) != 1 {
		t.Errorf("the good one's till is of %s, want %s; %d times the sale from before", got.GetAgentId(), id, len(c.has(t, "before")))
	}
}
