//! Progress on standard error: a bar where that is a terminal, and else a line now and then, so that a log shows that a long
//! phase goes on.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::clock::moment;

/// Between two pictures, so that one sees that a phase without steps goes on.
const TICK: Duration = Duration::from_millis(250);
/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// A bar for each phase, with what is going on.
pub struct Progress {
    bar: ProgressBar,
    is_plain: bool,
    began: Instant,
    printed: Cell<Instant>,
}

impl Progress {
    /// Nothing done yet.
    pub fn new() -> Self {
        let bar = ProgressBar::new(1);
        let style = ProgressStyle::with_template("{elapsed_precise} {bar:30} {percent:>3}% {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(TICK);
        let began = moment();
        Self { bar, is_plain: !std::io::stderr().is_terminal(), began, printed: Cell::new(began) }
    }

    /// A phase begins that has so many steps.
    pub fn phase(&self, what: impl Into<Cow<'static, str>>, steps: u64) {
        self.bar.set_message(what);
        self.bar.set_length(steps.max(1));
        self.bar.set_position(0);
        self.line();
    }

    /// A phase begins of which nobody knows how far it is.
    pub fn begin(&self, what: impl Into<Cow<'static, str>>) {
        self.phase(what, 1);
    }

    /// So many steps were made.
    pub fn step(&self, steps: u64) {
        self.bar.inc(steps);
        self.line();
    }

    /// All is done.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn line(&self) {
        if self.is_plain && self.printed.get().elapsed() >= LINE_EVERY {
            self.printed.set(moment());
            let (bar, seconds) = (&self.bar, self.began.elapsed().as_secs());
            let percent = bar.position() * 100 / bar.length().unwrap_or(1).max(1);
            eprintln!("{seconds:>6} s {percent:>3} % {}", bar.message());
        }
    }
}
