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
