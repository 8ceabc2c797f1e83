-- +goose Up

-- Limits of the traffic light that somebody set. Level: 1 organisation (node ''), 2 outlet, 3 till.
CREATE TABLE thresholds (
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    level INTEGER NOT NULL,
    node_id TEXT NOT NULL,
    metric TEXT NOT NULL,
    -- Seconds; 0 is never.
    warn BIGINT NOT NULL,
    critical BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, level, node_id, metric)
);

-- Hours in which silence counts, minutes since midnight in the shop's own time.
CREATE TABLE working_hours (
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    level INTEGER NOT NULL,
    node_id TEXT NOT NULL,
    begins INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, level, node_id)
);

-- Last day of the contract with the operator of fiscal data, 2027-01-01; empty when nobody told.
ALTER TABLE tills ADD COLUMN ofd_contract TEXT NOT NULL DEFAULT '';
