-- +goose Up

-- What a command to the agent itself carries: debug, info, warn or error; empty for every other command.
ALTER TABLE commands ADD COLUMN log_level TEXT NOT NULL DEFAULT '';

-- Size of the bundle that came with the command, in bytes; 0 when none did, or when newer ones have pushed it out.
ALTER TABLE commands ADD COLUMN bundle_size INTEGER NOT NULL DEFAULT 0;

-- Redacted files that agents made for whoever helps. Only the newest few of a till are kept.
CREATE TABLE command_bundles (
    organisation_id TEXT NOT NULL,
    command_id TEXT NOT NULL,
    bundle BYTEA NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, command_id),
    FOREIGN KEY (organisation_id, command_id) REFERENCES commands (organisation_id, id)
);
