//! Sends a message: the request for the platform, and what its response means.

use super::api::Api;
use super::errors::{self, Cure, PlatformError};
use super::interactive;
use super::templates;
use crate::channels::json::text;
use crate::channels::{Outbound, SendOutcome};
use crate::domain::channel::{PersonIds, WhatsAppCredentials};
use crate::domain::retry::RetryAfter;
use crate::net;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// Characters that a text message may have; what is longer is cut.
pub const TEXT_CHARS_MAX: usize = 4096;

/// Sends a text and says what became of it.
pub async fn send(
    client: &net::Client,
    api: &Api<'_>,
    credentials: &WhatsAppCredentials,
    outbound: Outbound<'_>,
    now: Timestamp,
) -> SendOutcome {
    let Some((key, id)) = recipient(outbound.to) else {
        let reason = "WhatsApp gave neither a number nor a user id of this person, so nothing can be sent.".to_owned();
        return SendOutcome::GiveUp { code: None, reason };
    };
    let path = format!("{}/messages", api.phone_number_id);
    let request = api.request(credentials, &path, Some(&body(key, id, outbound)));
    match client.send(request).await {
        Ok(response) => {
            let asked = response.header("retry-after").and_then(RetryAfter::parse);
            let wait = asked.map(|asked| asked.at(now).duration_since(now));
            outcome(Some(response.status), wait, &response.body)
        }
        Err(error) => {
            tracing::info!(%error, "platform API unreachable");
            outcome(None, None, &[])
        }
    }
}

/// The key under which the platform takes the person's id, and the id. A phone number goes under `to`; a business-scoped user
/// id goes under `recipient`, since under `to` the message would be lost. `None` where neither is known.
fn recipient(ids: &PersonIds) -> Option<(&'static str, &str)> {
    let known = |id: &&str| !id.trim().is_empty();
    let number = ids.external_phone_id.as_deref().filter(known).map(|id| ("to", id));
    number.or_else(|| ids.external_user_id.as_deref().filter(known).map(|id| ("recipient", id)))
}

/// The body of the request. The reply's id comes back with every status of the message.
fn body(key: &str, id: &str, outbound: Outbound<'_>) -> Value {
    if let Some(template) = outbound.template {
        return json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            key: id,
            "type": "template",
            "template": templates::message(template),
            "biz_opaque_callback_data": outbound.reply_id,
        });
    }
    let interactive = outbound.offers.and_then(|offers| interactive::of(outbound.text, offers));
    let (kind, content) = match interactive {
        Some(interactive) => ("interactive", interactive),
        None => ("text", json!({"preview_url": false, "body": fit(outbound.text)})),
    };
    json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        key: id,
        "type": kind,
        kind: content,
        "biz_opaque_callback_data": outbound.reply_id,
    })
}

/// The text, cut with an ellipsis where it is longer than the platform takes.
fn fit(text: &str) -> String {
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        None => text.to_owned(),
        Some(_) => text.chars().take(TEXT_CHARS_MAX - 1).chain(['…']).collect(),
    }
}

