//! Which deliveries of a project the console's log is about: one filter decides what is listed (`delivery_list`), what is counted and
//! what is resent (`failed_deliveries`).

use super::window::Position;
use crate::db::{Result, Row};
use crate::domain::attempt_result::ResultRange;
use crate::domain::delivery::DeliveryStatus;
use crate::domain::event::EventType;
use crate::domain::ids::{ConversationId, WebhookId};
use crate::domain::time::{Timestamp, from_microseconds};

/// Which deliveries of a project.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Of this webhook; of all where it is `None`.
    pub webhook: Option<WebhookId>,
    /// In this status.
    pub status: Option<DeliveryStatus>,
    /// Of this type of event.
    pub event_type: Option<EventType>,
    /// By what the last attempt came to.
    pub results: ResultRange,
    /// Of events from this time on.
    pub from: Timestamp,
    /// Of events before this time.
    pub until: Timestamp,
    /// Of one of these conversations; of any, and of none, where it is empty.
    pub conversations: Vec<ConversationId>,
    /// Of these events, each by its time and row key; of any where it is empty.
    pub events: Vec<Position>,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            webhook: None,
            status: None,
            event_type: None,
            results: ResultRange::ANY,
            from: Timestamp::UNIX_EPOCH,
            until: from_microseconds(i64::MAX / 2),
            conversations: Vec::new(),
            events: Vec::new(),
        }
    }
}

impl Filter {
    pub(super) fn event_type(&self) -> &'static str {
        self.event_type.map_or("", EventType::as_str)
    }

    pub(super) fn status(&self) -> &'static str {
        self.status.map_or("", DeliveryStatus::as_str)
    }

    /// Whether it says which events.
    pub(super) fn names_events(&self) -> bool {
        !self.conversations.is_empty() || !self.events.is_empty()
    }
}

/// The time and the row key of a row.
pub(super) fn position(row: &Row<'_>) -> Result<Position> {
    Ok(Position { created_at: row.get(0)?, id: row.get(1)? })
}
