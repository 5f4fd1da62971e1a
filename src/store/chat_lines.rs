//! Messages of a chat on a page as its visitor sees them, by their numbers.

use crate::db::{Conn, Result, Row};
use crate::domain::ids::{ChannelId, ConversationId, ProjectId, UserId};
use crate::domain::time::Timestamp;
use crate::params;

/// A message as a visitor sees it.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its number.
    pub seq: i64,
    /// Whether the visitor wrote it.
    pub is_visitors: bool,
    /// Who of the business wrote it in the console; `None` for the agent, and for the visitor.
    pub user: Option<UserId>,
    /// The channel's id of it, where the visitor wrote it.
    pub external_id: Option<String>,
    /// The words.
    pub text: Option<String>,
    /// When it was stored.
    pub at: Timestamp,
    /// What it offers to answer it by, JSON (`domain::channel::Offers`).
    pub offers: Option<String>,
}

macro_rules! lines {
    () => {
        "SELECT seq, direction = 'in', user_id, external_id, text, created_at, offers
         FROM messages
         WHERE +project_id = $1 AND conversation_id = $2"
    };
}

fn read_line(row: &Row<'_>) -> Result<Line> {
    Ok(Line {
        seq: row.get(0)?,
        is_visitors: row.get(1)?,
        user: row.get(2)?,
        external_id: row.get(3)?,
        text: row.get(4)?,
        at: row.get(5)?,
        offers: row.get(6)?,
    })
}

/// The messages of a conversation behind a number, oldest first, at most `most`.
pub async fn after(
    conn: &Conn,
    project: ProjectId,
    conversation: ConversationId,
    after: i64,
    most: u32,
) -> Result<Vec<Line>> {
    conn.query(
        concat!(lines!(), " AND seq > $3 ORDER BY seq LIMIT $4"),
        params![project, conversation, after, most],
        read_line,
    )
    .await
}

/// The last messages of a conversation, oldest first, at most `most`.
pub async fn last(conn: &Conn, project: ProjectId, conversation: ConversationId, most: u32) -> Result<Vec<Line>> {
    let mut lines = conn
        .query(
            concat!(lines!(), " AND seq > 0 ORDER BY seq DESC LIMIT $3"),
            params![project, conversation, most],
            read_line,
        )
        .await?;
    lines.reverse();
    Ok(lines)
}

/// The number of the message of a channel's id.
pub async fn seq_of(conn: &Conn, project: ProjectId, channel: ChannelId, external_id: &str) -> Result<Option<i64>> {
    let seq: Option<Option<i64>> = conn
        .find(
            "SELECT seq FROM messages WHERE project_id = $1 AND channel = $2 AND external_id = $3",
            params![project, channel, external_id],
            |row| row.get(0),
        )
        .await?;
    Ok(seq.flatten())
}

/// How many messages for the visitor are behind a number, counted up to `most`.
pub async fn count_unread(
    conn: &Conn,
    project: ProjectId,
    conversation: ConversationId,
    after: i64,
    most: u32,
) -> Result<i64> {
    conn.get(
        "SELECT COUNT(*)
         FROM (
             SELECT 1 FROM messages
             WHERE +project_id = $1 AND conversation_id = $2 AND seq > $3 AND direction = 'out'
             LIMIT $4
         ) AS unread",
        params![project, conversation, after, most],
        |row| row.get(0),
    )
    .await
}
