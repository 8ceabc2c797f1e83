-- name: ListTillViews :many
SELECT id, name, query FROM till_views WHERE person_id = $1 AND organisation_id = $2 ORDER BY name LIMIT 100;

-- name: CountTillViews :one
SELECT COUNT(*) FROM till_views WHERE person_id = $1 AND organisation_id = $2 AND name <> sqlc.arg(name);

-- name: SaveTillView :one
INSERT INTO till_views (id, organisation_id, person_id, name, query) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (person_id, organisation_id, name) DO UPDATE SET query = excluded.query
RETURNING id;

-- name: DeleteTillView :execrows
DELETE FROM till_views WHERE id = $1 AND person_id = $2 AND organisation_id = $3;
