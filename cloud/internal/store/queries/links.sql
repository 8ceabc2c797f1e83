-- name: PutLinkKey :exec
INSERT INTO link_keys (id, secret) VALUES (1, $1) ON CONFLICT (id) DO NOTHING;

-- name: GetLinkKey :one
SELECT secret FROM link_keys WHERE id = 1;

-- name: CreateReceiptLink :exec
INSERT INTO receipt_links (organisation_id, id, hash, fn, fd, person_id, person, created_at, expires_at, way, sent_to)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: ListReceiptLinks :many
SELECT * FROM receipt_links WHERE organisation_id = $1 AND fn = $2 AND fd = $3 ORDER BY created_at DESC, id DESC LIMIT 100;

-- name: GetReceiptLink :one
SELECT * FROM receipt_links WHERE organisation_id = $1 AND id = $2;

-- name: FindReceiptLink :one
SELECT * FROM receipt_links WHERE hash = $1;

-- name: RevokeReceiptLink :execrows
UPDATE receipt_links SET revoked_at = sqlc.arg(now) WHERE organisation_id = $1 AND id = $2 AND revoked_at = 0;

-- name: OpenReceiptLink :exec
UPDATE receipt_links SET opened = opened + 1, opened_at = sqlc.arg(now) WHERE hash = $1;
