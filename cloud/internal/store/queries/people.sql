-- name: LockOrganisation :execrows
UPDATE organisations SET created_at = created_at WHERE id = $1;

-- name: GetOrganisation :one
SELECT id, name, created_at, kind, country, tax_id, email, phone, address, hours, partner_code FROM organisations WHERE id = $1;

-- name: AddOrganisation :exec
INSERT INTO organisations (id, name, created_at, kind, country, tax_id, email, phone, address, hours)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: UpdateOrganisation :execrows
UPDATE organisations SET name = $2, country = $3, tax_id = $4, email = $5, phone = $6, address = $7, hours = $8 WHERE id = $1;

-- name: SetPartnerCode :execrows
UPDATE organisations SET partner_code = $2 WHERE id = $1 AND partner_code = '';

-- name: GetServiceCentre :one
SELECT id, name, country, tax_id FROM organisations WHERE partner_code = $1 AND kind = 'service' AND partner_code <> '';

-- name: CountMemberships :one
SELECT COUNT(*) FROM memberships WHERE person_id = $1;

-- name: ListColleagueships :many
SELECT o.id, o.name, o.kind, o.country, o.tax_id
FROM memberships m JOIN organisations o ON o.id = m.organisation_id
WHERE m.person_id = $1 AND m.blocked_at = 0
ORDER BY o.name, o.id;

-- name: TouchMembership :exec
UPDATE memberships SET seen_at = sqlc.arg(now) WHERE organisation_id = $1 AND person_id = $2;

-- name: ListColleagues :many
SELECT p.id, p.login, p.name, m.created_at, m.blocked_at, m.seen_at
FROM memberships m JOIN people p ON p.id = m.person_id
WHERE m.organisation_id = $1
ORDER BY p.name, p.login;

-- name: GetColleague :one
SELECT p.id, p.login, p.name, m.created_at, m.blocked_at
FROM memberships m JOIN people p ON p.id = m.person_id
WHERE m.organisation_id = $1 AND m.person_id = $2;

-- name: ListAllAssignments :many
SELECT person_id, role, node_id FROM assignments WHERE organisation_id = $1 ORDER BY person_id, role, node_id;

-- name: Unassign :exec
DELETE FROM assignments WHERE organisation_id = $1 AND person_id = $2 AND role = $3 AND node_id = $4;

-- name: UnassignAll :exec
DELETE FROM assignments WHERE organisation_id = $1 AND person_id = $2;

-- name: BlockMembership :exec
UPDATE memberships SET blocked_at = $3 WHERE organisation_id = $1 AND person_id = $2;

-- name: DeleteMembership :exec
DELETE FROM memberships WHERE organisation_id = $1 AND person_id = $2;

-- name: JoinOrganisation :exec
INSERT INTO memberships (organisation_id, person_id, created_at) VALUES ($1, $2, $3)
ON CONFLICT (person_id, organisation_id) DO NOTHING;

