-- name: ListThresholds :many
SELECT level, node_id, metric, warn, critical FROM thresholds WHERE organisation_id = $1;

-- name: ListThresholdsOfNode :many
SELECT level, node_id, metric, warn, critical FROM thresholds
WHERE organisation_id = $1 AND (level = 1 OR level = 2 AND node_id = sqlc.arg(outlet_id) OR level = 3 AND node_id = sqlc.arg(till_id));

-- name: PutThreshold :exec
INSERT INTO thresholds (organisation_id, level, node_id, metric, warn, critical) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (organisation_id, level, node_id, metric) DO UPDATE SET warn = excluded.warn, critical = excluded.critical;

-- name: DeleteThreshold :exec
DELETE FROM thresholds WHERE organisation_id = $1 AND level = $2 AND node_id = $3 AND metric = $4;

-- name: ListWorkingHours :many
SELECT level, node_id, begins, ends FROM working_hours WHERE organisation_id = $1;

-- name: PutWorkingHours :exec
INSERT INTO working_hours (organisation_id, level, node_id, begins, ends) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (organisation_id, level, node_id) DO UPDATE SET begins = excluded.begins, ends = excluded.ends;

-- name: DeleteWorkingHours :exec
DELETE FROM working_hours WHERE organisation_id = $1 AND level = $2 AND node_id = $3;

-- name: SetContract :execrows
UPDATE tills SET ofd_contract = $3 WHERE organisation_id = $1 AND id = $2;

-- name: GetOutlet :one
SELECT id, name FROM outlets WHERE organisation_id = $1 AND id = $2;
