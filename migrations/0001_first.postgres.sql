-- What only PostgreSQL needs, behind 0001_first.sql: the parts of tables (docs/decisions/0011), indexes of single parts, and
-- room for what is changed often.

-- What is worked on is small, and changed all the time; what has ended is filed by week and never changed, but to be resent.
CREATE TABLE deliveries_pending PARTITION OF deliveries FOR VALUES IN ('pending');
CREATE TABLE deliveries_ended PARTITION OF deliveries FOR VALUES IN ('delivered', 'failed', 'cancelled')
PARTITION BY RANGE (created_at);
CREATE INDEX deliveries_by_id ON deliveries (id);
CREATE INDEX deliveries_due ON deliveries_pending (webhook_id, due_at);
CREATE INDEX deliveries_untried ON deliveries_pending (webhook_id, conversation_id, id)
WHERE NOT tried AND conversation_id IS NOT NULL;
CREATE INDEX deliveries_in_flight ON deliveries_pending (webhook_id) WHERE holds_slot;
CREATE INDEX deliveries_failed ON deliveries_ended (webhook_id, created_at, id) WHERE status = 'failed';

-- A click moves when its session is linked.
CREATE TABLE clicks_linked PARTITION OF clicks FOR VALUES IN (TRUE);
CREATE TABLE clicks_unlinked PARTITION OF clicks FOR VALUES IN (FALSE) PARTITION BY RANGE (created_at);
CREATE INDEX clicks_by_id ON clicks_linked (id);

-- For times that have no week, so that no row is ever refused.
CREATE TABLE clicks_unlinked_rest PARTITION OF clicks_unlinked DEFAULT;
CREATE TABLE events_rest PARTITION OF events DEFAULT;
CREATE TABLE deliveries_ended_rest PARTITION OF deliveries_ended DEFAULT;
CREATE TABLE attempts_rest PARTITION OF attempts DEFAULT;
CREATE INDEX attempts_rest_by_time ON attempts_rest (started_at);

-- Makes the part of a table from `starts` until `ends` (microseconds since 1970), unless it is there. Rows of that time that
-- came before it move in.
CREATE FUNCTION make_partition(parent TEXT, time_column TEXT, starts BIGINT, ends BIGINT) RETURNS BOOLEAN
LANGUAGE plpgsql AS $$
DECLARE
    part TEXT := parent || to_char(to_timestamp(starts / 1000000) AT TIME ZONE 'UTC', '_YYYYMMDD');
BEGIN
    IF to_regclass(part) IS NOT NULL THEN
        RETURN FALSE;
    END IF;
    -- Whoever holds the table for longer is not made to wait, nor those behind.
    SET LOCAL lock_timeout = '2s';
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent || '_rest');
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)', part, parent);
    EXECUTE format(
        'WITH moved AS (DELETE FROM %I WHERE %I >= %s AND %I < %s RETURNING *) INSERT INTO %I SELECT * FROM moved',
        parent || '_rest', time_column, starts, time_column, ends, part
    );
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', parent, part, starts, ends);
    -- Written once, dropped as a whole: looked at for the planner and for freezing.
    EXECUTE format(
        'ALTER TABLE %I SET (autovacuum_vacuum_insert_scale_factor = 0.5, autovacuum_analyze_scale_factor = 0.1)', part
    );
    RETURN TRUE;
END
$$;

-- Keeps everybody out of a table, with all its parts, until the end of the transaction.
CREATE FUNCTION lock_divided(divided TEXT) RETURNS VOID
LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL lock_timeout = '2s';
    EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE', divided);
END
$$;

-- Drops a part with all its rows.
CREATE FUNCTION drop_partition(part TEXT) RETURNS VOID
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DROP TABLE %I', part);
END
$$;

-- Every delivery is changed twice in here, and then leaves: what is dead is cleared away early, or the index of what is due is
-- walked through it. That is quick, since the table is small.
ALTER TABLE deliveries_pending SET (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0.2, autovacuum_analyze_threshold = 5000
);
ALTER TABLE messages SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);
ALTER TABLE conversations SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);
-- What changes in these stands in no index: with room left in its page, a row is changed without touching any (HOT).
ALTER TABLE leads SET (fillfactor = 80);
ALTER TABLE automated_requests SET (fillfactor = 50);
ALTER TABLE webhooks SET (fillfactor = 50);
