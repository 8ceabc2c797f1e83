-- name: TellFinds :exec
UPDATE agents SET strangers = $2 WHERE id = $1 AND strangers <> $2;

-- name: OrderAgentCommand :execrows
INSERT INTO commands (organisation_id, id, till_id, agent_id, till, action, state, actor, created_at, expires_at, address, settings, device, outlet_id)
VALUES ($1, $2, '', $3, '', $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (organisation_id, id) DO NOTHING;

-- name: ListSearches :many
SELECT * FROM commands WHERE agent_id = $1 AND action = 20 ORDER BY created_at DESC, id DESC LIMIT 1;

-- name: ListAdoptions :many
SELECT * FROM commands WHERE agent_id = $1 AND action = 21 ORDER BY created_at DESC, id DESC LIMIT 200;

-- name: SetCommandTill :exec
UPDATE commands SET till_id = $3, till = $4 WHERE organisation_id = $1 AND id = $2;

-- name: InheritTitle :exec
UPDATE tills SET title = (SELECT h.title FROM tills h WHERE h.id = sqlc.arg(from_id))
WHERE tills.id = sqlc.arg(heir) AND EXISTS (SELECT 1 FROM tills h WHERE h.id = sqlc.arg(from_id) AND h.title <> '');

-- name: HoldAgent :exec
UPDATE agents SET id = id WHERE id = $1;

-- name: InheritSettings :exec
UPDATE till_settings SET till_id = sqlc.arg(heir) WHERE till_settings.till_id = $1 AND NOT EXISTS (SELECT 1 FROM till_settings h WHERE h.till_id = sqlc.arg(heir));

-- name: ListHeldTills :many
SELECT id, name, title, driver, serial FROM tills WHERE agent_id = $1 ORDER BY name;
