-- +goose Up

ALTER TABLE organisations ADD COLUMN email TEXT NOT NULL DEFAULT '';
ALTER TABLE organisations ADD COLUMN phone TEXT NOT NULL DEFAULT '';
ALTER TABLE organisations ADD COLUMN address TEXT NOT NULL DEFAULT '';

-- When the person was last at work in the organisation.
ALTER TABLE memberships ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;

CREATE TABLE invitations (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    -- E-mail address or phone number, +79161234567.
    recipient TEXT NOT NULL,
    -- As the inviter wrote it.
    name TEXT NOT NULL DEFAULT '',
    -- SHA-256 of the token in the link.
    hash BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    -- The person who invited: what they may not give any more when it is accepted is not given.
    created_by TEXT NOT NULL,
    -- When the message went out; 0 while it did not.
    sent_at BIGINT NOT NULL DEFAULT 0,
    expires_at BIGINT NOT NULL,
    accepted_at BIGINT NOT NULL DEFAULT 0,
    -- The person who accepted.
    accepted_by TEXT NOT NULL DEFAULT '',
    revoked_at BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX invitations_by_organisation ON invitations (organisation_id);

-- What an invited person will be allowed, as in assignments.
CREATE TABLE invitation_rights (
    invitation_id TEXT NOT NULL REFERENCES invitations (id),
    role TEXT NOT NULL,
    node_id TEXT NOT NULL,
    PRIMARY KEY (invitation_id, role, node_id)
);
