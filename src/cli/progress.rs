//! The progress of a command that takes longer than a moment, on standard error if that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget};

/// After this long, a command shows its progress.
const SHOWN_AFTER: Duration = Duration::from_secs(1);
/// Between two frames of the spinner.
const TICK: Duration = Duration::from_millis(120);

/// A spinner with a text on standard error. It is cleared when the value is dropped.
pub struct Progress(ProgressBar);

impl Progress {
    /// Shows the text at once, for work that waits for another machine.
    pub fn waiting(text: &'static str) -> Self {
        let bar = ProgressBar::new_spinner().with_message(text);
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    /// Shows nothing before [`SHOWN_AFTER`].
    pub fn counting() -> Self {
        Self(ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()))
    }

    /// Sets the text.
    pub fn set(&self, text: String) {
        if self.0.is_hidden() && self.0.elapsed() > SHOWN_AFTER {
            self.0.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.0.set_message(text);
        self.0.tick();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
