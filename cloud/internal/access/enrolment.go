package access

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

const (
	// CodeLife is how long an enrolment code is valid.
	CodeLife = 15 * time.Minute
	// codesPerAddress are the wrong codes allowed from one address in ten minutes. A code has 60 random bits.
	codesPerAddress = 20
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
		return q.CreateEnrolmentCode(ctx, db.CreateEnrolmentCodeParams{
			Hash: hashCode(code), OrganisationID: organisationID, OutletID: id, CreatedAt: store.Micros(now), ExpiresAt: store.Micros(expires),
		})
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
func (a *Access) Enroll(ctx context.Context, code string, csr []byte, host, version, address string) (*Agent, []byte, error) {
	if a.codes.spent(address, codesPerAddress) {
		return nil, nil, ErrTooOften
	}
	request, err := parseRequest(csr)
	if err != nil {
		return nil, nil, err
	}
	agent := &Agent{ID: store.NewID()}
	now := store.Micros(a.now())
	err = a.store.Tx(ctx, func(q *db.Queries) error {
		used, err := q.UseEnrolmentCode(ctx, db.UseEnrolmentCodeParams{Hash: hashCode(code), Now: now, AgentID: agent.ID})
		if store.NotFound(err) {
			return ErrCode
		} else if err != nil {
			return fmt.Errorf("use code: %w", err)
		}
		agent.OrganisationID, agent.OutletID = used.OrganisationID, used.OutletID
		if err := q.CreateAgent(ctx, db.CreateAgentParams{
			ID: agent.ID, OrganisationID: agent.OrganisationID, OutletID: agent.OutletID, Host: truncate(host, 200), Version: truncate(version, 100), CreatedAt: now,
		}); err != nil {
			return fmt.Errorf("create agent: %w", err)
		}
		known, err := q.GetAgent(ctx, agent.ID)
		if err != nil {
			return fmt.Errorf("read agent: %w", err)
		}
		agent.Organisation = known.Organisation
		return nil
	})
	if err != nil {
		a.codes.count(address)
		return nil, nil, err
	}
	certificate, err := a.authority.sign(request, agent.ID, unitAgent, agentLife, a.now())
	if err != nil {
		return nil, nil, err
	}
	a.log.InfoContext(ctx, "agent enrolled", "agent", agent.ID, "host", host)
	return agent, certificate, nil
}

// Renew signs a new request of an agent that has proved who it is.
func (a *Access) Renew(ctx context.Context, agent *Agent, csr []byte) ([]byte, error) {
	request, err := parseRequest(csr)
	if err != nil {
		return nil, err
	}
	a.log.InfoContext(ctx, "certificate renewed", "agent", agent.ID)
	return a.authority.sign(request, agent.ID, unitAgent, agentLife, a.now())
}

// Agent gives the agent of an id that its certificate has proved.
func (a *Access) Agent(ctx context.Context, id string) (*Agent, error) {
	row, err := a.store.Read().GetAgent(ctx, id)
	if store.NotFound(err) || err == nil && row.RevokedAt != 0 {
		return nil, ErrAgent
	} else if err != nil {
		return nil, fmt.Errorf("find agent: %w", err)
	}
	return &Agent{ID: row.ID, OrganisationID: row.OrganisationID, OutletID: row.OutletID, Organisation: row.Organisation}, nil
}

// Revoke shuts an agent out.
func (a *Access) Revoke(ctx context.Context, organisationID, agentID string) error {
	n, err := a.store.Write().RevokeAgent(ctx, db.RevokeAgentParams{OrganisationID: organisationID, ID: agentID, Now: store.Micros(a.now())})
	if err != nil {
		return fmt.Errorf("revoke agent: %w", err)
	}
	if n == 0 {
		return ErrAgent
	}
	return nil
}
