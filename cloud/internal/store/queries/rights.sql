-- name: GetWorkplace :one
SELECT o.id, o.name, o.kind, o.country, m.seen_at
FROM memberships m JOIN organisations o ON o.id = m.organisation_id
WHERE m.person_id = $1 AND m.organisation_id = $2 AND m.blocked_at = 0;

-- name: ListWorkplaces :many
SELECT o.id, o.name, o.kind, o.country, m.seen_at
FROM memberships m JOIN organisations o ON o.id = m.organisation_id
WHERE m.person_id = $1 AND m.blocked_at = 0
ORDER BY o.name, o.id;

-- name: ListAssignedRights :many
SELECT a.role, a.node_id, CAST(COALESCE(r.permissions, '') AS TEXT) AS permissions
FROM assignments a LEFT JOIN roles r ON r.id = a.role AND r.organisation_id = a.organisation_id
WHERE a.organisation_id = $1 AND a.person_id = $2
ORDER BY a.node_id, a.role;

-- name: GetRolePermissions :one
SELECT permissions FROM roles WHERE organisation_id = $1 AND id = $2;

-- name: ListLiveGrants :many
SELECT g.organisation_id, g.node_id, o.name AS organisation
FROM service_grants g JOIN organisations o ON o.id = g.organisation_id
WHERE g.service_id = $1 AND g.given_at <> 0 AND g.revoked_at = 0 AND (g.ends_at = 0 OR g.ends_at > sqlc.arg(now))
ORDER BY o.name, g.organisation_id, g.node_id;

-- name: MakeKey :exec
INSERT INTO api_keys (id, organisation_id, name, hash, hint, role, node_id, created_at, created_by, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: GetLiveKey :one
SELECT k.id, k.organisation_id, k.name, k.role, k.node_id, k.seen_at, o.name AS organisation, o.kind, o.country
FROM api_keys k JOIN organisations o ON o.id = k.organisation_id
WHERE k.hash = $1 AND k.revoked_at = 0 AND (k.expires_at = 0 OR k.expires_at > sqlc.arg(now));

-- name: TouchKey :exec
UPDATE api_keys SET seen_at = sqlc.arg(now) WHERE id = $1 AND seen_at < sqlc.arg(now);

-- name: ListOutletPlaces :many
SELECT id, department_id FROM outlets WHERE organisation_id = $1;

-- name: LastMove :one
SELECT CAST(COALESCE(MAX(created_at), 0) AS BIGINT) AS moved_at FROM till_stays WHERE till_id = $1 AND since <> '';

-- name: GetShiftPlace :one
SELECT outlet_id, till_id FROM shifts WHERE organisation_id = $1 AND fn = $2 AND number = $3;

-- name: SumMoved :many
SELECT CAST(x.span AS TEXT) AS span, CAST(x.correction AS INTEGER) AS correction, x.kind, CAST(COUNT(*) AS BIGINT) AS receipts,
    CAST(SUM(x.total) AS BIGINT) AS total, CAST(SUM(x.cash) AS BIGINT) AS cash, CAST(SUM(x.electronic) AS BIGINT) AS electronic,
    CAST(SUM(x.prepaid) AS BIGINT) AS prepaid, CAST(SUM(x.credit) AS BIGINT) AS credit, CAST(SUM(x.barter) AS BIGINT) AS barter,
    CAST(SUM(x.positions) AS BIGINT) AS positions
FROM (
    SELECT CASE CAST(sqlc.arg(grain) AS INTEGER) WHEN 1 THEN substr(d.at, 1, 13) WHEN 3 THEN COALESCE(NULLIF(s.day, ''), substr(d.at, 1, 10))
            ELSE substr(d.at, 1, 10) END AS span,
        CASE WHEN d.type IN (31, 41) THEN 1 ELSE 0 END AS correction,
        d.kind, d.total, d.cash, d.electronic, d.prepaid, d.credit, d.barter, d.positions
    FROM documents d LEFT JOIN shifts s ON s.organisation_id = d.organisation_id AND s.fn = d.fn AND s.number = d.shift AND d.shift <> 0
    WHERE d.organisation_id = $1 AND d.till_id = $2 AND d.type IN (3, 4, 31, 41) AND d.kind BETWEEN 1 AND 4 AND d.source <> -1
        AND CASE WHEN CAST(sqlc.arg(scope) AS TEXT) LIKE '%|' || d.outlet_id || '|%' THEN CAST(sqlc.arg(inside) AS BOOLEAN)
            ELSE NOT CAST(sqlc.arg(inside) AS BOOLEAN) END
) AS x WHERE x.span >= CAST(sqlc.arg(first) AS TEXT) AND x.span < CAST(sqlc.arg(before) AS TEXT)
GROUP BY x.span, x.correction, x.kind ORDER BY x.span, x.correction, x.kind;
