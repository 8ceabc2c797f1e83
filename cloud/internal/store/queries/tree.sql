-- name: ListDepartments :many
SELECT id, parent_id, name, position FROM departments WHERE organisation_id = $1 ORDER BY position, name, id;

-- name: GetTillPlace :one
SELECT t.organisation_id, t.outlet_id, o.department_id
FROM tills t JOIN outlets o ON o.id = t.outlet_id
WHERE t.id = $1;

-- name: GetDepartmentParent :one
SELECT parent_id FROM departments WHERE id = $1;
