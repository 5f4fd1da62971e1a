//! What a measurement found: rows of the table for people, and an object for programs.

use serde_json::{Map, Value, json};

/// The width of the first column.
const NAME_WIDTH: usize = 30;

/// Both forms of what was found.
#[derive(Default)]
pub struct Finding {
    object: Map<String, Value>,
    lines: Vec<String>,
}

/// A row of the table; what was not measured stays empty.
#[derive(Clone, Copy, Default)]
pub struct Row {
    /// Operations per second.
    pub per_second: Option<f64>,
    /// What Aurix reaches of this ceiling, or this beside the row before.
    pub ratio: Option<f64>,
    /// Processor time of all server processes for one operation.
    pub cpu_us: Option<f64>,
    /// How long it was waited.
    pub waits: Option<Waits>,
}

/// How long many waits were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// Half of all were not longer.
    pub p50_us: u32,
    /// 99 of 100.
    pub p99_us: u32,
    /// 999 of 1000.
    pub p999_us: u32,
    /// All.
    pub most_us: u32,
}

impl Waits {
    /// `None` where there was none.
    pub fn of(mut waits_us: Vec<u32>) -> Option<Self> {
        waits_us.sort_unstable();
        let at = |permille: usize| waits_us.get((waits_us.len() * permille).div_ceil(1000).checked_sub(1)?).copied();
        Some(Self { p50_us: at(500)?, p99_us: at(990)?, p999_us: at(999)?, most_us: at(1000)? })
    }

    /// For programs.
    pub fn object(&self) -> Value {
        json!({"p50": self.p50_us, "p99": self.p99_us, "p99_9": self.p999_us, "max": self.most_us})
    }
}

impl Finding {
    /// The head of the table.
    pub fn head(name: &str) -> String {
        let columns = [("per second", 11), ("ratio", 8), ("CPU us", 9), ("p50 ms", 9), ("p99 ms", 9)];
        let columns = columns.into_iter().chain([("p99.9 ms", 9), ("max ms", 9)]);
        let columns: String = columns.map(|(column, width)| format!("{column:>width$}")).collect();
        format!("{name:<NAME_WIDTH$}{columns}")
    }

    /// Adds a row to the table.
    pub fn row(&mut self, name: &str, row: &Row) {
        let number = |value: Option<f64>, width: usize, digits: usize| {
            value.map_or_else(|| " ".repeat(width), |value| format!("{value:>width$.digits$}"))
        };
        let ms = |read: fn(&Waits) -> u32| number(row.waits.as_ref().map(|waits| f64::from(read(waits)) / 1e3), 9, 1);
        let text = [
            format!("{name:<NAME_WIDTH$}"),
            number(row.per_second, 11, 0),
            number(row.ratio, 8, 2),
            number(row.cpu_us, 9, 0),
            ms(|waits| waits.p50_us),
            ms(|waits| waits.p99_us),
            ms(|waits| waits.p999_us),
            ms(|waits| waits.most_us),
        ];
        self.lines.push(text.concat().trim_end().to_owned());
    }

    /// Adds a line with one figure that has no column.
    pub fn fact(&mut self, name: &str, value: f64, unit: &str) {
        let digits = if value.abs() < 100.0 && value.fract() != 0.0 { 1 } else { 0 };
        self.lines.push(format!("{name:<NAME_WIDTH$}{value:>11.digits$} {unit}").trim_end().to_owned());
    }

    /// Adds a member to the object.
    pub fn member(&mut self, name: &str, value: Value) {
        self.object.insert(name.to_owned(), value);
    }

    /// The object.
    pub fn object(&self) -> Value {
        Value::Object(self.object.clone())
    }

    /// The rows.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

/// Rounds for people who read JSON.
pub fn round(number: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (number * scale).round() / scale
}

/// Bytes as the table shows them.
pub fn in_mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_told_by_rank() {
        assert_eq!(Waits::of(Vec::new()), None);
        assert_eq!(Waits::of(vec![30, 10, 20]).map(|waits| (waits.p50_us, waits.p99_us)), Some((20, 30)));
        let waits = Waits::of((1..=2000).rev().collect()).expect("there are some");
        assert_eq!(waits, Waits { p50_us: 1000, p99_us: 1980, p999_us: 1998, most_us: 2000 });
        assert_eq!(waits.object(), json!({"p50": 1000, "p99": 1980, "p99_9": 1998, "max": 2000}));
    }

    #[test]
    fn a_row_stands_below_its_head() {
        let mut finding = Finding::default();
        finding.row("click", &Row { per_second: Some(1234.4), ratio: Some(0.5), ..Row::default() });
        finding.row("  answered", &Row { waits: Waits::of(vec![1500]), ..Row::default() });
        finding.fact("memory", 12.34, "MB");
        let [click, answered, memory] = finding.lines() else { panic!("three lines") };
        let head = Finding::head("sqlite");
        assert_eq!(click.len(), head.find("ratio").expect("a column") + "ratio".len());
        assert!(click.ends_with("1234    0.50"), "{click}");
        assert_eq!(answered.len(), head.len());
        assert!(memory.ends_with("12.3 MB"), "{memory}");
    }
}
