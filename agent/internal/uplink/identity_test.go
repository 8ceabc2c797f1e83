package uplink

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestEnroll(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	dir := t.TempDir()
	a := start(t, dir, j, &tills{})
	for _, c := range []struct{ name, code, cloud, want string }{
		{"no address", cab.code(), "", "не указан адрес кабинета"},
		{"clear text", cab.code(), "http://cabinet.example", "без шифрования"},
		{"no code", "", cab.url(), "не указан код"},
		{"an unknown authority", "K7QF-9M2P", cab.url(), "не проходит проверку"},
		{"another authority", "K7QF-9M2P@" + strings.Repeat("ab", 12), cab.url(), "не проходит проверку"},
		{"half a fingerprint", "K7QF-9M2P@abcd", cab.url(), "не полностью"},
		{"a wrong code", strings.Replace(cab.code(), "K7QF", "AAAA", 1), cab.url(), "не принял код"},
		{"nobody there", cab.code(), "https://127.0.0.1:1", "не отвечает"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := a.Enroll(t.Context(), c.code, c.cloud); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if a.Identity() != nil {
				t.Error("enrolled all the same")
			}
		})
	}
	id, err := a.Enroll(t.Context(), cab.code(), cab.url())
	if err != nil {
		t.Fatal(err)
	}
	if id.AgentID != "agent-1" || id.Organisation != "ООО «Ромашка»" {
		t.Errorf("%+v", id)
	}
	fi, err := os.Stat(identityFile(dir))
	if err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("identity file: %v %v", fi.Mode(), err)
	}
	cab.until("hello and state", func() bool { return cab.state != nil })
	if _, err := a.Enroll(t.Context(), cab.code(), cab.url()); err == nil {
		t.Error("a code was good twice")
	}

	// The identity survives a restart.
	a.stop()
	cab.set(func() { cab.state = nil })
	b := start(t, dir, j, &tills{})
	cab.until("state after a restart", func() bool { return cab.state != nil })
	if b.Identity().AgentID != "agent-1" {
		t.Errorf("%+v", b.Identity())
	}
}

func TestLoadIdentity_damaged(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	a, dir := enrolled(t, cab, j, &tills{})
	a.stop()
	whole, err := os.ReadFile(identityFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, len(whole) / 4, len(whole) / 2, len(whole) - 40} {
		other := t.TempDir()
		if err := os.MkdirAll(filepath.Join(other, "identity"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(identityFile(other), whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadIdentity(other); err == nil || errors.Is(err, ErrNoIdentity) {
			t.Errorf("%d bytes of it: %v", n, err)
		}
		b := start(t, other, j, &tills{})
		if ps := b.Problems(); len(ps) != 1 || ps[0].GetCode() != CodeIdentity {
			t.Errorf("%d bytes of it: problems %v", n, ps)
		}
		b.stop()
	}
}

func TestRenew(t *testing.T) {
	cab := newCabinet(t)
	cab.set(func() { cab.lifetime, cab.born = 3*time.Hour, 2*time.Hour+time.Minute })
	j := openJournal(t, t.TempDir())
	a, dir := enrolled(t, cab, j, &tills{})
	first := a.Identity().cert.Leaf
	cab.until("the renewal", func() bool { return cab.renewals == 1 })
	eventually(t, "the new certificate is used", func() bool { return !a.Identity().cert.Leaf.Equal(first) })
	kept, err := LoadIdentity(dir)
	if err != nil || kept.cert.Leaf.Equal(first) {
		t.Fatalf("the new certificate is not kept: %v", err)
	}
	cab.cable.cut()
	sell(t, j, 0, 1)
	cab.until("a new connection shows the new certificate", func() bool {
		return len(cab.ops) == 1 && cab.peers[len(cab.peers)-1].Equal(kept.cert.Leaf)
	})
	if cab.renewals != 1 {
		t.Errorf("renewed %d times", cab.renewals)
	}
}

// A server that the authority signed under another name is not the cabinet, and a flat battery of the computer's clock
// does not keep the agent off the line.
func TestVerify(t *testing.T) {
	cab := newCabinet(t)
	leaf := cab.leaf()
	roots := x509.NewCertPool()
	roots.AddCert(cab.authority)
	state := tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf, cab.authority}}
	born := time.Now().Add(-time.Minute)
	for _, c := range []struct {
		name, host string
		roots      *x509.CertPool
		now        time.Time
		ok         bool
	}{
		{"the cabinet", "127.0.0.1", roots, time.Now(), true},
		{"another host", "127.0.0.2", roots, time.Now(), false},
		{"no host", hostOf("what"), roots, time.Now(), false},
		{"another authority", "127.0.0.1", x509.NewCertPool(), time.Now(), false},
		{"a clock of long ago", "127.0.0.1", roots, time.Unix(0, 0), true},
		{"a certificate too old", "127.0.0.1", roots, leaf.NotAfter.Add(time.Second), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := verify(state, c.host, c.roots, c.now, born); (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}
