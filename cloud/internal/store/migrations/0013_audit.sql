-- +goose Up

-- Who did what. Rows are only ever added; each holds the hash of itself and the one before it.
CREATE TABLE audit (
    -- Empty is the cabinet itself.
    organisation_id TEXT NOT NULL,
    -- 1, 2, 3 … in the organisation, without a gap.
    number BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- Person, key or agent; empty is the cabinet itself.
    actor_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    address TEXT NOT NULL,
    browser TEXT NOT NULL,
    act TEXT NOT NULL,
    object TEXT NOT NULL,
    name TEXT NOT NULL,
    old TEXT NOT NULL,
    new TEXT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (organisation_id, number)
);

-- The last row of each organisation; who adds one holds its lock.
CREATE TABLE audit_heads (
    organisation_id TEXT PRIMARY KEY,
    number BIGINT NOT NULL,
    hash BYTEA NOT NULL
);
