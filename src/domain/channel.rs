//! Channels: the kinds of platform, what each trusts us by, who a person on one is, and how far a message came.

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
    }
}

impl ChannelKind {
    /// How long after a message of the person the platform takes a reply to it.
    pub fn window(self) -> SignedDuration {
        match self {
            Self::WhatsApp => SignedDuration::from_hours(24),
        }
    }
}

/// What a platform gave the operator, by kind. Sealed wherever it is stored, as JSON that names its `kind`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Credentials {
    /// Of a WhatsApp number.
    WhatsApp(WhatsAppCredentials),
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
/// | a platform without phone numbers | its id of the person or of the chat | none |
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
}

closed_set! {
    /// What a message consists of.
    pub enum MessageKind {
        /// Words and nothing else.
        Text = "text",
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
