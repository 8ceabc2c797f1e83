-- name: ListDepartments :many
SELECT id, parent_id, name, position FROM departments WHERE organisation_id = $1 ORDER BY position, name, id;

-- name: GetTillPlace :one
SELECT t.organisation_id, t.outlet_id, o.department_id
FROM tills t JOIN outlets o ON o.id = t.outlet_id
WHERE t.id = $1;

-- name: ListAbove :many
WITH RECURSIVE above (id, parent_id, level) AS (
  SELECT d.id, d.parent_id, 1 FROM departments d WHERE d.id = sqlc.arg(department_id)
  UNION ALL
  SELECT d.id, d.parent_id, a.level + 1 FROM departments d JOIN above a ON d.id = a.parent_id WHERE a.level < CAST(sqlc.arg(most) AS INTEGER)
)
SELECT above.id FROM above ORDER BY above.level DESC;

-- name: GetDepartment :one
SELECT id, organisation_id, parent_id, name, position FROM departments WHERE id = $1;

-- name: GetOutletOfAny :one
SELECT id, organisation_id, department_id, name, position, address, time_zone, phone, closed_at FROM outlets WHERE id = $1;

-- name: ListTreeOutlets :many
SELECT id, department_id, name, position, address, time_zone, phone FROM outlets
WHERE organisation_id = $1 AND closed_at = 0 ORDER BY position, name, id;

-- name: ListTreeTills :many
SELECT id, outlet_id, name, title, position FROM tills WHERE organisation_id = $1 ORDER BY position, name, id;

-- name: HoldTree :execrows
UPDATE organisations SET tree_version = tree_version + 1 WHERE id = $1;

-- name: GetTreeVersion :one
SELECT tree_version FROM organisations WHERE id = $1;

-- name: CreateDepartment :exec
INSERT INTO departments (id, organisation_id, parent_id, name, position, created_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: CreateTreeOutlet :exec
INSERT INTO outlets (id, organisation_id, department_id, name, position, address, time_zone, phone, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: FindOutletByName :one
SELECT id, department_id, closed_at FROM outlets WHERE organisation_id = $1 AND name = $2;

-- name: ReopenOutlet :exec
UPDATE outlets SET closed_at = 0, department_id = $2, position = $3, address = $4, time_zone = $5, phone = $6 WHERE id = $1;

-- name: ChangeDepartment :exec
UPDATE departments SET name = $2 WHERE id = $1;

-- name: ChangeOutlet :exec
UPDATE outlets SET name = $2, address = $3, time_zone = $4, phone = $5 WHERE id = $1;

-- name: SetTillTitle :exec
UPDATE tills SET title = $2 WHERE id = $1;

-- name: PlaceDepartment :exec
UPDATE departments SET parent_id = $2, position = $3 WHERE id = $1;

-- name: PlaceOutlet :exec
UPDATE outlets SET department_id = $2, position = $3 WHERE id = $1;

-- name: PlaceTill :exec
UPDATE tills SET outlet_id = $2, position = $3 WHERE id = $1;

-- name: DeleteDepartment :exec
DELETE FROM departments WHERE id = $1;

-- name: CloseOutlet :exec
UPDATE outlets SET closed_at = $2 WHERE id = $1;

-- name: CountAgentsOfOutlet :one
SELECT COUNT(*) FROM agents WHERE outlet_id = $1 AND revoked_at = 0;

-- name: CountRightsOfNode :one
SELECT CAST((SELECT COUNT(*) FROM assignments a WHERE a.organisation_id = $1 AND a.node_id = $2)
    + (SELECT COUNT(*) FROM service_grants g WHERE g.organisation_id = $1 AND g.node_id = $2 AND g.revoked_at = 0)
    + (SELECT COUNT(*) FROM api_keys k WHERE k.organisation_id = $1 AND k.node_id = $2 AND k.revoked_at = 0) AS BIGINT) AS rights;

-- name: DeleteThresholdsOfNode :exec
DELETE FROM thresholds WHERE organisation_id = $1 AND level = $2 AND node_id = $3;

-- name: ListStays :many
SELECT s.since, s.outlet_id, s.actor, o.name AS outlet FROM till_stays s JOIN outlets o ON o.id = s.outlet_id
WHERE s.till_id = $1 ORDER BY s.since DESC;

-- name: AllStays :many
SELECT till_id, since, outlet_id FROM till_stays WHERE organisation_id = $1 ORDER BY till_id, since;

-- name: PutStay :exec
INSERT INTO till_stays (organisation_id, till_id, since, outlet_id, actor, created_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (till_id, since) DO UPDATE SET outlet_id = excluded.outlet_id, actor = excluded.actor, created_at = excluded.created_at;

-- name: BeginStays :exec
INSERT INTO till_stays (organisation_id, till_id, since, outlet_id, actor, created_at) VALUES ($1, $2, '', $3, '', $4)
ON CONFLICT (till_id, since) DO NOTHING;

-- name: DeleteStays :exec
DELETE FROM till_stays WHERE till_id = $1;

-- name: CountOutletsOfAgent :one
SELECT COUNT(DISTINCT outlet_id) FROM tills WHERE agent_id = $1;

-- name: SetAgentOutlet :exec
UPDATE agents SET outlet_id = $2 WHERE id = $1;

-- name: DeleteHoursOfNode :exec
DELETE FROM working_hours WHERE organisation_id = $1 AND level = $2 AND node_id = $3;

-- name: NameCode :exec
UPDATE enrolment_codes SET id = $2 WHERE hash = $1;

-- name: ListCodes :many
SELECT c.id, c.outlet_id, o.name AS outlet, c.created_at, c.expires_at, c.used_at, c.agent_id
FROM enrolment_codes c JOIN outlets o ON o.id = c.outlet_id
WHERE c.organisation_id = $1 AND c.id <> '' ORDER BY c.created_at DESC, c.id;

-- name: GetCode :one
SELECT c.id, c.organisation_id, c.outlet_id, o.name AS outlet, c.created_at, c.expires_at, c.used_at, c.agent_id
FROM enrolment_codes c JOIN outlets o ON o.id = c.outlet_id
WHERE c.id = $1 AND c.id <> '';

-- name: GetConnectingAgent :one
SELECT a.id, a.organisation_id, a.outlet_id, o.name AS outlet, a.host, a.capability, a.strangers, a.created_at, a.heard_at, a.revoked_at
FROM agents a JOIN outlets o ON o.id = a.outlet_id WHERE a.id = $1;

-- name: ListConnectingAgents :many
SELECT id FROM agents WHERE organisation_id = $1 AND revoked_at = 0 AND created_at >= sqlc.arg(since) ORDER BY created_at DESC, id;

-- name: LastCommandOf :one
SELECT * FROM commands WHERE organisation_id = $1 AND till_id = $2 AND action = $3 AND address = $4
ORDER BY created_at DESC, id DESC LIMIT 1;

-- name: NewestSettings :one
SELECT version, body, actor, changed_at, command_id FROM till_settings WHERE organisation_id = $1 AND till_id = $2 ORDER BY version DESC LIMIT 1;

-- name: AddSettings :exec
INSERT INTO till_settings (organisation_id, till_id, version, body, actor, changed_at, command_id) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: PutSettingsReport :exec
INSERT INTO settings_reports (organisation_id, till_id, body, reported_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (till_id) DO UPDATE SET organisation_id = excluded.organisation_id, body = excluded.body, reported_at = excluded.reported_at;

-- name: GetSettingsReport :one
SELECT body, reported_at FROM settings_reports WHERE organisation_id = $1 AND till_id = $2;
