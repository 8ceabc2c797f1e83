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

-- name: ListNamedMemories :many
SELECT fn FROM memories WHERE organisation_id = $1 AND rnm = $2 AND rnm <> '';

-- name: FindCashiers :many
SELECT id FROM cashiers WHERE organisation_id = $1 AND folded LIKE CAST(sqlc.arg(pattern) AS TEXT) ESCAPE '\' ORDER BY folded, id LIMIT $2;

-- name: FindProducts :many
SELECT id FROM products WHERE organisation_id = $1 AND folded LIKE CAST(sqlc.arg(pattern) AS TEXT) ESCAPE '\' ORDER BY folded, id LIMIT $2;

-- name: FindKey :many
SELECT o.body FROM journals j JOIN operations o ON o.journal_id = j.id AND o.key = sqlc.arg(key)
WHERE j.organisation_id = $1 LIMIT 100;

-- name: SumRevenueOfOutlets :many
SELECT o.id, o.name, r.correction, r.kind, CAST(SUM(r.receipts) AS BIGINT) AS receipts, CAST(SUM(r.total) AS BIGINT) AS total, CAST(SUM(r.cash) AS BIGINT) AS cash,
    CAST(SUM(r.electronic) AS BIGINT) AS electronic, CAST(SUM(r.prepaid) AS BIGINT) AS prepaid, CAST(SUM(r.credit) AS BIGINT) AS credit,
    CAST(SUM(r.barter) AS BIGINT) AS barter, CAST(SUM(r.positions) AS BIGINT) AS positions
FROM outlets o JOIN revenue r ON r.organisation_id = o.organisation_id AND r.node = o.id AND r.grain = $2 AND r.span >= sqlc.arg(first) AND r.span < sqlc.arg(before)
WHERE o.organisation_id = $1
GROUP BY o.id, o.name, r.correction, r.kind ORDER BY o.id, r.correction, r.kind;

-- name: SumRevenueOfTills :many
SELECT t.id, CAST(COALESCE(NULLIF(t.title, ''), t.name) AS TEXT) AS name, o.name AS outlet, t.outlet_id, r.correction, r.kind, CAST(SUM(r.receipts) AS BIGINT) AS receipts, CAST(SUM(r.total) AS BIGINT) AS total, CAST(SUM(r.cash) AS BIGINT) AS cash,
    CAST(SUM(r.electronic) AS BIGINT) AS electronic, CAST(SUM(r.prepaid) AS BIGINT) AS prepaid, CAST(SUM(r.credit) AS BIGINT) AS credit,
    CAST(SUM(r.barter) AS BIGINT) AS barter, CAST(SUM(r.positions) AS BIGINT) AS positions
FROM tills t JOIN outlets o ON o.id = t.outlet_id
JOIN revenue r ON r.organisation_id = t.organisation_id AND r.node = t.id AND r.grain = $2 AND r.span >= sqlc.arg(first) AND r.span < sqlc.arg(before)
WHERE t.organisation_id = $1
GROUP BY t.id, t.title, t.name, o.name, t.outlet_id, r.correction, r.kind ORDER BY t.id, r.correction, r.kind;

-- name: GetOutletOfTill :one
SELECT outlet_id FROM tills WHERE organisation_id = $1 AND id = $2;

-- name: ListShifts :many
SELECT sqlc.embed(s), CAST(COALESCE(NULLIF(t.title, ''), t.name, '') AS TEXT) AS till, CAST(COALESCE(o.name, '') AS TEXT) AS outlet, CAST(COALESCE(c.name, '') AS TEXT) AS opened_by
FROM shifts s LEFT JOIN tills t ON t.id = s.till_id LEFT JOIN outlets o ON o.id = s.outlet_id LEFT JOIN cashiers c ON c.id = s.cashier
WHERE s.organisation_id = $1 AND s.day >= sqlc.arg(first) AND s.day < sqlc.arg(before)
    AND (CAST(sqlc.arg(outlet_id) AS TEXT) = '' OR s.outlet_id = sqlc.arg(outlet_id))
    AND (CAST(sqlc.arg(till_id) AS TEXT) = '' OR s.till_id = sqlc.arg(till_id))
    AND (NOT CAST(sqlc.arg(only_open) AS BOOLEAN) OR s.closed_at = '')
    AND (CAST(sqlc.arg(scope) AS TEXT) = '*' OR sqlc.arg(scope) LIKE '%|' || s.till_id || '|%' OR sqlc.arg(scope) LIKE '%|' || s.outlet_id || '|%')
    AND (s.day, s.fn, s.number) < (CAST(sqlc.arg(before_day) AS TEXT), CAST(sqlc.arg(before_fn) AS TEXT), CAST(sqlc.arg(before_number) AS BIGINT))
ORDER BY s.day DESC, s.fn DESC, s.number DESC LIMIT $2;

