//! The dialogue: what a burst of messages changes, and the one reply to it.

use super::state::{Input, Outcome, Turn};

/// Decides a turn. Pure: the same input gives the same turn.
pub fn turn(input: &Input<'_>) -> Turn {
    Turn {
        changes: Vec::new(),
        state: input.state.clone(),
        reply: None,
        outcome: Outcome::None,
        intent: input.state.intent.clone(),
    }
}
