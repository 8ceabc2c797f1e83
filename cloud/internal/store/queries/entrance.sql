-- name: FindPerson :one
SELECT id, login, name, password, email, phone, language, totp_at FROM people
WHERE folded = sqlc.arg(folded) OR email <> '' AND email = sqlc.arg(email) OR phone <> '' AND phone = sqlc.arg(phone)
ORDER BY CASE WHEN folded = sqlc.arg(folded) THEN 1 ELSE 0 END, id LIMIT 1;

-- name: GetPerson :one
SELECT id, login, name, password, email, phone, language, password_at, terms, totp, totp_at, totp_step FROM people WHERE id = $1;

-- name: FirstMembership :one
SELECT m.organisation_id FROM memberships m
WHERE m.person_id = $1 AND m.blocked_at = 0
ORDER BY m.seen_at DESC, m.organisation_id LIMIT 1;

-- name: CountKnown :one
SELECT CAST(COUNT(*) AS BIGINT) FROM people
WHERE folded = sqlc.arg(email) OR email <> '' AND email = sqlc.arg(email) OR phone <> '' AND phone = sqlc.arg(phone);

-- name: AddPersonOfSignUp :exec
INSERT INTO people (id, login, folded, name, password, created_at, email, phone, language, password_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, sqlc.arg(password_at));


-- name: SetProfile :exec
UPDATE people SET name = $2, language = $3 WHERE id = $1;

-- name: SetEmail :exec
UPDATE people SET email = $2 WHERE id = $1;

-- name: SetPhone :exec
UPDATE people SET phone = $2 WHERE id = $1;

-- name: SetLogin :exec
UPDATE people SET login = $2, folded = $3 WHERE id = $1;

