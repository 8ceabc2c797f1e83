package access

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/contact"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// OIDC is an organisation's own sign-in: OpenID Connect Core 1.0, the code flow with PKCE (RFC 7636).
type OIDC struct {
	// Issuer is https://…; empty is none.
	Issuer, ClientID, Secret string
	// Name stands on the button.
	Name string
}

// OIDCBack is the path the other sign-in sends people back to.
const OIDCBack = "/oidc/back"

// oidcTime bounds what the other side is waited for.
const oidcTime = 15 * time.Second

// foreign is the other sign-in. What it says of itself is read when it is first needed: it may be down when the cabinet starts.
type foreign struct {
	o        OIDC
	redirect string

	mu       sync.Mutex
	config   *oauth2.Config
	verifier *oidc.IDTokenVerifier
}

func newForeign(o OIDC, public string) (*foreign, error) {
	if o.Issuer == "" {
		return nil, nil
	}
	if o.ClientID == "" || o.Name == "" || public == "" {
		return nil, errors.New("oidc: needs client_id, name and the cabinet's public_url")
	}
	return &foreign{o: o, redirect: strings.TrimRight(public, "/") + OIDCBack}, nil
}

// client has every word with the other side end in time.
func (f *foreign) client(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, &http.Client{Timeout: oidcTime})
}

func (f *foreign) open(ctx context.Context) (*oauth2.Config, *oidc.IDTokenVerifier, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.config != nil {
		return f.config, f.verifier, nil
	}
	// The provider keeps its context for later reads of the keys: it must outlive this call.
	provider, err := oidc.NewProvider(f.client(context.WithoutCancel(ctx)), f.o.Issuer)
	if err != nil {
		return nil, nil, fmt.Errorf("ask the other sign-in about itself: %w", err)
	}
	f.config = &oauth2.Config{
		ClientID: f.o.ClientID, ClientSecret: f.o.Secret, Endpoint: provider.Endpoint(), RedirectURL: f.redirect,
		Scopes: []string{oidc.ScopeOpenID, "email", "profile"},
	}
	f.verifier = provider.Verifier(&oidc.Config{ClientID: f.o.ClientID})
	return f.config, f.verifier, nil
}

// journey is somebody who was sent to the other sign-in.
type journey struct {
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	// Invitation is the secret of one that is to be accepted on the way back; may be empty.
	Invitation string `json:"invitation"`
}

// StartOIDC gives the address to send a browser to, and the state that it keeps in a cookie until it comes back.
func (a *Access) StartOIDC(ctx context.Context, invitation string, from Caller) (address, state string, err error) {
	if a.oidc == nil {
		return "", "", ErrForeign
	}
	if err := a.stranger(from); err != nil {
		return "", "", err
	}
	ctx, cancel := context.WithTimeout(ctx, oidcTime)
	defer cancel()
	config, _, err := a.oidc.open(ctx)
	if err != nil {
		return "", "", err
	}
	j := journey{Nonce: newToken(), Verifier: oauth2.GenerateVerifier(), Invitation: invitation}
	var at Attempt
	if err := a.store.Tx(ctx, func(q *db.Queries) error {
		at, err = a.attempt(ctx, q, forOIDC, "", j, codes{}, CodeTime)
		return err
	}); err != nil {
		return "", "", err
	}
	return config.AuthCodeURL(at.Ticket, oidc.Nonce(j.Nonce), oauth2.S256ChallengeOption(j.Verifier)), at.Ticket, nil
}

