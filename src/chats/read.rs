//! What a visitor has seen, and what they have not.

use super::Chats;
use crate::db::Conn;
use crate::notifier::Work;
use crate::store::chat_lines;
use crate::store::chats::{self, Chat};

/// Unread messages are counted up to here.
const UNREAD_MAX: u32 = 99;

/// The visitor has seen all up to a number.
pub async fn mark_read(engine: &Chats, chat: Chat, seq: i64) -> anyhow::Result<()> {
    let core = &engine.core;
    if core.db.write(async move |tx| Ok(chats::mark_read(tx, &chat, seq).await?)).await? {
        core.notifier.notify(Work::Chats);
    }
    Ok(())
}

/// How many messages the visitor has not seen.
pub async fn count_unread(engine: &Chats, chat: &Chat) -> anyhow::Result<i64> {
    let Some(conversation) = chat.conversation else { return Ok(0) };
    let (project, read_seq) = (chat.project, chat.read_seq);
    let count =
        async move |conn: &Conn| Ok(chat_lines::count_unread(conn, project, conversation, read_seq, UNREAD_MAX).await?);
    engine.core.db.read(count).await
}