-- name: CreateInvitation :exec
INSERT INTO invitations (id, organisation_id, recipient, name, hash, created_at, created_by, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: AddInvitationRight :exec
INSERT INTO invitation_rights (invitation_id, role, node_id) VALUES ($1, $2, $3)
ON CONFLICT (invitation_id, role, node_id) DO NOTHING;

-- name: ListInvitations :many
SELECT i.id, i.recipient, i.name, i.created_at, i.created_by, i.sent_at, i.expires_at, COALESCE(p.login, '') AS inviter
FROM invitations i LEFT JOIN people p ON p.id = i.created_by
WHERE i.organisation_id = $1 AND i.accepted_at = 0 AND i.revoked_at = 0
ORDER BY i.created_at DESC, i.id;

-- name: ListInvitationRights :many
SELECT r.invitation_id, r.role, r.node_id
FROM invitation_rights r JOIN invitations i ON i.id = r.invitation_id
WHERE i.organisation_id = $1 AND i.accepted_at = 0 AND i.revoked_at = 0
ORDER BY r.invitation_id, r.role, r.node_id;

-- name: RenewInvitation :execrows
UPDATE invitations SET hash = $3, created_by = $4, sent_at = 0, expires_at = $5
WHERE organisation_id = $1 AND id = $2 AND accepted_at = 0 AND revoked_at = 0;

-- name: InvitationSent :exec
UPDATE invitations SET sent_at = $2 WHERE id = $1;

-- name: RevokeInvitation :execrows
UPDATE invitations SET revoked_at = $3 WHERE organisation_id = $1 AND id = $2 AND accepted_at = 0 AND revoked_at = 0;

-- name: FindInvitation :one
SELECT i.id, i.organisation_id, i.recipient, i.name, i.created_by, i.expires_at, o.name AS organisation
FROM invitations i JOIN organisations o ON o.id = i.organisation_id
WHERE i.hash = $1 AND i.accepted_at = 0 AND i.revoked_at = 0 AND i.expires_at > sqlc.arg(now);

-- name: AcceptInvitation :execrows
UPDATE invitations SET accepted_at = sqlc.arg(now), accepted_by = sqlc.arg(person_id)
WHERE id = $1 AND accepted_at = 0 AND revoked_at = 0 AND expires_at > sqlc.arg(now);

-- name: ListOwnRoles :many
SELECT id, name, permissions FROM roles WHERE organisation_id = $1 ORDER BY name, id;

-- name: CreateRole :exec
INSERT INTO roles (id, organisation_id, name, permissions, created_at) VALUES ($1, $2, $3, $4, $5);

-- name: UpdateRole :execrows
UPDATE roles SET name = $3, permissions = $4 WHERE organisation_id = $1 AND id = $2;

-- name: DeleteRole :execrows
DELETE FROM roles WHERE organisation_id = $1 AND id = $2;

-- name: CountRoleUses :many
SELECT role, CAST(COUNT(*) AS BIGINT) AS uses FROM (
    SELECT DISTINCT role, person_id AS holder FROM assignments WHERE assignments.organisation_id = $1
    UNION ALL
    SELECT DISTINCT r.role, r.invitation_id AS holder FROM invitation_rights r JOIN invitations i ON i.id = r.invitation_id
    WHERE i.organisation_id = $1 AND i.accepted_at = 0 AND i.revoked_at = 0
    UNION ALL
    SELECT role, id AS holder FROM api_keys WHERE api_keys.organisation_id = $1 AND revoked_at = 0
) AS held
GROUP BY role;

-- name: ListNodeOutlets :many
SELECT id, department_id, name FROM outlets WHERE organisation_id = $1 ORDER BY position, name, id;

-- name: ListNodeTills :many
SELECT id, outlet_id, name FROM tills WHERE organisation_id = $1 ORDER BY name, id;

-- name: ListGrantsOf :many
SELECT g.id, g.node_id, g.offered_at, g.given_at, g.given_by, g.ends_at, g.revoked_at, g.revoked_by, g.service_id, o.name AS party, o.email, o.phone, o.hours
FROM service_grants g JOIN organisations o ON o.id = g.service_id
WHERE g.organisation_id = $1
ORDER BY g.offered_at DESC, g.id;

-- name: ListGrantsTo :many
SELECT g.id, g.organisation_id, g.node_id, g.offered_at, g.given_at, g.ends_at, o.name AS party
FROM service_grants g JOIN organisations o ON o.id = g.organisation_id
WHERE g.service_id = $1 AND g.revoked_at = 0
ORDER BY o.name, g.id;

-- name: CreateGrant :exec
INSERT INTO service_grants (id, organisation_id, service_id, node_id, offered_at, given_at, given_by, ends_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: GiveGrant :execrows
UPDATE service_grants SET node_id = $3, given_at = $4, given_by = $5, ends_at = $6
WHERE organisation_id = $1 AND id = $2 AND given_at = 0 AND revoked_at = 0;

-- name: ProlongGrant :execrows
UPDATE service_grants SET ends_at = $3 WHERE organisation_id = $1 AND id = $2 AND given_at > 0 AND revoked_at = 0;

-- name: RevokeGrant :execrows
UPDATE service_grants SET revoked_at = $3, revoked_by = $4 WHERE organisation_id = $1 AND id = $2 AND revoked_at = 0;

-- name: ListKeys :many
SELECT id, name, hint, role, node_id, created_at, created_by, expires_at, seen_at, revoked_at
FROM api_keys WHERE organisation_id = $1 ORDER BY created_at DESC, id;

-- name: RevokeKey :execrows
UPDATE api_keys SET revoked_at = $3 WHERE organisation_id = $1 AND id = $2 AND revoked_at = 0;
