-- +goose Up

-- Confirmed ways to a person: an e-mail address as it is compared, and a phone number, +79161234567.
ALTER TABLE people ADD COLUMN email TEXT NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN phone TEXT NOT NULL DEFAULT '';
-- ru, kk or en.
ALTER TABLE people ADD COLUMN language TEXT NOT NULL DEFAULT 'ru';
ALTER TABLE people ADD COLUMN password_at BIGINT NOT NULL DEFAULT 0;
-- The version of the terms that was accepted last.
ALTER TABLE people ADD COLUMN terms TEXT NOT NULL DEFAULT '';
-- Secret of the authenticator application, sealed with the cabinet's key; it counts when totp_at is set.
ALTER TABLE people ADD COLUMN totp BYTEA NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN totp_at BIGINT NOT NULL DEFAULT 0;
-- The time step of the last code that was taken: none is taken twice.
ALTER TABLE people ADD COLUMN totp_step BIGINT NOT NULL DEFAULT 0;

CREATE UNIQUE INDEX people_by_email ON people (email) WHERE email <> '';
CREATE UNIQUE INDEX people_by_phone ON people (phone) WHERE phone <> '';

-- Everybody of the organisation has to have a second factor.
ALTER TABLE organisations ADD COLUMN factor_required INTEGER NOT NULL DEFAULT 0;

-- Who accepted which terms, when and from where.
CREATE TABLE accepted_terms (
    person_id TEXT NOT NULL REFERENCES people (id),
    version TEXT NOT NULL,
    address TEXT NOT NULL,
    accepted_at BIGINT NOT NULL,
    PRIMARY KEY (person_id, version)
);

-- Browsers that are signed in. The long cookie names the device and a generation; each exchange begins a new one.
CREATE TABLE devices (
    id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (id),
    -- Where the person went to work when they signed in.
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    address TEXT NOT NULL,
    -- As it calls itself.
    browser TEXT NOT NULL,
    remembered INTEGER NOT NULL,
    -- What it signed in with, parted by blanks.
    factors TEXT NOT NULL,
    generation BIGINT NOT NULL,
    -- When the generation began.
    rotated_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- When the person last proved who they are.
    proven_at BIGINT NOT NULL
);

CREATE INDEX devices_by_person ON devices (person_id);

-- Sessions of before had no device: everybody signs in once more.
DELETE FROM sessions;
ALTER TABLE sessions ADD COLUMN device_id TEXT NOT NULL DEFAULT '';
CREATE INDEX sessions_by_device ON sessions (device_id);

-- What waits for a code or for a second step: sign-up, reset, change of a contact, second factor, passkey, sign-in elsewhere.
CREATE TABLE attempts (
    -- SHA-256 of the ticket.
    ticket BYTEA PRIMARY KEY,
    purpose TEXT NOT NULL,
    person_id TEXT NOT NULL DEFAULT '',
    -- What was told, as the purpose has it.
    body BYTEA NOT NULL DEFAULT '',
    -- The codes, hashed with the cabinet's key; empty when none went that way.
    phone_code BYTEA NOT NULL DEFAULT '',
    email_code BYTEA NOT NULL DEFAULT '',
    -- Wrong answers, and messages sent.
    wrong INTEGER NOT NULL DEFAULT 0,
    sent INTEGER NOT NULL DEFAULT 0,
    sent_at BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX attempts_by_end ON attempts (expires_at);

-- Changes of a phone or an e-mail whose old one is lost: they wait, so that the owner can stop them.
CREATE TABLE contact_changes (
    person_id TEXT PRIMARY KEY REFERENCES people (id),
    -- phone or email.
    channel TEXT NOT NULL,
    value TEXT NOT NULL,
    -- SHA-256 of the secret of the link that stops it.
    cancel BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    effective_at BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    person_id TEXT NOT NULL REFERENCES people (id),
    -- Hashed with the cabinet's key.
    hash BYTEA NOT NULL,
    PRIMARY KEY (person_id, hash)
);

CREATE TABLE passkeys (
    id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (id),
    credential_id BYTEA NOT NULL UNIQUE,
    -- The credential record: public key, counter, flags.
    body BYTEA NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX passkeys_by_person ON passkeys (person_id);

-- People of the organisation's own sign-in (OpenID Connect).
CREATE TABLE oidc_links (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES people (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);

CREATE INDEX oidc_links_by_person ON oidc_links (person_id);
