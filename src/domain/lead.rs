//! How far a lead came.

use super::closed_set::closed_set;

closed_set! {
    /// A lead's status; it only moves forward.
    pub enum LeadStatus {
        /// Somebody writes.
        Active = "active",
        /// The conversation is linked to a click.
        Correlated = "correlated",
        /// All that the form requires is known.
        Complete = "complete",
    }
}