/// What a response means. `status` is `None` where there was none, `retry_after` is what the header of that name
/// asked for. The platform's own code decides, the HTTP status only where there is none that is known.
pub fn outcome(status: Option<u16>, retry_after: Option<SignedDuration>, body: &[u8]) -> SendOutcome {
    let Some(status) = status else {
        let reason = "WhatsApp could not be reached. It is tried again.".to_owned();
        return SendOutcome::Retry { code: None, reason, after: retry_after };
    };
    let response: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(error) = response.get("error").filter(|error| error.is_object()) else {
        return by_status(status, retry_after, &response);
    };
    let is_transient = error["is_transient"].as_bool().unwrap_or(false);
    let error = errors::read_one(error);
    let by_status = match status {
        _ if is_transient || is_transient_status(status) => Cure::Time,
        401 | 403 => Cure::Operator,
        _ => Cure::None,
    };
    let cure = error.code.and_then(errors::meaning).map_or(by_status, |known| known.cure);
    let (code, reason) = (error.code.or(Some(status.into())), error.explanation());
    match cure {
        Cure::Time => SendOutcome::Retry { code, reason, after: retry_after },
        Cure::Once(seconds) => {
            SendOutcome::Once { code: code.unwrap_or_default(), reason, after: SignedDuration::from_secs(seconds) }
        }
        Cure::Fewer(limit, seconds) => {
            let after = retry_after.unwrap_or_default().max(SignedDuration::from_secs(seconds));
            SendOutcome::TooFast { code: code.unwrap_or_default(), reason, after, limit }
        }
        Cure::Person => SendOutcome::Unwanted { reason },
        Cure::Operator => SendOutcome::ChannelFault { code, reason },
        Cure::None => SendOutcome::GiveUp { code, reason },
    }
}

fn by_status(status: u16, retry_after: Option<SignedDuration>, response: &Value) -> SendOutcome {
    let code = Some(status.into());
    match status {
        200..=299 => {
            SendOutcome::Sent { external_id: response["messages"].get(0).and_then(|sent| text(sent, &["id"])) }
        }
        _ if is_transient_status(status) => {
            let reason = format!("WhatsApp answered {status}, which is transient. It is tried again.");
            SendOutcome::Retry { code, reason, after: retry_after }
        }
        401 => SendOutcome::ChannelFault {
            code,
            reason: PlatformError { code: Some(190), ..PlatformError::default() }.explanation(),
        },
        300..=399 | 404 | 405 => {
            let reason =
                format!("The API's address answered {status}. Check the channel's API base and phone number id.");
            SendOutcome::ChannelFault { code, reason }
        }
        403 => {
            let reason =
                "WhatsApp refuses the access token with 403. Check its permissions in the Meta app.".to_owned();
            SendOutcome::ChannelFault { code, reason }
        }
        _ => SendOutcome::GiveUp {
            code,
            reason: format!("WhatsApp refused the message with {status} and gave no reason."),
        },
    }
}

