-- +goose Up

-- Reports of crash tests, as they were signed.
CREATE TABLE certificates (
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    till_id TEXT NOT NULL,
    -- Of the report.
    sha256 TEXT NOT NULL,
    ended_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    report BYTEA NOT NULL,
    PRIMARY KEY (organisation_id, sha256)
);

CREATE INDEX certificates_by_till ON certificates (till_id, ended_at);
