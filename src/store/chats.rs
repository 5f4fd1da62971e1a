//! Chats on pages: who has the token of one, and its messages by their numbers. A number is given in the transaction that makes a
//! message the visitor's to see, with the chat's row locked: numbers follow the order in which transactions end.

use crate::db::{Conn, Error, Result, Row, Sql, Tx};
use crate::domain::channel::MessageStatus;
use crate::domain::ids::{ChannelId, ChatId, ConversationId, MessageId, ProjectId, WidgetId};
use crate::domain::lead::Handling;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::params;

/// A turn of the agent that is due later than this is no answer that is being written.
const WRITTEN_WITHIN: SignedDuration = SignedDuration::from_secs(90);

macro_rules! columns {
    () => {
        "id, project_id, channel, widget_id, visitor, conversation_id, correlation_id, device_id, language, page, last_seq,
         read_seq"
    };
}

/// A chat.
#[derive(Clone, Debug)]
pub struct Chat {
    /// Row key.
    pub id: ChatId,
    /// Its project.
    pub project: ProjectId,
    /// Its channel.
    pub channel: ChannelId,
    /// The widget that opened it.
    pub widget: WidgetId,
    /// A UUID: the channel's id of the person.
    pub visitor: String,
    /// The conversation, once something was written.
    pub conversation: Option<ConversationId>,
    /// The click that it began with.
    pub correlation_id: Option<String>,
    /// The browser's UUID, where there was a click of it.
    pub device_id: Option<String>,
    /// The language of the page.
    pub language: Option<String>,
    /// The page.
    pub page: Option<String>,
    /// The number of the newest message.
    pub last_seq: i64,
    /// The number of the newest message that the visitor has seen.
    pub read_seq: i64,
}

fn read(row: &Row<'_>) -> Result<Chat> {
    Ok(Chat {
        id: row.get(0)?,
        project: row.get(1)?,
        channel: row.get(2)?,
        widget: row.get(3)?,
        visitor: row.get(4)?,
        conversation: row.get(5)?,
        correlation_id: row.get(6)?,
        device_id: row.get(7)?,
        language: row.get(8)?,
        page: row.get(9)?,
        last_seq: row.get(10)?,
        read_seq: row.get(11)?,
    })
}

/// What a chat starts with.
#[derive(Clone, Debug)]
pub struct NewChat {
    /// Its channel.
    pub channel: ChannelId,
    /// The widget that opens it.
    pub widget: WidgetId,
    /// The token's SHA-256 in hex.
    pub token_hash: String,
    /// A UUID.
    pub visitor: String,
    /// The click that it begins with.
    pub correlation_id: Option<String>,
    /// The browser's UUID.
    pub device_id: Option<String>,
    /// The language of the page.
    pub language: Option<String>,
    /// The page.
    pub page: Option<String>,
}

/// Stores a chat in which nothing was written.
pub async fn insert(tx: &Tx, project: ProjectId, new: &NewChat, now: Timestamp) -> Result<Chat> {
    tx.get(
        concat!(
            "INSERT INTO chats (project_id, channel, widget_id, token_hash, visitor, correlation_id, device_id, language, page,
                                created_at, used_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
             RETURNING ",
            columns!()
        ),
        params![
            project,
            new.channel,
            new.widget,
            &new.token_hash,
            &new.visitor,
            &new.correlation_id,
            &new.device_id,
            &new.language,
            &new.page,
            now
        ],
        read,
    )
    .await
}

/// The chat of a project's widget whose token has that hash.
pub async fn find(conn: &Conn, project: ProjectId, widget: WidgetId, token_hash: &str) -> Result<Option<Chat>> {
    conn.find(
        concat!("SELECT ", columns!(), " FROM chats WHERE token_hash = $3 AND project_id = $1 AND widget_id = $2"),
        params![project, widget, token_hash],
        read,
    )
    .await
}

/// Whether a visitor's chat is there still: it goes when the person is erased.
pub async fn exists(conn: &Conn, project: ProjectId, visitor: &str) -> Result<bool> {
    conn.exists("SELECT 1 FROM chats WHERE visitor = $2 AND project_id = $1", params![project, visitor]).await
}

/// A later click of the chat's visitor: what they write from now on comes from it.
pub async fn note_click(tx: &Tx, project: ProjectId, id: ChatId, correlation_id: &str, now: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE chats SET correlation_id = $3, used_at = $4 WHERE id = $2 AND project_id = $1",
        params![project, id, correlation_id, now],
    )
    .await
}

/// Gives a message that a visitor wrote the next number of their chat, which has this conversation from then on; `false` where the chat
/// is gone.
pub async fn number_posted(
    tx: &Tx,
    project: ProjectId,
    visitor: &str,
    (conversation, message): (ConversationId, MessageId),
    now: Timestamp,
) -> Result<bool> {
    let seq: Option<i64> = tx
        .find(
            "UPDATE chats SET last_seq = last_seq + 1, conversation_id = $3, used_at = $4
             WHERE visitor = $2 AND project_id = $1
             RETURNING last_seq",
            params![project, visitor, conversation, now],
            |row| row.get(0),
        )
        .await?;
    match seq {
        Some(seq) => set_seq(tx, project, message, seq).await,
        None => Ok(false),
    }
}

/// Gives a message of a conversation to its visitor, under the next number of the chat; `false` where the chat is gone.
pub async fn number_reply(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
    message: MessageId,
) -> Result<bool> {
    let seq: Option<i64> = tx
        .find(
            "UPDATE chats SET last_seq = last_seq + 1
             WHERE conversation_id = $2 AND project_id = $1
             RETURNING last_seq",
            params![project, conversation],
            |row| row.get(0),
        )
        .await?;
    match seq {
        Some(seq) => set_seq(tx, project, message, seq).await,
        None => Ok(false),
    }
}

