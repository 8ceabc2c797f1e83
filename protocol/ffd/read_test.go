package ffd

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// A registration reads back from its report, with what fits the page.
func TestRegistration_readBack(t *testing.T) {
	for _, v := range versions {
		reg := testRegistration(v)
		reg.Site = "www.nalog.gov.ru"
		all := fiscal.ModeEncryption | fiscal.ModeServices | fiscal.ModeInternet | fiscal.ModeExcise | fiscal.ModeGambling | fiscal.ModeLottery
		if v == V12 {
			all |= fiscal.ModeMarking
		}
		for _, modes := range []fiscal.Mode{0, all, fiscal.ModeBSO, fiscal.ModeAutomatic} {
			reg.Modes, reg.Automat = modes, ""
			if modes.Has(fiscal.ModeAutomatic) {
				reg.Automat = "77"
			}
			given, err := Registering(reg, false)
			if err != nil {
				t.Fatal(err)
			}
			h := Head{
				Form: fiscal.DocRegistration, Format: v, FN: testFN, RNM: reg.RNM, INN: reg.INN, FD: 1, FP: 1, At: at(1, 9, 0), Registration: &reg, KeyDays: 1,
			}
			d := h.Document(given)
			if err := d.Check(); err != nil {
				t.Errorf("%s %v: %v", v, modes.Names(), err)
			}
			want := reg
			for _, s := range []*string{&want.User, &want.Place, &want.OFDName} {
				*s = Fit(*s)
			}
			got, ok := d.Registration()
			if diff := cmp.Diff(want, got); diff != "" || !ok {
				t.Errorf("%s %v (-want +got):\n%s", v, modes.Names(), diff)
			}
		}
	}
	if _, ok := goldenDocument(t, "receipt", V12).Registration(); ok {
		t.Error("a receipt is a registration")
	}
	reg, _ := goldenDocument(t, "reregistration", V12).Registration()
	if reg.Reasons != 1<<3|1<<7 || reg.NewFN {
		t.Errorf("reasons %b", reg.Reasons)
	}
}

// A till of an automat, without an operator, by itself.
func TestRegistering_offline(t *testing.T) {
	for _, v := range versions {
		reg := testRegistration(v)
		reg.Modes, reg.OFDINN, reg.OFDName = fiscal.ModeOffline|fiscal.ModeAgents, "", ""
		given, err := Registering(reg, false)
		if err != nil {
			t.Fatal(err)
		}
		h := Head{Form: fiscal.DocRegistration, Format: v, FN: testFN, RNM: reg.RNM, INN: reg.INN, FD: 1, FP: 1, At: at(1, 9, 0), Registration: &reg}
		d := h.Document(given)
		if err := d.Check(); err != nil {
			t.Errorf("%s: %v", v, err)
		}
		got, _ := d.Registration()
		if want := v != V12; got.Modes.Has(fiscal.ModeAgents) != want || !got.Modes.Has(fiscal.ModeOffline) {
			t.Errorf("%s: modes %v", v, got.Modes.Names())
		}
	}
}

func TestReceipt_readBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawReceipt(t)
		v := rapid.SampledFrom(versions).Draw(t, "version")
		reg := testRegistration(v)
		given, err := Receipt(r, reg)
		if err != nil {
			t.Fatal(err)
		}
		h := longHead(r, reg)
		h.Format, h.Kind = v, r.Kind
		got, ok := h.Document(given).Receipt()
		want := r
		want.Payments.Cash -= r.Change()
		want.Items = nil
		for _, i := range r.Items {
			i.Name, i.Sum = strings.TrimSpace(i.Name), i.Total()
			if i.Method == 0 {
				i.Method = 4
			}
			i.Subject = 1
			want.Items = append(want.Items, i)
		}
		if diff := cmp.Diff(want, got); diff != "" || !ok {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
	got, _ := goldenDocument(t, "correction", V105).Receipt()
	if diff := cmp.Diff(&fiscal.Correction{ByOrder: true, Reason: "Ошибка кассира", Date: at(3, 0, 0), Number: "12-34/5"}, got.Correction); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, ok := goldenDocument(t, "ticket", V12).Receipt(); ok {
		t.Error("a confirmation is a receipt")
	}
}

