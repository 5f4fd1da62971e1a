//! Slices added up.

use std::time::Duration;

use serde_json::{Value, json};

/// What one side did in one of its turns.
#[derive(Default)]
pub struct Slice {
    /// Operations that ended well.
    pub operations: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// How long each was waited for, where somebody waited.
    pub waits_us: Vec<u32>,
}

/// All turns of one side.
#[derive(Default)]
pub struct Tally {
    /// Operations that ended well.
    pub operations: u64,
    elapsed: Duration,
    waits_us: Vec<u32>,
}

impl Tally {
    /// Adds a turn.
    pub fn add(&mut self, slice: Slice) {
        self.operations += slice.operations;
        self.elapsed += slice.elapsed;
        self.waits_us.extend(slice.waits_us);
    }

    /// Operations per second.
    pub fn per_second(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 { self.operations as f64 / seconds } else { 0.0 }
    }

    /// The wait that `percent` of all do not exceed.
    fn wait_us(&mut self, percent: usize) -> Option<u32> {
        self.waits_us.sort_unstable();
        let last = self.waits_us.len().checked_sub(1)?;
        self.waits_us.get(last * percent / 100).copied()
    }
}

/// Aurix beside its ceilings.
pub struct Outcome {
    aurix: Tally,
    cpu: Duration,
    ceilings: Vec<(&'static str, Tally)>,
}

impl Outcome {
    /// `cpu` is what all server processes used for what `aurix` counts.
    pub fn new(aurix: Tally, cpu: Duration, ceilings: Vec<(&'static str, Tally)>) -> Self {
        Self { aurix, cpu, ceilings }
    }

    fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / (self.aurix.operations.max(1) as f64)
    }

    /// For programs.
    pub fn object(&mut self) -> Value {
        let ceilings = self.ceilings.iter().map(|(name, ceiling)| {
            let ratio = self.aurix.per_second() / ceiling.per_second().max(1e-9);
            ((*name).to_owned(), json!({"per_second": round(ceiling.per_second(), 1), "ratio": round(ratio, 3)}))
        });
        let ceilings: serde_json::Map<String, Value> = ceilings.collect();
        let mut object = json!({
            "operations": self.aurix.operations,
            "per_second": round(self.aurix.per_second(), 1),
            "cpu_us_per_operation": round(self.cpu_us(), 1),
            "ceilings": ceilings,
        });
        if let (Some(half), Some(most)) = (self.aurix.wait_us(50), self.aurix.wait_us(99)) {
            object["wait_us"] = json!({"p50": half, "p99": most});
        }
        object
    }

    /// For people: a line for Aurix, one for each ceiling.
    pub fn lines(&mut self, name: &str) -> Vec<String> {
        let waits = match (self.aurix.wait_us(50), self.aurix.wait_us(99)) {
            (Some(half), Some(most)) => {
                format!("{:>8.1}{:>8.1}", f64::from(half) / 1e3, f64::from(most) / 1e3)
            }
            _ => String::new(),
        };
        let rate = self.aurix.per_second();
        let mut lines = vec![format!("{name:<28}{rate:>10.0}{:>8}{:>10.0}{waits}", "", self.cpu_us())];
        for (name, ceiling) in &self.ceilings {
            let most = ceiling.per_second();
            lines.push(format!("  {:<26}{most:>10.0}{:>8.2}", name.replace('_', " "), rate / most.max(1e-9)));
        }
        lines
    }
}

fn round(number: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (number * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_added_and_compared() {
        let slice = |operations, milliseconds, waits_us| Slice {
            operations,
            elapsed: Duration::from_millis(milliseconds),
            waits_us,
        };
        let (mut aurix, mut ceiling) = (Tally::default(), Tally::default());
        aurix.add(slice(100, 500, vec![10, 30]));
        aurix.add(slice(200, 500, vec![20]));
        ceiling.add(slice(600, 1000, vec![]));
        let mut outcome = Outcome::new(aurix, Duration::from_millis(30), vec![("bare_rows", ceiling)]);
        assert_eq!(
            outcome.object(),
            json!({"operations": 300, "per_second": 300.0, "cpu_us_per_operation": 100.0,
                   "ceilings": {"bare_rows": {"per_second": 600.0, "ratio": 0.5}}, "wait_us": {"p50": 20, "p99": 20}})
        );
        assert!(outcome.lines("clicks")[1].starts_with("  bare rows"));
    }
}
