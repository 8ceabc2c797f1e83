package connect

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

// The agent has a directory of its own, for it carries documents when no cabinet is there: the two say the same.
func TestOperators_asTheAgentsDirectory(t *testing.T) {
	text, err := os.ReadFile("../../../agent/internal/ofdlink/operators.toml")
	if err != nil {
		t.Fatal(err)
	}
	var agent struct {
		Operator []struct {
			INN     string `toml:"inn"`
			Name    string `toml:"name"`
			Address string `toml:"address"`
		} `toml:"operator"`
	}
	if _, err := toml.Decode(string(text), &agent); err != nil {
		t.Fatal(err)
	}
	ours := map[string]string{}
	for _, o := range Operators() {
		if o.GetCountry() == "ru" {
			ours[o.GetTaxId()] = o.GetName() + " " + o.GetAddress()
			if _, _, err := net.SplitHostPort(o.GetAddress()); err != nil || len(o.GetTaxId()) != 10 {
				t.Errorf("%v: %v", o, err)
			}
		}
		if strings.TrimSpace(o.GetName()) == "" {
			t.Errorf("an operator without a name: %v", o)
		}
	}
	for _, o := range agent.Operator {
		if ours[o.INN] != o.Name+" "+o.Address {
			t.Errorf("the agent has %s %q at %s, the cabinet %q", o.INN, o.Name, o.Address, ours[o.INN])
		}
	}
	if len(ours) != len(agent.Operator) || len(ours) < 5 {
		t.Errorf("%d operators here, %d at the agent", len(ours), len(agent.Operator))
	}
}
