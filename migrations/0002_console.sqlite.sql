-- What only SQLite needs, behind 0002_console.sql: words by which leads are found. Their rowid is four times the lead's key, and a
-- number from 0 to 3 for what they were taken from. A word begins with a character for its project, so that a search reads nothing
-- of another one. The beginnings of a word up to eleven letters stand in the index: where one does not, a search merges all words
-- that begin with it.
CREATE VIRTUAL TABLE lead_search USING fts5(
    words, content='', contentless_delete=1, detail=none, prefix='2 3 4 5 6 7 8 9 10 11 12',
    tokenize='unicode61 remove_diacritics 2'
);

-- Of each webhook what failed, with what its last attempt came to, and what was cancelled: counts read the index alone.
DROP INDEX deliveries_failed;
CREATE INDEX deliveries_failed ON deliveries (webhook_id, created_at, id, result) WHERE status = 'failed';
CREATE INDEX deliveries_cancelled ON deliveries (webhook_id, created_at, id) WHERE status = 'cancelled';
