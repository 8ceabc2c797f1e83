-- +goose Up

-- What its program was built for: linux/amd64.
ALTER TABLE agents ADD COLUMN platform TEXT NOT NULL DEFAULT '';
-- The start of the program that said hello last. Another start has to say hello before it is heard.
ALTER TABLE agents ADD COLUMN instance TEXT NOT NULL DEFAULT '';
-- Serial number of the newest certificate, hex; empty when none was noted.
ALTER TABLE agents ADD COLUMN certificate TEXT NOT NULL DEFAULT '';
-- The one it replaced, until the newest was shown: its answer may have got lost.
ALTER TABLE agents ADD COLUMN certificate_before TEXT NOT NULL DEFAULT '';
ALTER TABLE agents ADD COLUMN certificate_ends_at BIGINT NOT NULL DEFAULT 0;
-- Login of who revoked it.
ALTER TABLE agents ADD COLUMN revoked_by TEXT NOT NULL DEFAULT '';

CREATE INDEX agents_by_organisation ON agents (organisation_id);
CREATE INDEX agents_by_revocation ON agents (revoked_at) WHERE revoked_at <> 0;

-- Programs that spoke as an agent. One is usual; a copied disk makes two. Each goes from token to token.
CREATE TABLE agent_programs (
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    agent_id TEXT NOT NULL REFERENCES agents (id),
    id TEXT NOT NULL,
    -- The token it was given last; whoever shows it goes on as this program.
    token TEXT NOT NULL,
    instance TEXT NOT NULL,
    host TEXT NOT NULL,
    address TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    heard_at BIGINT NOT NULL,
    -- When it last spoke after another had spoken; 0 when it never did.
    returned_at BIGINT NOT NULL,
    PRIMARY KEY (agent_id, id)
);

CREATE INDEX agent_programs_by_organisation ON agent_programs (organisation_id);
