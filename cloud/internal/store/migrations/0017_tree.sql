-- +goose Up

ALTER TABLE outlets ADD COLUMN address TEXT NOT NULL DEFAULT '';
-- Asia/Almaty; empty when nobody told.
ALTER TABLE outlets ADD COLUMN time_zone TEXT NOT NULL DEFAULT '';
ALTER TABLE outlets ADD COLUMN phone TEXT NOT NULL DEFAULT '';
-- When it was taken out of the tree; its past stays. 0 while it stands there.
ALTER TABLE outlets ADD COLUMN closed_at BIGINT NOT NULL DEFAULT 0;

-- Name on screen; empty is the agent's.
ALTER TABLE tills ADD COLUMN title TEXT NOT NULL DEFAULT '';
-- Place among its neighbours.
ALTER TABLE tills ADD COLUMN position INTEGER NOT NULL DEFAULT 0;

-- Grows with every change of the tree: whoever changes it holds this row, so that two changes cannot make a circle together.
ALTER TABLE organisations ADD COLUMN tree_version BIGINT NOT NULL DEFAULT 0;

-- Where tills stood. A till that never moved has no row: it stands where it always did.
CREATE TABLE till_stays (
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    till_id TEXT NOT NULL,
    -- The till's civil time, 2026-03-04T05:06; empty is from the beginning.
    since TEXT NOT NULL,
    outlet_id TEXT NOT NULL,
    -- Who moved it there; empty when the agent did.
    actor TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (till_id, since)
);

CREATE INDEX till_stays_by_organisation ON till_stays (organisation_id, till_id, since);

ALTER TABLE enrolment_codes ADD COLUMN id TEXT NOT NULL DEFAULT '';

-- Devices in nobody's list, as the agent last told: uplink.v1.ReportStateRequest with nothing but strangers.
ALTER TABLE agents ADD COLUMN strangers BYTEA NOT NULL DEFAULT '';

-- What tills' agents should have, every version of it.
CREATE TABLE till_settings (
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    till_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    -- fiscal.v1.TillSettings.
    body BYTEA NOT NULL,
    actor TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    command_id TEXT NOT NULL,
    PRIMARY KEY (till_id, version)
);

-- What they have, as they last told.
CREATE TABLE settings_reports (
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    till_id TEXT PRIMARY KEY,
    -- fiscal.v1.SettingsReport.
    body BYTEA NOT NULL,
    reported_at BIGINT NOT NULL
);

-- fiscal.v1.TillSettings of a command that carries them.
ALTER TABLE commands ADD COLUMN settings BYTEA NOT NULL DEFAULT '';
-- The one address a check of the network tries.
ALTER TABLE commands ADD COLUMN address TEXT NOT NULL DEFAULT '';
