-- name: OrderCommand :execrows
INSERT INTO commands (organisation_id, id, till_id, agent_id, till, action, state, actor, created_at, expires_at, decision, ask_consent, log_level,
    reason, work_id, address, settings)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
ON CONFLICT (organisation_id, id) DO NOTHING;

-- name: NoteAct :execrows
INSERT INTO commands (organisation_id, id, till_id, agent_id, till, action, state, run, actor, created_at, expires_at, delivered_at, ended_at, rule)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $10, $11, $12)
ON CONFLICT (organisation_id, id) DO NOTHING;

-- name: CreateWork :execrows
INSERT INTO works (organisation_id, id, work_order, state, person_id, actor, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (organisation_id, id) DO NOTHING;

-- name: AddWorkTill :exec
INSERT INTO work_tills (organisation_id, work_id, position, till_id, owner_id, state, command_id, obstacle) VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: GetWork :one
SELECT * FROM works WHERE organisation_id = $1 AND id = $2;

-- name: ListWorkOwners :many
SELECT DISTINCT owner_id FROM work_tills WHERE organisation_id = $1 AND work_id = $2;

-- name: FindWork :many
SELECT DISTINCT w.* FROM works w LEFT JOIN work_tills t ON t.organisation_id = w.organisation_id AND t.work_id = w.id
WHERE w.id = sqlc.arg(id) AND (w.organisation_id = sqlc.arg(organisation_id) OR t.owner_id = sqlc.arg(organisation_id));

-- name: ListWorks :many
SELECT w.* FROM works w
WHERE w.organisation_id = sqlc.arg(organisation_id)
   OR EXISTS (SELECT 1 FROM work_tills t WHERE t.organisation_id = w.organisation_id AND t.work_id = w.id AND t.owner_id = sqlc.arg(organisation_id))
ORDER BY w.created_at DESC, w.id LIMIT sqlc.arg(most);

-- name: ListOpenWorks :many
SELECT * FROM works WHERE ended_at = 0 ORDER BY created_at, id;

-- name: SetWorkState :execrows
UPDATE works SET state = sqlc.arg(state), why = sqlc.arg(why), forgiven = sqlc.arg(forgiven), ended_at = sqlc.arg(ended_at)
WHERE organisation_id = $1 AND id = $2 AND state = sqlc.arg(was);

-- name: ListWorkStandings :many
SELECT t.till_id, t.owner_id, t.position, t.state, t.command_id, t.obstacle, t.given_at,
    CAST(COALESCE(c.state, 0) AS INTEGER) AS command_state, CAST(COALESCE(c.ended_at, 0) AS BIGINT) AS command_ended_at,
    CAST(COALESCE(k.name, '') AS TEXT) AS name, CAST(COALESCE(k.outlet_id, '') AS TEXT) AS outlet_id, CAST(COALESCE(o.name, '') AS TEXT) AS outlet
FROM work_tills t LEFT JOIN commands c ON c.organisation_id = t.owner_id AND c.id = t.command_id
LEFT JOIN tills k ON k.id = t.till_id LEFT JOIN outlets o ON o.id = k.outlet_id
WHERE t.organisation_id = $1 AND t.work_id = $2 ORDER BY t.position;

-- name: SetWorkTill :execrows
UPDATE work_tills SET state = sqlc.arg(state), obstacle = sqlc.arg(obstacle), given_at = sqlc.arg(given_at)
WHERE organisation_id = $1 AND work_id = $2 AND till_id = $3 AND state = sqlc.arg(was);

-- name: CancelWorkTills :exec
UPDATE work_tills SET state = sqlc.arg(cancelled) WHERE organisation_id = $1 AND work_id = $2 AND state = sqlc.arg(waiting);

-- name: ListNodeRules :many
SELECT * FROM node_rules WHERE organisation_id = $1;

-- name: PutNodeRule :exec
INSERT INTO node_rules (organisation_id, node_id, name, switched_on, at_minute, idle_minutes, seconds, changed_by, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (organisation_id, node_id, name) DO UPDATE SET switched_on = excluded.switched_on, at_minute = excluded.at_minute,
    idle_minutes = excluded.idle_minutes, seconds = excluded.seconds, changed_by = excluded.changed_by, changed_at = excluded.changed_at;

-- name: DeleteNodeRule :exec
DELETE FROM node_rules WHERE organisation_id = $1 AND node_id = $2 AND name = $3;

-- name: ListTillPlaces :many
SELECT t.id, t.name, t.agent_id, t.outlet_id, o.name AS outlet, o.department_id FROM tills t JOIN outlets o ON o.id = t.outlet_id
WHERE t.organisation_id = $1 ORDER BY o.name, t.name, t.id;

-- name: ListDepartmentTree :many
SELECT id, parent_id, name FROM departments WHERE organisation_id = $1;

-- name: ListAgentRules :many
SELECT id, capability, rules_version FROM agents WHERE organisation_id = $1 AND revoked_at = 0;

-- name: SetAgentRules :exec
UPDATE agents SET rules_version = $2 WHERE id = $1 AND rules_version <> $2;

-- name: ProblemBegan :exec
INSERT INTO problem_times (organisation_id, till_id, code, began_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (till_id, code, began_at) DO NOTHING;

-- name: ProblemEnded :exec
UPDATE problem_times SET ended_at = $3 WHERE till_id = $1 AND code = $2 AND ended_at = 0;

-- name: ListStandingProblems :many
SELECT code FROM problem_times WHERE till_id = $1 AND ended_at = 0;

-- name: ListProblemTimes :many
SELECT * FROM problem_times WHERE organisation_id = $1 AND (began_at >= sqlc.arg(since) OR ended_at = 0 OR ended_at >= sqlc.arg(since)) ORDER BY began_at;

-- name: FirstProblemTime :one
SELECT CAST(COALESCE(MIN(began_at), 0) AS BIGINT) AS began_at FROM problem_times WHERE organisation_id = $1;

-- name: ForgetProblemTimes :exec
DELETE FROM problem_times WHERE ended_at <> 0 AND ended_at < $1;

-- name: MoveProblemTimes :exec
DELETE FROM problem_times WHERE till_id = $1;

-- name: ListCommandTimes :many
SELECT till_id, action, actor, rule, created_at, ended_at, state FROM commands WHERE organisation_id = $1 AND created_at >= $2 ORDER BY created_at;

-- name: ListShiftTimes :many
SELECT till_id, number, opened_at, closed_at FROM shifts WHERE organisation_id = $1 AND (closed_at = '' OR closed_at >= sqlc.arg(since)) ORDER BY opened_at;

-- name: CreateNote :execrows
INSERT INTO notes (organisation_id, id, till_id, text, person_id, author, author_organisation_id, about, about_id, written_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (organisation_id, id) DO NOTHING;

-- name: GetNote :one
SELECT n.*, o.name AS organisation, o.kind FROM notes n JOIN organisations o ON o.id = n.author_organisation_id
WHERE n.organisation_id = $1 AND n.id = $2;

-- name: ListNotes :many
SELECT n.*, o.name AS organisation, o.kind FROM notes n JOIN organisations o ON o.id = n.author_organisation_id
WHERE n.till_id = $1 AND (n.written_at < sqlc.arg(before) OR n.written_at = sqlc.arg(before) AND n.id < sqlc.arg(before_id))
ORDER BY n.written_at DESC, n.id DESC LIMIT sqlc.arg(most);

-- name: CountUnreadNotes :many
SELECT n.till_id, COUNT(*) AS unread FROM notes n
LEFT JOIN note_reads r ON r.till_id = n.till_id AND r.person_id = sqlc.arg(person_id)
WHERE n.organisation_id = sqlc.arg(organisation_id) AND n.person_id <> sqlc.arg(person_id) AND n.written_at > COALESCE(r.read_at, 0)
GROUP BY n.till_id ORDER BY n.till_id;

-- name: MarkNotesRead :exec
INSERT INTO note_reads (till_id, person_id, name, organisation_id, read_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (till_id, person_id) DO UPDATE SET read_at = CASE WHEN excluded.read_at > note_reads.read_at THEN excluded.read_at ELSE note_reads.read_at END,
    name = excluded.name, organisation_id = excluded.organisation_id;

-- name: ListNoteReaders :many
SELECT r.person_id, r.name, r.organisation_id, r.read_at, o.name AS organisation FROM note_reads r JOIN organisations o ON o.id = r.organisation_id
WHERE r.till_id = $1 ORDER BY r.read_at DESC, r.person_id LIMIT 50;

-- name: MoveNotes :exec
UPDATE notes SET till_id = sqlc.arg(heir) WHERE till_id = $1;

-- name: ListBusyTills :many
SELECT DISTINCT till_id FROM documents WHERE organisation_id = $1 AND at >= sqlc.arg(since) AND at < sqlc.arg(until);
