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

-- name: ListStored :many
SELECT sqlc.embed(d), CAST(COALESCE(c.name, '') AS TEXT) AS cashier_name, o.body AS operation,
    (SELECT x.body FROM copies x WHERE x.organisation_id = d.organisation_id AND x.fn = d.fn AND x.fd = d.fd AND NOT x.aside
     ORDER BY CASE WHEN length(x.body) = 0 THEN 1 ELSE 0 END, x.stored_at, x.digest LIMIT 1) AS copied
FROM documents d
LEFT JOIN cashiers c ON c.id = d.cashier
LEFT JOIN operations o ON o.journal_id = d.journal_id AND o.key = d.key AND d.key <> ''
WHERE (d.organisation_id, d.fn, d.fd) > (CAST(sqlc.arg(after_organisation) AS TEXT), CAST(sqlc.arg(after_fn) AS TEXT), CAST(sqlc.arg(after_fd) AS BIGINT))
    AND (CAST(sqlc.arg(any_source) AS BOOLEAN) OR d.source = -1)
ORDER BY d.organisation_id, d.fn, d.fd LIMIT $1;

-- name: CountUnread :one
SELECT COUNT(*) FROM documents WHERE source = -1;

-- name: CountPositions :one
SELECT COUNT(*) FROM positions;

-- name: ListPositionRange :many
SELECT p.fd, p.at, p.product_id, p.quantity, p.price, p.sum, CAST(COALESCE(r.name, '') AS TEXT) AS name FROM positions p
LEFT JOIN products r ON r.id = p.product_id
WHERE p.memory_id = $1 AND p.fd BETWEEN sqlc.arg(first) AND sqlc.arg(last) ORDER BY p.fd, p.line;

-- name: UnreadDocuments :exec
UPDATE documents SET source = -1 WHERE source <> -1;

-- name: EmptyShifts :exec
UPDATE shifts SET receipts = 0, sales = 0, sale_returns = 0, purchases = 0, purchase_returns = 0, corrections = 0, first_at = '', day = '';

-- name: EmptyPositions :exec
DELETE FROM positions;

-- name: EmptyShiftSums :exec
DELETE FROM shift_sums;

-- name: EmptyRevenue :exec
DELETE FROM revenue;

-- name: EmptyProductDays :exec
DELETE FROM product_days;

-- name: AllShifts :many
SELECT * FROM shifts;

-- name: AllShiftSums :many
SELECT * FROM shift_sums;

-- name: AllRevenue :many
SELECT * FROM revenue;

-- name: AllProductDays :many
SELECT * FROM product_days;
