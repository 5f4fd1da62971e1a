//! What is done at Telegram besides messages of a conversation.

use serde_json::{Value, json};

use super::api::{self, Api, CallError};
use super::send::number;
use crate::channels::Gesture;
use crate::net;

/// Makes a gesture.
pub async fn make(client: &net::Client, api: Api<'_>, gesture: &Gesture) {
    for (method, body) in calls(gesture) {
        match api::call(client, api, method, &body).await {
            Ok(_) => {}
            // A press that is old, or a keyboard that is gone already.
            Err(CallError::Refused(refusal)) if refusal.code == 400 => {
                tracing::debug!(method, description = refusal.description, "gesture refused");
            }
            Err(error) => {
                tracing::info!(method, error = error.words(), "gesture not made");
                return;
            }
        }
    }
}

fn calls(gesture: &Gesture) -> Vec<(&'static str, Value)> {
    match gesture {
        Gesture::Typing { to, route, .. } => {
            let Some(chat) = &to.external_user_id else { return Vec::new() };
            let mut body = json!({"chat_id": number(chat), "action": "typing"});
            if let Some(thread) = &route.thread {
                body["message_thread_id"] = number(thread);
            }
            if let Some(account) = &route.account {
                body["business_connection_id"] = json!(account);
            }
            vec![("sendChatAction", body)]
        }
        Gesture::Acknowledge { press, below } => {
            let answered = ("answerCallbackQuery", json!({"callback_query_id": press}));
            let below = below.as_ref().map(|(chat, message)| {
                ("editMessageReplyMarkup", json!({"chat_id": number(chat), "message_id": number(message)}))
            });
            std::iter::once(answered).chain(below).collect()
        }
        Gesture::SayInGroup { group, thread, text } => {
            let mut body = json!({"chat_id": number(group), "text": text});
            if let Some(thread) = thread {
                body["message_thread_id"] = number(thread);
            }
            vec![("sendMessage", body)]
        }
        Gesture::LeaveGroup { group, text } => {
            let said = text.iter().map(|text| ("sendMessage", json!({"chat_id": number(group), "text": text})));
            said.chain([("leaveChat", json!({"chat_id": number(group)}))]).collect()
        }
    }
}
