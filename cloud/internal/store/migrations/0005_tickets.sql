-- +goose Up

-- Calls for help with tills that recovery did not bring back.
CREATE TABLE tickets (
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    -- Chosen by the agent, so that telling twice is telling once.
    id TEXT NOT NULL,
    till_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    -- What is wrong.
    text TEXT NOT NULL,
    -- fiscal.v1.Run that did not help.
    run BYTEA NOT NULL,
    -- Redacted by the agent; may be empty.
    bundle BYTEA NOT NULL,
    opened_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    -- 0 while it is open. A closed ticket never changes.
    closed_at BIGINT NOT NULL DEFAULT 0,
    -- Login of who closed it.
    closed_by TEXT NOT NULL DEFAULT '',
    -- What was done.
    resolution TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (organisation_id, id)
);

CREATE INDEX tickets_by_till ON tickets (till_id, opened_at);

-- The person at the till is asked before the command begins.
ALTER TABLE commands ADD COLUMN ask_consent BOOLEAN NOT NULL DEFAULT FALSE;
