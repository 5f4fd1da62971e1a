//! What a run found, for people and for programs.

use std::time::Duration;

use serde_json::{Value, json};

use super::tally::Outcome;

/// What a run found.
pub struct Report {
    pub(super) engine: &'static str,
    pub(super) connections: usize,
    pub(super) binary_bytes: u64,
    pub(super) first_start: Duration,
    pub(super) start: Duration,
    pub(super) idle_bytes: u64,
    pub(super) loaded_bytes: u64,
    pub(super) clicks: Option<Outcome>,
    pub(super) messages: Option<Outcome>,
    pub(super) deliveries: Option<Outcome>,
}

impl Report {
    fn outcomes(&mut self) -> impl Iterator<Item = (&'static str, &mut Outcome)> {
        let all =
            [("clicks", &mut self.clicks), ("messages", &mut self.messages), ("deliveries", &mut self.deliveries)];
        all.into_iter().filter_map(|(name, outcome)| Some((name, outcome.as_mut()?)))
    }

    /// One JSON object.
    pub fn object(&mut self) -> Value {
        let mut object = json!({
            "engine": self.engine,
            "connections": self.connections,
            "binary_bytes": self.binary_bytes,
            "first_start_ms": in_ms(self.first_start),
            "start_ms": in_ms(self.start),
            "idle_rss_bytes": self.idle_bytes,
            "loaded_rss_bytes": self.loaded_bytes,
        });
        for (name, outcome) in self.outcomes() {
            object[name] = outcome.object();
        }
        object
    }

    /// A table.
    pub fn text(&mut self) -> String {
        let mut lines = vec![format!(
            "{:<28}{:>10}{:>8}{:>10}{:>8}{:>8}",
            format!("{}, {} connections", self.engine, self.connections),
            "per second",
            "ratio",
            "CPU us",
            "p50 ms",
            "p99 ms"
        )];
        for (name, outcome) in self.outcomes() {
            lines.extend(outcome.lines(name));
        }
        lines.push(String::new());
        lines.push(format!("{:<28}{:>10.0} ms", "start to ready", in_ms(self.start)));
        lines.push(format!("{:<28}{:>10.0} ms", "first start to ready", in_ms(self.first_start)));
        lines.push(format!("{:<28}{:>10.1} MB", "memory idle", in_mb(self.idle_bytes)));
        lines.push(format!("{:<28}{:>10.1} MB", "memory after load", in_mb(self.loaded_bytes)));
        lines.push(format!("{:<28}{:>10.1} MB", "program", in_mb(self.binary_bytes)));
        lines.join("\n")
    }
}

fn in_ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e4).round() / 10.0
}

fn in_mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
