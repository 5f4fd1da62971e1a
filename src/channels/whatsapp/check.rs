//! Asks the platform whether a channel is set up: the token, its permissions, the number, and where its webhook leads.

use jiff::Timestamp;
use serde_json::Value;

use super::api::{Api, call, encoded};
use crate::channels::json;
use crate::channels::{Finding, FindingState, Sight};
use crate::domain::channel::WhatsAppCredentials;
use crate::net;

/// What a token needs.
const PERMISSIONS: [&str; 2] = ["whatsapp_business_messaging", "whatsapp_business_management"];
/// The same, of a channel.
const TOKEN_REFUSED: &str =
    "The access token is not valid any more. Make a new one for the system user, and enter it on the channel's page.";
/// What is said of a token that is not taken.
const NOT_VALID: &str = "It is not valid any more. Make a new one for the system user, and enter it here.";

/// What the platform says of a channel whose webhook should be at `webhook_url` and whose number should be `number` (digits).
pub async fn check(
    client: &net::Client,
    api: &Api<'_>,
    credentials: &WhatsAppCredentials,
    number: Option<&str>,
    webhook_url: &str,
) -> Vec<Finding> {
    let query = format!(
        "{}?fields=display_phone_number,verified_name,quality_rating,webhook_configuration",
        api.phone_number_id
    );
    let phone = match call(client, api, credentials, &query, None).await {
        Ok(phone) => phone,
        Err(why) => return vec![Finding::new("Token and number", FindingState::Missing, why)],
    };
    let query = format!("debug_token?input_token={}", encoded(&credentials.access_token));
    let token = call(client, api, credentials, &query, None).await.unwrap_or_default();
    let mut findings = vec![of_token(&token["data"])];
    findings.extend(of_permissions(&token["data"]));
    findings.push(of_number(&phone, number));
    findings.push(of_webhook(&phone["webhook_configuration"], webhook_url));
    findings
}

/// How long WhatsApp takes the token, in one call.
pub async fn look(client: &net::Client, api: &Api<'_>, credentials: &WhatsAppCredentials) -> Sight {
    let query = format!("debug_token?input_token={}", encoded(&credentials.access_token));
    call(client, api, credentials, &query, None).await.map_or(Sight::Unknown, |token| sight(&token["data"]))
}

fn sight(token: &Value) -> Sight {
    match (token["is_valid"].as_bool(), token["expires_at"].as_i64()) {
        (Some(false), _) => Sight::Refused(TOKEN_REFUSED.to_owned()),
        (Some(true), Some(0)) => Sight::TokenUntil(None),
        (Some(true), Some(at)) => Timestamp::from_second(at).map_or(Sight::Unknown, |at| Sight::TokenUntil(Some(at))),
        _ => Sight::Unknown,
    }
}

fn of_token(token: &Value) -> Finding {
    let name = "Access token";
    match (token["is_valid"].as_bool(), token["expires_at"].as_i64()) {
        (Some(false), _) => Finding::new(name, FindingState::Missing, NOT_VALID),
        (Some(true), Some(0)) => Finding::new(name, FindingState::Fine, "It is valid, and does not expire."),
        (Some(true), Some(at)) => {
            let until = Timestamp::from_second(at).ok();
            let finding = Finding::new(
                name,
                FindingState::Attention,
                "It is valid, and expires. A token of a system user with “never” as its expiry does not.",
            );
            Finding { until, ..finding }
        }
        _ => Finding::new(name, FindingState::Fine, "WhatsApp takes it."),
    }
}

/// Which permissions a token lacks; nothing where the platform does not say.
fn of_permissions(token: &Value) -> Option<Finding> {
    let has: Vec<&str> = token["scopes"].as_array()?.iter().filter_map(Value::as_str).collect();
    let lacks: Vec<&str> = PERMISSIONS.into_iter().filter(|wanted| !has.contains(wanted)).collect();
    let name = "Permissions";
    Some(if lacks.is_empty() {
        Finding::new(name, FindingState::Fine, "The token may send and be managed.")
    } else {
        let said = format!("The token lacks {}. Make a new one with it.", lacks.join(" and "));
        Finding::new(name, FindingState::Missing, said)
    })
}

fn of_number(phone: &Value, expected: Option<&str>) -> Finding {
    let name = "Number";
    let shown = json::text(phone, &["display_phone_number"]).unwrap_or_default();
    let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
    let verified = json::text(phone, &["verified_name"]).map(|name| format!(" ({name})")).unwrap_or_default();
    match expected {
        Some(expected) if !digits.is_empty() && digits != expected => Finding::new(
            name,
            FindingState::Missing,
            format!(
                "This id belongs to {shown}{verified}, and the channel has +{expected}. Enter the right one of both."
            ),
        ),
        _ if phone["quality_rating"] == "RED" => Finding::new(
            name,
            FindingState::Attention,
            format!("{shown}{verified} has a low quality rating: people block or report it."),
        ),
        _ => Finding::new(name, FindingState::Fine, format!("{shown}{verified}")),
    }
}

/// Where the platform sends what people write: the number's own address goes before that of the account and of the app.
fn of_webhook(configuration: &Value, expected: &str) -> Finding {
    let name = "Webhook";
    let set = ["phone_number", "whatsapp_business_account", "application"];
    match set.into_iter().find_map(|level| json::text(configuration, &[level])) {
        Some(url) if url == expected => Finding::new(name, FindingState::Fine, "WhatsApp sends messages here."),
        Some(url) => Finding::new(
            name,
            FindingState::Missing,
            format!(
                "WhatsApp sends messages to {url}. Set the webhook here, or enter this channel’s callback URL on the Configuration page."
            ),
        ),
        None => Finding::new(
            name,
            FindingState::Missing,
            "WhatsApp knows no address to send messages to. Set the webhook, or enter the callback URL on the Configuration page.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_is_judged_by_what_the_platform_says() {
        let state = |token: Value| of_token(&token).state;
        assert_eq!(state(json!({"is_valid": true, "expires_at": 0})), FindingState::Fine);
        assert_eq!(state(json!({"is_valid": true, "expires_at": 1_790_000_000})), FindingState::Attention);
        assert_eq!(state(json!({"is_valid": false, "expires_at": 0})), FindingState::Missing);
        assert_eq!(state(Value::Null), FindingState::Fine);
        let lacks = of_permissions(&json!({"scopes": ["whatsapp_business_messaging"]})).expect("scopes are known");
        assert!(
            lacks.state == FindingState::Missing && lacks.said.contains("whatsapp_business_management"),
            "{}",
            lacks.said
        );
        assert!(of_permissions(&Value::Null).is_none());
    }

    #[test]
    fn the_number_and_the_address_have_to_be_those_of_the_channel() {
        let phone = json!({"display_phone_number": "+65 1234 5678", "verified_name": "A shop"});
        assert_eq!(of_number(&phone, Some("6512345678")).state, FindingState::Fine);
        assert_eq!(of_number(&phone, Some("6500000000")).state, FindingState::Missing);
        let webhook = |set: Value| of_webhook(&set, "https://aurix.example/hook").state;
        assert_eq!(webhook(json!({"application": "https://aurix.example/hook"})), FindingState::Fine);
        let overridden = json!({"application": "https://aurix.example/hook", "phone_number": "https://other.example"});
        assert_eq!(webhook(overridden), FindingState::Missing);
        assert_eq!(webhook(Value::Null), FindingState::Missing);
    }
}
