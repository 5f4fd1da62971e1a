//! Layer 4: maintenance. Retention of old data, and the partitions of growing tables.

pub mod backup;
pub mod drop_partitions;
pub mod encryption;
pub mod make_partitions;
pub mod measure;
mod remove_chats;
pub mod remove_old_answers;
pub mod remove_old_counts;
mod removed;
pub mod retention;
