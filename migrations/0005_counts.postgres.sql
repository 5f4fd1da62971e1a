-- What only PostgreSQL needs, behind 0005_counts.sql: what changes in these stands in no index (HOT).
ALTER TABLE counts SET (fillfactor = 50);
