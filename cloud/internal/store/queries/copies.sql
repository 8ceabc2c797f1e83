-- name: ClaimDocument :exec
UPDATE documents SET journal_id = $1, key = $2 WHERE organisation_id = $3 AND fn = $4 AND fd = $5 AND fp = $6 AND key = '';

-- name: GetCopy :one
SELECT body, stored_at FROM copies WHERE organisation_id = $1 AND fn = $2 AND fd = $3 AND NOT aside
ORDER BY stored_at, digest LIMIT 1;

-- name: CountCopies :one
SELECT COUNT(*) FROM copies WHERE organisation_id = $1 AND fn = $2 AND fd = $3;
