//! How far a lead came.

/// A lead's status; it only moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeadStatus {
    /// Somebody writes.
    Active,
    /// The conversation is linked to a click.
    Correlated,
    /// All that the form requires is known.
    Complete,
}

impl LeadStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Active, Self::Correlated, Self::Complete];

    /// The word for it in tables, events and lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Correlated => "correlated",
            Self::Complete => "complete",
        }
    }

    /// The status of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}
