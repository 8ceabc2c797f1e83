-- +goose Up

-- owner: has tills. service: repairs tills of others.
ALTER TABLE organisations ADD COLUMN kind TEXT NOT NULL DEFAULT 'owner';
-- ru or kz; empty when nobody told.
ALTER TABLE organisations ADD COLUMN country TEXT NOT NULL DEFAULT '';
-- ИНН in Russia, БИН or ИИН in Kazakhstan; digits.
ALTER TABLE organisations ADD COLUMN tax_id TEXT NOT NULL DEFAULT '';

CREATE UNIQUE INDEX organisations_by_tax_id ON organisations (country, tax_id, kind) WHERE tax_id <> '';

-- What stands between an organisation and its outlets: departments within departments.
CREATE TABLE departments (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    -- The department above; empty at the top.
    parent_id TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL,
    -- Place among its neighbours.
    position INTEGER NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL
);

CREATE INDEX departments_by_organisation ON departments (organisation_id);

-- The department it belongs to; empty at the top.
ALTER TABLE outlets ADD COLUMN department_id TEXT NOT NULL DEFAULT '';
ALTER TABLE outlets ADD COLUMN position INTEGER NOT NULL DEFAULT 0;
