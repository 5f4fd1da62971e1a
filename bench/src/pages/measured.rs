//! What was measured of each page: a table for people, and an object for programs.

use std::time::Duration;

use serde_json::{Value, json};

use super::streams::Read;

/// The longest time that 95 of 100 answers may take.
const AIM: Duration = Duration::from_millis(50);
/// The most bytes of a page with all that it loads, and of the first page.
const WEIGHT_MAX: u64 = 150_000;
const FIRST_WEIGHT_MAX: u64 = 60_000;
/// The most elements of a page.
const ELEMENTS_MAX: u64 = 3_000;

/// One page.
#[derive(Default)]
pub struct Measured {
    pub name: &'static str,
    pub times: Vec<Duration>,
    pub cpu: Duration,
    pub bare: Vec<Duration>,
    /// Bytes as they came, the most of any answer.
    pub bytes: u64,
    /// With the files that it loads.
    pub weight: u64,
    pub elements: u64,
    /// The first answer after the database's file was thrown out of memory.
    pub cold: Option<Duration>,
}

/// The answer that so many of a hundred did not outlast.
fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    let at = (times.len() * percent).div_ceil(100).saturating_sub(1);
    times.get(at).copied().unwrap_or_default()
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e5).round() / 100.0
}

impl Measured {
    fn cpu_of_one(&self) -> Duration {
        self.cpu / u32::try_from(self.times.len().max(1)).unwrap_or(u32::MAX)
    }

    fn ratio(&self) -> f64 {
        let bare = percentile(&self.bare, 50).as_secs_f64();
        if bare > 0.0 { (percentile(&self.times, 50).as_secs_f64() / bare * 10.0).round() / 10.0 } else { 0.0 }
    }

    /// What misses its aim, in words.
    fn misses(&self) -> Vec<&'static str> {
        let of = |misses: bool, what| misses.then_some(what);
        let weight_max = if self.name == "sign-in" { FIRST_WEIGHT_MAX } else { WEIGHT_MAX };
        let misses = [
            of(percentile(&self.times, 95) > AIM, "slow"),
            of(self.weight > weight_max, "heavy"),
            of(self.elements > ELEMENTS_MAX, "many elements"),
        ];
        misses.into_iter().flatten().collect()
    }

    fn line(&self) -> String {
        let (p50, p95, cpu) = (ms(percentile(&self.times, 50)), ms(percentile(&self.times, 95)), ms(self.cpu_of_one()));
        let cold = self.cold.map_or_else(|| "–".to_owned(), |cold| format!("{:.1}", ms(cold)));
        let (bare, ratio, misses) = (ms(percentile(&self.bare, 50)), self.ratio(), self.misses().join(", "));
        let text = format!(
            "{:<30}{p50:>9.1}{p95:>9.1}{cpu:>9.2}{cold:>9}{:>9}{:>9}{bare:>9.2}{ratio:>8.1}  {misses}",
            self.name, self.bytes, self.elements
        );
        text.trim_end().to_owned()
    }

    fn object(&self) -> Value {
        json!({
            "name": self.name, "answers": self.times.len(), "p50_ms": ms(percentile(&self.times, 50)),
            "p95_ms": ms(percentile(&self.times, 95)), "cpu_ms": ms(self.cpu_of_one()), "cold_ms": self.cold.map(ms),
            "bytes": self.bytes, "weight_bytes": self.weight, "elements": self.elements,
            "bare_p50_ms": ms(percentile(&self.bare, 50)), "ratio": self.ratio(), "misses": self.misses(),
        })
    }
}

/// All of a run.
pub struct Report {
    pub engine: &'static str,
    pub rounds: u64,
    pub pages: Vec<Measured>,
    pub files: Vec<(&'static str, Read)>,
    /// The live stream: until its head, and until it said something.
    pub live: (Duration, Duration),
    /// Pages of which there is nothing to ask for.
    pub without: Vec<&'static str>,
}

impl Report {
    /// A table.
    pub fn text(&self) -> String {
        let head = format!(
            "{:<30}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>8}",
            format!("{}, {} of each", self.engine, self.rounds),
            "p50 ms",
            "p95 ms",
            "CPU ms",
            "cold ms",
            "bytes",
            "elements",
            "bare ms",
            "ratio"
        );
        let mut lines = vec![head];
        lines.extend(self.pages.iter().map(Measured::line));
        lines.push(String::new());
        lines.push(format!("{:<30}{:>9}{:>9}{:>9}{:>9}", "files", "first ms", "row ms", "rows/s", "rows"));
        for (name, read) in &self.files {
            let whole = if read.is_whole { "" } else { " and more" };
            lines.push(format!(
                "{name:<30}{:>9.1}{:>9.1}{:>9.0}{:>9}{whole}",
                ms(read.first_after),
                ms(read.row_after),
                rate(read),
                read.rows
            ));
        }
        let (head, said) = self.live;
        lines.push(format!("{:<30}{:>9.1}{:>9.1}", "live stream", ms(head), ms(said)));
        lines.push(String::new());
        let missing = self.pages.iter().filter(|page| !page.misses().is_empty()).count();
        lines.push(format!("{missing} of {} pages miss an aim", self.pages.len()));
        if let Some(heaviest) = self.pages.iter().max_by_key(|page| page.weight) {
            lines.push(format!("the heaviest page with all its files: {} ({} bytes)", heaviest.name, heaviest.weight));
        }
        if !self.without.is_empty() {
            lines.push(format!("nothing to ask for: {}", self.without.join(", ")));
        }
        lines.join("\n")
    }

    /// One JSON object.
    pub fn object(&self) -> Value {
        let file = |(name, read): &(&'static str, Read)| {
            json!({
                "name": name, "first_byte_ms": ms(read.first_after), "first_row_ms": ms(read.row_after), "rows": read.rows,
                "is_whole": read.is_whole, "rows_per_second": rate(read).round(), "cpu_us_per_row": cpu_us(read),
            })
        };
        json!({
            "engine": self.engine, "rounds": self.rounds,
            "pages": self.pages.iter().map(Measured::object).collect::<Vec<_>>(),
            "files": self.files.iter().map(file).collect::<Vec<_>>(),
            "live": {"head_ms": ms(self.live.0), "first_byte_ms": ms(self.live.1)},
            "without": self.without,
        })
    }
}

fn rate(read: &Read) -> f64 {
    read.rows as f64 / read.took.as_secs_f64().max(1e-9)
}

fn cpu_us(read: &Read) -> f64 {
    (read.cpu.as_secs_f64() * 1e6 / (read.rows.max(1) as f64) * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_misses_an_aim_is_marked() {
        let times: Vec<_> = (1..=20).map(|ms| Duration::from_millis(ms * 3)).collect();
        assert_eq!((ms(percentile(&times, 50)), ms(percentile(&times, 95))), (30.0, 57.0));
        let page = Measured { name: "sign-in", times, weight: 60_001, elements: 3_000, ..Measured::default() };
        assert_eq!(page.misses(), ["slow", "heavy"]);
        assert!(page.line().ends_with("slow, heavy"), "{}", page.line());
        assert_eq!(
            Measured { name: "log", weight: 60_001, elements: 3_001, ..Measured::default() }.misses(),
            ["many elements"]
        );
    }
}
