package access

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// authenticator is a passkey in software: ES256, "none" attestation (Web Authentication Level 2, 6.5 and 8.7).
type authenticator struct {
	key     *ecdsa.PrivateKey
	id      []byte
	rp      string
	origin  string
	user    []byte
	counter uint32
	// unverified: nobody put a finger on it.
	unverified bool
}

var b64 = base64.RawURLEncoding

func newAuthenticator(t *testing.T) *authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	return &authenticator{key: key, id: id, rp: "kassa.example.ru", origin: "https://kassa.example.ru"}
}

func (v *authenticator) client(kind, challenge string) []byte {
	text, _ := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": v.origin, "crossOrigin": false})
	return text
}

func (v *authenticator) data(flags byte) []byte {
	rp := sha256.Sum256([]byte(v.rp))
	if !v.unverified {
		flags |= 0x04
	}
	return binary.BigEndian.AppendUint32(append(rp[:], flags|0x01), v.counter)
}

// create answers navigator.credentials.create.
func (v *authenticator) create(t *testing.T, options string) string {
	t.Helper()
	var o struct {
		Challenge string `json:"challenge"`
		User      struct {
			ID string `json:"id"`
		} `json:"user"`
		RP struct {
			ID string `json:"id"`
		} `json:"rp"`
	}
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		t.Fatal(err)
	}
	if o.RP.ID != v.rp {
		t.Errorf("relying party %q", o.RP.ID)
	}
	var err error
	if v.user, err = b64.DecodeString(o.User.ID); err != nil {
		t.Fatal(err)
	}
	point, err := v.key.PublicKey.Bytes() // 4, X, Y
	if err != nil {
		t.Fatal(err)
	}
	public, err := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		t.Fatal(err)
	}
	data := append(v.data(0x40), make([]byte, 16)...) // no model
	data = binary.BigEndian.AppendUint16(data, uint16(len(v.id)))
	data = append(append(data, v.id...), public...)
	object, err := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(map[string]any{
		"id": b64.EncodeToString(v.id), "rawId": b64.EncodeToString(v.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{
			"clientDataJSON": b64.EncodeToString(v.client("webauthn.create", o.Challenge)), "attestationObject": b64.EncodeToString(object),
			"transports": []string{"internal"},
		},
	})
	return string(text)
}

