-- name: ListMaintenance :many
SELECT * FROM till_maintenance WHERE organisation_id = $1 AND until_at > sqlc.arg(now);

-- name: PutMaintenance :exec
INSERT INTO till_maintenance (till_id, organisation_id, began_at, until_at, person_id, actor, reason) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (till_id) DO UPDATE SET organisation_id = excluded.organisation_id, began_at = excluded.began_at, until_at = excluded.until_at,
    person_id = excluded.person_id, actor = excluded.actor, reason = excluded.reason;

-- name: EndMaintenance :execrows
DELETE FROM till_maintenance WHERE organisation_id = $1 AND till_id = $2 AND until_at > sqlc.arg(now);

-- name: ListMaintenanceOver :many
SELECT m.*, COALESCE(NULLIF(t.title, ''), t.name, '') AS till FROM till_maintenance m LEFT JOIN tills t ON t.id = m.till_id
WHERE m.until_at <= sqlc.arg(now) ORDER BY m.until_at, m.till_id LIMIT 500;

-- name: DropMaintenance :execrows
DELETE FROM till_maintenance WHERE till_id = $1 AND until_at = $2;

-- name: MoveMaintenance :exec
UPDATE till_maintenance SET till_id = sqlc.arg(heir) WHERE till_maintenance.till_id = $1
AND NOT EXISTS (SELECT 1 FROM till_maintenance o WHERE o.till_id = sqlc.arg(heir));