async fn set_seq(tx: &Tx, project: ProjectId, message: MessageId, seq: i64) -> Result<bool> {
    tx.execute_one("UPDATE messages SET seq = $3 WHERE id = $2 AND project_id = $1", params![project, message, seq])
        .await
}

/// Ends the attempt at a reply that needs no sending; `false` where it was given up since, or another attempt was claimed.
pub async fn end_attempt(
    tx: &Tx,
    project: ProjectId,
    (message, attempt): (MessageId, u32),
    (status, error): (MessageStatus, Option<&str>),
) -> Result<bool> {
    tx.execute_one(
        "UPDATE messages SET status = $4, error = $5, due_at = NULL
         WHERE id = $2 AND project_id = $1 AND attempts = $3 AND status IN ('queued', 'sent')",
        params![project, message, attempt, status.as_str(), error],
    )
    .await
}

/// The visitor has seen all up to a number, at most the newest. Gives whether that is news.
pub async fn mark_read(tx: &Tx, chat: &Chat, seq: i64) -> Result<bool> {
    if let Some(conversation) = chat.conversation {
        // `+`: SQLite is to find the rows by their conversation, which has far fewer than the project.
        tx.execute(
            "UPDATE messages SET status = 'read'
             WHERE +project_id = $1 AND conversation_id = $2 AND seq <= $3 AND direction = 'out'
               AND status IN ('sent', 'delivered')",
            params![chat.project, conversation, seq],
        )
        .await?;
    }
    tx.execute_one(
        "UPDATE chats SET read_seq = CASE WHEN last_seq < $3 THEN last_seq ELSE $3 END
         WHERE id = $2 AND project_id = $1 AND read_seq < $3 AND read_seq < last_seq",
        params![chat.project, chat.id, seq],
    )
    .await
}

/// Where a chat stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The conversation, once something was written.
    pub conversation: Option<ConversationId>,
    /// The number of the newest message.
    pub last_seq: i64,
    /// The number of the newest message that the visitor has seen.
    pub read_seq: i64,
    /// Who looks after it.
    pub handling: Handling,
    /// Whether somebody, or the agent, is about to answer.
    pub is_answered: bool,
}

/// Where chats stand now, of all projects: those that streams of this process are open for. One that is missing is gone.
pub async fn standings(conn: &Conn, chats: &[ChatId], now: Timestamp) -> Result<Vec<(ChatId, Standing)>> {
    const STANDINGS: Sql = Sql {
        sqlite: "SELECT chats.id, chats.last_seq, chats.read_seq, COALESCE(c.handling, 'agent'),
                        COALESCE(c.handling = 'agent' AND c.burst_started_at <= $2 AND c.due_at < $3, FALSE)
                        OR EXISTS (SELECT 1 FROM writers AS w WHERE w.conversation_id = c.id AND w.until > $2),
                        chats.conversation_id
                 FROM chats LEFT JOIN conversations AS c ON c.id = chats.conversation_id
                 WHERE chats.id = $1",
        postgres: "SELECT chats.id, chats.last_seq, chats.read_seq, COALESCE(c.handling, 'agent'),
                          COALESCE(c.handling = 'agent' AND c.burst_started_at <= wanted.now AND c.due_at < wanted.soon, FALSE)
                          OR EXISTS (SELECT 1 FROM writers AS w WHERE w.conversation_id = c.id AND w.until > wanted.now),
                          chats.conversation_id
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS wanted (id, now, soon)
                   JOIN chats ON chats.id = wanted.id
                   LEFT JOIN conversations AS c ON c.id = chats.conversation_id",
    };
    let soon = now + WRITTEN_WITHIN;
    let rows: Vec<_> = chats.iter().map(|id| [(*id).into(), now.into(), soon.into()]).collect();
    conn.query_rows(STANDINGS, &rows, |row| {
        let standing = Standing {
            last_seq: row.get(1)?,
            read_seq: row.get(2)?,
            handling: Handling::parse(&row.get::<String>(3)?).ok_or(Error::Column(3))?,
            is_answered: row.get(4)?,
            conversation: row.get(5)?,
        };
        Ok((row.get(0)?, standing))
    })
    .await
}

/// Removes the chat of a conversation: whoever has its token has nothing from then on.
pub async fn remove(tx: &Tx, project: ProjectId, conversation: ConversationId) -> Result<u64> {
    tx.execute("DELETE FROM chats WHERE conversation_id = $2 AND project_id = $1", params![project, conversation]).await
}

/// Removes up to `most` chats of a project that nobody has opened or written in since `before`.
pub async fn remove_unused(tx: &Tx, project: ProjectId, before: Timestamp, most: u32) -> Result<u64> {
    tx.execute(
        "DELETE FROM chats
         WHERE id IN (SELECT id FROM chats WHERE project_id = $1 AND used_at < $2 ORDER BY used_at LIMIT $3)",
        params![project, before, most],
    )
    .await
}

/// Removes up to `most` chats of a project in which nothing was ever written, and that were opened before `before`.
pub async fn remove_unwritten(tx: &Tx, project: ProjectId, before: Timestamp, most: u32) -> Result<u64> {
    tx.execute(
        "DELETE FROM chats
         WHERE conversation_id IS NULL AND id IN (
             SELECT id FROM chats WHERE project_id = $1 AND used_at < $2 AND conversation_id IS NULL ORDER BY used_at LIMIT $3
         )",
        params![project, before, most],
    )
    .await
}
