-- +goose Up

-- What a document is searched and counted by.

-- Outlet the till stood in when the document came: a till that moves keeps its past where it happened.
ALTER TABLE documents ADD COLUMN outlet_id TEXT NOT NULL DEFAULT '';
-- What the columns below were read from: -1 not read yet, 0 a fact, 1 the copy, 2 the operation's receipt.
ALTER TABLE documents ADD COLUMN source INTEGER NOT NULL DEFAULT -1;
-- Form × 256 + settlement × 32 + ways it was paid (1 cash, 2 electronic, 4 prepaid, 8 credit, 16 barter).
ALTER TABLE documents ADD COLUMN class INTEGER NOT NULL DEFAULT 0;
ALTER TABLE documents ADD COLUMN cash BIGINT NOT NULL DEFAULT 0;
ALTER TABLE documents ADD COLUMN electronic BIGINT NOT NULL DEFAULT 0;
ALTER TABLE documents ADD COLUMN prepaid BIGINT NOT NULL DEFAULT 0;
ALTER TABLE documents ADD COLUMN credit BIGINT NOT NULL DEFAULT 0;
ALTER TABLE documents ADD COLUMN barter BIGINT NOT NULL DEFAULT 0;
-- Tax by rate, "22=1803 none=500", in the order of tag 1199.
ALTER TABLE documents ADD COLUMN vat TEXT NOT NULL DEFAULT '';
-- Names of cashiers; 0 is none.
ALTER TABLE documents ADD COLUMN cashier BIGINT NOT NULL DEFAULT 0;
-- Folded phone or e-mail.
ALTER TABLE documents ADD COLUMN buyer TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN positions INTEGER NOT NULL DEFAULT 0;
-- Tracks of the operation, as of its revision.
ALTER TABLE documents ADD COLUMN paper INTEGER NOT NULL DEFAULT 0;
ALTER TABLE documents ADD COLUMN ofd INTEGER NOT NULL DEFAULT 0;
ALTER TABLE documents ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;

-- Lists are by time; the classes of an organisation are few, so one index answers for form, settlement and payment.
CREATE INDEX documents_by_time ON documents (organisation_id, at, fd, fn);
CREATE INDEX documents_by_class ON documents (organisation_id, class, at, fd, fn);
CREATE INDEX documents_by_total ON documents (organisation_id, total, at, fd, fn);
CREATE INDEX documents_by_cashier ON documents (cashier, at, fd, fn) WHERE cashier <> 0;
CREATE INDEX documents_by_sign ON documents (fp);
CREATE INDEX documents_by_buyer ON documents (organisation_id, buyer, at) WHERE buyer <> '';
CREATE INDEX documents_owing_paper ON documents (organisation_id, at) WHERE paper = 2;
CREATE INDEX documents_queued ON documents (organisation_id, at) WHERE ofd = 1;
CREATE INDEX documents_refused ON documents (organisation_id, at) WHERE ofd = 3;
CREATE INDEX documents_unread ON documents (organisation_id, fn, fd) WHERE source = -1;

-- Fiscal memories. Ids of these three tables are the beginning of SHA-256 of organisation and text, so that a row is written
-- without asking what its number is.
CREATE TABLE memories (
    id BIGINT PRIMARY KEY,
    organisation_id TEXT NOT NULL,
    fn TEXT NOT NULL,
    -- Registration number of the till; empty while not known.
    rnm TEXT NOT NULL DEFAULT '',
    UNIQUE (organisation_id, fn)
);

CREATE INDEX memories_by_registration ON memories (organisation_id, rnm) WHERE rnm <> '';

CREATE TABLE cashiers (
    id BIGINT PRIMARY KEY,
    organisation_id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- As it is compared: folded by Go.
    folded TEXT NOT NULL
);

CREATE INDEX cashiers_by_organisation ON cashiers (organisation_id, folded);

