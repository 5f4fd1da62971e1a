//! A reply on its way out: the request for the platform, and what its answer means.

use super::errors::{self, PlatformError};
use super::json::text;
use jiff::SignedDuration;
use serde_json::{Value, json};

/// Characters that a text message may have; [`text_request`] cuts what is longer.
pub const TEXT_CHARS_MAX: usize = 4096;

/// How long to leave a person alone whom too many messages went to, where the platform does not say: it allows one in
/// six seconds after a burst.
const PAIR_LIMIT_WAIT: SignedDuration = SignedDuration::from_secs(10);

/// The code for too many messages to one person.
const PAIR_LIMIT: i64 = 131_056;

/// Where a channel's messages are sent.
#[derive(Debug, Clone, Copy)]
pub struct Api<'a> {
    /// Where the API is, as [`super::API_BASE`].
    pub base: &'a str,
    /// Its version, as [`super::API_VERSION`].
    pub version: &'a str,
    /// The channel's id at the platform.
    pub phone_number_id: &'a str,
}

/// Whom a message goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// A WhatsApp id: a phone number's digits. The platform takes it under `to`.
    WaId(String),
    /// A business-scoped user id. The platform takes it under `recipient`; under `to` the message would be lost.
    UserId(String),
}

impl Recipient {
    /// The person's `wa_id`, or, where that is not known, their `user_id`. `None` where neither is.
    pub fn of(wa_id: Option<&str>, user_id: Option<&str>) -> Option<Self> {
        let told = |id: &&str| !id.trim().is_empty();
        let wa_id = wa_id.filter(told).map(|id| Self::WaId(id.to_owned()));
        wa_id.or_else(|| user_id.filter(told).map(|id| Self::UserId(id.to_owned())))
    }
}

/// A `POST` with `content-type: application/json` that is made once and may be sent again as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextRequest {
    /// The whole address.
    pub url: String,
    /// The body's bytes.
    pub body: Vec<u8>,
}

/// The request that sends a text. The caller adds `Authorization: Bearer {access token}`. `reply_id` comes back with
/// every status of the message.
pub fn text_request(api: &Api<'_>, to: &Recipient, text: &str, reply_id: &str) -> TextRequest {
    let (key, id) = match to {
        Recipient::WaId(id) => ("to", id),
        Recipient::UserId(id) => ("recipient", id),
    };
    let body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        key: id,
        "type": "text",
        "text": {"preview_url": false, "body": fit(text)},
        "biz_opaque_callback_data": reply_id,
    });
    let url = format!("{}/{}/{}/messages", api.base.trim_end_matches('/'), api.version, api.phone_number_id);
    TextRequest { url, body: body.to_string().into_bytes() }
}

/// The text, cut with an ellipsis where it is longer than the platform takes.
fn fit(text: &str) -> String {
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        None => text.to_owned(),
        Some(_) => text.chars().take(TEXT_CHARS_MAX - 1).chain(['…']).collect(),
    }
}

/// What became of an attempt to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// The platform has the message.
    Sent {
        /// Its id there, by which statuses come. `None` where the answer cannot be read: sending again would send twice.
        platform_id: Option<String>,
    },
    /// It may go through later.
    Retry {
        /// The platform's code, or the HTTP status.
        code: Option<i64>,
        /// What happened and what to do, in an operator's words.
        why: String,
        /// How long to wait at least.
        after: Option<SignedDuration>,
    },
    /// It never will.
    GiveUp {
        /// The platform's code, or the HTTP status.
        code: Option<i64>,
        /// What happened and what to do, in an operator's words.
        why: String,
    },
}

/// What an answer means. `status` is `None` where there was no answer, `retry_after` is what the header of that name
/// asked for. The platform's own code decides, the HTTP status only where there is none that is known.
pub fn outcome(status: Option<u16>, retry_after: Option<SignedDuration>, body: &[u8]) -> SendOutcome {
    let Some(status) = status else {
        let why = "WhatsApp could not be reached. It is tried again.".to_owned();
        return SendOutcome::Retry { code: None, why, after: retry_after };
    };
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(error) = answer.get("error").filter(|error| error.is_object()) else {
        return by_status(status, retry_after, &answer);
    };
    let is_transient = error["is_transient"].as_bool().unwrap_or(false);
    let error = errors::read_one(error);
    let passes =
        error.code.and_then(errors::meaning).map_or(is_transient || status_passes(status), |known| known.passes);
    let (code, why) = (error.code.or(Some(status.into())), error.why());
    if passes {
        let after = retry_after.or((error.code == Some(PAIR_LIMIT)).then_some(PAIR_LIMIT_WAIT));
        SendOutcome::Retry { code, why, after }
    } else {
        SendOutcome::GiveUp { code, why }
    }
}

