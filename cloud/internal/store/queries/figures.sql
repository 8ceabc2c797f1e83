-- name: MoveShiftSums :exec
INSERT INTO shift_sums (organisation_id, fn, number, till_id, outlet_id, correction, kind, receipts, total, cash, electronic, prepaid, credit, barter, positions)
SELECT organisation_id, fn, number, CAST(sqlc.arg(heir) AS TEXT), outlet_id, correction, kind, receipts, total, cash, electronic, prepaid, credit, barter, positions
FROM shift_sums AS moved WHERE moved.till_id = $1
ON CONFLICT (organisation_id, fn, number, till_id, outlet_id, correction, kind) DO UPDATE SET
    receipts = shift_sums.receipts + excluded.receipts, total = shift_sums.total + excluded.total, cash = shift_sums.cash + excluded.cash,
    electronic = shift_sums.electronic + excluded.electronic, prepaid = shift_sums.prepaid + excluded.prepaid, credit = shift_sums.credit + excluded.credit,
    barter = shift_sums.barter + excluded.barter, positions = shift_sums.positions + excluded.positions;

-- name: DeleteShiftSums :exec
DELETE FROM shift_sums WHERE till_id = $1;

-- name: MoveRevenue :exec
INSERT INTO revenue (organisation_id, node, grain, span, correction, kind, receipts, total, cash, electronic, prepaid, credit, barter, positions)
SELECT organisation_id, CAST(sqlc.arg(heir) AS TEXT), grain, span, correction, kind, receipts, total, cash, electronic, prepaid, credit, barter, positions
FROM revenue AS moved WHERE moved.organisation_id = (SELECT t.organisation_id FROM tills t WHERE t.id = $1) AND moved.node = $1
ON CONFLICT (organisation_id, node, grain, span, correction, kind) DO UPDATE SET
    receipts = revenue.receipts + excluded.receipts, total = revenue.total + excluded.total, cash = revenue.cash + excluded.cash,
    electronic = revenue.electronic + excluded.electronic, prepaid = revenue.prepaid + excluded.prepaid, credit = revenue.credit + excluded.credit,
    barter = revenue.barter + excluded.barter, positions = revenue.positions + excluded.positions;

-- name: DeleteRevenue :exec
DELETE FROM revenue WHERE organisation_id = (SELECT t.organisation_id FROM tills t WHERE t.id = $1) AND node = $1;

-- name: ReadDocument :one
SELECT sqlc.embed(d), CAST(COALESCE(c.name, '') AS TEXT) AS cashier_name FROM documents d
LEFT JOIN cashiers c ON c.id = d.cashier
WHERE d.organisation_id = $1 AND d.fn = $2 AND d.fd = $3;

-- name: ListPositions :many
SELECT p.quantity, p.price, p.sum, r.name FROM positions p JOIN products r ON r.id = p.product_id
WHERE p.memory_id = $1 AND p.fd = $2 ORDER BY p.line;

-- name: DeletePositions :exec
DELETE FROM positions WHERE memory_id = $1 AND fd = $2;

-- name: ChangeDocument :execrows
UPDATE documents SET journal_id = sqlc.arg(journal_id), key = sqlc.arg(key), type = sqlc.arg(type), kind = sqlc.arg(kind), at = sqlc.arg(at),
    total = sqlc.arg(total), shift = sqlc.arg(shift), receipt = sqlc.arg(receipt), outlet_id = sqlc.arg(outlet_id), source = sqlc.arg(source),
    class = sqlc.arg(class), cash = sqlc.arg(cash), electronic = sqlc.arg(electronic), prepaid = sqlc.arg(prepaid), credit = sqlc.arg(credit),
    barter = sqlc.arg(barter), vat = sqlc.arg(vat), cashier = sqlc.arg(cashier), buyer = sqlc.arg(buyer), positions = sqlc.arg(positions),
    paper = sqlc.arg(paper), ofd = sqlc.arg(ofd), revision = sqlc.arg(revision)
WHERE organisation_id = $1 AND fn = $2 AND fd = $3 AND key = sqlc.arg(was_key) AND source = sqlc.arg(was_source) AND revision = sqlc.arg(was_revision)
    AND shift = sqlc.arg(was_shift) AND at = sqlc.arg(was_at);

-- name: ListOutlets :many
SELECT id, name FROM outlets WHERE organisation_id = $1 ORDER BY name, id;

-- name: ListTillOutlets :many
SELECT id, outlet_id FROM tills WHERE organisation_id = $1;

-- name: ListShiftSums :many
SELECT * FROM shift_sums WHERE organisation_id = $1 AND fn = $2 AND number = $3 ORDER BY till_id, outlet_id, correction, kind;

-- name: SetTracks :exec
UPDATE documents SET journal_id = sqlc.arg(journal_id), key = sqlc.arg(key), paper = sqlc.arg(paper), ofd = sqlc.arg(ofd), revision = sqlc.arg(revision)
WHERE organisation_id = $1 AND fn = $2 AND fd = $3 AND (key = '' OR key = sqlc.arg(key) AND revision < sqlc.arg(revision));
