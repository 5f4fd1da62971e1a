//! Row keys, each a type of its own, and the generator of those that the application makes.

use std::sync::{Arc, Mutex, PoisonError};

use super::time::Timestamp;

/// A row key: a 64-bit integer in the database.
pub trait RowKey: Copy {
    /// The key of that value.
    fn from_i64(value: i64) -> Self;
    /// The value that the database has.
    fn as_i64(self) -> i64;
}

macro_rules! row_keys {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        $(
            $(#[$doc])*
            #[derive(
                Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
            )]
            #[serde(transparent)]
            pub struct $name(pub i64);

            impl RowKey for $name {
                fn from_i64(value: i64) -> Self {
                    Self(value)
                }

                fn as_i64(self) -> i64 {
                    self.0
                }
            }

            impl std::fmt::Display for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    self.0.fmt(f)
                }
            }

            impl std::str::FromStr for $name {
                type Err = std::num::ParseIntError;
                fn from_str(text: &str) -> Result<Self, Self::Err> {
                    text.parse().map(Self)
                }
            }
        )*
    };
}

row_keys! {
    /// A project: the first argument of every function in `store` that touches a tenant's rows.
    ProjectId,
    /// An API key.
    KeyId,
    /// A token of the management API.
    TokenId,
    /// A channel.
    ChannelId,
    /// A widget.
    WidgetId,
    /// A link without a site.
    LinkId,
    /// A webhook.
    WebhookId,
    /// A session of a visitor.
    SessionId,
    /// A click.
    ClickId,
    /// Where visits came from, as it is counted.
    SourceId,
    /// An ad that visits came by.
    AdId,
    /// A conversation: small, since it is on the wire.
    ConversationId,
    /// A lead: small, since it is on the wire.
    LeadId,
    /// A message of a conversation, in either direction.
    MessageId,
    /// A chat on a page.
    ChatId,
    /// An event.
    EventId,
    /// A delivery of an event to a webhook.
    DeliveryId,
    /// A job that resends what a filter matches.
    ResendJobId,
    /// A filter of a list that somebody keeps.
    SavedViewId,
    /// A row of the audit log.
    AuditId,
    /// A person who uses the console.
    UserId,
    /// A browser that a person is signed in with.
    UserSessionId,
    /// A link that is good once.
    UserLinkId,
    /// What needs a person.
    AttentionId,
    /// An e-mail.
    MailId,
}

impl ProjectId {
    /// What belongs to no project, in the audit log: accounts and the instance. No project has this key.
    pub const INSTANCE: Self = Self(0);
}

/// Bits of a generated key below the milliseconds: the node, then the sequence.
const NODE_BITS: u32 = 12;
const SEQUENCE_BITS: u32 = 10;
/// Node numbers that differ in generated keys.
pub const NODES_MAX: i64 = 1 << NODE_BITS;
/// Milliseconds from 1970 to 2026-01-01T00:00:00Z, at which generated keys begin. 41 bits last until 2095.
const EPOCH_MS: i64 = 1_767_225_600_000;

/// Generates row keys that sort by time and that no other node generates: 41 bits of milliseconds since 2026, 12 bits of the
/// node, 10 bits of a sequence. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RowKeys {
    node: i64,
    /// Milliseconds and sequence of the last key, as one number that only grows.
    last: Arc<Mutex<i64>>,
}

impl RowKeys {
    /// A generator for the process that has that number, unique among those that run at the same time. Of the number only the
    /// last 12 bits count.
    pub fn new(node: i64) -> Self {
        Self { node: node & (NODES_MAX - 1), last: Arc::default() }
    }

    /// The node that the keys are of.
    pub fn node(&self) -> i64 {
        self.node
    }

    /// A new key. Keys of one generator grow, also when the clock is set back or more than 1,024 are made in a millisecond.
    pub fn next<K: RowKey>(&self, now: Timestamp) -> K {
        self.next_from((now.as_millisecond() - EPOCH_MS).max(0))
    }

    /// A new key that is also above `least`, whichever node made that: for rows that must stay in order although the clocks
    /// of nodes differ.
    pub fn next_above<K: RowKey>(&self, now: Timestamp, least: K) -> K {
        let next_millisecond = (least.as_i64() >> (NODE_BITS + SEQUENCE_BITS)) + 1;
        self.next_from((now.as_millisecond() - EPOCH_MS).max(next_millisecond))
    }

    fn next_from<K: RowKey>(&self, milliseconds: i64) -> K {
        let at = milliseconds << SEQUENCE_BITS;
        let tick = {
            // Nothing panics while it is locked; a poisoned lock would still guard a usable value.
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            *last = at.max(*last + 1);
            *last
        };
        let (milliseconds, sequence) = (tick >> SEQUENCE_BITS, tick & ((1 << SEQUENCE_BITS) - 1));
        K::from_i64(milliseconds << (NODE_BITS + SEQUENCE_BITS) | self.node << SEQUENCE_BITS | sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::SignedDuration;

    #[test]
    fn keys_grow_whatever_the_clock_does() {
        let keys = RowKeys::new(5);
        let now: Timestamp = "2026-01-02T10:00:00Z".parse().expect("a time");
        let mut made: Vec<EventId> = (0..3_000).map(|_| keys.next(now)).collect();
        made.push(keys.next(now - SignedDuration::from_hours(1)));
        made.push(keys.next(now + SignedDuration::from_hours(1)));
        assert!(made.is_sorted_by(|one, next| one < next), "no key twice, and in order");
        assert!(made.iter().all(|key| key.0 > 0));
    }

    #[test]
    fn a_key_above_another_is_above_it_whichever_clock_is_ahead() {
        let now: Timestamp = "2026-01-02T10:00:00Z".parse().expect("a time");
        let (ahead, behind) = (RowKeys::new(9), RowKeys::new(2));
        let least: MessageId = ahead.next(now + SignedDuration::from_secs(5));
        assert!(behind.next::<MessageId>(now) < least);
        let above = behind.next_above(now, least);
        assert!(above > least && behind.next::<MessageId>(now) > above);
        assert!(behind.next_above(now + SignedDuration::from_secs(9), least) > above);
    }

    #[test]
    fn nodes_never_make_the_same_key() {
        let now: Timestamp = "2026-01-02T10:00:00Z".parse().expect("a time");
        let (one, other) = (RowKeys::new(1), RowKeys::new(2 + (1 << NODE_BITS)));
        let mine: Vec<EventId> = (0..2_000).map(|_| one.next(now)).collect();
        assert!((0..2_000).all(|_| !mine.contains(&other.next(now))));
    }
}
