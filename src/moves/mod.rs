//! Moves a whole Aurix: from SQLite to PostgreSQL, and from a backup back into its data folder.

pub mod restore;
pub mod to_postgres;