-- name: GetShiftRow :one
SELECT sqlc.embed(s), CAST(COALESCE(NULLIF(t.title, ''), t.name, '') AS TEXT) AS till, CAST(COALESCE(o.name, '') AS TEXT) AS outlet, CAST(COALESCE(c.name, '') AS TEXT) AS opened_by
FROM shifts s LEFT JOIN tills t ON t.id = s.till_id LEFT JOIN outlets o ON o.id = s.outlet_id LEFT JOIN cashiers c ON c.id = s.cashier
WHERE s.organisation_id = $1 AND s.fn = $2 AND s.number = $3;

-- name: ListProducts :many
SELECT p.name, x.sold, x.returned, x.sold_quantity, x.returned_quantity, x.lines FROM (
    SELECT d.product_id,
        CAST(SUM(CASE WHEN d.kind = 1 THEN d.sum ELSE 0 END) AS BIGINT) AS sold, CAST(SUM(CASE WHEN d.kind = 2 THEN d.sum ELSE 0 END) AS BIGINT) AS returned,
        CAST(SUM(CASE WHEN d.kind = 1 THEN d.quantity ELSE 0 END) AS BIGINT) AS sold_quantity,
        CAST(SUM(CASE WHEN d.kind = 2 THEN d.quantity ELSE 0 END) AS BIGINT) AS returned_quantity, CAST(SUM(d.lines) AS BIGINT) AS lines
    FROM product_days d WHERE d.organisation_id = $1 AND d.day >= sqlc.arg(first) AND d.day < sqlc.arg(before) AND d.kind IN (1, 2)
    GROUP BY d.product_id
) AS x JOIN products p ON p.id = x.product_id WHERE x.lines > 0 ORDER BY x.sold - x.returned DESC, p.folded;

-- name: ListProductsOfPlace :many
SELECT p.name, x.sold, x.returned, x.sold_quantity, x.returned_quantity, x.lines FROM (
    SELECT i.product_id,
        CAST(SUM(CASE WHEN d.kind = 1 THEN i.sum ELSE 0 END) AS BIGINT) AS sold, CAST(SUM(CASE WHEN d.kind = 2 THEN i.sum ELSE 0 END) AS BIGINT) AS returned,
        CAST(SUM(CASE WHEN d.kind = 1 THEN i.quantity ELSE 0 END) AS BIGINT) AS sold_quantity,
        CAST(SUM(CASE WHEN d.kind = 2 THEN i.quantity ELSE 0 END) AS BIGINT) AS returned_quantity, CAST(COUNT(*) AS BIGINT) AS lines
    FROM documents d JOIN memories m ON m.organisation_id = d.organisation_id AND m.fn = d.fn JOIN positions i ON i.memory_id = m.id AND i.fd = d.fd
    WHERE d.organisation_id = $1 AND d.till_id = sqlc.arg(till_id) AND d.at >= sqlc.arg(first) AND d.at < sqlc.arg(before) AND d.kind IN (1, 2)
        AND d.type IN (3, 4, 31, 41) AND (CAST(sqlc.arg(outlet_id) AS TEXT) = '' OR d.outlet_id = sqlc.arg(outlet_id))
    GROUP BY i.product_id
) AS x JOIN products p ON p.id = x.product_id;

-- name: ListGaps :many
SELECT x.fn, x.till_id, x.outlet_id, CAST(x.previous AS BIGINT) AS previous, x.fd FROM (
    SELECT d.fn, d.till_id, d.outlet_id, d.fd, LAG(d.fd, 1, 0) OVER (PARTITION BY d.fn ORDER BY d.fd) AS previous FROM documents d WHERE d.organisation_id = $1 AND d.fn = $2
) AS x WHERE x.fd > x.previous + 1 AND (CAST(sqlc.arg(scope) AS TEXT) = '*' OR sqlc.arg(scope) LIKE '%|' || x.till_id || '|%' OR sqlc.arg(scope) LIKE '%|' || x.outlet_id || '|%') ORDER BY x.fd DESC LIMIT $3;

-- name: CountMemories :many
SELECT fn, CAST(COUNT(*) AS BIGINT) AS count, CAST(MIN(fd) AS BIGINT) AS first, CAST(MAX(fd) AS BIGINT) AS last FROM documents
WHERE organisation_id = $1 AND (CAST(sqlc.arg(till_id) AS TEXT) = '' OR till_id = sqlc.arg(till_id)) GROUP BY fn ORDER BY fn;

-- name: LastCopied :one
SELECT CAST(COALESCE(MAX(fd), 0) AS BIGINT) AS fd FROM copies WHERE organisation_id = $1 AND fn = $2 AND NOT aside;

-- name: NeighbourDocument :one
SELECT fn, fd, fp, type, kind, at, total, shift, receipt, till_id, outlet_id FROM documents WHERE organisation_id = $1 AND fn = $2 AND fd = $3;

-- name: ListShiftSpans :many
SELECT fn, CAST(MIN(opened_fd) AS BIGINT) AS first_fd, CAST(MIN(day) AS TEXT) AS first_day
FROM shifts WHERE organisation_id = $1 AND day >= sqlc.arg(since) AND opened_fd > 0
GROUP BY fn;
