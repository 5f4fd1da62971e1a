//! The closed sets of a delivery: its status, how an attempt ended, and what its webhook wants when one fails.

use super::retry::RetryAfter;

/// What happens when an attempt fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// It is tried again on the retry schedule.
    #[default]
    Retry,
    /// It is not tried again.
    None,
}

impl Policy {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Retry, Self::None];

    /// The name in tables and commands.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::None => "none",
        }
    }

    /// The policy of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == name)
    }
}

/// Where a delivery is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// An attempt is due, now or later.
    Pending,
    /// A receiver took it.
    Delivered,
    /// No further attempt is made, unless somebody resends it.
    Failed,
    /// Its webhook was removed.
    Cancelled,
}

impl DeliveryStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Delivered, Self::Failed, Self::Cancelled];

    /// The name in tables and commands.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        assert!(Policy::ALL.into_iter().all(|policy| Policy::parse(policy.as_str()) == Some(policy)));
        assert!(DeliveryStatus::ALL.into_iter().all(|status| DeliveryStatus::parse(status.as_str()) == Some(status)));
        assert_eq!((Policy::parse("never"), DeliveryStatus::parse("")), (None, None));
    }
}
