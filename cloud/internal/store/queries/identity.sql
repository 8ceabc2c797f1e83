-- name: ListAgents :many
SELECT a.id, a.host, a.version, a.platform, a.created_at, a.heard_at, a.revoked_at, a.certificate_ends_at, a.outlet_id, o.name AS outlet
FROM agents a JOIN outlets o ON o.id = a.outlet_id
WHERE a.organisation_id = $1
ORDER BY o.name, a.host, a.id;

-- name: ListTillNames :many
SELECT id, agent_id, outlet_id, name FROM tills WHERE organisation_id = $1 AND agent_id <> '' ORDER BY name, id;

-- name: RevokeAgent :execrows
UPDATE agents SET revoked_at = sqlc.arg(now), revoked_by = sqlc.arg(revoked_by) WHERE organisation_id = $1 AND id = $2 AND revoked_at = 0;

-- name: ListRevokedSince :many
SELECT id FROM agents WHERE revoked_at <> 0 AND revoked_at > sqlc.arg(since);

-- name: SetAgentIdentity :exec
UPDATE agents SET platform = $2, instance = $3 WHERE id = $1;

-- name: SetCertificate :exec
UPDATE agents SET certificate = $2, certificate_before = $3, certificate_ends_at = $4 WHERE id = $1;

-- name: ShowCertificate :execrows
UPDATE agents SET certificate_before = '' WHERE id = $1 AND certificate = $2 AND certificate_before <> '';

-- name: NoteCertificate :execrows
UPDATE agents SET certificate = $2, certificate_ends_at = $3 WHERE id = $1 AND certificate = '';

-- name: ListPrograms :many
SELECT * FROM agent_programs WHERE agent_id = $1 ORDER BY began_at, id;

-- name: ListRivals :many
SELECT * FROM agent_programs WHERE organisation_id = $1 AND returned_at <> 0 ORDER BY agent_id, began_at, id;

-- name: PutProgram :exec
INSERT INTO agent_programs (organisation_id, agent_id, id, token, instance, host, address, began_at, heard_at, returned_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (agent_id, id) DO UPDATE SET token = excluded.token, instance = excluded.instance, host = excluded.host,
    address = excluded.address, heard_at = excluded.heard_at, returned_at = excluded.returned_at;

-- name: DeleteProgram :exec
DELETE FROM agent_programs WHERE agent_id = $1 AND id = $2;

-- name: LeavePrograms :execrows
DELETE FROM agent_programs
WHERE organisation_id = $1 AND agent_id <> sqlc.arg(agent_id) AND (token = sqlc.arg(token) AND token <> '' OR instance = sqlc.arg(instance));
