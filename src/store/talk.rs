//! Conversations as people of the business read them.

use crate::db::{Conn, Error, Result, Row};
use crate::domain::channel::{MessageKind, MessageStatus};
use crate::domain::generated_by::GeneratedBy;
use crate::domain::ids::{ConversationId, MessageId, ProjectId};
use crate::domain::time::Timestamp;
use crate::params;

/// Who wrote a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Writer {
    /// The person.
    Person,
    /// The agent; a model had a part in it.
    Agent {
        /// Whether it had.
        with_model: bool,
    },
    /// Somebody of the business, in the console; `None` where their account is gone.
    Colleague(Option<String>),
    /// Somebody of the business, in the platform's own app.
    App,
}

/// A message as it is shown.
#[derive(Clone, Debug)]
pub struct Said {
    /// Row key.
    pub id: MessageId,
    /// Who wrote it.
    pub writer: Writer,
    /// What it consists of.
    pub kind: MessageKind,
    /// The words.
    pub text: Option<String>,
    /// How far it came.
    pub status: MessageStatus,
    /// Why it did not get through.
    pub error: Option<String>,
    /// When it was written.
    pub at: Timestamp,
    /// Whether its sender took it back.
    pub is_revoked: bool,
    /// What it offers to answer it by, JSON (`domain::channel::Offers`).
    pub offers: Option<String>,
    /// What was sent besides words.
    pub medium: Option<ShownMedium>,
}

/// A picture, a sound or a file of a message.
#[derive(Clone, Debug)]
pub struct ShownMedium {
    /// Its name.
    pub filename: Option<String>,
    /// What it is by its own bytes; `None` where it is not here.
    pub media_type: Option<String>,
    /// Its length.
    pub bytes: Option<i64>,
    /// Why it is not here.
    pub error: Option<String>,
    /// Whether it is still tried.
    pub is_due: bool,
}

macro_rules! columns {
    () => {
        "m.id, m.direction, m.user_id IS NOT NULL, m.reply_id IS NOT NULL, users.name, m.kind, m.text, m.status, m.error,
         CASE WHEN m.sent_at < m.created_at THEN m.sent_at ELSE m.created_at END, m.revoked_at IS NOT NULL, m.offers,
         media.message_id IS NOT NULL, media.filename, media.media_type, media.bytes, media.error, media.due_at IS NOT NULL,
         m.generated_by"
    };
}

fn read(row: &Row<'_>) -> Result<Said> {
    let (is_out, has_user, is_ours) = (row.get::<String>(1)? == "out", row.get(2)?, row.get(3)?);
    let writer = match (is_out, has_user, is_ours) {
        (false, ..) => Writer::Person,
        (true, true, _) => Writer::Colleague(row.get(4)?),
        (true, false, true) => {
            match row.get::<Option<String>>(18)?.as_deref().and_then(GeneratedBy::parse) {
                // A program wrote it by a token, which is nobody's account.
                Some(GeneratedBy::Person) => Writer::Colleague(None),
                by => Writer::Agent { with_model: by == Some(GeneratedBy::Model) },
            }
        }
        (true, false, false) => Writer::App,
    };
    Ok(Said {
        id: row.get(0)?,
        writer,
        kind: MessageKind::parse(&row.get::<String>(5)?).ok_or(Error::Column(5))?,
        text: row.get(6)?,
        status: MessageStatus::parse(&row.get::<String>(7)?).ok_or(Error::Column(7))?,
        error: row.get(8)?,
        at: row.get(9)?,
        is_revoked: row.get(10)?,
        offers: row.get(11)?,
        medium: if row.get(12)? { Some(medium(row)?) } else { None },
    })
}

fn medium(row: &Row<'_>) -> Result<ShownMedium> {
    Ok(ShownMedium {
        filename: row.get(13)?,
        media_type: row.get(14)?,
        bytes: row.get(15)?,
        error: row.get(16)?,
        is_due: row.get(17)?,
    })
}

/// The last messages of a conversation before one, newest first.
pub async fn page(
    conn: &Conn,
    project: ProjectId,
    conversation: ConversationId,
    before: MessageId,
    most: u32,
) -> Result<Vec<Said>> {
    // `+`: SQLite is to find the rows by their conversation, which has far fewer than the project.
    conn.query(
        concat!(
            "SELECT ",
            columns!(),
            " FROM messages AS m
              LEFT JOIN users ON users.id = m.user_id
              LEFT JOIN media ON media.message_id = m.id
              WHERE +m.project_id = $1 AND m.conversation_id = $2 AND m.id < $3
              ORDER BY m.id DESC
              LIMIT $4"
        ),
        params![project, conversation, before, most],
        read,
    )
    .await
}

/// What was sent to the person after a message, oldest first.
pub async fn sent_after(
    conn: &Conn,
    project: ProjectId,
    conversation: ConversationId,
    after: MessageId,
    most: u32,
) -> Result<Vec<Said>> {
    conn.query(
        concat!(
            "SELECT ",
            columns!(),
            " FROM messages AS m
              LEFT JOIN users ON users.id = m.user_id
              LEFT JOIN media ON media.message_id = m.id
              WHERE +m.project_id = $1 AND m.conversation_id = $2 AND m.id > $3 AND m.direction = 'out'
                AND m.status <> 'cancelled'
              ORDER BY m.id
              LIMIT $4"
        ),
        params![project, conversation, after, most],
        read,
    )
    .await
}
