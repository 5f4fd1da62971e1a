//! What every measurement needs.

use crate::plan::Plan;
use crate::progress::Progress;
use crate::stage::Stage;

/// What to measure, where, and who shows how far it is.
pub struct Setting<'a> {
    /// What to measure, how long, and how much of it.
    pub plan: &'a Plan,
    /// Where databases are made.
    pub stage: &'a Stage,
    /// Shows how far it is.
    pub progress: &'a Progress,
}
