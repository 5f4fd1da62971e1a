//! What platforms say besides messages: of a channel itself, and of what people want.

use jiff::Timestamp;

use crate::domain::channel::PersonIds;

/// What a platform says of a channel itself: its account, its number, its templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// An id of it: the same one twice is kept once.
    pub external_id: String,
    /// What it is: the platform's subscription.
    pub kind: String,
    /// What happened and what to do, in an operator's words.
    pub words: String,
    /// Whether something is wrong from now on.
    pub trouble: Trouble,
    /// Its JSON.
    pub raw: String,
}

/// What is wrong with a channel at its platform until the platform says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing that needs a person.
    None,
    /// From now on.
    Begins {
        /// What it is about: one is known of each.
        subject: String,
        /// When it ends by itself.
        until: Option<Timestamp>,
    },
    /// Not any more.
    Ends {
        /// What it is about.
        subject: String,
    },
}

/// Whether a person wants marketing messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preference {
    /// The platform's id of the channel.
    pub channel: Option<String>,
    /// The person.
    pub person: PersonIds,
    /// Whether they want them.
    pub takes_marketing: bool,
    /// When they said so, by the platform's clock.
    pub told_at: Option<Timestamp>,
    /// Its JSON.
    pub raw: String,
}

/// Whether a person can be written to: they blocked the channel, or let it in again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// The platform's id of the notice.
    pub external_id: String,
    /// The person.
    pub person: PersonIds,
    /// Whether messages reach them.
    pub is_reachable: bool,
    /// Its JSON.
    pub raw: String,
}
