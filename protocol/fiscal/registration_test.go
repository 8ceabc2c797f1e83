package fiscal

import (
	"errors"
	"slices"
	"testing"
)

// The pair of a real registration: RNM 0000000005008570, INN 7702203276, serial 000000000002.
func TestCheckRNM(t *testing.T) {
	if err := CheckRNM("0000000005008570", "7702203276", "000000000002"); err != nil {
		t.Error(err)
	}
	for _, wrong := range [][3]string{
		{"0000000005008571", "7702203276", "000000000002"},
		{"0000000005008570", "7702203277", "000000000002"},
		{"0000000005008570", "7702203276", "000000000003"},
		{"000000000500857", "7702203276", "000000000002"},
		{"000000000500857x", "7702203276", "000000000002"},
	} {
		if CheckRNM(wrong[0], wrong[1], wrong[2]) == nil {
			t.Errorf("%v passes", wrong)
		}
	}
	if got := MakeRNM("0000000005", "7702203276", "000000000002"); got != "0000000005008570" {
		t.Errorf("made %s", got)
	}
}

func TestCheckINN(t *testing.T) {
	for _, inn := range []string{"7702203276", "9715260691", "7704211201", "7709364346", "500100732259"} {
		if err := CheckINN(inn); err != nil {
			t.Errorf("%s: %v", inn, err)
		}
	}
	for _, inn := range []string{"", "7702203275", "500100732258", "500100732249", "77022032766", "77o2203276"} {
		if CheckINN(inn) == nil {
			t.Errorf("%q passes", inn)
		}
	}
}

func TestRegistration_Check(t *testing.T) {
	good := Registration{
		INN: "7702203276", RNM: "0000000005008570", Serial: "000000000002", User: "ООО «Ромашка»", Address: "г. Москва", Place: "Магазин",
		TaxSystems: TaxOSN, FFD: "1.2", OFDINN: "9715260691", OFDName: "Платформа ОФД",
	}
	if err := good.Check(false); err != nil {
		t.Fatal(err)
	}
	for field, spoil := range map[string]func(*Registration){
		"registration.inn":         func(r *Registration) { r.INN = "7702203270" },
		"registration.rnm":         func(r *Registration) { r.RNM = "0000000005008571" },
		"registration.serial":      func(r *Registration) { r.Serial = "" },
		"registration.user":        func(r *Registration) { r.User = " " },
		"registration.tax_systems": func(r *Registration) { r.TaxSystems = 0 },
		"registration.ffd":         func(r *Registration) { r.FFD = "1.3" },
		"registration.ofd_inn":     func(r *Registration) { r.Modes = ModeOffline },
		"registration.automat":     func(r *Registration) { r.Modes = ModeAutomatic },
		"registration.modes":       func(r *Registration) { r.Modes, r.FFD = ModeMarking, "1.1" },
		"registration.reasons":     func(r *Registration) { r.Reasons = 2 },
	} {
		r := good
		spoil(&r)
		var errs FieldErrors
		if !errors.As(r.Check(false), &errs) || !slices.ContainsFunc(errs, func(e FieldError) bool { return e.Field == field }) {
			t.Errorf("%s is not named: %v", field, errs)
		}
	}
	if good.Check(true) == nil {
		t.Error("a change without a reason passes")
	}
}

func TestModes(t *testing.T) {
	m, err := ParseModes([]string{"marking", "internet"})
	if err != nil || !m.Has(ModeMarking|ModeInternet) || m.Has(ModeOffline) {
		t.Errorf("%v, %v", m, err)
	}
	if got := m.Names(); !slices.Equal(got, []string{"internet", "marking"}) {
		t.Error(got)
	}
	if _, err := ParseModes([]string{"marketing"}); err == nil {
		t.Error("an unknown word passes")
	}
}
