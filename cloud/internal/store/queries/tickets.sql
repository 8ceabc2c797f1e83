-- name: OpenTicket :execrows
INSERT INTO tickets (organisation_id, id, till_id, agent_id, text, run, bundle, opened_at, received_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (organisation_id, id) DO NOTHING;

-- name: TicketOwner :one
SELECT agent_id FROM tickets WHERE organisation_id = $1 AND id = $2;

-- name: ListTickets :many
SELECT id, till_id, text, opened_at, closed_at, closed_by, resolution FROM tickets
WHERE organisation_id = $1 AND closed_at <= sqlc.arg(closed_until)
  AND (till_id = sqlc.arg(till_id) OR CAST(sqlc.arg(till_id) AS TEXT) = '')
ORDER BY CASE WHEN closed_at = 0 THEN 0 ELSE 1 END, opened_at DESC, id LIMIT sqlc.arg(most);

-- name: GetTicket :one
SELECT * FROM tickets WHERE organisation_id = $1 AND id = $2;

-- name: CloseTicket :execrows
UPDATE tickets SET closed_at = $3, closed_by = $4, resolution = $5
WHERE organisation_id = $1 AND id = $2 AND closed_at = 0;

-- name: MoveTickets :exec
UPDATE tickets SET till_id = sqlc.arg(heir) WHERE till_id = $1;
