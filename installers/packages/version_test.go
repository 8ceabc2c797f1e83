package main

import (
	"os/exec"
	"testing"
	"time"
)

func TestVersion(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, c := range []struct{ text, program, deb, apk string }{
		{"v1.2.3", "1.2.3", "1.2.3", "1.2.3"},
		{"1.3.0-beta.2", "1.3.0-beta.2", "1.3.0~beta.2", "1.3.0_beta2"},
		{"1.3.0-rc1", "1.3.0-rc1", "1.3.0~rc1", "1.3.0_rc1"},
		{"1.3.0-alpha", "1.3.0-alpha", "1.3.0~alpha", "1.3.0_alpha"},
		{"1.3.0-odd-name", "1.3.0-odd-name", "1.3.0~odd.name", ""},
	} {
		v, err := parseVersion(c.text, at)
		if err != nil {
			t.Fatal(err)
		}
		apk, err := v.of("apk")
		if deb, _ := v.of("deb"); v.String() != c.program || deb != c.deb || apk != c.apk || (err != nil) != (c.apk == "") {
			t.Errorf("%s: program %s, deb %s, apk %s %v", c.text, v, deb, apk, err)
		}
	}
	for _, bad := range []string{"", "1.2", "f4ab1e7", "1.2.3+build", "1.2.3-", "1.2.3 ; rm -rf /"} {
		if v, err := parseVersion(bad, at); err == nil {
			t.Errorf("%q became %s", bad, v)
		}
	}
}

func TestAfterTag(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	v, err := afterTag("v1.2.3", at)
	if err != nil {
		t.Fatal(err)
	}
	if got := v.String(); got != "1.2.4-dev.20260304050607" {
		t.Errorf("got %s", got)
	}
	if got, _ := v.apk(); got != "1.2.4_pre1772600767" {
		t.Errorf("got %s", got)
	}
	if v, err := afterTag("", at); err != nil || v.String() != "0.0.0-dev.20260304050607" {
		t.Errorf("got %s, %v", v, err)
	}
}

// TestVersion_order asks dpkg itself which of two is newer.
func TestVersion_order(t *testing.T) {
	dpkg, err := exec.LookPath("dpkg")
	if err != nil {
		t.Skip("no dpkg on this computer")
	}
	early, late := time.Unix(1772600767, 0), time.Unix(1772600768, 0)
	must := func(v version, err error) version {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	order := []version{
		must(parseVersion("1.2.3", early)), must(afterTag("1.2.3", early)), must(afterTag("1.2.3", late)),
		must(parseVersion("1.2.4", late)), must(parseVersion("1.3.0-beta.2", late)), must(parseVersion("1.3.0-beta.10", late)),
		must(parseVersion("1.3.0-rc.1", late)), must(parseVersion("1.3.0", late)),
	}
	for i := range order[1:] {
		a, b := order[i].tilde(), order[i+1].tilde()
		if err := exec.CommandContext(t.Context(), dpkg, "--compare-versions", a, "lt", b).Run(); err != nil {
			t.Errorf("dpkg does not take %s for older than %s", a, b)
		}
	}
}
