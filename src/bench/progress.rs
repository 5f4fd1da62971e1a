//! Progress on standard error.

use indicatif::{ProgressBar, ProgressStyle};

use super::{Kind, Plan};

/// A bar that grows with every turn.
pub struct Progress(ProgressBar);

impl Progress {
    /// Nothing done yet.
    pub fn new(plan: &Plan) -> Self {
        let sides: u32 = [(Kind::Messages, 3), (Kind::Clicks, 3), (Kind::Deliveries, 2)]
            .into_iter()
            .map(|(kind, sides)| if plan.wants(kind) { sides } else { 0 })
            .sum();
        let bar = ProgressBar::new(u64::from(sides * plan.rounds()));
        let style = ProgressStyle::with_template("{elapsed_precise} {bar:30} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self(bar)
    }

    /// Says what is going on.
    pub fn tell(&self, what: &'static str) {
        self.0.set_message(what);
    }

    /// A turn is over.
    pub fn turn(&self) {
        self.0.inc(1);
    }

    /// All is done.
    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}
