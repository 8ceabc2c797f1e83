-- +goose Up

-- Tills that people work on: until then nobody is told of their states. A row stands until somebody ends it, or its time has come and the
-- journal of acts says so.
CREATE TABLE till_maintenance (
    till_id TEXT PRIMARY KEY,
    -- The owner of the till.
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    began_at BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    person_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT ''
);

CREATE INDEX till_maintenance_by_organisation ON till_maintenance (organisation_id);
