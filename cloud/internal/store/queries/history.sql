-- name: ListHistory :many
SELECT o.till_id, CAST(COALESCE(t.outlet_id, '') AS TEXT) AS outlet_id, CAST(COALESCE(NULLIF(t.title, ''), t.name, '') AS TEXT) AS till,
    CAST(COALESCE(p.name, '') AS TEXT) AS outlet, o.accepted_at, o.key, o.body
FROM operations o LEFT JOIN tills t ON t.id = o.till_id LEFT JOIN outlets p ON p.id = t.outlet_id
WHERE o.organisation_id = $1 AND o.accepted_at >= sqlc.arg(first) AND o.accepted_at < sqlc.arg(before)
    AND (CAST(sqlc.arg(stage) AS INTEGER) = 0 OR o.stage = sqlc.arg(stage))
    AND (CAST(sqlc.arg(scope) AS TEXT) = '*' OR sqlc.arg(scope) LIKE '%|' || o.till_id || '|%' OR sqlc.arg(scope) LIKE '%|' || t.outlet_id || '|%')
    AND (o.accepted_at, o.key) < (CAST(sqlc.arg(before_at) AS BIGINT), CAST(sqlc.arg(before_key) AS TEXT))
ORDER BY o.accepted_at DESC, o.key DESC LIMIT $2;

-- name: ListHistoryOfTill :many
SELECT o.till_id, CAST(COALESCE(t.outlet_id, '') AS TEXT) AS outlet_id, CAST(COALESCE(NULLIF(t.title, ''), t.name, '') AS TEXT) AS till,
    CAST(COALESCE(p.name, '') AS TEXT) AS outlet, o.accepted_at, o.key, o.body
FROM operations o LEFT JOIN tills t ON t.id = o.till_id LEFT JOIN outlets p ON p.id = t.outlet_id
WHERE o.organisation_id = $1 AND o.till_id = sqlc.arg(till_id) AND o.accepted_at >= sqlc.arg(first) AND o.accepted_at < sqlc.arg(before)
    AND (CAST(sqlc.arg(stage) AS INTEGER) = 0 OR o.stage = sqlc.arg(stage))
    AND (CAST(sqlc.arg(scope) AS TEXT) = '*' OR sqlc.arg(scope) LIKE '%|' || o.till_id || '|%' OR sqlc.arg(scope) LIKE '%|' || t.outlet_id || '|%')
    AND (o.accepted_at, o.key) < (CAST(sqlc.arg(before_at) AS BIGINT), CAST(sqlc.arg(before_key) AS TEXT))
ORDER BY o.accepted_at DESC, o.key DESC LIMIT $2;

-- name: ListHistoryCommands :many
SELECT c.id, c.till_id, CAST(COALESCE(t.outlet_id, '') AS TEXT) AS outlet_id, CAST(COALESCE(NULLIF(t.title, ''), t.name, c.till) AS TEXT) AS till,
    CAST(COALESCE(p.name, '') AS TEXT) AS outlet, c.created_at
FROM commands c LEFT JOIN tills t ON t.id = c.till_id LEFT JOIN outlets p ON p.id = t.outlet_id
WHERE c.organisation_id = $1 AND c.created_at >= sqlc.arg(first) AND c.created_at < sqlc.arg(before) AND c.till_id <> ''
    AND (CAST(sqlc.arg(till_id) AS TEXT) = '' OR c.till_id = sqlc.arg(till_id))
    AND (CAST(sqlc.arg(state) AS INTEGER) = 0 OR c.state = sqlc.arg(state))
    AND (CAST(sqlc.arg(scope) AS TEXT) = '*' OR sqlc.arg(scope) LIKE '%|' || c.till_id || '|%' OR sqlc.arg(scope) LIKE '%|' || t.outlet_id || '|%')
    AND (c.created_at, c.id) < (CAST(sqlc.arg(before_at) AS BIGINT), CAST(sqlc.arg(before_id) AS TEXT))
ORDER BY c.created_at DESC, c.id DESC LIMIT $2;

-- name: ListNumbersOfShift :many
SELECT fd, type, source FROM documents WHERE organisation_id = $1 AND fn = $2 AND fd >= sqlc.arg(first) AND fd <= sqlc.arg(last) ORDER BY fd LIMIT $3;

-- name: NewestReceipts :many
SELECT t.id, t.outlet_id, CAST(COALESCE((SELECT d.at FROM documents d WHERE d.till_id = t.id AND d.type IN (3, 4) ORDER BY d.at DESC, d.fd DESC LIMIT 1), '') AS TEXT) AS at
FROM tills t WHERE t.organisation_id = $1;
