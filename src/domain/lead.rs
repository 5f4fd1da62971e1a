//! How far a lead came, and when webhooks are told of it.

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

closed_set! {
    /// When a project's webhooks get `lead.created`.
    pub enum CreatedWhen {
        /// When a name and a contact detail are known, the lead is complete, or the conversation was handed to a person or went
        /// silent with a contact detail known.
        Details = "details",
        /// At the first contact detail.
        Contact = "contact",
    }
}