CREATE TABLE products (
    id BIGINT PRIMARY KEY,
    organisation_id TEXT NOT NULL,
    name TEXT NOT NULL,
    folded TEXT NOT NULL
);

CREATE INDEX products_by_organisation ON products (organisation_id, folded);

-- Lines of receipts.
CREATE TABLE positions (
    memory_id BIGINT NOT NULL,
    fd BIGINT NOT NULL,
    line INTEGER NOT NULL,
    product_id BIGINT NOT NULL,
    -- The document's time, for lists by product.
    at TEXT NOT NULL,
    -- Millionths.
    quantity BIGINT NOT NULL,
    price BIGINT NOT NULL,
    sum BIGINT NOT NULL,
    PRIMARY KEY (memory_id, fd, line)
);

CREATE INDEX positions_by_product ON positions (product_id, at, fd, memory_id);

-- Sums kept while documents come in. Each is a sum over documents, and `chekan-cloud aggregates check` says so.

-- The shift's sums begin anew: every document is read again.
UPDATE shifts SET receipts = 0, sales = 0, sale_returns = 0, purchases = 0, purchase_returns = 0, corrections = 0;

ALTER TABLE shifts ADD COLUMN outlet_id TEXT NOT NULL DEFAULT '';
-- Earliest document that is known of the shift.
ALTER TABLE shifts ADD COLUMN first_at TEXT NOT NULL DEFAULT '';
-- Day of trade: the day it was opened, or of the earliest document while its opening has not come.
ALTER TABLE shifts ADD COLUMN day TEXT NOT NULL DEFAULT '';
ALTER TABLE shifts ADD COLUMN opened_fd BIGINT NOT NULL DEFAULT 0;
ALTER TABLE shifts ADD COLUMN closed_fd BIGINT NOT NULL DEFAULT 0;
-- Who opened it.
ALTER TABLE shifts ADD COLUMN cashier BIGINT NOT NULL DEFAULT 0;

CREATE INDEX shifts_by_day ON shifts (organisation_id, day, fn, number);
CREATE INDEX shifts_by_till ON shifts (till_id, day, fn, number);

-- A shift by settlement. A till may move in the middle of it.
CREATE TABLE shift_sums (
    organisation_id TEXT NOT NULL,
    fn TEXT NOT NULL,
    number BIGINT NOT NULL,
    till_id TEXT NOT NULL,
    outlet_id TEXT NOT NULL,
    -- 1 for corrections.
    correction INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    receipts BIGINT NOT NULL,
    total BIGINT NOT NULL,
    cash BIGINT NOT NULL,
    electronic BIGINT NOT NULL,
    prepaid BIGINT NOT NULL,
    credit BIGINT NOT NULL,
    barter BIGINT NOT NULL,
    positions BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, fn, number, till_id, outlet_id, correction, kind)
);

CREATE INDEX shift_sums_by_till ON shift_sums (till_id);

-- What was settled in an hour or a day at a till, in an outlet, in the organisation.
CREATE TABLE revenue (
    organisation_id TEXT NOT NULL,
    -- Till, outlet, or empty for the organisation.
    node TEXT NOT NULL,
    -- 1 hour, 2 day, 3 day of trade.
    grain INTEGER NOT NULL,
    -- 2026-03-04T05 or 2026-03-04, the till's time.
    span TEXT NOT NULL,
    correction INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    receipts BIGINT NOT NULL,
    total BIGINT NOT NULL,
    cash BIGINT NOT NULL,
    electronic BIGINT NOT NULL,
    prepaid BIGINT NOT NULL,
    credit BIGINT NOT NULL,
    barter BIGINT NOT NULL,
    positions BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, node, grain, span, correction, kind)
);

-- What was sold in a day, corrections among it.
CREATE TABLE product_days (
    organisation_id TEXT NOT NULL,
    day TEXT NOT NULL,
    product_id BIGINT NOT NULL,
    kind INTEGER NOT NULL,
    lines BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    sum BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, day, product_id, kind)
);
