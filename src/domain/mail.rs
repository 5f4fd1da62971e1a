//! The closed sets of a mail, and when one is tried again.

use super::closed_set::closed_set;

closed_set! {
    /// What a mail is for.
    pub enum MailKind {
        /// Says what needs a person, and what does not any more.
        Attention = "attention",
        /// Invites somebody to a project.
        Invitation = "invitation",
        /// Has a link with which a person sets a new password.
        Password = "password",
        /// An operator tries the mail server.
        Test = "test",
    }
}

closed_set! {
    /// Where a mail is in its life.
    pub enum MailStatus {
        /// An attempt is due, now or later.
        Pending = "pending",
        /// The mail server has it.
        Sent = "sent",
        /// No further attempt is made.
        Failed = "failed",
        /// There was nothing to say any more.
        Cancelled = "cancelled",
    }
}

/// The waits between attempts, as [`super::retry::Schedule::parse`] reads them: nine attempts in about a day.
pub const WAITS: &str = "30s,2m,10m,30m,1h,3h,6h,12h";
