//! Slices added up, and Aurix beside its ceilings.

use std::time::Duration;

use serde_json::{Value, json};

use crate::finding::{Finding, Row, Waits, round};

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
    cpu: Duration,
    waits_us: Vec<u32>,
}

impl Tally {
    /// Adds a turn.
    pub fn add(&mut self, slice: Slice) {
        self.operations += slice.operations;
        self.elapsed += slice.elapsed;
        self.waits_us.extend(slice.waits_us);
    }

    /// Adds a turn and what all server processes used for it.
    pub fn add_metered(&mut self, slice: Slice, cpu: Duration) {
        self.add(slice);
        self.cpu += cpu;
    }

    /// Operations per second.
    pub fn per_second(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 { self.operations as f64 / seconds } else { 0.0 }
    }

    /// Processor time of an operation.
    pub fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / (self.operations.max(1) as f64)
    }

    /// How long the turns took together.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// How long was waited.
    pub fn waits(&self) -> Option<Waits> {
        Waits::of(self.waits_us.clone())
    }

    /// The row of Aurix's own side.
    pub fn row(&self) -> Row {
        Row { per_second: Some(self.per_second()), ratio: None, cpu_us: Some(self.cpu_us()), waits: self.waits() }
    }

    /// For programs.
    pub fn object(&self) -> Value {
        let mut object = json!({
            "operations": self.operations,
            "per_second": round(self.per_second(), 1),
            "cpu_us_per_operation": round(self.cpu_us(), 1),
        });
        if let Some(waits) = self.waits() {
            object["wait_us"] = waits.object();
        }
        object
    }
}

/// Aurix beside its ceilings.
pub struct Outcome {
    /// What Aurix did.
    pub aurix: Tally,
    /// What the machine could do at most, each by its name.
    pub ceilings: Vec<(&'static str, Tally)>,
}

impl Outcome {
    /// What Aurix reaches of a ceiling.
    fn ratio(&self, ceiling: &Tally) -> f64 {
        self.aurix.per_second() / ceiling.per_second().max(1e-9)
    }

    /// For programs.
    pub fn object(&self) -> Value {
        let mut object = self.aurix.object();
        object["ceilings"] = self.ceilings_object();
        object
    }

    /// The ceilings alone.
    pub fn ceilings_object(&self) -> Value {
        let ceiling = |(name, ceiling): &(&'static str, Tally)| {
            let ratio = round(self.ratio(ceiling), 3);
            ((*name).to_owned(), json!({"per_second": round(ceiling.per_second(), 1), "ratio": ratio}))
        };
        Value::Object(self.ceilings.iter().map(ceiling).collect())
    }

    /// Adds a row for Aurix and one for each ceiling.
    pub fn rows(&self, name: &str, finding: &mut Finding) {
        finding.row(name, &self.aurix.row());
        for (name, ceiling) in &self.ceilings {
            let (most, ratio) = (Some(ceiling.per_second()), Some(self.ratio(ceiling)));
            let row = Row { per_second: most, ratio, ..Row::default() };
            finding.row(&format!("  {}", name.replace('_', " ")), &row);
        }
    }

    /// A finding of this alone.
    pub fn finding(&self, name: &str) -> Finding {
        let mut finding = Finding::default();
        self.rows(name, &mut finding);
        if let Value::Object(object) = self.object() {
            object.into_iter().for_each(|(name, value)| finding.member(&name, value));
        }
        finding
    }
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
        aurix.add_metered(slice(100, 500, vec![10, 30]), Duration::from_millis(10));
        aurix.add_metered(slice(200, 500, vec![20]), Duration::from_millis(20));
        ceiling.add(slice(600, 1000, vec![]));
        let outcome = Outcome { aurix, ceilings: vec![("bare_rows", ceiling)] };
        let finding = outcome.finding("click");
        assert_eq!(
            finding.object(),
            json!({"operations": 300, "per_second": 300.0, "cpu_us_per_operation": 100.0,
                   "wait_us": {"p50": 20, "p99": 30, "p99_9": 30, "max": 30},
                   "ceilings": {"bare_rows": {"per_second": 600.0, "ratio": 0.5}}})
        );
        assert!(finding.lines()[1].starts_with("  bare rows"));
    }
}
