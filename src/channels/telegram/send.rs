//! Sends a message: the call, and what its answer means.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::api::{self, Api, CallError, Refusal};
use super::{markup, parse};
use crate::channels::json::text;
use crate::channels::{Limit, Outbound, SendOutcome};
use crate::net;

/// How long to wait where Telegram wants fewer messages and does not say.
const TOO_FAST_WAIT: SignedDuration = SignedDuration::from_secs(5);

/// Sends a text and says what became of it.
pub async fn send(client: &net::Client, api: Api<'_>, outbound: Outbound<'_>) -> SendOutcome {
    let Some(chat) = outbound.to.external_user_id.as_deref() else {
        let reason = "Telegram gave no id of this person, so nothing can be sent.".to_owned();
        return SendOutcome::GiveUp { code: None, reason };
    };
    let mut body = body(chat, outbound);
    let mut sent = api::call(client, api, "sendMessage", &body).await;
    if let Err(CallError::Refused(refusal)) = &sent
        && correct(&mut body, refusal)
    {
        sent = api::call(client, api, "sendMessage", &body).await;
    }
    match sent {
        Ok(message) => SendOutcome::Sent { external_id: id_of(&message, chat, outbound) },
        Err(error) => outcome(&error),
    }
}

/// Plain text, so that nobody's name is read as markup.
fn body(chat: &str, outbound: Outbound<'_>) -> Value {
    let mut body = json!({
        "chat_id": number(chat),
        "text": outbound.text,
        "link_preview_options": {"is_disabled": true},
    });
    if let Some(thread) = &outbound.route.thread {
        body["message_thread_id"] = number(thread);
    }
    if let Some(account) = &outbound.route.account {
        body["business_connection_id"] = json!(account);
    }
    if let Some(markup) = outbound.offers.and_then(|offers| markup::of(offers, outbound.route)) {
        body["reply_markup"] = markup;
    }
    body
}

/// Ids are numbers on the wire.
pub(super) fn number(id: &str) -> Value {
    id.parse::<i64>().map_or_else(|_| json!(id), Value::from)
}

/// Changes what the platform named as outdated: a chat that moved, or a topic that is gone. Whether there is anything to send again.
fn correct(body: &mut Value, refusal: &Refusal) -> bool {
    if refusal.code != 400 {
        return false;
    }
    if let Some(chat) = &refusal.migrate_to {
        body["chat_id"] = number(chat);
        return true;
    }
    let is_topic_gone = refusal.description.to_lowercase().contains("thread not found");
    is_topic_gone && body.as_object_mut().is_some_and(|body| body.remove("message_thread_id").is_some())
}

fn id_of(message: &Value, chat: &str, outbound: Outbound<'_>) -> Option<String> {
    let chat = text(message, &["chat", "id"]).unwrap_or_else(|| chat.to_owned());
    text(message, &["message_id"]).map(|id| parse::message_id(outbound.route, &chat, &id))
}

/// What an error means for the message.
fn outcome(error: &CallError) -> SendOutcome {
    let reason = error.words();
    let refusal = match error {
        CallError::NotSent(_) => {
            return SendOutcome::Retry { code: None, reason: format!("{reason} It is tried again."), after: None };
        }
        CallError::Unknown(_) => return SendOutcome::Unknown { reason },
        CallError::Refused(refusal) => refusal,
    };
    let code = Some(refusal.code);
    match refusal.code {
        429 => {
            let after = refusal.retry_after.unwrap_or(TOO_FAST_WAIT);
            let reason = "More messages went out than Telegram takes. It is tried again.".to_owned();
            SendOutcome::TooFast { code: refusal.code, reason, after, limit: Limit::Untold }
        }
        403 if refusal.is_platforms => {
            let reason = format!("This person cannot be written to any more. Telegram says: {}", refusal.description);
            SendOutcome::Unreachable { reason }
        }
        401 | 404 | 409 if refusal.is_platforms => SendOutcome::ChannelFault { code, reason },
        504 => SendOutcome::Unknown { reason },
        408 | 425 | 500..=599 => {
            SendOutcome::Retry { code, reason: format!("{reason} It is tried again."), after: refusal.retry_after }
        }
        300..=399 | 401 | 403..=405 if !refusal.is_platforms => {
            let reason = format!("The API's address answered {}. Check the channel's API base.", refusal.code);
            SendOutcome::ChannelFault { code, reason }
        }
        _ => SendOutcome::GiveUp { code, reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::channel::{Offers, PersonIds, Route};

    fn body_of(route: &Route, offers: Option<&Offers>) -> Value {
        let to = PersonIds { external_user_id: Some("77".to_owned()), external_phone_id: None };
        body("77", Outbound { to: &to, route, text: "Hi <b>", offers, template: None, reply_id: "r" })
    }

    #[test]
    fn a_text_is_plain_and_goes_the_way_that_the_message_came() {
        let expected = json!({"chat_id": 77, "text": "Hi <b>", "link_preview_options": {"is_disabled": true}});
        assert_eq!(body_of(&Route::default(), None), expected);
        let route = Route { thread: Some("5".to_owned()), account: Some("b1".to_owned()) };
        let body = body_of(&route, Some(&Offers::Nothing));
        assert_eq!((&body["message_thread_id"], &body["business_connection_id"]), (&json!(5), &json!("b1")));
        assert_eq!(body["reply_markup"], json!({"remove_keyboard": true}));
    }

    #[test]
    fn what_is_outdated_is_corrected_and_nothing_else() {
        let thread = Route { thread: Some("5".to_owned()), account: None };
        let refusal =
            |description: &str| Refusal { code: 400, description: description.to_owned(), ..Refusal::default() };
        let mut body = body_of(&thread, None);
        assert!(correct(&mut body, &refusal("Bad Request: message thread not found")));
        assert!(body.get("message_thread_id").is_none());
        assert!(!correct(&mut body, &refusal("Bad Request: message thread not found")), "there is no topic any more");
        assert!(!correct(&mut body, &refusal("Bad Request: chat not found")));
        assert!(correct(&mut body, &Refusal { migrate_to: Some("-100".to_owned()), ..refusal("moved") }));
        assert_eq!(body["chat_id"], json!(-100));
    }

    #[test]
    fn an_error_is_judged_by_its_code() {
        let of = |status: u16, answer: Value| {
            outcome(&api::read(status, answer.to_string().as_bytes()).expect_err("an error"))
        };
        let refused = |code: u16| of(code, json!({"ok": false, "error_code": code, "description": "words"}));
        assert!(matches!(refused(403), SendOutcome::Unreachable { .. }));
        for code in [401, 404, 409] {
            assert!(matches!(refused(code), SendOutcome::ChannelFault { .. }), "{code}");
        }
        for code in [500, 502, 503] {
            assert!(matches!(refused(code), SendOutcome::Retry { .. }), "{code}");
        }
        assert!(matches!(refused(400), SendOutcome::GiveUp { reason, .. } if reason.contains("words")));
        let slow = json!({"ok": false, "error_code": 429, "parameters": {"retry_after": 9}});
        let SendOutcome::TooFast { after, .. } = of(429, slow) else { panic!("too fast") };
        assert_eq!(after, SignedDuration::from_secs(9));
        assert!(matches!(of(403, json!("a proxy")), SendOutcome::ChannelFault { .. }));
        assert!(matches!(outcome(&CallError::Unknown("timed out".to_owned())), SendOutcome::Unknown { .. }));
        assert!(matches!(outcome(&CallError::NotSent("no route".to_owned())), SendOutcome::Retry { .. }));
    }
}
