//! The health of a webhook in the last 24 hours: figures, and a line of its attempts.

use std::fmt::Write as _;

use super::super::view::Html;
use crate::domain::counts::quarter_of;
use crate::domain::latency::Latencies;
use crate::domain::time::Timestamp;
use crate::store::delivery_counts::{COUNTED_MAX, QuarterCounts, WaitingCount};

/// Quarters of an hour that are looked at.
pub const QUARTERS: i64 = 96;
/// Points of the line: one an hour.
const POINTS: usize = 24;
/// The size of the line.
const WIDTH: f64 = 96.0;
const HEIGHT: f64 = 24.0;
/// Room above and below the line.
const MARGIN: f64 = 2.0;

/// The health of a webhook.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Attempts that delivered.
    pub delivered: i64,
    /// Attempts that failed.
    pub failed: i64,
    latencies: Latencies,
    /// What waits.
    pub waiting: WaitingCount,
    /// Attempts and failed ones of each hour, oldest first.
    hours: [(i64, i64); POINTS],
}

impl Health {
    /// From the counts of its quarters.
    pub fn new(quarters: &[QuarterCounts], waiting: WaitingCount, now: Timestamp) -> Self {
        let first = quarter_of(now) - QUARTERS + 1;
        let mut health = Self { waiting, ..Self::default() };
        for counts in quarters.iter().filter(|counts| counts.quarter >= first) {
            health.delivered += counts.delivered;
            health.failed += counts.failed;
            health.latencies.add(&counts.latencies);
            let hour = usize::try_from((counts.quarter - first) / 4).unwrap_or_default().min(POINTS - 1);
            health.hours[hour].0 += counts.delivered + counts.failed;
            health.hours[hour].1 += counts.failed;
        }
        health
    }

    /// How many attempts of a hundred delivered: `99.7 %`; a dash where there was none.
    pub fn success(&self) -> String {
        let all = self.delivered + self.failed;
        if all == 0 {
            return "–".to_owned();
        }
        // Cut, never rounded up: one failure in ten thousand is not 100 %.
        let per_mille = self.delivered * 1_000 / all;
        if per_mille % 10 == 0 {
            format!("{} %", per_mille / 10)
        } else {
            format!("{}.{} %", per_mille / 10, per_mille % 10)
        }
    }

    /// Whether more than one attempt of twenty failed.
    pub fn is_bad(&self) -> bool {
        self.failed * 20 > self.delivered + self.failed
    }

    /// The median and the slowest twentieth: `100 / 400 ms`.
    pub fn times(&self) -> String {
        match (self.latencies.percentile_ms(50), self.latencies.percentile_ms(95)) {
            (Some(median), Some(slow)) => format!("{} / {} ms", grouped(median), grouped(slow)),
            _ => "–".to_owned(),
        }
    }

    /// How many deliveries wait.
    pub fn waiting(&self) -> String {
        count(self.waiting.deliveries)
    }

    /// The attempts of each hour as a line; red where most of them failed.
    pub fn spark(&self) -> Html {
        let most = self.hours.iter().map(|(all, _)| *all).max().unwrap_or_default().max(1);
        let point = |at: usize| {
            #[expect(clippy::cast_precision_loss, reason = "a line of 24 pixels")]
            let (x, share) = (at as f64 * WIDTH / (POINTS - 1) as f64, self.hours[at].0 as f64 / most as f64);
            format!("{x:.1} {:.1}", HEIGHT - MARGIN - share * (HEIGHT - 2.0 * MARGIN))
        };
        let is_bad = |at: usize| self.hours[at].1 * 2 > self.hours[at].0;
        let mut paths = String::new();
        let mut start = 0;
        while start < POINTS - 1 {
            let bad = is_bad(start + 1);
            let end = (start + 1..POINTS - 1).find(|at| is_bad(at + 1) != bad).unwrap_or(POINTS - 1);
            let points: Vec<String> = (start..=end).map(point).collect();
            let class = if bad { r#" class="bad""# } else { "" };
            let _ = write!(paths, r#"<path{class} d="M{}"/>"#, points.join(" "));
            start = end;
        }
        Html(format!(
            r#"<svg class="spark" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">{paths}</svg>"#
        ))
    }
}

/// A count: `10,000+` above what is counted exactly.
pub fn count(number: i64) -> String {
    match u64::try_from(number) {
        Ok(_) if number > COUNTED_MAX => format!("{}+", grouped(COUNTED_MAX.unsigned_abs())),
        Ok(number) => grouped(number),
        Err(_) => "0".to_owned(),
    }
}

/// A number with commas: `1,204`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_of_the_last_24_hours() {
        let now: Timestamp = "2026-11-21T14:32:00Z".parse().expect("a time");
        let quarter = quarter_of(now);
        let mut latencies = Latencies::default();
        latencies.0[3] = 997;
        let counts = |quarter, delivered, failed| QuarterCounts { quarter, delivered, failed, latencies };
        let health = Health::new(
            &[counts(quarter - QUARTERS, 5, 5), counts(quarter - 1, 0, 1), counts(quarter, 1_000, 2)],
            WaitingCount { deliveries: 1_204, oldest_at: None },
            now,
        );
        assert_eq!((health.delivered, health.failed), (1_000, 3));
        assert_eq!((health.success().as_str(), health.times().as_str()), ("99.7 %", "100 / 100 ms"));
        assert_eq!((health.waiting().as_str(), health.is_bad()), ("1,204", false));
        let empty = Health::default();
        assert_eq!((empty.success().as_str(), empty.times().as_str()), ("–", "–"));
        assert!(!empty.is_bad());
        let failing = Health::new(&[counts(quarter, 0, 4)], WaitingCount::default(), now);
        assert_eq!(failing.success(), "0 %");
        assert_eq!(
            failing.spark().0,
            "<svg class=\"spark\" viewBox=\"0 0 96 24\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><path d=\"M0.0 22.0 \
             4.2 22.0 8.3 22.0 12.5 22.0 16.7 22.0 20.9 22.0 25.0 22.0 29.2 22.0 33.4 22.0 37.6 22.0 41.7 22.0 45.9 22.0 \
             50.1 22.0 54.3 22.0 58.4 22.0 62.6 22.0 66.8 22.0 71.0 22.0 75.1 22.0 79.3 22.0 83.5 22.0 87.7 22.0 91.8 \
             22.0\"/><path class=\"bad\" d=\"M91.8 22.0 96.0 2.0\"/></svg>"
        );
    }

    #[test]
    fn counts_have_commas_and_an_end() {
        assert_eq!([0, 999, 1_204, 10_000, 10_001].map(count), ["0", "999", "1,204", "10,000", "10,000+"]);
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