// FinishOIDC takes somebody who comes back. kept is the state of the browser's cookie: who was sent to a link of somebody else's
// journey has another one. A person is known by an earlier sign-in of this kind, by a confirmed e-mail that the other side has
// verified too, or by an invitation; nobody else is made.
func (a *Access) FinishOIDC(ctx context.Context, state, kept, code string, from Caller) (Entry, error) {
	if a.oidc == nil || state == "" || subtle.ConstantTimeCompare([]byte(state), []byte(kept)) != 1 {
		return Entry{}, ErrForeign
	}
	if err := a.stranger(from); err != nil {
		return Entry{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, oidcTime)
	defer cancel()
	var j journey
	if _, err := a.find(ctx, forOIDC, state, &j); errors.Is(err, errNoAttempt) {
		return Entry{}, ErrForeign
	} else if err != nil {
		return Entry{}, err
	}
	if err := take(ctx, a.store.Write(), state); err != nil { // once, whatever becomes of it
		return Entry{}, ErrForeign
	}
	if code == "" { // the other side says error=access_denied, or nothing: there is nothing to ask it for
		return Entry{}, ErrForeign
	}
	token, err := a.identify(ctx, code, j)
	if err != nil {
		a.log.InfoContext(ctx, "the other sign-in did not lead here", "error", err)
		return Entry{}, ErrForeign
	}
	return a.arrive(ctx, token, j, from)
}

// identity is what the other side says of somebody.
type identity struct {
	subject  string
	Email    string `json:"email"`
	Verified bool   `json:"email_verified"`
	Name     string `json:"name"`
}

func (a *Access) identify(ctx context.Context, code string, j journey) (identity, error) {
	config, verifier, err := a.oidc.open(ctx)
	if err != nil {
		return identity{}, err
	}
	tokens, err := config.Exchange(a.oidc.client(ctx), code, oauth2.VerifierOption(j.Verifier))
	if err != nil {
		if r, ok := errors.AsType[*oauth2.RetrieveError](err); ok { // its text holds the whole answer
			return identity{}, fmt.Errorf("exchange code: %s %s", r.Response.Status, r.ErrorCode)
		}
		return identity{}, fmt.Errorf("exchange code: %w", err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	token, err := verifier.Verify(ctx, raw)
	if err != nil {
		return identity{}, fmt.Errorf("check token: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(j.Nonce)) != 1 {
		return identity{}, errors.New("check token: nonce is another one")
	}
	id := identity{subject: token.Subject}
	if err := token.Claims(&id); err != nil {
		return identity{}, fmt.Errorf("read token: %w", err)
	}
	return id, nil
}

// arrive lets somebody in whom the other side has named.
func (a *Access) arrive(ctx context.Context, id identity, j journey, from Caller) (Entry, error) {
	person, err := a.store.Read().FindLink(ctx, db.FindLinkParams{Issuer: a.oidc.o.Issuer, Subject: id.subject})
	if err != nil && !store.NotFound(err) {
		return Entry{}, fmt.Errorf("find link: %w", err)
	}
	linked := err == nil
	email, bad := contact.Email(id.Email)
	if !linked && (bad != nil || !id.Verified) {
		return Entry{}, ErrForeign
	}
	if !linked {
		p, err := a.store.Read().FindPerson(ctx, db.FindPersonParams{Folded: nobody, Email: email})
		if err != nil && !store.NotFound(err) {
			return Entry{}, fmt.Errorf("find person: %w", err)
		}
		person = p.ID
	}
	if j.Invitation != "" {
		return a.arriveInvited(ctx, id, email, person, linked, j, from)
	}
	if person == "" {
		return Entry{}, ErrForeign
	}
	p, err := a.store.Read().GetPerson(ctx, person)
	if err != nil {
		return Entry{}, fmt.Errorf("find person: %w", err)
	}
	if !linked {
		if err := a.linkTo(ctx, p, id.subject, from); err != nil {
			return Entry{}, err
		}
	}
	entry, err := a.admit(ctx, p.ID, p.Login, pending{By: []Factor{ByOIDC}}, from)
	if errors.Is(err, ErrCredentials) {
		err = ErrForeign
	}
	return entry, err
}

// linkTo links somebody who is known already to who they are at the organisation's sign-in, and tells them.
func (a *Access) linkTo(ctx context.Context, p db.GetPersonRow, subject string, from Caller) error {
	if err := a.store.Tx(ctx, func(q *db.Queries) error {
		return a.addLink(actAs(ctx, p.ID, p.Login, from), q, p.ID, p.Login, subject)
	}); err != nil {
		return err
	}
	a.tellThing(ctx, p, letterFactorOn, ByOIDC)
	return nil
}

func (a *Access) addLink(ctx context.Context, q *db.Queries, person, login, subject string) error {
	if err := q.AddLink(ctx, db.AddLinkParams{Issuer: a.oidc.o.Issuer, Subject: subject, PersonID: person, CreatedAt: store.Micros(a.now())}); err != nil {
		return fmt.Errorf("link: %w", err)
	}
	organisation, err := q.FirstMembership(ctx, person)
	if err != nil && !store.NotFound(err) {
		return fmt.Errorf("find organisation: %w", err)
	}
	return audit.Note(ctx, q, audit.Entry{OrganisationID: organisation, Act: "oidc.linked", Object: person, Name: login, New: a.oidc.o.Name})
}
