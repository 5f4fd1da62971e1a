//! Takes a message that a visitor wrote in the panel. It is stored as any platform's message is.

use std::sync::Arc;

use super::Chats;
use crate::channels::web::{Posted, external_id, inbound};
use crate::conversations::note_sighting::note_sighting;
use crate::conversations::open_channel::open;
use crate::conversations::receive::receive;
use crate::db::Conn;
use crate::store::channels::{self, Sighting};
use crate::store::chat_lines;
use crate::store::chats::Chat;

/// What a panel sends.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// Its own id of the message.
    pub client_id: &'a str,
    /// The words.
    pub text: &'a str,
    /// The key of the field that a pressed answer is of; empty where it answers whether something is right.
    pub field: Option<&'a str>,
}

/// Stores it and gives its number; the number that it had where the panel sends it again. `None` where the chat is gone.
pub async fn post_message(engine: &Chats, chat: &Chat, said: &Said<'_>) -> anyhow::Result<Option<i64>> {
    let core = &engine.core;
    let (project, channel) = (chat.project, chat.channel);
    let Said { client_id, text, field } = *said;
    let id = external_id(&chat.visitor, client_id);
    let known = id.clone();
    let read = async move |conn: &Conn| {
        Ok((
            chat_lines::seq_of(conn, project, channel, &known).await?,
            channels::find_by_id(conn, project, channel).await?,
        ))
    };
    let (known, row) = core.db.read(read).await?;
    let Some(row) = row else { return Ok(None) };
    if known.is_some() {
        return Ok(known);
    }
    let posted = Posted {
        visitor: &chat.visitor,
        client_id,
        text,
        field,
        correlation_id: chat.correlation_id.as_deref(),
        language: chat.language.as_deref(),
        page: chat.page.as_deref(),
    };
    let open = open(core, Arc::new(row))?;
    receive(&engine.conversations, &open, vec![inbound(posted)]).await?;
    note_sighting(&engine.conversations, &open.row, Sighting::Received).await;
    core.db.read(async move |conn| Ok(chat_lines::seq_of(conn, project, channel, &id).await?)).await
}
