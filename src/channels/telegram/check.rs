//! Asks Telegram whether a channel is set up: the token, where updates go, and whether they arrive.

use jiff::{SignedDuration, Timestamp};

use super::ALLOWED_UPDATES;
use super::api::Api;
use super::set_up::{BotIdentity, WebhookInfo, identity, webhook_info};
use crate::channels::{Finding, FindingState, Sight, site_of};
use crate::net;

/// How long an error of delivery counts while updates wait.
const ERROR_COUNTS_FOR: SignedDuration = SignedDuration::from_mins(10);

/// What Telegram says of a channel whose webhook should be at `webhook_url`.
pub async fn check(client: &net::Client, api: Api<'_>, webhook_url: &str) -> Vec<Finding> {
    let bot = match identity(client, api).await {
        Ok(bot) => of_bot(&bot),
        Err(error) => return vec![Finding::new("Token", FindingState::Missing, error.words())],
    };
    let info = match webhook_info(client, api).await {
        Ok(info) => info,
        Err(error) => return vec![bot, Finding::new("Webhook", FindingState::Missing, error.words())],
    };
    let rest = [Some(of_address(&info, webhook_url)), Some(of_delivery(&info)), of_kinds(&info, webhook_url)];
    std::iter::once(bot).chain(rest.into_iter().flatten()).collect()
}

/// Where updates go, in one call.
pub async fn look(client: &net::Client, api: Api<'_>, webhook_url: &str, now: Timestamp) -> Sight {
    match webhook_info(client, api).await {
        Ok(info) => sight(&info, webhook_url, now),
        Err(error) if error.is_token_refused() => Sight::Refused(error.words()),
        Err(_) => Sight::Unknown,
    }
}

fn sight(info: &WebhookInfo, webhook_url: &str, now: Timestamp) -> Sight {
    let address = of_address(info, webhook_url);
    if address.state != FindingState::Fine {
        return Sight::Astray(address.said);
    }
    let fails = info.pending > 0 && info.failed_at.is_some_and(|at| now < at + ERROR_COUNTS_FOR);
    if fails { Sight::Astray(of_delivery(info).said) } else { Sight::Fine }
}

fn of_bot(bot: &BotIdentity) -> Finding {
    let name = bot.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let said = match &bot.username {
        Some(username) => format!("Telegram takes it: @{username}{name}."),
        None => "Telegram takes it.".to_owned(),
    };
    Finding::new("Token", FindingState::Fine, said)
}

fn of_address(info: &WebhookInfo, webhook_url: &str) -> Finding {
    let (state, said) = match info.url.as_deref() {
        Some(url) if url == webhook_url => (FindingState::Fine, "Telegram sends messages here.".to_owned()),
        Some(url) => {
            let site = site_of(url);
            let said = format!(
                "Telegram sends this bot's messages to {site}: another program has set its own webhook. Give that one a bot of its own, \
                 then set the webhook again."
            );
            (FindingState::Missing, said)
        }
        None => {
            let said =
                "Telegram sends this bot's messages nowhere: somebody removed the webhook. Set it again.".to_owned();
            (FindingState::Missing, said)
        }
    };
    Finding::new("Webhook", state, said)
}

fn of_delivery(info: &WebhookInfo) -> Finding {
    let waits = match info.pending {
        0 => "Nothing waits at Telegram.".to_owned(),
        1 => "One update waits at Telegram.".to_owned(),
        many => format!("{many} updates wait at Telegram."),
    };
    let failure = info.failure.as_deref().filter(|_| info.pending > 0);
    let (state, said) = match (info.pending, failure) {
        (0, _) => (FindingState::Fine, waits),
        (_, Some(failure)) => {
            let said = format!(
                "{waits} They could not be delivered: {failure}. Look whether a proxy in front of Aurix refuses the webhook's address."
            );
            (FindingState::Missing, said)
        }
        (_, None) => (FindingState::Attention, waits),
    };
    Finding::new("Delivery", state, said)
}

/// Kinds of update that do not come; nothing where none is missing.
fn of_kinds(info: &WebhookInfo, webhook_url: &str) -> Option<Finding> {
    let lacks = ALLOWED_UPDATES.into_iter().filter(|kind| !info.allowed.iter().any(|allowed| allowed == kind));
    let lacks: Vec<_> = lacks.collect();
    if lacks.is_empty() || info.allowed.is_empty() || info.url.as_deref() != Some(webhook_url) {
        return None;
    }
    let said = format!("Telegram keeps back {}. Set the webhook again.", lacks.join(", "));
    Some(Finding::new("Updates", FindingState::Attention, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "https://aurix.example/channels/telegram/1/webhook";

    fn info(url: Option<&str>, pending: i64, failed_at: Option<&str>) -> WebhookInfo {
        WebhookInfo {
            url: url.map(str::to_owned),
            pending,
            failed_at: failed_at.map(|at| at.parse().expect("a time")),
            failure: failed_at.map(|_| "Wrong response from the webhook: 403 Forbidden".to_owned()),
            allowed: ALLOWED_UPDATES.map(str::to_owned).to_vec(),
        }
    }

    #[test]
    fn updates_that_go_elsewhere_are_seen() {
        let now: Timestamp = "2026-01-02T10:00:00Z".parse().expect("a time");
        let look = |info: WebhookInfo| sight(&info, OURS, now);
        assert_eq!(look(info(Some(OURS), 0, None)), Sight::Fine);
        assert_eq!(look(info(Some(OURS), 3, Some("2026-01-02T09:00:00Z"))), Sight::Fine, "that was long ago");
        let Sight::Astray(words) = look(info(Some(OURS), 3, Some("2026-01-02T09:59:00Z"))) else { panic!("it fails") };
        assert!(words.contains("403 Forbidden"), "{words}");
        let Sight::Astray(words) = look(info(Some("https://u:p@other.example/bot123:SECRET"), 0, None)) else {
            panic!("it was taken")
        };
        assert!(
            words.contains("https://other.example") && !words.contains("SECRET") && !words.contains("u:p"),
            "{words}"
        );
        assert!(matches!(look(info(None, 0, None)), Sight::Astray(_)));
    }

    #[test]
    fn kinds_of_update_that_are_kept_back_are_named() {
        let mut some = info(Some(OURS), 0, None);
        assert!(of_kinds(&some, OURS).is_none());
        some.allowed.retain(|kind| kind != "business_message");
        assert!(of_kinds(&some, OURS).expect("one lacks").said.contains("business_message"));
        some.allowed.clear();
        assert!(of_kinds(&some, OURS).is_none(), "an empty list is Telegram's own choice");
    }
}
