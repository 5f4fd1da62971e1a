//! When things happen: twelve weeks up to the seed, with more in the evening than at night and less on Sundays.

/// Weeks that have visits.
const WEEKS: i64 = 12;
/// Microseconds.
pub const SECOND: i64 = 1_000_000;
/// An hour.
pub const HOUR: i64 = 3_600 * SECOND;
/// A day.
pub const DAY: i64 = 24 * HOUR;
/// Hours by which the project's zone, Asia/Singapore, is ahead.
const ZONE: i64 = 8 * HOUR;
/// Between the last visit and the seed: time for its clicks, and for what is said after these.
const LAST: i64 = 30 * 60 * SECOND;
/// Between the last click and the seed.
pub const LAST_CLICK: i64 = 15 * 60 * SECOND;

/// Visits of each hour of a day.
const OF_HOUR: [f64; 24] = [
    4.0, 2.0, 1.0, 0.6, 0.5, 0.7, 1.5, 3.0, 5.0, 7.0, 8.0, 8.5, 9.0, 8.0, 7.5, 7.0, 7.0, 7.5, 8.0, 9.0, 11.0, 12.0,
    10.0, 7.0,
];
/// Visits of each day of a week, from Thursday on: 1 January 1970 was one.
const OF_DAY: [f64; 7] = [1.0, 1.1, 1.2, 0.7, 1.0, 1.0, 1.05];

/// When visits begin.
pub struct Calendar {
    /// Microseconds since 1970.
    pub starts: i64,
    /// The time of the seed.
    pub now: i64,
    /// Which part of all visits came before the end of each hour.
    before_end: Vec<f64>,
}

impl Calendar {
    /// Up to the time of the seed.
    pub fn up_to(now: i64) -> Self {
        let starts = now - WEEKS * 7 * DAY;
        let mut sum = 0.0;
        let weights = (0..WEEKS * 7 * 24).map(|hour| {
            let local = starts + hour * HOUR + ZONE;
            let of_hour = OF_HOUR[(local.rem_euclid(DAY) / HOUR) as usize];
            sum += of_hour * OF_DAY[local.div_euclid(DAY).rem_euclid(7) as usize];
            sum
        });
        let sums: Vec<f64> = weights.collect();
        Self { starts, now, before_end: sums.iter().map(|before| before / sum).collect() }
    }

    /// The time before which that part of all visits, from 0 to 1, begins.
    pub fn at(&self, part: f64) -> i64 {
        let hour = self.before_end.partition_point(|end| *end <= part).min(self.before_end.len() - 1);
        let begin = if hour == 0 { 0.0 } else { self.before_end[hour - 1] };
        let within = (part - begin) / (self.before_end[hour] - begin);
        let at = self.starts + hour as i64 * HOUR + (within * HOUR as f64) as i64;
        // A millisecond is what platforms and browsers tell.
        (at.min(self.now - LAST) / 1_000) * 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_and_evenings_have_more_than_nights() {
        let now = 1_796_000_000_000_000;
        let calendar = Calendar::up_to(now);
        let times: Vec<i64> = (0..20_000).map(|number| calendar.at(f64::from(number) / 20_000.0)).collect();
        assert!(times.is_sorted() && times[0] >= now - WEEKS * 7 * DAY && times[19_999] < now);
        let of_hour = |wanted: i64| times.iter().filter(|at| (**at + ZONE).rem_euclid(DAY) / HOUR == wanted).count();
        assert!(of_hour(21) > 10 * of_hour(4), "{} in the evening, {} at night", of_hour(21), of_hour(4));
    }
}
