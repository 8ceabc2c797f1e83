-- name: SetAgentHello :exec
UPDATE agents SET host = $2, version = $3, capability = $4, heard_at = $5, plans = $6 WHERE id = $1;

-- name: GetAgentAbility :one
SELECT capability, plans FROM agents WHERE id = $1;

-- name: SetAgentHeard :exec
UPDATE agents SET heard_at = $2 WHERE id = $1 AND heard_at < $2;

-- name: SetAgentReport :exec
UPDATE agents SET problems = $2, outbox = $3, heard_at = $4 WHERE id = $1;

-- name: GetTill :one
SELECT t.id, t.organisation_id, t.agent_id, t.name, t.title, t.state, t.reported_at, t.outlet_id, t.ofd_contract, o.name AS outlet, o.department_id,
    CAST(COALESCE(a.host, '') AS TEXT) AS host, CAST(COALESCE(a.version, '') AS TEXT) AS version,
    CAST(COALESCE(a.heard_at, 0) AS BIGINT) AS heard_at,
    CAST(COALESCE(a.certificate_ends_at, 0) AS BIGINT) AS certificate_ends_at, a.problems,
    CAST(COALESCE(s.opened_at, '') AS TEXT) AS shift_opened_at, CAST(COALESCE(s.closed_at, '') AS TEXT) AS shift_closed_at,
    CAST(COALESCE(s.receipts, 0) AS BIGINT) AS receipts,
    CAST(COALESCE(s.sales - s.sale_returns, 0) AS BIGINT) AS total
FROM tills t
JOIN outlets o ON o.id = t.outlet_id
LEFT JOIN agents a ON a.id = t.agent_id
LEFT JOIN shifts s ON s.organisation_id = t.organisation_id AND s.fn = t.fn AND s.number = t.shift
WHERE t.organisation_id = $1 AND t.id = $2;

-- Rows come in no order: sorting such wide ones costs a database as much as reading them.
-- name: ListTills :many
SELECT t.id, t.organisation_id, t.agent_id, t.name, t.title, t.state, t.reported_at, t.outlet_id, t.ofd_contract, o.name AS outlet, o.department_id,
    CAST(COALESCE(a.host, '') AS TEXT) AS host, CAST(COALESCE(a.version, '') AS TEXT) AS version,
    CAST(COALESCE(a.heard_at, 0) AS BIGINT) AS heard_at,
    CAST(COALESCE(a.certificate_ends_at, 0) AS BIGINT) AS certificate_ends_at, a.problems,
    CAST(COALESCE(s.opened_at, '') AS TEXT) AS shift_opened_at, CAST(COALESCE(s.closed_at, '') AS TEXT) AS shift_closed_at,
    CAST(COALESCE(s.receipts, 0) AS BIGINT) AS receipts,
    CAST(COALESCE(s.sales - s.sale_returns, 0) AS BIGINT) AS total
FROM tills t
JOIN outlets o ON o.id = t.outlet_id
LEFT JOIN agents a ON a.id = t.agent_id
LEFT JOIN shifts s ON s.organisation_id = t.organisation_id AND s.fn = t.fn AND s.number = t.shift
WHERE t.organisation_id = $1;

-- SQLite uses an index of some rows only where the query says again which rows those are.
-- name: FindTillBySerial :one
SELECT id, agent_id, name FROM tills WHERE organisation_id = $1 AND driver = $2 AND serial = $3 AND serial <> '';

-- name: FindTillByName :one
SELECT id, driver, serial FROM tills WHERE agent_id = $1 AND name = $2 AND agent_id <> '';

-- name: ListTillsOfAgent :many
SELECT id, name FROM tills WHERE agent_id = $1 AND agent_id <> '' ORDER BY name;

-- name: CreateTill :exec
INSERT INTO tills (id, organisation_id, outlet_id, agent_id, name, created_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: ReleaseTill :exec
UPDATE tills SET agent_id = '' WHERE id = $1;

-- name: AdoptTill :exec
UPDATE tills SET agent_id = $2, name = $3, outlet_id = $4 WHERE id = $1;

-- name: SetTillSerial :exec
UPDATE tills SET driver = $2, serial = $3 WHERE id = $1;

-- name: SetTillState :exec
UPDATE tills SET state = $2, reported_at = $3, fn = $4, shift = $5 WHERE id = $1;

-- name: MoveOperations :exec
UPDATE operations SET till_id = sqlc.arg(heir) WHERE till_id = $1;

-- name: MoveDocuments :exec
UPDATE documents SET till_id = sqlc.arg(heir) WHERE till_id = $1;

-- name: MoveShifts :exec
UPDATE shifts SET till_id = sqlc.arg(heir) WHERE till_id = $1;

-- name: MoveCommands :exec
UPDATE commands SET till_id = sqlc.arg(heir) WHERE till_id = $1;

-- name: PutCertificate :exec
INSERT INTO certificates (organisation_id, till_id, sha256, ended_at, received_at, report) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (organisation_id, sha256) DO NOTHING;

-- name: NewestCertificate :one
SELECT sha256, received_at, report FROM certificates WHERE organisation_id = $1 AND till_id = $2
ORDER BY ended_at DESC, sha256 LIMIT 1;

-- name: DeleteTill :exec
DELETE FROM tills WHERE id = $1;

-- name: CreateCommand :execrows
INSERT INTO commands (organisation_id, id, till_id, agent_id, till, action, state, actor, created_at, expires_at, decision, ask_consent, log_level)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (organisation_id, id) DO NOTHING;

-- name: GetCommand :one
SELECT * FROM commands WHERE organisation_id = $1 AND id = $2;

-- name: ListCommands :many
SELECT * FROM commands WHERE organisation_id = $1 AND till_id = $2
ORDER BY created_at DESC, id DESC LIMIT $3;

-- name: ListOpenCommands :many
SELECT * FROM commands WHERE agent_id = $1 AND ended_at = 0
ORDER BY created_at, id;

-- name: ListExpiredCommands :many
SELECT * FROM commands
WHERE ended_at = 0 AND expires_at <= sqlc.arg(now) AND (state = sqlc.arg(queued) OR expires_at <= sqlc.arg(long_ago))
ORDER BY created_at LIMIT 1000;

-- name: DeliverCommand :execrows
UPDATE commands SET state = CASE WHEN state = sqlc.arg(queued) THEN sqlc.arg(delivered) ELSE state END, delivered_at = sqlc.arg(now)
WHERE organisation_id = $1 AND id = $2 AND ended_at = 0;

-- name: RedeliverCommands :exec
UPDATE commands SET delivered_at = 0 WHERE agent_id = $1 AND ended_at = 0;

-- name: SetCommandRun :execrows
UPDATE commands SET state = $3, run = $4, ended_at = $5
WHERE organisation_id = $1 AND id = $2 AND ended_at = 0;

-- name: ExpireCommand :execrows
UPDATE commands SET state = sqlc.arg(expired), ended_at = sqlc.arg(now)
WHERE organisation_id = $1 AND id = $2 AND ended_at = 0 AND state = sqlc.arg(state);

-- name: ListWantedSettings :many
SELECT s.till_id, s.body FROM till_settings s
WHERE s.organisation_id = $1 AND s.version = (SELECT MAX(n.version) FROM till_settings n WHERE n.till_id = s.till_id);
