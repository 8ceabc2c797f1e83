-- +goose Up

-- How a person wants to be told; one row for each who has said so.
CREATE TABLE notify_settings (
    person_id TEXT PRIMARY KEY REFERENCES people (id),
    -- ru, kk, en.
    language TEXT NOT NULL,
    -- Asia/Almaty.
    zone TEXT NOT NULL,
    -- Minutes since midnight in the zone; equal: none.
    quiet_from INTEGER NOT NULL,
    quiet_to INTEGER NOT NULL,
    urgent_passes BOOLEAN NOT NULL,
    -- 0 none, 1 every hour, 2 every day at digest_at.
    digest INTEGER NOT NULL,
    digest_at INTEGER NOT NULL
);

-- Ways to people, and webhooks of organisations.
CREATE TABLE notify_channels (
    id TEXT PRIMARY KEY,
    -- Of a webhook; empty of a person's way.
    organisation_id TEXT NOT NULL DEFAULT '',
    -- Whose it is; empty of a webhook.
    person_id TEXT NOT NULL DEFAULT '',
    -- mail, sms, telegram, webhook.
    kind TEXT NOT NULL,
    -- Address, number, chat, URL.
    address TEXT NOT NULL,
    -- As it is shown, where the address is not for people.
    name TEXT NOT NULL DEFAULT '',
    -- Of a webhook: events parted by blanks (empty is all), node (empty is all), key of the signature.
    events TEXT NOT NULL DEFAULT '',
    node_id TEXT NOT NULL DEFAULT '',
    secret BYTEA NOT NULL DEFAULT '',
    -- SHA-256 of the code that confirms it, until when, and how often a wrong one was given.
    code_hash BYTEA NOT NULL DEFAULT '',
    code_ends_at BIGINT NOT NULL DEFAULT 0,
    code_tries INTEGER NOT NULL DEFAULT 0,
    confirmed_at BIGINT NOT NULL DEFAULT 0,
    off BOOLEAN NOT NULL DEFAULT FALSE,
    sent_at BIGINT NOT NULL DEFAULT 0,
    failed_at BIGINT NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL
);

CREATE INDEX notify_channels_by_person ON notify_channels (person_id);
CREATE INDEX notify_channels_by_organisation ON notify_channels (organisation_id);

-- Who is told of what.
CREATE TABLE notify_rules (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    -- Whose own it is; empty of one of the organisation.
    person_id TEXT NOT NULL,
    -- Who is told by one of the organisation: name of a usual role, or id of one of theirs.
    role TEXT NOT NULL,
    -- Parted by blanks; empty is all.
    events TEXT NOT NULL,
    kinds TEXT NOT NULL,
    -- Department, outlet or till; empty is all they may see.
    node_id TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX notify_rules_by_organisation ON notify_rules (organisation_id);

-- What is wrong and was told, or is about to be: one row for each cause while it lasts, and after.
CREATE TABLE notify_causes (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    -- Event and what the tills have in common: silence/operator/…
    key TEXT NOT NULL,
    event TEXT NOT NULL,
    -- JSON of package notify: tills, level, code, what is common.
    body TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    -- 0 while it was not told.
    told_at BIGINT NOT NULL DEFAULT 0,
    -- 0 while it lasts.
    ended_at BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX notify_causes_open ON notify_causes (organisation_id, ended_at);
-- Of one thing there is one cause, should two cabinets look at once.
CREATE UNIQUE INDEX notify_causes_by_key ON notify_causes (organisation_id, key) WHERE ended_at = 0;

-- What was told, for the feed.
CREATE TABLE notices (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    cause_id TEXT NOT NULL,
    event TEXT NOT NULL,
    -- 1 began, 2 got worse, 3 ended.
    kind INTEGER NOT NULL,
    urgent BOOLEAN NOT NULL,
    -- JSON of package notify: what texts are made of.
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX notices_by_time ON notices (organisation_id, created_at, id);

CREATE TABLE notice_tills (
    notice_id TEXT NOT NULL REFERENCES notices (id),
    till_id TEXT NOT NULL,
    outlet_id TEXT NOT NULL,
    PRIMARY KEY (notice_id, till_id)
);

CREATE INDEX notice_tills_by_till ON notice_tills (till_id);

-- Messages on their way. The row is the intent, written with the decision; the result follows.
CREATE TABLE notify_outbox (
    id TEXT PRIMARY KEY,
    -- An id of its own for a test.
    notice_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    -- Organisation whose rule asked for it, and the person it goes to; no person for a webhook.
    organisation_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- 0 waiting, 1 on its way, 2 sent, 3 failed, 4 dropped.
    state INTEGER NOT NULL,
    -- It waits for a summary.
    digest BOOLEAN NOT NULL,
    -- Rows that go as one message have one, which is the id the other side sees.
    parcel TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- Not before.
    due_at BIGINT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    sent_at BIGINT NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    -- Of a webhook: what is sent.
    body TEXT NOT NULL DEFAULT '',
    event TEXT NOT NULL DEFAULT '',
    UNIQUE (notice_id, channel_id)
);

CREATE INDEX notify_outbox_due ON notify_outbox (state, due_at);
CREATE INDEX notify_outbox_by_channel ON notify_outbox (channel_id, created_at);
CREATE INDEX notify_outbox_by_person ON notify_outbox (person_id, notice_id);

-- Log of webhooks.
CREATE TABLE notify_attempts (
    id TEXT PRIMARY KEY,
    outbox_id TEXT NOT NULL REFERENCES notify_outbox (id),
    created_at BIGINT NOT NULL,
    status INTEGER NOT NULL,
    took_ms BIGINT NOT NULL,
    error TEXT NOT NULL,
    answer TEXT NOT NULL
);

CREATE INDEX notify_attempts_by_outbox ON notify_attempts (outbox_id, created_at);

CREATE INDEX commands_by_end ON commands (organisation_id, ended_at);