fn is_transient_status(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::channel::Route;

    fn body_of(external_phone_id: Option<&str>, external_user_id: Option<&str>, text: &str) -> Option<Value> {
        let owned = |id: Option<&str>| id.map(str::to_owned);
        let to = PersonIds { external_user_id: owned(external_user_id), external_phone_id: owned(external_phone_id) };
        let (key, id) = recipient(&to)?;
        let route = Route::default();
        Some(body(key, id, Outbound { to: &to, route: &route, text, offers: None, template: None, reply_id: "rep_1" }))
    }

    #[test]
    fn a_text_goes_to_the_number_or_to_the_user_id() {
        assert_eq!(
            body_of(Some("6512345678"), Some("SG.1"), "Hi"),
            Some(json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": "6512345678",
                "type": "text", "text": {"preview_url": false, "body": "Hi"}, "biz_opaque_callback_data": "rep_1"}))
        );
        for number in [None, Some("")] {
            let user = body_of(number, Some("SG.1"), "Hi").expect("a recipient");
            assert_eq!((user["recipient"].as_str(), user.get("to")), (Some("SG.1"), None));
        }
        assert_eq!(body_of(None, None, "Hi"), None);
    }

    #[test]
    fn a_text_is_cut_to_what_the_platform_takes() {
        let sent = |text: &str| {
            let body = body_of(Some("65"), None, text).expect("a recipient");
            body["text"]["body"].as_str().expect("a text").to_owned()
        };
        assert_eq!(sent(&"é".repeat(4096)), "é".repeat(4096));
        assert_eq!(sent(&"é".repeat(4097)), "é".repeat(4095) + "…");
    }

    #[test]
    fn an_accepted_message_has_an_id() {
        let body = br#"{"messaging_product":"whatsapp","contacts":[{"input":"65","wa_id":"65"}],"messages":[{"id":"wamid.X"}]}"#;
        assert_eq!(outcome(Some(200), None, body), SendOutcome::Sent { external_id: Some("wamid.X".into()) });
        for odd in [&b"{}"[..], b"", b"[]", b"{\"messages\":{}}", b"\xff"] {
            assert_eq!(outcome(Some(200), None, odd), SendOutcome::Sent { external_id: None });
        }
    }

    #[test]
    fn the_platforms_code_decides_and_not_the_status() {
        let check = |status: u16, code: &str, retries: bool| {
            let body = format!(r#"{{"error":{{"message":"m","type":"OAuthException","code":{code}}}}}"#);
            let outcome = outcome(Some(status), None, body.as_bytes());
            assert_eq!(
                matches!(outcome, SendOutcome::Retry { .. } | SendOutcome::TooFast { .. }),
                retries,
                "{status} {code}: {outcome:?}"
            );
            assert_eq!(matches!(outcome, SendOutcome::GiveUp { .. }), !retries, "{status} {code}: {outcome:?}");
        };
        for code in ["4", "80007", "130429", "131000", "131016", "131056", "\"131056\""] {
            check(400, code, true);
            check(200, code, true);
        }
        for code in ["131026", "131047", "131051", "100"] {
            check(400, code, false);
            check(500, code, false);
        }
        for code in ["190", "10", "240", "131042", "133010"] {
            let body = format!(r#"{{"error":{{"message":"m","code":{code}}}}}"#);
            let outcome = outcome(Some(400), None, body.as_bytes());
            assert!(matches!(outcome, SendOutcome::ChannelFault { .. }), "{code}: {outcome:?}");
        }
        assert!(matches!(outcome(Some(401), None, b"{}"), SendOutcome::ChannelFault { .. }));
        assert!(matches!(outcome(Some(404), None, b"<html>"), SendOutcome::ChannelFault { .. }));
        check(400, "987654", false);
        check(503, "987654", true);
        check(429, "987654", true);
    }

    #[test]
    fn without_a_code_the_status_decides() {
        let retries = |status| matches!(outcome(status, None, b"<html>"), SendOutcome::Retry { .. });
        for status in [None, Some(408), Some(429), Some(500), Some(502), Some(503), Some(504)] {
            assert!(retries(status), "{status:?}");
        }
        for status in [301, 400, 401, 403, 404, 413, 422] {
            assert!(!retries(Some(status)), "{status}");
        }
    }

    #[test]
    fn the_wait_that_was_asked_for_is_kept() {
        let after = |retry_after, body: &[u8]| match outcome(Some(429), retry_after, body) {
            SendOutcome::Retry { after, .. } => after,
            SendOutcome::TooFast { after, .. } => Some(after),
            other => panic!("{other:?}"),
        };
        let minute = Some(SignedDuration::from_secs(60));
        let pair_limit = br#"{"error":{"code":131056}}"#;
        assert_eq!(after(minute, b""), minute);
        assert_eq!(after(None, b""), None);
        assert_eq!(after(None, pair_limit), Some(SignedDuration::from_secs(4)));
        assert_eq!(after(minute, pair_limit), minute);
    }

    #[test]
    fn an_operator_reads_what_to_do() {
        let body =
            br#"{"error":{"message":"(#131047) Re-engagement message","code":131047,"error_data":{"details":"d"}}}"#;
        let SendOutcome::GiveUp { code, reason } = outcome(Some(400), None, body) else { panic!("a lasting error") };
        assert_eq!(code, Some(131_047));
        assert!(reason.contains("24 hours"), "{reason}");
        let transient = br#"{"error":{"message":"busy","code":987654,"is_transient":true}}"#;
        assert!(matches!(outcome(Some(400), None, transient), SendOutcome::Retry { code: Some(987_654), .. }));
    }
}
