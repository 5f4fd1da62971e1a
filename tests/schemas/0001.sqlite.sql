-- The first schema, as SQLite had it.
CREATE TABLE migrations (version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL);
INSERT INTO migrations VALUES (1, 'first', 1760000000000000);
CREATE TABLE projects (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    region TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    ip_policy TEXT NOT NULL,
    lead_created TEXT NOT NULL,
    form TEXT,
    created_at BIGINT NOT NULL
);
CREATE TABLE api_keys (
    id INTEGER PRIMARY KEY,
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
    id INTEGER PRIMARY KEY,
    project_id BIGINT NOT NULL REFERENCES projects (id),
    kind TEXT NOT NULL,
    external_id TEXT NOT NULL,
    number TEXT,
    link_base TEXT NOT NULL,
    api_base TEXT NOT NULL,
    sealed_credentials TEXT NOT NULL,
    fault TEXT,
    fault_since BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE (kind, external_id)
);
CREATE INDEX channels_by_project ON channels (project_id);
CREATE TABLE widgets (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    project_id BIGINT NOT NULL REFERENCES projects (id),
    channel BIGINT NOT NULL REFERENCES channels (id),
    greeting TEXT NOT NULL,
    origins TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX widgets_by_project ON widgets (project_id);
CREATE TABLE conversations (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    project_id BIGINT NOT NULL,
    channel BIGINT NOT NULL,
    external_user_id TEXT,
    external_phone_id TEXT,
    ids_told_at BIGINT,
    profile_name TEXT,
    username TEXT,
    phone TEXT,
    agent_state TEXT NOT NULL,
    answered_up_to BIGINT NOT NULL,
    burst_started_at BIGINT,
    due_at BIGINT,
    turn_number BIGINT NOT NULL DEFAULT 0,
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
    id INTEGER PRIMARY KEY,
    project_id BIGINT NOT NULL,
    device_id TEXT,
    correlation_id TEXT NOT NULL,
    folded_id TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    conversation_id BIGINT,
    correlated_at BIGINT,
    UNIQUE (folded_id, correlation_id)
);
CREATE INDEX sessions_by_device ON sessions (project_id, device_id, started_at) WHERE device_id IS NOT NULL;
CREATE INDEX sessions_by_conversation ON sessions (conversation_id) WHERE conversation_id IS NOT NULL;
CREATE TABLE clicks (
    id INTEGER PRIMARY KEY,
    project_id BIGINT NOT NULL,
    session_id BIGINT NOT NULL,
    widget_id BIGINT NOT NULL,
    click_url TEXT,
    first_raw_url TEXT,
    referrer TEXT,
    parsed_params TEXT NOT NULL,
    ip_address TEXT,
    user_agent TEXT,
    linked BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX clicks_by_time ON clicks (project_id, created_at, id);
CREATE INDEX clicks_by_session ON clicks (session_id, id);
CREATE TABLE automated_requests (
    project_id BIGINT NOT NULL,
    widget_id BIGINT NOT NULL,
    day TEXT NOT NULL,
    kind TEXT NOT NULL,
    requests BIGINT NOT NULL,
    PRIMARY KEY (project_id, widget_id, day, kind)
);
CREATE TABLE leads (
    id INTEGER PRIMARY KEY,
    project_id BIGINT NOT NULL,
    conversation_id BIGINT NOT NULL UNIQUE,
    session_id BIGINT,
    status TEXT NOT NULL,
    fields TEXT NOT NULL,
    intent TEXT,
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
    id INTEGER PRIMARY KEY,
    project_id BIGINT NOT NULL,
    channel BIGINT NOT NULL,
    conversation_id BIGINT NOT NULL,
    direction TEXT NOT NULL,
    reply_id TEXT,
    external_id TEXT,
    original_id TEXT,
    kind TEXT NOT NULL,
    text TEXT,
    contact TEXT,
    raw TEXT,
    status TEXT NOT NULL,
    error TEXT,
    attempts BIGINT NOT NULL,
    retries_from BIGINT NOT NULL DEFAULT 0,
    due_at BIGINT,
    sent_at BIGINT,
    revoked_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX messages_by_external_id ON messages (channel, external_id) WHERE external_id IS NOT NULL;
CREATE UNIQUE INDEX messages_by_reply_id ON messages (reply_id) WHERE reply_id IS NOT NULL;
CREATE INDEX messages_by_conversation ON messages (conversation_id, id);
CREATE INDEX messages_due ON messages (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX messages_by_time ON messages (project_id, created_at, id);
CREATE TABLE notices (
    id INTEGER PRIMARY KEY,
    project_id BIGINT NOT NULL,
    channel BIGINT NOT NULL,
    kind TEXT NOT NULL,
    raw TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX notices_by_time ON notices (channel, created_at);
CREATE TABLE referrals (
    id INTEGER PRIMARY KEY,
    project_id BIGINT NOT NULL,
    conversation_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    ad_click_id TEXT,
    raw TEXT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX referrals_by_conversation ON referrals (conversation_id, id);
CREATE TABLE refused_correlation_ids (
    id INTEGER PRIMARY KEY,
    project_id BIGINT NOT NULL,
    conversation_id BIGINT NOT NULL,
    correlation_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX refused_correlation_ids_by_conversation ON refused_correlation_ids (conversation_id, id);
CREATE TABLE webhooks (
    id INTEGER PRIMARY KEY,
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
    next_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    removed_at BIGINT
);
CREATE UNIQUE INDEX webhooks_by_key ON webhooks (key_id) WHERE key_id IS NOT NULL AND removed_at IS NULL;
CREATE INDEX webhooks_by_project ON webhooks (project_id);
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    project_id BIGINT NOT NULL,
    conversation_id BIGINT,
    created_at BIGINT NOT NULL,
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    body TEXT NOT NULL,
    body_external TEXT
);
CREATE INDEX events_by_time ON events (project_id, created_at, id);
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    webhook_id BIGINT NOT NULL,
    event_id BIGINT NOT NULL,
    conversation_id BIGINT,
    due_at BIGINT,
    created_at BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    retries_from INTEGER NOT NULL,
    tried BOOLEAN NOT NULL,
    holds_slot BOOLEAN NOT NULL,
    status TEXT NOT NULL
);
CREATE INDEX deliveries_by_webhook ON deliveries (webhook_id, created_at, id);
CREATE TABLE attempts (
    delivery_id BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    number INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    status_code INTEGER,
    error TEXT,
    sent TEXT NOT NULL,
    response_headers TEXT,
    response_body TEXT
);
CREATE UNIQUE INDEX attempts_by_delivery ON attempts (delivery_id, number, started_at);
CREATE TABLE retention (
    project_id BIGINT NOT NULL REFERENCES projects (id),
    kind TEXT NOT NULL,
    days BIGINT,
    PRIMARY KEY (project_id, kind)
);
CREATE TABLE retention_progress (
    project_id BIGINT NOT NULL REFERENCES projects (id),
    kind TEXT NOT NULL,
    removed_to BIGINT NOT NULL,
    PRIMARY KEY (project_id, kind)
);
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    project_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id BIGINT,
    actor_name TEXT,
    action TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object_id TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_by_project ON audit (project_id, id);
CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('node', 0);
CREATE TABLE secret_key (
    id BIGINT PRIMARY KEY,
    canary TEXT NOT NULL
);
CREATE INDEX deliveries_due ON deliveries (webhook_id, due_at) WHERE status = 'pending';
CREATE INDEX deliveries_untried ON deliveries (webhook_id, conversation_id, id)
WHERE status = 'pending' AND NOT tried AND conversation_id IS NOT NULL;
CREATE INDEX deliveries_in_flight ON deliveries (webhook_id) WHERE status = 'pending' AND holds_slot;
CREATE INDEX deliveries_failed ON deliveries (webhook_id, created_at, id) WHERE status = 'failed';
