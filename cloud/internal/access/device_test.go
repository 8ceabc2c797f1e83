package access

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestJudge(t *testing.T) {
	since := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, c := range []struct {
		name           string
		shown, present int64
		after          time.Duration
		want           verdict
	}{
		{"the present one", 7, 7, time.Hour, rotate},
		{"the first one", 1, 1, 0, rotate},
		{"the one of just before", 6, 7, sameRefresh, repeat},
		{"the one before, too late", 6, 7, sameRefresh + 1, stolen},
		{"two before, at once", 5, 7, 0, stolen},
		{"a very old one", 1, 5000, 0, stolen},
		{"one of the future", 8, 7, 0, strange},
	} {
		if got := judge(c.shown, c.present, since, since.Add(c.after)); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestLongToken(t *testing.T) {
	w := openedOne(t)
	token := w.secrets.longToken("device", 3)
	if device, generation, ok := w.secrets.readLong(token); !ok || device != "device" || generation != 3 {
		t.Errorf("%s %d %v", device, generation, ok)
	}
	for _, forged := range []string{"", "..", "device.3", "device.4" + token[strings.LastIndexByte(token, '.'):], token + "x", "x" + token, strings.Replace(token, ".3.", ".03.", 1)} {
		if _, _, ok := w.secrets.readLong(forged); ok {
			t.Errorf("%q is believed", forged)
		}
	}
}

func TestRefresh(t *testing.T) {
	openedBoth(t, func(t *testing.T, o *opened) {
		o.signUp(t)
		e, err := o.SignIn(t.Context(), Credentials{Login: "petr@example.ru", Password: usual, Remember: true, From: here})
		if err != nil {
			t.Fatal(err)
		}
		first := e.Tokens
		o.later(SessionLife)
		second, err := o.Refresh(t.Context(), first.Long, here)
		if err != nil || !second.Remembered || second.Long == first.Long {
			t.Fatalf("%+v %v", second, err)
		}
		if p, err := o.Session(t.Context(), second.Short); err != nil || !errors.Is(p.Proven(o.now), ErrProve) {
			t.Errorf("after a quarter of an hour: %v", err)
		}
		// A second tab, or an answer that was lost: the same successor, and both go on.
		o.later(sameRefresh)
		again, err := o.Refresh(t.Context(), first.Long, here)
		if err != nil || again.Long != second.Long {
			t.Fatalf("%+v %v", again, err)
		}
		for _, tokens := range []Tokens{second, again} {
			if _, err := o.Session(t.Context(), tokens.Short); err != nil {
				t.Error(err)
			}
		}
		o.later(time.Second)
		before := o.Changing()
		thief := Caller{"203.0.113.9", "curl/8"}
		if _, err := o.Refresh(t.Context(), first.Long, thief); !errors.Is(err, ErrNoSession) {
			t.Fatalf("an exchanged token: %v", err)
		}
		select {
		case <-before:
		default:
			t.Error("open streams are not told")
		}
		for _, tokens := range []Tokens{second, again} {
			if _, err := o.Session(t.Context(), tokens.Short); !errors.Is(err, ErrNoSession) {
				t.Errorf("the family lives: %v", err)
			}
			if _, err := o.Refresh(t.Context(), tokens.Long, here); !errors.Is(err, ErrNoSession) {
				t.Errorf("the family is exchanged: %v", err)
			}
		}
		notices := append(o.received(t, "petr@example.ru"), o.received(t, "+79161234567")...)
		if len(notices) != 2 || !strings.Contains(notices[0].Text, "203.0.113.9") || !strings.Contains(notices[0].Text, "Firefox, Windows") {
			t.Errorf("the person is told %v", notices)
		}
		if got := o.journal(t, e.Person.OrganisationID); !strings.Contains(got, "session.stolen") {
			t.Errorf("journal: %s", got)
		}
	})
}

// TestRefresh_lives: a remembered browser stays for 60 days without use, another for half a day.
func TestRefresh_lives(t *testing.T) {
	o := openedOne(t)
	o.signUp(t)
	for _, remember := range []bool{true, false} {
		e, err := o.SignIn(t.Context(), Credentials{Login: "petr@example.ru", Password: usual, Remember: remember, From: here})
		if err != nil {
			t.Fatal(err)
		}
		tokens := e.Tokens
		for range 3 { // use prolongs it
			o.later(life(remember) - time.Second)
			if tokens, err = o.Refresh(t.Context(), tokens.Long, here); err != nil {
				t.Fatal(err)
			}
		}
		o.later(life(remember))
		if _, err := o.Refresh(t.Context(), tokens.Long, here); !errors.Is(err, ErrNoSession) {
			t.Errorf("remembered %v, unused for long: %v", remember, err)
		}
	}
}

// TestRefresh_tabs: many tabs that ask at once are one person, not a thief.
func TestRefresh_tabs(t *testing.T) {
	openedBoth(t, func(t *testing.T, o *opened) {
		e := o.signUp(t)
		var (
			wait  sync.WaitGroup
			mu    sync.Mutex
			longs = map[string]bool{}
		)
		for range 8 {
			wait.Go(func() {
				tokens, err := o.Refresh(t.Context(), e.Tokens.Long, here)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				longs[tokens.Long] = true
			})
		}
		wait.Wait()
		if len(longs) != 1 {
			t.Errorf("%d successors", len(longs))
		}
		for long := range longs {
			if _, err := o.Refresh(t.Context(), long, here); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestDevices(t *testing.T) {
	openedBoth(t, func(t *testing.T, o *opened) {
		mine := o.signUp(t)
		o.later(time.Minute)
		phone, err := o.SignIn(t.Context(), Credentials{Login: "petr@example.ru", Password: usual, From: Caller{"10.0.0.2", "iPhone Safari/604"}})
		if err != nil {
			t.Fatal(err)
		}
		third := o.in(t, "petr@example.ru", usual, "10.0.0.3")
		stranger := o.in(t, "admin", o.password, "10.0.0.4")
		p := o.person(t, mine)
		list, err := o.Devices(t.Context(), p)
		if err != nil || len(list) != 3 {
			t.Fatal(list, err)
		}
		current := 0
		for _, d := range list {
			if d.Current {
				current++
				if d.Browser != "Firefox, Windows" || d.Address != "10.0.0.1" || !d.Remembered || fmt.Sprint(d.Factors) != "[password]" {
					t.Errorf("%+v", d)
				}
			}
		}
		if current != 1 {
			t.Errorf("%d current ones", current)
		}
		for _, id := range []string{"none", o.person(t, stranger).Standing.Device} {
			if err := o.RevokeDevice(t.Context(), p, id); !errors.Is(err, ErrDevice) {
				t.Errorf("%s: %v", id, err)
			}
		}
		before := o.Changing()
		if err := o.RevokeDevice(t.Context(), p, o.person(t, phone).Standing.Device); err != nil {
			t.Fatal(err)
		}
		select {
		case <-before:
		default:
			t.Error("open streams are not told")
		}
		if o.signedIn(t, phone) || !o.signedIn(t, mine) || !o.signedIn(t, third) {
			t.Error("the wrong ones are signed out")
		}
		if n, err := o.RevokeOthers(t.Context(), p); n != 1 || err != nil {
			t.Errorf("%d %v", n, err)
		}
		if o.signedIn(t, third) || !o.signedIn(t, mine) || !o.signedIn(t, stranger) {
			t.Error("the wrong ones are signed out")
		}
		if got := o.journal(t, p.OrganisationID); !strings.Contains(got, "device.revoked_others") || !strings.Contains(got, "device.revoked ") {
			t.Errorf("journal: %s", got)
		}
	})
}
