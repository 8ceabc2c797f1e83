package access

import (
	"context"
	"fmt"
	"net"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/chekan-io/chekan/cloud/internal/post"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// Options are how people come in at this cabinet.
type Options struct {
	// Mail and SMS carry messages.
	Mail, SMS post.Sender
	// PublicURL is where people reach the cabinet: links lead there, passkeys belong to its host.
	PublicURL string
	// SignUp says that anybody may make an organisation; else people come by invitation.
	SignUp bool
	// Terms is the version of the terms that everybody accepts; empty asks for none. TermsURL is where they are read.
	Terms, TermsURL string
	// OIDC is the organisation's own sign-in.
	OIDC OIDC
	// Organisations makes and joins them.
	Organisations Organisations
}

// Organisations is what coming in needs of the organisations that people come into (package people).
type Organisations interface {
	// Check says what is wrong with an organisation that is to be founded, as a [*Refusal]; it gives it as it is kept.
	Check(Founding) (Founding, error)
	// Found makes one in the caller's transaction; the person administers it. It gives its id.
	Found(ctx context.Context, q *db.Queries, f Founding, personID string) (string, error)
	// Partner tells whether a service centre has a partner code.
	Partner(ctx context.Context, code string) (bool, error)
	// Offer offers a service centre the tills of an organisation: a grant that its administrator has yet to give.
	Offer(ctx context.Context, q *db.Queries, organisationID, code string) error
	// Invitation gives the one of a link's secret; [ErrInvitation] when it is not good.
	Invitation(ctx context.Context, secret string) (Invitation, error)
	// Accept has a person join, in the caller's transaction.
	Accept(ctx context.Context, q *db.Queries, i Invitation, personID string) error
}

// Configure says how people come in. It is called once, before anybody does.
func (a *Access) Configure(o Options) error {
	a.options = o
	var err error
	if a.passkeys, err = relyingParty(o.PublicURL); err != nil {
		return err
	}
	a.oidc, err = newForeign(o.OIDC, o.PublicURL)
	return err
}

// relyingParty makes who the passkeys belong to: the host of the cabinet. Browsers give them to names only, over TLS, and to
// localhost; at other addresses there are none.
func relyingParty(address string) (*webauthn.WebAuthn, error) {
	u, bad := url.Parse(address)
	if bad != nil || u.Host == "" { // nobody has said where the cabinet is: there are none
		return nil, nil //nolint:nilerr // an address that is none is no address
	}
	host, origin := u.Hostname(), u.Scheme+"://"+u.Host
	if ip := net.ParseIP(host); ip != nil {
		if !ip.IsLoopback() {
			return nil, nil
		}
		// A cabinet that is tried on one's own computer is reached by two names; passkeys work by this one.
		host, origin = "localhost", u.Scheme+"://"+net.JoinHostPort("localhost", u.Port())
	} else if u.Scheme != "https" && host != "localhost" {
		return nil, nil
	}
	w, err := webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: "Chekan", RPOrigins: []string{origin},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationPreferred,
		},
		Timeouts: webauthn.TimeoutsConfig{
			Login:        webauthn.TimeoutConfig{Enforce: true, Timeout: challengeTime, TimeoutUVD: challengeTime},
			Registration: webauthn.TimeoutConfig{Enforce: true, Timeout: challengeTime, TimeoutUVD: challengeTime},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("prepare passkeys: %w", err)
	}
	return w, nil
}

// Entrance is what a stranger may know of the ways in.
type Entrance struct {
	SignUp, Passkeys      bool
	OIDC, Terms, TermsURL string
}

// Entrance tells the ways in; host is the one the stranger came to.
func (a *Access) Entrance(host string) Entrance {
	e := Entrance{SignUp: a.options.SignUp && a.options.Organisations != nil, Passkeys: a.passkeysAt(host), Terms: a.options.Terms, TermsURL: a.options.TermsURL}
	if a.oidc != nil {
		e.OIDC = a.options.OIDC.Name
	}
	return e
}

// passkeysAt tells whether a browser that came to a host gives its passkeys.
func (a *Access) passkeysAt(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return a.passkeys != nil && host == a.passkeys.Config.RPID
}
