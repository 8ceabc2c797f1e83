-- +goose Up

-- An owner of tills. Every other row belongs to one.
CREATE TABLE organisations (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE people (
    id TEXT PRIMARY KEY,
    login TEXT NOT NULL,
    -- The login as it is compared: folded by Go.
    folded TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL DEFAULT '',
    -- argon2id, in its usual text form.
    password TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- What a person is in an organisation.
CREATE TABLE memberships (
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    person_id TEXT NOT NULL REFERENCES people (id),
    role TEXT NOT NULL,
    PRIMARY KEY (person_id, organisation_id)
);

CREATE TABLE sessions (
    -- SHA-256 of the cookie.
    token BYTEA PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    person_id TEXT NOT NULL REFERENCES people (id),
    address TEXT NOT NULL DEFAULT '',
    browser TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX sessions_by_person ON sessions (person_id);

CREATE TABLE outlets (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (organisation_id, name)
);

CREATE TABLE enrolment_codes (
    -- SHA-256 of the code.
    hash BYTEA PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    outlet_id TEXT NOT NULL REFERENCES outlets (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL DEFAULT 0,
    agent_id TEXT NOT NULL DEFAULT ''
);

CREATE TABLE agents (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    outlet_id TEXT NOT NULL REFERENCES outlets (id),
    host TEXT NOT NULL DEFAULT '',
    version TEXT NOT NULL DEFAULT '',
    capability BIGINT NOT NULL DEFAULT 0,
    -- Entries waiting in its outbox, as it said.
    outbox BIGINT NOT NULL DEFAULT 0,
    -- Its own problems: uplink.v1.ReportStateRequest with nothing but problems.
    problems BYTEA NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    heard_at BIGINT NOT NULL DEFAULT 0,
    revoked_at BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE tills (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    outlet_id TEXT NOT NULL REFERENCES outlets (id),
    -- The agent that holds the till now; empty when none does.
    agent_id TEXT NOT NULL DEFAULT '',
    -- Name in that agent's configuration.
    name TEXT NOT NULL,
    driver TEXT NOT NULL DEFAULT '',
    serial TEXT NOT NULL DEFAULT '',
    fn TEXT NOT NULL DEFAULT '',
    shift BIGINT NOT NULL DEFAULT 0,
    -- fiscal.v1.TillState as last reported.
    state BYTEA NOT NULL DEFAULT '',
    reported_at BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL
);

CREATE INDEX tills_by_organisation ON tills (organisation_id);
CREATE UNIQUE INDEX tills_by_agent ON tills (agent_id, name) WHERE agent_id <> '';
CREATE UNIQUE INDEX tills_by_serial ON tills (organisation_id, driver, serial) WHERE serial <> '';

-- Journals of agents. The id is ours and short, for it stands in every operation.
CREATE TABLE journals (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    -- The journal's own identity.
    identity TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (organisation_id, identity)
);

-- How far each agent's copy goes. Two agents with one journal (a cloned disk) have a cursor each, and neither can make
-- the other skip what only it has.
CREATE TABLE cursors (
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    agent_id TEXT NOT NULL,
    journal_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (agent_id, journal_id)
);

CREATE TABLE operations (
    organisation_id TEXT NOT NULL,
    journal_id TEXT NOT NULL,
    key TEXT NOT NULL,
    till_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    accepted_at BIGINT NOT NULL,
    stored_at BIGINT NOT NULL,
    -- fiscal.v1.Operation.
    body BYTEA NOT NULL,
    PRIMARY KEY (journal_id, key)
);

CREATE INDEX operations_by_till ON operations (till_id, accepted_at);

CREATE TABLE documents (
    organisation_id TEXT NOT NULL,
    fn TEXT NOT NULL,
    fd BIGINT NOT NULL,
    till_id TEXT NOT NULL,
    -- The operation that made it; empty for a document of somebody else.
    journal_id TEXT NOT NULL,
    key TEXT NOT NULL,
    fp BIGINT NOT NULL,
    type INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    -- The till's civil time.
    at TEXT NOT NULL,
    total BIGINT NOT NULL,
    shift BIGINT NOT NULL,
    receipt BIGINT NOT NULL,
    stored_at BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, fn, fd)
);

CREATE INDEX documents_by_till ON documents (till_id, at, fd);

-- Sums kept while documents come in: each document counts once, when it is first stored.
CREATE TABLE shifts (
    organisation_id TEXT NOT NULL,
    fn TEXT NOT NULL,
    number BIGINT NOT NULL,
    till_id TEXT NOT NULL,
    opened_at TEXT NOT NULL DEFAULT '',
    closed_at TEXT NOT NULL DEFAULT '',
    receipts BIGINT NOT NULL DEFAULT 0,
    sales BIGINT NOT NULL DEFAULT 0,
    sale_returns BIGINT NOT NULL DEFAULT 0,
    purchases BIGINT NOT NULL DEFAULT 0,
    purchase_returns BIGINT NOT NULL DEFAULT 0,
    corrections BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation_id, fn, number)
);

CREATE TABLE commands (
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    id TEXT NOT NULL,
    till_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    -- The till's name at that agent.
    till TEXT NOT NULL,
    action INTEGER NOT NULL,
    -- cabinet.v1.CommandState.
    state INTEGER NOT NULL,
    -- fiscal.v1.Run as last reported.
    run BYTEA NOT NULL DEFAULT '',
    actor TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    delivered_at BIGINT NOT NULL DEFAULT 0,
    ended_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation_id, id)
);

CREATE INDEX commands_by_till ON commands (till_id, created_at);
CREATE INDEX commands_by_agent ON commands (agent_id) WHERE ended_at = 0;
