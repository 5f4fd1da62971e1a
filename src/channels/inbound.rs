//! What comes in from a platform, whichever it is. The JSON of each item stays beside what was read from it.

use jiff::{SignedDuration, Timestamp};

use super::{BookEntry, Gesture, PastMessage, Preference, Reach, Told};
use crate::domain::channel::{MessageKind, MessageStatus, Person, PersonIds, Route};
use crate::domain::correlation::Candidate;

/// One item of what a platform sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Inbound {
    /// A message from a person.
    Message(Box<InboundMessage>),
    /// A message that a person of the business wrote outside of Aurix: its copy.
    Echo(Box<Echo>),
    /// What became of a message to a person.
    Status(Box<StatusUpdate>),
    /// A person is known by other ids from now on. Nobody said anything.
    IdChange(Box<IdChange>),
    /// Messages were taken back, whoever did it.
    Deleted(Box<Deleted>),
    /// Whether a person can be written to.
    Reach(Box<Reach>),
    /// What the channel may do with an account of the business's own.
    Account(Box<AccountUpdate>),
    /// What the platform says of the channel itself.
    Told(Box<Told>),
    /// A person wants marketing messages, or no more of them.
    Preference(Box<Preference>),
    /// A message that was written before the channel was here.
    Past(Box<PastMessage>),
    /// A person is in the address book of the platform's app, or not any more.
    Entry(Box<BookEntry>),
    /// Somebody wrote in a group or in public. Nothing is kept of it.
    Crowd(Box<Crowd>),
    /// What the platform waits for at once. Nothing is kept of it.
    Gesture(Box<Gesture>),
    /// Anything else, and what could not be read: kept as it is.
    Other {
        /// The platform's id of it, where it has one: the same one twice is kept once.
        external_id: Option<String>,
        /// What it is, as far as that is known: the platform's subscription, as `account_update`; else empty.
        kind: String,
        /// Its JSON.
        raw: String,
    },
}

impl Inbound {
    /// The platform's id of the channel that the item is for, where it names one: several channels may share a webhook.
    pub fn channel(&self) -> Option<&str> {
        match self {
            Self::Message(message) => message.channel.as_deref(),
            Self::Echo(echo) => echo.channel.as_deref(),
            Self::Status(status) => status.channel.as_deref(),
            Self::IdChange(change) => change.channel.as_deref(),
            Self::Preference(preference) => preference.channel.as_deref(),
            Self::Past(past) => past.channel.as_deref(),
            Self::Entry(entry) => entry.channel.as_deref(),
            Self::Deleted(_)
            | Self::Reach(_)
            | Self::Account(_)
            | Self::Told(_)
            | Self::Crowd(_)
            | Self::Gesture(_)
            | Self::Other { .. } => None,
        }
    }

    /// What a message holds, whoever wrote it.
    pub fn content(&self) -> Option<&Content> {
        match self {
            Self::Message(message) => Some(&message.content),
            Self::Echo(echo) => Some(&echo.content),
            _ => None,
        }
    }

    /// The item as the platform sent it, JSON.
    pub fn raw(&self) -> &str {
        match self {
            Self::Message(message) => &message.raw,
            Self::Echo(echo) => &echo.raw,
            Self::Status(status) => &status.raw,
            Self::IdChange(change) => &change.raw,
            Self::Deleted(deleted) => &deleted.raw,
            Self::Reach(reach) => &reach.raw,
            Self::Account(update) => &update.raw,
            Self::Told(told) => &told.raw,
            Self::Preference(preference) => &preference.raw,
            Self::Past(past) => &past.raw,
            Self::Entry(entry) => &entry.raw,
            Self::Crowd(_) | Self::Gesture(_) => "",
            Self::Other { raw, .. } => raw,
        }
    }
}

