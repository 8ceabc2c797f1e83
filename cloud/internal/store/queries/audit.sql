-- name: BeginAudit :exec
INSERT INTO audit_heads (organisation_id, number, hash) VALUES ($1, 0, sqlc.arg(hash)) ON CONFLICT (organisation_id) DO NOTHING;

-- name: NextAudit :one
UPDATE audit_heads SET number = number + 1 WHERE organisation_id = $1 RETURNING number, hash;

-- name: AddAudit :exec
INSERT INTO audit (organisation_id, number, created_at, actor_id, actor, address, browser, act, object, name, old, new, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: SetAuditHead :exec
UPDATE audit_heads SET hash = $2 WHERE organisation_id = $1;

-- name: GetAuditHead :one
SELECT number, hash FROM audit_heads WHERE organisation_id = $1;

-- name: ListAuditHeads :many
SELECT organisation_id, number FROM audit_heads ORDER BY organisation_id;

-- name: ListAudit :many
SELECT * FROM audit
WHERE organisation_id = sqlc.arg(organisation_id) AND number < sqlc.arg(before)
  AND (CAST(sqlc.arg(actor) AS TEXT) = '' OR actor = CAST(sqlc.arg(actor) AS TEXT))
  AND (CAST(sqlc.arg(act) AS TEXT) = '' OR act = CAST(sqlc.arg(act) AS TEXT))
  AND (CAST(sqlc.arg(object) AS TEXT) = '' OR object = CAST(sqlc.arg(object) AS TEXT))
  AND created_at >= sqlc.arg(since) AND created_at < sqlc.arg(until)
ORDER BY number DESC LIMIT sqlc.arg(page);

-- name: ReadAudit :many
SELECT * FROM audit WHERE organisation_id = $1 AND number > sqlc.arg(after) ORDER BY number LIMIT sqlc.arg(page);

-- name: ListAuditActors :many
SELECT DISTINCT actor FROM audit WHERE organisation_id = $1 AND actor <> '' ORDER BY actor LIMIT 500;

-- name: ListAuditActs :many
SELECT DISTINCT act FROM audit WHERE organisation_id = $1 ORDER BY act;
