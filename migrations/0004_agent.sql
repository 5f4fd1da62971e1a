-- A language model that helps the agent: what a project has written for it, what it may cost, and what came of it.

-- Who worded a message that goes out (`domain::generated_by`); NULL of what people write and of what is older.
ALTER TABLE messages ADD COLUMN generated_by TEXT;

-- How a project wants the model to be used: limits of tokens, NULL for none; whether prompts and answers are kept; whether the greeting
-- says that the agent is automated.
ALTER TABLE projects ADD COLUMN tokens_a_day BIGINT;
ALTER TABLE projects ADD COLUMN tokens_a_month BIGINT;
ALTER TABLE projects ADD COLUMN keeps_prompts BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE projects ADD COLUMN discloses BOOLEAN NOT NULL DEFAULT TRUE;

-- How long after a person's last message the agent asks once more, NULL for never; how long after it an incomplete lead is abandoned.
-- Microseconds.
ALTER TABLE projects ADD COLUMN nudge_after BIGINT DEFAULT 14400000000;
ALTER TABLE projects ADD COLUMN abandoned_after BIGINT NOT NULL DEFAULT 86400000000;
-- When that is looked at; when webhooks were told that the lead is abandoned, which happens once.
ALTER TABLE conversations ADD COLUMN nudge_at BIGINT;
ALTER TABLE conversations ADD COLUMN abandon_at BIGINT;
ALTER TABLE conversations ADD COLUMN abandoned_at BIGINT;
CREATE INDEX conversations_to_nudge ON conversations (nudge_at) WHERE nudge_at IS NOT NULL;
CREATE INDEX conversations_to_abandon ON conversations (abandon_at) WHERE abandon_at IS NOT NULL;

-- What the agent may answer questions from, by paragraph.
CREATE TABLE knowledge (
    id ROWID,
    project_id BIGINT NOT NULL REFERENCES projects (id),
    place BIGINT NOT NULL,
    text TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX knowledge_by_project ON knowledge (project_id, place, id);

-- Questions of people that nothing answered. Settled: answered for good, or put aside.
CREATE TABLE unanswered_questions (
    id ROWID,
    project_id BIGINT NOT NULL,
    conversation_id BIGINT NOT NULL,
    question TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    settled_at BIGINT
);
CREATE INDEX unanswered_questions_open ON unanswered_questions (project_id, id) WHERE settled_at IS NULL;
CREATE INDEX unanswered_questions_by_time ON unanswered_questions (project_id, asked_at);
CREATE INDEX unanswered_questions_by_conversation ON unanswered_questions (conversation_id);

-- Every question to the model: counted before it is asked, with the tokens that it may cost; settled with what it did cost.
CREATE TABLE model_calls (
    id ROWID,
    project_id BIGINT NOT NULL,
    conversation_id BIGINT NOT NULL,
    -- The number that the platform vouches for, else the conversation.
    person TEXT NOT NULL,
    -- `pending`, `ok`, `cancelled`, or why there was no answer (`llm::Failure`).
    outcome TEXT NOT NULL,
    requests BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    cached_tokens BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    -- Only where the project says so.
    prompt TEXT,
    answer TEXT,
    started_at BIGINT NOT NULL
);
CREATE INDEX model_calls_by_conversation ON model_calls (conversation_id, id);
CREATE INDEX model_calls_by_person ON model_calls (project_id, person, started_at);
CREATE INDEX model_calls_by_time ON model_calls (project_id, started_at);

-- What a project's questions to the model came to, by day of its time zone. Tokens of those under way are in it.
CREATE TABLE model_days (
    project_id BIGINT NOT NULL,
    day TEXT NOT NULL,
    calls BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    cached_tokens BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    PRIMARY KEY (project_id, day)
);

-- What of the model's proposals did not count, by day and reason (`agent::Reason`).
CREATE TABLE model_drops (
    project_id BIGINT NOT NULL,
    day TEXT NOT NULL,
    reason TEXT NOT NULL,
    drops BIGINT NOT NULL,
    PRIMARY KEY (project_id, day, reason)
);
