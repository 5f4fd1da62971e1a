-- People who use the console: for both engines.

CREATE TABLE users (
    id ROWID,
    public_id TEXT NOT NULL UNIQUE,
    -- Lower case.
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- A PHC string; NULL where no password was set yet.
    password_hash TEXT,
    -- The secret of the second factor, and the last step whose code was accepted; NULL where there is none.
    sealed_totp TEXT,
    totp_step BIGINT,
    -- May look after the whole instance.
    is_operator BOOLEAN NOT NULL,
    -- How pages look to this person: `system`, `light` or `dark`; an IANA name or NULL for the project's.
    theme TEXT NOT NULL,
    time_zone TEXT,
    hot_keys BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);

-- Codes for a person whose second factor is lost: each is good once.
CREATE TABLE recovery_codes (
    user_id BIGINT NOT NULL REFERENCES users (id),
    hash TEXT NOT NULL,
    PRIMARY KEY (user_id, hash)
);

-- Who may do what in which project.
CREATE TABLE members (
    project_id BIGINT NOT NULL REFERENCES projects (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, user_id)
);
CREATE INDEX members_by_user ON members (user_id);

-- Browsers that somebody is signed in with.
CREATE TABLE user_sessions (
    id ROWID,
    user_id BIGINT NOT NULL REFERENCES users (id),
    token_hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    -- When the person last proved who they are.
    confirmed_at BIGINT NOT NULL,
    ip_address TEXT,
    user_agent TEXT
);
CREATE INDEX user_sessions_by_user ON user_sessions (user_id, last_seen_at);
CREATE INDEX user_sessions_by_use ON user_sessions (last_seen_at);
CREATE INDEX user_sessions_by_time ON user_sessions (created_at);

-- Links that are good once: the first run, a new password, an invitation.
CREATE TABLE user_links (
    id ROWID,
    token_hash TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    user_id BIGINT,
    email TEXT,
    project_id BIGINT,
    role TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX user_links_by_project ON user_links (project_id) WHERE project_id IS NOT NULL;

-- Sign-ins that failed, by whom they are held against.
CREATE TABLE sign_in_failures (
    source TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);
CREATE INDEX sign_in_failures_by_time ON sign_in_failures (last_at);

-- As people call it, and how its button looks: what its tag says.
ALTER TABLE widgets ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE widgets ADD COLUMN label TEXT NOT NULL DEFAULT 'Chat with us';
ALTER TABLE widgets ADD COLUMN color TEXT NOT NULL DEFAULT '#12813f';
ALTER TABLE widgets ADD COLUMN side TEXT NOT NULL DEFAULT 'right';
-- The last click, and the page that it came from, to a few seconds.
ALTER TABLE widgets ADD COLUMN clicked_at BIGINT;
ALTER TABLE widgets ADD COLUMN clicked_page TEXT;

-- Sites whose scripts a widget refused: not on its list of origins.
CREATE TABLE refused_origins (
    project_id BIGINT NOT NULL,
    widget_id BIGINT NOT NULL,
    origin TEXT NOT NULL,
    requests BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, widget_id, origin)
);

-- Every lead form that a project had: what conversations are asked for can be taken back.
CREATE TABLE form_versions (
    project_id BIGINT NOT NULL REFERENCES projects (id),
    number BIGINT NOT NULL,
    form TEXT NOT NULL,
    actor_name TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, number)
);

-- When its platform was last seen, to a minute: asking for the challenge, sending something, sending something with a wrong signature.
ALTER TABLE channels ADD COLUMN verified_at BIGINT;
ALTER TABLE channels ADD COLUMN received_at BIGINT;
ALTER TABLE channels ADD COLUMN refused_at BIGINT;

-- To a few minutes.
ALTER TABLE api_keys ADD COLUMN last_used_at BIGINT;

ALTER TABLE projects ADD COLUMN members_may_export BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE projects ADD COLUMN viewers_see_masked BOOLEAN NOT NULL DEFAULT FALSE;

-- Who looks after a conversation: the agent, nobody yet (`waiting` for a person), somebody (`with`), or nobody any more since the
-- person asked for it (`stopped`). `handler` is NULL where somebody answered in the platform's own app.
ALTER TABLE conversations ADD COLUMN handling TEXT NOT NULL DEFAULT 'agent';
ALTER TABLE conversations ADD COLUMN handler BIGINT;
ALTER TABLE conversations ADD COLUMN handling_since BIGINT;
-- The oldest message that whoever has taken over has not answered.
ALTER TABLE conversations ADD COLUMN unanswered_since BIGINT;
CREATE INDEX conversations_waiting ON conversations (project_id, handling_since, id) WHERE handling = 'waiting';
CREATE INDEX conversations_with ON conversations (project_id, handling_since, id) WHERE handling = 'with';
CREATE INDEX conversations_unanswered ON conversations (unanswered_since) WHERE unanswered_since IS NOT NULL;

-- Who wrote a message in the console. The agent's have nobody, nor have those from the platform's own app.
ALTER TABLE messages ADD COLUMN user_id BIGINT;

