//! What a command prints: text for people, or one JSON object.

use std::io::{ErrorKind, Write as _};

use serde_json::Value;

/// Where a command prints.
pub struct Output {
    json: bool,
}

impl Output {
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints the object where JSON is wanted, else the text.
    pub fn print(&self, object: &Value, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        line(&if self.json { object.to_string() } else { text() })
    }
}

/// Prints a line. A reader that went away, as `head` does, is no failure.
pub fn line(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}
