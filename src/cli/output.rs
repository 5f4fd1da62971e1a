//! What a command prints: text for people, or one JSON object.

use std::io::{ErrorKind, Write as _};

use serde_json::Value;

/// Where a command prints.
pub struct Output {
    json: bool,
}

/// The reader of the output closed it, as `head` does. That is not a failure.
#[derive(Debug, thiserror::Error)]
#[error("the reader of the output closed it")]
pub struct ReaderGone;

impl Output {
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether JSON is wanted.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Prints the object where JSON is wanted, else the text.
    pub fn print(&self, object: &Value, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        line(&if self.json { object.to_string() } else { text() })
    }
}

/// Prints a line at once.
pub fn line(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    unless_closed(writeln!(out, "{text}").and_then(|()| out.flush()))
}

/// Prints the bytes of a file at once, as they are.
pub fn bytes(file: &[u8]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    unless_closed(out.write_all(file).and_then(|()| out.flush()))
}

fn unless_closed(written: std::io::Result<()>) -> anyhow::Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(ReaderGone.into()),
        written => Ok(written?),
    }
}

/// A line for each row, or `none` where there is no row.
pub fn rows<T>(rows: &[T], to_text: impl Fn(&T) -> String, none: &str) -> String {
    if rows.is_empty() { none.to_owned() } else { rows.iter().map(to_text).collect::<Vec<_>>().join("\n") }
}