// get answers navigator.credentials.get.
func (v *authenticator) get(t *testing.T, options string) string {
	t.Helper()
	var o struct {
		Challenge string `json:"challenge"`
	}
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		t.Fatal(err)
	}
	v.counter++
	client, data := v.client("webauthn.get", o.Challenge), v.data(0)
	sum := sha256.Sum256(client)
	digest := sha256.Sum256(append(bytes.Clone(data), sum[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, v.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(map[string]any{
		"id": b64.EncodeToString(v.id), "rawId": b64.EncodeToString(v.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{
			"clientDataJSON": b64.EncodeToString(client), "authenticatorData": b64.EncodeToString(data),
			"signature": b64.EncodeToString(signature), "userHandle": b64.EncodeToString(v.user),
		},
	})
	return string(text)
}

// addPasskey registers an authenticator.
func (o *opened) addPasskey(t *testing.T, p *Person, v *authenticator, name string) (Passkey, []string) {
	t.Helper()
	c, err := o.BeginPasskey(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	key, recovery, err := o.AddPasskey(t.Context(), p, c.Ticket, v.create(t, c.Options), name)
	if err != nil {
		t.Fatal(err)
	}
	return key, recovery
}

func TestPasskeys(t *testing.T) {
	openedBoth(t, func(t *testing.T, o *opened) {
		e := o.signUp(t)
		p := o.person(t, e)
		v := newAuthenticator(t)
		key, recovery := o.addPasskey(t, p, v, "Ноутбук")
		if len(recovery) != recoveryCodes {
			t.Errorf("%d recovery codes with the first factor", len(recovery))
		}
		o.later(time.Second)
		if _, again := o.addPasskey(t, p, newAuthenticator(t), "Телефон"); again != nil {
			t.Error("recovery codes are made anew with the second")
		}

		// As the second factor.
		in := o.in(t, "petr@example.ru", usual, "x")
		if in.Challenge == nil || fmt.Sprint(in.Challenge.Factors) != "[passkey recovery]" {
			t.Fatalf("%+v", in)
		}
		answer := v.get(t, in.Challenge.Options)
		got, err := o.FinishSignIn(t.Context(), in.Challenge.Ticket, Answer{Passkey: answer}, here)
		if err != nil || got.Person.ID != p.ID {
			t.Fatal(err)
		}
		in = o.in(t, "petr@example.ru", usual, "x")
		if _, err := o.FinishSignIn(t.Context(), in.Challenge.Ticket, Answer{Passkey: answer}, here); !errors.Is(err, ErrPasskey) {
			t.Errorf("an answer to another challenge: %v", err)
		}

		// Alone, with no name typed.
		alone := func(v *authenticator) (Entry, error) {
			t.Helper()
			c, err := o.BeginPasskeySignIn(t.Context(), here)
			if err != nil {
				t.Fatal(err)
			}
			return o.FinishPasskeySignIn(t.Context(), c.Ticket, v.get(t, c.Options), true, here)
		}
		got, err = alone(v)
		if err != nil || got.Person.ID != p.ID || !got.Tokens.Remembered {
			t.Fatalf("%+v %v", got, err)
		}
		if _, err := alone(&authenticator{key: v.key, id: v.id, rp: v.rp, origin: v.origin, user: v.user, counter: v.counter, unverified: true}); !errors.Is(err, ErrPasskey) {
			t.Errorf("a key without a finger: %v", err)
		}
		if _, err := alone(&authenticator{key: v.key, id: v.id, rp: v.rp, origin: "https://kassa.example.ru.evil.example", user: v.user, counter: v.counter}); !errors.Is(err, ErrPasskey) {
			t.Errorf("a page of somebody else: %v", err)
		}
		if _, err := alone(&authenticator{key: v.key, id: v.id, rp: "evil.example", origin: v.origin, user: v.user, counter: v.counter}); !errors.Is(err, ErrPasskey) {
			t.Errorf("a key for somebody else: %v", err)
		}
		if _, err := alone(&authenticator{key: newAuthenticator(t).key, id: v.id, rp: v.rp, origin: v.origin, user: v.user, counter: v.counter}); !errors.Is(err, ErrPasskey) {
			t.Errorf("a signature of somebody else: %v", err)
		}
		if _, err := alone(&authenticator{key: v.key, id: v.id, rp: v.rp, origin: v.origin, user: v.user}); !errors.Is(err, ErrPasskey) {
			t.Errorf("a copy, whose counter is behind: %v", err)
		}
		c, err := o.BeginPasskeySignIn(t.Context(), here)
		if err != nil {
			t.Fatal(err)
		}
		for _, junk := range []string{"", "{}", "null", `{"id":"AAAA"}`} {
			if _, err := o.FinishPasskeySignIn(t.Context(), c.Ticket, junk, false, here); !errors.Is(err, ErrPasskey) {
				t.Errorf("%q: %v", junk, err)
			}
		}

		// As a proof.
		o.later(ProofLife)
		if e.Tokens, err = o.Refresh(t.Context(), e.Tokens.Long, here); err != nil {
			t.Fatal(err)
		}
		p = o.person(t, e)
		proof, err := o.BeginProof(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.Prove(t.Context(), p, Proof{Passkey: v.get(t, in.Challenge.Options), Ticket: proof.Ticket}); !errors.Is(err, ErrPasskey) {
			t.Errorf("the answer to another question: %v", err)
		}
		answer = v.get(t, proof.Options)
		if _, err := o.Prove(t.Context(), p, Proof{Passkey: answer, Ticket: proof.Ticket}); err != nil || o.person(t, e).Proven(o.now) != nil {
			t.Error(err)
		}
		if _, err := o.Prove(t.Context(), p, Proof{Passkey: answer, Ticket: proof.Ticket}); !errors.Is(err, ErrState) {
			t.Errorf("twice: %v", err)
		}

		// List, rename, remove.
		if err := o.RenamePasskey(t.Context(), p, key.ID, "Рабочий ноутбук"); err != nil {
			t.Fatal(err)
		}
		s, err := o.Security(t.Context(), p)
		if err != nil || len(s.Passkeys) != 2 || s.Passkeys[0].Name != "Рабочий ноутбук" || s.Passkeys[0].UsedAt.IsZero() || !s.Passkeys[1].UsedAt.IsZero() {
			t.Errorf("%+v %v", s, err)
		}
		stranger := o.in(t, "admin", o.password, "y").Person
		for _, try := range []error{
			o.RenamePasskey(t.Context(), stranger, key.ID, "x"), o.RemovePasskey(t.Context(), stranger, key.ID), o.RemovePasskey(t.Context(), p, "none"),
		} {
			if !errors.Is(try, ErrPasskey) {
				t.Errorf("a key of somebody else: %v", try)
			}
		}
		if err := o.RemovePasskey(t.Context(), p, key.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := alone(v); !errors.Is(err, ErrPasskey) {
			t.Errorf("a removed key: %v", err)
		}
	})
}

// TestPasskeys_taken: a key that somebody has registered is nobody else's.
func TestPasskeys_taken(t *testing.T) {
	openedBoth(t, func(t *testing.T, o *opened) {
		v := newAuthenticator(t)
		o.addPasskey(t, o.person(t, o.signUp(t)), v, "x")
		admin := o.in(t, "admin", o.password, "y").Person
		c, err := o.BeginPasskey(t.Context(), admin)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := o.AddPasskey(t.Context(), admin, c.Ticket, v.create(t, c.Options), "x"); !errors.Is(err, ErrPasskey) {
			t.Errorf("%v", err)
		}
	})
}

func TestRelyingParty(t *testing.T) {
	for address, want := range map[string]string{
		"https://kassa.example.ru": "kassa.example.ru https://kassa.example.ru", "https://kassa.example.ru:8443/": "kassa.example.ru https://kassa.example.ru:8443",
		"http://127.0.0.1:8090": "localhost http://localhost:8090", "http://localhost:8090": "localhost http://localhost:8090",
		"https://192.168.1.5": "", "http://kassa.example.ru": "", "": "", "://": "",
	} {
		w, err := relyingParty(address)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if w != nil {
			got = w.Config.RPID + " " + w.Config.RPOrigins[0]
		}
		if got != want {
			t.Errorf("%s: %q", address, got)
		}
	}
	o := openedOne(t)
	for host, want := range map[string]bool{"kassa.example.ru": true, "kassa.example.ru:443": true, "10.0.0.1:8090": false, "": false} {
		if got := o.Entrance(host).Passkeys; got != want {
			t.Errorf("%s: %v", host, got)
		}
	}
}
