//! Progress on standard error. A stream that is no terminal sees nothing.

use std::borrow::Cow;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Between two pictures, so that one sees that a phase without steps goes on.
const TICK: Duration = Duration::from_millis(250);

/// A bar for each phase, with what is going on.
pub struct Progress(ProgressBar);

impl Progress {
    /// Nothing done yet.
    pub fn new() -> Self {
        let bar = ProgressBar::new(1);
        let style = ProgressStyle::with_template("{elapsed_precise} {bar:30} {percent:>3}% {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    /// A phase begins that has so many steps.
    pub fn phase(&self, what: impl Into<Cow<'static, str>>, steps: u64) {
        self.0.set_message(what);
        self.0.set_length(steps.max(1));
        self.0.set_position(0);
    }

    /// A phase begins of which nobody knows how far it is.
    pub fn tell(&self, what: impl Into<Cow<'static, str>>) {
        self.phase(what, 1);
    }

    /// So many steps were made.
    pub fn step(&self, steps: u64) {
        self.0.inc(steps);
    }

    /// All is done.
    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}
