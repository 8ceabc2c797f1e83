-- +goose Up

-- Of a command that takes a device over: fiscal.v1.Stranger, and the outlet the till is to stand in. Its settings have the name. A
-- command of the agent itself has no till; one that made a till gets it.
ALTER TABLE commands ADD COLUMN device BYTEA NOT NULL DEFAULT '';
ALTER TABLE commands ADD COLUMN outlet_id TEXT NOT NULL DEFAULT '';

-- 20 and 21 are fiscal.v1.ACTION_FIND_TILLS and ACTION_ADOPT_TILL.
CREATE INDEX commands_of_agent ON commands (agent_id, action, created_at) WHERE action IN (20, 21);
