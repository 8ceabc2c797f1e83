package access

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// elsewhere is another sign-in: it sends everybody back as the person it is told, as OpenID Connect has it.
type elsewhere struct {
	*httptest.Server
	key    *rsa.PrivateKey
	claims map[string]any
	// sign is another key to sign with.
	sign      *rsa.PrivateKey
	challenge string
	used      bool
}

func newElsewhere(t *testing.T) *elsewhere {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e := &elsewhere{key: key, sign: key, claims: map[string]any{}}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer": e.URL, "authorization_endpoint": e.URL + "/authorize", "token_endpoint": e.URL + "/token", "jwks_uri": e.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		if id != "chekan" || secret != "s3cret" || r.FormValue("code") != "the code" || e.used || b64.EncodeToString(sum[:]) != e.challenge ||
			r.FormValue("redirect_uri") != "https://kassa.example.ru/oidc/back" {
			w.WriteHeader(http.StatusBadRequest)
			answer(w, map[string]string{"error": "invalid_grant"})
			return
		}
		e.used = true
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: e.sign, KeyID: "1"}}, nil)
		if err != nil {
			t.Error(err)
			return
		}
		text, _ := json.Marshal(e.claims)
		signed, err := signer.Sign(text)
		if err != nil {
			t.Error(err)
			return
		}
		token, _ := signed.CompactSerialize()
		answer(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": token})
	})
	e.Server = httptest.NewServer(mux)
	t.Cleanup(e.Close)
	return e
}

// sent takes somebody who was sent there, and says who they are.
func (e *elsewhere) sent(t *testing.T, address, subject, email string, verified bool) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if !strings.HasPrefix(address, e.URL+"/authorize?") || q.Get("client_id") != "chekan" || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" ||
		q.Get("redirect_uri") != "https://kassa.example.ru/oidc/back" || q.Get("state") == "" || q.Get("nonce") == "" || !strings.Contains(q.Get("scope"), "openid") {
		t.Fatalf("sent to %s", address)
	}
	e.challenge, e.used, e.sign = q.Get("code_challenge"), false, e.key
	now := time.Now()
	e.claims = map[string]any{
		"iss": e.URL, "aud": "chekan", "sub": subject, "email": email, "email_verified": verified, "name": "Анна", "nonce": q.Get("nonce"),
		"iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}
}

