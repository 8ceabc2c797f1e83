-- +goose Up

-- Where an operation stands, fiscal.v1.Stage; 4 needs a person.
ALTER TABLE operations ADD COLUMN stage INTEGER NOT NULL DEFAULT 0;

CREATE INDEX operations_undecided ON operations (organisation_id, accepted_at) WHERE stage = 4;

-- What the agent does at each action: uplink.v1.HelloRequest with nothing but plans.
ALTER TABLE agents ADD COLUMN plans BYTEA NOT NULL DEFAULT '';

-- fiscal.v1.Decision, for commands that carry one.
ALTER TABLE commands ADD COLUMN decision BYTEA NOT NULL DEFAULT '';
