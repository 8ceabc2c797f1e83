-- +goose Up

-- Documents as the fiscal memories store them, byte for byte. A document has one copy; whatever else is said about it is
-- kept beside, marked, and shown to nobody as the document.
CREATE TABLE copies (
    organisation_id TEXT NOT NULL,
    fn TEXT NOT NULL,
    fd BIGINT NOT NULL,
    -- SHA-256 of fiscal sign and body: what comes again is stored once.
    digest BYTEA NOT NULL,
    -- It contradicts the document: another fiscal sign, another till, or its own tags name another document.
    aside BOOLEAN NOT NULL,
    -- As the agent told it.
    fp BIGINT NOT NULL,
    stored_at BIGINT NOT NULL,
    -- One STLV whose tag is the form, as it came.
    body BYTEA NOT NULL,
    PRIMARY KEY (organisation_id, fn, fd, digest)
);