func TestTicket_readBack(t *testing.T) {
	got, ok := goldenDocument(t, "ticket", V12).Ticket()
	if !ok || got.OFDINN != "9715260691" || got.FN != testFN || got.FD != 3 || got.Message != 4 || got.Answer != 0 || len(got.Sign) != 18 || got.At.Second != 7 {
		t.Errorf("%+v", got)
	}
	if _, ok := goldenDocument(t, "receipt", V12).Ticket(); ok {
		t.Error("a receipt is a confirmation")
	}
}

// What a person may write in JSON, and what is refused.
func TestJSON(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"type":3,"version":"1.2","fields":[{"tag":1020,"value":10050}]}`, "0300 0600 fc03 0200 4227"},
		{`{"type":3,"version":"1.2","fields":[{"tag":1023,"value":"0.345"}]}`, "0300 0700 ff03 0300 035901"},
		{`{"type":3,"version":"1.2","fields":[{"tag":1012,"value":"2015-07-09T05:11:38"}]}`, "0300 0800 f403 0400 8a029e55"},
		{`{"type":3,"version":"1.2","fields":[{"tag":1018,"value":"7702203276"}]}`, "0300 1000 fa03 0c00 373730323230333237362020"},
		{`{"type":3,"version":"1.2","fields":[{"tag":9999,"hex":"ab"}]}`, "0300 0500 0f27 0100 ab"},
		{`{"type":3,"version":"1.2","fields":[{"tag":1020,"value":1,"hex":"0100"}]}`, "0300 0600 fc03 0200 0100"},
		{`{"type":3,"version":"1.2","fields":[{"tag":1084,"fields":[{"tag":1085,"value":"a"}]}]}`, "0300 0900 3c04 0500 3d04 0100 61"},
		{`{"type":3,"version":"1.0","fields":[{"tag":1119,"value":"8800"}]}`, "0300 0800 5f04 0400 38383030"},
		{`{"type":3,"fields":[{"tag":1209,"value":4},{"tag":1082,"value":5}]}`, "0300 0a00 b904 0100 04 3a04 0100 05"},
		{`{"type":3,"fields":[]}`, "0300 0000"},
	} {
		var d Document
		if err := json.Unmarshal([]byte(c.in), &d); err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if diff := cmp.Diff(unhex(t, c.want), d.Append(nil)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.in, diff)
		}
	}
	deep := strings.Repeat(`{"tag":1084,"fields":[`, 2000) + strings.Repeat(`]}`, 2000)
	for _, wrong := range []string{
		`{`, `[]`, `{"type":300,"fields":[]}`, `{"type":3,"version":"1.3","fields":[]}`,
		`{"type":3,"version":"1.2","fields":[{"tag":1020,"value":-1}]}`,
		`{"type":3,"version":"1.2","fields":[{"tag":1020,"value":"10"}]}`,
		`{"type":3,"version":"1.2","fields":[{"tag":1020,"hex":"1"}]}`,
		`{"type":3,"version":"1.2","fields":[{"tag":9999,"value":1}]}`,
		`{"type":3,"version":"1.2","fields":[{"tag":1012,"value":"2026-02-30T00:00"}]}`,
		`{"type":3,"version":"1.2","fields":[{"tag":1023,"value":"1,5"}]}`,
		`{"type":3,"version":"1.2","fields":[{"tag":1030,"value":"ә"}]}`,
		`{"type":3,"version":"1.2","fields":[{"tag":1077,"value":"ab"}]}`,
		`{"type":3,"version":"1.2","fields":[{"tag":70000,"hex":"ab"}]}`,
		`{"type":3,"version":"1.2","fields":[{"tag":9999,"hex":"` + strings.Repeat("00", 65536) + `"}]}`,
		`{"type":3,"version":"1.2","fields":[` + deep + `]}`,
	} {
		var d Document
		if err := json.Unmarshal([]byte(wrong), &d); err == nil {
			t.Errorf("%.80s passes", wrong)
		}
	}
}
