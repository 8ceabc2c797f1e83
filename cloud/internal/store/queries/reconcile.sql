-- name: ListDocumentsBetween :many
SELECT fn, fd, fp, type, kind, at, total, shift, receipt, till_id, outlet_id FROM documents
WHERE organisation_id = $1 AND fn = $2 AND fd >= sqlc.arg(first) AND fd <= sqlc.arg(last) ORDER BY fd;
