//! Since when the oldest of what is due has been due, for whoever watches the installation.

use crate::db::{Conn, Result};
use crate::domain::time::Timestamp;
use crate::params;

/// The oldest due time of a queue; `None` where nothing is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    /// What waits in it.
    pub name: &'static str,
    /// Since when its oldest is due.
    pub due_since: Option<Timestamp>,
}

/// The queues of all projects, but for deliveries: `deliveries::waiting` has those.
pub async fn due(conn: &Conn, now: Timestamp) -> Result<Vec<Queue>> {
    const QUEUES: [(&str, &str); 4] = [
        ("turns", "SELECT MIN(due_at) FROM conversations WHERE due_at <= $1"),
        ("replies", "SELECT MIN(due_at) FROM messages WHERE due_at <= $1"),
        ("media", "SELECT MIN(due_at) FROM media WHERE due_at <= $1"),
        ("mails", "SELECT MIN(due_at) FROM mails WHERE due_at <= $1"),
    ];
    let mut queues = Vec::new();
    for (name, oldest) in QUEUES {
        queues.push(Queue { name, due_since: conn.get(oldest, params![now], |row| row.get(0)).await? });
    }
    Ok(queues)
}
