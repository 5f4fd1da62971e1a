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

-- TLS built in: the account at each certificate authority.
CREATE TABLE acme_accounts (
    directory TEXT PRIMARY KEY,
    sealed_credentials TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- The certificate for a set of domains, sorted and separated by commas, and when the next order for it is due.
CREATE TABLE certificates (
    names TEXT PRIMARY KEY,
    -- PEM, the server's own first; NULL until the first was issued.
    chain TEXT,
    sealed_key TEXT,
    issued_at BIGINT,
    expires_at BIGINT,
    due_at BIGINT NOT NULL,
    -- Counted by each order: the fence of its settlement.
    attempt BIGINT NOT NULL,
    attempted_at BIGINT,
    -- Orders in a row that failed, and what was wrong with the last one, in words.
    failures BIGINT NOT NULL,
    fault TEXT
);

-- What answers an authority that looks whether a domain leads here: any node does, whichever ordered.
CREATE TABLE acme_challenges (
    domain TEXT PRIMARY KEY,
    -- SHA-256 of the key authorization, in hex. No secret: whoever asks for it gets it.
    digest TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
