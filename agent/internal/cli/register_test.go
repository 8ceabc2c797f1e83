package cli

import (
	"strings"
	"testing"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// The example that the command prints is one that the till takes.
func TestRegistrationExample(t *testing.T) {
	m, err := parseRegistration(registrationExample)
	if err != nil {
		t.Fatal(err)
	}
	modes, err := fiscal.ParseModes(m.GetModes())
	if err != nil {
		t.Fatal(err)
	}
	r := fiscal.Registration{
		INN: m.GetInn(), RNM: m.GetRnm(), Serial: m.GetSerial(), User: m.GetUser(), Address: m.GetAddress(), Place: m.GetPlace(),
		TaxSystems: fiscal.TaxSystem(m.GetTaxSystems()), FFD: m.GetFfd(), OFDINN: m.GetOfdInn(), OFDName: m.GetOfdName(), Modes: modes,
	}
	if err := r.Check(false); err != nil {
		t.Error(err)
	}
}

func TestParseRegistration(t *testing.T) {
	m, err := parseRegistration("tax_systems = [1, 32]\nreasons = [1, 31]")
	if err != nil || m.GetTaxSystems() != 33 || m.GetReasons() != 1<<1|1<<31 {
		t.Errorf("%v, %v", m, err)
	}
	for text, want := range map[string]string{
		"inn = ":         "не читается",
		"taxsystems = 1": `"taxsystems"`,
		"reasons = [32]": "32",
	} {
		if _, err := parseRegistration(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestTellRegistration(t *testing.T) {
	var out strings.Builder
	e := &env{Program: Program{Out: &out}}
	op := &fiscalv1.Operation{Kind: fiscalv1.Kind_KIND_REGISTER, Document: &fiscalv1.Document{Fd: 1, Fp: 46722178, At: "2026-11-22T10:00"}}
	tellRegistration(e, op)
	for _, want := range []string{"0046722178", "2026-11-22T10:00", "  1\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %s", want, out.String())
		}
	}
	out.Reset()
	op.Kind = fiscalv1.Kind_KIND_SALE
	tellRegistration(e, op)
	if out.String() != "" {
		t.Errorf("a sale says %s", out.String())
	}
}
