-- Tokens of the management API. Only a hash of a token is stored. `project_id` 0: of a person, or, where `user_id` is 0 too, of the operator.
CREATE TABLE tokens (
    id ROWID,
    public_id TEXT NOT NULL UNIQUE,
    project_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- `read`, `write` or `admin`.
    scope TEXT NOT NULL,
    prefix TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    -- Who made it, as the audit log names them.
    created_by TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT
);
CREATE INDEX tokens_by_owner ON tokens (project_id, user_id, id);

-- What calls with an `Idempotency-Key` were answered, for a day. `status` NULL: the call has not ended.
CREATE TABLE idempotency_keys (
    token_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- SHA-256 of the method, the path and the body.
    request_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    status INTEGER,
    content_type TEXT,
    -- The response may hold a secret that is shown once.
    sealed_body TEXT,
    PRIMARY KEY (token_id, name)
);
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_at);
