-- +goose Up

-- Every index of documents ended in number and memory, to be in the order of a list to the last row. Documents of one minute with one
-- number of different memories are so few that sorting them costs nothing, and what is not written makes the ingest faster.
DROP INDEX documents_by_time;
DROP INDEX documents_by_class;
DROP INDEX documents_by_total;
DROP INDEX documents_by_cashier;
CREATE INDEX documents_by_time ON documents (organisation_id, at, fd);
CREATE INDEX documents_by_class ON documents (organisation_id, class, at, fd);
CREATE INDEX documents_by_total ON documents (organisation_id, total, at);
CREATE INDEX documents_by_cashier ON documents (cashier, at, fd) WHERE cashier <> 0;

-- What was done at all tills of an organisation, newest first.
CREATE INDEX operations_by_time ON operations (organisation_id, accepted_at);
CREATE INDEX commands_by_time ON commands (organisation_id, created_at);

-- Links by which a receipt is seen without signing in. The link's word is not kept, only what it hashes to.
CREATE TABLE receipt_links (
    organisation_id TEXT NOT NULL,
    id TEXT NOT NULL,
    -- SHA-256 of the word.
    hash BYTEA NOT NULL,
    fn TEXT NOT NULL,
    fd BIGINT NOT NULL,
    person_id TEXT NOT NULL,
    person TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL DEFAULT 0,
    -- How it went: mail, sms, or nothing when it was copied.
    way TEXT NOT NULL DEFAULT '',
    -- Whom to, with the middle left out.
    sent_to TEXT NOT NULL DEFAULT '',
    opened BIGINT NOT NULL DEFAULT 0,
    opened_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation_id, id)
);

CREATE UNIQUE INDEX receipt_links_by_hash ON receipt_links (hash);
CREATE INDEX receipt_links_by_document ON receipt_links (organisation_id, fn, fd);

-- What the words of links are signed with, one for the whole installation.
CREATE TABLE link_keys (
    id INTEGER PRIMARY KEY,
    secret BYTEA NOT NULL
);
