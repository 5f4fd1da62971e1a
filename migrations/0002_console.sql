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
CREATE INDEX conversations_with ON conversations (project_id, handling_since, id, handler) WHERE handling = 'with';
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
-- Clicks are many and have none: they are looked for by their time.
CREATE INDEX events_by_type ON events (project_id, event_type, created_at, id) WHERE conversation_id IS NOT NULL;

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

-- Jobs that make due again what failed of a webhook and what a filter matches, slice by slice.
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
    -- The webhook, and behind which of its deliveries the next slice begins.
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

-- Filters of a list that somebody keeps under a name: `query` as it stands in the address. Without a person: everybody of the
-- project sees it.
CREATE TABLE saved_views (
    id ROWID,
    project_id BIGINT NOT NULL REFERENCES projects (id),
    page TEXT NOT NULL,
    user_id BIGINT REFERENCES users (id),
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX saved_views_by_project ON saved_views (project_id, page);
CREATE INDEX saved_views_by_user ON saved_views (user_id) WHERE user_id IS NOT NULL;

-- Who writes an answer at the moment, and to whom: for their colleagues. A row is good until its time.
CREATE TABLE writers (
    conversation_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id),
    project_id BIGINT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, user_id)
);
CREATE INDEX writers_by_project ON writers (project_id, until);
CREATE INDEX writers_by_user ON writers (user_id);

-- When Aurix turned a webhook off because of how its receiver answers; NULL where it is on, or a person turned it off.
ALTER TABLE webhooks ADD COLUMN turned_off_at BIGINT;
UPDATE webhooks
SET turned_off_at = (
    SELECT MAX(audit.at)
    FROM audit
    WHERE audit.project_id = webhooks.project_id AND audit.object_id = webhooks.public_id
      AND audit.action = 'webhook.disable' AND audit.actor_kind = 'system'
)
WHERE NOT is_active AND removed_at IS NULL AND off_reason NOT IN ('Turned off by hand.', 'Its API key was revoked.');
CREATE INDEX webhooks_turned_off ON webhooks (turned_off_at) WHERE turned_off_at IS NOT NULL;
CREATE INDEX webhooks_failing ON webhooks (failing_since) WHERE failing_since IS NOT NULL;
CREATE INDEX channels_at_fault ON channels (fault_since) WHERE fault_since IS NOT NULL;

-- What needs a person: opened by Aurix, and closed by it once it is mended. Project 0: the whole instance.
CREATE TABLE attention (
    id ROWID,
    project_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    -- What it is about: the row, and its name in addresses. 0 and '' where it is the project as a whole.
    subject_id BIGINT NOT NULL,
    subject TEXT NOT NULL,
    title TEXT NOT NULL,
    message TEXT NOT NULL,
    -- Since when it has been so; opened somewhat later.
    since BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT
);
-- One of a kind and a subject is open. Whoever inserts it tells people of it.
CREATE UNIQUE INDEX attention_open ON attention (project_id, kind, subject_id, subject) WHERE closed_at IS NULL;
CREATE INDEX attention_open_by_kind ON attention (kind, id) WHERE closed_at IS NULL;
CREATE INDEX attention_by_project ON attention (project_id, id);
CREATE INDEX attention_closed ON attention (closed_at) WHERE closed_at IS NOT NULL;

-- How full the disks of the nodes are, as each node said last.
CREATE TABLE disks (
    host TEXT NOT NULL,
    path TEXT NOT NULL,
    total_bytes BIGINT NOT NULL,
    free_bytes BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (host, path)
);

-- Of what a member is told by e-mail: kinds of attention, with spaces between; NULL: what their role is told of. Operators are told
-- of the instance, unless they do not want it.
ALTER TABLE members ADD COLUMN alerts TEXT;
ALTER TABLE users ADD COLUMN is_told BOOLEAN NOT NULL DEFAULT TRUE;

-- E-mail to send.
CREATE TABLE mails (
    id ROWID,
    -- A UUID: the letter's id at every mail server.
    public_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    user_id BIGINT,
    recipient TEXT NOT NULL,
    -- Subject, text and HTML, JSON. NULL where it is made of `mail_attention` when it is sent, and of all once they have ended.
    sealed_letter TEXT,
    -- Takes on more of `mail_attention`: until it is claimed.
    collects BOOLEAN NOT NULL,
    -- `pending`, `sent`, `failed` or `cancelled`.
    status TEXT NOT NULL,
    -- The next attempt, or the end of the lease of who has claimed it. `attempts` is counted up by each claim.
    due_at BIGINT,
    attempts BIGINT NOT NULL,
    error TEXT,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX mails_due ON mails (due_at) WHERE due_at IS NOT NULL;
CREATE UNIQUE INDEX mails_collecting ON mails (user_id) WHERE collects;
CREATE INDEX mails_by_user ON mails (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX mails_by_time ON mails (created_at);
CREATE INDEX mails_with_error ON mails (id) WHERE error IS NOT NULL;

-- What a letter tells: that an item was opened, or closed.
CREATE TABLE mail_attention (
    mail_id BIGINT NOT NULL,
    attention_id BIGINT NOT NULL,
    is_closed BOOLEAN NOT NULL,
    PRIMARY KEY (mail_id, attention_id, is_closed)
);
CREATE INDEX mail_attention_by_item ON mail_attention (attention_id);
