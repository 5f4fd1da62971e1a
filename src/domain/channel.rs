//! Channels: the kinds of platform, what each trusts us by, who a person on one is, and how far a message came.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::closed_set::closed_set;
use super::phone::PhoneNumber;
use super::time::SignedDuration;

/// Where the link behind a WhatsApp widget leads, unless the channel says otherwise.
pub const WHATSAPP_LINK_BASE: &str = "https://wa.me";

closed_set! {
    /// A chat platform.
    pub enum ChannelKind {
        /// WhatsApp Cloud API.
        WhatsApp = "whatsapp",
        /// Telegram Bot API.
        Telegram = "telegram",
        /// The chat on a site's own pages.
        Web = "web",
    }
}

impl ChannelKind {
    /// How long after a message of the person the platform takes a reply to it; `None`: at any time.
    pub fn window(self) -> Option<SignedDuration> {
        match self {
            Self::WhatsApp => Some(SignedDuration::from_hours(24)),
            Self::Telegram | Self::Web => None,
        }
    }

    /// How long the agent waits for the next message of a burst: on a page whoever writes sees that an answer is being written, and
    /// goes on faster.
    pub fn burst_pause(self) -> SignedDuration {
        match self {
            Self::WhatsApp | Self::Telegram => SignedDuration::from_millis(1_500),
            Self::Web => SignedDuration::from_millis(800),
        }
    }

    /// The platform as people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::WhatsApp => "WhatsApp",
            Self::Telegram => "Telegram",
            Self::Web => "Chat on the page",
        }
    }

    /// UTF-16 units of one message; what is longer goes as several. Telegram takes 4,096 after it has read the text.
    pub fn text_units_max(self) -> usize {
        match self {
            Self::WhatsApp => 4_096,
            Self::Telegram | Self::Web => 4_000,
        }
    }

    /// How long after it the platform is told again that an answer is being written: it shows that for a little longer. `None` where it is
    /// not told.
    pub fn typing_again_after(self) -> Option<Duration> {
        match self {
            Self::WhatsApp => Some(Duration::from_secs(20)),
            Self::Telegram => Some(Duration::from_secs(4)),
            Self::Web => None,
        }
    }

    /// Messages a second that the platform takes from a channel, unless its owner sets another number: `is_in_app` where the business uses
    /// the platform's own app as well. `None`: the platform tells when they are too many.
    pub fn messages_per_second(self, is_in_app: bool) -> Option<u32> {
        match self {
            Self::WhatsApp => Some(if is_in_app { 20 } else { 80 }),
            Self::Telegram | Self::Web => None,
        }
    }

    /// How often a reply is sent of which it is not known whether the platform has it: it has no key by which it would notice a
    /// repeated one. `None`: until it is known, since the platform reports what it has.
    pub fn unknown_attempts_max(self) -> Option<u32> {
        match self {
            Self::WhatsApp | Self::Web => None,
            Self::Telegram => Some(2),
        }
    }

    /// How often the platform is asked about a channel, where it can be: another program can take a bot without a word, and tokens expire.
    pub fn check_every(self) -> Option<SignedDuration> {
        match self {
            Self::Telegram => Some(SignedDuration::from_mins(1)),
            Self::WhatsApp => Some(SignedDuration::from_hours(24)),
            Self::Web => None,
        }
    }

    /// Whether people fetch their messages from here by number ([`crate::store::chats`]): a reply is with them once it has its number,
    /// and nothing is sent anywhere.
    pub fn is_fetched(self) -> bool {
        self == Self::Web
    }
}

/// What a message offers to answer it by, besides words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offers {
    /// Answers to choose from.
    Choices {
        /// The key of the field that they answer; empty where they answer whether something is right.
        field: String,
        /// The answers, as the person would write them.
        options: Vec<String>,
        /// What a platform that hides them behind a button writes on it.
        open: String,
    },
    /// A button that shares the person's own number, with its words.
    OwnContact(String),
    /// What an earlier message offered counts no more.
    Nothing,
}

/// A message that the platform has approved, with values in it: it is taken outside of the window, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Its name at the platform.
    pub name: String,
    /// Its language there, as `en_US`.
    pub language: String,
    /// The values of the text at its top.
    pub header: Vec<TemplateValue>,
    /// The values of its text.
    pub body: Vec<TemplateValue>,
}

/// A value in a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateValue {
    /// Its name; where they have none they are numbered, and this is the number.
    pub name: String,
    /// What stands in its place.
    pub text: String,
}

/// Which part of a chat a message came by, where a platform has several with one person. A reply goes the same way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// The topic.
    pub thread: Option<String>,
    /// The platform's id of the connection to an account of the business's own, which the channel works for.
    pub account: Option<String>,
}

/// What a platform gave the operator, by kind. Sealed wherever it is stored, as JSON that names its `kind`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Credentials {
    /// Of a WhatsApp number.
    WhatsApp(WhatsAppCredentials),
    /// Of a Telegram bot.
    Telegram(TelegramCredentials),
    /// Of a chat on the page: nobody else has to trust us.
    Web,
}

/// Credentials are those of another platform than is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the channel is on another platform")]
pub struct OtherPlatform;

impl Credentials {
    /// The platform that they are for.
    pub fn kind(&self) -> ChannelKind {
        match self {
            Self::WhatsApp(_) => ChannelKind::WhatsApp,
            Self::Telegram(_) => ChannelKind::Telegram,
            Self::Web => ChannelKind::Web,
        }
    }

