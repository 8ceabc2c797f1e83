-- name: CountPeople :one
SELECT COUNT(*) FROM people;

-- name: CreateOrganisation :exec
INSERT INTO organisations (id, name, created_at) VALUES ($1, $2, $3);

-- name: FirstOrganisation :one
SELECT id, name FROM organisations ORDER BY created_at, id LIMIT 1;

-- name: CreatePerson :exec
INSERT INTO people (id, login, folded, name, password, created_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: CreateMembership :exec
INSERT INTO memberships (organisation_id, person_id, created_at) VALUES ($1, $2, $3);

-- name: Assign :exec
INSERT INTO assignments (organisation_id, person_id, role, node_id, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (organisation_id, person_id, role, node_id) DO NOTHING;

-- name: SetPassword :execrows
UPDATE people SET password = $2, password_at = sqlc.arg(now) WHERE id = $1;

-- name: GetSession :one
SELECT s.organisation_id, s.person_id, s.device_id, d.seen_at, d.proven_at, p.login, p.name, p.language, p.terms, p.totp_at,
    CAST((SELECT COUNT(*) FROM passkeys k WHERE k.person_id = p.id) AS BIGINT) AS passkeys,
    CAST((SELECT COUNT(*) FROM memberships m JOIN organisations o ON o.id = m.organisation_id
        WHERE m.person_id = p.id AND m.blocked_at = 0 AND o.factor_required > 0) AS BIGINT) AS required
FROM sessions s
JOIN devices d ON d.id = s.device_id
JOIN people p ON p.id = s.person_id
WHERE s.token = $1 AND s.expires_at > sqlc.arg(now);

-- name: DeleteExpiredSessions :exec
DELETE FROM sessions WHERE expires_at <= sqlc.arg(now);

-- name: PutOutlet :one
INSERT INTO outlets (id, organisation_id, name, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (organisation_id, name) DO UPDATE SET name = excluded.name
RETURNING id;

-- name: CreateEnrolmentCode :exec
INSERT INTO enrolment_codes (hash, organisation_id, outlet_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5);

-- name: UseEnrolmentCode :one
UPDATE enrolment_codes SET used_at = sqlc.arg(now), agent_id = sqlc.arg(agent_id)
WHERE hash = $1 AND used_at = 0 AND expires_at > sqlc.arg(now)
RETURNING organisation_id, outlet_id;

-- name: DeleteOldEnrolmentCodes :exec
DELETE FROM enrolment_codes WHERE expires_at <= sqlc.arg(before);

-- name: CreateAgent :exec
INSERT INTO agents (id, organisation_id, outlet_id, host, version, created_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: GetAgent :one
SELECT a.id, a.organisation_id, a.outlet_id, a.host, a.revoked_at, a.heard_at, a.instance, a.certificate, a.certificate_before, o.name AS organisation
FROM agents a JOIN organisations o ON o.id = a.organisation_id
WHERE a.id = $1;
