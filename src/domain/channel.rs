//! Channels: the kinds of platform, what each trusts us by, who a person on one is, and how far a message came.

use serde::{Deserialize, Serialize};

use super::phone::PhoneNumber;

/// Where the link behind a WhatsApp widget leads, unless the channel says otherwise.
pub const WHATSAPP_LINK_BASE: &str = "https://wa.me";

/// A chat platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChannelKind {
    /// WhatsApp Cloud API.
    WhatsApp,
}

impl ChannelKind {
    /// Every kind.
    pub const ALL: [Self; 1] = [Self::WhatsApp];

    /// The word for it in tables, events and addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WhatsApp => "whatsapp",
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
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

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The person.
    In,
    /// The project.
    Out,
}

impl Direction {
    /// The word for it in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// What a message consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// Words and nothing else.
    Text,
    /// A button or a list entry that was pressed.
    Choice,
    /// A form that was filled in inside the platform.
    Form,
    /// Picture, video, sound, file or sticker.
    Media,
    /// A place.
    Location,
    /// Cards of an address book.
    Contacts,
    /// A reaction to another message.
    Reaction,
    /// What the platform could not pass on.
    Unsupported,
    /// Anything else.
    Other,
}

impl MessageKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Text,
        Self::Choice,
        Self::Form,
        Self::Media,
        Self::Location,
        Self::Contacts,
        Self::Reaction,
        Self::Unsupported,
        Self::Other,
    ];

    /// The word for it in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Choice => "choice",
            Self::Form => "form",
            Self::Media => "media",
            Self::Location => "location",
            Self::Contacts => "contacts",
            Self::Reaction => "reaction",
            Self::Unsupported => "unsupported",
            Self::Other => "other",
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// How far a message came. One from a person is `Received` for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageStatus {
    /// From a person.
    Received,
    /// Waits to be sent.
    Queued,
    /// The platform has it.
    Sent,
    /// It did not get through.
    Failed,
    /// The person's device has it.
    Delivered,
    /// The person has seen it.
    Read,
}

impl MessageStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [Self::Received, Self::Queued, Self::Sent, Self::Failed, Self::Delivered, Self::Read];

    /// The word for it in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Delivered => "delivered",
            Self::Read => "read",
        }
    }

    /// The status of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// How far that is. Platforms promise no order of what they report, so a status is only taken where its rank is above
    /// that of the one before; a failure ranks above `Sent` and below `Delivered`, since what arrived did not fail.
    pub fn rank(self) -> u32 {
        match self {
            Self::Received | Self::Queued => 0,
            Self::Sent => 1,
            Self::Failed => 2,
            Self::Delivered => 3,
            Self::Read => 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_a_table_is_read_back() {
        assert!(ChannelKind::ALL.iter().all(|kind| ChannelKind::parse(kind.as_str()) == Some(*kind)));
        assert!(MessageKind::ALL.iter().all(|kind| MessageKind::parse(kind.as_str()) == Some(*kind)));
        assert!(MessageStatus::ALL.iter().all(|status| MessageStatus::parse(status.as_str()) == Some(*status)));
        assert_eq!(ChannelKind::parse("fax"), None);
    }

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
        assert_eq!(order, [0, 0, 1, 2, 3, 4]);
    }
}