    /// Those of WhatsApp, on a channel that is one of its.
    pub fn whatsapp(&self) -> Result<&WhatsAppCredentials, OtherPlatform> {
        match self {
            Self::WhatsApp(credentials) => Ok(credentials),
            Self::Telegram(_) | Self::Web => Err(OtherPlatform),
        }
    }

    /// Those of Telegram, on a channel that is one of its.
    pub fn telegram(&self) -> Result<&TelegramCredentials, OtherPlatform> {
        match self {
            Self::Telegram(credentials) => Ok(credentials),
            Self::WhatsApp(_) | Self::Web => Err(OtherPlatform),
        }
    }
}

/// What makes us a Telegram bot.
#[derive(Clone, Serialize, Deserialize)]
pub struct TelegramCredentials {
    /// Lets us do all that the bot can.
    pub bot_token: String,
    /// Comes back with all that the platform sends.
    pub webhook_secret: String,
}

/// What Meta gave the operator of a WhatsApp number.
#[derive(Clone, Serialize, Deserialize)]
pub struct WhatsAppCredentials {
    /// Lets us send.
    pub access_token: String,
    /// Signs what the platform sends.
    pub app_secret: String,
    /// The platform shows it once, when the webhook is registered.
    pub verify_token: String,
}

/// The ids by which a platform knows a person on one channel. One is enough; where a platform gives both on one message,
/// they are one person's.
///
/// | | `external_user_id` | `external_phone_id` |
/// | --- | --- | --- |
/// | WhatsApp | the business-scoped user id, `SG.13491208655302741918` | the `wa_id`: the digits of the phone number |
/// | Telegram | the user id, which is that of the private chat | none |
/// | the chat on the page | a UUID of the chat | none |
/// | another platform without phone numbers | its id of the person or of the chat | none |
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonIds {
    /// The platform's id that is no phone number.
    pub external_user_id: Option<String>,
    /// The platform's id that is a phone number.
    pub external_phone_id: Option<String>,
}

impl PersonIds {
    /// Whether no id is known.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The ids that are known.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        [self.external_user_id.as_deref(), self.external_phone_id.as_deref()].into_iter().flatten()
    }
}

/// A person, as far as a platform names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The platform's ids of them.
    pub ids: PersonIds,
    /// Their number, where the platform vouches for it.
    pub phone: Option<PhoneNumber>,
    /// The name that they chose at the platform.
    pub profile_name: Option<String>,
    /// The handle that they chose at the platform, without `@`.
    pub username: Option<String>,
    /// The language that their app is set to, a BCP 47 tag: a hint, since people write in others too.
    pub language: Option<String>,
}

closed_set! {
    /// What a message consists of.
    pub enum MessageKind {
        /// Words and nothing else.
        Text = "text",
        /// The chat was opened by a link or the platform's own button: words that the person did not write.
        Start = "start",
        /// A button or a list entry that was pressed.
        Choice = "choice",
        /// A form that was filled in inside the platform.
        Form = "form",
        /// Picture, video, sound, file or sticker.
        Media = "media",
        /// A place.
        Location = "location",
        /// Cards of an address book.
        Contacts = "contacts",
        /// What the person sent, and nobody could read.
        Unsupported = "unsupported",
        /// New words for an earlier message.
        Edit = "edit",
        /// An earlier message, taken back.
        Revoke = "revoke",
        /// A reaction to another message.
        Reaction = "reaction",
        /// Anything else.
        Other = "other",
    }
}

impl MessageKind {
    /// Whether a person says something with it: the one list of what is speech. Only speech begins a conversation and calls the
    /// agent. What is no message at all, such as a notice of the platform, has no kind.
    pub fn is_speech(self) -> bool {
        match self {
            Self::Text
            | Self::Start
            | Self::Choice
            | Self::Form
            | Self::Media
            | Self::Location
            | Self::Contacts
            | Self::Unsupported
            | Self::Edit => true,
            Self::Revoke | Self::Reaction | Self::Other => false,
        }
    }
}

closed_set! {
    /// How far a message came. One from a person is `Received` for good.
    pub enum MessageStatus {
        /// From a person.
        Received = "received",
        /// Waits to be sent.
        Queued = "queued",
        /// The platform has it.
        Sent = "sent",
        /// It did not get through.
        Failed = "failed",
        /// It was not sent, since a person of the business wrote instead.
        Cancelled = "cancelled",
        /// The person's device has it.
        Delivered = "delivered",
        /// The person has seen it.
        Read = "read",
    }
}

impl MessageStatus {
    /// How far that is. Platforms promise no order of what they report, so a status is only taken where its rank is above
    /// that of the one before; a failure ranks above `Sent` and below `Delivered`, since what arrived did not fail.
    pub fn rank(self) -> u32 {
        match self {
            Self::Received | Self::Queued => 0,
            Self::Sent => 1,
            Self::Failed | Self::Cancelled => 2,
            Self::Delivered => 3,
            Self::Read => 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_name_their_kind() {
        let credentials = Credentials::WhatsApp(WhatsAppCredentials {
            access_token: "a".to_owned(),
            app_secret: "s".to_owned(),
            verify_token: "v".to_owned(),
        });
        let json = serde_json::to_value(&credentials).expect("JSON");
        let expected =
            serde_json::json!({"kind": "whatsapp", "access_token": "a", "app_secret": "s", "verify_token": "v"});
        assert_eq!(json, expected);
        assert!(serde_json::from_value::<Credentials>(serde_json::json!({"kind": "fax"})).is_err());
    }

    #[test]
    fn a_failure_ranks_between_sent_and_delivered() {
        let order = MessageStatus::ALL.map(MessageStatus::rank);
        assert_eq!(order, [0, 0, 1, 2, 2, 3, 4]);
    }
}
