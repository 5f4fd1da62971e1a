-- For both engines; what only one of them needs is in 0001_first.sqlite.sql and 0001_first.postgres.sql. `ROWID` is the
-- table's own growing key, `ROW_KEY` one that the application makes. SQLite does without `PARTITION BY`.
-- Times are microseconds since 1970 (UTC), `*_due_at IS NULL` means nothing to do, JSON and UUIDs are TEXT.
-- Columns named `sealed_*` are encrypted with the operator's key.
-- Tables that grow have no foreign keys: each insert would look its parents up, and lock them, and each new parent would
-- look for children. A row is written in the transaction of its parent or after it, and only the retention job removes parents.

CREATE TABLE projects (
    id ROWID,
    public_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    region TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    ip_policy TEXT NOT NULL,
    -- When `lead.created` is emitted: details or contact.
    lead_created TEXT NOT NULL,
    form TEXT,
    created_at BIGINT NOT NULL
);

CREATE TABLE api_keys (
    id ROWID,
    public_id TEXT NOT NULL UNIQUE,
    project_id BIGINT NOT NULL REFERENCES projects (id),
    service_name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX api_keys_by_project ON api_keys (project_id);

CREATE TABLE channels (
    id ROWID,
    project_id BIGINT NOT NULL REFERENCES projects (id),
    kind TEXT NOT NULL,
    -- The platform's id of it.
    external_id TEXT NOT NULL,
    number TEXT,
    link_base TEXT NOT NULL,
    api_base TEXT NOT NULL,
    sealed_credentials TEXT NOT NULL,
    -- What keeps replies from being sent until the operator mends it, and since when.
    fault TEXT,
    fault_since BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE (kind, external_id)
);
CREATE INDEX channels_by_project ON channels (project_id);

CREATE TABLE widgets (
    id ROWID,
    public_id TEXT NOT NULL UNIQUE,
    project_id BIGINT NOT NULL REFERENCES projects (id),
    channel BIGINT NOT NULL REFERENCES channels (id),
    greeting TEXT NOT NULL,
    origins TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX widgets_by_project ON widgets (project_id);

CREATE TABLE conversations (
    id ROWID,
    public_id TEXT NOT NULL UNIQUE,
    project_id BIGINT NOT NULL,
    channel BIGINT NOT NULL,
    -- The platform's ids of the person: one that is no phone number, and one that is (`domain::channel::PersonIds`).
    external_user_id TEXT,
    external_phone_id TEXT,
    -- When the newest message that told them was written.
    ids_told_at BIGINT,
    profile_name TEXT,
    username TEXT,
    phone TEXT,
    agent_state TEXT NOT NULL,
    answered_up_to BIGINT NOT NULL,
    burst_started_at BIGINT,
    -- The agent's next turn, or the end of the lease of who has claimed it (`store::turns`).
    due_at BIGINT,
    -- Counted up by each claim: whoever settles a turn must hold it.
    turn_number BIGINT NOT NULL DEFAULT 0,
    -- Claims since the last turn that was settled.
    turn_attempts BIGINT NOT NULL DEFAULT 0,
    merged_into BIGINT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX conversations_by_external_user ON conversations (channel, external_user_id)
WHERE external_user_id IS NOT NULL;
CREATE UNIQUE INDEX conversations_by_external_phone ON conversations (channel, external_phone_id)
WHERE external_phone_id IS NOT NULL;
CREATE INDEX conversations_due ON conversations (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE sessions (
    id ROWID,
    project_id BIGINT NOT NULL,
    device_id TEXT,
    correlation_id TEXT NOT NULL,
    folded_id TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    conversation_id BIGINT,
    correlated_at BIGINT,
    -- Keeps correlation ids unique, since each has one folded form, and finds look-alikes with the same index.
    UNIQUE (folded_id, correlation_id)
);
CREATE INDEX sessions_by_device ON sessions (project_id, device_id, started_at) WHERE device_id IS NOT NULL;
CREATE INDEX sessions_by_conversation ON sessions (conversation_id) WHERE conversation_id IS NOT NULL;

CREATE TABLE clicks (
    id ROW_KEY,
    project_id BIGINT NOT NULL,
    session_id BIGINT NOT NULL,
    widget_id BIGINT NOT NULL,
    click_url TEXT,
    first_raw_url TEXT,
    referrer TEXT,
    parsed_params TEXT NOT NULL,
    ip_address TEXT,
    user_agent TEXT,
    -- Its session is linked to a conversation: it is kept with that, and read with its lead.
    linked BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
) PARTITION BY LIST (linked);
CREATE INDEX clicks_by_time ON clicks (project_id, created_at, id);
CREATE INDEX clicks_by_session ON clicks (session_id, id);

-- Requests to a widget that are no click of a person: crawlers, link previews, prefetches, HEAD, clicks over the rate limit. One row a day and kind.
CREATE TABLE automated_requests (
    project_id BIGINT NOT NULL,
    widget_id BIGINT NOT NULL,
    day TEXT NOT NULL,
    kind TEXT NOT NULL,
    requests BIGINT NOT NULL,
    PRIMARY KEY (project_id, widget_id, day, kind)
);

CREATE TABLE leads (
    id ROWID,
    project_id BIGINT NOT NULL,
    conversation_id BIGINT NOT NULL UNIQUE,
    session_id BIGINT,
    status TEXT NOT NULL,
    fields TEXT NOT NULL,
    intent TEXT,
    -- `lead.created`: when it was emitted, the details that webhooks know of, and when these are looked at again.
    announced_at BIGINT,
    announced_details TEXT,
    announce_due_at BIGINT,
    completed_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX leads_by_time ON leads (project_id, created_at, id);
CREATE INDEX leads_to_announce ON leads (announce_due_at) WHERE announce_due_at IS NOT NULL;

CREATE TABLE messages (
    id ROWID,
    project_id BIGINT NOT NULL,
    channel BIGINT NOT NULL,
    conversation_id BIGINT NOT NULL,
    direction TEXT NOT NULL,
    -- Our own id of a reply, and the platform's id of any message. One that goes out without ours was written by a person of the
    -- business in an app of the platform's.
    reply_id TEXT,
    external_id TEXT,
    -- The platform's id of the message that this one corrects or takes back.
    original_id TEXT,
    kind TEXT NOT NULL,
    text TEXT,
    contact TEXT,
    raw TEXT,
    status TEXT NOT NULL,
    error TEXT,
    attempts BIGINT NOT NULL,
    -- The attempt after which the retry schedule begins: it begins anew where the reply is resent.
    retries_from BIGINT NOT NULL DEFAULT 0,
    due_at BIGINT,
    sent_at BIGINT,
    -- When its sender took it back.
    revoked_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX messages_by_external_id ON messages (channel, external_id) WHERE external_id IS NOT NULL;
CREATE UNIQUE INDEX messages_by_reply_id ON messages (reply_id) WHERE reply_id IS NOT NULL;
CREATE INDEX messages_by_conversation ON messages (conversation_id, id);
CREATE INDEX messages_due ON messages (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX messages_by_time ON messages (project_id, created_at, id);

-- What a platform sent that is no message and no status: kept whole.
CREATE TABLE notices (
    id ROWID,
    project_id BIGINT NOT NULL,
    channel BIGINT NOT NULL,
    kind TEXT NOT NULL,
    raw TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX notices_by_time ON notices (channel, created_at);

-- Where a person came from besides a click of the widget: an ad that opens the chat.
CREATE TABLE referrals (
    id ROWID,
    project_id BIGINT NOT NULL,
    conversation_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    -- The ad platform's id of the click.
    ad_click_id TEXT,
    raw TEXT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX referrals_by_conversation ON referrals (conversation_id, id);

-- Correlation ids that were read from a message and not linked, and why.
CREATE TABLE refused_correlation_ids (
    id ROWID,
    project_id BIGINT NOT NULL,
    conversation_id BIGINT NOT NULL,
    correlation_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX refused_correlation_ids_by_conversation ON refused_correlation_ids (conversation_id, id);

CREATE TABLE webhooks (
    id ROWID,
    public_id TEXT NOT NULL UNIQUE,
    project_id BIGINT NOT NULL REFERENCES projects (id),
    key_id BIGINT REFERENCES api_keys (id),
    service_name TEXT NOT NULL,
    url TEXT NOT NULL,
    sealed_secret TEXT NOT NULL,
    sealed_previous_secret TEXT,
    previous_secret_until BIGINT,
    sealed_headers TEXT NOT NULL,
    events TEXT NOT NULL,
    policy TEXT NOT NULL,
    is_active BOOLEAN NOT NULL,
    off_reason TEXT,
    failing_since BIGINT,
    rate_per_second BIGINT,
    concurrency BIGINT,
    -- When its next delivery may begin, where it has a rate.
    next_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    removed_at BIGINT
);
CREATE UNIQUE INDEX webhooks_by_key ON webhooks (key_id) WHERE key_id IS NOT NULL AND removed_at IS NULL;
CREATE INDEX webhooks_by_project ON webhooks (project_id);

-- This table and the next two have a row for everything that happens. Columns of one width stand together, the widest first:
-- PostgreSQL leaves no gaps between them then. An event is found by its project and its time, on PostgreSQL.
CREATE TABLE events (
    id ROW_KEY,
    project_id BIGINT NOT NULL,
    conversation_id BIGINT,
    created_at BIGINT NOT NULL,
    -- Random: looked for by its time.
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    body TEXT NOT NULL,
    body_external TEXT
) PARTITION BY RANGE (created_at);
CREATE INDEX events_by_time ON events (project_id, created_at, id);

CREATE TABLE deliveries (
    id ROW_KEY,
    webhook_id BIGINT NOT NULL,
    event_id BIGINT NOT NULL,
    conversation_id BIGINT,
    due_at BIGINT,
    created_at BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    retries_from INTEGER NOT NULL,
    tried BOOLEAN NOT NULL,
    -- Claimed, and counted against the concurrency of its webhook.
    holds_slot BOOLEAN NOT NULL,
    -- `pending`: it is due at `due_at`, which the others do not have.
    status TEXT NOT NULL
) PARTITION BY LIST (status);
CREATE INDEX deliveries_by_webhook ON deliveries (webhook_id, created_at, id);

-- Nothing names an attempt: it is found by its delivery.
CREATE TABLE attempts (
    delivery_id BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    number INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    status_code INTEGER,
    error TEXT,
    -- Of the request's headers what its event and its time do not tell: the signatures, for example.
    sent TEXT NOT NULL,
    response_headers TEXT,
    response_body TEXT
) PARTITION BY RANGE (started_at);
CREATE UNIQUE INDEX attempts_by_delivery ON attempts (delivery_id, number, started_at);

-- How long a project keeps a kind, where it says so itself: in days, NULL for ever.
CREATE TABLE retention (
    project_id BIGINT NOT NULL REFERENCES projects (id),
    kind TEXT NOT NULL,
    days BIGINT,
    PRIMARY KEY (project_id, kind)
);

-- Up to when the retention job has handled all rows of a kind in a project.
CREATE TABLE retention_progress (
    project_id BIGINT NOT NULL REFERENCES projects (id),
    kind TEXT NOT NULL,
    removed_to BIGINT NOT NULL,
    PRIMARY KEY (project_id, kind)
);

-- Who changed what: a row in the transaction of every change by a person, a key or a command. Kept for ever.
CREATE TABLE audit (
    id ROWID,
    project_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    -- The API key, where `actor_kind` is `key`.
    actor_id BIGINT,
    actor_name TEXT,
    action TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    -- As people see it: a UUID, for example.
    object_id TEXT NOT NULL,
    -- A JSON object without secrets.
    detail TEXT NOT NULL
);
CREATE INDEX audit_by_project ON audit (project_id, id);

-- Numbers that only grow. `node`: how many processes have opened the database; part of the row keys that they make.
CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('node', 0);

-- One row: a known text, sealed. A process whose key does not open it must not start.
CREATE TABLE secret_key (
    id BIGINT PRIMARY KEY,
    canary TEXT NOT NULL
);
