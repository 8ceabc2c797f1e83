package access

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

const (
	// CodeLife is how long an enrolment code is valid.
	CodeLife = 15 * time.Minute
	// codesPerAddress are the wrong codes allowed from one address in ten minutes, codesInAll from all of them. A code has 60 random
	// bits: the limits are against load and noise, not against guessing.
	codesPerAddress = 20
	codesInAll      = 1000
)

// ErrOutlet says that an outlet's name is empty or too long.
var ErrOutlet = fmt.Errorf("name of the outlet must have 1 to 200 bytes")

// NewCode makes a one-time code for an agent of an outlet, which is made too if there is none of that name.
func (a *Access) NewCode(ctx context.Context, organisationID, outlet string) (code string, expires time.Time, err error) {
	outlet = strings.TrimSpace(outlet)
	if outlet == "" || len(outlet) > 200 {
		return "", time.Time{}, ErrOutlet
	}
	text := randomText(12)
	code = text[:4] + "-" + text[4:8] + "-" + text[8:]
	now := a.now()
	expires = now.Add(CodeLife)
	err = a.store.Tx(ctx, func(q *db.Queries) error {
		if err := q.DeleteOldEnrolmentCodes(ctx, store.Micros(now.Add(-24*time.Hour))); err != nil {
			return fmt.Errorf("delete old codes: %w", err)
		}
		id, err := q.PutOutlet(ctx, db.PutOutletParams{ID: store.NewID(), OrganisationID: organisationID, Name: outlet, CreatedAt: store.Micros(now)})
		if err != nil {
			return fmt.Errorf("store outlet: %w", err)
		}
		if err := q.CreateEnrolmentCode(ctx, db.CreateEnrolmentCodeParams{
			Hash: hashCode(code), OrganisationID: organisationID, OutletID: id, CreatedAt: store.Micros(now), ExpiresAt: store.Micros(expires),
		}); err != nil {
			return fmt.Errorf("store code: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: organisationID, Act: "code.created", Object: id, Name: outlet})
	})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("make enrolment code: %w", err)
	}
	return code, expires, nil
}

// NewCodeOfFirst makes a code in the first organisation, for the command line.
func (a *Access) NewCodeOfFirst(ctx context.Context, outlet string) (string, time.Time, error) {
	organisation, err := a.store.Read().FirstOrganisation(ctx)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("find organisation (start the cabinet once first): %w", err)
	}
	return a.NewCode(ctx, organisation.ID, outlet)
}

// hashCode hashes a code however it was typed: in small letters, with other dashes or none.
func hashCode(code string) []byte {
	sum := sha256.Sum256([]byte(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, code)))
	return sum[:]
}

// Enroll turns a code into an agent and signs its request. The request is checked first, so that a bad one does not use up the code.
// A wrong code, a used one and one that is over are answered alike, by the same steps.
func (a *Access) Enroll(ctx context.Context, code string, csr []byte, host, version, address string) (*Agent, []byte, error) {
	address = network(address)
	// Counted before it is known to be right: many at once get no more than one after the other.
	if !a.codes.take(address, codesPerAddress) {
		return nil, nil, ErrTooOften
	}
	if !a.codes.take(everywhere, codesInAll) {
		a.codes.give(address)
		return nil, nil, ErrTooOften
	}
	agent, certificate, err := a.enroll(ctx, code, csr, host, version)
	if err == nil {
		a.codes.give(address)
		a.codes.give(everywhere)
		a.log.InfoContext(ctx, "agent enrolled", "agent", agent.ID, "host", host)
	}
	return agent, certificate, err
}

