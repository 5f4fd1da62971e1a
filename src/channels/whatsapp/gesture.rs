//! What is done at WhatsApp besides messages of a conversation.

use serde_json::{Value, json};

use super::errors;
use super::send::{Api, post};
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
    match client.send(post(api, credentials, &body)).await {
        Ok(response) if response.status < 300 => {}
        Ok(response) => {
            let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
            let why = errors::read_one(&answer["error"]).explanation();
            tracing::info!(status = response.status, why, "message not marked as read");
        }
        Err(error) => tracing::info!(%error, "message not marked as read"),
    }
}
