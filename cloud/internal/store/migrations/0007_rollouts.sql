-- +goose Up

-- Version it is kept at; empty when it follows rollouts.
ALTER TABLE agents ADD COLUMN pinned TEXT NOT NULL DEFAULT '';
-- Channel of its settings, as it said when it asked for an update; empty before.
ALTER TABLE agents ADD COLUMN channel TEXT NOT NULL DEFAULT '';

-- One version brought to many agents.
CREATE TABLE rollouts (
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    -- Chosen by the asker, so that asking twice is asking once.
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    channel TEXT NOT NULL,
    -- What the release was built for, with a space between: linux-amd64 windows-amd64.
    platforms TEXT NOT NULL,
    -- cabinet.v1.RolloutPlan.
    plan BYTEA NOT NULL,
    -- cabinet.v1.RolloutState.
    state INTEGER NOT NULL,
    -- Since when it is in that state, and why.
    since_at BIGINT NOT NULL,
    text TEXT NOT NULL DEFAULT '',
    started_at BIGINT NOT NULL,
    started_by TEXT NOT NULL,
    -- Grows with each offer: who offers holds the row, so that two cabinets do not both give the last offer of a minute.
    offers BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation_id, id)
);

CREATE INDEX rollouts_by_state ON rollouts (state);

-- Where the update of an agent stands in a rollout. There is no row before the first offer.
CREATE TABLE rollout_agents (
    organisation_id TEXT NOT NULL,
    rollout_id TEXT NOT NULL,
    agent_id TEXT NOT NULL REFERENCES agents (id),
    -- cabinet.v1.UpdateStage; it only grows.
    stage INTEGER NOT NULL,
    since_at BIGINT NOT NULL,
    offered_at BIGINT NOT NULL,
    -- Version before.
    from_version TEXT NOT NULL,
    text TEXT NOT NULL DEFAULT '',
    fetched BIGINT NOT NULL DEFAULT 0,
    size BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation_id, rollout_id, agent_id),
    FOREIGN KEY (organisation_id, rollout_id) REFERENCES rollouts (organisation_id, id)
);

CREATE INDEX rollout_agents_by_agent ON rollout_agents (agent_id, offered_at);
CREATE INDEX rollout_agents_by_offer ON rollout_agents (organisation_id, rollout_id, offered_at);