/// A message as it came in.
#[derive(Debug, Clone, PartialEq)]
pub struct InboundMessage {
    /// The platform's id of the channel.
    pub channel: Option<String>,
    /// The message's id: the platform's, or one made of the message's bytes where it has none.
    pub external_id: String,
    /// Who sent it. Without any id there is only the message.
    pub sender: Person,
    /// The part of the chat that it came by.
    pub route: Route,
    /// When it was sent, by the platform's clock.
    pub sent_at: Option<Timestamp>,
    /// What the person said: the words of any kind of message.
    pub text: Option<String>,
    /// Correlation ids that may stand in these words. Read with the message, since a transaction must not wait for it.
    pub references: Vec<Candidate>,
    /// What else it holds.
    pub content: Content,
    /// Whether the person passed on a message of somebody else's.
    pub forwarded: bool,
    /// The ad that the person came from.
    pub referral: Option<Referral>,
    /// The message's JSON.
    pub raw: String,
}

impl InboundMessage {
    /// The sender's own card, where they shared it: besides their ids, the way in which a platform gives their number.
    pub fn own_contact(&self) -> Option<&SharedContact> {
        match &self.content {
            Content::Contacts(cards) => cards.iter().find(|card| card.own),
            _ => None,
        }
    }
}

/// A message that a person of the business wrote in an app of the platform's.
#[derive(Debug, Clone, PartialEq)]
pub struct Echo {
    /// The platform's id of the channel.
    pub channel: Option<String>,
    /// The platform's id of the message, or one made of its bytes.
    pub external_id: String,
    /// Whom it went to.
    pub to: Person,
    /// The part of the chat that it stands in.
    pub route: Route,
    /// When it was sent, by the platform's clock.
    pub sent_at: Option<Timestamp>,
    /// Its words.
    pub text: Option<String>,
    /// What else it holds.
    pub content: Content,
    /// The message's JSON.
    pub raw: String,
}

/// What a message holds besides words; the rest stays in the message's JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Words and nothing else.
    Text,
    /// The chat was opened by a link or the platform's own button; the message's text is what the platform made of that.
    Start,
    /// A button or a list entry that was pressed; its title is the message's text.
    Choice {
        /// The key of the field that it answers, where one of our questions offered it.
        field: Option<String>,
    },
    /// A form filled in inside the platform: names and values, which the message's text lists.
    Form(Vec<(String, String)>),
    /// Image, video, audio, document or sticker; a caption is the message's text.
    Media {
        /// The id to fetch it by.
        id: Option<String>,
        /// Its type, as `image/jpeg`.
        mime_type: Option<String>,
        /// A document's name.
        filename: Option<String>,
        /// The SHA-256 of its bytes, where the platform gives one: hexadecimal or Base64.
        sha256: Option<String>,
    },
    /// A place.
    Location {
        /// Degrees as the platform writes them.
        latitude: Option<String>,
        /// Degrees as the platform writes them.
        longitude: Option<String>,
        /// What is there.
        name: Option<String>,
        /// Where that is.
        address: Option<String>,
    },
    /// Cards of an address book.
    Contacts(Vec<SharedContact>),
    /// A reaction to another message.
    Reaction {
        /// The platform's id of the other message.
        external_id: Option<String>,
        /// `None` takes an earlier reaction back.
        emoji: Option<String>,
    },
    /// New words, which are the message's text, for an earlier message.
    Edit {
        /// The platform's id of the earlier message.
        external_id: String,
    },
    /// An earlier message is taken back.
    Revoke {
        /// The platform's id of the earlier message.
        external_id: String,
    },
    /// The person sent what cannot be read.
    Unsupported {
        /// Why, in an operator's words.
        reason: String,
    },
    /// Anything else.
    Other,
}

impl Content {
    /// Its kind.
    pub fn kind(&self) -> MessageKind {
        match self {
            Self::Text => MessageKind::Text,
            Self::Start => MessageKind::Start,
            Self::Choice { .. } => MessageKind::Choice,
            Self::Form(_) => MessageKind::Form,
            Self::Media { .. } => MessageKind::Media,
            Self::Location { .. } => MessageKind::Location,
            Self::Contacts(_) => MessageKind::Contacts,
            Self::Reaction { .. } => MessageKind::Reaction,
            Self::Edit { .. } => MessageKind::Edit,
            Self::Revoke { .. } => MessageKind::Revoke,
            Self::Unsupported { .. } => MessageKind::Unsupported,
            Self::Other => MessageKind::Other,
        }
    }

    /// The key of the field that a press answers.
    pub fn answers(&self) -> Option<&str> {
        match self {
            Self::Choice { field } => field.as_deref(),
            _ => None,
        }
    }

