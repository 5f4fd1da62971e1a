//! What goes out: one message to one person, sent over the network by the platform that the credentials are of.

use jiff::{SignedDuration, Timestamp};

use super::{telegram, web, whatsapp};
use crate::domain::channel::{ChannelKind, Credentials, Offers, PersonIds, Route, Template};
use crate::net;

/// Where, and as whom, a channel's messages are sent.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    /// Where the platform's API is.
    pub api_base: &'a str,
    /// The platform's id of the channel.
    pub external_id: &'a str,
    /// What the platform trusts us by; its kind decides which platform it is.
    pub credentials: &'a Credentials,
}

/// A message to a person.
#[derive(Clone, Copy, Debug)]
pub struct Outbound<'a> {
    /// Whom it goes to.
    pub to: &'a PersonIds,
    /// By which part of the chat.
    pub route: &'a Route,
    /// What to say.
    pub text: &'a str,
    /// What to answer it by.
    pub offers: Option<&'a Offers>,
    /// The approved template that it is; `text` is how it reads.
    pub template: Option<&'a Template>,
    /// Our id of it. The platform returns it with each status where it can.
    pub reply_id: &'a str,
}

/// What became of an attempt to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// The platform has the message.
    Sent {
        /// Its id there, by which statuses come. `None` where the response cannot be read: sending again would send twice.
        external_id: Option<String>,
    },
    /// It may go through later.
    Retry {
        /// The platform's code, or the HTTP status.
        code: Option<i64>,
        /// What happened and what to do, in an operator's words.
        reason: String,
        /// How long to wait at least.
        after: Option<SignedDuration>,
    },
    /// It went out, and nobody said what became of it.
    Unknown {
        /// What happened, in an operator's words.
        reason: String,
    },
    /// It may go through once more; where the platform says the same again, it never will.
    Once {
        /// The platform's code.
        code: i64,
        /// What happened, in an operator's words.
        reason: String,
        /// How long to wait at least.
        after: SignedDuration,
    },
    /// The platform wants fewer messages.
    TooFast {
        /// The platform's code.
        code: i64,
        /// What happened, in an operator's words.
        reason: String,
        /// How long to wait: of messages to one person, for the first time.
        after: SignedDuration,
        /// Of whom.
        limit: Limit,
    },
    /// The person cannot be written to any more: they blocked us, or their account is gone.
    Unreachable {
        /// What happened, in an operator's words.
        reason: String,
    },
    /// The person wants no marketing messages any more, and this is one.
    Unwanted {
        /// What happened, in an operator's words.
        reason: String,
    },
    /// It will go through once the channel's operator has mended what is wrong: an expired token, a bill, a registration.
    ChannelFault {
        /// The platform's code, or the HTTP status.
        code: Option<i64>,
        /// What happened and what to do, in an operator's words.
        reason: String,
    },
    /// It never will.
    GiveUp {
        /// The platform's code, or the HTTP status.
        code: Option<i64>,
        /// What happened and what to do, in an operator's words.
        reason: String,
    },
}

/// Whose messages are too many to a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Those of one chat, or of all of the channel: it does not tell.
    Untold,
    /// Those to one person: each time in a row the wait is as long to the next power.
    Person,
    /// Those of the channel.
    Channel,
    /// All calls of the channel, whatever they are for.
    Calls,
}

/// Whether a platform shows what a message with that text offers, so that the text need not say it.
pub fn shows(kind: ChannelKind, text: &str, offers: &Offers) -> bool {
    match kind {
        ChannelKind::WhatsApp => whatsapp::shows(text, offers),
        ChannelKind::Telegram => true,
        // One's own number can only be typed there.
        ChannelKind::Web => matches!(offers, Offers::Choices { .. }),
    }
}

/// Sends a message and says what became of it. `now` is what a wait that the platform asks for is counted from.
pub async fn send(client: &net::Client, account: Account<'_>, outbound: Outbound<'_>, now: Timestamp) -> SendOutcome {
    match account.credentials {
        Credentials::WhatsApp(credentials) => {
            whatsapp::send::send(client, &whatsapp::api::Api::of(account), credentials, outbound, now).await
        }
        Credentials::Telegram(credentials) => {
            telegram::send::send(client, telegram::api::Api::of(account, credentials), outbound).await
        }
        Credentials::Web => web::send(),
    }
}
