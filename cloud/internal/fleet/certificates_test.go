package fleet

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// signed is a report as an agent made it.
func signed(t *testing.T) []byte {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", "certificate.json"))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// resign changes a certificate and signs it with another key: only what does not follow from the figures is wrong then.
func resign(t *testing.T, file []byte, old, changed string) []byte {
	t.Helper()
	var r report
	if err := json.Unmarshal(file, &r); err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	if err := json.Compact(&body, r.Certificate); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(body.Bytes(), []byte(old)) {
		t.Fatalf("there is no %s", old)
	}
	r.Certificate = bytes.ReplaceAll(body.Bytes(), []byte(old), []byte(changed))
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r.Signature.PublicKey, r.Signature.Value = public, ed25519.Sign(key, r.Certificate)
	// Not by json.Marshal of the whole, which writes other bytes inside.
	sig, err := json.Marshal(r.Signature)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Join([][]byte{[]byte(`{"certificate":`), r.Certificate, []byte(`,"signature":`), sig, []byte("}")}, nil)
}

func TestReadReport(t *testing.T) {
	file := signed(t)
	c, err := readReport(file)
	if err != nil || !c.GetPassed() || c.GetTotal().GetPoints() != 21 || c.GetSeed() != 3 || len(c.GetKey()) != 16 || len(c.GetCells()) == 0 {
		t.Fatalf("%v %v", c, err)
	}
	if other, err := readReport(bytes.ReplaceAll(file, []byte("\n"), []byte("\n\t"))); err != nil || other.GetKey() != c.GetKey() {
		t.Errorf("laid out otherwise: %v", err)
	}
	if again, err := readReport(resign(t, file, `"seed":3`, `"seed":4`)); err != nil || again.GetSeed() != 4 || again.GetKey() == c.GetKey() {
		t.Errorf("signed by another agent: %v %v", again, err)
	}
	for name, bad := range map[string][]byte{
		"no report":                     []byte("{}"),
		"not JSON":                      []byte("certificate"),
		"changed after it was signed":   bytes.Replace(file, []byte(`"points": 21`), []byte(`"points": 2100`), 1),
		"passed with a lost receipt":    resign(t, file, `"total":{"points":21,"lost":0`, `"total":{"points":21,"lost":1`),
		"more points than were tried":   resign(t, file, `"total":{"points":21`, `"total":{"points":2100`),
		"points taken from another one": resign(t, file, `"points":["`, `"points":["x`),
		"a format of tomorrow":          resign(t, file, `"format":1`, `"format":2`),
	} {
		if c, err := readReport(bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v %v", name, c, err)
		}
	}
}

// TestCertificate: a report belongs to the till it names, is stored once, and the newest is shown.
func TestCertificate(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent, file := w.agents[0], signed(t)
		if err := w.ReportCertificate(t.Context(), agent, file); !errors.Is(err, ErrNotFound) {
			t.Errorf("of a till nobody has: %v", err)
		}
		other := w.report(t, agent, "another", "0001")
		till := w.report(t, agent, "kassa", "0000000000004239")
		if c, err := w.Certificate(t.Context(), "o1", till, false); err != nil || c != nil {
			t.Errorf("before any: %v %v", c, err)
		}
		newer := resign(t, file, `"ended":"2026-11-21`, `"ended":"2026-11-22`)
		for _, f := range [][]byte{file, file, newer, file} {
			if err := w.ReportCertificate(t.Context(), agent, f); err != nil {
				t.Fatal(err)
			}
		}
		c, err := w.Certificate(t.Context(), "o1", till, true)
		if err != nil || !bytes.Equal(c.GetReport(), newer) || c.GetReceivedMs() != w.clock.Now().UnixMilli() {
			t.Errorf("%v %v", c, err)
		}
		if c, err := w.Certificate(t.Context(), "o1", till, false); err != nil || c.GetReport() != nil || !c.GetPassed() {
			t.Errorf("without the report: %v %v", c, err)
		}
		if c, err := w.Certificate(t.Context(), "o1", other, false); err != nil || c != nil {
			t.Errorf("of another till: %v %v", c, err)
		}
		if _, err := w.Certificate(t.Context(), "o2", till, false); !errors.Is(err, ErrNotFound) {
			t.Errorf("another organisation reads: %v", err)
		}
		if err := w.ReportCertificate(t.Context(), w.agents[2], file); !errors.Is(err, ErrNotFound) {
			t.Errorf("another organisation certifies the till: %v", err)
		}
		if err := w.ReportCertificate(t.Context(), agent, make([]byte, maxReport+1)); !errors.Is(err, ErrInvalid) {
			t.Errorf("a report without end: %v", err)
		}
	})
}
