-- name: ListCopyCursors :many
SELECT t.fn, CAST(COALESCE((
    SELECT c.fd FROM copies c WHERE c.organisation_id = t.organisation_id AND c.fn = t.fn AND NOT c.aside ORDER BY c.fd DESC LIMIT 1
), 0) AS BIGINT) AS fd
FROM tills t WHERE t.agent_id = $1 AND t.organisation_id = $2 AND t.fn <> '';

-- name: GetRegistrationCopy :one
SELECT c.body FROM documents d JOIN copies c ON c.organisation_id = d.organisation_id AND c.fn = d.fn AND c.fd = d.fd AND NOT c.aside
WHERE d.organisation_id = $1 AND d.fn = $2 AND d.type IN (1, 11)
ORDER BY CASE WHEN d.fd <= $3 THEN 0 ELSE 1 END, d.fd DESC LIMIT 1;

-- name: GetCopy :one
SELECT body, stored_at FROM copies WHERE organisation_id = $1 AND fn = $2 AND fd = $3 AND NOT aside
ORDER BY CASE WHEN length(body) = 0 THEN 1 ELSE 0 END, stored_at, digest LIMIT 1;

-- name: CountCopies :one
SELECT COUNT(*) FROM copies WHERE organisation_id = $1 AND fn = $2 AND fd = $3 AND (aside OR length(body) > 0);
