-- What only PostgreSQL needs, behind 0002_console.sql: words by which leads are found. A word begins with a character for its
-- project, so that a search reads nothing of another one.
CREATE TABLE lead_search (
    lead_id BIGINT NOT NULL,
    -- What they were taken from.
    part INTEGER NOT NULL,
    words TSVECTOR NOT NULL,
    PRIMARY KEY (lead_id, part)
);
CREATE INDEX lead_search_by_word ON lead_search USING GIN (words);
-- What only PostgreSQL needs, behind 0002_console.sql: what changes in these stands in no index (HOT).

ALTER TABLE delivery_counts SET (fillfactor = 50);
-- SQLite has enough of `attention_open`.
CREATE INDEX attention_open_by_project ON attention (project_id, id) WHERE closed_at IS NULL;

-- Of each webhook what failed, with what its last attempt came to, and what was cancelled: counts read the index alone.
DROP INDEX deliveries_failed;
CREATE INDEX deliveries_failed ON deliveries_ended (webhook_id, created_at, id, result) WHERE status = 'failed';
CREATE INDEX deliveries_cancelled ON deliveries_ended (webhook_id, created_at, id) WHERE status = 'cancelled';