-- name: AcceptTerms :exec
INSERT INTO accepted_terms (person_id, version, address, accepted_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (person_id, version) DO NOTHING;

-- name: SetTerms :exec
UPDATE people SET terms = $2 WHERE id = $1;

-- name: GetAcceptedTerms :one
SELECT accepted_at FROM accepted_terms WHERE person_id = $1 AND version = $2;

-- name: FindOrganisation :one
SELECT id, name FROM organisations WHERE country = $1 AND tax_id = $2 AND kind = $3 AND tax_id <> '';

-- name: ListAdministrators :many
SELECT DISTINCT p.id, p.login, p.name, p.email, p.phone, p.language
FROM assignments a JOIN people p ON p.id = a.person_id
JOIN memberships m ON m.person_id = p.id AND m.organisation_id = a.organisation_id
WHERE a.organisation_id = $1 AND a.role = 'administrator' AND a.node_id = '' AND m.blocked_at = 0
ORDER BY p.id;

-- name: SetFactorRequired :exec
UPDATE organisations SET factor_required = $2 WHERE id = $1;

-- name: GetFactorRequired :one
SELECT factor_required FROM organisations WHERE id = $1;

-- name: CreateDevice :exec
INSERT INTO devices (id, person_id, organisation_id, address, browser, remembered, factors, generation, rotated_at, created_at, seen_at, expires_at, proven_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 1, sqlc.arg(now), sqlc.arg(now), sqlc.arg(now), sqlc.arg(expires_at), sqlc.arg(proven_at));

-- name: BeginSession :exec
INSERT INTO sessions (token, organisation_id, person_id, address, browser, created_at, seen_at, expires_at, device_id)
VALUES ($1, $2, $3, $4, $5, sqlc.arg(now), sqlc.arg(now), sqlc.arg(expires_at), sqlc.arg(device_id));

-- name: GetDevice :one
SELECT id, person_id, organisation_id, browser, remembered, generation, rotated_at, expires_at FROM devices WHERE id = $1;

-- name: ListDevices :many
SELECT id, address, browser, remembered, factors, created_at, seen_at FROM devices
WHERE person_id = $1 AND expires_at > sqlc.arg(now)
ORDER BY seen_at DESC, id;

-- name: RotateDevice :execrows
UPDATE devices SET generation = generation + 1, rotated_at = sqlc.arg(now), seen_at = sqlc.arg(now), address = sqlc.arg(address),
    browser = sqlc.arg(browser), expires_at = sqlc.arg(expires_at)
WHERE id = $1 AND generation = sqlc.arg(generation);

-- name: TouchDevice :exec
UPDATE devices SET seen_at = $2 WHERE id = $1;

-- name: ProveDevice :exec
UPDATE devices SET proven_at = $2 WHERE id = $1;

-- name: DeleteDevice :execrows
DELETE FROM devices WHERE id = $1 AND person_id = $2;

-- name: DeleteDeviceSessions :exec
DELETE FROM sessions WHERE device_id = $1 AND device_id <> '';

-- name: DeleteOtherDevices :execrows
DELETE FROM devices WHERE person_id = $1 AND id <> $2;

-- name: DeleteSessionsOfOthers :exec
DELETE FROM sessions WHERE person_id = $1 AND device_id <> $2;

-- name: DeleteExpiredDevices :exec
DELETE FROM devices WHERE expires_at <= sqlc.arg(now);

-- name: CreateAttempt :exec
INSERT INTO attempts (ticket, purpose, person_id, body, phone_code, email_code, sent, sent_at, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: GetAttempt :one
SELECT purpose, person_id, body, phone_code, email_code, wrong, sent, sent_at, created_at, expires_at FROM attempts
WHERE ticket = $1 AND purpose = $2;

-- name: CountWrong :execrows
UPDATE attempts SET wrong = wrong + 1 WHERE ticket = $1 AND wrong < sqlc.arg(allowed);

-- name: RenewCodes :execrows
UPDATE attempts SET phone_code = sqlc.arg(phone_code), email_code = sqlc.arg(email_code), sent = sent + 1, sent_at = sqlc.arg(sent_at),
    expires_at = sqlc.arg(expires_at)
WHERE ticket = $1 AND sent = sqlc.arg(sent);

-- name: SetAttemptBody :exec
UPDATE attempts SET body = $2 WHERE ticket = $1;

-- name: TakeAttempt :execrows
DELETE FROM attempts WHERE ticket = $1;

-- name: DeleteAttemptsOf :exec
DELETE FROM attempts WHERE person_id = $1 AND purpose = $2;

-- name: DeleteOldAttempts :exec
DELETE FROM attempts WHERE expires_at <= sqlc.arg(before);

-- name: PutContactChange :exec
INSERT INTO contact_changes (person_id, channel, value, cancel, created_at, effective_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (person_id) DO UPDATE SET channel = excluded.channel, value = excluded.value, cancel = excluded.cancel,
    created_at = excluded.created_at, effective_at = excluded.effective_at;

-- name: GetContactChange :one
SELECT channel, value, effective_at FROM contact_changes WHERE person_id = $1;

-- name: FindContactChange :one
SELECT person_id, channel, value FROM contact_changes WHERE cancel = $1;

-- name: DeleteContactChange :execrows
DELETE FROM contact_changes WHERE person_id = $1;

-- name: ListDueContactChanges :many
SELECT person_id, channel, value FROM contact_changes WHERE effective_at <= sqlc.arg(now) ORDER BY person_id LIMIT 100;

-- name: SetTOTP :exec
UPDATE people SET totp = $2, totp_at = $3, totp_step = 0 WHERE id = $1;

-- name: ConfirmTOTP :execrows
UPDATE people SET totp_at = sqlc.arg(now), totp_step = sqlc.arg(step) WHERE id = $1 AND totp_at = 0;

-- name: UseTOTP :execrows
UPDATE people SET totp_step = sqlc.arg(step) WHERE id = $1 AND totp_step < sqlc.arg(step);

-- name: AddRecoveryCode :exec
INSERT INTO recovery_codes (person_id, hash) VALUES ($1, $2);

-- name: UseRecoveryCode :execrows
DELETE FROM recovery_codes WHERE person_id = $1 AND hash = $2;

-- name: DeleteRecoveryCodes :exec
DELETE FROM recovery_codes WHERE person_id = $1;

-- name: CountRecoveryCodes :one
SELECT CAST(COUNT(*) AS BIGINT) FROM recovery_codes WHERE person_id = $1;

-- name: AddPasskey :exec
INSERT INTO passkeys (id, person_id, credential_id, body, name, created_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: ListPasskeys :many
SELECT id, credential_id, body, name, created_at, used_at FROM passkeys WHERE person_id = $1 ORDER BY created_at, id;

-- name: GetPasskey :one
SELECT id, name FROM passkeys WHERE person_id = $1 AND id = $2;

-- name: UsePasskey :exec
UPDATE passkeys SET body = $2, used_at = $3 WHERE credential_id = $1;

-- name: RenamePasskey :execrows
UPDATE passkeys SET name = $3 WHERE person_id = $1 AND id = $2;

-- name: RemovePasskey :execrows
DELETE FROM passkeys WHERE person_id = $1 AND id = $2;

-- name: FindLink :one
SELECT person_id FROM oidc_links WHERE issuer = $1 AND subject = $2;

-- name: AddLink :exec
INSERT INTO oidc_links (issuer, subject, person_id, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (issuer, subject) DO NOTHING;

-- name: CountLinks :one
SELECT CAST(COUNT(*) AS BIGINT) FROM oidc_links WHERE person_id = $1;

-- name: HasRecoveryCode :one
SELECT CAST(COUNT(*) AS BIGINT) FROM recovery_codes WHERE person_id = $1 AND hash = $2;

-- name: CountRequiring :one
SELECT CAST(COUNT(*) AS BIGINT) FROM memberships m JOIN organisations o ON o.id = m.organisation_id
WHERE m.person_id = $1 AND m.blocked_at = 0 AND o.factor_required > 0;

-- name: DeleteDueContactChange :execrows
DELETE FROM contact_changes WHERE person_id = $1 AND effective_at <= sqlc.arg(now);

-- name: DeletePasskeys :exec
DELETE FROM passkeys WHERE person_id = $1;
