-- +goose Up

-- Filters of the list of tills that people keep.
CREATE TABLE till_views (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    person_id TEXT NOT NULL REFERENCES people (id),
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    UNIQUE (person_id, organisation_id, name)
);

-- Agents with more than one program are few, and are asked for with every till.
CREATE INDEX agent_programs_returned ON agent_programs (organisation_id) WHERE returned_at <> 0;
