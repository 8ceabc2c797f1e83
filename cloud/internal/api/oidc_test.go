package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/post"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
)

const (
	kassa        = "https://kassa.example.ru"
	clientSecret = "s3cret-of-the-client"
	goodCode     = "c0de-of-the-provider"
	subject      = "subject-1"
	mailOf       = "petr@example.ru"
)

// provider is a sign-in of somebody else's (OpenID Connect Core 1.0): it gives one code for each way to it, and a signed token for the code.
type provider struct {
	*httptest.Server
	t   *testing.T
	key *rsa.PrivateKey

	mu sync.Mutex
	// given is what the last way to it asked for; nil when its code was used.
	given url.Values
	// claims are of the token that comes for the code; sign is what it is signed with.
	claims map[string]any
	sign   *rsa.PrivateKey
	// down has it answer nothing of use; asked counts how often a token was asked for.
	down  bool
	asked int
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{t: t, key: key}
	mux := http.NewServeMux()
	say := func(w http.ResponseWriter, status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		say(w, http.StatusOK, map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		say(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asked++
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		_, secret, _ := r.BasicAuth()
		switch {
		case p.down:
			say(w, http.StatusInternalServerError, map[string]string{"error": "server_error", "error_description": goodCode + " " + clientSecret})
		case p.given == nil, secret != clientSecret, r.FormValue("code") != goodCode, r.FormValue("redirect_uri") != p.given.Get("redirect_uri"),
			base64.RawURLEncoding.EncodeToString(sum[:]) != p.given.Get("code_challenge"):
			say(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant", "error_description": goodCode + " " + clientSecret})
		default:
			p.given = nil
			say(w, http.StatusOK, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": p.token()})
		}
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

// tokens is how often a token was asked for on this way.
func (p *provider) tokens() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

func (p *provider) token() string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: p.sign, KeyID: "1"}}, nil)
	if err != nil {
		p.t.Error(err)
		return ""
	}
	text, _ := json.Marshal(p.claims)
	signed, err := signer.Sign(text)
	if err != nil {
		p.t.Error(err)
		return ""
	}
	token, _ := signed.CompactSerialize()
	return token
}

// abroad is a cabinet whose people may come by a provider, and who looks on from a browser.
type abroad struct {
	*provider
	*httptest.Server
	clock *storetest.Clock
	store *store.Store
	log   *bytes.Buffer
	logMu *sync.Mutex
}

// guarded is a buffer that several goroutines write to.
type guarded struct {
	mu *sync.Mutex
	to *bytes.Buffer
}

// Write implements io.Writer.
func (g guarded) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.to.Write(b)
}

type nobodysMail struct{}

// Send implements post.Sender.
func (nobodysMail) Send(context.Context, post.Message) error { return nil }

func goAbroad(t *testing.T, s *store.Store) *abroad {
	t.Helper()
	a := &abroad{provider: newProvider(t), clock: storetest.NewClock(), store: s, log: new(bytes.Buffer), logMu: new(sync.Mutex)}
	log := slog.New(slog.NewTextHandler(guarded{a.logMu, a.log}, nil))
	authority, err := access.OpenAuthority(t.TempDir(), a.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	door, err := access.New(s, authority, log, a.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := door.Configure(access.Options{
		Mail: nobodysMail{}, SMS: nobodysMail{}, PublicURL: kassa,
		OIDC: access.OIDC{Issuer: a.provider.URL, ClientID: "chekan", Secret: clientSecret, Name: "Учётная запись"},
	}); err != nil {
		t.Fatal(err)
	}
	ctx, q := t.Context(), s.Write()
	for _, err := range []error{
		q.CreateOrganisation(ctx, db.CreateOrganisationParams{ID: "o1", Name: "o1", CreatedAt: 1}),
		q.CreatePerson(ctx, db.CreatePersonParams{ID: "petr", Login: "petr", Folded: "petr", Name: "Пётр", Password: "x", CreatedAt: 1}),
		q.SetEmail(ctx, db.SetEmailParams{ID: "petr", Email: mailOf}),
		q.CreateMembership(ctx, db.CreateMembershipParams{OrganisationID: "o1", PersonID: "petr", CreatedAt: 1}),
		q.Assign(ctx, db.AssignParams{OrganisationID: "o1", PersonID: "petr", Role: string(access.Administrator), CreatedAt: 1}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	server := &Server{Log: log, Now: a.clock.Now, Stopping: make(chan struct{}), Access: door, Secure: true, PublicURL: kassa}
	a.Server = httptest.NewServer(server.Cabinet(http.NotFoundHandler()))
	t.Cleanup(a.Close)
	return a
}

// shownPage is what a browser gets of an answer.
type shownPage struct {
	Status  int
	To      string
	Cookies []string
	Body    string
	Cache   string
}

// get asks as a browser that follows nothing by itself.
func (a *abroad) get(t *testing.T, path, host string, kept *http.Cookie) (shownPage, []*http.Cookie) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		r.Host = host
	}
	if kept != nil {
		r.AddCookie(kept)
	}
	r.Header.Set("Sec-Fetch-Site", "cross-site") // the way back begins on a page of somebody else's
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	s := shownPage{Status: res.StatusCode, To: res.Header.Get("Location"), Body: string(body), Cache: res.Header.Get("Cache-Control"), Cookies: res.Header.Values("Set-Cookie")}
	return s, res.Cookies()
}

// leave has a browser go to the provider, which will say that it was Peter; it gives the state as the address has it, and the cookie.
func (a *abroad) leave(t *testing.T, path, host string) (state string, kept *http.Cookie) {
	t.Helper()
	a.clock.Pass(time.Minute)
	s, cookies := a.get(t, path, host, nil)
	to, err := url.Parse(s.To)
	if err != nil || s.Status != http.StatusSeeOther || !strings.HasPrefix(s.To, a.provider.URL+"/authorize?") || len(cookies) != 1 {
		t.Fatalf("sent to %+v, %v", s, err)
	}
	q := to.Query()
	if k := cookies[0]; k.Name != oidcCookie || k.Path != "/oidc/" || !k.HttpOnly || !k.Secure || k.SameSite != http.SameSiteLaxMode || k.MaxAge != int(access.CodeTime/time.Second) {
		t.Errorf("the state is kept in %s", cookies[0])
	}
	if q.Get("redirect_uri") != kassa+access.OIDCBack || q.Get("response_type") != "code" || q.Get("nonce") == "" || q.Get("state") != cookies[0].Value {
		t.Errorf("asked for %v", q)
	}
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.given, a.sign, a.down, a.asked = q, a.key, false, 0
	a.claims = map[string]any{
		"iss": a.provider.URL, "aud": "chekan", "sub": subject, "email": mailOf, "email_verified": true, "name": "Пётр", "nonce": q.Get("nonce"),
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	return q.Get("state"), cookies[0]
}

func back(values ...string) string {
	q := url.Values{}
	for i := 0; i < len(values); i += 2 {
		q.Set(values[i], values[i+1])
	}
	return access.OIDCBack + "?" + q.Encode()
}

// refusedOIDC is what everybody sees who did not come in, whatever the reason.
var refusedOIDC = shownPage{
	Status: http.StatusSeeOther, To: "/sign-in?error=oidc", Cache: "no-store", Body: "<a href=\"/sign-in?error=oidc\">See Other</a>.\n\n",
	Cookies: []string{oidcCookie + "=; Path=/oidc/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"},
}

// TestOIDC_back: who comes back from the provider as somebody this cabinet knows is signed in, in cookies that no other site sends; everybody
// else sees one and the same page, whatever was wrong, and neither page nor log holds a code, a state, a secret or an address.
func TestOIDC_back(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		a := goAbroad(t, s)
		var secrets []string
		leave := func() (state string, kept *http.Cookie) {
			t.Helper()
			state, kept = a.leave(t, "/oidc/start", "")
			secrets = append(secrets, state)
			return state, kept
		}
		refused := func(name, path string, kept *http.Cookie) {
			t.Helper()
			got, _ := a.get(t, path, "", kept)
			if diff := cmp.Diff(refusedOIDC, got); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}

		stranger, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		for name, spoil := range map[string]func(){
			"another nonce":            func() { a.claims["nonce"] = "x" },
			"no nonce":                 func() { delete(a.claims, "nonce") },
			"an end that is past":      func() { a.claims["exp"] = time.Now().Add(-time.Hour).Unix() },
			"another issuer":           func() { a.claims["iss"] = "https://evil.example" },
			"for another client":       func() { a.claims["aud"] = "other" },
			"signed by somebody else":  func() { a.sign = stranger },
			"nobody we know":           func() { a.claims["sub"], a.claims["email"] = "2", "x@example.ru" },
			"an e-mail nobody checked": func() { a.claims["sub"], a.claims["email_verified"] = "2", false },
			"no e-mail":                func() { a.claims["sub"] = "2"; delete(a.claims, "email") },
			"a provider that is ill":   func() { a.down = true },
			"another verifier":         func() { a.given.Set("code_challenge", "x") },
		} {
			state, kept := leave()
			a.mu.Lock()
			spoil()
			a.mu.Unlock()
			refused(name, back("state", state, "code", goodCode), kept)
		}

		state, kept := leave()
		refused("no cookie", back("state", state, "code", goodCode), nil)
		refused("a cookie of another journey", back("state", state, "code", goodCode), &http.Cookie{Name: oidcCookie, Value: secrets[0]})
		refused("no state", back("code", goodCode), kept)
		refused("a state nobody gave", back("state", "x", "code", goodCode), &http.Cookie{Name: oidcCookie, Value: "x"})
		refused("a huge state", back("state", strings.Repeat("я", 10_000), "code", goodCode), &http.Cookie{Name: oidcCookie, Value: strings.Repeat("a", 10_000)})
		if a.tokens() != 0 {
			t.Error("a token was asked for of somebody else's journey")
		}
		refused("another code", back("state", state, "code", "x"), kept)
		refused("the right code after a wrong one", back("state", state, "code", goodCode), kept)

		state, kept = leave()
		refused("denied there", back("state", state, "error", "access_denied", "error_description", "<script>"+mailOf), kept)
		refused("a code after all", back("state", state, "code", goodCode), kept)
		if a.tokens() != 0 {
			t.Error("a token was asked for of who was refused there")
		}

		state, kept = leave()
		a.clock.Pass(access.CodeTime + time.Second)
		refused("too late", back("state", state, "code", goodCode), kept)

		state, kept = leave()
		in, cookies := a.get(t, back("state", state, "code", goodCode), "", kept)
		if in.Status != http.StatusSeeOther || in.To != "/" || in.Cache != "no-store" || len(cookies) != 3 {
			t.Fatalf("%+v", in)
		}
		session := signedIn(t, cookies)
		if got := a.whoIs(t, session); got != "petr" {
			t.Errorf("came in as %q", got)
		}
		secrets = append(secrets, session.Value)
		refused("a second time", back("state", state, "code", goodCode), kept)

		// Who has a second factor is asked for it, and is not in yet.
		if err := s.Write().SetTOTP(t.Context(), db.SetTOTPParams{ID: "petr", Totp: []byte{1}, TotpAt: 1}); err != nil {
			t.Fatal(err)
		}
		state, kept = leave()
		half, cookies := a.get(t, back("state", state, "code", goodCode), "", kept)
		ticket, ok := strings.CutPrefix(half.To, "/sign-in?ticket=")
		if half.Status != http.StatusSeeOther || !ok || ticket == "" || len(cookies) != 1 || cookies[0].Name != oidcCookie || cookies[0].MaxAge >= 0 {
			t.Errorf("with a second factor: %+v", half)
		}
		secrets = append(secrets, ticket)

		a.logMu.Lock()
		defer a.logMu.Unlock()
		for _, secret := range append(secrets, goodCode, clientSecret, mailOf, "x@example.ru") {
			if strings.Contains(a.log.String(), secret) {
				t.Errorf("the log holds %q: %s", secret, a.log.String())
			}
		}
	})
}

// TestOIDC_addresses: whatever host a browser names and whatever it would like to be led to, the provider sends back to the cabinet's own
// address, and the way back leads nowhere but into the cabinet.
func TestOIDC_addresses(t *testing.T) {
	a := goAbroad(t, storetest.Open(t, storetest.SQLite(t)))
	const evil = "https://evil.example/"
	wishes := "redirect_uri=" + url.QueryEscape(evil) + "&next=" + url.QueryEscape(evil) + "&return_to=//evil.example&to=" + url.QueryEscape(evil)
	state, kept := a.leave(t, "/oidc/start?"+wishes, "evil.example")
	got, cookies := a.get(t, back("state", state, "code", goodCode)+"&"+wishes, "evil.example", kept)
	if got.To != "/" {
		t.Errorf("led to %s", got.To)
	}
	for _, k := range cookies {
		if k.Domain != "" {
			t.Errorf("a cookie for a domain: %s", k)
		}
	}
	refused, _ := a.get(t, back("state", state, "code", goodCode)+"&"+wishes, "evil.example", kept)
	if diff := cmp.Diff(refusedOIDC, refused); diff != "" {
		t.Error(diff)
	}
}

// TestOIDC_often: who tries states out is held up, in the same words.
func TestOIDC_often(t *testing.T) {
	a := goAbroad(t, storetest.Open(t, storetest.SQLite(t)))
	guess := &http.Cookie{Name: oidcCookie, Value: "x"}
	for range 200 {
		if got, _ := a.get(t, back("state", "x", "code", goodCode), "", guess); !cmp.Equal(got, refusedOIDC) {
			t.Fatal(cmp.Diff(refusedOIDC, got))
		}
	}
	if got, _ := a.get(t, "/oidc/start", "", nil); got.To != "/sign-in?error=oidc" || len(got.Cookies) != 0 {
		t.Errorf("after two hundred guesses: %+v", got)
	}
	a.clock.Pass(11 * time.Minute)
	state, kept := a.leave(t, "/oidc/start", "")
	if got, _ := a.get(t, back("state", state, "code", goodCode), "", kept); got.To != "/" {
		t.Errorf("after a while: %+v", got)
	}
}

// signedIn looks at the cookies of somebody who came in, and gives the session's.
func signedIn(t *testing.T, cookies []*http.Cookie) (session *http.Cookie) {
	t.Helper()
	paths := map[string]string{}
	for _, k := range cookies {
		if k.MaxAge < 0 {
			paths[k.Name] = "taken away"
			continue
		}
		paths[k.Name] = k.Path
		if !k.HttpOnly || !k.Secure || k.SameSite != http.SameSiteStrictMode || len(k.Value) < 40 {
			t.Errorf("%s", k)
		}
		if k.Name == cookieName {
			session = k
		}
	}
	want := map[string]string{oidcCookie: "taken away", cookieName: "/", longName: longPath}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Fatal(diff)
	}
	return session
}

func (a *abroad) whoIs(t *testing.T, session *http.Cookie) string {
	t.Helper()
	client := cabinetv1connect.NewAccessServiceClient(a.Client(), a.URL)
	ctx, call := connect.NewClientContext(t.Context())
	call.RequestHeader().Set("Cookie", session.Name+"="+session.Value)
	who, err := client.WhoAmI(ctx, &cabinetv1.WhoAmIRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return who.GetPerson().GetLogin()
}
