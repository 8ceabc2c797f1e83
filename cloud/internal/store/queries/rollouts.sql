-- name: ListMembers :many
SELECT a.id, a.host, a.outlet_id, o.name AS outlet, a.version, a.platform, a.channel, a.pinned
FROM agents a JOIN outlets o ON o.id = a.outlet_id
WHERE a.organisation_id = $1 AND a.revoked_at = 0 AND a.capability >= sqlc.arg(capability)
ORDER BY a.id;

-- name: NoteAgentAsked :exec
UPDATE agents SET version = $2, platform = $3, channel = $4 WHERE id = $1;

-- name: GetMember :one
SELECT id, outlet_id, version, platform, channel, pinned, capability FROM agents WHERE id = $1;

-- name: PinAgent :execrows
UPDATE agents SET pinned = $3 WHERE organisation_id = $1 AND id = $2;

-- name: ListPins :many
SELECT id, pinned FROM agents WHERE organisation_id = $1 AND pinned <> '';

-- name: CreateRollout :execrows
INSERT INTO rollouts (organisation_id, id, version, channel, platforms, plan, state, since_at, started_at, started_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)
ON CONFLICT (organisation_id, id) DO NOTHING;

-- name: GetRollout :one
SELECT * FROM rollouts WHERE organisation_id = $1 AND id = $2;

-- name: ListRollouts :many
SELECT * FROM rollouts WHERE organisation_id = $1 ORDER BY started_at DESC, id DESC LIMIT $2;

-- name: ListRolloutsInState :many
SELECT * FROM rollouts WHERE state = $1 ORDER BY started_at, id;

-- name: ListOpenRollouts :many
SELECT * FROM rollouts WHERE organisation_id = $1 AND state IN (sqlc.arg(running), sqlc.arg(paused)) ORDER BY started_at, id;

-- name: HoldRollout :execrows
UPDATE rollouts SET offers = offers + 1 WHERE organisation_id = $1 AND id = $2 AND state = sqlc.arg(state);

-- name: SetRolloutState :execrows
UPDATE rollouts SET state = $3, text = $4, since_at = $5 WHERE organisation_id = $1 AND id = $2 AND state = sqlc.arg(before);

-- name: SetRolloutPlan :exec
UPDATE rollouts SET plan = $3 WHERE organisation_id = $1 AND id = $2;

-- name: ListRolloutAgents :many
SELECT * FROM rollout_agents WHERE organisation_id = $1 AND rollout_id = $2 ORDER BY agent_id;

-- name: GetRolloutAgent :one
SELECT * FROM rollout_agents WHERE organisation_id = $1 AND rollout_id = $2 AND agent_id = $3;

-- name: OfferRollout :execrows
INSERT INTO rollout_agents (organisation_id, rollout_id, agent_id, stage, since_at, offered_at, from_version)
VALUES ($1, $2, $3, $4, $5, $5, $6)
ON CONFLICT (organisation_id, rollout_id, agent_id) DO NOTHING;

-- name: ForwardRolloutAgent :execrows
UPDATE rollout_agents SET stage = $4, since_at = $5, text = $6, fetched = $7, size = $8, from_version = $9
WHERE organisation_id = $1 AND rollout_id = $2 AND agent_id = $3 AND stage = sqlc.arg(before);

-- name: CountOffersSince :one
SELECT COUNT(*) AS offers, CAST(COALESCE(MIN(offered_at), 0) AS BIGINT) AS oldest FROM rollout_agents
WHERE organisation_id = $1 AND rollout_id = $2 AND offered_at > sqlc.arg(since);

-- name: CountRolloutStages :many
SELECT stage, COUNT(*) AS agents FROM rollout_agents WHERE organisation_id = $1 AND rollout_id = $2 GROUP BY stage;

-- name: ListLastUpdates :many
SELECT a.agent_id, a.rollout_id, a.stage, a.since_at, a.from_version, a.text, a.fetched, a.size, r.version
FROM rollout_agents a JOIN rollouts r ON r.organisation_id = a.organisation_id AND r.id = a.rollout_id
WHERE a.organisation_id = $1 AND NOT EXISTS (SELECT 1 FROM rollout_agents b WHERE b.agent_id = a.agent_id AND b.offered_at > a.offered_at)
ORDER BY a.agent_id;

-- name: CountOutlets :one
SELECT COUNT(*) FROM outlets WHERE organisation_id = $1 AND id = $2;

-- name: HoldOrganisation :exec
UPDATE organisations SET name = name WHERE id = $1;
