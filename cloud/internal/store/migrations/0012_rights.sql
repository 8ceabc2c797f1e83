-- +goose Up

-- Sets of permissions an organisation made for itself.
CREATE TABLE roles (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    name TEXT NOT NULL,
    -- Parted by blanks, in order.
    permissions TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (organisation_id, name)
);

-- What a person may in an organisation, and where: a role in a part of the tree.
CREATE TABLE assignments (
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    person_id TEXT NOT NULL REFERENCES people (id),
    -- Name of a usual role, or id of one of theirs.
    role TEXT NOT NULL,
    -- Department, outlet or till; empty is everywhere.
    node_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, person_id, role, node_id)
);

CREATE INDEX assignments_by_person ON assignments (person_id);

INSERT INTO assignments (organisation_id, person_id, role, node_id, created_at)
SELECT organisation_id, person_id, role, '', 0 FROM memberships;

ALTER TABLE memberships DROP COLUMN role;
ALTER TABLE memberships ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0;
-- When the person was shut out of the organisation; 0 while they are not.
ALTER TABLE memberships ADD COLUMN blocked_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX memberships_by_organisation ON memberships (organisation_id);

-- What clients of a service centre type to be served by it.
ALTER TABLE organisations ADD COLUMN partner_code TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX organisations_by_partner_code ON organisations (partner_code) WHERE partner_code <> '';

-- Tills handed to a service centre.
CREATE TABLE service_grants (
    id TEXT PRIMARY KEY,
    -- The owner of the tills.
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    -- The service centre.
    service_id TEXT NOT NULL REFERENCES organisations (id),
    -- Department, outlet or till; empty is everything.
    node_id TEXT NOT NULL,
    -- Offered by a partner code at sign-up and not yet given while given_at is 0.
    offered_at BIGINT NOT NULL,
    given_at BIGINT NOT NULL DEFAULT 0,
    -- Login of who gave it, and of who took it back.
    given_by TEXT NOT NULL DEFAULT '',
    -- It holds until then; 0 is until it is taken back.
    ends_at BIGINT NOT NULL DEFAULT 0,
    revoked_at BIGINT NOT NULL DEFAULT 0,
    revoked_by TEXT NOT NULL DEFAULT ''
);

CREATE INDEX service_grants_by_owner ON service_grants (organisation_id);
CREATE INDEX service_grants_by_service ON service_grants (service_id);

-- Keys of other systems.
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    name TEXT NOT NULL,
    -- SHA-256 of the key.
    hash BYTEA NOT NULL UNIQUE,
    -- Its last letters, to tell one from another.
    hint TEXT NOT NULL,
    role TEXT NOT NULL,
    node_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    -- 0 is never.
    expires_at BIGINT NOT NULL DEFAULT 0,
    seen_at BIGINT NOT NULL DEFAULT 0,
    revoked_at BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX api_keys_by_organisation ON api_keys (organisation_id);
