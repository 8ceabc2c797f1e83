-- name: ListOwners :many
SELECT o.id, o.name FROM organisations o
WHERE EXISTS (SELECT 1 FROM tills t WHERE t.organisation_id = o.id)
ORDER BY o.id;

-- name: GetNotifySettings :one
SELECT * FROM notify_settings WHERE person_id = $1;

-- name: PutNotifySettings :exec
INSERT INTO notify_settings (person_id, language, zone, quiet_from, quiet_to, urgent_passes, digest, digest_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (person_id) DO UPDATE SET language = excluded.language, zone = excluded.zone, quiet_from = excluded.quiet_from,
    quiet_to = excluded.quiet_to, urgent_passes = excluded.urgent_passes, digest = excluded.digest, digest_at = excluded.digest_at;

-- name: CreateNotifyChannel :exec
INSERT INTO notify_channels (id, organisation_id, person_id, kind, address, name, events, node_id, secret, code_hash, code_ends_at, confirmed_at, off, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- name: GetNotifyChannel :one
SELECT * FROM notify_channels WHERE id = $1;

-- name: ListNotifyChannels :many
SELECT * FROM notify_channels WHERE person_id = $1 AND kind <> 'webhook' ORDER BY kind, created_at, id;

-- name: FindNotifyChannel :one
SELECT * FROM notify_channels WHERE person_id = $1 AND kind = $2 AND address = $3 ORDER BY created_at LIMIT 1;

-- name: FindNotifyChannelByCode :one
SELECT * FROM notify_channels WHERE kind = $1 AND code_hash = $2 AND code_ends_at > sqlc.arg(now);

-- name: ConfirmNotifyChannel :execrows
UPDATE notify_channels SET confirmed_at = sqlc.arg(now), address = sqlc.arg(address), name = sqlc.arg(name), code_hash = '', code_ends_at = 0, error = '', failed_at = 0
WHERE id = sqlc.arg(id);

-- name: SetNotifyCode :exec
UPDATE notify_channels SET code_hash = $2, code_ends_at = $3, code_tries = 0 WHERE id = $1;

-- name: CountNotifyTry :exec
UPDATE notify_channels SET code_tries = code_tries + 1 WHERE id = $1;

-- name: DeleteNotifyChannel :execrows
DELETE FROM notify_channels WHERE id = $1;

-- name: DropNotifyOutboxOfChannel :exec
UPDATE notify_outbox SET state = 4, error = '' WHERE channel_id = $1 AND state IN (0, 1);

-- name: NoteNotifySent :exec
UPDATE notify_channels SET sent_at = sqlc.arg(now), error = '', failed_at = 0 WHERE id = sqlc.arg(id);

-- name: NoteNotifyFailed :exec
UPDATE notify_channels SET failed_at = sqlc.arg(now), error = sqlc.arg(error) WHERE id = sqlc.arg(id);

-- name: ListWebhooks :many
SELECT * FROM notify_channels WHERE organisation_id = $1 AND kind = 'webhook' ORDER BY name, id;

-- name: SetWebhook :execrows
UPDATE notify_channels SET name = $3, address = $4, events = $5, node_id = $6, off = $7, secret = $8
WHERE organisation_id = $1 AND id = $2 AND kind = 'webhook';

-- name: CreateNotifyRule :exec
INSERT INTO notify_rules (id, organisation_id, person_id, role, events, kinds, node_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: SetNotifyRule :execrows
UPDATE notify_rules SET role = $4, events = $5, kinds = $6, node_id = $7
WHERE id = $1 AND organisation_id = $2 AND person_id = $3;

-- name: GetNotifyRule :one
SELECT * FROM notify_rules WHERE id = $1 AND organisation_id = $2 AND person_id = $3;

-- name: DeleteNotifyRule :execrows
DELETE FROM notify_rules WHERE id = $1 AND organisation_id = $2 AND person_id = $3;

-- name: ListNotifyRules :many
SELECT * FROM notify_rules WHERE organisation_id = $1 ORDER BY created_at, id;

-- name: ListPeopleOfRoles :many
SELECT a.role, a.person_id FROM assignments a
JOIN memberships m ON m.organisation_id = a.organisation_id AND m.person_id = a.person_id
WHERE a.organisation_id = $1 AND m.blocked_at = 0
ORDER BY a.person_id, a.role;

-- name: ListServiceCentres :many
SELECT DISTINCT service_id FROM service_grants
WHERE organisation_id = $1 AND given_at > 0 AND revoked_at = 0 AND (ends_at = 0 OR ends_at > sqlc.arg(now))
ORDER BY service_id;

-- name: ListCustomRoles :many
SELECT id, name FROM roles WHERE organisation_id = $1 ORDER BY name, id;

-- name: ListOpenCauses :many
SELECT * FROM notify_causes WHERE organisation_id = $1 AND ended_at = 0 ORDER BY began_at, id;

-- name: ListLateCauses :many
SELECT * FROM notify_causes WHERE organisation_id = $1 AND ended_at > sqlc.arg(since) ORDER BY ended_at, id;

-- name: PutCause :exec
INSERT INTO notify_causes (id, organisation_id, key, event, body, began_at, told_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (id) DO UPDATE SET body = excluded.body, told_at = excluded.told_at, ended_at = excluded.ended_at;

-- name: DeleteCause :exec
DELETE FROM notify_causes WHERE id = $1;

-- name: CreateNotice :exec
INSERT INTO notices (id, organisation_id, cause_id, event, kind, urgent, body, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: CreateNoticeTill :exec
INSERT INTO notice_tills (notice_id, till_id, outlet_id) VALUES ($1, $2, $3);

-- name: GetNotice :one
SELECT * FROM notices WHERE id = $1;

-- name: ListNotices :many
SELECT n.*, CAST(COALESCE(c.ended_at, 0) AS BIGINT) AS ended_at
FROM notices n LEFT JOIN notify_causes c ON c.id = n.cause_id
WHERE n.organisation_id = $1 AND (n.created_at < sqlc.arg(before) OR n.created_at = sqlc.arg(before) AND n.id < sqlc.arg(before_id))
ORDER BY n.created_at DESC, n.id DESC LIMIT sqlc.arg(most);

-- name: ListNoticesOfTill :many
SELECT n.*, CAST(COALESCE(c.ended_at, 0) AS BIGINT) AS ended_at
FROM notices n JOIN notice_tills t ON t.notice_id = n.id LEFT JOIN notify_causes c ON c.id = n.cause_id
WHERE n.organisation_id = $1 AND t.till_id = sqlc.arg(till_id)
  AND (n.created_at < sqlc.arg(before) OR n.created_at = sqlc.arg(before) AND n.id < sqlc.arg(before_id))
ORDER BY n.created_at DESC, n.id DESC LIMIT sqlc.arg(most);

-- name: ListNoticeTills :many
SELECT till_id, outlet_id FROM notice_tills WHERE notice_id = $1 ORDER BY till_id;

-- name: CreateNotifyOutbox :execrows
INSERT INTO notify_outbox (id, notice_id, channel_id, organisation_id, person_id, kind, state, digest, parcel, created_at, due_at, body, event)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (notice_id, channel_id) DO NOTHING;

-- name: ListDueOutbox :many
SELECT * FROM notify_outbox WHERE state IN (0, 1) AND due_at <= sqlc.arg(now) ORDER BY due_at, created_at, id LIMIT sqlc.arg(most);

-- name: GetOutbox :one
SELECT * FROM notify_outbox WHERE id = $1;

-- name: SetOutbox :execrows
UPDATE notify_outbox SET state = $2, parcel = $3, due_at = $4, tries = $5, sent_at = $6, error = $7 WHERE id = $1 AND state IN (0, 1);

-- name: RestartOutbox :execrows
UPDATE notify_outbox SET state = 0, due_at = $2, tries = 0, error = '' WHERE id = $1;

-- name: ListOutboxOfCause :many
SELECT b.id, b.channel_id, b.person_id, b.organisation_id, b.state, b.digest, n.kind AS notice_kind
FROM notify_outbox b JOIN notices n ON n.id = b.notice_id
WHERE n.cause_id = $1 ORDER BY b.created_at, b.id;

-- name: ListOutboxOfPerson :many
SELECT b.notice_id, b.kind, b.state, b.due_at, b.sent_at, b.error, CAST(COALESCE(c.address, '') AS TEXT) AS address, CAST(COALESCE(c.name, '') AS TEXT) AS name
FROM notify_outbox b LEFT JOIN notify_channels c ON c.id = b.channel_id
WHERE b.person_id = $1 AND b.notice_id = $2 ORDER BY b.kind, b.id;

-- name: ListOutboxOfChannel :many
SELECT * FROM notify_outbox
WHERE channel_id = $1 AND (created_at < sqlc.arg(before) OR created_at = sqlc.arg(before) AND id < sqlc.arg(before_id))
  AND (state = 3 OR CAST(sqlc.arg(all_states) AS BOOLEAN))
ORDER BY created_at DESC, id DESC LIMIT sqlc.arg(most);

-- name: CreateNotifyAttempt :exec
INSERT INTO notify_attempts (id, outbox_id, created_at, status, took_ms, error, answer) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: ListNotifyAttempts :many
SELECT * FROM notify_attempts WHERE outbox_id = $1 ORDER BY created_at DESC, id DESC LIMIT 50;

-- name: DeleteAttemptsOfChannel :exec
DELETE FROM notify_attempts WHERE outbox_id IN (SELECT b.id FROM notify_outbox b WHERE b.channel_id = $1);

-- name: DeleteOutboxOfChannel :exec
DELETE FROM notify_outbox WHERE channel_id = $1;

-- name: ListEndedCommands :many
SELECT c.id, c.till_id, c.action, c.state, c.ended_at, c.run FROM commands c
WHERE c.organisation_id = $1 AND c.ended_at > sqlc.arg(since) ORDER BY c.ended_at, c.id LIMIT 1000;

-- name: DeleteOldHookAttempts :exec
DELETE FROM notify_attempts WHERE created_at < sqlc.arg(before);

-- name: DeleteOldOutbox :exec
DELETE FROM notify_outbox WHERE notify_outbox.created_at < sqlc.arg(before) AND NOT EXISTS (SELECT 1 FROM notify_attempts a WHERE a.outbox_id = notify_outbox.id);

-- name: DeleteOldNoticeTills :exec
DELETE FROM notice_tills WHERE notice_id IN (SELECT n.id FROM notices n WHERE n.created_at < sqlc.arg(before));

-- name: DeleteOldNotices :exec
DELETE FROM notices WHERE created_at < sqlc.arg(before);

-- name: DeleteOldCauses :exec
DELETE FROM notify_causes WHERE ended_at > 0 AND ended_at < sqlc.arg(before);

-- name: GetPersonWay :one
SELECT name, login, email, phone, language FROM people WHERE id = $1;

-- name: CountNotifyRules :one
SELECT COUNT(*) FROM notify_rules WHERE organisation_id = $1;

-- name: ListTillsCalling :many
SELECT DISTINCT till_id FROM tickets WHERE organisation_id = $1 AND closed_at = 0 ORDER BY till_id;

-- name: ListOutletNames :many
SELECT id, name, department_id FROM outlets WHERE organisation_id = $1 AND closed_at = 0 ORDER BY position, name, id;
