//! What a run of the retention job removed.

/// How much was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Clicks; their sessions are removed with them.
    pub clicks: u64,
    /// Events.
    pub events: u64,
    /// Deliveries; their attempts are removed with them.
    pub deliveries: u64,
    /// Attempts past the retention of the log.
    pub attempts: u64,
    /// Messages.
    pub messages: u64,
    /// Past messages of a platform's own app, and entries of its address book.
    pub past_messages: u64,
    /// Chats on pages.
    pub chats: u64,
    /// Other notifications of platforms.
    pub notices: u64,
    /// Partitions, with all their rows.
    pub partitions: u64,
    /// Sessions whose clicks are dropped with a partition.
    pub sessions: u64,
}
