//! The closed sets of a delivery: its status, and what its webhook wants when an attempt fails.

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
