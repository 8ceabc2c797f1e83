package access

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestEnroll_refusals: a wrong code, a used one, one that is over and one that is no code at all get the same answer.
func TestEnroll_refusals(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		code := func() string {
			code, _, err := w.NewCodeOfFirst(t.Context(), "Магазин")
			if err != nil {
				t.Fatal(err)
			}
			return code
		}
		used, over := code(), code()
		if _, _, err := w.Enroll(t.Context(), used, request(t), "pc", "1", "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(CodeLife)
		var said string
		for what, code := range map[string]string{
			"wrong": "AAAA-BBBB-CCCC", "used": used, "over": over, "empty": "", "long": strings.Repeat("A", 100_000), "not of this world": "'; DROP TABLE agents; --",
		} {
			agent, cert, err := w.Enroll(t.Context(), code, request(t), "pc", "1", "192.0.2.1")
			if !errors.Is(err, ErrCode) || agent != nil || cert != nil {
				t.Errorf("%s: %v %v", what, agent, err)
				continue
			}
			if said == "" {
				said = err.Error()
			}
			if err.Error() != said {
				t.Errorf("%s is answered %q, another %q", what, err, said)
			}
		}
	})
}

// TestEnroll_limits: one address, and all of them, have so many wrong codes and no more, however many come at once; a right code costs
// nothing, and time gives back.
func TestEnroll_limits(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		csr := request(t)
		wrong := func(address string) error {
			_, _, err := w.Enroll(t.Context(), "AAAA-BBBB-CCCC", csr, "pc", "1", address)
			return err
		}
		results := make(chan error, 2*codesPerAddress)
		for range cap(results) {
			go func() { results <- wrong("192.0.2.1") }()
		}
		tried := 0
		for range cap(results) {
			if err := <-results; errors.Is(err, ErrCode) {
				tried++
			} else if !errors.Is(err, ErrTooOften) {
				t.Error(err)
			}
		}
		if tried != codesPerAddress {
			t.Errorf("one address tried %d codes, want %d", tried, codesPerAddress)
		}
		good, _, err := w.NewCodeOfFirst(t.Context(), "Магазин")
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.Enroll(t.Context(), good, csr, "pc", "1", "192.0.2.1"); !errors.Is(err, ErrTooOften) {
			t.Errorf("the address that tried too often: %v", err)
		}
		if _, _, err := w.Enroll(t.Context(), good, csr, "pc", "1", "192.0.2.2"); err != nil {
			t.Errorf("another address: %v", err)
		}
		// A customer's whole IPv6 network is one address.
		for i := range codesPerAddress {
			if err := wrong(fmt.Sprintf("2001:db8:0:1::%x", i)); !errors.Is(err, ErrCode) {
				t.Fatal(i, err)
			}
		}
		if err := wrong("2001:db8:0:1:ffff::1"); !errors.Is(err, ErrTooOften) {
			t.Errorf("the same network: %v", err)
		}
		if err := wrong("2001:db8:0:2::1"); !errors.Is(err, ErrCode) {
			t.Errorf("another network: %v", err)
		}
		w.now = w.now.Add(10 * time.Minute)
		if err := wrong("192.0.2.1"); !errors.Is(err, ErrCode) {
			t.Errorf("ten minutes later: %v", err)
		}
		for range codesInAll {
			w.codes.take(everywhere, codesInAll)
		}
		if err := wrong("198.51.100.1"); !errors.Is(err, ErrTooOften) {
			t.Errorf("all addresses together: %v", err)
		}
		if l := w.codes.counts["198.51.100.1"]; l.n != 0 {
			t.Error("what was not tried is counted")
		}
	})
}

// TestEnroll_stolen: a code that somebody has overheard is good once, from wherever it is used first; the other one is refused like anybody.
func TestEnroll_stolen(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		for round := range 5 {
			code, _, err := w.NewCodeOfFirst(t.Context(), "Магазин")
			if err != nil {
				t.Fatal(err)
			}
			type result struct {
				from  string
				agent *Agent
				err   error
			}
			results := make(chan result, 2)
			start := make(chan struct{})
			for _, from := range []string{"192.0.2.1", "198.51.100.7"} {
				csr := request(t)
				go func() {
					<-start
					agent, _, err := w.Enroll(t.Context(), code, csr, from, "1", fmt.Sprint(from, round))
					results <- result{from, agent, err}
				}()
			}
			close(start)
			first, second := <-results, <-results
			if first.err != nil {
				first, second = second, first
			}
			if first.err != nil || !errors.Is(second.err, ErrCode) || second.agent != nil {
				t.Fatalf("%s: %v; %s: %v", first.from, first.err, second.from, second.err)
			}
			if _, _, err := w.Enroll(t.Context(), code, request(t), "pc", "1", "203.0.113.1"); !errors.Is(err, ErrCode) {
				t.Errorf("and again: %v", err)
			}
			// The shop's person sees who got in, and shuts him out.
			if err := w.Revoke(t.Context(), first.agent.OrganisationID, first.agent.ID, "admin"); err != nil {
				t.Error(err)
			}
		}
	})
}
