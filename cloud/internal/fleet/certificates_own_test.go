package fleet

import (
	"bytes"
	"errors"
	"testing"
)

// An agent certifies its own tills and no others, of its own organisation either; the file of a till that went elsewhere goes with it.
func TestCertificate_own(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		mine, other, file := w.agents[0], w.agents[1], signed(t)
		till := w.report(t, mine, "kassa", "0000000000004239")
		w.report(t, other, "bar", "0001")
		unknown := w.ReportCertificate(t.Context(), other, resign(t, file, `"serial":"0000000000004239"`, `"serial":"0000000000004240"`))
		foreign := w.ReportCertificate(t.Context(), other, file)
		if !errors.Is(unknown, ErrNotFound) || !errors.Is(foreign, ErrNotFound) ||
			string(bytes.ReplaceAll([]byte(unknown.Error()), []byte("4240"), []byte("4239"))) != foreign.Error() {
			t.Errorf("a till of another agent: %v; of nobody: %v", foreign, unknown)
		}
		if c, err := w.Certificate(t.Context(), "o1", till, false); err != nil || c != nil {
			t.Errorf("certified by another agent: %v %v", c, err)
		}
		for name, f := range map[string][]byte{
			"no number":           resign(t, file, `"serial":"0000000000004239"`, `"serial":""`),
			"of another driver":   resign(t, file, `"driver":"shtrih"`, `"driver":"other"`),
			"a number with a NUL": resign(t, file, `"serial":"0000000000004239"`, `"serial":"\u0000"`),
			"an end that is none": resign(t, file, `"ended":"2026-11-21`, `"ended":"20261-11-21`),
			"nothing":             nil,
			"null":                []byte("null"),
			"a list":              []byte("[]"),
		} {
			if err := w.ReportCertificate(t.Context(), mine, f); !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for range 2 {
			if err := w.ReportCertificate(t.Context(), mine, file); err != nil {
				t.Fatal(err)
			}
		}
		first, err := w.Certificate(t.Context(), "o1", till, false)
		if err != nil || first == nil {
			t.Fatal(first, err)
		}
		if moved := w.report(t, other, "bar", "0000000000004239"); moved != till {
			t.Fatal("a till that was carried over is another one")
		}
		if c, err := w.Certificate(t.Context(), "o1", till, false); err != nil || c.GetSha256() != first.GetSha256() {
			t.Errorf("after the till moved: %v %v", c, err)
		}
		if err := w.ReportCertificate(t.Context(), mine, file); !errors.Is(err, ErrNotFound) {
			t.Errorf("the one it left tells of it: %v", err)
		}
		if err := w.ReportCertificate(t.Context(), other, file); err != nil {
			t.Errorf("the one that has it does not: %v", err)
		}
	})
}
