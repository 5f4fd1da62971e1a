//! What is done at WhatsApp besides messages of a conversation.

use serde_json::json;

use super::api::{Api, call};
use crate::channels::Gesture;
use crate::domain::channel::WhatsAppCredentials;
use crate::net;

/// Makes a gesture: one call marks a message and those before it as read, and shows that somebody types until the answer comes or
/// 25 seconds have passed. WhatsApp has no other gestures.
pub async fn make(client: &net::Client, api: &Api<'_>, credentials: &WhatsAppCredentials, gesture: &Gesture) {
    let Gesture::Typing { message, .. } = gesture else { return };
    let body = json!({
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": message,
        "typing_indicator": {"type": "text"},
    });
    let path = format!("{}/messages", api.phone_number_id);
    if let Err(why) = call(client, api, credentials, &path, Some(&body)).await {
        tracing::debug!(why, "message not marked as read");
    }
}
