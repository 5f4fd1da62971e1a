//! What a platform says of a channel's set-up.

use jiff::Timestamp;

use super::{Account, telegram, web, whatsapp};
use crate::domain::channel::Credentials;
use crate::net;

/// Whether something needs a hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingState {
    /// As it should be.
    Fine,
    /// It works, and soon may not.
    Attention,
    /// It does not work.
    Missing,
}

impl FindingState {
    /// As commands print it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Attention => "attention",
            Self::Missing => "missing",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What was looked at, in words.
    pub name: &'static str,
    /// Whether it needs a hand.
    pub state: FindingState,
    /// What was found, and what to do.
    pub said: String,
    /// Until when it is fine, where it ends.
    pub until: Option<Timestamp>,
}

impl Finding {
    /// Without an end.
    pub fn new(name: &'static str, state: FindingState, said: impl Into<String>) -> Self {
        Self { name, state, said: said.into(), until: None }
    }
}

/// What a platform says of where it sends what people write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Here, and it arrives.
    Fine,
    /// Elsewhere, or it does not arrive: why and what to do, in words.
    Astray(String),
    /// The platform does not accept our credentials any more, in words.
    Refused(String),
    /// It takes our credentials until then; `None`: without an end.
    TokenUntil(Option<Timestamp>),
    /// It could not be asked.
    Unknown,
}

/// Asks the platform where it sends what people write, or how long it takes our credentials. For a look from time to time: one call.
pub async fn look(client: &net::Client, account: Account<'_>, webhook_url: &str, now: Timestamp) -> Sight {
    match account.credentials {
        Credentials::WhatsApp(credentials) => {
            whatsapp::check::look(client, &whatsapp::api::Api::of(account), credentials).await
        }
        Credentials::Web => Sight::Unknown,
        Credentials::Telegram(credentials) => {
            telegram::check::look(client, telegram::api::Api::of(account, credentials), webhook_url, now).await
        }
    }
}

/// Asks the platform whether a channel is set up: its number, in digits, and where its webhook should lead.
pub async fn check(
    client: &net::Client,
    account: Account<'_>,
    number: Option<&str>,
    webhook_url: &str,
) -> Vec<Finding> {
    match account.credentials {
        Credentials::WhatsApp(credentials) => {
            whatsapp::check::check(client, &whatsapp::api::Api::of(account), credentials, number, webhook_url).await
        }
        Credentials::Telegram(credentials) => {
            telegram::check::check(client, telegram::api::Api::of(account, credentials), webhook_url).await
        }
        Credentials::Web => web::check(),
    }
}

/// The site of an address. What stands behind it may hold another program's secret.
pub fn site_of(url: &str) -> String {
    url::Url::parse(url)
        .map_or_else(|_| "an address that is no URL".to_owned(), |url| url.origin().ascii_serialization())
}