    /// The platform's id of the earlier message that this one corrects or takes back.
    pub fn original(&self) -> Option<&str> {
        match self {
            Self::Edit { external_id } | Self::Revoke { external_id } => Some(external_id),
            _ => None,
        }
    }
}

/// A card of an address book that the person sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedContact {
    /// The name on it.
    pub name: Option<String>,
    /// Whether it is provably the sender's own: by an id on it, or since they answered the platform's own question for it.
    pub own: bool,
    /// Its numbers.
    pub phones: Vec<SharedPhone>,
    /// Its addresses.
    pub emails: Vec<String>,
}

impl SharedContact {
    /// Its number that counts: the first one behind which the platform knows an account, else the first.
    pub fn phone(&self) -> Option<&str> {
        let account = self.phones.iter().find_map(|phone| phone.external_phone_id.as_deref());
        account.or_else(|| self.phones.iter().find_map(|phone| phone.phone.as_deref()))
    }
}

/// A number on a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedPhone {
    /// As written on the card.
    pub phone: Option<String>,
    /// The platform's id behind it, where that is a phone number.
    pub external_phone_id: Option<String>,
}

/// The ad or post that opened the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referral {
    /// The ad's address.
    pub source_url: Option<String>,
    /// The ad's id.
    pub source_id: Option<String>,
    /// `ad` or `post`.
    pub source_type: Option<String>,
    /// Its headline.
    pub headline: Option<String>,
    /// Its text.
    pub body: Option<String>,
    /// The ad platform's id of the click, which its conversions API asks for. WhatsApp: `ctwa_clid`.
    pub ad_click_id: Option<String>,
    /// The referral's JSON.
    pub raw: String,
}

/// Old and new ids of a person. Whichever are missing did not change, or are not named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdChange {
    /// The platform's id of the channel.
    pub channel: Option<String>,
    /// Before.
    pub old: PersonIds,
    /// From now on; with the number, where the platform vouches for it.
    pub new: Person,
    /// When they changed, by the platform's clock.
    pub at: Option<Timestamp>,
    /// The change's JSON.
    pub raw: String,
}

/// A step of a message to a person that the platform reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusUpdate {
    /// The platform's id of the channel.
    pub channel: Option<String>,
    /// The platform's id of the message.
    pub external_id: String,
    /// Our own id of the reply, where the platform returns it.
    pub reply_id: Option<String>,
    /// The person's ids.
    pub recipient: PersonIds,
    /// The step.
    pub status: MessageStatus,
    /// When it was taken, by the platform's clock.
    pub at: Option<Timestamp>,
    /// Why it failed, in an operator's words.
    pub error: Option<String>,
    /// Where it may go through once more: the platform's code, and how long to wait.
    pub again_after: Option<(i64, SignedDuration)>,
    /// Whether it failed since the person wants no marketing messages.
    pub is_unwanted: bool,
    /// What the platform charges for it, where it says so.
    pub price: Option<Price>,
    /// The status's JSON.
    pub raw: String,
}

/// What a platform charges for a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// As what it counts, such as `marketing`.
    pub category: String,
    /// Whether it is charged at all.
    pub is_billable: bool,
}

/// Messages that were taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// The platform's id of the notice.
    pub external_id: String,
    /// The person of the chat.
    pub person: PersonIds,
    /// The platform's ids of the messages.
    pub messages: Vec<String>,
    /// Its JSON.
    pub raw: String,
}

/// What the channel may do with an account of the business's own that it is connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountUpdate {
    /// The platform's id of the notice.
    pub external_id: String,
    /// The platform's id of the connection.
    pub account: String,
    /// The account's handle, without `@`.
    pub username: Option<String>,
    /// Whether replies may be sent in its name.
    pub may_reply: bool,
    /// When that was so, by the platform's clock.
    pub at: Option<Timestamp>,
    /// Its JSON.
    pub raw: String,
}

/// A message that is not between one person and us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crowd {
    /// The platform's id of the group.
    pub group: String,
    /// The topic.
    pub thread: Option<String>,
    /// Whether it names us or is a command to us.
    pub is_to_us: bool,
    /// Whether nobody wrote: the channel was added to the group.
    pub is_joined: bool,
}
