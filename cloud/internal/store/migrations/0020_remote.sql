-- +goose Up

-- Why the asker wants it.
ALTER TABLE commands ADD COLUMN reason TEXT NOT NULL DEFAULT '';
-- The work it is part of; empty when it was asked for alone.
ALTER TABLE commands ADD COLUMN work_id TEXT NOT NULL DEFAULT '';
-- Rule that had the agent act by itself.
ALTER TABLE commands ADD COLUMN rule TEXT NOT NULL DEFAULT '';

CREATE INDEX commands_by_work ON commands (work_id) WHERE work_id <> '';

-- One action on many tills.
CREATE TABLE works (
    -- Of whoever asked; a service centre works on tills of several owners.
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    id TEXT NOT NULL,
    -- cabinet.v1.WorkOrder without its tills.
    work_order BYTEA NOT NULL,
    -- cabinet.v1.WorkState.
    state INTEGER NOT NULL,
    -- Why it stopped.
    why TEXT NOT NULL DEFAULT '',
    -- Failures until then are forgiven: a person had it go on.
    forgiven BIGINT NOT NULL DEFAULT 0,
    person_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation_id, id)
);

CREATE INDEX works_by_time ON works (organisation_id, created_at);
CREATE INDEX works_running ON works (state) WHERE ended_at = 0;

CREATE TABLE work_tills (
    organisation_id TEXT NOT NULL,
    work_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    till_id TEXT NOT NULL,
    -- The owner of the till.
    owner_id TEXT NOT NULL,
    -- cabinet.v1.WorkTillState.
    state INTEGER NOT NULL,
    -- Id of its command, known before it is given: giving it twice is giving it once.
    command_id TEXT NOT NULL,
    obstacle TEXT NOT NULL DEFAULT '',
    given_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation_id, work_id, till_id)
);

CREATE INDEX work_tills_by_owner ON work_tills (owner_id);

-- What agents may do by themselves, set at a node of the tree.
CREATE TABLE node_rules (
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    -- Department, outlet or till; empty is the organisation.
    node_id TEXT NOT NULL,
    name TEXT NOT NULL,
    switched_on BOOLEAN NOT NULL,
    at_minute INTEGER NOT NULL,
    idle_minutes INTEGER NOT NULL,
    seconds INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, node_id, name)
);

-- Version of the rules an agent goes by.
ALTER TABLE agents ADD COLUMN rules_version TEXT NOT NULL DEFAULT '';

-- Which problems a till had and for how long: what rules are tried upon.
CREATE TABLE problem_times (
    organisation_id TEXT NOT NULL,
    till_id TEXT NOT NULL,
    code TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    -- 0 while it stands.
    ended_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (till_id, code, began_at)
);

CREATE INDEX problem_times_by_organisation ON problem_times (organisation_id, began_at);

-- What people write to each other about a till.
CREATE TABLE notes (
    -- The owner of the till.
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    id TEXT NOT NULL,
    till_id TEXT NOT NULL,
    text TEXT NOT NULL,
    person_id TEXT NOT NULL,
    author TEXT NOT NULL,
    -- For whom they wrote.
    author_organisation_id TEXT NOT NULL,
    about TEXT NOT NULL DEFAULT '',
    about_id TEXT NOT NULL DEFAULT '',
    written_at BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, id)
);

CREATE INDEX notes_by_till ON notes (till_id, written_at);
CREATE INDEX notes_by_time ON notes (organisation_id, written_at);

-- How far a person has read about a till.
CREATE TABLE note_reads (
    till_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    name TEXT NOT NULL,
    organisation_id TEXT NOT NULL,
    read_at BIGINT NOT NULL,
    PRIMARY KEY (till_id, person_id)
);