fn by_status(status: u16, retry_after: Option<SignedDuration>, answer: &Value) -> SendOutcome {
    let code = Some(status.into());
    match status {
        200..=299 => SendOutcome::Sent { platform_id: answer["messages"].get(0).and_then(|sent| text(sent, &["id"])) },
        _ if status_passes(status) => {
            let why = format!("WhatsApp answered {status}, which passes. It is tried again.");
            SendOutcome::Retry { code, why, after: retry_after }
        }
        401 => SendOutcome::GiveUp { code, why: PlatformError { code: Some(190), title: None, details: None }.why() },
        300..=399 | 404 | 405 => {
            let why = format!("The API's address answered {status}. Check the channel's API base and phone number id.");
            SendOutcome::GiveUp { code, why }
        }
        _ => {
            SendOutcome::GiveUp { code, why: format!("WhatsApp refused the message with {status} and gave no reason.") }
        }
    }
}

fn status_passes(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

#[cfg(test)]
mod tests {
    use super::*;

    const API: Api<'_> =
        Api { base: "https://graph.facebook.com/", version: "v26.0", phone_number_id: "106540352242922" };

    fn body_of(to: &Recipient, text: &str) -> Value {
        serde_json::from_slice(&text_request(&API, to, text, "rep_1").body).unwrap()
    }

    #[test]
    fn a_text_goes_to_the_number_or_to_the_user_id() {
        let number = Recipient::of(Some("6512345678"), Some("SG.1")).unwrap();
        assert_eq!(
            text_request(&API, &number, "Hi", "rep_1").url,
            "https://graph.facebook.com/v26.0/106540352242922/messages"
        );
        assert_eq!(
            body_of(&number, "Hi"),
            json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": "6512345678", "type": "text",
                "text": {"preview_url": false, "body": "Hi"}, "biz_opaque_callback_data": "rep_1"})
        );
        let user = body_of(&Recipient::of(None, Some("SG.1")).unwrap(), "Hi");
        assert_eq!((user["recipient"].as_str(), user.get("to")), (Some("SG.1"), None));
        assert_eq!(Recipient::of(Some(""), Some("SG.1")), Some(Recipient::UserId("SG.1".into())));
        assert_eq!(Recipient::of(None, None), None);
    }

    #[test]
    fn a_text_is_cut_to_what_the_platform_takes() {
        let to = Recipient::WaId("65".into());
        let sent = |text: &str| body_of(&to, text)["text"]["body"].as_str().unwrap().to_owned();
        assert_eq!(sent(&"é".repeat(4096)), "é".repeat(4096));
        assert_eq!(sent(&"é".repeat(4097)), "é".repeat(4095) + "…");
    }

    #[test]
    fn an_accepted_message_has_an_id() {
        let body = br#"{"messaging_product":"whatsapp","contacts":[{"input":"65","wa_id":"65"}],"messages":[{"id":"wamid.X"}]}"#;
        assert_eq!(outcome(Some(200), None, body), SendOutcome::Sent { platform_id: Some("wamid.X".into()) });
        for odd in [&b"{}"[..], b"", b"[]", b"{\"messages\":{}}", b"\xff"] {
            assert_eq!(outcome(Some(200), None, odd), SendOutcome::Sent { platform_id: None });
        }
    }

    #[test]
    fn the_platforms_code_decides_and_not_the_status() {
        let check = |status: u16, code: &str, retries: bool| {
            let body = format!(r#"{{"error":{{"message":"m","type":"OAuthException","code":{code}}}}}"#);
            let outcome = outcome(Some(status), None, body.as_bytes());
            assert_eq!(matches!(outcome, SendOutcome::Retry { .. }), retries, "{status} {code}: {outcome:?}");
            assert_eq!(matches!(outcome, SendOutcome::GiveUp { .. }), !retries, "{status} {code}: {outcome:?}");
        };
        for code in ["4", "80007", "130429", "131000", "131016", "131056", "\"131056\""] {
            check(400, code, true);
            check(200, code, true);
        }
        for code in ["131026", "131047", "131051", "100", "190", "10", "240"] {
            check(400, code, false);
            check(500, code, false);
        }
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
            other => panic!("{other:?}"),
        };
        let minute = Some(SignedDuration::from_secs(60));
        let pair_limit = br#"{"error":{"code":131056}}"#;
        assert_eq!(after(minute, b""), minute);
        assert_eq!(after(None, b""), None);
        assert_eq!(after(None, pair_limit), Some(PAIR_LIMIT_WAIT));
        assert_eq!(after(minute, pair_limit), minute);
    }

    #[test]
    fn an_operator_reads_what_to_do() {
        let body =
            br#"{"error":{"message":"(#131047) Re-engagement message","code":131047,"error_data":{"details":"d"}}}"#;
        let SendOutcome::GiveUp { code, why } = outcome(Some(400), None, body) else { panic!("a lasting error") };
        assert_eq!(code, Some(131_047));
        assert!(why.contains("24 hours"), "{why}");
        let transient = br#"{"error":{"message":"busy","code":987654,"is_transient":true}}"#;
        assert!(matches!(outcome(Some(400), None, transient), SendOutcome::Retry { code: Some(987_654), .. }));
    }
}
