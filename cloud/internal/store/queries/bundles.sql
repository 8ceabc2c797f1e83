-- name: PutCommandBundle :execrows
INSERT INTO command_bundles (organisation_id, command_id, bundle, received_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (organisation_id, command_id) DO NOTHING;

-- name: SetBundleSize :exec
UPDATE commands SET bundle_size = $3 WHERE organisation_id = $1 AND id = $2;

-- name: GetCommandBundle :one
SELECT bundle, received_at FROM command_bundles WHERE organisation_id = $1 AND command_id = $2;

-- name: ListOldBundles :many
SELECT id FROM commands WHERE organisation_id = $1 AND till_id = $2 AND bundle_size > 0
ORDER BY created_at DESC, id DESC LIMIT 100 OFFSET sqlc.arg(kept);

-- name: DeleteCommandBundle :exec
DELETE FROM command_bundles WHERE organisation_id = $1 AND command_id = $2;