func TestOIDC(t *testing.T) {
	openedBoth(t, func(t *testing.T, o *opened) {
		e := newElsewhere(t)
		options := o.options
		options.OIDC = OIDC{Issuer: e.URL, ClientID: "chekan", Secret: "s3cret", Name: "Учётная запись"}
		if err := o.Configure(options); err != nil {
			t.Fatal(err)
		}
		owner := o.signUp(t).Person
		o.received(t, "petr@example.ru")
		invitation := ""
		come := func(subject, email string, verified bool, spoil func()) (Entry, error) {
			t.Helper()
			o.later(10 * time.Minute)
			address, state, err := o.StartOIDC(t.Context(), invitation, here)
			if err != nil {
				t.Fatal(err)
			}
			e.sent(t, address, subject, email, verified)
			if spoil != nil {
				spoil()
			}
			return o.FinishOIDC(t.Context(), state, state, "the code", here)
		}
		for name, err := range map[string]error{
			"an e-mail nobody verified": second(come("1", "petr@example.ru", false, nil)),
			"an e-mail nobody has":      second(come("1", "x@example.ru", true, nil)),
			"no e-mail":                 second(come("1", "", true, nil)),
			"another nonce":             second(come("1", "petr@example.ru", true, func() { e.claims["nonce"] = "x" })),
			"for somebody else":         second(come("1", "petr@example.ru", true, func() { e.claims["aud"] = "other" })),
			"of another issuer":         second(come("1", "petr@example.ru", true, func() { e.claims["iss"] = "https://evil.example" })),
			"ended":                     second(come("1", "petr@example.ru", true, func() { e.claims["exp"] = time.Now().Add(-time.Hour).Unix() })),
			"another verifier":          second(come("1", "petr@example.ru", true, func() { e.challenge = "x" })),
			"signed by somebody else": second(come("1", "petr@example.ru", true, func() {
				key, err := rsa.GenerateKey(rand.Reader, 2048)
				if err != nil {
					t.Fatal(err)
				}
				e.sign = key
			})),
		} {
			if !errors.Is(err, ErrForeign) {
				t.Errorf("%s: %v", name, err)
			}
		}
		// A login that looks like an e-mail and was never confirmed is nobody's.
		newcomerIn(t, o, "boris@example.ru")
		if _, err := come("2", "boris@example.ru", true, nil); !errors.Is(err, ErrForeign) {
			t.Errorf("an e-mail that was never confirmed here: %v", err)
		}
		in, err := come("1", "PETR@example.ru", true, nil)
		if err != nil || in.Person.ID != owner.ID {
			t.Fatalf("%+v %v", in, err)
		}
		if n := len(o.received(t, "petr@example.ru")); n != 1 {
			t.Errorf("%d notices of the link", n)
		}
		if in, err = come("1", "other@example.ru", false, nil); err != nil || in.Person.ID != owner.ID {
			t.Errorf("the same account with another e-mail: %v", err)
		}
		if s, err := o.Security(t.Context(), owner); err != nil || !s.OIDC {
			t.Errorf("%+v %v", s, err)
		}

		// State: of this browser, and once.
		address, state, err := o.StartOIDC(t.Context(), "", here)
		if err != nil {
			t.Fatal(err)
		}
		e.sent(t, address, "1", "petr@example.ru", true)
		for _, kept := range []string{"", "x", state + "x"} {
			if _, err := o.FinishOIDC(t.Context(), state, kept, "the code", here); !errors.Is(err, ErrForeign) {
				t.Errorf("state of another browser: %v", err)
			}
		}
		if _, err := o.FinishOIDC(t.Context(), state, state, "the code", here); err != nil {
			t.Fatal(err)
		}
		e.used = false
		if _, err := o.FinishOIDC(t.Context(), state, state, "the code", here); !errors.Is(err, ErrForeign) {
			t.Errorf("a state twice: %v", err)
		}

		// By invitation: the one that was sent to this e-mail.
		o.organisations.invited["link"] = Invitation{OrganisationID: owner.OrganisationID, Contact: "anna@example.ru"}
		invitation = "link"
		if _, err := come("3", "carl@example.ru", true, nil); !errors.Is(err, ErrForeign) {
			t.Errorf("an invitation of somebody else: %v", err)
		}
		in, err = come("3", "anna@example.ru", true, nil)
		if err != nil || in.Person.OrganisationID != owner.OrganisationID || in.Person.Name != "Анна" || !errors.Is(in.Person.Standing.Due, ErrTerms) {
			t.Fatalf("%+v %v", in.Person, err)
		}
		invitation = ""
		if again, err := come("3", "", false, nil); err != nil || again.Person.ID != in.Person.ID {
			t.Errorf("the invited one again: %v", err)
		}

		// A second factor is asked for all the same.
		o.enrol(t, owner)
		if in, err = come("1", "", false, nil); err != nil || in.Challenge == nil || in.Person != nil {
			t.Errorf("%+v %v", in, err)
		}
	})
}

func second(_ Entry, err error) error { return err }

func TestOIDC_none(t *testing.T) {
	o := openedOne(t)
	if _, _, err := o.StartOIDC(t.Context(), "", here); !errors.Is(err, ErrForeign) {
		t.Errorf("there is none: %v", err)
	}
	if _, err := o.FinishOIDC(t.Context(), "x", "x", "x", here); !errors.Is(err, ErrForeign) {
		t.Errorf("there is none: %v", err)
	}
	for _, bad := range []OIDC{{Issuer: "https://x"}, {Issuer: "https://x", ClientID: "x"}} {
		if _, err := newForeign(bad, "https://kassa.example.ru"); err == nil {
			t.Errorf("%+v", bad)
		}
	}
}
