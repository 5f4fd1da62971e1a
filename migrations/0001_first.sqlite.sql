-- What only SQLite needs, behind 0001_first.sql: of the one table of deliveries, what little is worked on has indexes of its own.

CREATE INDEX deliveries_due ON deliveries (webhook_id, due_at) WHERE status = 'pending';
CREATE INDEX deliveries_untried ON deliveries (webhook_id, conversation_id, id)
WHERE status = 'pending' AND NOT tried AND conversation_id IS NOT NULL;
CREATE INDEX deliveries_in_flight ON deliveries (webhook_id) WHERE status = 'pending' AND holds_slot;
CREATE INDEX deliveries_failed ON deliveries (webhook_id, created_at, id) WHERE status = 'failed';