-- How long a message to somebody who took over may stay unanswered, and whether the agent goes on then.
ALTER TABLE projects ADD COLUMN unanswered_after BIGINT NOT NULL DEFAULT 900000000;
ALTER TABLE projects ADD COLUMN agent_resumes BOOLEAN NOT NULL DEFAULT FALSE;

-- What people say of a lead. The value is in hundredths of the currency.
ALTER TABLE leads ADD COLUMN stage TEXT;
ALTER TABLE leads ADD COLUMN stage_value BIGINT;
ALTER TABLE leads ADD COLUMN currency TEXT;
ALTER TABLE leads ADD COLUMN quality TEXT NOT NULL DEFAULT 'unknown';
ALTER TABLE leads ADD COLUMN quality_reason TEXT;
-- When something was last said, by whomever.
ALTER TABLE leads ADD COLUMN last_message_at BIGINT NOT NULL DEFAULT 0;
UPDATE leads SET last_message_at = updated_at;
ALTER TABLE leads ADD COLUMN erased_at BIGINT;
CREATE INDEX leads_by_message ON leads (project_id, status, last_message_at, id);

-- Every value that a field of a lead ever had, and where it came from: the person's `words`, the `channel`, their `contact` card,
-- other fields of which it is `composed`, or a `person` of the business.
CREATE TABLE lead_field_values (
    id ROWID,
    project_id BIGINT NOT NULL,
    lead_id BIGINT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    words TEXT NOT NULL,
    source TEXT NOT NULL,
    message_id BIGINT,
    user_id BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX lead_field_values_by_lead ON lead_field_values (lead_id, id);

-- What people of the business did with a lead: notes, taking over, stages.
CREATE TABLE lead_activity (
    id ROWID,
    project_id BIGINT NOT NULL,
    lead_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    user_id BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX lead_activity_by_lead ON lead_activity (lead_id, id);

CREATE INDEX events_by_conversation ON events (conversation_id, id) WHERE conversation_id IS NOT NULL;

-- Leads up to this one are still to be found by their words: those from before.
INSERT INTO counters (name, value) SELECT 'leads_to_index', COALESCE(MAX(id), 0) FROM leads;
-- As its owner calls it; empty: the host of its URL. Paused: events are kept for it and wait.
ALTER TABLE webhooks ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE webhooks ADD COLUMN paused_at BIGINT;
-- What makes the body of its requests; NULL where events go as they are. The number of its last version, 0 before the first.
ALTER TABLE webhooks ADD COLUMN template TEXT;
ALTER TABLE webhooks ADD COLUMN template_version BIGINT NOT NULL DEFAULT 0;

-- The templates that a webhook had: attempts name the version that made their body.
CREATE TABLE payload_templates (
    webhook_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    project_id BIGINT NOT NULL,
    template TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (webhook_id, version)
);

-- What the last attempt came to: the status of its response, below 0 why there was none, 0 before the first
-- (`domain::attempt_result`).
ALTER TABLE deliveries ADD COLUMN result INTEGER NOT NULL DEFAULT 0;
CREATE INDEX deliveries_by_conversation ON deliveries (conversation_id, created_at, id) WHERE conversation_id IS NOT NULL;

-- Attempts of each webhook by quarter of an hour (of their start, in UTC). `slot`: who writes, so that no two writers wait for one
-- row. `b0` to `b11`: responses by how long they took (`domain::latency`).
CREATE TABLE delivery_counts (
    webhook_id BIGINT NOT NULL,
    quarter BIGINT NOT NULL,
    slot INTEGER NOT NULL,
    delivered BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    b0 BIGINT NOT NULL,
    b1 BIGINT NOT NULL,
    b2 BIGINT NOT NULL,
    b3 BIGINT NOT NULL,
    b4 BIGINT NOT NULL,
    b5 BIGINT NOT NULL,
    b6 BIGINT NOT NULL,
    b7 BIGINT NOT NULL,
    b8 BIGINT NOT NULL,
    b9 BIGINT NOT NULL,
    b10 BIGINT NOT NULL,
    b11 BIGINT NOT NULL,
    PRIMARY KEY (webhook_id, quarter, slot)
);
CREATE INDEX delivery_counts_by_time ON delivery_counts (quarter);

-- Jobs that make due again what failed and what a filter matches, slice by slice.
CREATE TABLE resend_jobs (
    id ROWID,
    project_id BIGINT NOT NULL,
    started_by TEXT NOT NULL,
    -- The filter, as it stands in the address of the log, and what it came to when the job began, JSON.
    filter TEXT NOT NULL,
    predicate TEXT NOT NULL,
    -- How many it matched when the job began, and how many are due again so far.
    matched BIGINT NOT NULL,
    resent BIGINT NOT NULL,
    -- `running`, `done` or `stopped`.
    state TEXT NOT NULL,
    -- Behind which delivery of which webhook the next slice begins.
    webhook_id BIGINT NOT NULL,
    after_at BIGINT NOT NULL,
    after_id BIGINT NOT NULL,
    -- The next slice, or the end of the lease of who has claimed it; counted up by each claim.
    due_at BIGINT,
    claims BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX resend_jobs_due ON resend_jobs (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX resend_jobs_by_project ON resend_jobs (project_id, id);
