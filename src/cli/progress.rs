//! What a person sees while a command takes longer than a moment. A stream that is no terminal sees nothing.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget};

/// How long a command may take before it says what it does.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two pictures of the spinner.
const TICK: Duration = Duration::from_millis(120);

/// A spinner on standard error with a few words. It is gone when the value is.
pub struct Progress(ProgressBar);

impl Progress {
    /// Shows the words from now on, for work that waits for others.
    pub fn waiting(words: &'static str) -> Self {
        let bar = ProgressBar::new_spinner().with_message(words);
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    /// Shows nothing until [`Progress::say`] is called late enough.
    pub fn counting() -> Self {
        Self(ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()))
    }

    /// What has been done so far.
    pub fn say(&self, words: String) {
        if self.0.is_hidden() && self.0.elapsed() > PATIENCE {
            self.0.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.0.set_message(words);
        self.0.tick();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
