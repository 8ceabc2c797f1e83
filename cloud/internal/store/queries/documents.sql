-- name: PutJournal :one
INSERT INTO journals (id, organisation_id, identity, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (organisation_id, identity) DO UPDATE SET identity = excluded.identity
RETURNING id;

-- name: GetCursor :one
SELECT c.position FROM cursors c JOIN journals j ON j.id = c.journal_id
WHERE c.agent_id = $1 AND j.organisation_id = $2 AND j.identity = $3;

-- name: PutCursor :one
INSERT INTO cursors (organisation_id, agent_id, journal_id, position) VALUES ($1, $2, $3, $4)
ON CONFLICT (agent_id, journal_id) DO UPDATE
SET position = CASE WHEN excluded.position > cursors.position THEN excluded.position ELSE cursors.position END
RETURNING position;

-- name: GetShift :one
SELECT * FROM shifts WHERE organisation_id = $1 AND fn = $2 AND number = $3;

-- name: CountOperations :one
SELECT COUNT(*) FROM operations WHERE organisation_id = $1;

-- name: CountDocuments :one
SELECT COUNT(*) FROM documents WHERE organisation_id = $1;

-- name: GetOperation :one
SELECT till_id, body FROM operations WHERE organisation_id = $1 AND journal_id = $2 AND key = $3;

-- name: ListOperations :many
SELECT till_id, key, accepted_at, body FROM operations
WHERE organisation_id = $1 AND till_id = $2 AND (accepted_at, key) < (CAST(sqlc.arg(before_at) AS BIGINT), CAST(sqlc.arg(before_key) AS TEXT))
ORDER BY accepted_at DESC, key DESC LIMIT $3;

-- name: ListUndecided :many
SELECT o.organisation_id, o.till_id, CAST(COALESCE(t.outlet_id, '') AS TEXT) AS outlet_id, o.accepted_at, o.key, o.body
FROM operations o LEFT JOIN tills t ON t.id = o.till_id
WHERE o.organisation_id = $1 AND o.stage = 4 AND (CAST(sqlc.arg(scope) AS TEXT) = '*' OR sqlc.arg(scope) LIKE '%|' || o.till_id || '|%' OR sqlc.arg(scope) LIKE '%|' || t.outlet_id || '|%')
ORDER BY o.accepted_at, o.key LIMIT $2;

-- name: ListDocuments :many
SELECT d.*, o.body FROM documents d
LEFT JOIN operations o ON o.journal_id = d.journal_id AND o.key = d.key
WHERE d.organisation_id = $1 AND d.till_id = $2
    AND (CAST(sqlc.arg(any_form) AS BOOLEAN) OR d.type IN (CAST(sqlc.arg(form1) AS INTEGER), CAST(sqlc.arg(form2) AS INTEGER), CAST(sqlc.arg(form3) AS INTEGER), CAST(sqlc.arg(form4) AS INTEGER)))
    AND (CAST(sqlc.arg(scope) AS TEXT) = '*' OR sqlc.arg(scope) LIKE '%|' || d.till_id || '|%' OR sqlc.arg(scope) LIKE '%|' || d.outlet_id || '|%')
    AND (d.at, d.fd, d.fn) < (CAST(sqlc.arg(before_at) AS TEXT), CAST(sqlc.arg(before_fd) AS BIGINT), CAST(sqlc.arg(before_fn) AS TEXT))
ORDER BY d.at DESC, d.fd DESC, d.fn DESC LIMIT $3;

-- name: GetDocument :one
SELECT d.*, o.body FROM documents d
LEFT JOIN operations o ON o.journal_id = d.journal_id AND o.key = d.key
WHERE d.organisation_id = $1 AND d.fn = $2 AND d.fd = $3;