func (a *Access) enroll(ctx context.Context, code string, csr []byte, host, version string) (*Agent, []byte, error) {
	request, err := parseRequest(csr)
	if err != nil {
		return nil, nil, err
	}
	agent := &Agent{ID: store.NewID()}
	now := a.now()
	certificate, number, err := a.authority.signed(request, agent.ID, unitAgent, AgentLife, now)
	if err != nil {
		return nil, nil, err
	}
	err = a.store.Tx(ctx, func(q *db.Queries) error {
		used, err := q.UseEnrolmentCode(ctx, db.UseEnrolmentCodeParams{Hash: hashCode(code), Now: store.Micros(now), AgentID: agent.ID})
		if store.NotFound(err) {
			return ErrCode
		} else if err != nil {
			return fmt.Errorf("use code: %w", err)
		}
		agent.OrganisationID, agent.OutletID = used.OrganisationID, used.OutletID
		if err := q.CreateAgent(ctx, db.CreateAgentParams{
			ID: agent.ID, OrganisationID: agent.OrganisationID, OutletID: agent.OutletID, Host: truncate(host, 200), Version: truncate(version, 100),
			CreatedAt: store.Micros(now),
		}); err != nil {
			return fmt.Errorf("create agent: %w", err)
		}
		if err := q.SetCertificate(ctx, db.SetCertificateParams{ID: agent.ID, Certificate: number, CertificateEndsAt: store.Micros(now.Add(AgentLife))}); err != nil {
			return fmt.Errorf("note certificate: %w", err)
		}
		known, err := q.GetAgent(ctx, agent.ID)
		if err != nil {
			return fmt.Errorf("read agent: %w", err)
		}
		agent.Organisation, agent.Host = known.Organisation, known.Host
		actor := audit.ActorFrom(ctx)
		actor.ID, actor.Name = agent.ID, agent.Host
		return audit.Note(audit.WithActor(ctx, actor), q, audit.Entry{OrganisationID: agent.OrganisationID, Act: "agent.enrolled", Object: agent.ID, Name: agent.Host})
	})
	if err != nil {
		return nil, nil, err
	}
	return agent, certificate, nil
}

// Renew signs a new request of an agent that has proved who it is. A certificate that has ended renews itself only while it is the
// newest one of its agent, or the one before when the newest was never shown (its answer was lost): a copy that stayed behind
// while its agent went on renewing gets nothing.
func (a *Access) Renew(ctx context.Context, agent *Agent, csr []byte) ([]byte, error) {
	request, err := parseRequest(csr)
	if err != nil {
		return nil, err
	}
	now := a.now()
	certificate, number, err := a.authority.signed(request, agent.ID, unitAgent, AgentLife, now)
	if err != nil {
		return nil, err
	}
	shown := agent.Shown
	if shown == nil {
		shown = new(Shown)
	}
	err = a.store.Tx(ctx, func(q *db.Queries) error {
		known, err := q.GetAgent(ctx, agent.ID)
		if err != nil {
			return fmt.Errorf("read agent: %w", err)
		}
		if known.RevokedAt != 0 {
			return ErrRevoked
		}
		if shown.Late && known.Certificate != "" && shown.Number != known.Certificate && shown.Number != known.CertificateBefore {
			return ErrLate
		}
		return q.SetCertificate(ctx, db.SetCertificateParams{
			ID: agent.ID, Certificate: number, CertificateBefore: shown.Number, CertificateEndsAt: store.Micros(now.Add(AgentLife)),
		})
	})
	if err != nil {
		return nil, fmt.Errorf("renew certificate: %w", err)
	}
	a.log.InfoContext(ctx, "certificate renewed", "agent", agent.ID, "late", shown.Late)
	return certificate, nil
}

// Agent gives the agent of an id that its certificate has proved.
func (a *Access) Agent(ctx context.Context, id string) (*Agent, error) {
	row, err := a.store.Read().GetAgent(ctx, id)
	switch {
	case store.NotFound(err):
		return nil, ErrAgent
	case err != nil:
		return nil, fmt.Errorf("find agent: %w", err)
	case row.RevokedAt != 0:
		return nil, ErrRevoked
	}
	return &Agent{ID: row.ID, OrganisationID: row.OrganisationID, OutletID: row.OutletID, Organisation: row.Organisation, Host: row.Host, Instance: row.Instance}, nil
}
