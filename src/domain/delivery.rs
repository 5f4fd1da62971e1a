//! The closed sets of a delivery: its status, how an attempt ended, and what its webhook wants when one fails.

use super::closed_set::closed_set;
use super::retry::RetryAfter;

closed_set! {
    /// What happens when an attempt fails.
    #[derive(Default)]
    pub enum Policy {
        /// It is tried again on the retry schedule.
        #[default]
        Retry = "retry",
        /// It is not tried again.
        None = "none",
    }
}

closed_set! {
    /// Where a delivery is in its life.
    pub enum DeliveryStatus {
        /// An attempt is due, now or later.
        Pending = "pending",
        /// A receiver took it.
        Delivered = "delivered",
        /// No further attempt is made, unless somebody resends it.
        Failed = "failed",
        /// Its webhook was removed, or somebody skipped what waited while it was paused.
        Cancelled = "cancelled",
    }
}

/// How an attempt of a delivery ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// A 2xx that ended properly.
    Delivered,
    /// To be tried again.
    Failed {
        /// In an operator's words.
        error: String,
        /// What a 429 or 503 asked for.
        retry_after: Option<RetryAfter>,
    },
    /// `410`: the receiver wants nothing more; the webhook is to be turned off.
    Gone,
}

impl AttemptOutcome {
    /// Why the attempt failed, in an operator's words.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Delivered => None,
            Self::Failed { error, .. } => Some(error),
            Self::Gone => Some("the receiver answered 410 Gone"),
        }
    }
}
