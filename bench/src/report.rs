//! What a run found, for people and for programs.

use std::time::Duration;

use serde_json::{Value, json};

use crate::finding::{Finding, in_mb};

/// What a run found.
pub struct Report {
    pub engine: &'static str,
    pub connections: usize,
    pub binary_bytes: u64,
    pub first_start: Duration,
    pub start: Duration,
    pub idle_bytes: u64,
    /// After clicks, messages and deliveries, where there were any.
    pub loaded_bytes: Option<u64>,
    /// By their names in the object.
    pub findings: Vec<(&'static str, Finding)>,
}

impl Report {
    /// One JSON object.
    pub fn object(&self) -> Value {
        let mut object = json!({
            "engine": self.engine,
            "connections": self.connections,
            "binary_bytes": self.binary_bytes,
            "first_start_ms": in_ms(self.first_start),
            "start_ms": in_ms(self.start),
            "idle_rss_bytes": self.idle_bytes,
        });
        if let Some(loaded) = self.loaded_bytes {
            object["loaded_rss_bytes"] = loaded.into();
        }
        for (name, finding) in &self.findings {
            object[*name] = finding.object();
        }
        object
    }

    /// A table.
    pub fn text(&self) -> String {
        let mut lines = vec![Finding::head(&format!("{}, {} connections", self.engine, self.connections))];
        lines.extend(self.findings.iter().flat_map(|(_, finding)| finding.lines().iter().cloned()));
        let mut facts = Finding::default();
        facts.fact("start to ready", in_ms(self.start), "ms");
        facts.fact("first start to ready", in_ms(self.first_start), "ms");
        facts.fact("memory idle", in_mb(self.idle_bytes), "MB");
        if let Some(loaded) = self.loaded_bytes {
            facts.fact("memory after load", in_mb(loaded), "MB");
        }
        facts.fact("program", in_mb(self.binary_bytes), "MB");
        lines.push(String::new());
        lines.extend(facts.lines().iter().cloned());
        lines.join("\n")
    }
}

fn in_ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e4).round() / 10.0
}
