//! What the playground of `aurix demo` shows of a lead: one read, whoever asks.

use crate::db::{Conn, Result};
use crate::domain::ids::{ChannelId, ConversationId, ProjectId};
use crate::params;

/// How a conversation is known to who asks for its lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Row key: `conversation_id` of Aurix events.
    Conversation(ConversationId),
    /// The UUID of `lead.created`.
    PublicId(String),
    /// The person's WhatsApp id.
    Person(String),
    /// The person's id on Telegram.
    User(String),
}

/// A lead with its person, its reference and its session's last click.
#[derive(Clone, Debug)]
pub struct LeadRow {
    /// Row key of the conversation.
    pub conversation_id: ConversationId,
    /// The person's WhatsApp id.
    pub wa_id: Option<String>,
    /// The number that the platform vouches for, E.164.
    pub phone: Option<String>,
    /// `active`, `correlated` or `complete`.
    pub status: String,
    /// JSON: `{key: {value, words}}`.
    pub fields: String,
    /// The reference of the session that it was linked to first.
    pub correlation_id: Option<String>,
    /// The page of that session's last click.
    pub click_url: Option<String>,
    /// The campaign parameters of that click, a JSON object.
    pub parsed_params: Option<String>,
}

/// The lead of somebody on one of the channels, if there is one.
pub async fn lead(conn: &Conn, project: ProjectId, channels: [ChannelId; 3], who: &Who) -> Result<Option<LeadRow>> {
    let none = ConversationId(0);
    let (id, public_id, wa_id, user_id) = match who {
        Who::Conversation(id) => (*id, "", "", ""),
        Who::PublicId(public_id) => (none, public_id.as_str(), "", ""),
        Who::Person(wa_id) => (none, "", wa_id.as_str(), ""),
        Who::User(user_id) => (none, "", "", user_id.as_str()),
    };
    conn.find(
        "SELECT conversations.id, conversations.external_phone_id, conversations.phone, leads.status, leads.fields,
                sessions.correlation_id, clicks.click_url, clicks.parsed_params
         FROM conversations
         JOIN leads ON leads.conversation_id = conversations.id
         LEFT JOIN sessions ON sessions.id = leads.session_id
         LEFT JOIN clicks ON clicks.linked AND clicks.id = (
             SELECT MAX(last.id) FROM clicks AS last WHERE last.linked AND last.session_id = sessions.id
         )
         WHERE conversations.project_id = $1 AND conversations.channel IN ($2, $6, $8)
           AND (conversations.id = $3 OR conversations.public_id = $4 OR conversations.external_phone_id = $5
                OR conversations.external_user_id = $7)",
        params![project, channels[0], id, public_id, wa_id, channels[1], user_id, channels[2]],
        |row| {
            Ok(LeadRow {
                conversation_id: row.get(0)?,
                wa_id: row.get(1)?,
                phone: row.get(2)?,
                status: row.get(3)?,
                fields: row.get(4)?,
                correlation_id: row.get(5)?,
                click_url: row.get(6)?,
                parsed_params: row.get(7)?,
            })
        },
    )
    .await
}
