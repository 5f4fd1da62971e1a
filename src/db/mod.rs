//! Floor 2: one way to SQLite and PostgreSQL. Knows no table.
