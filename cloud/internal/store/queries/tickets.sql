-- name: OpenTicket :execrows
INSERT INTO tickets (organisation_id, id, till_id, agent_id, text, run, bundle, opened_at, received_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (organisation_id, id) DO NOTHING;

-- name: TicketOwner :one
SELECT agent_id FROM tickets WHERE organisation_id = $1 AND id = $2;

-- name: ListTickets :many
SELECT x.id, x.till_id, CAST(COALESCE(t.outlet_id, '') AS TEXT) AS outlet_id, x.text, x.opened_at, x.closed_at, x.closed_by, x.resolution
FROM tickets x LEFT JOIN tills t ON t.id = x.till_id
WHERE x.organisation_id = $1 AND x.closed_at <= sqlc.arg(closed_until)
  AND (x.till_id = sqlc.arg(till_id) OR CAST(sqlc.arg(till_id) AS TEXT) = '')
  AND (CAST(sqlc.arg(scope) AS TEXT) = '*' OR sqlc.arg(scope) LIKE '%|' || x.till_id || '|%' OR sqlc.arg(scope) LIKE '%|' || t.outlet_id || '|%')
ORDER BY CASE WHEN x.closed_at = 0 THEN 0 ELSE 1 END, x.opened_at DESC, x.id LIMIT sqlc.arg(most);

-- name: GetTicket :one
SELECT * FROM tickets WHERE organisation_id = $1 AND id = $2;

-- name: CloseTicket :execrows
UPDATE tickets SET closed_at = $3, closed_by = $4, resolution = $5
WHERE organisation_id = $1 AND id = $2 AND closed_at = 0;

-- name: MoveTickets :exec
UPDATE tickets SET till_id = sqlc.arg(heir) WHERE till_id = $1;
